// Reads the history of one server.
using Drover.Advice;
using Drover.Advice.Ages;
using Drover.Advice.Plans;
using Drover.History.Growth;
using Drover.History.Plans;
using Drover.Operations;
using Drover.Operations.Connections;
using Npgsql;

namespace Drover.History.Store;

/// <summary>Reads; each call on a session of its own, a few at the same time.</summary>
internal sealed class HistoryReader(ServerAccess access, string server, HistoryLimits limits) : IAsyncDisposable
{
    private const string ServerId = "(SELECT id FROM drover.history_servers WHERE name = $1)";

    private const string Grid = "date_bin($4, at, timestamptz '2000-01-03 00:00:00Z')";

    private readonly SemaphoreSlim _slots = new(limits.ReadersMax);

    /// <summary>Metrics over time.</summary>
    public async Task<IReadOnlyList<MetricSeries>> ReadAsync(
        IReadOnlyList<string> names,
        DateTimeOffset from,
        DateTimeOffset to,
        TimeSpan step,
        CancellationToken cancellationToken
    )
    {
        CheckSteps(from, to, step);
        ServerMetric[] metrics =
        [
            .. names.Select(name =>
                ServerMetric.Find(name)
                ?? throw new OperationException($"there is no metric '{name}'", OperationOutcome.Usage)
            ),
        ];
        List<MetricPoint>[] points = [.. metrics.Select(static _ => new List<MetricPoint>())];
        if (metrics.Length > 0)
        {
            string columns = string.Join(
                ", ",
                metrics.Select(static metric => $"{MeanOf(metric)}, max({metric.Name})")
            );
            _ = await ListAsync(
                $"""
                SELECT {Grid} AS step, {columns} FROM drover.server_samples
                WHERE server_id = {ServerId} AND at >= $2 AND at < $3 GROUP BY 1 ORDER BY 1
                """,
                [server, from, to, step],
                row =>
                {
                    DateTimeOffset at = row.GetFieldValue<DateTimeOffset>(0);
                    for (int i = 0; i < points.Length; i++)
                    {
                        if (!row.IsDBNull(1 + (2 * i)))
                        {
                            points[i].Add(new MetricPoint(at, row.GetDouble(1 + (2 * i)), row.GetDouble(2 + (2 * i))));
                        }
                    }
                    return at;
                },
                cancellationToken
            );
        }
        return [.. metrics.Zip(points, static (metric, list) => new MetricSeries(metric, list))];
    }

    /// <summary>The tables.</summary>
    public Task<IReadOnlyList<TableUse>> ReadTablesAsync(
        DateTimeOffset from,
        DateTimeOffset to,
        int limit,
        CancellationToken cancellationToken
    ) =>
        ListAsync(
            $"""
            WITH seen AS (
                SELECT * FROM drover.table_samples WHERE server_id = {ServerId} AND at >= $2 AND at < $3
            ), moments AS (SELECT max(at) AS newest FROM seen),
            used AS (
                SELECT table_name, min(at) AS oldest, sum(sequential_scans)::bigint AS sequential,
                       sum(index_scans)::bigint AS index
                FROM seen GROUP BY 1
            )
            SELECT n.table_name, n.bytes, n.total_bytes, n.row_estimate, n.dead_rows, n.bloat_bytes, u.sequential,
                   u.index, o.total_bytes, o.row_estimate
            FROM seen n JOIN moments m ON n.at = m.newest
            JOIN used u USING (table_name)
            JOIN seen o ON o.table_name = n.table_name AND o.at = u.oldest
            ORDER BY n.total_bytes DESC, 1 LIMIT $4
            """,
            [server, from, to, limit],
            static row => new TableUse(
                row.GetString(0),
                row.GetInt64(1),
                row.GetInt64(2),
                row.GetDouble(3),
                row.GetInt64(4),
                row.IsDBNull(5) ? null : row.GetInt64(5),
                row.GetInt64(6),
                row.GetInt64(7),
                row.GetInt64(8),
                row.GetDouble(9)
            ),
            cancellationToken
        );

