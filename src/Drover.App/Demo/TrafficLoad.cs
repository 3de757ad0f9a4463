// Runs a scene's clients: connects them, warms up, measures, and lets them go.
using System.Globalization;
using Drover.App.LocalPostgres;
using HdrHistogram;
using Npgsql;

namespace Drover.App.Demo;

/// <summary>
/// A closed loop with think time: each client pauses, asks, waits for the answer. The mean pause is the number of
/// clients over the wanted rate, so that any number of clients asks the same of the server.
/// </summary>
internal sealed class TrafficLoad(string scene, DemoStage stage, int clientCount, int port)
{
    // As many logins under way at once as a well-behaved application allows itself.
    private const int ConnectingMax = 32;
    private const double WarmUpSeconds = 4;
    private static readonly TimeSpan s_tick = TimeSpan.FromMilliseconds(500);

    private readonly TrafficMeter _meter = new();
    private readonly Shop _shop = new(stage.Options.Scale);
    private readonly TimeSpan _meanPause = TimeSpan.FromSeconds((double)clientCount / stage.Options.QueriesPerSecond);
    private readonly TimeProvider _clock = stage.TimeProvider;
    private int _serverConnectionsMax;

    /// <summary>Every so many clients one has its statements prepared by its driver; 0: none.</summary>
    public int PreparingEvery { get; init; }

    /// <summary>The servers behind the port.</summary>
    public IReadOnlyList<LocalPostgresCluster> Servers { get; init; } = [stage.Cluster];

    /// <summary>Clients name the customer in every statement but the dashboard.</summary>
    public bool IsByCustomer { get; init; }

    /// <summary>Clients whose driver prepares.</summary>
    public int PreparingClients => PreparingEvery == 0 ? 0 : clientCount / PreparingEvery;

    /// <summary>Plays the traffic and measures it.</summary>
    public Task<SceneResult> RunAsync(Action<TrafficSnapshot> show, CancellationToken cancellationToken) =>
        RunAsync(() => MeasureAsync("measuring", show, cancellationToken), show, cancellationToken);

    /// <summary>Plays the traffic while something else is done, which gives the figures.</summary>
    /// <remarks>
    /// 1. All clients connect. 2. The traffic warms up. 3. What is done beside it. 4. The clients stop asking; while
    /// they are still connected the memory of their servers is read. 5. They leave.
    /// </remarks>
    public async Task<SceneResult> RunAsync(
        Func<Task<SceneResult>> play,
        Action<TrafficSnapshot> show,
        CancellationToken cancellationToken
    )
    {
        string address = DemoStage.ConnectionString(port);
        await using NpgsqlDataSource plain = new NpgsqlSlimDataSourceBuilder(address).Build();
        await using NpgsqlDataSource preparing = new NpgsqlSlimDataSourceBuilder(
            $"{address};Max Auto Prepare=10;Auto Prepare Min Usages=2"
        ).Build();
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        TaskCompletionSource leave = new(TaskCreationOptions.RunContinuationsAsynchronously);
        using SemaphoreSlim connecting = new(ConnectingMax);
        Task clients = Task.WhenAll(
            Enumerable
                .Range(1, clientCount)
                .Select(client =>
                {
                    NpgsqlDataSource source = Prepares(client) ? preparing : plain;
                    return LiveAsync(client, source, connecting, leave.Task, stop.Token, cancellationToken);
                })
        );
        try
        {
            // 1.
            while (_meter.Clients < clientCount && _meter.Errors == 0)
            {
                double Connected() => (double)_meter.Clients / clientCount;
                await WatchAsync("connecting", Connected, s_tick, show, cancellationToken);
            }
            // 2.
            await WarmUpAsync(show, cancellationToken);
            // 3.
            SceneResult result = await play();
            // 4.
            await stop.CancelAsync();
            return result with
            {
                Servers = Servers.Count,
                DatabaseBytes = await ReadSizeAsync(cancellationToken),
                ServerConnectionsMax = _serverConnectionsMax,
                Errors = _meter.Errors,
                FirstError = _meter.FirstError,
                BackendMemoryBytes = await ReadBackendMemoryAsync(cancellationToken),
            };
        }
        finally
        {
            // 5.
            await stop.CancelAsync();
            leave.SetResult();
            await clients;
        }
    }

