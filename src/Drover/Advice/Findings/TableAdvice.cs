// Tables that are made or kept in a way that will hurt: without autovacuum, statistics, primary key or WAL; read whole.
using System.Globalization;
using Drover.Operations;
using Drover.Operations.Connections;
using Npgsql;

namespace Drover.Advice.Findings;

/// <summary>Reads the catalogs and pg_stat_all_tables; small tables are left alone.</summary>
internal static class TableAdvice
{
    private sealed record Table(
        string Name,
        long Bytes,
        double Rows,
        bool HasNoVacuum,
        bool IsUnlogged,
        bool HasKey,
        long Changed,
        bool IsAnalysed,
        double ScansPerHour,
        double RowsPerHour,
        string NotValid
    );

    private const string Sql = """
        SELECT format('%I.%I', n.nspname, c.relname), coalesce(pg_relation_size(c.oid), 0), c.reltuples::float8,
               EXISTS (SELECT FROM pg_catalog.pg_options_to_table(c.reloptions) o
                       WHERE o.option_name = 'autovacuum_enabled' AND o.option_value IN ('false', 'off', '0', 'no')),
               c.relpersistence = 'u',
               c.relispartition OR EXISTS (SELECT FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid
                       AND (i.indisprimary OR i.indisreplident)),
               coalesce(s.n_mod_since_analyze, 0), coalesce(s.last_analyze, s.last_autoanalyze) IS NOT NULL,
               coalesce(s.seq_scan, 0) / d.hours, coalesce(s.seq_tup_read, 0) / d.hours,
               coalesce((SELECT format('%I', k.conname) FROM pg_catalog.pg_constraint k
                         WHERE k.conrelid = c.oid AND NOT k.convalidated AND k.contype IN ('f', 'c') LIMIT 1), '')
        FROM pg_catalog.pg_class c
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        LEFT JOIN pg_catalog.pg_stat_all_tables s ON s.relid = c.oid
        CROSS JOIN (SELECT greatest(extract(epoch FROM clock_timestamp()
                        - coalesce(stats_reset, pg_postmaster_start_time())) / 3600, 1)::float8 AS hours
                    FROM pg_catalog.pg_stat_database WHERE datname = current_database()) d
        WHERE c.relkind = 'r' AND c.relpersistence <> 't'
          AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'drover') AND n.nspname !~ '^pg_(toast|temp)'
        """;

    /// <summary>All of them.</summary>
    /// <param name="connection">The database's.</param>
    /// <param name="indexed">Tables for which an index is advised: why they are read whole is said there.</param>
    /// <param name="limits">Thresholds.</param>
    /// <param name="cancellation">Ends it.</param>
    public static async Task<IEnumerable<Recommendation>> ReadAsync(
        NpgsqlConnection connection,
        HashSet<string> indexed,
        AdviceLimits limits,
        CancellationToken cancellation
    )
    {
        List<Table> tables = await connection.ListAsync(Sql, [], Of, cancellation);
        return tables
            .Where(table => table.Bytes >= limits.SmallBytes)
            .SelectMany(table => Made(table).Concat(Kept(table, limits)))
            .Where(one => one.Code != "sequential-scans" || !indexed.Contains(one.Subject));
    }

    private static Table Of(NpgsqlDataReader row) =>
        new(
            row.GetString(0),
            row.GetInt64(1),
            row.GetDouble(2),
            row.GetBoolean(3),
            row.GetBoolean(4),
            row.GetBoolean(5),
            row.GetInt64(6),
            row.GetBoolean(7),
            row.GetDouble(8),
            row.GetDouble(9),
            row.GetString(10)
        );

    private static IEnumerable<Recommendation> Made(Table table)
    {
        if (table.HasNoVacuum)
        {
            yield return Of(
                table,
                "autovacuum-disabled",
                Gain.Safety,
                Text($"autovacuum is off for {table.Name} ({ByteText.Of(table.Bytes)})"),
                "dead rows are taken away, statistics kept, and old rows frozen before numbers run out",
                "some reading and writing, in small doses",
                "none; who switched it off may have had a load in mind that is over",
                $"ALTER TABLE {table.Name} RESET (autovacuum_enabled)",
                $"ALTER TABLE {table.Name} SET (autovacuum_enabled = false)"
            );
        }
        if (table.IsUnlogged)
        {
            yield return Of(
                table,
                "unlogged-table",
                Gain.Safety,
                Text(
                    $"{table.Name} ({ByteText.Of(table.Bytes)}) is unlogged: empty after a crash, and not on standbys"
                ),
                "its rows survive",
                $"writes {ByteText.Of(table.Bytes)} of WAL once, under a lock that nobody passes; then for each write",
                "where it holds what can be made anew, leave it as it is, and silence this",
                $"ALTER TABLE {table.Name} SET LOGGED",
                $"ALTER TABLE {table.Name} SET UNLOGGED"
            );
        }
        if (!table.HasKey)
        {
            yield return Of(
                table,
                "no-primary-key",
                Gain.Safety,
                Text($"{table.Name} ({ByteText.Of(table.Bytes)}) has no primary key"),
                "rows can be told apart, replicated logically, and copied by Drover",
                "a column of 8 bytes, which writes the table under a lock that nobody passes; or an index",
                "none for results; INSERT without a list of columns has one more",
                $"ALTER TABLE {table.Name} ADD COLUMN id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
                $"ALTER TABLE {table.Name} DROP COLUMN id"
            );
        }
    }

    private static IEnumerable<Recommendation> Kept(Table table, AdviceLimits limits)
    {
        bool isStale =
            table.Changed >= limits.StaleRows && table.Changed >= limits.StaleShare * Math.Max(1, table.Rows);
        if (isStale || (!table.IsAnalysed && table.Rows < 0))
        {
            yield return Of(
                table,
                "stale-statistics",
                Gain.Time,
                Text($"{table.Changed:N0} rows of {table.Name} ({Math.Max(0, table.Rows):N0}) changed since ANALYZE"),
                "plans by what is there now",
                "reads a sample of 30,000 pages at the most",
                "none; some plans change",
                $"ANALYZE {table.Name}",
                ""
            );
        }
        if (table.ScansPerHour >= limits.SequentialScansPerHour && table.RowsPerHour >= limits.SequentialRowsPerHour)
        {
            yield return Of(
                table,
                "sequential-scans",
                Gain.Time,
                Text($"{table.Name} ({ByteText.Of(table.Bytes)}) was read whole, {table.ScansPerHour:N0} times/h"),
                "an index, or a cached or materialized answer, instead of all rows",
                "an index to write, or an answer that is some minutes old",
                "an index is named where statements can be studied; what counts or sums all rows needs a view",
                "drover index list -d URI",
                ""
            );
        }
        if (table.NotValid.Length > 0)
        {
            yield return Of(
                table,
                "not-valid-constraint",
                Gain.Safety,
                $"constraint {table.NotValid} of {table.Name} was never validated: old rows may break it",
                "all rows are known to keep it, and the planner may rely on it",
                "reads the table once; writes go on",
                "it fails where rows break it, and changes nothing then",
                $"ALTER TABLE {table.Name} VALIDATE CONSTRAINT {table.NotValid}",
                ""
            );
        }
    }

    private static Recommendation Of(
        Table table,
        string code,
        Gain gain,
        string evidence,
        string expected,
        string price,
        string risk,
        string todo,
        string undo
    ) => new(code, table.Name, gain, table.Bytes, evidence, expected, price, risk, todo, undo);

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
