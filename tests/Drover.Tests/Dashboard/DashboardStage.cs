// A page's server on a free port, over a proxy that a test controls.
using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Net;
using Drover.App.Dashboard;
using Drover.Configuration;
using Drover.Configuration.Prices;
using Drover.History;
using Drover.Telemetry;
using Drover.Tests.Console;
using Drover.Topology;
using Drover.Topology.Keys;
using Microsoft.Extensions.Logging.Abstractions;

namespace Drover.Tests.Dashboard;

internal sealed class DashboardStage : IAsyncDisposable
{
    private DashboardStage(DashboardServer server, DashboardParts parts, FakeProxy proxy)
    {
        Server = server;
        Parts = parts;
        Proxy = proxy;
        Http = new HttpClient(new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false })
        {
            BaseAddress = server.Address,
        };
    }

    /// <summary>Prices of one of the two servers that are measured, and of one that is not.</summary>
    public static DroverOptions Priced { get; } =
        new()
        {
            Prices = new PriceOptions { Currency = "EUR" },
            ServerPrices =
            [
                new ServerPriceOptions
                {
                    Name = "shop-primary",
                    InstanceMonth = 2_400,
                    StorageGbMonth = 0.1m,
                },
                new ServerPriceOptions { Name = "archive", InstanceMonth = 100 },
            ],
        };

    public DashboardServer Server { get; }

    public DashboardParts Parts { get; }

    public FakeProxy Proxy { get; }

    public HttpClient Http { get; }

    public static async Task<DashboardStage> StartAsync(
        WebOptions? options = null,
        TimeProvider? time = null,
        IServerHistory? history = null,
        IJournals? journals = null,
        TimeSpan? streamTimeout = null
    )
    {
        time ??= TimeProvider.System;
        FakeProxy proxy = new(time);
        Fill(proxy, time);
        DashboardSources sources = new(
            proxy,
            () => [("shop", Map()), ("empty", null)],
            journals ?? new JournalReader([], time),
            history ?? new ServerMonitor(new DroverOptions(), new HistoryLimits(), time, NullLogger.Instance)
        )
        {
            Options = () => history is null ? new DroverOptions() : Priced,
        };
        WebOptions web = options ?? new WebOptions { WebListen = "127.0.0.1:0" };
        bool isMade = DashboardParts.TryCreate(
            web,
            sources,
            time,
            NullLoggerFactory.Instance,
            out DashboardParts? parts,
            out string? problem,
            streamTimeout
        );
        Assert.True(isMade, problem);
        DashboardServer server = await DashboardServer.StartAsync(
            parts!,
            NullLoggerFactory.Instance,
            TestContext.Current.CancellationToken
        );
        return new DashboardStage(server, parts!, proxy);
    }

    /// <summary>GET with headers.</summary>
    public async Task<HttpResponseMessage> GetAsync(string path, params (string Name, string Value)[] headers)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, path);
        foreach ((string name, string value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }
        return await Http.SendAsync(request, TestContext.Current.CancellationToken);
    }

    public async Task<HttpStatusCode> StatusAsync(string path, params (string Name, string Value)[] headers)
    {
        using HttpResponseMessage answer = await GetAsync(path, headers);
        return answer.StatusCode;
    }

    public async Task<string> TextAsync(string path, params (string Name, string Value)[] headers)
    {
        using HttpResponseMessage answer = await GetAsync(path, headers);
        return await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await Server.DisposeAsync();
    }

    /// <summary>A map of three shards, the last of which has a little more than its share.</summary>
    public static TopologySnapshot Map()
    {
        ImmutableArray<Shard> shards = [new(1, "shop_1"), new(2, "shop_2"), new(3, "shop_3")];
        ImmutableArray<int> slots = [.. Enumerable.Range(0, Slot.Count).Select(ShardOf)];
        ColocationGroup byCustomer = new(
            1,
            "bigint",
            KeyType.Bigint,
            new SlotMap(slots),
            new Dictionary<ulong, int> { [17] = 2 }.ToFrozenDictionary()
        );
        TableName orders = new("public", "orders");
        return new TopologySnapshot(
            7,
            shards,
            new Dictionary<int, ColocationGroup> { [1] = byCustomer }.ToFrozenDictionary(),
            new Dictionary<TableName, ShardedTable>
            {
                [orders] = new(orders, "customer_id", 20, -1, 1),
            }.ToFrozenDictionary(),
            new[] { new TableName("public", "products") }.ToFrozenSet()
        );
    }

    private static int ShardOf(int slot) =>
        slot switch
        {
            < 1280 => 1,
            < 2560 => 2,
            < 2624 => 1,
            _ => 3,
        };

    private static void Fill(FakeProxy proxy, TimeProvider time)
    {
        DateTimeOffset now = time.GetUtcNow();
        (string Database, string User, int Size, int Active, int Idle, int Waiting)[] pools =
        [
            ("shop", "app", 20, 18, 2, 7),
            ("shop", "reports", 4, 1, 2, 0),
            ("billing", "billing", 10, 3, 4, 0),
        ];
        foreach ((string database, string user, int size, int active, int idle, int waiting) in pools)
        {
            TrafficCounters counters = new();
            counters.RecordAssignment(120);
            proxy.TrafficList.Add(new PoolTraffic(database, user, counters));
            proxy.PoolList.Add(
                new PoolSnapshot
                {
                    Database = database,
                    User = user,
                    PoolMode = "transaction",
                    PoolSize = size,
                    ClientsActive = active * 20,
                    ClientsWaiting = waiting,
                    ServersActive = active,
                    ServersIdle = idle,
                    MaxWaitUs = waiting * 1800,
                    ClientsPinned = user == "app" ? 2 : 0,
                }
            );
            for (int i = 0; i < active + waiting; i++)
            {
                proxy.ClientList.Add(
                    Client(proxy.ClientList.Count, database, user, i < waiting, now.AddMilliseconds(-i))
                );
            }
        }
        proxy.ShardList.Add(new ShardSnapshot("shop", 2, "shop_2", "db2.example", 5432, "bigint 1280", 7));
        proxy.ShardList.Add(new ShardSnapshot("shop", 3, "shop_3", "db3.example", 5432, "bigint 1472", 7));
        foreach (string name in new[] { "shop", "billing" })
        {
            proxy.DatabaseList.Add(
                new DatabaseSnapshot
                {
                    Name = name,
                    Host = "db1.example",
                    Port = 5432,
                    Database = name,
                    CurrentClientConnections = proxy.PoolList.Where(p => p.Database == name).Sum(p => p.ClientsActive),
                    CurrentConnections = proxy
                        .PoolList.Where(p => p.Database == name)
                        .Sum(p => p.ServersActive + p.ServersIdle),
                    MaxConnections = 60,
                    Paused = name == "billing",
                }
            );
        }
    }

    private static ConnectionSnapshot Client(int id, string database, string user, bool waits, DateTimeOffset now) =>
        new()
        {
            Side = ConnectionSide.Client,
            Id = id + 1,
            User = user,
            Database = database,
            State = waits ? ConnectionState.Waiting : ConnectionState.Active,
            LinkId = waits || id % 3 == 0 ? null : 1000 + id,
            Address = $"10.0.4.{20 + id}",
            Port = 40_000 + id,
            ConnectTime = now.AddMinutes(-7 * id),
            RequestTime = now,
            WaitUs = waits ? 1800 * (id + 1) : 0,
            ApplicationName = user == "app" ? "shop-web" : user,
            Tls = "TLSv1.3/TLS_AES_256_GCM_SHA384",
            Pinned = id == 4 ? PinReason.Listen : PinReason.None,
            PreparedStatements = 12,
        };
}
