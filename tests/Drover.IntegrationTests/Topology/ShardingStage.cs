// A sharded database: a catalog and some shards, each a database on one cluster or several, and a drover.toml.
using System.CommandLine;
using System.Text.Json;
using Drover.App.Commands.Sharding;
using Drover.App.LocalPostgres;
using Drover.Configuration;
using Drover.IntegrationTests.LocalPostgres;
using Drover.IntegrationTests.Serve;
using Npgsql;

namespace Drover.IntegrationTests.Topology;

/// <summary>
/// What a test is about is run by the real program; what only sets it up, by the same command in this process.
/// </summary>
internal sealed class ShardingStage : IAsyncDisposable
{
    private readonly ShardPlace _catalog;
    private readonly List<ShardPlace> _shards = [];
    private readonly int _port = ServeProcess.FindFreePort();
    private ShardPlace? _coordinator;
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("drover-sharding-");

    private ShardingStage(ShardPlace catalog) => _catalog = catalog;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>A superuser of this stage's own, so that it can be locked out without anybody else.</summary>
    public string CatalogUser => $"drover_{_catalog.Database}";

    /// <summary>A user that the proxy knows, and no server yet.</summary>
    public string OtherUser => $"other_{_catalog.Database}";

    private string ConfigurationFile => Path.Combine(_folder.FullName, "drover.toml");

    /// <summary>Makes the databases and the configuration; nothing is initialised.</summary>
    public static async Task<ShardingStage> StartAsync(PostgresFixture postgres, int major, int shards)
    {
        ShardingStage stage = new(await CreateAsync(postgres, major));
        await stage.ToCatalogAsync($"CREATE ROLE {stage.CatalogUser} LOGIN SUPERUSER");
        for (int shard = 1; shard <= shards; shard++)
        {
            await stage.AddShardAsync(postgres, major);
        }
        return stage;
    }

    /// <summary>The same on databases that are there, each wherever it is.</summary>
    public static async Task<ShardingStage> StartAsync(ShardPlace catalog, IEnumerable<ShardPlace> shards)
    {
        ShardingStage stage = new(catalog);
        stage._shards.AddRange(shards);
        foreach (LocalPostgresCluster cluster in stage._shards.Append(catalog).Select(static place => place.Cluster))
        {
            await cluster.ExecuteAsync($"CREATE ROLE {stage.CatalogUser} LOGIN SUPERUSER", Token);
        }
        await stage.WriteConfigurationAsync();
        return stage;
    }

    /// <summary>Gives it a coordinator.</summary>
    public async Task AddCoordinatorAsync(PostgresFixture postgres, int major)
    {
        _coordinator = await CreateAsync(postgres, major);
        await WriteConfigurationAsync();
    }

    /// <summary>Writes the configuration again, with these lines behind all others.</summary>
    public async Task ConfigureAsync(string lines)
    {
        await WriteConfigurationAsync();
        await File.AppendAllTextAsync(ConfigurationFile, $"\n{lines}\n", Token);
    }

    /// <summary>Has another user on every server, whoever the client is.</summary>
    public async Task ForceUserAsync(string user)
    {
        string text = await File.ReadAllTextAsync(ConfigurationFile, Token);
        string forced = text.Replace("\ndbname =", $"\nuser = \"{user}\"\ndbname =", StringComparison.Ordinal);
        await File.WriteAllTextAsync(ConfigurationFile, forced, Token);
    }

    /// <summary>Starts a proxy in front of it.</summary>
    public Task<ShardedProxy> ServeAsync() => ShardedProxy.StartAsync(ConfigurationFile, _port, Token);

    /// <summary>Starts another proxy in front of it.</summary>
    public async Task<ShardedProxy> ServeSecondAsync()
    {
        int port = ServeProcess.FindFreePort();
        string text = await File.ReadAllTextAsync(ConfigurationFile, Token);
        string file = Path.Combine(_folder.FullName, "second.toml");
        await File.WriteAllTextAsync(file, text.Replace($"listen_port = {_port}", $"listen_port = {port}"), Token);
        return await ShardedProxy.StartAsync(file, port, Token);
    }

