// What pg_stat_statements knows of the database's statements.
using Drover.Operations.Connections;
using Npgsql;

namespace Drover.Advice.Metrics;

/// <summary>One statement's share.</summary>
/// <param name="Text">Normalised by the server: constants are $1, $2 …; shortened.</param>
/// <param name="Calls">Executions.</param>
/// <param name="TotalMs">Time in all of them.</param>
/// <param name="MeanMs">Time of one.</param>
/// <param name="Rows">Rows in all.</param>
internal sealed record StatementShare(string Text, long Calls, double TotalMs, double MeanMs, long Rows);

/// <summary>
/// Sums and the statements with the most time, since the last reset
/// (https://www.postgresql.org/docs/18/pgstatstatements.html). Utility commands are left out: their text is not
/// normalised and may hold a password.
/// </summary>
internal sealed record StatementStatistics(
    long Calls,
    double TotalMs,
    IReadOnlyList<StatementShare> Top,
    string? Problem
)
{
    private const string Schema = """
        SELECT format('%I', n.nspname) FROM pg_catalog.pg_extension e
        JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pg_stat_statements'
        """;

    private const string WhoSees = """
        SELECT CASE WHEN NOT pg_has_role(current_user, 'pg_read_all_stats', 'USAGE') THEN quote_ident(current_user) END
        """;

    /// <summary>Reads them; without the extension the problem says how to get it.</summary>
    public static async Task<StatementStatistics> ReadAsync(
        NpgsqlConnection connection,
        int top,
        CancellationToken cancellation
    )
    {
        if (await connection.ScalarAsync(Schema, [], cancellation) is not string schema)
        {
            return None(
                "CREATE EXTENSION pg_stat_statements; shared_preload_libraries must name it, which needs a restart"
            );
        }
        string own = $"""
            FROM {schema}.pg_stat_statements s
            WHERE s.dbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
              AND s.query ~* '^\s*(select|insert|update|delete|merge|with|values)\y'
            """;
        try
        {
            (long Calls, double Ms) sums = (
                await connection.ListAsync(
                    $"SELECT coalesce(sum(s.calls), 0)::bigint, coalesce(sum(s.total_exec_time), 0) {own}",
                    [],
                    static row => (row.GetInt64(0), row.GetDouble(1)),
                    cancellation
                )
            )[0];
            List<StatementShare> shares = await connection.ListAsync(
                $"""
                SELECT left(regexp_replace(s.query, '\s+', ' ', 'g'), 120), s.calls, s.total_exec_time,
                       s.mean_exec_time, s.rows
                {own} ORDER BY s.total_exec_time DESC LIMIT $1
                """,
                [top],
                static row => new StatementShare(
                    row.GetString(0),
                    row.GetInt64(1),
                    row.GetDouble(2),
                    row.GetDouble(3),
                    row.GetInt64(4)
                ),
                cancellation
            );
            return new StatementStatistics(sums.Calls, sums.Ms, shares, null);
        }
        catch (PostgresException failure) when (failure.SqlState is "55000" or "42501")
        {
            return None($"{failure.MessageText}; set shared_preload_libraries, or GRANT pg_read_all_stats");
        }
    }

    /// <summary>Why not all statements of the database are seen, with what would give it; null: they are.</summary>
    public static async Task<string?> UnseenAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        if ((await ReadAsync(connection, 1, cancellation)).Problem is { } problem)
        {
            return $"statements are not measured, so which indexes are missing is not known: {problem}";
        }
        return await connection.ScalarAsync(WhoSees, [], cancellation) is string role
            ? $"statements of other roles are not seen, so indexes that they lack are not known: "
                + $"GRANT pg_read_all_stats TO {role}"
            : null;
    }

    private static StatementStatistics None(string problem) => new(0, 0, [], problem);
}
