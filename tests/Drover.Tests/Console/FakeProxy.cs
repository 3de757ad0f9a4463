// A proxy that remembers what it was told and shows what a test gives it.
using Drover.Administration;
using Drover.Telemetry;
using Drover.Telemetry.Statements;

namespace Drover.Tests.Console;

internal sealed class FakeProxy : IProxyAdministration
{
    public FakeProxy(TimeProvider? time = null) => Statistics = new(time ?? TimeProvider.System, Traffic);

    public List<string> Calls { get; } = [];
    public AdministrationResult Answer { get; set; } = AdministrationResult.Ok;
    public TaskCompletionSource? PauseGate { get; set; }
    public List<ConnectionSnapshot> ClientList { get; } = [];
    public List<ConnectionSnapshot> ServerList { get; } = [];
    public List<PoolSnapshot> PoolList { get; } = [];
    public List<DatabaseSnapshot> DatabaseList { get; } = [];
    public List<UserSnapshot> UserList { get; } = [];
    public List<PoolTraffic> TrafficList { get; } = [];
    public string Version => "1.2.3";
    public LifecycleStage Stage { get; set; } = LifecycleStage.Serving;
    public ProxyState State { get; set; }
    public long LoginsRefused { get; set; }
    public StatisticsSampler Statistics { get; }

    public IReadOnlyList<PoolTraffic> Traffic() => [.. TrafficList.Select(Copy)];

    public IReadOnlyList<PoolSnapshot> Pools() => PoolList;

    public IReadOnlyList<DatabaseSnapshot> Databases() => DatabaseList;

    public ConsoleSnapshot? Console() => null;

    public IReadOnlyList<ConnectionSnapshot> Clients() => ClientList;

    public IReadOnlyList<ConnectionSnapshot> Servers() => ServerList;

    public IReadOnlyList<ConnectionSnapshot> LoginClients() => [];

    public IReadOnlyList<ListenerSnapshot> Listeners() => [new(7, "127.0.0.1", 6432)];

    public IReadOnlyList<UserSnapshot> Users() => UserList;

    public ListSnapshot Lists() => new(1, 2, 3, 4, 5, 6, 7);

    public IReadOnlyList<MemorySnapshot> Memory() => [new("read_buffers", 4096, 2, 3)];

    public IReadOnlyList<DnsHostSnapshot> DnsHosts() => [new("db.example", 12, ["10.0.0.1", "10.0.0.2"])];

    public IReadOnlyList<PreparedStatementSnapshot> PreparedStatements() => [new("app", "DROVER_1", 2, 1, "SELECT 1")];

    public List<ShardSnapshot> ShardList { get; } = [new("shop", 1, "shop_1", "db.example", 5432, "bigint 4096", 3)];

    public IReadOnlyList<ShardSnapshot> Shards() => ShardList;

    public IReadOnlyList<DeclaredTableSnapshot> DeclaredTables() =>
        [new("shop", "public.orders", "customer_id", "bigint"), new("shop", "public.products", null, null)];

    public IReadOnlyList<TierTraffic> Tiers() => [new("shop", [4, 3, 2, 1])];

    public IReadOnlyList<(string Database, CrossShardStatement Statement)> CrossShard() =>
        [("shop", new CrossShardStatement("SELECT * FROM orders", StatementTier.Scatter, 2, 3, 600))];

    public IReadOnlyList<SettingSnapshot> Settings() => [new("pool_mode", "transaction", "session", true)];

    public AdministrationResult Set(string name, string value) => Note($"set {name}={value}");

    public async ValueTask<AdministrationResult> PauseAsync(string? database, CancellationToken cancellation)
    {
        AdministrationResult result = Note($"pause {database}");
        if (PauseGate is not null)
        {
            await PauseGate.Task.WaitAsync(cancellation);
        }
        return result;
    }

    public AdministrationResult Resume(string? database) => Note($"resume {database}");

    public ValueTask<AdministrationResult> SuspendAsync(CancellationToken cancellation) => new(Note("suspend"));

    public AdministrationResult Disable(string database) => Note($"disable {database}");

    public AdministrationResult Enable(string database) => Note($"enable {database}");

    public AdministrationResult Reconnect(string? database) => Note($"reconnect {database}");

    public ValueTask<AdministrationResult> KillAsync(string? database, CancellationToken cancellation) =>
        new(Note($"kill {database}"));

    public AdministrationResult KillClient(long id) => Note($"kill_client {id}");

    public ValueTask<AdministrationResult> ReloadAsync(CancellationToken cancellation) => new(Note("reload"));

    public ValueTask<AdministrationResult> WaitCloseAsync(string? database, CancellationToken cancellation) =>
        new(Note($"wait_close {database}"));

    public AdministrationResult Shutdown(ShutdownMode mode) => Note($"shutdown {mode}");

    private static PoolTraffic Copy(PoolTraffic pool)
    {
        TrafficCounters copy = new();
        copy.Add(pool.Counters);
        return pool with { Counters = copy };
    }

    private AdministrationResult Note(string call)
    {
        Calls.Add(call.TrimEnd());
        return Answer;
    }
}
