// Tables and schemas are declared by the control plane, for a client that asks in SQL.
using Drover.Topology;

namespace Drover.Routing.Schemas;

/// <summary>What is to be declared.</summary>
internal abstract record MapDeclaration;

/// <summary>A table that is to be declared.</summary>
/// <param name="Table">Its name, with or without schema.</param>
/// <param name="Key">The column of the sharding key; null: it is a reference table.</param>
/// <param name="By">What places its keys; null: what the colocation group has.</param>
/// <param name="Colocation">The colocation group; null: the one called after the key's type.</param>
internal sealed record TableDeclaration(string Table, string? Key, PlacementKind? By, string? Colocation)
    : MapDeclaration;

/// <summary>A schema that is to be whole on one shard.</summary>
/// <param name="Schema">Its name, as the catalogs have it.</param>
/// <param name="Shard">The shard's name or number; null: it is chosen.</param>
internal sealed record SchemaDeclaration(string Schema, string? Shard) : MapDeclaration;

/// <summary>
/// Does what <c>drover table shard</c>, <c>drover table reference</c> and <c>drover schema shard</c> do.
/// </summary>
internal interface ITableDeclarations
{
    /// <summary>The catalog's user, as whom it is done.</summary>
    string Owner { get; }

    /// <summary>
    /// Declares it, and waits until this proxy's map has it. Null when it is done; else why not. Never throws.
    /// </summary>
    Task<RouteRefusal?> DeclareAsync(MapDeclaration declaration);
}
