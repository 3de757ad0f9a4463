// Takes samples of one server: a few queries of the statistics views each, rates from one to the next.
using Drover.Advice.Metrics;
using Drover.Operations.Connections;
using Drover.Operations.Running;
using Npgsql;

namespace Drover.History.Sampling;

/// <summary>
/// Keeps the counters of the last sample, over reconnections too: they count as long as the server's run is the same.
/// One sample is: 1. who the server is, 2. databases, sessions, replication, 3. the host, 4. the statements, 5. every
/// few minutes the tables. Not safe for several threads.
/// </summary>
internal sealed class ServerSampler(HostFeed host, PoolFeed? console, HistoryLimits limits, TimeProvider time)
{
    private const string WhoSql = """
        SELECT current_setting('server_version'), current_database()::text, quote_ident(current_user),
               pg_has_role('pg_read_all_stats', 'USAGE') OR current_setting('is_superuser') = 'on'
        """;

    private const string WalSql = """
        SELECT CASE WHEN pg_is_in_recovery() THEN coalesce(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())
               ELSE pg_current_wal_lsn() END - '0/0'::pg_lsn
        """;

    private const string SizesSql = """
        SELECT datname::text, pg_database_size(oid) FROM pg_catalog.pg_database
        WHERE NOT datistemplate AND (has_database_privilege(oid, 'CONNECT')
            OR pg_has_role('pg_read_all_stats', 'USAGE'))
        """;

    private readonly StatementChanges _changes = new();
    private readonly List<SessionCounts> _sessions = [];
    private readonly Rest _statementRest = new(TimeSpan.Zero, limits.StatementRestFactor, time);
    private readonly Rest _tableRest = new(limits.TablePeriod, limits.RestFactor, time);
    private readonly DeadlockWindow _deadlocks = new(limits.DeadlockWindow);
    private NpgsqlConnection? _connection;
    private StatementReader? _reader;
    private (string Version, string Database, string Role, bool All) _who;
    private ServerIdentity? _identity;
    private SampleCounters? _before;
    private DateTimeOffset _statementsAt;
    private StatementStatistics _statistics = new(0, 0, [], "not read yet");
    private IReadOnlyList<TableFacts>? _tables;
    private TableLook? _look;

    /// <summary>The text of a statement that was seen.</summary>
    public string? TextOf(long statement) => _changes.TextOf(statement);

    /// <summary>Takes one.</summary>
    public async Task<ServerSample> TakeAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await MeetAsync(connection, cancellation);
        // Beside the rest: a console that does not answer takes no longer than it is waited for.
        Task<PoolFacts>? pools = console?.ReadAsync(cancellation);
        try
        {
            return await TakeAsync(connection, pools, cancellation);
        }
        finally
        {
            // Whatever becomes of the server, the console's connection is quiet again.
            if (pools is not null)
            {
                await ((Task)pools).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task<ServerSample> TakeAsync(
        NpgsqlConnection connection,
        Task<PoolFacts>? pools,
        CancellationToken cancellation
    )
    {
        ServerIdentity identity = await ServerIdentity.ReadAsync(connection, cancellation);
        if (identity != _identity)
        {
            Forget(identity);
        }
        SampleCounters now = await ReadAsync(connection, cancellation);
        SessionCounts sessions = await SessionCounts.ReadAsync(connection, cancellation);
        Keep(sessions);
        IReadOnlyList<string> blockers =
            sessions.WaitingForLock > 0 ? await SessionCounts.BlockersAsync(connection, cancellation) : [];
        ReplicationFacts replication = await ReplicationFacts.ReadAsync(connection, cancellation);
        (IReadOnlyDictionary<long, StatementTotals> statements, double? calls) = await ReadStatementsAsync(
            now.At,
            cancellation
        );
        TableLook? look = await LookAsync(connection, cancellation);
        SampleCounters? before = _before;
        _before = now;
        SampleChange change = SampleChange.Between(before, now);
        DatabaseTotals own = now.Databases.First(one => one.Oid == identity.Database);
        DatabaseTotals? done = change.Databases.FirstOrDefault(one => one.Oid == identity.Database);
        Keep(now.At, change, done);
        ServerSamples parts = new(
            _who.Version,
            _who.Database,
            _who.Role,
            _who.All,
            Counters(own, now.At, identity),
            Counters(done ?? own with { Transactions = 0, BlocksHit = 0, BlocksRead = 0 }, now.At, identity),
            change.Elapsed ?? TimeSpan.Zero,
            [sessions],
            blockers,
            _statistics,
            _tables ?? [],
            replication,
            change.Elapsed is null ? null : before?.Host,
            now.Host,
            host.Source
        )
        {
            Pools = pools is null ? [] : [await pools],
        };
        return new ServerSample
        {
            At = time.GetUtcNow(),
            Identity = identity,
            Parts = parts with { Sessions = [.. _sessions] },
            Readings = SampleReadings.Of(parts, _deadlocks),
            Values = SampleValues.Of(parts, change, done, _look, calls),
            Databases = change.Databases,
            Statements = statements,
            Tables = look,
        };
    }

    // A new connection may be another role, and must not be measured itself.
    private async Task MeetAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        if (_connection == connection)
        {
            return;
        }
        await MonitorConnections.HideAsync(connection, cancellation);
        await connection.ExecuteAsync(
            $"SET lock_timeout = '{SessionLimits.Milliseconds(limits.LockTimeout)}'",
            [],
            cancellation
        );
        _who = (
            await connection.ListAsync(
                WhoSql,
                [],
                static row => (row.GetString(0), row.GetString(1), row.GetString(2), row.GetBoolean(3)),
                cancellation
            )
        )[0];
        _reader = new StatementReader(connection, limits.StatementTextMax);
        _connection = connection;
    }

    private void Forget(ServerIdentity identity)
    {
        _identity = identity;
        _before = null;
        _tables = null;
        _look = null;
        _tableRest.Reset();
        _statementRest.Reset();
        _changes.Forget();
        _deadlocks.Clear();
        _sessions.Clear();
    }

    private async Task<SampleCounters> ReadAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        HostCounters? machine = await host.ReadAsync(connection, cancellation);
        object? wal = await connection.ScalarAsync(WalSql, [], cancellation);
        (IReadOnlyList<DatabaseTotals> databases, DateTimeOffset at) = await DatabaseTotals.ReadAsync(
            connection,
            cancellation
        );
        return new SampleCounters(at, databases, machine, wal is decimal position ? position : null);
    }

