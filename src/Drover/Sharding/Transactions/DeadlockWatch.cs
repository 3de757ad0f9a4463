// Finds transactions that wait for each other on different shards, which no server can see; the youngest fails.
using System.Collections.Concurrent;
using Drover.Operations.Connections;
using Drover.Routing;
using Drover.Routing.Transactions;
using Drover.Telemetry.ControlPlane;
using Drover.Topology;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Drover.Sharding.Transactions;

/// <summary>
/// Every proxy runs it while it has transactions on several shards: it asks the shards who waits for whom, tells the
/// other proxies of its own that wait, and breaks a circle that is there at two looks in a row. All see the same circle
/// and choose the same victim; the proxy that has it ends it.
/// </summary>
internal sealed class DeadlockWatch(ShardServers servers, ShardedDatabaseState state, TimeProvider time, ILogger logger)
    : IAsyncDisposable
{
    /// <summary>Time between two looks.</summary>
    public static readonly TimeSpan Period = TimeSpan.FromMilliseconds(500);

    private const string WaitsSql = """
        SELECT DISTINCT w.pid, b.pid FROM pg_locks w JOIN pg_stat_activity a ON a.pid = w.pid
        CROSS JOIN LATERAL unnest(pg_blocking_pids(w.pid)) b (pid)
        WHERE NOT w.granted AND a.datname = current_database() AND b.pid <> 0
        """;

    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<string, NpgsqlConnection> _sessions = [];
    private readonly HashSet<Guid> _told = [];
    private IReadOnlySet<Guid> _suspects = new HashSet<Guid>();
    private bool _isLost;

    /// <summary>Looks until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                await Task.Delay(Period, time, cancellationToken);
                if (!state.Spanning.IsEmpty && state.Map is { } map)
                {
                    await TryLookAsync(map, cancellationToken);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The process ends.
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => CloseAsync();

    /// <summary>Whatever goes wrong, it goes on.</summary>
    private async Task TryLookAsync(TopologySnapshot map, CancellationToken cancellationToken)
    {
        using CancellationTokenSource late = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        late.CancelAfter(s_limit);
        try
        {
            await LookAsync(map, late.Token);
            _isLost &= _sessions.Count < map.Shards.Length;
        }
        catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
        {
            await CloseAsync();
            Lose(failure);
        }
    }

    private async Task LookAsync(TopologySnapshot map, CancellationToken cancellationToken)
    {
        List<LockWait>[] waits = await Task.WhenAll(map.Shards.Select(shard => ReadAsync(shard, cancellationToken)));
        HashSet<TransactionPlace> waiting =
        [
            .. waits.SelectMany(static all => all).Select(static one => new TransactionPlace(one.Shard, one.Waiting)),
        ];
        SpanningTransaction[] own = state.Spanning.Snapshot();
        SpanningTransaction[] held = [.. own.Where(one => one.Places.Any(waiting.Contains))];
        if (held.Length == 0)
        {
            _suspects = new HashSet<Guid>();
            _told.Clear();
            return;
        }
        Dictionary<TransactionPlace, Guid> places = [];
        NpgsqlConnection catalog = await SessionAsync("", () => servers.Catalog.OpenAsync(cancellationToken));
        await SpanningLog.WriteAsync(catalog, held, cancellationToken);
        _told.UnionWith(held.Select(static one => one.Id));
        foreach ((Guid id, TransactionPlace[] all) in await SpanningLog.ReadAsync(catalog, cancellationToken))
        {
            // Of one that is over, others have the sessions now.
            if (!_told.Contains(id))
            {
                Note(places, id, all);
            }
        }
        foreach (SpanningTransaction one in own)
        {
            Note(places, one.Id, one.Places);
        }
        IReadOnlySet<Guid> victims = WaitGraph.Victims(waits.SelectMany(static all => all), places);
        foreach (SpanningTransaction one in own)
        {
            if (victims.Contains(one.Id) && _suspects.Contains(one.Id) && !one.IsBroken)
            {
                LogCommit.DeadlockBroken(logger, servers.Database.Name, one.Places.Length);
                await one.BreakAsync().WaitAsync(cancellationToken);
            }
        }
        _suspects = victims;
    }

    private static void Note(Dictionary<TransactionPlace, Guid> places, Guid id, TransactionPlace[] all)
    {
        foreach (TransactionPlace place in all)
        {
            places[place] = id;
        }
    }

    private async Task<List<LockWait>> ReadAsync(Shard shard, CancellationToken cancellationToken)
    {
        try
        {
            NpgsqlConnection session = await SessionAsync(
                shard.Name,
                () => servers.OpenAsync(shard, cancellationToken)
            );
            return await session.ListAsync(
                WaitsSql,
                [],
                row => new LockWait(shard.Number, row.GetInt32(0), row.GetInt32(1)),
                cancellationToken
            );
        }
        catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
        {
            // Those among the others are found all the same.
            Lose(failure);
            await CloseAsync(shard.Name);
            return [];
        }
    }

    private async Task<NpgsqlConnection> SessionAsync(string name, Func<Task<NpgsqlConnection>> open)
    {
        if (!_sessions.TryGetValue(name, out NpgsqlConnection? known))
        {
            _sessions[name] = known = await open();
        }
        return known;
    }

    private void Lose(Exception failure)
    {
        if (!_isLost)
        {
            _isLost = true;
            string reason = ServerFailure.Describe(failure, "a shard");
            LogCommit.DeadlocksUnseen(logger, servers.Database.Name, reason);
        }
    }

    private async ValueTask CloseAsync(string name)
    {
        if (_sessions.TryRemove(name, out NpgsqlConnection? session))
        {
            await session.DisposeAsync();
        }
    }

    private async ValueTask CloseAsync()
    {
        foreach (string name in _sessions.Keys)
        {
            await CloseAsync(name);
        }
    }
}