    /// <summary>Lets the traffic run for a moment that counts for nothing.</summary>
    public Task WarmUpAsync(Action<TrafficSnapshot> show, CancellationToken cancellationToken) =>
        WatchAsync("warming up", TimeSpan.FromSeconds(WarmUpSeconds), show, cancellationToken);

    /// <summary>Measures the traffic for as long as the user asked for.</summary>
    public async Task<SceneResult> MeasureAsync(
        string phase,
        Action<TrafficSnapshot> show,
        CancellationToken cancellationToken
    )
    {
        long started = _clock.GetTimestamp();
        TimeSpan measured = TimeSpan.FromSeconds(stage.Options.Seconds);
        TrafficTimes times = await WatchAsync(phase, measured, show, cancellationToken);
        HistogramBase total = times.All;
        return new SceneResult
        {
            Scene = scene,
            Clients = clientCount,
            ServerConnectionsMax = _serverConnectionsMax,
            Queries = total.TotalCount,
            QueriesPerSecond = total.TotalCount / _clock.GetElapsedTime(started).TotalSeconds,
            AverageMs = total.AverageMs(),
            P95Ms = total.PercentileMs(95),
            P99Ms = total.PercentileMs(99),
            Errors = _meter.Errors,
            Times = times,
        };
    }

    /// <summary>Shows the traffic until <paramref name="work"/> is over; gives the longest time of each tick, by the
    /// moment that the tick ended.</summary>
    public async Task<IReadOnlyList<(DateTimeOffset End, double MaxMs)>> ShowWhileAsync(
        Task work,
        Func<(double Progress, string? Line)> describe,
        Action<TrafficSnapshot> show,
        CancellationToken cancellationToken
    )
    {
        List<(DateTimeOffset End, double MaxMs)> ticks = [];
        while (!work.IsCompleted)
        {
            TrafficTimes times = await WatchAsync(
                "converting",
                () => describe().Progress,
                s_tick,
                snapshot => show(snapshot with { Work = describe().Line }),
                cancellationToken
            );
            ticks.Add((_clock.GetUtcNow(), times.All.MaxMs()));
        }
        await work;
        return ticks;
    }

    private bool Prepares(int client) => PreparingEvery > 0 && client % PreparingEvery == 0;