    /// <summary>Makes the coordinator's database anew, empty, in this locale.</summary>
    public async Task RecreateCoordinatorAsync(string locale)
    {
        (LocalPostgresCluster cluster, string database, _) = _coordinator!;
        await cluster.ExecuteAsync($"DROP DATABASE \"{database}\" WITH (FORCE)", Token);
        await cluster.ExecuteAsync($"CREATE DATABASE \"{database}\" TEMPLATE template0 LOCALE '{locale}'", Token);
    }

    /// <summary>Ends the coordinator's sessions and lets no new ones in, or does again.</summary>
    public async Task LockCoordinatorAsync(bool isLocked)
    {
        (LocalPostgresCluster cluster, string database, _) = _coordinator!;
        await cluster.ExecuteAsync($"ALTER DATABASE \"{database}\" ALLOW_CONNECTIONS {!isLocked}", Token);
        await cluster.ExecuteAsync(
            $"SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = '{database}'",
            Token
        );
    }

    /// <summary>Adds a database, and names it in the configuration.</summary>
    public async Task AddShardAsync(PostgresFixture postgres, int major)
    {
        _shards.Add(await CreateAsync(postgres, major));
        await WriteConfigurationAsync();
    }

    /// <summary>Runs SQL on every shard.</summary>
    public async Task OnShardsAsync(string sql)
    {
        foreach (ShardPlace shard in _shards)
        {
            await shard.Cluster.ExecuteAsync(sql, Token, shard.Database);
        }
    }

    /// <summary>Runs SQL on one shard, from 1.</summary>
    public Task OnShardAsync(int shard, string sql) =>
        _shards[shard - 1].Cluster.ExecuteAsync(sql, Token, _shards[shard - 1].Database);

    /// <summary>A value from one shard, from 1, as text.</summary>
    public Task<string?> FromShardAsync(int shard, string sql) =>
        _shards[shard - 1].Cluster.QueryAsync(sql, Token, _shards[shard - 1].Database);

    /// <summary>Prepared transactions that are left on all shards.</summary>
    public async Task<int> PreparedAsync()
    {
        int count = 0;
        for (int shard = 1; shard <= _shards.Count; shard++)
        {
            string? left = await FromShardAsync(
                shard,
                "SELECT count(*) FROM pg_prepared_xacts WHERE database = current_database()"
            );
            count += int.Parse(left!, System.Globalization.CultureInfo.InvariantCulture);
        }
        return count;
    }

    /// <summary>A value from the catalog database, as text.</summary>
    public Task<string?> FromCatalogAsync(string sql) => _catalog.Cluster.QueryAsync(sql, Token, _catalog.Database);

    /// <summary>Changes the catalog database.</summary>
    public Task ToCatalogAsync(string sql) => _catalog.Cluster.ExecuteAsync(sql, Token, _catalog.Database);

    /// <summary>Ends the sessions of the catalog's user and lets no new ones in, or does again.</summary>
    public Task LockCatalogAsync(bool isLocked) =>
        _catalog.Cluster.ExecuteAsync(
            isLocked
                ? $"ALTER ROLE {CatalogUser} NOLOGIN; SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
                    + $"WHERE datname = '{_catalog.Database}' AND usename = '{CatalogUser}'"
                : $"ALTER ROLE {CatalogUser} LOGIN",
            Token
        );

    /// <summary>The configuration, read.</summary>
    public async Task<DroverOptions> OptionsAsync() =>
        (await ConfigurationLoader.LoadAsync(ConfigurationFile, ConfigurationKind.Toml, Token)).Options!;

    /// <summary>A session on the catalog database.</summary>
    public Task<NpgsqlConnection> OpenCatalogAsync() => _catalog.Cluster.OpenAsync(_catalog.Database, Token);

    /// <summary>A session on one shard, from 1.</summary>
    public Task<NpgsqlConnection> OpenShardAsync(int shard) =>
        _shards[shard - 1].Cluster.OpenAsync(_shards[shard - 1].Database, Token);

    /// <summary>Runs a command with this configuration.</summary>
    public Task<ProgramAnswer> RunAsync(string command) =>
        TestedProgram.RunAsync([.. command.Split(' '), "--config", ConfigurationFile]);

