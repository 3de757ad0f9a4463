// Tables whose rows have an age: a column of time that follows the order of insertion.
using System.Globalization;
using Drover.Operations.Connections;
using Npgsql;

namespace Drover.Advice.Ages;

/// <summary>A table with the column that says how old its rows are, as PartitionAdvice finds them.</summary>
/// <param name="Schema">Its schema.</param>
/// <param name="Name">Its name.</param>
/// <param name="Quoted">Both, as the history names tables.</param>
/// <param name="Column">A date or timestamp; of a partitioned table, its key.</param>
/// <param name="IsZoned">Whether that is a timestamptz.</param>
/// <param name="Key">A primary key of one whole number that grows with it; empty if there is none.</param>
/// <param name="Times">Bounds of the column's histogram, in seconds since 1970; empty with the key.</param>
/// <param name="Keys">Bounds of the key's.</param>
internal sealed record AgedTable(
    string Schema,
    string Name,
    string Quoted,
    string Column,
    bool IsZoned,
    string Key,
    double[] Times,
    double[] Keys
)
{
    // A key's place in its histogram is its rows' place in that of the time only where neither has common values, which
    // pg_stats keeps apart, and both follow the order of insertion.
    private const string Sql = """
        SELECT DISTINCT ON (c.oid) n.nspname::text, c.relname::text, format('%I.%I', n.nspname, c.relname),
            a.attname::text, a.atttypid = 'timestamptz'::regtype,
            CASE WHEN ks.attname IS NULL THEN '' ELSE k.attname::text END,
            CASE WHEN ks.attname IS NULL THEN '' ELSE array_to_string(ARRAY(
                SELECT extract(epoch FROM b::timestamptz)::float8 FROM unnest(s.histogram_bounds::text::text[]) b
            ), ' ') END,
            CASE WHEN ks.attname IS NULL THEN '' ELSE array_to_string(ARRAY(
                SELECT b::float8 FROM unnest(ks.histogram_bounds::text::text[]) b), ' ') END
        FROM pg_catalog.pg_class c
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND NOT a.attisdropped
            AND a.atttypid IN ('date'::regtype, 'timestamp'::regtype, 'timestamptz'::regtype)
        LEFT JOIN pg_catalog.pg_stats s ON s.schemaname = n.nspname AND s.tablename = c.relname
            AND s.attname = a.attname AND s.inherited = (c.relkind = 'p')
        LEFT JOIN pg_catalog.pg_partitioned_table p ON p.partrelid = c.oid
        LEFT JOIN pg_catalog.pg_index i ON i.indrelid = c.oid AND i.indisprimary AND i.indnkeyatts = 1
        LEFT JOIN pg_catalog.pg_attribute k ON k.attrelid = c.oid AND k.attnum = i.indkey[0]
            AND k.atttypid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype)
        LEFT JOIN pg_catalog.pg_stats ks ON ks.schemaname = n.nspname AND ks.tablename = c.relname
            AND ks.attname = k.attname AND ks.inherited = s.inherited AND ks.correlation >= $1
            AND s.correlation >= $1 AND ks.most_common_vals IS NULL AND s.most_common_vals IS NULL
            AND ks.histogram_bounds IS NOT NULL AND s.histogram_bounds IS NOT NULL
            AND s.histogram_bounds::text !~ 'infinity'
        WHERE c.relpersistence = 'p' AND NOT c.relispartition
            AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'drover')
            AND (c.relkind = 'r' AND s.null_frac = 0 AND abs(s.correlation) >= $1
                OR c.relkind = 'p' AND p.partstrat = 'r' AND p.partattrs[0] = a.attnum)
        ORDER BY c.oid, a.attnotnull DESC, abs(s.correlation) DESC NULLS LAST, a.attnum
        """;

    private const double Correlated = 0.9;

    /// <summary>
    /// Those of a database: partitioned by time, or with a time that follows the order of insertion by the planner's
    /// statistics, which the role may read.
    /// </summary>
    public static async Task<IReadOnlyList<AgedTable>> ReadAsync(
        NpgsqlConnection connection,
        CancellationToken cancellation
    ) =>
        await connection.ListAsync(
            Sql,
            [Correlated],
            static row => new AgedTable(
                row.GetString(0),
                row.GetString(1),
                row.GetString(2),
                row.GetString(3),
                row.GetBoolean(4),
                row.GetString(5),
                Numbers(row.GetString(6)),
                Numbers(row.GetString(7))
            ),
            cancellation
        );

    /// <summary>
    /// When the row with a key came, an estimate: both histograms have the same share of the rows between two bounds.
    /// For a key beyond the last bound that one, so rows that came after ANALYZE are taken for no younger than it.
    /// </summary>
    public DateTimeOffset? TimeOf(double key)
    {
        if (Keys.Length < 2 || Times.Length < 2)
        {
            return null;
        }
        int above = Array.FindIndex(Keys, bound => bound >= key);
        double place =
            above < 0 ? 1
            : above == 0 ? 0
            : (above - 1 + ((key - Keys[above - 1]) / (Keys[above] - Keys[above - 1]))) / (Keys.Length - 1);
        double at = place * (Times.Length - 1);
        int low = Math.Min((int)at, Times.Length - 2);
        double seconds = Times[low] + ((at - low) * (Times[low + 1] - Times[low]));
        // PostgreSQL's years go further.
        return seconds <= DateTimeOffset.MinValue.ToUnixTimeSeconds() ? DateTimeOffset.MinValue
            : seconds >= DateTimeOffset.MaxValue.ToUnixTimeSeconds() ? DateTimeOffset.MaxValue
            : DateTimeOffset.UnixEpoch.AddSeconds(seconds);
    }

    private static double[] Numbers(string text) =>
        [
            .. text.Split(' ', StringSplitOptions.RemoveEmptyEntries)
                .Select(static one => double.Parse(one, CultureInfo.InvariantCulture)),
        ];
}
