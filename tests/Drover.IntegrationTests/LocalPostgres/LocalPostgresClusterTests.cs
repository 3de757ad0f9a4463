// The local cluster on real servers: it starts, answers, restarts, takes its settings, and leaves nothing behind.
using Drover.App.LocalPostgres;
using Npgsql;

namespace Drover.IntegrationTests.LocalPostgres;

public sealed class LocalPostgresClusterTests(PostgresFixture fixture)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Superuser_connects_without_a_password_over_tcp_and_the_unix_socket(int major)
    {
        LocalPostgresCluster cluster = await fixture.GetAsync(major);

        Assert.StartsWith($"{major}", await AskAsync(cluster.ConnectionString, "SHOW server_version"));
        Assert.StartsWith($"{major}", await AskAsync(cluster.SocketConnectionString, "SHOW server_version"));
        Assert.Equal("off", await cluster.QueryAsync("SHOW fsync", Token));
    }

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Databases_of_two_tests_are_separate(int major)
    {
        (LocalPostgresCluster cluster, string first) = await fixture.CreateDatabaseAsync(major, Token);
        (_, string second) = await fixture.CreateDatabaseAsync(major, Token);

        await cluster.ExecuteAsync("CREATE TABLE t (a int)", Token, first);
        await cluster.ExecuteAsync("CREATE TABLE t (a int)", Token, second);
        Assert.NotEqual(first, second);
    }

    [Fact]
    public async Task Restarted_server_keeps_its_port_and_its_data()
    {
        await using LocalPostgresCluster cluster = await LocalPostgresCluster.StartNewAsync(new(), Token);
        int port = cluster.Port;
        await cluster.ExecuteAsync("CREATE TABLE t AS SELECT 7 AS a", Token);

        await cluster.RestartAsync(immediate: false, Token);
        Assert.Equal("7", await cluster.QueryAsync("SELECT a FROM t", Token));
        await cluster.RestartAsync(immediate: true, Token);
        Assert.Equal("7", await cluster.QueryAsync("SELECT a FROM t", Token));
        Assert.Equal(port, cluster.Port);
    }

    [Fact]
    public async Task Killed_server_refuses_connections_and_recovers_when_started()
    {
        await using LocalPostgresCluster cluster = await LocalPostgresCluster.StartNewAsync(new(), Token);
        await cluster.ExecuteAsync("CREATE TABLE t AS SELECT 7 AS a", Token);

        await cluster.KillAsync(Token);
        Assert.Null(cluster.ProcessId);
        await Assert.ThrowsAnyAsync<NpgsqlException>(() => AskAsync(cluster.ConnectionString, "SELECT 1"));
        await cluster.StartAsync(Token);
        Assert.Equal("7", await cluster.QueryAsync("SELECT a FROM t", Token));
    }

    [Fact]
    public async Task Settings_and_host_authentication_are_taken_over()
    {
        LocalPostgresOptions options = new()
        {
            MaxConnections = 17,
            SharedBuffers = "16MB",
            HostAuthentication = "scram-sha-256",
            HbaLines = ["host all guest 127.0.0.1/32 reject"],
            Settings = new Dictionary<string, string> { ["application_name"] = "it's ours" },
        };
        await using LocalPostgresCluster cluster = await LocalPostgresCluster.StartNewAsync(options, Token);
        await cluster.ExecuteAsync("CREATE ROLE app LOGIN PASSWORD 'secret'; CREATE ROLE guest LOGIN", Token);

        Assert.Equal("17", await cluster.QueryAsync("SHOW max_connections", Token));
        Assert.Equal("16MB", await cluster.QueryAsync("SHOW shared_buffers", Token));
        NpgsqlConnectionStringBuilder app = new(cluster.ConnectionString) { Username = "app", Password = "secret" };
        Assert.Equal("it's ours", await AskAsync(app.ConnectionString, "SHOW application_name"));
        app.Password = "wrong";
        PostgresException refused = await Assert.ThrowsAsync<PostgresException>(() =>
            AskAsync(app.ConnectionString, "SELECT 1")
        );
        Assert.Equal("28P01", refused.SqlState);
        app.Username = "guest";
        refused = await Assert.ThrowsAsync<PostgresException>(() => AskAsync(app.ConnectionString, "SELECT 1"));
        Assert.Equal("28000", refused.SqlState);
    }

    [Fact]
    public async Task Wrong_setting_is_an_error_with_the_servers_log()
    {
        LocalPostgresOptions options = new() { SharedBuffers = "no size" };

        LocalPostgresException failure = await Assert.ThrowsAsync<LocalPostgresException>(() =>
            LocalPostgresCluster.StartNewAsync(options, Token)
        );
        Assert.Contains("shared_buffers", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Disposal_ends_the_server_and_removes_its_folder()
    {
        LocalPostgresCluster cluster = await LocalPostgresCluster.StartNewAsync(new(), Token);
        int process = cluster.ProcessId!.Value;
        int watchdog = cluster.WatchdogProcessId;
        Assert.True(Directory.Exists(cluster.DataFolder));

        await cluster.DisposeAsync();

        Assert.False(ProcessTree.IsAlive(process));
        Assert.False(ProcessTree.IsAlive(watchdog));
        Assert.False(Directory.Exists(cluster.Folder));
    }

    [Fact]
    public async Task Server_listens_on_the_loopback_only()
    {
        LocalPostgresCluster cluster = await fixture.GetAsync(PostgresBinaries.DefaultMajor);

        Assert.Equal("127.0.0.1", await cluster.QueryAsync("SHOW listen_addresses", Token));
    }

    private static async Task<string?> AskAsync(string connectionString, string sql)
    {
        await using NpgsqlConnection connection = new(connectionString);
        await connection.OpenAsync(Token);
        await using NpgsqlCommand command = new(sql, connection);
        return await command.ExecuteScalarAsync(Token) as string;
    }
}