    private void Keep(SessionCounts sessions)
    {
        _sessions.Add(sessions);
        if (_sessions.Count > limits.SessionsKept)
        {
            _sessions.RemoveAt(0);
        }
    }

    private void Keep(DateTimeOffset at, SampleChange change, DatabaseTotals? done)
    {
        if (change.Elapsed is { } elapsed)
        {
            _deadlocks.Add(at, elapsed, done?.Deadlocks ?? 0);
        }
    }

    private async Task<(IReadOnlyDictionary<long, StatementTotals>, double? CallRate)> ReadStatementsAsync(
        DateTimeOffset at,
        CancellationToken cancellation
    )
    {
        Dictionary<long, StatementTotals> none = [];
        if (!_statementRest.IsDue)
        {
            return (none, null);
        }
        _statementRest.Begin();
        IReadOnlyList<StatementRow> rows = await _reader!.ReadAsync(cancellation);
        if (_reader.Problem is { } problem)
        {
            _changes.Forget();
            _statistics = new StatementStatistics(0, 0, [], problem);
            return (none, null);
        }
        long[] unknown = _changes.Unknown(rows);
        _changes.Learn(unknown, await _reader.TextsAsync(unknown, cancellation));
        TimeSpan span = at - _statementsAt;
        _statementsAt = at;
        Dictionary<long, StatementTotals>? done = _changes.Advance(rows);
        _statementRest.End();
        // At the first look there is only what was counted since the reset.
        IEnumerable<StatementTotals> counted =
            done?.Values ?? rows.Where(row => _changes.TextOf(row.Id) is not null).Select(static row => row.Totals);
        StatementTotals sum = counted.Aggregate(default(StatementTotals), static (all, one) => all + one);
        _statistics = new StatementStatistics(sum.Calls, sum.TotalMs, [], null);
        return done is null || span <= TimeSpan.Zero ? (none, null) : (done, sum.Calls / span.TotalSeconds);
    }

    private async Task<TableLook?> LookAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        if (!_tableRest.IsDue)
        {
            return null;
        }
        _tableRest.Begin();
        List<TableFacts> now;
        List<(string Name, long Bytes)> sizes;
        try
        {
            now = await TableFacts.ReadAsync(connection, cancellation);
            sizes = await connection.ListAsync(
                SizesSql,
                [],
                static row => (row.GetString(0), row.GetInt64(1)),
                cancellation
            );
        }
        catch (PostgresException failure) when (failure.SqlState is "55P03" or "42P01" or "XX000")
        {
            // A table is locked, or was dropped meanwhile: what was known stays until the next look.
            return null;
        }
        _look = new TableLook(
            TableLook.Changes(now, _tables),
            sizes.Sum(static one => one.Bytes),
            sizes.ToDictionary(static one => one.Name, static one => one.Bytes)
        );
        _tables = now;
        _tableRest.End();
        return _look;
    }

    private static DatabaseCounters Counters(DatabaseTotals totals, DateTimeOffset at, ServerIdentity identity) =>
        new(
            at,
            totals.Reset ?? identity.StartedAt,
            totals.Transactions,
            totals.BlocksHit,
            totals.BlocksRead,
            totals.Deadlocks
        );
}
