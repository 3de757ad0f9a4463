// What the tables that a statement names are to the map.
using Drover.Sql.Statements;
using Drover.Topology;

namespace Drover.Routing.Names;

internal enum TableRole
{
    Sharded,
    Reference,

    /// <summary>On the first shard only.</summary>
    Home,

    /// <summary>A view, whose tables are others.</summary>
    View,

    /// <summary>Nobody knows it: a temporary table, one of a moment ago, or none.</summary>
    Unknown,

    /// <summary>It cannot be told which of several it is.</summary>
    Ambiguous,
}

/// <summary>A name with what it means.</summary>
/// <param name="Role">What it is to the map.</param>
/// <param name="Name">In full.</param>
/// <param name="Relation">What the catalogs say of it.</param>
internal sealed record NamedTable(TableRole Role, TableName Name, RelationFacts? Relation = null)
{
    /// <summary>Of a sharded table.</summary>
    public ShardedTable? Sharded { get; init; }

    /// <summary>Why it cannot be told.</summary>
    public string Reason { get; init; } = "";
}

/// <summary>Finds tables as the server would.</summary>
internal sealed class TableNames(TopologySnapshot map, ICatalogFacts catalog, SearchPath path)
{
    /// <summary>Partitions of partitions, more than anybody has.</summary>
    private const int PartitionLevelsMax = 16;

    public TopologySnapshot Map { get; } = map;

    public ICatalogFacts Catalog { get; } = catalog;

    public SearchPath Path { get; } = path;

    /// <summary>Finds one.</summary>
    /// <param name="schema">Empty where the statement names none.</param>
    /// <param name="name">As PostgreSQL folds it.</param>
    public NamedTable Find(string schema, string name)
    {
        if (schema.Length > 0)
        {
            return Of(new TableName(schema, name)) ?? new NamedTable(TableRole.Unknown, new TableName(schema, name));
        }
        if (Of(new TableName("pg_catalog", name)) is { } system)
        {
            return Path.HasCatalogFirst ? system : Hidden(system.Name, "pg_catalog is not first on search_path");
        }
        NamedTable? found = null;
        foreach (string entry in Path.Schemas)
        {
            if (entry == SearchPath.User)
            {
                foreach (string role in Catalog.RoleSchemas)
                {
                    if (Of(new TableName(role, name)) is not null)
                    {
                        return Hidden(new TableName(role, name), "\"$user\" on search_path may mean that schema");
                    }
                }
                continue;
            }
            NamedTable? here = Of(new TableName(entry, name));
            if (found is null)
            {
                found = here;
            }
            else if (here is { Role: TableRole.Sharded or TableRole.Reference })
            {
                return Hidden(here.Name, $"{found.Name} comes before it on search_path");
            }
        }
        return found ?? new NamedTable(TableRole.Unknown, new TableName("", name));
    }

    private static NamedTable Hidden(TableName name, string reason) =>
        new(TableRole.Ambiguous, name) { Reason = $"{name} may be meant or not: {reason}" };

    private NamedTable? Of(TableName name)
    {
        RelationFacts? relation = Catalog.Describe(name.Schema, name.Name);
        if (Mapped(name, relation) is { } mapped)
        {
            return mapped;
        }
        bool isSystem = name.Schema is "pg_catalog" or "information_schema";
        if (relation is null)
        {
            return name.Schema == "information_schema" ? new NamedTable(TableRole.Home, name) : null;
        }
        if (relation.Kind == RelationKind.Other && OwnerOf(relation) is { } owner && Mapped(owner, null) is not null)
        {
            // A sequence has another state on each shard.
            return new NamedTable(TableRole.Ambiguous, name, relation)
            {
                Reason = $"{name} belongs to {owner}, of which each shard has its own",
            };
        }
        return new NamedTable(
            relation.Kind == RelationKind.View && !isSystem ? TableRole.View : TableRole.Home,
            name,
            relation
        );
    }

    /// <summary>A table of the map, or a partition of one, which is placed as the whole is.</summary>
    private NamedTable? Mapped(TableName name, RelationFacts? relation)
    {
        TableName root = name;
        RelationFacts? at = relation;
        for (int level = 0; at is { Kind: RelationKind.Table } && level < PartitionLevelsMax; level++)
        {
            if (OwnerOf(at) is not { } parent)
            {
                break;
            }
            root = parent;
            at = Catalog.Describe(parent.Schema, parent.Name);
        }
        return Map.Tables.TryGetValue(root, out ShardedTable? sharded)
                ? new NamedTable(TableRole.Sharded, name, relation) { Sharded = sharded }
            : Map.ReferenceTables.Contains(root) ? new NamedTable(TableRole.Reference, name, relation)
            : null;
    }

    private static TableName? OwnerOf(RelationFacts relation) =>
        relation.Owner is { } owner ? new TableName(owner.Schema, owner.Name) : null;
}