    /// <summary>How far back statements asked for rows.</summary>
    public Task<IReadOnlyList<TableAccess>> ReadAccessAsync(
        DateTimeOffset from,
        DateTimeOffset to,
        CancellationToken cancellationToken
    ) =>
        ListAsync(
            $"""
            SELECT table_name, source, sum(d7), sum(d30), sum(d90), sum(older), sum(all_ages), sum(unknown),
                   sum(samples)::bigint
            FROM drover.access_days WHERE server_id = {ServerId} AND day >= $2 AND day <= $3
            GROUP BY 1, 2 ORDER BY 9 DESC, 1, 2
            """,
            [server, DateOnly.FromDateTime(from.UtcDateTime), DateOnly.FromDateTime(to.UtcDateTime)],
            static row => new TableAccess(row.GetString(0), row.GetString(1), AccessHistory.CountsOf(row, 2)),
            cancellationToken
        );

    /// <summary>One table over time.</summary>
    public Task<IReadOnlyList<TablePoint>> ReadTableAsync(
        string table,
        DateTimeOffset from,
        DateTimeOffset to,
        TimeSpan step,
        CancellationToken cancellationToken
    )
    {
        CheckSteps(from, to, step);
        return ListAsync(
            $"""
            SELECT {Grid} AS step, (array_agg(total_bytes ORDER BY at DESC))[1],
                   (array_agg(row_estimate ORDER BY at DESC))[1], (array_agg(dead_rows ORDER BY at DESC))[1],
                   (array_agg(bloat_bytes ORDER BY at DESC))[1], sum(sequential_scans)::bigint,
                   sum(index_scans)::bigint
            FROM drover.table_samples
            WHERE server_id = {ServerId} AND at >= $2 AND at < $3 AND table_name = $5 GROUP BY 1 ORDER BY 1
            """,
            [server, from, to, step, table],
            static row => new TablePoint(
                row.GetFieldValue<DateTimeOffset>(0),
                row.GetInt64(1),
                row.GetDouble(2),
                row.GetInt64(3),
                row.IsDBNull(4) ? null : row.GetInt64(4),
                row.GetInt64(5),
                row.GetInt64(6)
            ),
            cancellationToken
        );
    }

    /// <summary>The statements that took the most time.</summary>
    public Task<IReadOnlyList<StatementUse>> ReadStatementsAsync(
        DateTimeOffset from,
        DateTimeOffset to,
        int limit,
        CancellationToken cancellationToken
    ) =>
        ListAsync(
            $"""
            SELECT s.statement, h.database_name, h.query, s.calls, s.ms, s.rows, s.hit, s.read, s.calls_before,
                   s.ms_before,
                   (
                       SELECT max(p.first_seen) FROM drover.statement_plans p
                       WHERE p.server_id = {ServerId} AND p.statement = s.statement AND p.difference <> ''
                         AND p.first_seen >= $2 AND p.first_seen < $3
                   )
            FROM (
                SELECT statement,
                       coalesce(sum(calls) FILTER (WHERE at >= $2), 0)::bigint AS calls,
                       coalesce(sum(total_ms) FILTER (WHERE at >= $2), 0) AS ms,
                       coalesce(sum(row_count) FILTER (WHERE at >= $2), 0)::bigint AS rows,
                       coalesce(sum(blocks_hit) FILTER (WHERE at >= $2), 0)::bigint AS hit,
                       coalesce(sum(blocks_read) FILTER (WHERE at >= $2), 0)::bigint AS read,
                       coalesce(sum(calls) FILTER (WHERE at < $2), 0)::bigint AS calls_before,
                       coalesce(sum(total_ms) FILTER (WHERE at < $2), 0) AS ms_before
                FROM drover.statement_samples
                WHERE server_id = {ServerId} AND at >= $5 AND at < $3 GROUP BY 1
            ) s JOIN drover.history_statements h ON h.server_id = {ServerId} AND h.statement = s.statement
            WHERE s.calls > 0 ORDER BY s.ms DESC, 1 LIMIT $4
            """,
            [server, from, to, limit, from - (to - from)],
            static row => new StatementUse(
                row.GetInt64(0),
                row.GetString(1),
                row.GetString(2),
                row.GetInt64(3),
                row.GetDouble(4),
                row.GetInt64(5),
                row.GetInt64(6),
                row.GetInt64(7),
                row.GetInt64(8),
                row.GetDouble(9),
                row.IsDBNull(10) ? null : row.GetFieldValue<DateTimeOffset>(10)
            ),
            cancellationToken
        );

