// The statements of pg_stat_statements, and the tables that they name, as the study of indexes needs them.
using System.Text.RegularExpressions;
using Drover.Operations.Connections;
using Npgsql;

namespace Drover.Advice.Indexes;

/// <summary>A statement and what it took.</summary>
/// <param name="Original">Normalised: constants are $1, $2 …; never a value.</param>
/// <param name="Text">The same as SQL that can be parsed.</param>
/// <param name="Calls">Executions since <see cref="Workload.Since"/>.</param>
/// <param name="Milliseconds">Time in all of them.</param>
/// <param name="RowsPerCall">Rows that one gave, on average.</param>
internal sealed record WorkloadStatement(
    string Original,
    string Text,
    long Calls,
    double Milliseconds,
    double RowsPerCall
)
{
    /// <summary>pg_stat_statements' queryid, where statements are read by it; else 0.</summary>
    public long Id { get; init; }
}

/// <summary>The measured statements of one database.</summary>
/// <param name="Statements">Those with the most time.</param>
/// <param name="Milliseconds">Time in all statements, of these and the others.</param>
/// <param name="Since">Since when pg_stat_statements counts.</param>
/// <param name="Days">For how long that is; an hour at the least.</param>
internal sealed partial record Workload(
    IReadOnlyList<WorkloadStatement> Statements,
    double Milliseconds,
    DateTimeOffset Since,
    double Days
)
{
    private const string Schema = """
        SELECT format('%I', n.nspname) FROM pg_catalog.pg_extension e
        JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pg_stat_statements'
        """;

    private const double DaysMin = 1.0 / 24;

    /// <summary>Reads them; null where they are not measured, or may not be seen.</summary>
    /// <param name="connection">The database's.</param>
    /// <param name="statementsMax">At the most so many, those with the most time.</param>
    /// <param name="cancellation">Ends it.</param>
    public static async Task<Workload?> ReadAsync(
        NpgsqlConnection connection,
        int statementsMax,
        CancellationToken cancellation
    )
    {
        if (await connection.ScalarAsync(Schema, [], cancellation) is not string schema)
        {
            return null;
        }
        string own = $"""
            FROM {schema}.pg_stat_statements s
            WHERE s.dbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
            """;
        try
        {
            (DateTimeOffset since, double days, double all) = (
                await connection.ListAsync(
                    $"""
                    SELECT i.stats_reset, extract(epoch FROM clock_timestamp() - i.stats_reset)::float8 / 86400,
                           (SELECT coalesce(sum(s.total_exec_time), 0) {own})
                    FROM {schema}.pg_stat_statements_info i
                    """,
                    [],
                    static row => (row.GetFieldValue<DateTimeOffset>(0), row.GetDouble(1), row.GetDouble(2)),
                    cancellation
                )
            )[0];
            List<WorkloadStatement> statements = await connection.ListAsync(
                $"""
                SELECT s.query, sum(s.calls)::bigint, sum(s.total_exec_time)::float8, sum(s.rows)::float8 {own}
                  AND s.query ~* '^\s*(select|insert|update|delete|merge|with)\y'
                GROUP BY s.query ORDER BY 3 DESC LIMIT $1
                """,
                [statementsMax],
                StatementOf,
                cancellation
            );
            return new Workload(statements, all, since, Math.Max(DaysMin, days));
        }
        catch (PostgresException failure) when (failure.SqlState is "55000" or "42501")
        {
            return null;
        }
    }

    /// <summary>Those with the most time, each with its queryid; null where they may not be seen.</summary>
    /// <param name="connection">The database's.</param>
    /// <param name="statementsMax">At the most so many.</param>
    /// <param name="cancellation">Ends it.</param>
    public static async Task<IReadOnlyList<WorkloadStatement>?> ByIdAsync(
        NpgsqlConnection connection,
        int statementsMax,
        CancellationToken cancellation
    )
    {
        if (await connection.ScalarAsync(Schema, [], cancellation) is not string schema)
        {
            return null;
        }
        try
        {
            return await connection.ListAsync(
                $"""
                SELECT s.query, sum(s.calls)::bigint, sum(s.total_exec_time)::float8, sum(s.rows)::float8, s.queryid
                FROM {schema}.pg_stat_statements s
                WHERE s.dbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
                  AND s.queryid <> 0 AND s.query ~* '^\s*(select|insert|update|delete|merge|with)\y'
                GROUP BY s.query, s.queryid ORDER BY 3 DESC LIMIT $1
                """,
                [statementsMax],
                static row => StatementOf(row) with { Id = row.GetInt64(4) },
                cancellation
            );
        }
        catch (PostgresException failure) when (failure.SqlState is "55000" or "42501")
        {
            return null;
        }
    }

    /// <summary>Calls and milliseconds of some statements until now; those that are not kept are not there.</summary>
    public static async Task<Dictionary<string, (long Calls, double Milliseconds)>> TimesAsync(
        NpgsqlConnection connection,
        string[] statements,
        CancellationToken cancellation
    )
    {
        if (await connection.ScalarAsync(Schema, [], cancellation) is not string schema)
        {
            return [];
        }
        List<(string Query, long Calls, double Ms)> found = await connection.ListAsync(
            $"""
            SELECT s.query, sum(s.calls)::bigint, sum(s.total_exec_time)::float8 FROM {schema}.pg_stat_statements s
            WHERE s.dbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
              AND s.query = ANY ($1) GROUP BY s.query
            """,
            [statements],
            static row => (row.GetString(0), row.GetInt64(1), row.GetDouble(2)),
            cancellation
        );
        return found.ToDictionary(static one => one.Query, static one => (one.Calls, one.Ms));
    }

    private static WorkloadStatement StatementOf(NpgsqlDataReader row) =>
        new(
            row.GetString(0),
            TypedLiteral.Replace(row.GetString(0), "CAST($2 AS $1)"),
            row.GetInt64(1),
            row.GetDouble(2),
            row.GetDouble(3) / Math.Max(1, row.GetInt64(1))
        );

    /// <summary>interval '1 day' is normalised to interval $1, which is no SQL.</summary>
    [GeneratedRegex(@"\b(interval|date|time|timetz|timestamp|timestamptz)\s+(\$\d+)", RegexOptions.IgnoreCase)]
    private static partial Regex TypedLiteral { get; }
}
