// The demo is a list of scenes; each plays on the stage that those before it have set.
using Drover.App.LocalPostgres;

namespace Drover.App.Demo;

/// <summary>One scene of the demo.</summary>
internal interface IDemoScene
{
    /// <summary>The scene's name in the closing table and in JSON.</summary>
    string Name { get; }

    /// <summary>One or two sentences on what is to be seen, and why it is fair.</summary>
    string Caption(DemoOptions options);

    /// <summary>Plays the scene and returns what was measured.</summary>
    Task<SceneResult> PlayAsync(DemoStage stage, Action<TrafficSnapshot> show, CancellationToken cancellationToken);
}

/// <summary>What the scenes play on; owned by <see cref="DemoRun"/>.</summary>
internal sealed class DemoStage(DemoOptions options, LocalPostgresCluster cluster, TimeProvider timeProvider)
    : IAsyncDisposable
{
    private readonly List<IAsyncDisposable> _owned = [];
    private readonly List<ProxyProcess> _expected = [];

    /// <summary>What the user asked for.</summary>
    public DemoOptions Options => options;

    /// <summary>PostgreSQL, with the shop in the database <see cref="Shop.Database"/>.</summary>
    public LocalPostgresCluster Cluster => cluster;

    /// <summary>The clock.</summary>
    public TimeProvider TimeProvider => timeProvider;

    /// <summary>Drover, from the first scene that needs it on.</summary>
    public ProxyProcess? Proxy { get; private set; }

    /// <summary>How an operator's tool reaches the shop: PostgreSQL itself, not the pool.</summary>
    public string OperatorAddress =>
        $"postgres://{LocalPostgresCluster.Superuser}@{LocalPostgresCluster.Host}:{cluster.Port}/{Shop.Database}";

    /// <summary>How a client of the shop connects to an address.</summary>
    public static string ConnectionString(int port) =>
        $"Host={LocalPostgresCluster.Host};Port={port};Username={Shop.Role};Database={Shop.Database};Pooling=false;"
        + "Timeout=30;Command Timeout=60;Server Compatibility Mode=NoTypeLoading;Application Name=shop";

    /// <summary>Starts Drover, unless an earlier scene has.</summary>
    public async Task<ProxyProcess> StartProxyAsync(CancellationToken cancellationToken)
    {
        if (Proxy is null)
        {
            Proxy = await ProxyProcess.StartAsync(cluster, options, timeProvider, cancellationToken);
            Expect(Proxy);
        }
        return Proxy;
    }

    /// <summary>Something that stays up until the demo ends.</summary>
    public void Own(IAsyncDisposable part) => _owned.Add(part);

    /// <summary>A proxy that has to be there to the end.</summary>
    public void Expect(ProxyProcess proxy) => _expected.Add(proxy);

    /// <summary>Fails if a proxy has ended by itself.</summary>
    /// <exception cref="LocalPostgresException">With its exit code and the end of its log.</exception>
    public async Task CheckAsync(CancellationToken cancellationToken)
    {
        foreach (ProxyProcess proxy in _expected)
        {
            await proxy.CheckAsync(cancellationToken);
        }
    }

    /// <summary>Ends the proxy and what scenes have started; the cluster has an owner of its own.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (IAsyncDisposable part in _owned)
        {
            await part.DisposeAsync();
        }
        if (Proxy is { } proxy)
        {
            await proxy.DisposeAsync();
        }
    }
}
