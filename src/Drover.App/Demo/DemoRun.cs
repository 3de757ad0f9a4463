// The demo from its first line to its last: PostgreSQL, the shop, the scenes, the closing table.
using System.Globalization;
using System.Text.Json;
using Drover.App.Demo.Sharded;
using Drover.App.LocalPostgres;

namespace Drover.App.Demo;

/// <summary>Plays the scenes in order and reports; everything that it started has ended when it returns.</summary>
internal sealed class DemoRun(DemoOptions options, IDemoScreen screen, TimeProvider timeProvider)
{
    /// <summary>Connections that PostgreSQL and the proxy allow beyond those of the clients.</summary>
    public const int SpareConnections = 20;

    /// <summary>The exit code of a demo in which every query was answered.</summary>
    public const int Succeeded = 0;

    /// <summary>The exit code after a failed query, or when something could not be started.</summary>
    public const int Failed = 1;

    private static readonly IReadOnlyList<IDemoScene> s_scenes =
    [
        new DirectScene(),
        new PooledScene(),
        new ConversionScene(),
        new ShardedScene(),
    ];

    /// <summary>The scenes' names, in order.</summary>
    public static IReadOnlyList<string> SceneNames { get; } = [.. s_scenes.Select(static scene => scene.Name)];

    /// <summary>Runs the demo; returns the exit code.</summary>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        screen.Say("Starting PostgreSQL ...");
        await using LocalPostgresCluster cluster = await LocalPostgresCluster.StartNewAsync(
            CreateClusterOptions(),
            cancellationToken
        );
        TimeSpan loading = await LoadAsync(cluster, cancellationToken);
        await using DemoStage stage = new(options, cluster, timeProvider);
        List<SceneResult> results = [];
        foreach (IDemoScene scene in s_scenes.Where(IsWanted))
        {
            if (scene is ShardedScene && !ShardedScene.IsPossible)
            {
                screen.Say("Left out: the shop on 4 servers needs libpg_query (apt install libpg-query1504.0).");
                continue;
            }
            results.Add(
                await screen.WatchAsync(
                    $"Scene {results.Count + 1}: {scene.Name}",
                    scene.Caption(options),
                    show => scene.PlayAsync(stage, show, cancellationToken)
                )
            );
            await stage.CheckAsync(cancellationToken);
        }
        DemoReport report = new()
        {
            PostgresVersion = cluster.Binaries.Version,
            Scale = options.Scale,
            Seconds = options.Seconds,
            LoadSeconds = loading.TotalSeconds,
            ServerMonth = options.ServerMonth,
            Scenes = results,
        };
        screen.Close(report);
        if (options.JsonFile is { } file)
        {
            await File.WriteAllTextAsync(
                file,
                JsonSerializer.Serialize(report, DemoJson.Default.DemoReport) + "\n",
                cancellationToken
            );
        }
        if (options.Keep)
        {
            await KeepAsync(stage, report, cancellationToken);
        }
        return results.TrueForAll(static result => result.Errors == 0) ? Succeeded : Failed;
    }

    private bool IsWanted(IDemoScene scene) => options.Scenes.Count == 0 || options.Scenes.Contains(scene.Name);

    private LocalPostgresOptions CreateClusterOptions() =>
        new()
        {
            BinFolder = options.PostgresBinFolder,
            MaxConnections = options.DirectClients + SpareConnections,
            SharedBuffers = "256MB",
            TimeProvider = timeProvider,
            Settings = new Dictionary<string, string>
            {
                // The same plan in both scenes and on any machine.
                ["jit"] = "off",
                ["max_parallel_workers_per_gather"] = "0",
                ["max_wal_size"] = "2GB",
                ["maintenance_work_mem"] = "128MB",
            },
        };

    private async Task<TimeSpan> LoadAsync(LocalPostgresCluster cluster, CancellationToken cancellationToken)
    {
        Shop shop = new(options.Scale);
        screen.Say(
            string.Create(
                CultureInfo.InvariantCulture,
                $"PostgreSQL {cluster.Binaries.Version} on port {cluster.Port}. Making {shop.Rows:N0} rows ..."
            )
        );
        long started = timeProvider.GetTimestamp();
        await shop.LoadAsync(cluster, line => screen.Say($"  {line}"), cancellationToken);
        TimeSpan loading = timeProvider.GetElapsedTime(started);
        screen.Say(string.Create(CultureInfo.InvariantCulture, $"Made in {loading.TotalSeconds:F1} s."));
        return loading;
    }

    // Ctrl-C ends the demo as it was asked to end: no failure.
    private async Task KeepAsync(DemoStage stage, DemoReport report, CancellationToken cancellationToken)
    {
        string host = LocalPostgresCluster.Host;
        string superuser = LocalPostgresCluster.Superuser;
        screen.Say("Everything stays up until Ctrl-C:");
        screen.Say($"  psql -h {host} -p {stage.Cluster.Port} -U {Shop.Role} {Shop.Database}    # PostgreSQL itself");
        foreach (ConversionResult conversion in report.Conversions)
        {
            screen.Say($"  {conversion.WayBack}    # the old table takes its name back, with all written since");
        }
        if (stage.Proxy is { } proxy)
        {
            screen.Say($"  psql -h {host} -p {proxy.Port} -U {superuser} pgbouncer    # Drover's console: SHOW POOLS");
            screen.Say($"  psql -h {host} -p {proxy.Port} -U {Shop.Role} {Shop.Database}    # through Drover");
        }
        foreach (ShardingResult sharding in report.Shardings)
        {
            screen.Say(
                $"  psql -h {host} -p {sharding.Port} -U {Shop.Role} {Shop.Database}    # the shop on 4 servers"
            );
        }
        await Task.Delay(Timeout.InfiniteTimeSpan, timeProvider, cancellationToken)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}
