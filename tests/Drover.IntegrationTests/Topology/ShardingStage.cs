// A sharded database on one cluster: a catalog and some shards, each a database of its own, and a drover.toml.
using System.CommandLine;
using System.Diagnostics;
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
    private readonly LocalPostgresCluster _cluster;
    private readonly string _catalog;
    private readonly List<string> _shards = [];
    private readonly int _port = ServeProcess.FindFreePort();
    private string? _coordinator;
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("drover-sharding-");

    private ShardingStage(LocalPostgresCluster cluster, string catalog)
    {
        _cluster = cluster;
        _catalog = catalog;
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    // A superuser of this stage's own, so that it can be locked out without anybody else.
    private string CatalogUser => $"drover_{_catalog}";

    private string ConfigurationFile => Path.Combine(_folder.FullName, "drover.toml");

    /// <summary>Makes the databases and the configuration; nothing is initialised.</summary>
    public static async Task<ShardingStage> StartAsync(PostgresFixture postgres, int major, int shards)
    {
        (LocalPostgresCluster cluster, string catalog) = await postgres.CreateDatabaseAsync(major, Token);
        ShardingStage stage = new(cluster, catalog);
        await cluster.ExecuteAsync($"CREATE ROLE {stage.CatalogUser} LOGIN SUPERUSER", Token);
        for (int shard = 1; shard <= shards; shard++)
        {
            await stage.AddShardAsync(postgres, major);
        }
        return stage;
    }

    /// <summary>Gives it a coordinator.</summary>
    public async Task AddCoordinatorAsync(PostgresFixture postgres, int major)
    {
        _coordinator = (await postgres.CreateDatabaseAsync(major, Token)).Database;
        await WriteConfigurationAsync();
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
        await _cluster.ExecuteAsync($"DROP DATABASE \"{_coordinator}\" WITH (FORCE)", Token);
        string create = $"CREATE DATABASE \"{_coordinator}\" TEMPLATE template0 LOCALE '{locale}'";
        await _cluster.ExecuteAsync(create, Token);
    }

    /// <summary>Ends the coordinator's sessions and lets no new ones in, or does again.</summary>
    public async Task LockCoordinatorAsync(bool isLocked)
    {
        await _cluster.ExecuteAsync($"ALTER DATABASE \"{_coordinator}\" ALLOW_CONNECTIONS {!isLocked}", Token);
        await _cluster.ExecuteAsync(
            $"SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = '{_coordinator}'",
            Token
        );
    }

    /// <summary>Adds a database, and names it in the configuration.</summary>
    public async Task AddShardAsync(PostgresFixture postgres, int major)
    {
        _shards.Add((await postgres.CreateDatabaseAsync(major, Token)).Database);
        await WriteConfigurationAsync();
    }

    /// <summary>Runs SQL on every shard.</summary>
    public async Task OnShardsAsync(string sql)
    {
        foreach (string shard in _shards)
        {
            await _cluster.ExecuteAsync(sql, Token, shard);
        }
    }

    /// <summary>Runs SQL on one shard, from 1.</summary>
    public Task OnShardAsync(int shard, string sql) => _cluster.ExecuteAsync(sql, Token, _shards[shard - 1]);

    /// <summary>A value from one shard, from 1, as text.</summary>
    public Task<string?> FromShardAsync(int shard, string sql) => _cluster.QueryAsync(sql, Token, _shards[shard - 1]);

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
    public Task<string?> FromCatalogAsync(string sql) => _cluster.QueryAsync(sql, Token, _catalog);

    /// <summary>Changes the catalog database.</summary>
    public Task ToCatalogAsync(string sql) => _cluster.ExecuteAsync(sql, Token, _catalog);

    /// <summary>Ends the sessions of the catalog's user and lets no new ones in, or does again.</summary>
    public Task LockCatalogAsync(bool isLocked) =>
        _cluster.ExecuteAsync(
            isLocked
                ? $"ALTER ROLE {CatalogUser} NOLOGIN; SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
                    + $"WHERE datname = '{_catalog}' AND usename = '{CatalogUser}'"
                : $"ALTER ROLE {CatalogUser} LOGIN",
            Token
        );

    /// <summary>The configuration, read.</summary>
    public async Task<DroverOptions> OptionsAsync() =>
        (await ConfigurationLoader.LoadAsync(ConfigurationFile, ConfigurationKind.Toml, Token)).Options!;

    /// <summary>A session on the catalog database.</summary>
    public Task<NpgsqlConnection> OpenCatalogAsync() => _cluster.OpenAsync(_catalog, Token);

    /// <summary>A session on one shard, from 1.</summary>
    public Task<NpgsqlConnection> OpenShardAsync(int shard) => _cluster.OpenAsync(_shards[shard - 1], Token);

    /// <summary>Runs a command with this configuration.</summary>
    public async Task<(int ExitCode, string Output, string Error)> RunAsync(string command)
    {
        string program = Path.Combine(AppContext.BaseDirectory, "drover");
        using Process process = Process.Start(
            new ProcessStartInfo(program, [.. command.Split(' '), "--config", ConfigurationFile])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            }
        )!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(Token);
        string error = await process.StandardError.ReadToEndAsync(Token);
        await process.WaitForExitAsync(Token);
        return (process.ExitCode, await output, error);
    }

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
        RootCommand root = new() { ShardCommand.Create(), TableCommand.Create(), TableCommand.CreateTenant() };
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

    private async Task WriteConfigurationAsync()
    {
        await File.WriteAllTextAsync(Path.Combine(_folder.FullName, "users.txt"), "\"postgres\" \"\"\n", Token);
        IEnumerable<(string Name, string Database)> databases = _shards.Select(
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
                port = {_cluster.Port}
                dbname = "{entry.Database}"

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

            {string.Join('\n', entries)}
            [sharded.shop]
            catalog = "host={LocalPostgresCluster.Host} port={_cluster.Port} user={CatalogUser} dbname={_catalog}"
            shards = [{string.Join(", ", _shards.Select((_, place) => $"\"s{place + 1}\""))}]
            {(_coordinator is null ? "" : "coordinator = \"all\"")}
            """,
            Token
        );
    }
}
