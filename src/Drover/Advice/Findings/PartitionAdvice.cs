// Large tables that grow by time: what partitioning them would give, from the planner's statistics.
using System.Globalization;
using Drover.Advice.Ages;
using Drover.Operations;
using Drover.Operations.Connections;
using Npgsql;

namespace Drover.Advice.Findings;

/// <summary>
/// A candidate has a date or timestamp that follows the order of insertion: correlation near 1, so that old and new
/// rows lie apart already, and only the newest partitions are written. How much of the table is old comes from the
/// histogram in pg_stats.
/// </summary>
internal static class PartitionAdvice
{
    private const double Correlated = 0.9;

    private const string Sql = """
        SELECT DISTINCT ON (c.oid) format('%I.%I', n.nspname, c.relname), format('%I', a.attname),
               pg_total_relation_size(c.oid), c.reltuples::float8, s.correlation::float8,
               (SELECT avg((b::timestamptz < now() - interval '90 days')::int)
                FROM unnest(s.histogram_bounds::text::text[]) b)::float8, n.nspname || '.' || c.relname
        FROM pg_catalog.pg_class c
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND NOT a.attisdropped
             AND a.atttypid IN ('date'::regtype, 'timestamp'::regtype, 'timestamptz'::regtype)
        JOIN pg_catalog.pg_stats s ON s.schemaname = n.nspname AND s.tablename = c.relname
             AND s.attname = a.attname AND NOT s.inherited AND s.null_frac = 0
        WHERE c.relkind = 'r' AND NOT c.relispartition AND c.relpersistence = 'p'
          AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'drover')
          AND pg_total_relation_size(c.oid) >= $1 AND abs(s.correlation) >= $2
        ORDER BY c.oid, a.attnotnull DESC, abs(s.correlation) DESC, a.attnum
        """;

    /// <summary>One for each table that is large enough.</summary>
    /// <param name="connection">The database's.</param>
    /// <param name="accesses">How far back queries ask; null: from the history in this database, if it has one.</param>
    /// <param name="limits">Thresholds.</param>
    /// <param name="cancellation">Ends it.</param>
    public static async Task<IEnumerable<Recommendation>> ReadAsync(
        NpgsqlConnection connection,
        IReadOnlyDictionary<string, (string Source, AccessCounts Counts)>? accesses,
        AdviceLimits limits,
        CancellationToken cancellation
    )
    {
        accesses ??= await AccessHistory.ReadAsync(connection, null, cancellation);
        return await connection.ListAsync(
            Sql,
            [limits.LargeTableBytes, Correlated],
            row => Of(row, accesses),
            cancellation
        );
    }

    private static Recommendation Of(
        NpgsqlDataReader row,
        IReadOnlyDictionary<string, (string Source, AccessCounts Counts)> accesses
    )
    {
        (string table, string column) = (row.GetString(0), row.GetString(1));
        (long bytes, double rows, double correlation) = (row.GetInt64(2), row.GetDouble(3), row.GetDouble(4));
        double? old = row.IsDBNull(5) ? null : row.GetDouble(5);
        (string source, AccessCounts counts) = accesses.GetValueOrDefault(table, ("", default));
        string? asked = AccessHistory.Describe(source, counts);
        string age = old is { } share ? Text($", {share:P0} of it older than 90 days") : "";
        return new Recommendation(
            "partition-table",
            table,
            Gain.Time,
            bytes,
            Text($"{ByteText.Of(bytes)} with indexes, {rows:N0} rows{age}; {column} follows the order of insertion ")
                + Text($"(correlation {correlation:0.00}); ")
                + (asked ?? AccessHistory.Remedy),
            (old is { } aged ? Text($"what asks for the last 90 days leaves {aged:P0} of the table alone; ") : "")
                + (asked is null ? "indexes of the newest month fit in memory" : AccessHistory.HotText(counts))
                + "; old rows go by DETACH instead of DELETE",
            $"{ByteText.Of(bytes)} of disk until it is finished, and a trigger's time on each write while it runs",
            "unique keys must contain the partition key: the plan names what does not fit, and changes nothing",
            $"drover partition plan {table} --by {column} --interval month -d URI",
            $"drover partition rollback {table} -d URI"
        );
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
