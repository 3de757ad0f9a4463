// The running proxy as its operator knows it: one face over what reads it and what changes it.
using System.Reflection;
using Drover.Administration;
using Drover.Telemetry;
using Drover.Telemetry.Statements;
using Microsoft.Extensions.Logging;

namespace Drover.Proxy;

/// <summary>The real <see cref="IProxyAdministration"/>.</summary>
internal sealed class ProxyAdministration : IProxyAdministration, IDisposable
{
    private readonly DataPlane _plane;
    private readonly ConnectionReader _connections;
    private readonly ProxySnapshots _snapshots;
    private readonly MapSnapshots _maps;
    private readonly ProxyPauses _pauses;
    private readonly ProxyReload _reload;
    private readonly ProxyShutdown _shutdown;

    /// <summary>Administers a data plane; <see cref="Serving"/> says when it listens.</summary>
    public ProxyAdministration(DataPlane plane, IProxyHost host, ILogger log)
    {
        _plane = plane;
        _connections = new ConnectionReader(plane);
        _snapshots = new ProxySnapshots(plane, _connections);
        _maps = new MapSnapshots(plane);
        _pauses = new ProxyPauses(plane);
        _reload = new ProxyReload(plane, host, log);
        _shutdown = new ProxyShutdown(plane, _pauses, host, log);
        Statistics = new StatisticsSampler(plane.Time, _snapshots.TrafficWithConsole);
    }

    /// <summary>The version of this program.</summary>
    public static string ProgramVersion { get; } =
        typeof(ProxyAdministration)
            .Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()
            ?.InformationalVersion.Split('+')[0]
        ?? "0";

    /// <inheritdoc/>
    public string Version => ProgramVersion;

    /// <inheritdoc/>
    public StatisticsSampler Statistics { get; }

    /// <inheritdoc/>
    public LifecycleStage Stage => _shutdown.Stage;

    /// <inheritdoc/>
    public ProxyState State => _pauses.State;

    /// <inheritdoc/>
    public long LoginsRefused => _plane.Services.Registry.Refused;

    /// <summary>The proxy listens.</summary>
    public void Serving() => _shutdown.Serving();

    /// <inheritdoc/>
    public IReadOnlyList<PoolTraffic> Traffic() => _snapshots.Traffic();

    /// <inheritdoc/>
    public IReadOnlyList<PoolSnapshot> Pools() => _snapshots.Pools();

    /// <inheritdoc/>
    public IReadOnlyList<DatabaseSnapshot> Databases() => _snapshots.Databases();

    /// <inheritdoc/>
    public ConsoleSnapshot Console() => _snapshots.Console();

    /// <inheritdoc/>
    public IReadOnlyList<ConnectionSnapshot> Clients() => _connections.Clients();

    /// <inheritdoc/>
    public IReadOnlyList<ConnectionSnapshot> Servers() => _connections.Servers();

    /// <inheritdoc/>
    public IReadOnlyList<ConnectionSnapshot> LoginClients() => _connections.LoginClients();

    /// <inheritdoc/>
    public IReadOnlyList<ListenerSnapshot> Listeners() => _snapshots.Listeners();

    /// <inheritdoc/>
    public IReadOnlyList<UserSnapshot> Users() => _snapshots.Users();

    /// <inheritdoc/>
    public ListSnapshot Lists() => _snapshots.Lists();

    /// <inheritdoc/>
    public IReadOnlyList<MemorySnapshot> Memory() => _snapshots.Memory();

    /// <inheritdoc/>
    public IReadOnlyList<DnsHostSnapshot> DnsHosts() => _plane.Resolver.Snapshot();

    /// <inheritdoc/>
    public IReadOnlyList<PreparedStatementSnapshot> PreparedStatements() => _snapshots.PreparedStatements();

    /// <inheritdoc/>
    public IReadOnlyList<ShardSnapshot> Shards() => _maps.Shards();

    /// <inheritdoc/>
    public IReadOnlyList<DeclaredTableSnapshot> DeclaredTables() => _maps.Tables();

    /// <inheritdoc/>
    public IReadOnlyList<TierTraffic> Tiers() => _maps.Tiers();

    /// <inheritdoc/>
    public IReadOnlyList<(string Database, CrossShardStatement Statement)> CrossShard() => _maps.CrossShard();

    /// <inheritdoc/>
    public IReadOnlyList<SettingSnapshot> Settings() => _snapshots.Settings();

    /// <inheritdoc/>
    public AdministrationResult Set(string name, string value) => _reload.Set(name, value);

    /// <inheritdoc/>
    public ValueTask<AdministrationResult> PauseAsync(string? database, CancellationToken cancellation) =>
        _pauses.PauseAsync(database, cancellation);

    /// <inheritdoc/>
    public AdministrationResult Resume(string? database) =>
        Stage == LifecycleStage.Draining && database is null
            ? AdministrationResult.Failed("pooler is shutting down")
            : _pauses.Resume(database);

    /// <inheritdoc/>
    public ValueTask<AdministrationResult> SuspendAsync(CancellationToken cancellation) =>
        _pauses.SuspendAsync(cancellation);

    /// <inheritdoc/>
    public AdministrationResult Disable(string database) => _pauses.SetDisabled(database, disabled: true);

    /// <inheritdoc/>
    public AdministrationResult Enable(string database) => _pauses.SetDisabled(database, disabled: false);

    /// <inheritdoc/>
    public AdministrationResult Reconnect(string? database) => _pauses.Reconnect(database);

    /// <inheritdoc/>
    public ValueTask<AdministrationResult> KillAsync(string? database, CancellationToken cancellation) =>
        _pauses.KillAsync(database, cancellation);

    /// <inheritdoc/>
    public AdministrationResult KillClient(long id)
    {
        if (_plane.Services.Registry.Find(id) is not { } client)
        {
            return AdministrationResult.Failed(
                "client not found",
                hint: "SHOW CLIENTS has the numbers in its column id."
            );
        }
        client.Kill(ProxyPauses.ForcedDisconnect);
        return AdministrationResult.Ok;
    }

    /// <inheritdoc/>
    public ValueTask<AdministrationResult> ReloadAsync(CancellationToken cancellation) =>
        _reload.ReloadAsync(cancellation);

    /// <inheritdoc/>
    public ValueTask<AdministrationResult> WaitCloseAsync(string? database, CancellationToken cancellation) =>
        _pauses.WaitCloseAsync(database, cancellation);

    /// <inheritdoc/>
    public AdministrationResult Shutdown(ShutdownMode mode) => _shutdown.Begin(mode);

    /// <inheritdoc/>
    public void Dispose() => _reload.Dispose();
}
