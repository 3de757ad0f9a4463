// Mixed clients and a busy operator for minutes: afterwards nothing is leaked, dirty, lost or larger.
using System.Globalization;
using Drover.IntegrationTests.Clients;
using Drover.IntegrationTests.Sessions;
using Npgsql;

namespace Drover.IntegrationTests.Fire;

/// <summary>
/// A quarter of a minute in the usual run; five minutes with DROVER_LONG, or the seconds of DROVER_SOAK_SECONDS.
/// </summary>
public sealed class SoakTests
{
    private const int Clients = 24;
    private const int PoolSize = 8;
    private const string SecondsVariable = "DROVER_SOAK_SECONDS";

    private const string Tables = """
        create table tally (client int primary key, n bigint not null);
        create table copies (client int, k int);
        create function enter(who text) returns void language plpgsql as
            $$ begin perform set_config('app.soak', who, false); end $$
        """;

    [Fact]
    public async Task Nothing_is_leaked_dirty_or_lost_after_a_long_mixed_load()
    {
        CancellationToken token = TestContext.Current.CancellationToken;
        Dictionary<string, string> settings = new()
        {
            ["default_pool_size"] = $"{PoolSize}",
            ["admin_users"] = "app",
            ["server_lifetime"] = "20",
            ["query_wait_timeout"] = "60",
        };
        await using FireStage stage = await FireStage.StartAsync(settings, token);
        await stage.Cluster.ExecuteAsync(Tables, token);
        await stage.Cluster.ExecuteAsync($"insert into tally select i, 0 from generate_series(1, {Clients}) i", token);
        using CancellationTokenSource stop = new();
        SoakClient[] clients = [.. Enumerable.Range(1, Clients).Select(id => new SoakClient(stage, id, stop.Token))];
        Task[] running = [.. clients.Select(client => Task.Run(client.RunAsync, token))];
        (long early, int restarts) = await OperateAsync(stage, token);
        await stop.CancelAsync();
        await Task.WhenAll(running).WaitAsync(TimeSpan.FromSeconds(120), token);
        await using (NpgsqlConnection direct = await stage.Cluster.OpenAsync("postgres", token))
        {
            foreach (SoakClient client in clients)
            {
                await client.CheckAsync(direct);
            }
        }
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{clients.Sum(static client => client.Steps)} steps, {clients.Sum(static client => client.Lost)} lost to "
                + $"{restarts} restarts; {early >> 20} MB at first, {stage.ResidentBytes() >> 20} MB at the end"
        );
        string[] strange = [.. clients.SelectMany(static client => client.Strange)];
        Assert.True(strange.Length == 0, string.Join('\n', strange));
        Assert.True(clients.All(static client => client.Steps > 0), "a client never got anything done");
        int perRestart = Clients * 4;
        Assert.InRange(clients.Sum(static client => client.Lost), 0, restarts * perRestart);
        await NothingIsLeftAsync(stage, token);
        long growth = stage.ResidentBytes() - early;
        Assert.True(growth < 48L << 20, $"memory grew by {growth >> 20} MB");
    }

    /// <summary>RELOAD, PAUSE and RESUME, RECONNECT, and restarts of PostgreSQL, until the time is over.</summary>
    private static async Task<(long EarlyBytes, int Restarts)> OperateAsync(FireStage stage, CancellationToken token)
    {
        bool isLong = Environment.GetEnvironmentVariable("DROVER_LONG") is { Length: > 0 };
        int seconds =
            int.TryParse(
                Environment.GetEnvironmentVariable(SecondsVariable),
                CultureInfo.InvariantCulture,
                out int asked
            )
                ? asked
            : isLong ? 300
            : 15;
        long start = TimeProvider.System.GetTimestamp();
        double Elapsed() => TimeProvider.System.GetElapsedTime(start).TotalSeconds;
        long early = 0;
        int restarts = 0;
        for (int round = 0; Elapsed() < seconds; round++)
        {
            await Task.Delay(TimeSpan.FromSeconds(1), token);
            switch (round % 8)
            {
                case 1:
                    await ConsoleAsync(stage, "RELOAD");
                    break;
                case 3:
                    await ConsoleAsync(stage, "PAUSE");
                    await Task.Delay(TimeSpan.FromMilliseconds(300), token);
                    await ConsoleAsync(stage, "RESUME");
                    break;
                case 5:
                    await ConsoleAsync(stage, "RECONNECT");
                    break;
                case 7 when (restarts + 1) * 10 < Elapsed():
                    await stage.Cluster.RestartAsync(immediate: restarts % 2 == 1, token);
                    restarts++;
                    break;
                default:
                    break;
            }
            early = early == 0 && Elapsed() > seconds / 4.0 ? stage.ResidentBytes() : early;
        }
        return (early, restarts);
    }

    private static async Task ConsoleAsync(FireStage stage, string command)
    {
        await using ScriptedClient console = await ScriptedClient.ConnectAsync(
            ProxyUnderTest.Host,
            stage.Proxy.Port,
            "app",
            "drover"
        );
        string answer = await console.Query(command).RunAsync();
        Assert.Equal($"C({command}) Z(I)", answer);
    }

    /// <summary>Takes all of the pool's servers at once and looks what their sessions hold.</summary>
    private static async Task NothingIsLeftAsync(FireStage stage, CancellationToken token)
    {
        const string Mine = "application_name is distinct from 'direct' and backend_type = 'client backend'";
        List<NpgsqlConnection> holders = [];
        for (int i = 0; i < PoolSize; i++)
        {
            NpgsqlConnection holder = await stage.OpenAsync(token);
            holders.Add(holder);
            const string Ask = """
                begin;
                select concat_ws(' ', coalesce(current_setting('app.soak', true), ''), current_setting('work_mem'),
                    (select count(*) from pg_listening_channels()),
                    (select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()),
                    (select count(*) from pg_class where relnamespace = pg_my_temp_schema()),
                    (select count(*) from pg_prepared_statements where from_sql))
                """;
            Assert.Equal(" 4MB 0 0 0 0", await FireStage.ScalarAsync(holder, Ask, token));
        }
        string servers = $"select count(*) from pg_stat_activity where {Mine} and pid <> pg_backend_pid()";
        // A server process that was told to end is still listed for a moment.
        string? listed = await stage.Cluster.QueryAsync(servers, token);
        for (int i = 0; listed != $"{PoolSize}" && i < 200; i++)
        {
            await Task.Delay(100, token);
            listed = await stage.Cluster.QueryAsync(servers, token);
        }
        Assert.Equal($"{PoolSize}", listed);
        foreach (NpgsqlConnection holder in holders)
        {
            await holder.DisposeAsync();
        }
    }
}
