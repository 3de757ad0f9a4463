// Keeps the plans of one server's statements, and sees that one is another than before.
using Drover.Advice.Plans;
using Drover.History.Plans;
using Drover.Operations.Connections;
using Npgsql;

namespace Drover.History.Store;

/// <summary>
/// Writes through the session of the server's only writer. What is current is read each time, so that a restart, or
/// another Drover in between, changes nothing.
/// </summary>
/// <param name="connection">The writer's.</param>
/// <param name="server">The server's number.</param>
internal sealed class PlanStore(NpgsqlConnection connection, int server)
{
    /// <summary>Plans of a statement that are kept; of one whose plan goes back and forth, the last ones.</summary>
    private const int PeriodsMax = 10;

    private sealed record Current(long Statement, DateTimeOffset FirstSeen, string Shape, string Plan);

    /// <summary>Keeps what a look found. The plans that changed, in words, by statement.</summary>
    public async Task<IReadOnlyList<(long Statement, string Difference)>> KeepAsync(
        DateTimeOffset at,
        string database,
        IReadOnlyList<SeenPlan> plans,
        CancellationToken cancellationToken
    )
    {
        if (plans.Count == 0)
        {
            return [];
        }
        Dictionary<long, Current> current = await CurrentAsync(plans, cancellationToken);
        List<(SeenPlan Seen, string Shape, Current Current)> same = [];
        List<(SeenPlan Seen, string Shape, string Difference)> changed = [];
        foreach (SeenPlan one in plans)
        {
            string shape = PlanShape.Of(one.Plan);
            Current? known = current.GetValueOrDefault(one.Statement);
            PlanNode? before = known is null || known.Shape == shape ? null : PlanNode.Read(known.Plan);
            // A Drover that made shapes in another way may have written it.
            if (known is not null && (before is null || PlanShape.Of(before) == shape))
            {
                same.Add((one, shape, known));
            }
            else
            {
                changed.Add((one, shape, before is null ? "" : PlanShape.Difference(before, one.Plan)));
            }
        }
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellationToken);
        await NameAsync(at, database, plans, cancellationToken);
        await ProlongAsync(at, same, cancellationToken);
        await BeginAsync(at, changed, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return
        [
            .. changed
                .Where(static one => one.Difference.Length > 0)
                .Select(static one => (one.Seen.Statement, one.Difference)),
        ];
    }

    /// <summary>Forgets the plans that were not seen since a moment.</summary>
    public Task ForgetAsync(DateTimeOffset before, CancellationToken cancellationToken) =>
        connection.ExecuteAsync(
            "DELETE FROM drover.statement_plans WHERE server_id = $1 AND last_seen < $2",
            [server, before],
            cancellationToken
        );

    private async Task<Dictionary<long, Current>> CurrentAsync(
        IReadOnlyList<SeenPlan> plans,
        CancellationToken cancellationToken
    )
    {
        List<Current> rows = await connection.ListAsync(
            """
            SELECT DISTINCT ON (statement) statement, first_seen, shape, plan::text FROM drover.statement_plans
            WHERE server_id = $1 AND statement = ANY ($2) ORDER BY statement, first_seen DESC
            """,
            [server, plans.Select(static one => one.Statement).ToArray()],
            static row => new Current(
                row.GetInt64(0),
                row.GetFieldValue<DateTimeOffset>(1),
                row.GetString(2),
                row.GetString(3)
            ),
            cancellationToken
        );
        return rows.ToDictionary(static one => one.Statement);
    }

    // A statement whose text is not seen for long is forgotten, and those with plans are not all among the top ones.
    private Task<int> NameAsync(
        DateTimeOffset at,
        string database,
        IReadOnlyList<SeenPlan> plans,
        CancellationToken cancellationToken
    ) =>
        connection.ExecuteAsync(
            """
            INSERT INTO drover.history_statements AS h (server_id, statement, database_name, query, seen_at)
            SELECT $1, r.id, $2, r.query, $3 FROM unnest($4::bigint[], $5::text[]) AS r (id, query)
            ON CONFLICT (server_id, statement) DO UPDATE SET seen_at = excluded.seen_at
            WHERE h.seen_at < excluded.seen_at - interval '1 hour'
            """,
            [
                server,
                database,
                at,
                plans.Select(static one => one.Statement).ToArray(),
                plans.Select(static one => one.Text).ToArray(),
            ],
            cancellationToken
        );

    private Task<int> ProlongAsync(
        DateTimeOffset at,
        List<(SeenPlan Seen, string Shape, Current Current)> same,
        CancellationToken cancellationToken
    ) =>
        connection.ExecuteAsync(
            """
            UPDATE drover.statement_plans p
            SET last_seen = greatest(p.last_seen, $2), shape = r.shape, cost = r.cost,
                calls = p.calls + r.calls, total_ms = p.total_ms + r.ms
            FROM unnest($3::bigint[], $4::timestamptz[], $5::text[], $6::float8[], $7::bigint[], $8::float8[])
                AS r (statement, first_seen, shape, cost, calls, ms)
            WHERE p.server_id = $1 AND p.statement = r.statement AND p.first_seen = r.first_seen
            """,
            [
                server,
                at,
                same.Select(static one => one.Seen.Statement).ToArray(),
                same.Select(static one => one.Current.FirstSeen).ToArray(),
                same.Select(static one => one.Shape).ToArray(),
                same.Select(static one => one.Seen.Plan.Cost).ToArray(),
                same.Select(static one => one.Seen.Done?.Calls ?? 0).ToArray(),
                same.Select(static one => one.Seen.Done?.TotalMs ?? 0).ToArray(),
            ],
            cancellationToken
        );

    private async Task BeginAsync(
        DateTimeOffset at,
        List<(SeenPlan Seen, string Shape, string Difference)> changed,
        CancellationToken cancellationToken
    )
    {
        if (changed.Count == 0)
        {
            return;
        }
        long[] ids = [.. changed.Select(static one => one.Seen.Statement)];
        await connection.ExecuteAsync(
            """
            INSERT INTO drover.statement_plans
                (server_id, statement, first_seen, last_seen, shape, plan, cost, difference)
            SELECT $1, r.id, $2, $2, r.shape, r.plan::jsonb, r.cost, r.difference
            FROM unnest($3::bigint[], $4::text[], $5::text[], $6::float8[], $7::text[])
                AS r (id, shape, plan, cost, difference)
            ON CONFLICT DO NOTHING
            """,
            [
                server,
                at,
                ids,
                changed.Select(static one => one.Shape).ToArray(),
                changed.Select(static one => one.Seen.Plan.Write()).ToArray(),
                changed.Select(static one => one.Seen.Plan.Cost).ToArray(),
                changed.Select(static one => one.Difference).ToArray(),
            ],
            cancellationToken
        );
        await connection.ExecuteAsync(
            """
            DELETE FROM drover.statement_plans p USING (
                SELECT statement, first_seen,
                       row_number() OVER (PARTITION BY statement ORDER BY first_seen DESC) AS place
                FROM drover.statement_plans WHERE server_id = $1 AND statement = ANY ($2)
            ) o
            WHERE p.server_id = $1 AND p.statement = o.statement AND p.first_seen = o.first_seen AND o.place > $3
            """,
            [server, ids, PeriodsMax],
            cancellationToken
        );
    }
}
