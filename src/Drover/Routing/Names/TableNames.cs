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

    /// <summary>In a schema that is whole on one shard, and on that shard only.</summary>
    Placed,

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

    /// <summary>The shard that has its schema whole; 0 if it is in no such schema.</summary>
    public int Shard { get; init; }

    /// <summary>A reference table has the same name and comes behind it on search_path.</summary>
    public bool HidesReference { get; init; }

    /// <summary>
    /// It is in a sharded schema, and a table elsewhere has the same name and comes behind it on search_path: that one
    /// is meant once this one is dropped.
    /// </summary>
    public bool HidesOther { get; init; }

    /// <summary>It would be another table, had a sharded schema on search_path got or lost one of its name.</summary>
    public bool DependsOnSchema => Behind is not null || HidesOther;

    /// <summary>
    /// The sharded schema that comes before its own on search_path, and has none of that name as far as is known; null
    /// if there is none, or the name was written with its schema.
    /// </summary>
    public string? Behind { get; init; }

    /// <summary>It is one of the server's own, of which each server has its own.</summary>
    public bool IsOfSystem => Name.Schema is "pg_catalog" or "information_schema";

    /// <summary>Why it cannot be told.</summary>
    public string Reason { get; init; } = "";
}

/// <summary>Where something is made whose name has no schema.</summary>
/// <param name="Schema">The sharded schema; empty if it is in another, or that is not certain.</param>
/// <param name="Shard">That schema's shard; 0 if there is none.</param>
/// <param name="Reason">Why it is not certain; null if it is.</param>
internal readonly record struct NewPlace(string Schema, int Shard, string? Reason = null)
{
    /// <summary>In a schema that is not sharded.</summary>
    public static NewPlace Elsewhere { get; } = new("", 0);
}

/// <summary>Finds tables as the server would.</summary>
internal sealed class TableNames(TopologySnapshot map, ICatalogFacts catalog, SearchPath path)
{
    /// <summary>Partitions of partitions, more than anybody has.</summary>
    private const int PartitionLevelsMax = 16;

    public TopologySnapshot Map { get; } = map;

    public ICatalogFacts Catalog { get; } = catalog;

    public SearchPath Path { get; } = path;

    /// <summary>
    /// The shard of the first sharded schema on the path: what any server could do is done there; 0 if there is none.
    /// </summary>
    public int PathShard { get; } = path.Schemas.Select(map.ShardOf).FirstOrDefault(static shard => shard > 0);

    /// <summary>
    /// Where something without a schema is made: in the first on the path that there is
    /// (https://www.postgresql.org/docs/18/ddl-schemas.html#DDL-SCHEMAS-PATH).
    /// </summary>
    public NewPlace New()
    {
        if (PathShard == 0)
        {
            return NewPlace.Elsewhere;
        }
        foreach (string entry in Path.Schemas)
        {
            if (Map.ShardOf(entry) is var shard and > 0)
            {
                return new NewPlace(entry, shard);
            }
            if (entry == SearchPath.User && Catalog.RoleSchemas.Length > 0)
            {
                return new NewPlace("", 0, "\"$user\" on search_path may mean a schema or none");
            }
            if (entry != SearchPath.User && Catalog.HasSchema(entry))
            {
                return NewPlace.Elsewhere;
            }
        }
        return NewPlace.Elsewhere;
    }

    /// <summary>
    /// The schema of a function or type that is there; null if several may be meant, empty if it is in none that is
    /// known.
    /// </summary>
    public string? SchemaOf(string name)
    {
        string[] found =
        [
            .. Path.Schemas.Where(entry => entry != SearchPath.User && Catalog.HasObject(entry, name)).Distinct(),
        ];
        bool isCertain =
            found.Length <= 1
            && !(
                Path.Schemas.Contains(SearchPath.User) && Catalog.RoleSchemas.Any(one => Catalog.HasObject(one, name))
            );
        return isCertain ? found.FirstOrDefault("") : null;
    }

    /// <summary>Finds one.</summary>
    /// <param name="schema">Empty where the statement names none.</param>
    /// <param name="name">As PostgreSQL folds it.</param>
    public NamedTable Find(string schema, string name)
    {
        if (schema.Length > 0)
        {
            TableName full = new(schema, name);
            return Of(full)
                ?? (
                    Map.ShardOf(schema) is var shard and > 0
                        ? new NamedTable(TableRole.Placed, full) { Shard = shard }
                        : new NamedTable(TableRole.Unknown, full)
                );
        }
        if (Of(new TableName("pg_catalog", name)) is { } system)
        {
            return Path.HasCatalogFirst ? system : Hidden(system.Name, "pg_catalog is not first on search_path");
        }
        NamedTable? found = null;
        string? behind = null;
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
                found = here is null ? null : here with { Behind = behind };
                behind ??= Map.ShardOf(entry) > 0 ? entry : null;
            }
            else if (found.Shard > 0 && here is { Role: TableRole.Reference })
            {
                found = found with { HidesReference = true };
            }
            else if (here is { Role: TableRole.Sharded or TableRole.Reference })
            {
                return Hidden(here.Name, $"{found.Name} comes before it on search_path");
            }
            else if (found.Shard > 0 && here is not null)
            {
                found = found with { HidesOther = true };
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
        int shard = Map.ShardOf(name.Schema);
        return new NamedTable(
            relation.Kind == RelationKind.View && !isSystem ? TableRole.View
                : shard > 0 ? TableRole.Placed
                : TableRole.Home,
            name,
            relation
        )
        {
            Shard = shard,
        };
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
