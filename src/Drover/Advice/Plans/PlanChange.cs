// Statements that became slower with another plan, from the plans that drover serve keeps.
using Drover.Operations.Connections;
using Npgsql;

namespace Drover.Advice.Plans;

/// <summary>A statement whose present plan is another than the one before, and slower.</summary>
/// <param name="Server">Its name in the history.</param>
/// <param name="Statement">pg_stat_statements' queryid.</param>
/// <param name="Text">Normalised, shortened.</param>
/// <param name="At">When the present plan was first seen.</param>
/// <param name="Difference">What is other, in words.</param>
/// <param name="Before">The plan before.</param>
/// <param name="After">The present one.</param>
/// <param name="Old">What it did with the plan before.</param>
/// <param name="Now">What it has done with the present one.</param>
/// <param name="Days">How long the present one has been watched.</param>
internal sealed record PlanChange(
    string Server,
    long Statement,
    string Text,
    DateTimeOffset At,
    string Difference,
    PlanNode Before,
    PlanNode After,
    PlanLoad Old,
    PlanLoad Now,
    double Days
)
{
    // A plan that was in use for a moment only is passed over.
    private const string Sql = """
        SELECT s.name, n.statement, h.query, n.first_seen, o.plan::text, n.plan::text, o.calls, o.total_ms, n.calls,
               n.total_ms, greatest(extract(epoch FROM n.last_seen - n.first_seen)::float8 / 86400, 1.0 / 24)
        FROM drover.statement_plans n
        JOIN drover.history_servers s ON s.id = n.server_id
        JOIN drover.history_statements h ON h.server_id = n.server_id AND h.statement = n.statement
        CROSS JOIN LATERAL (
            SELECT * FROM drover.statement_plans p
            WHERE p.server_id = n.server_id AND p.statement = n.statement AND p.first_seen < n.first_seen
              AND p.shape <> n.shape AND p.calls >= $2
            ORDER BY p.first_seen DESC LIMIT 1
        ) o
        WHERE h.database_name = $1 AND ($5::text IS NULL OR s.name = $5) AND n.calls >= $2
          AND n.total_ms / n.calls >= $3 * o.total_ms / o.calls
          AND n.total_ms - n.calls * o.total_ms / o.calls >= $4
          AND n.last_seen >= now() - interval '1 day'
          AND NOT EXISTS (
              SELECT FROM drover.statement_plans l
              WHERE l.server_id = n.server_id AND l.statement = n.statement AND l.first_seen > n.first_seen
          )
        ORDER BY (n.total_ms - n.calls * o.total_ms / o.calls) DESC LIMIT 20
        """;

    // to_regclass fails in a schema that may not be used; the catalogs may be read by all.
    private const string IsReadable = """
        SELECT count(*) = 3 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = 'drover' AND has_schema_privilege(n.oid, 'USAGE')
          AND c.relname IN ('statement_plans', 'history_servers', 'history_statements') AND c.relkind = 'r'
          AND has_table_privilege(c.oid, 'SELECT')
        """;

    /// <summary>Seconds of a day that it takes more than with the plan before.</summary>
    public double LostSecondsPerDay => (Now.MeanMs - Old.MeanMs) * Now.Calls / Days / 1000;

    /// <summary>Reads them from a database with a history; none where there is none, or it may not be read.</summary>
    /// <param name="connection">The history's.</param>
    /// <param name="database">The database whose statements they are.</param>
    /// <param name="server">The server in the history; null for all.</param>
    /// <param name="limits">From where on one is worth a word.</param>
    /// <param name="cancellation">Ends it.</param>
    public static async Task<IReadOnlyList<PlanChange>> ReadAsync(
        NpgsqlConnection connection,
        string database,
        string? server,
        AdviceLimits limits,
        CancellationToken cancellation
    ) =>
        await connection.ScalarAsync(IsReadable, [], cancellation) is true
            ? await connection.ListAsync(
                Sql,
                [database, limits.PlanCallsMin, limits.PlanSlower, limits.PlanLostMs, server],
                ChangeOf,
                cancellation
            )
            : [];

    private static PlanChange ChangeOf(NpgsqlDataReader row)
    {
        PlanNode before = PlanNode.Read(row.GetString(4));
        PlanNode after = PlanNode.Read(row.GetString(5));
        return new PlanChange(
            row.GetString(0),
            row.GetInt64(1),
            row.GetString(2),
            row.GetFieldValue<DateTimeOffset>(3),
            PlanShape.Difference(before, after),
            before,
            after,
            new PlanLoad(row.GetInt64(6), row.GetDouble(7)),
            new PlanLoad(row.GetInt64(8), row.GetDouble(9)),
            row.GetDouble(10)
        );
    }
}

/// <summary>Executions with a plan, and their time.</summary>
internal readonly record struct PlanLoad(long Calls, double TotalMs)
{
    /// <summary>Time of one; 0 before the first.</summary>
    public double MeanMs => Calls > 0 ? TotalMs / Calls : 0;
}
