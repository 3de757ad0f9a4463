// Samples the proxy every two seconds and hands the newest to all who listen.
using System.Text.Json;
using Drover.Administration;
using Drover.App.Dashboard.Api;
using Drover.Telemetry;

namespace Drover.App.Dashboard;

/// <summary>
/// One sample for all readers, however many there are. A reader awaits <see cref="NextAsync"/> and always gets the
/// newest: nothing is queued for one who is slow.
/// </summary>
internal sealed class LiveFeed
{
    private readonly IProxyAdministration _proxy;
    private readonly TimeProvider _time;
    private readonly long _started;
    private TrafficSample _before;
    private volatile TaskCompletionSource<LiveSnapshot> _next = New();

    /// <summary>A feed that has taken its first sample.</summary>
    /// <param name="proxy">What is sampled.</param>
    /// <param name="time">The clock.</param>
    /// <param name="interval">Time between two samples.</param>
    public LiveFeed(IProxyAdministration proxy, TimeProvider time, TimeSpan interval)
    {
        _proxy = proxy;
        _time = time;
        Interval = interval;
        _started = time.GetTimestamp();
        _before = TrafficSample.Take(proxy, time);
        Current = Sample(_before);
    }

    /// <summary>Time between two samples.</summary>
    public TimeSpan Interval { get; }

    /// <summary>Adds what else is live; set before the feed runs.</summary>
    public Func<IReadOnlyList<LiveServer>> Measured { get; set; } = static () => [];

    /// <summary>The newest.</summary>
    public LiveSnapshot Current { get; private set; }

    /// <summary>The figures of the last day.</summary>
    public TrafficHistory History { get; } = new();

    /// <summary>The sample after now.</summary>
    public Task<LiveSnapshot> NextAsync() => _next.Task;

    /// <summary>Runs until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        try
        {
            while (true)
            {
                await Task.Delay(Interval, _time, cancellation).ConfigureAwait(false);
                Tick();
            }
        }
        catch (OperationCanceledException)
        {
            // The process ends.
        }
    }

    /// <summary>Takes a sample and tells everybody.</summary>
    public void Tick()
    {
        Current = Sample(TrafficSample.Take(_proxy, _time));
        History.Add(Current.Live);
        TaskCompletionSource<LiveSnapshot> waited = _next;
        _next = New();
        waited.SetResult(Current);
    }

    private LiveSnapshot Sample(TrafficSample now)
    {
        TimeSpan elapsed = _time.GetElapsedTime(_before.Stamp, now.Stamp);
        TrafficRates rates = TrafficRates.Between(_before.Total, now.Total, elapsed);
        Dictionary<(string, string), TrafficRates> pools = [];
        foreach ((var pool, TrafficCounters counters) in now.Pools)
        {
            pools[pool] = _before.Pools.TryGetValue(pool, out TrafficCounters? before)
                ? TrafficRates.Between(before, counters, elapsed)
                : TrafficRates.None;
        }
        _before = now;
        LiveAnswer live = Describe(rates, _proxy.Pools(), _proxy.Databases());
        return new LiveSnapshot(
            live,
            JsonSerializer.SerializeToUtf8Bytes(live, ApiJson.Default.LiveAnswer),
            now,
            pools
        );
    }

    private LiveAnswer Describe(
        TrafficRates rates,
        IReadOnlyList<PoolSnapshot> pools,
        IReadOnlyList<DatabaseSnapshot> databases
    ) =>
        new()
        {
            At = _time.GetUtcNow(),
            Version = _proxy.Version,
            Stage = _proxy.Stage.ToString().ToLowerInvariant(),
            State = _proxy.State.ToString().ToLowerInvariant(),
            UptimeSeconds = Math.Round(_time.GetElapsedTime(_started).TotalSeconds, 1),
            Clients = databases.Sum(static database => database.CurrentClientConnections),
            ClientsWaiting = pools.Sum(static pool => pool.ClientsWaiting),
            ClientsPinned = pools.Sum(static pool => pool.ClientsPinned),
            Servers = databases.Sum(static database => database.CurrentConnections),
            ServersActive = pools.Sum(static pool => pool.ServersActive),
            PoolUtilisationPercent = Math.Round(pools.Select(Utilisation).DefaultIfEmpty().Max(), 1),
            LongestWaitMs = pools.Select(static pool => pool.MaxWaitUs).DefaultIfEmpty().Max() / 1000.0,
            QueriesPerSecond = Math.Round(rates.Queries, 2),
            TransactionsPerSecond = Math.Round(rates.Transactions, 2),
            ErrorsPerSecond = Math.Round(rates.Errors, 2),
            ReceivedBytesPerSecond = Math.Round(rates.Received),
            SentBytesPerSecond = Math.Round(rates.Sent),
            QueryP50Ms = rates.QueryP50Ms,
            QueryP99Ms = rates.QueryP99Ms,
            WaitP99Ms = rates.WaitP99Ms,
            Measured = Measured(),
        };

    private static double Utilisation(PoolSnapshot pool) =>
        pool.PoolSize > 0 ? 100.0 * pool.ServersActive / pool.PoolSize : 0;

    private static TaskCompletionSource<LiveSnapshot> New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}

/// <summary>One sample, with its JSON.</summary>
/// <param name="Live">What is shown.</param>
/// <param name="Json">The same, as UTF-8.</param>
/// <param name="Traffic">The counters.</param>
/// <param name="Pools">Rates of each pool.</param>
internal sealed record LiveSnapshot(
    LiveAnswer Live,
    byte[] Json,
    TrafficSample Traffic,
    IReadOnlyDictionary<(string Database, string User), TrafficRates> Pools
);
