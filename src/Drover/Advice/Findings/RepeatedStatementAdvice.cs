// One statement that is most of all calls and fetches a row each: asked in a loop, where one with a list would do.
using System.Globalization;
using Drover.Operations.Connections;
using Npgsql;

namespace Drover.Advice.Findings;

/// <summary>From pg_stat_statements; of statements with at most one row a call.</summary>
internal static class RepeatedStatementAdvice
{
    private const string Schema = """
        SELECT format('%I', n.nspname) FROM pg_catalog.pg_extension e
        JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pg_stat_statements'
        """;

    /// <summary>At most one.</summary>
    public static async Task<IEnumerable<Recommendation>> ReadAsync(
        NpgsqlConnection connection,
        AdviceLimits limits,
        CancellationToken cancellation
    )
    {
        if (await connection.ScalarAsync(Schema, [], cancellation) is not string schema)
        {
            return [];
        }
        string sql = $"""
            WITH own AS (
                SELECT s.queryid, s.query, s.calls, s.rows, s.total_exec_time FROM {schema}.pg_stat_statements s
                WHERE s.dbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
            )
            SELECT o.queryid::text, left(regexp_replace(o.query, '\s+', ' ', 'g'), 100), o.calls,
                   o.calls / (SELECT greatest(sum(calls), 1) FROM own)::float8,
                   o.calls / (SELECT greatest(extract(epoch FROM clock_timestamp() - i.stats_reset) / 3600, 1)::float8
                              FROM {schema}.pg_stat_statements_info i)
            FROM own o
            WHERE o.query ~* '^\s*select\y.*\ywhere\y' AND o.rows <= o.calls AND o.queryid IS NOT NULL
            ORDER BY o.calls DESC LIMIT 1
            """;
        try
        {
            List<Recommendation?> found = await connection.ListAsync(sql, [], row => Of(row, limits), cancellation);
            return found.OfType<Recommendation>();
        }
        catch (PostgresException failure) when (failure.SqlState is "55000" or "42501")
        {
            // measure-statements tells of it.
            return [];
        }
    }

    private static Recommendation? Of(NpgsqlDataReader row, AdviceLimits limits)
    {
        (double share, double perHour) = (row.GetDouble(3), row.GetDouble(4));
        return share < limits.RepeatedShare || perHour < limits.RepeatedCallsPerHour
            ? null
            : new Recommendation(
                "repeated-statement",
                $"queryid {row.GetString(0)}",
                Gain.Time,
                share,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{row.GetInt64(2):N0} calls, {share:P0} of all, with at most a row each: {row.GetString(1)}"
                ),
                "one statement with a list (= ANY ($1)) or a join in place of very many, each with its round trip",
                "a change of the application",
                "an ORM often does it for each row of a list (N + 1): look where it is called from",
                "SELECT calls, mean_exec_time, query FROM pg_stat_statements ORDER BY calls DESC LIMIT 5",
                ""
            );
    }
}
