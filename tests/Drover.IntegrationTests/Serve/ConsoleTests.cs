// The console of a running proxy: what it shows, and what it does to traffic.
using Drover.App.Console;
using Drover.IntegrationTests.LocalPostgres;
using Npgsql;

namespace Drover.IntegrationTests.Serve;

public sealed class ConsoleTests(PostgresFixture fixture)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_table_is_shown_to_Npgsql_while_traffic_flows()
    {
        await using ServeProcess serve = await StartAsync();
        await using QueryLoad load = await QueryLoad.StartAsync(serve, 4, Token);
        await load.AdvanceAsync(20, Token);
        foreach (string table in ShowTables.All.Select(static table => table.Name))
        {
            await serve.ConsoleAsync($"SHOW {table}", Token);
        }
        await load.StopAsync();
    }

    [Fact]
    public async Task Every_table_is_shown_to_psql_on_the_Unix_socket_without_a_password()
    {
        await using ServeProcess serve = await StartAsync();
        IEnumerable<string> commands = ShowTables.All.SelectMany(static table => new[] { "-c", $"SHOW {table.Name}" });
        string[] arguments = ["-h", serve.Folder, "-p", $"{serve.Port}", "-U", "pgbouncer", "-w", "pgbouncer", "-X"];
        (int code, string output) = await PsqlAsync([.. arguments, "-v", "ON_ERROR_STOP=1", .. commands]);
        Assert.True(code == 0, output);
        Assert.Contains("cl_waiting", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_user_needs_a_password_on_the_Unix_socket_too()
    {
        await using ServeProcess serve = await StartAsync();
        (int code, string output) = await PsqlAsync([
            "-h",
            serve.Folder,
            "-p",
            $"{serve.Port}",
            "-U",
            "boss",
            "-w",
            "pgbouncer",
            "-X",
            "-c",
            "SHOW VERSION",
        ]);
        Assert.NotEqual(0, code);
        Assert.Contains("password", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Clients_and_servers_are_linked_while_a_transaction_is_open_and_idle_after_it()
    {
        await using ServeProcess serve = await StartAsync();
        await using NpgsqlConnection client = await serve.OpenAsync(Token);
        NpgsqlTransaction transaction = await client.BeginTransactionAsync(Token);
        await using NpgsqlCommand pid = new("select pg_backend_pid()", client, transaction);
        int backend = (int)(await pid.ExecuteScalarAsync(Token))!;

        Dictionary<string, string> server = (await serve.ConsoleAsync("SHOW SERVERS", Token)).Single(row =>
            row["remote_pid"] == $"{backend}"
        );
        Dictionary<string, string> mine = (await serve.ConsoleAsync("SHOW CLIENTS", Token)).Single(row =>
            row["ptr"] == server["link"]
        );
        Assert.Equal(("active", "active"), (server["state"], mine["state"]));
        Assert.Equal(server["ptr"], mine["link"]);
        Assert.Equal(("postgres", "postgres"), (mine["user"], mine["database"]));
        await transaction.CommitAsync(Token);

        List<Dictionary<string, string>> pools = await serve.ConsoleAsync("SHOW POOLS", Token);
        Dictionary<string, string> pool = pools.Single(static row => row["database"] == "postgres");
        Assert.Equal(("1", "0", "1"), (pool["cl_active"], pool["sv_active"], pool["sv_idle"]));
        Assert.Contains(pools, static row => row["database"] == "pgbouncer" && row["pool_mode"] == "statement");
        Assert.Contains(
            await serve.ConsoleAsync("SHOW DATABASES", Token),
            static row => row["name"] == "pgbouncer" && row["force_user"] == "pgbouncer"
        );
    }

    [Fact]
    public async Task Stats_users_may_look_and_not_touch()
    {
        await using ServeProcess serve = await StartAsync();
        Assert.NotEmpty(await serve.ConsoleAsync("SHOW POOLS", Token, "stat"));
        PostgresException refused = await Assert.ThrowsAsync<PostgresException>(() =>
            serve.ConsoleAsync("PAUSE", Token, "stat")
        );
        Assert.Contains("admin access needed", refused.MessageText, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pause_and_resume_under_load_fail_no_query_and_leave_no_server_meanwhile()
    {
        await using ServeProcess serve = await StartAsync();
        await using QueryLoad load = await QueryLoad.StartAsync(serve, 10, Token);
        for (int round = 0; round < 5; round++)
        {
            await load.AdvanceAsync(50, Token);
            string database = round % 2 == 0 ? "" : " postgres";
            await serve.ConsoleAsync("PAUSE" + database, Token);
            Assert.Empty(await serve.ConsoleAsync("SHOW SERVERS", Token));
            int before = load.Answers;
            await Task.Delay(50, Token);
            Assert.Equal(before, load.Answers);
            await serve.ConsoleAsync("RESUME" + database, Token);
        }
        await load.AdvanceAsync(50, Token);
        await load.StopAsync();
    }

    [Fact]
    public async Task Suspend_stops_traffic_until_resume_from_a_new_console_or_by_signal()
    {
        await using ServeProcess serve = await StartAsync();
        await using QueryLoad load = await QueryLoad.StartAsync(serve, 5, Token);
        await load.AdvanceAsync(50, Token);
        await serve.ConsoleAsync("SUSPEND", Token);
        await Task.Delay(50, Token);
        int before = load.Answers;
        await Task.Delay(100, Token);
        Assert.Equal(before, load.Answers);
        serve.Signal(12);
        await load.AdvanceAsync(50, Token);
        await load.StopAsync();
    }

    [Fact]
    public async Task Reconnect_replaces_every_server_and_fails_no_query()
    {
        await using ServeProcess serve = await StartAsync();
        await using QueryLoad load = await QueryLoad.StartAsync(serve, 10, Token);
        await load.AdvanceAsync(100, Token);
        HashSet<string> before = await ServerPidsAsync(serve);
        await serve.ConsoleAsync("RECONNECT", Token);
        await serve.ConsoleAsync("WAIT_CLOSE", Token);
        await load.AdvanceAsync(100, Token);
        Assert.Empty((await ServerPidsAsync(serve)).Intersect(before));
        await load.StopAsync();
    }

    [Fact]
    public async Task Kill_drops_clients_in_the_middle_of_a_query_and_new_ones_wait_for_resume()
    {
        await using ServeProcess serve = await StartAsync();
        await using NpgsqlConnection client = await serve.OpenAsync(Token);
        await using NpgsqlCommand slow = new("select pg_sleep(30)", client);
        Task<object?> query = slow.ExecuteScalarAsync(Token);
        await WaitForActiveServerAsync(serve);
        await serve.ConsoleAsync("KILL postgres", Token);
        PostgresException dropped = await Assert.ThrowsAsync<PostgresException>(() => query);
        Assert.Equal("57P01", dropped.SqlState);
        Assert.Empty(await serve.ConsoleAsync("SHOW SERVERS", Token));

        Task<int> waiting = SelectOneAsync(serve);
        await Task.Delay(200, Token);
        Assert.False(waiting.IsCompleted);
        await serve.ConsoleAsync("RESUME postgres", Token);
        Assert.Equal(1, await waiting);
    }

    [Fact]
    public async Task Kill_client_drops_that_client_only()
    {
        await using ServeProcess serve = await StartAsync();
        await using NpgsqlConnection victim = await serve.OpenAsync(
            Token,
            serve.ClientString() + ";Application Name=v"
        );
        await using NpgsqlConnection other = await serve.OpenAsync(Token);
        Dictionary<string, string> row = (await serve.ConsoleAsync("SHOW CLIENTS", Token)).Single(static client =>
            client["application_name"] == "v"
        );
        await serve.ConsoleAsync($"KILL_CLIENT {row["id"]}", Token);
        await using NpgsqlCommand one = new("select 1", victim);
        await Assert.ThrowsAnyAsync<NpgsqlException>(() => one.ExecuteScalarAsync(Token));
        await using NpgsqlCommand two = new("select 2", other);
        Assert.Equal(2, await two.ExecuteScalarAsync(Token));
        PostgresException unknown = await Assert.ThrowsAsync<PostgresException>(() =>
            serve.ConsoleAsync($"KILL_CLIENT {row["id"]}", Token)
        );
        Assert.Equal("client not found", unknown.MessageText);
    }

    [Fact]
    public async Task Disabled_database_refuses_new_clients_and_keeps_the_old_ones()
    {
        await using ServeProcess serve = await StartAsync();
        await using NpgsqlConnection client = await serve.OpenAsync(Token);
        await serve.ConsoleAsync("DISABLE postgres", Token);
        await Assert.ThrowsAsync<PostgresException>(() => serve.OpenAsync(Token));
        await using NpgsqlCommand one = new("select 1", client);
        Assert.Equal(1, await one.ExecuteScalarAsync(Token));
        await serve.ConsoleAsync("ENABLE postgres", Token);
        Assert.Equal(1, await SelectOneAsync(serve));
    }

    [Fact]
    public async Task Set_changes_a_setting_and_refuses_one_that_needs_a_restart()
    {
        await using ServeProcess serve = await StartAsync();
        await serve.ConsoleAsync("SET default_pool_size = 2", Token);
        Dictionary<string, string> row = (await serve.ConsoleAsync("SHOW CONFIG", Token)).Single(static setting =>
            setting["key"] == "default_pool_size"
        );
        Assert.Equal(("2", "20"), (row["value"], row["default"]));
        await Assert.ThrowsAsync<PostgresException>(() => serve.ConsoleAsync("SET listen_port = 1", Token));
        await Assert.ThrowsAsync<PostgresException>(() => serve.ConsoleAsync("SET default_pool_size = many", Token));
    }

    private async Task<ServeProcess> StartAsync() =>
        await ServeProcess.StartAsync((await fixture.GetAsync(15)).Port, Token);

    private static async Task<int> SelectOneAsync(ServeProcess serve)
    {
        await using NpgsqlConnection client = await serve.OpenAsync(Token);
        await using NpgsqlCommand one = new("select 1", client);
        return (int)(await one.ExecuteScalarAsync(Token))!;
    }

    private static async Task<HashSet<string>> ServerPidsAsync(ServeProcess serve) =>
        [.. (await serve.ConsoleAsync("SHOW SERVERS", Token)).Select(static row => row["remote_pid"])];

    private static Task WaitForActiveServerAsync(ServeProcess serve) =>
        serve.WaitAsync(
            async () => (await serve.ConsoleAsync("SHOW SERVERS", Token)).Any(static row => row["state"] == "active"),
            "an active server",
            Token
        );

    private static async Task<(int Code, string Output)> PsqlAsync(string[] arguments)
    {
        Assert.SkipUnless(File.Exists("/usr/bin/psql"), "psql is missing: apt-get install postgresql-client");
        using System.Diagnostics.Process psql = System.Diagnostics.Process.Start(
            new System.Diagnostics.ProcessStartInfo("/usr/bin/psql", arguments)
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            }
        )!;
        Task<string> output = psql.StandardOutput.ReadToEndAsync(Token);
        string errors = await psql.StandardError.ReadToEndAsync(Token);
        await psql.WaitForExitAsync(Token);
        return (psql.ExitCode, await output + errors);
    }
}
