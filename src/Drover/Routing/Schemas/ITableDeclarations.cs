// Tables are declared by the control plane, for a client that asks in SQL.
namespace Drover.Routing.Schemas;

/// <summary>A table that is to be declared.</summary>
/// <param name="Table">Its name, with or without schema.</param>
/// <param name="Key">The column of the sharding key; null: it is a reference table.</param>
/// <param name="Colocation">The colocation group; null: the one called after the key's type.</param>
internal sealed record TableDeclaration(string Table, string? Key, string? Colocation);

/// <summary>Does what <c>drover table shard</c> and <c>drover table reference</c> do.</summary>
internal interface ITableDeclarations
{
    /// <summary>The catalog's user, as whom it is done.</summary>
    string Owner { get; }

    /// <summary>
    /// Declares it, and waits until this proxy's map has it. Null when it is done; else why not. Never throws.
    /// </summary>
    Task<RouteRefusal?> DeclareAsync(TableDeclaration declaration);
}
