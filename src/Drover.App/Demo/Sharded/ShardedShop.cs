// The shop on four servers: made, declared, and loaded through the proxy with COPY.
using System.Globalization;
using Drover.App.LocalPostgres;
using Drover.Configuration;
using Drover.Operations;
using Drover.Sharding;
using Npgsql;

namespace Drover.App.Demo.Sharded;

/// <summary>Four small PostgreSQL servers on this machine, and a proxy in front of them.</summary>
internal sealed class ShardedShop : IAsyncDisposable
{
    private const int ShardCount = 4;
    private const int ConnectionsMax = 100;

    /// <summary>The tables, those first that others point to; without a key it is whole on every shard.</summary>
    private static readonly (string Table, string? Key)[] s_tables =
    [
        ("sellers", null),
        ("products", null),
        ("customers", "id"),
        ("orders", "customer_id"),
        ("events", "customer_id"),
        ("audit_logs", "actor_id"),
    ];

    private readonly DemoStage _stage;
    private readonly LocalPostgresCluster[] _servers;
    private ProxyProcess? _proxy;

    private ShardedShop(DemoStage stage, LocalPostgresCluster[] servers)
    {
        _stage = stage;
        _servers = servers;
    }

    /// <summary>The servers, the first one with the catalog and the coordinator.</summary>
    public IReadOnlyList<LocalPostgresCluster> Servers => _servers;

    /// <summary>The proxy.</summary>
    public ProxyProcess Proxy => _proxy!;

    /// <summary>Rows that were loaded.</summary>
    public long Rows { get; private set; }

    /// <summary>How long that took.</summary>
    public TimeSpan Loading { get; private set; }

    private string ConfigurationFile => Path.Combine(_servers[0].Folder, "drover.toml");

