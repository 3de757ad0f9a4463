// Bloat as pgstattuple finds it, where the estimate says that it is worth the reading.
using System.Globalization;
using Drover.Operations.Connections;
using Npgsql;

namespace Drover.Advice.Metrics;

/// <summary>
/// Reads tables with pgstattuple_approx (https://www.postgresql.org/docs/18/pgstattuple.html), which passes over pages
/// that are visible to all. Only the function of the extension is called, never one of its name: no role but the
/// extension's owner can put code there. Each table has a read-only transaction of its own.
/// </summary>
internal static class BloatMeter
{
    /// <summary>The share of a table, dead or empty by what is known already, from which it is read.</summary>
    private const double WorthShare = 0.1;

    private const string FunctionSql = """
        SELECT format('%I.%I', n.nspname, p.proname), has_function_privilege(p.oid, 'EXECUTE')
               AND has_schema_privilege(n.oid, 'USAGE')
        FROM pg_catalog.pg_extension e
        JOIN pg_catalog.pg_depend d ON d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
            AND d.refobjid = e.oid AND d.deptype = 'e' AND d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
        JOIN pg_catalog.pg_proc p ON p.oid = d.objid
        JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
        WHERE e.extname = 'pgstattuple' AND p.proname = 'pgstattuple_approx'
        """;

    /// <summary>Replaces the estimate of the tables that are worth it; says what stood in the way.</summary>
    /// <param name="connection">Outside of a transaction.</param>
    /// <param name="samples">What was read.</param>
    /// <param name="limits">How large a table may be, and how long all may take.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellation">Ends it.</param>
    public static async Task<ServerSamples> MeasureAsync(
        NpgsqlConnection connection,
        ServerSamples samples,
        AdviceLimits limits,
        TimeProvider time,
        CancellationToken cancellation
    )
    {
        List<(string Function, bool IsAllowed)> found = await connection.ListAsync(
            FunctionSql,
            [],
            static row => (row.GetString(0), row.GetBoolean(1)),
            cancellation
        );
        if (found.Count == 0)
        {
            return samples;
        }
        if (!found[0].IsAllowed)
        {
            return samples with { BloatNote = $"to measure it: GRANT pg_stat_scan_tables TO {samples.Role}" };
        }
        long start = time.GetTimestamp();
        Dictionary<string, TableFacts> measured = [];
        foreach (TableFacts table in samples.Tables.Where(one => IsWorth(one, limits)).OrderByDescending(Empty))
        {
            TimeSpan left = limits.BloatReadTime - time.GetElapsedTime(start);
            if (left < TimeSpan.FromMilliseconds(1))
            {
                break;
            }
            if (await ReadAsync(connection, found[0].Function, table, left, cancellation) is { } facts)
            {
                measured[table.Name] = facts;
            }
        }
        return samples with { Tables = [.. samples.Tables.Select(one => measured.GetValueOrDefault(one.Name, one))] };
    }

    private static bool IsWorth(TableFacts table, AdviceLimits limits) =>
        table.Bytes >= limits.SmallBytes
        && table.Bytes <= limits.BloatReadBytes
        && (table.ExpectedBytes is null || Empty(table) >= WorthShare * table.Bytes);

    // Statistics that are old hide bloat, and what vacuum has not seen yet is in the count of dead rows alone.
    private static double Empty(TableFacts table)
    {
        double rows = Math.Max(0, table.Rows) + table.DeadRows;
        return Math.Max(table.BloatBytes, rows > 0 ? table.DeadRows / rows * table.Bytes : 0);
    }

    /// <summary>Reads one; null when it is locked, gone, of another kind, or takes too long.</summary>
    private static async Task<TableFacts?> ReadAsync(
        NpgsqlConnection connection,
        string function,
        TableFacts table,
        TimeSpan limit,
        CancellationToken cancellation
    )
    {
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellation);
        try
        {
            string milliseconds = Math.Ceiling(limit.TotalMilliseconds).ToString(CultureInfo.InvariantCulture);
            await connection.ExecuteAsync(
                "SET TRANSACTION READ ONLY; SET LOCAL lock_timeout = '200ms'; "
                    + $"SET LOCAL statement_timeout = '{milliseconds}ms'",
                [],
                cancellation
            );
            // What is kept free on purpose is no bloat.
            List<(long Bytes, long Expected)> read = await connection.ListAsync(
                $"""
                SELECT s.table_len, ((s.table_len - s.dead_tuple_len - s.approx_free_space) * 100.0
                       / coalesce((SELECT v.option_value::int FROM pg_catalog.pg_options_to_table(c.reloptions) v
                                   WHERE v.option_name = 'fillfactor'), 100))::bigint
                FROM pg_catalog.pg_class c, {function}(c.oid) s WHERE c.oid = $1::text::pg_catalog.regclass
                """,
                [table.Name],
                static row => (row.GetInt64(0), row.GetInt64(1)),
                cancellation
            );
            return read.Count == 0
                ? null
                : table with
                {
                    Bytes = read[0].Bytes,
                    ExpectedBytes = read[0].Expected,
                    IsBloatMeasured = true,
                };
        }
        catch (PostgresException)
        {
            // The estimate stays.
            return null;
        }
        finally
        {
            await transaction.RollbackAsync(cancellation);
        }
    }
}