    /// <summary>One statement over time.</summary>
    public Task<IReadOnlyList<StatementPoint>> ReadStatementAsync(
        long statement,
        DateTimeOffset from,
        DateTimeOffset to,
        TimeSpan step,
        CancellationToken cancellationToken
    )
    {
        CheckSteps(from, to, step);
        return ListAsync(
            $"""
            SELECT {Grid} AS step, sum(calls)::bigint, sum(total_ms), sum(row_count)::bigint
            FROM drover.statement_samples
            WHERE server_id = {ServerId} AND at >= $2 AND at < $3 AND statement = $5 GROUP BY 1 ORDER BY 1
            """,
            [server, from, to, step, statement],
            static row => new StatementPoint(
                row.GetFieldValue<DateTimeOffset>(0),
                row.GetInt64(1),
                row.GetDouble(2),
                row.GetInt64(3)
            ),
            cancellationToken
        );
    }

    /// <summary>The plans of a statement, the last one first.</summary>
    public Task<IReadOnlyList<PlanPeriod>> ReadPlansAsync(long statement, CancellationToken cancellationToken) =>
        ListAsync(
            $"""
            SELECT first_seen, last_seen, shape, plan::text, cost, difference, calls, total_ms
            FROM drover.statement_plans WHERE server_id = {ServerId} AND statement = $2 ORDER BY first_seen DESC
            """,
            [server, statement],
            static row => new PlanPeriod(
                row.GetFieldValue<DateTimeOffset>(0),
                row.GetFieldValue<DateTimeOffset>(1),
                row.GetString(2),
                PlanNode.Read(row.GetString(3)),
                row.GetDouble(4),
                row.GetString(5),
                row.GetInt64(6),
                row.GetDouble(7)
            ),
            cancellationToken
        );

    /// <summary>
    /// Statements of a database that became slower with another plan, and how far back queries ask its tables; null
    /// where nothing was written yet.
    /// </summary>
    public async Task<KeptFindings?> ReadFindingsAsync(
        string database,
        AdviceLimits limits,
        CancellationToken cancellationToken
    ) =>
        (
            await OnSessionAsync<KeptFindings>(
                async connection =>
                {
                    await MonitorConnections.HideAsync(connection, cancellationToken);
                    return
                    [
                        new KeptFindings(
                            await PlanChange.ReadAsync(connection, database, server, limits, cancellationToken),
                            await AccessHistory.ReadAsync(connection, server, cancellationToken)
                        ),
                    ];
                },
                cancellationToken
            )
        )
            is [var found]
            ? found
            : null;

    /// <summary>Each known day of a table; for the empty name of the server as a whole.</summary>
    public Task<IReadOnlyList<GrowthPoint>> ReadGrowthAsync(string table, CancellationToken cancellationToken) =>
        ListAsync(
            $"""
            SELECT day, nullif(bytes, 0)::float8, row_estimate, total_ms / nullif(calls, 0),
                   nullif(connections_max, 0)::float8
            FROM drover.growth_days WHERE server_id = {ServerId} AND table_name = $2 ORDER BY 1
            """,
            [server, table],
            static row => new GrowthPoint(
                row.GetFieldValue<DateOnly>(0),
                row.IsDBNull(1) ? null : row.GetDouble(1),
                row.IsDBNull(2) ? null : row.GetDouble(2),
                row.IsDBNull(3) ? null : row.GetDouble(3),
                Connections: row.IsDBNull(4) ? null : row.GetDouble(4)
            ),
            cancellationToken
        );