    /// <summary>Makes it all.</summary>
    /// <param name="stage">Where the shop is that it is copied from.</param>
    /// <param name="show">Is told what is being done.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task<ShardedShop> StartAsync(
        DemoStage stage,
        Action<string> show,
        CancellationToken cancellationToken
    )
    {
        show($"starting {ShardCount} PostgreSQL servers");
        LocalPostgresCluster[] servers = await Task.WhenAll(
            Enumerable
                .Range(0, ShardCount)
                .Select(_ => LocalPostgresCluster.StartNewAsync(OptionsOf(stage), cancellationToken))
        );
        ShardedShop shop = new(stage, servers);
        try
        {
            await shop.MakeAsync(show, cancellationToken);
            await shop.LoadAsync(show, cancellationToken);
            return shop;
        }
        catch (Exception failure)
        {
            await shop.DisposeAsync();
            if (failure is NpgsqlException)
            {
                throw new OperationException($"the shop did not come on its 4 servers: {failure.Message}");
            }
            throw;
        }
    }

    /// <summary>What each shard has of the tables with a key.</summary>
    public async Task<IReadOnlyList<ShardFigures>> FiguresAsync(CancellationToken cancellationToken)
    {
        string[] tables = [.. s_tables.Where(static one => one.Key is not null).Select(static one => one.Table)];
        string rows = string.Join(" + ", tables.Select(static table => $"(SELECT count(*) FROM {table})"));
        string bytes = string.Join(" + ", tables.Select(static table => $"pg_total_relation_size('{table}')"));
        List<ShardFigures> figures = [];
        foreach (LocalPostgresCluster server in _servers)
        {
            figures.Add(
                new ShardFigures(
                    NameOf(figures.Count),
                    await NumberAsync(server, rows),
                    await NumberAsync(server, bytes)
                )
            );
        }
        return figures;

        async Task<long> NumberAsync(LocalPostgresCluster server, string expression) =>
            long.Parse(
                (await server.QueryAsync($"SELECT {expression}", cancellationToken, Shop.Database))!,
                CultureInfo.InvariantCulture
            );
    }

    /// <summary>Statements that one shard answered, several put together, and the coordinator.</summary>
    public async Task<(long Single, long Merged, long Coordinator)> StatementsAsync(CancellationToken cancellationToken)
    {
        await using NpgsqlConnection console = new(
            $"Host={LocalPostgresCluster.Host};Port={Proxy.Port};Username={LocalPostgresCluster.Superuser};"
                + "Database=pgbouncer;Pooling=false;Server Compatibility Mode=NoTypeLoading"
        );
        await console.OpenAsync(cancellationToken);
        (long shards, long coordinator, long merged) = (0, 0, 0);
        await using (NpgsqlCommand ask = new("SHOW STATS", console))
        await using (NpgsqlDataReader row = await ask.ExecuteReaderAsync(cancellationToken))
        {
            while (await row.ReadAsync(cancellationToken))
            {
                string database = row.GetString(0);
                long count = (long)row.GetDecimal(row.GetOrdinal("total_query_count"));
                shards += database.StartsWith("shop_", StringComparison.Ordinal) && database != "shop_all" ? count : 0;
                coordinator += database == "shop_all" ? count : 0;
            }
        }
        await using (NpgsqlCommand ask = new("SHOW CROSS_SHARD", console))
        await using (NpgsqlDataReader row = await ask.ExecuteReaderAsync(cancellationToken))
        {
            while (await row.ReadAsync(cancellationToken))
            {
                merged += row.GetString(1) == "scatter" ? row.GetInt64(3) : 0;
            }
        }
        // STATS has such a statement once, at one of its shards.
        return (Math.Max(0, shards - merged), merged, coordinator);
    }

    /// <summary>Ends the proxy and the servers.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_proxy is not null)
        {
            await _proxy.DisposeAsync();
        }
        await Task.WhenAll(_servers.Select(static server => server.DisposeAsync().AsTask()));
    }

    private static string NameOf(int place) => $"shop_{place + 1}";

    private static LocalPostgresOptions OptionsOf(DemoStage stage) =>
        new()
        {
            BinFolder = stage.Options.PostgresBinFolder,
            MaxConnections = ConnectionsMax,
            SharedBuffers = "48MB",
            TimeProvider = stage.TimeProvider,
            Settings = new Dictionary<string, string>
            {
                ["max_prepared_transactions"] = $"{ConnectionsMax}",
                ["jit"] = "off",
                ["max_parallel_workers_per_gather"] = "0",
                ["max_wal_size"] = "1GB",
            },
        };

    /// <summary>1. Tables on every server. 2. The map. 3. The proxy.</summary>
    private async Task MakeAsync(Action<string> show, CancellationToken cancellationToken)
    {
        show("declaring the tables");
        // 1.
        await Task.WhenAll(
            _servers.Select(async server =>
            {
                await server.ExecuteAsync($"CREATE ROLE {Shop.Role} LOGIN", cancellationToken);
                await server.ExecuteAsync($"CREATE DATABASE {Shop.Database}", cancellationToken);
                await server.ExecuteAsync(await SchemaAsync(), cancellationToken, Shop.Database);
            })
        );
        await _servers[0].ExecuteAsync("CREATE DATABASE shop_catalog", cancellationToken);
        await _servers[0].ExecuteAsync("CREATE DATABASE shop_all", cancellationToken);
        // 2.
        int port = ProxyProcess.FindFreePort();
        await WriteConfigurationAsync(port, cancellationToken);
        ConfigurationResult read = await ConfigurationLoader.LoadAsync(
            ConfigurationFile,
            ConfigurationKind.Toml,
            cancellationToken
        );
        await using (ShardServers servers = ShardServers.Open(read.Options!, null))
        {
            ShardingService service = new(servers);
            await service.InitializeAsync(cancellationToken);
            foreach ((string table, string? key) in s_tables)
            {
                if (key is null)
                {
                    await service.ReferenceTableAsync(table, cancellationToken);
                }
                else
                {
                    await service.ShardTableAsync(table, key, null, null, cancellationToken);
                }
            }
            await service.SyncCoordinatorAsync(cancellationToken);
        }
        // 3.
        _proxy = await ProxyProcess.StartAsync(
            ["serve", ConfigurationFile],
            port,
            Path.Combine(_servers[0].Folder, "drover.log"),
            _stage.TimeProvider,
            cancellationToken
        );
    }

    private static async Task<string> SchemaAsync()
    {
        using Stream stream = typeof(Shop).Assembly.GetManifestResourceStream("Drover.App.Demo.Sharded.shards.sql")!;
        using StreamReader reader = new(stream);
        return await reader.ReadToEndAsync();
    }

    private async Task WriteConfigurationAsync(int port, CancellationToken cancellationToken)
    {
        string users = Path.Combine(_servers[0].Folder, "drover.users");
        await File.WriteAllTextAsync(
            users,
            $"\"{Shop.Role}\" \"\"\n\"{LocalPostgresCluster.Superuser}\" \"\"\n",
            cancellationToken
        );
        IEnumerable<(string Name, int Port, string Database)> entries = _servers
            .Select(static (server, place) => (NameOf(place), server.Port, Shop.Database))
            .Append(("shop_all", _servers[0].Port, "shop_all"));
        IEnumerable<string> databases = entries.Select(static entry =>
            $"""
                [databases.{entry.Name}]
                host = "{LocalPostgresCluster.Host}"
                port = {entry.Port}
                dbname = "{entry.Database}"

                """
        );
        int pool = Math.Max(2, _stage.Options.ServerConnections / ShardCount);
        await File.WriteAllTextAsync(
            ConfigurationFile,
            $"""
            [proxy]
            listen_addr = "{LocalPostgresCluster.Host}"
            listen_port = {port}
            unix_socket_dir = ""
            auth_type = "trust"
            auth_file = "{users}"
            admin_users = "{LocalPostgresCluster.Superuser}"
            pool_mode = "transaction"
            default_pool_size = {pool}
            max_client_conn = {_stage.Options.PooledClients + DemoRun.SpareConnections}
            log_connections = false
            log_disconnections = false

            {string.Join('\n', databases)}
            [sharded.{Shop.Database}]
            catalog = "host={LocalPostgresCluster.Host} port={_servers[0].Port} user=postgres dbname=shop_catalog"
            shards = [{string.Join(", ", Enumerable.Range(0, ShardCount).Select(place => $"\"{NameOf(place)}\""))}]
            coordinator = "shop_all"
            """,
            cancellationToken
        );
    }

    /// <summary>What others point to comes first, the large tables beside each other.</summary>
    private async Task LoadAsync(Action<string> show, CancellationToken cancellationToken)
    {
        show("loading with COPY through Drover");
        long started = _stage.TimeProvider.GetTimestamp();
        string[] tables = [.. s_tables.Select(static one => one.Table)];
        foreach (string table in tables[..3])
        {
            await CopyAsync(table, cancellationToken);
        }
        await Task.WhenAll(tables[3..].Select(table => CopyAsync(table, cancellationToken)));
        Loading = _stage.TimeProvider.GetElapsedTime(started);
        await CompareAsync(cancellationToken);
        await Task.WhenAll(_servers.Select((server, place) => SettleAsync(server, place + 1, cancellationToken)));
    }

    private async Task CopyAsync(string table, CancellationToken cancellationToken)
    {
        await using NpgsqlConnection from = await _stage.Cluster.OpenAsync(Shop.Database, cancellationToken);
        await using NpgsqlConnection to = new(DemoStage.ConnectionString(Proxy.Port));
        await to.OpenAsync(cancellationToken);
        await using Stream rows = await from.BeginRawBinaryCopyAsync(
            $"COPY (SELECT * FROM {table}) TO STDOUT (FORMAT binary)",
            cancellationToken
        );
        await using Stream shards = await to.BeginRawBinaryCopyAsync(
            $"COPY {table} FROM STDIN (FORMAT binary)",
            cancellationToken
        );
        await rows.CopyToAsync(shards, cancellationToken);
    }

    /// <summary>Every row has arrived.</summary>
    private async Task CompareAsync(CancellationToken cancellationToken)
    {
        long keyed = 0;
        foreach ((string table, string? key) in s_tables)
        {
            string count = (
                await _stage.Cluster.QueryAsync($"SELECT count(*) FROM {table}", cancellationToken, Shop.Database)
            )!;
            long rows = long.Parse(count, CultureInfo.InvariantCulture);
            Rows += rows;
            keyed += key is null ? 0 : rows;
        }
        long arrived = (await FiguresAsync(cancellationToken)).Sum(static shard => shard.Rows);
        if (arrived != keyed)
        {
            throw new OperationException($"the shop has {keyed} rows, and {arrived} arrived on its 4 servers");
        }
    }

    /// <summary>New ids come after those that were loaded, and are still this shard's.</summary>
    private async Task SettleAsync(LocalPostgresCluster server, int number, CancellationToken cancellationToken)
    {
        const int Step = 1024;
        Shop shop = new(_stage.Options.Scale);
        (string Table, long Rows)[] loaded =
        [
            ("orders", shop.Orders),
            ("events", shop.Events),
            ("audit_logs", shop.AuditLogs),
        ];
        foreach ((string table, long rows) in loaded)
        {
            // What the other scenes have added is little.
            long next = (((2 * rows) / Step) + 1) * Step;
            await server.ExecuteAsync(
                $"SELECT setval('{table}_id_seq', {next + number})",
                cancellationToken,
                Shop.Database
            );
        }
        await server.ExecuteAsync("VACUUM ANALYZE", cancellationToken, Shop.Database);
    }
}
