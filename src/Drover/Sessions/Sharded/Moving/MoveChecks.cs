// What a table has that would make a moved row another than an updated one.
using Drover.Routing;
using Drover.Topology;

namespace Drover.Sessions.Sharded.Moving;

/// <summary>Asked of the shard that had the rows, behind the DELETE, whose lock keeps the table as it is.</summary>
internal static class MoveChecks
{
    private const string PermissionDenied = "42501";

    /// <summary>One row of reasons and a permission, then a row for each column that an INSERT may name.</summary>
    /// <param name="table">The table.</param>
    /// <param name="set">The columns that the UPDATE sets.</param>
    public static string[] Sql(TableName table, IReadOnlyList<string> set)
    {
        string oid = $"""
            (SELECT c.oid FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
             WHERE n.nspname = {Literal(table.Schema)} AND c.relname = {Literal(table.Name)})
            """;
        string columns = $"ARRAY[{string.Join(", ", set.Select(Literal))}]::text[]";
        string checks = $"""
            SELECT pg_catalog.concat_ws(', ',
                CASE WHEN EXISTS (SELECT FROM pg_catalog.pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'D'
                    AND tgname <> '{PlacementTrigger.Name}'
                    AND (tgrelid = t.oid OR tgrelid IN (SELECT relid FROM pg_catalog.pg_partition_tree(t.oid))))
                    THEN 'triggers' END,
                CASE WHEN t.relrowsecurity THEN 'row security' END,
                CASE WHEN EXISTS (SELECT FROM pg_catalog.pg_rewrite WHERE ev_class = t.oid) THEN 'rules' END,
                CASE WHEN EXISTS (SELECT FROM pg_catalog.pg_constraint WHERE confrelid = t.oid AND contype = 'f'
                    AND (confupdtype NOT IN ('a', 'r') OR confdeltype NOT IN ('a', 'r')))
                    THEN 'foreign keys of other tables that follow its changes' END,
                CASE WHEN EXISTS (SELECT FROM pg_catalog.pg_attribute WHERE attrelid = t.oid AND attnum > 0
                    AND attname = ANY ({columns}) AND (attgenerated <> '' OR attidentity = 'a'))
                    THEN 'a generated column among those that are set' END,
                CASE WHEN pg_catalog.current_setting('DateStyle') NOT LIKE 'ISO%'
                    OR pg_catalog.current_setting('IntervalStyle') NOT IN ('postgres', 'iso_8601')
                    OR pg_catalog.current_setting('extra_float_digits')::int < 1
                    THEN 'a session whose DateStyle, IntervalStyle or extra_float_digits may change values' END),
                (SELECT pg_catalog.bool_and(pg_catalog.has_column_privilege(t.oid, attnum, 'UPDATE'))
                 FROM pg_catalog.pg_attribute WHERE attrelid = t.oid AND attnum > 0 AND attname = ANY ({columns}))
            FROM pg_catalog.pg_class t WHERE t.oid = {oid}
            """;
        string all = $"""
            SELECT attname FROM pg_catalog.pg_attribute WHERE attrelid = {oid} AND attnum > 0 AND NOT attisdropped
                AND attgenerated = '' ORDER BY attnum
            """;
        return [checks, all];
    }

    /// <summary>Why the rows may not be moved; null if they may.</summary>
    /// <param name="table">The table.</param>
    /// <param name="rows">What the two queries gave.</param>
    /// <param name="columns">The columns that an INSERT may name.</param>
    public static RouteRefusal? Refuse(ShardedTable table, IReadOnlyList<string?[]> rows, out string[] columns)
    {
        columns = [.. rows.Skip(1).Select(static row => row[0]!)];
        return rows is not [[{ } reasons, var mayUpdate], ..] ? Refusals.KeyMovesNot(table, "The table is not there.")
            : mayUpdate != "t" ? new RouteRefusal(PermissionDenied, $"permission denied for table {table.Name.Name}")
            : reasons.Length > 0 ? Refusals.KeyMovesNot(table, $"In the way: {reasons}.")
            : null;
    }

    private static string Literal(string text)
    {
        string doubled = text.Replace("'", "''", StringComparison.Ordinal);
        return $"E'{doubled.Replace("\\", "\\\\", StringComparison.Ordinal)}'";
    }
}
