// RELOAD and SIGHUP: everything or nothing, and no query notices.
using Drover.App.LocalPostgres;
using Drover.IntegrationTests.LocalPostgres;
using Npgsql;

namespace Drover.IntegrationTests.Serve;

public sealed class ReloadTests(PostgresFixture fixture)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Reload_under_load_changes_settings_and_fails_no_query()
    {
        int port = (await fixture.GetAsync(15)).Port;
        await using ServeProcess serve = await ServeProcess.StartAsync(port, Token);
        await using QueryLoad load = await QueryLoad.StartAsync(serve, 10, Token);
        for (int size = 2; size < 6; size++)
        {
            await load.AdvanceAsync(50, Token);
            Dictionary<string, string> settings = new() { ["default_pool_size"] = $"{size}" };
            await ServeProcess.WriteFilesAsync(serve.Folder, serve.Port, port, settings, Token);
            if (size % 2 == 0)
            {
                await serve.ConsoleAsync("RELOAD", Token);
            }
            else
            {
                serve.Signal(1);
            }
            string wanted = $"{size}";
            await serve.WaitAsync(
                async () => await SettingAsync(serve, "default_pool_size") == wanted,
                $"default_pool_size = {size}",
                Token
            );
        }
        await load.AdvanceAsync(50, Token);
        await load.StopAsync();
    }

    [Fact]
    public async Task Bad_file_changes_nothing_and_says_which_line()
    {
        int port = (await fixture.GetAsync(15)).Port;
        await using ServeProcess serve = await ServeProcess.StartAsync(port, Token);
        Dictionary<string, string> settings = new() { ["query_wait_timeout"] = "7", ["pool_mode"] = "nonsense" };
        await ServeProcess.WriteFilesAsync(serve.Folder, serve.Port, port, settings, Token);
        PostgresException refused = await Assert.ThrowsAsync<PostgresException>(() =>
            serve.ConsoleAsync("RELOAD", Token)
        );
        Assert.Equal("F0000", refused.SqlState);
        string[] lines = await File.ReadAllLinesAsync(serve.IniFile, Token);
        int line = Array.FindIndex(lines, static text => text.StartsWith("pool_mode", StringComparison.Ordinal)) + 1;
        Assert.Contains($"pgbouncer.ini:{line}", refused.MessageText, StringComparison.Ordinal);
        Assert.Equal("120", await SettingAsync(serve, "query_wait_timeout"));
        await using NpgsqlConnection client = await serve.OpenAsync(Token);
    }

    [Fact]
    public async Task Bad_certificate_changes_nothing()
    {
        int port = (await fixture.GetAsync(15)).Port;
        await using ServeProcess serve = await ServeProcess.StartAsync(port, Token);
        string file = Path.Combine(serve.Folder, "server.pem");
        await File.WriteAllTextAsync(file, "no certificate", Token);
        Dictionary<string, string> settings = new()
        {
            ["query_wait_timeout"] = "7",
            ["client_tls_sslmode"] = "require",
            ["client_tls_key_file"] = file,
            ["client_tls_cert_file"] = file,
        };
        await ServeProcess.WriteFilesAsync(serve.Folder, serve.Port, port, settings, Token);
        PostgresException refused = await Assert.ThrowsAsync<PostgresException>(() =>
            serve.ConsoleAsync("RELOAD", Token)
        );
        Assert.Contains("client_tls_cert_file", refused.MessageText, StringComparison.Ordinal);
        Assert.Equal("120", await SettingAsync(serve, "query_wait_timeout"));
        await using NpgsqlConnection client = await serve.OpenAsync(Token);
    }

    [Fact]
    public async Task Removed_database_loses_its_clients_and_a_new_one_is_served_at_once()
    {
        int port = (await fixture.GetAsync(15)).Port;
        await using ServeProcess serve = await ServeProcess.StartAsync(port, Token);
        string other = serve.ClientString().Replace("Database=postgres", "Database=other", StringComparison.Ordinal);
        await using NpgsqlConnection client = await serve.OpenAsync(Token, other);
        string text = await File.ReadAllTextAsync(serve.IniFile, Token);
        await File.WriteAllTextAsync(
            serve.IniFile,
            text.Replace("other =", "added =", StringComparison.Ordinal),
            Token
        );
        await serve.ConsoleAsync("RELOAD", Token);
        await using NpgsqlCommand one = new("select 1", client);
        await Assert.ThrowsAnyAsync<NpgsqlException>(() => one.ExecuteScalarAsync(Token));
        PostgresException gone = await Assert.ThrowsAsync<PostgresException>(() => serve.OpenAsync(Token, other));
        Assert.Equal("3D000", gone.SqlState);
        string added = serve.ClientString().Replace("Database=postgres", "Database=added", StringComparison.Ordinal);
        await using NpgsqlConnection newcomer = await serve.OpenAsync(Token, added);
    }

    [Fact]
    public async Task Password_is_rotated_under_load_without_a_failed_query()
    {
        await using LocalPostgresCluster cluster = await LocalPostgresCluster.StartNewAsync(
            new LocalPostgresOptions { Major = 15, HostAuthentication = "scram-sha-256" },
            Token
        );
        await cluster.ExecuteAsync($"alter role postgres password '{ServeProcess.Password}'", Token);
        await using ServeProcess serve = await ServeProcess.StartAsync(cluster.Port, Token);
        await using QueryLoad load = await QueryLoad.StartAsync(serve, 10, Token);
        await load.AdvanceAsync(50, Token);

        await cluster.ExecuteAsync("alter role postgres password 'new one'", Token);
        string users = await File.ReadAllTextAsync(serve.UserList, Token);
        string rotated = users.Replace("\"postgres\" \"pw\"", "\"postgres\" \"new one\"", StringComparison.Ordinal);
        await File.WriteAllTextAsync(serve.UserList, rotated, Token);
        await serve.ConsoleAsync("RELOAD", Token);
        await serve.ConsoleAsync("RECONNECT", Token);
        await load.AdvanceAsync(200, Token);
        await load.StopAsync();

        await Assert.ThrowsAsync<PostgresException>(() => serve.OpenAsync(Token));
        await using NpgsqlConnection client = await serve.OpenAsync(Token, serve.ClientString(password: "new one"));
    }

    private static async Task<string> SettingAsync(ServeProcess serve, string name) =>
        (await serve.ConsoleAsync("SHOW CONFIG", Token)).Single(row => row["key"] == name)["value"];
}
