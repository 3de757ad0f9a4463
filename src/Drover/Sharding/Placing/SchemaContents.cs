// What one shard has in a schema.
using Drover.Operations.Connections;
using Drover.Topology;
using Npgsql;

namespace Drover.Sharding.Placing;

/// <summary>Read from one shard's catalogs.</summary>
/// <param name="Shard">The shard.</param>
/// <param name="IsThere">It has the schema.</param>
/// <param name="Objects">What is in the schema, in SQL's words: <c>table acme.orders</c>.</param>
internal sealed record SchemaContents(Shard Shard, bool IsThere, IReadOnlyList<string> Objects)
{
    /// <summary>Names in a message.</summary>
    private const int NamesMax = 5;

    private const string ThereSql = "SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1)";

    private const string ObjectsSql = """
        SELECT CASE c.relkind WHEN 'v' THEN 'view ' WHEN 'm' THEN 'materialized view ' WHEN 'S' THEN 'sequence '
                WHEN 'c' THEN 'type ' WHEN 'f' THEN 'foreign table ' ELSE 'table ' END || c.oid::regclass::text
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = $1 AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f', 'c')
        UNION ALL
        SELECT 'function ' || p.oid::regprocedure::text
        FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = $1
        UNION ALL
        SELECT 'type ' || t.oid::regtype::text FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
        WHERE n.nspname = $1 AND t.typrelid = 0 AND t.typtype IN ('b', 'd', 'e', 'r') AND t.typelem = 0
        UNION ALL
        SELECT 'collation ' || o.oid::regcollation::text
        FROM pg_collation o JOIN pg_namespace n ON n.oid = o.collnamespace WHERE n.nspname = $1
        ORDER BY 1
        """;

    // Constraints and inheritance with one end in the schema and one elsewhere.
    private const string TiesSql = """
        SELECT conname::text, conrelid::regclass::text, hn.nspname = $1, tn.nspname::text, tc.relname::text
        FROM pg_constraint JOIN pg_class hc ON hc.oid = conrelid JOIN pg_namespace hn ON hn.oid = hc.relnamespace
        JOIN pg_class tc ON tc.oid = confrelid JOIN pg_namespace tn ON tn.oid = tc.relnamespace
        WHERE contype = 'f' AND conparentid = 0 AND (hn.nspname = $1) <> (tn.nspname = $1)
        UNION ALL
        SELECT NULL, i.inhrelid::regclass::text, hn.nspname = $1, tn.nspname::text, tc.relname::text
        FROM pg_inherits i JOIN pg_class hc ON hc.oid = i.inhrelid JOIN pg_namespace hn ON hn.oid = hc.relnamespace
        JOIN pg_class tc ON tc.oid = i.inhparent JOIN pg_namespace tn ON tn.oid = tc.relnamespace
        WHERE hc.relkind IN ('r', 'p', 'f') AND (hn.nspname = $1) <> (tn.nspname = $1)
        """;

    /// <summary>Some of the objects and how many there are, for a message.</summary>
    public string Summary =>
        string.Join(", ", Objects.Take(NamesMax))
        + (Objects.Count > NamesMax ? $" and {Objects.Count - NamesMax} more" : "");

    /// <summary>Reads them.</summary>
    public static async Task<SchemaContents> ReadAsync(
        NpgsqlConnection server,
        Shard shard,
        string schema,
        CancellationToken cancellationToken
    ) =>
        new(
            shard,
            await server.ScalarAsync(ThereSql, [schema], cancellationToken) is true,
            await server.ListAsync(ObjectsSql, [schema], static row => row.GetString(0), cancellationToken)
        );

    /// <summary>Why tables of the schema could not be without what is elsewhere on the shard.</summary>
    public static async Task<string[]> TiesAsync(
        NpgsqlConnection server,
        TopologySnapshot map,
        string schema,
        CancellationToken cancellationToken
    )
    {
        List<string?> reasons = await server.ListAsync(
            TiesSql,
            [schema],
            row =>
            {
                TableName target = new(row.GetString(3), row.GetString(4));
                string table = row.GetString(1);
                return row.Text(0) is not { } name
                        ? $"{table} is a partition or heir of {target}: both have to be in the schema, or neither"
                    : !row.GetBoolean(2)
                        ? $"foreign key {name} of {table} points to {target}, from outside: drop the constraint"
                    : map.ReferenceTables.Contains(target) ? null
                    : $"foreign key {name} of {table} points to {target}, which is not in the schema: "
                        + "let that be a reference table, or drop the constraint";
            },
            cancellationToken
        );
        return [.. reasons.OfType<string>()];
    }
}