    // One client from its login to its leaving. Never throws: what fails is counted, and the client connects again.
    private async Task LiveAsync(
        int client,
        NpgsqlDataSource source,
        SemaphoreSlim connecting,
        Task leave,
        CancellationToken stop,
        CancellationToken cancellationToken
    )
    {
        ShopTraffic traffic = new(_shop, client, _clock) { IsByCustomer = IsByCustomer };
        while (!stop.IsCancellationRequested)
        {
            bool counted = false;
            try
            {
                await using NpgsqlConnection connection = source.CreateConnection();
                await connecting.WaitAsync(stop);
                try
                {
                    await connection.OpenAsync(cancellationToken);
                }
                finally
                {
                    connecting.Release();
                }
                _meter.CountClient(1);
                counted = true;
                await AskUntilAsync(traffic, connection, stop, cancellationToken);
                await leave;
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested) { }
            catch (Exception failure) when (failure is NpgsqlException or IOException or TimeoutException)
            {
                // What Ctrl-C breaks off is no failure of the server.
                if (!cancellationToken.IsCancellationRequested)
                {
                    _meter.RecordError(failure.Message);
                }
                await Task.Delay(_meanPause, _clock, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            finally
            {
                _meter.CountClient(counted ? -1 : 0);
            }
        }
    }

    // A query under way when the time is over is waited for.
    private async Task AskUntilAsync(
        ShopTraffic traffic,
        NpgsqlConnection connection,
        CancellationToken stop,
        CancellationToken cancellationToken
    )
    {
        while (true)
        {
            TimeSpan pause = traffic.NextPause(_meanPause);
            await Task.Delay(pause, _clock, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (stop.IsCancellationRequested)
            {
                return;
            }
            await traffic.ActAsync(connection, _meter, cancellationToken);
        }
    }

    private Task<TrafficTimes> WatchAsync(
        string phase,
        TimeSpan duration,
        Action<TrafficSnapshot> show,
        CancellationToken cancellationToken
    )
    {
        long started = _clock.GetTimestamp();
        _meter.TakeInterval();
        return WatchAsync(phase, () => _clock.GetElapsedTime(started) / duration, duration, show, cancellationToken);
    }

    // Shows a snapshot each tick, and adds up what was measured meanwhile.
    private async Task<TrafficTimes> WatchAsync(
        string phase,
        Func<double> progress,
        TimeSpan duration,
        Action<TrafficSnapshot> show,
        CancellationToken cancellationToken
    )
    {
        TrafficTimes total = new();
        long started = _clock.GetTimestamp();
        for (long last = started; _clock.GetElapsedTime(started) < duration; )
        {
            TimeSpan left = duration - _clock.GetElapsedTime(started);
            await Task.Delay(left < s_tick ? left : s_tick, _clock, cancellationToken);
            TrafficTimes times = _meter.TakeInterval();
            total.Add(times);
            HistogramBase interval = times.All;
            int connections = (await ReadBackendsAsync(cancellationToken)).Count;
            _serverConnectionsMax = Math.Max(_serverConnectionsMax, connections);
            double seconds = _clock.GetElapsedTime(last).TotalSeconds;
            last = _clock.GetTimestamp();
            show(
                new TrafficSnapshot
                {
                    Phase = phase,
                    Progress = Math.Min(1, progress()),
                    Clients = _meter.Clients,
                    ServerConnections = connections,
                    QueriesPerSecond = interval.TotalCount / seconds,
                    AverageMs = interval.AverageMs(),
                    P95Ms = interval.PercentileMs(95),
                    P99Ms = interval.PercentileMs(99),
                    Errors = _meter.Errors,
                }
            );
        }
        return total;
    }

    // Asked on a connection of our own, straight to PostgreSQL, to another database.
    private async Task<IReadOnlyList<int>> ReadBackendsAsync(CancellationToken cancellationToken)
    {
        const string sql =
            "SELECT string_agg(pid::text, ' ') FROM pg_stat_activity "
            + $"WHERE datname = '{Shop.Database}' AND usename = '{Shop.Role}' AND backend_type = 'client backend'";
        string processes = "";
        foreach (LocalPostgresCluster server in Servers)
        {
            processes += ' ' + await server.QueryAsync(sql, cancellationToken);
        }
        return
        [
            .. processes
                .Split(' ', StringSplitOptions.RemoveEmptyEntries)
                .Select(static text => int.Parse(text, CultureInfo.InvariantCulture)),
        ];
    }

    private async Task<long?> ReadBackendMemoryAsync(CancellationToken cancellationToken)
    {
        IReadOnlyList<int> backends = await ReadBackendsAsync(cancellationToken);
        List<long> sizes = [.. backends.Select(ProcessTree.ReadOwnMemory).OfType<long>()];
        return sizes.Count == 0 ? null : sizes.Sum();
    }

    private async Task<long> ReadSizeAsync(CancellationToken cancellationToken)
    {
        long bytes = 0;
        foreach (LocalPostgresCluster server in Servers)
        {
            string size = (
                await server.QueryAsync("SELECT pg_database_size(current_database())", cancellationToken, Shop.Database)
            )!;
            bytes += long.Parse(size, CultureInfo.InvariantCulture);
        }
        return bytes;
    }
}