    /// <summary>The name of a server of this history: the one that is asked for, or the only one.</summary>
    /// <exception cref="OperationException">There is none, or several and none was named.</exception>
    public static async Task<string> ServerOfAsync(
        ServerAccess access,
        string? asked,
        CancellationToken cancellationToken
    )
    {
        List<string> names = [];
        try
        {
            await using NpgsqlConnection connection = await access.OpenAsync(cancellationToken);
            if (await HistorySchema.ExistsAsync(connection, cancellationToken))
            {
                const string Sql = "SELECT name FROM drover.history_servers ORDER BY name";
                names = await connection.ListAsync(Sql, [], static row => row.GetString(0), cancellationToken);
            }
        }
        catch (Exception failure) when (failure is NpgsqlException or IOException or TimeoutException)
        {
            throw new OperationException(ServerFailure.Describe(failure, access.Description), failure);
        }
        return (asked, names) switch
        {
            ({ } name, _) when names.Contains(name) => name,
            (null, [var only]) => only,
            (_, []) => throw new OperationException(
                $"{access.Description} keeps no history: name its servers in [monitor] of drover serve, or give --csv"
            ),
            _ => throw new OperationException(
                $"which server? This history has {string.Join(", ", names)}: give one with --server",
                OperationOutcome.Usage
            ),
        };
    }

    /// <summary>The databases.</summary>
    public Task<IReadOnlyList<DatabaseUse>> ReadDatabasesAsync(
        DateTimeOffset from,
        DateTimeOffset to,
        CancellationToken cancellationToken
    ) =>
        ListAsync(
            $"""
            SELECT database_name, (array_agg(bytes ORDER BY at DESC) FILTER (WHERE bytes IS NOT NULL))[1],
                   sum(transactions)::bigint, sum(blocks_hit)::bigint, sum(blocks_read)::bigint,
                   sum(deadlocks)::bigint, sum(temp_bytes)::bigint
            FROM drover.database_samples WHERE server_id = {ServerId} AND at >= $2 AND at < $3
            GROUP BY 1 ORDER BY 3 DESC, 1
            """,
            [server, from, to],
            static row => new DatabaseUse(
                row.GetString(0),
                row.IsDBNull(1) ? null : row.GetInt64(1),
                row.GetInt64(2),
                row.GetInt64(3),
                row.GetInt64(4),
                row.GetInt64(5),
                row.GetInt64(6)
            ),
            cancellationToken
        );

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await access.DisposeAsync();
        _slots.Dispose();
    }

    private static string MeanOf(ServerMetric metric) =>
        metric.Mean == StepMean.ByCalls
            ? $"coalesce(sum({metric.Name} * calls) / nullif(sum(calls) FILTER (WHERE {metric.Name} IS NOT NULL), 0), "
                + $"avg({metric.Name}))"
            : $"avg({metric.Name})";

    private void CheckSteps(DateTimeOffset from, DateTimeOffset to, TimeSpan step)
    {
        if (step <= TimeSpan.Zero || (to - from) / step > limits.StepsMax)
        {
            throw new OperationException(
                $"a step of {step.TotalSeconds} s is too short for that time: at most {limits.StepsMax} steps",
                OperationOutcome.Usage
            );
        }
    }

    private Task<IReadOnlyList<T>> ListAsync<T>(
        string sql,
        object?[] values,
        Func<NpgsqlDataReader, T> read,
        CancellationToken cancellationToken
    ) =>
        OnSessionAsync<T>(
            async connection => await connection.ListAsync(sql, values, read, cancellationToken),
            cancellationToken
        );

    private async Task<IReadOnlyList<T>> OnSessionAsync<T>(
        Func<NpgsqlConnection, Task<IReadOnlyList<T>>> read,
        CancellationToken cancellationToken
    )
    {
        await _slots.WaitAsync(cancellationToken);
        try
        {
            await using NpgsqlConnection connection = await access.OpenAsync(cancellationToken);
            return await read(connection);
        }
        catch (PostgresException missing) when (missing.SqlState is "42P01" or "3F000")
        {
            // Nothing was written yet.
            return [];
        }
        catch (Exception failure) when (failure is NpgsqlException or IOException or TimeoutException)
        {
            throw new OperationException(
                $"the history cannot be read: {ServerFailure.Describe(failure, access.Description)}",
                failure
            );
        }
        finally
        {
            _slots.Release();
        }
    }
}