    /// <summary>Runs a command that has to succeed.</summary>
    public async Task<string> DoAsync(string command)
    {
        (int exitCode, string output, string error) = await RunAsync(command);
        Assert.True(exitCode == 0, $"{command}: exit code {exitCode}\n{output}{error}");
        return output;
    }

    /// <summary>Runs commands in this process, one after the other: starting it each time takes a second.</summary>
    public async Task SetUpAsync(params IEnumerable<string> commands)
    {
        RootCommand root = new()
        {
            ShardCommand.Create(),
            TableCommand.Create(),
            TenantCommand.Create(),
            PlacementCommand.Create(),
            SchemaCommand.Create(),
        };
        foreach (string command in commands)
        {
            await using StringWriter said = new();
            int exitCode = await root.Parse([.. command.Split(' '), "--config", ConfigurationFile])
                .InvokeAsync(
                    new()
                    {
                        Output = said,
                        Error = said,
                        ProcessTerminationTimeout = null,
                    },
                    Token
                );
            Assert.True(exitCode == 0, $"{command}: exit code {exitCode}\n{said}");
        }
    }

    /// <summary>Runs a command that has to be refused, and gives what it says.</summary>
    public async Task<string> RefusedAsync(string command)
    {
        (int exitCode, string output, string error) = await RunAsync(command);
        Assert.True(exitCode == 3, $"{command}: exit code {exitCode}\n{output}{error}");
        return error;
    }

    /// <summary>Runs a command with <c>--json</c> and reads what it writes.</summary>
    public async Task<JsonElement> JsonAsync(string command) =>
        JsonDocument.Parse(await DoAsync(command + " --json")).RootElement;

    public ValueTask DisposeAsync()
    {
        _folder.Delete(recursive: true);
        return ValueTask.CompletedTask;
    }

    private static async Task<ShardPlace> CreateAsync(PostgresFixture postgres, int major)
    {
        (LocalPostgresCluster cluster, string database) = await postgres.CreateDatabaseAsync(major, Token);
        return new ShardPlace(cluster, database, cluster.Port);
    }

    private string Users =>
        string.Concat(((string[])["postgres", CatalogUser, OtherUser]).Select(static user => $"\"{user}\" \"\"\n"));

    private async Task WriteConfigurationAsync()
    {
        await File.WriteAllTextAsync(Path.Combine(_folder.FullName, "users.txt"), Users, Token);
        string catalog =
            $"host={LocalPostgresCluster.Host} port={_catalog.Port} user={CatalogUser} dbname={_catalog.Database}";
        IEnumerable<(string Name, ShardPlace Place)> databases = _shards.Select(
            static (shard, place) => ($"s{place + 1}", shard)
        );
        if (_coordinator is not null)
        {
            databases = databases.Append(("all", _coordinator));
        }
        IEnumerable<string> entries = databases.Select(entry =>
            $"""
                [databases.{entry.Name}]
                host = "{LocalPostgresCluster.Host}"
                port = {entry.Place.Port}
                dbname = "{entry.Place.Database}"

                """
        );
        await File.WriteAllTextAsync(
            ConfigurationFile,
            $"""
            [proxy]
            listen_addr = "127.0.0.1"
            listen_port = {_port}
            unix_socket_dir = ""
            auth_type = "trust"
            admin_users = ["postgres"]
            auth_file = "{Path.Combine(_folder.FullName, "users.txt")}"
            pool_mode = "transaction"
            default_pool_size = 8
            server_login_retry = 1

            {string.Join('\n', entries)}
            [sharded.shop]
            catalog = "{catalog}"
            shards = [{string.Join(", ", _shards.Select((_, place) => $"\"s{place + 1}\""))}]
            {(_coordinator is null ? "" : "coordinator = \"all\"")}
            """,
            Token
        );
    }
}

/// <summary>A database of a sharded one.</summary>
/// <param name="Cluster">Where it is.</param>
/// <param name="Database">Its name there.</param>
/// <param name="Port">How Drover comes to it: the cluster's port, or that of a wire before it.</param>
internal sealed record ShardPlace(LocalPostgresCluster Cluster, string Database, int Port);
