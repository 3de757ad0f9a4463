// A COPY over shards that is cut off, wherever: all or nothing is loaded, and nobody is left behind.
using System.Diagnostics;
using System.Globalization;
using System.Text;
using Drover.IntegrationTests.LocalPostgres;
using Drover.IntegrationTests.Sessions;
using Drover.IntegrationTests.Topology;
using Npgsql;

namespace Drover.IntegrationTests.Sharding;

public sealed class CopyFaultTests(PostgresFixture postgres)
{
    private const string Schema = """
        CREATE TABLE orders (id bigint, customer_id bigint NOT NULL, body text, PRIMARY KEY (customer_id, id));
        CREATE TABLE products (id bigint PRIMARY KEY, name text NOT NULL)
        """;

    private const string WhoCopies =
        "FROM pg_stat_activity WHERE datname = current_database() AND query ~ '^COPY' AND state = 'active'";

    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(60);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Shard_that_is_lost_in_the_middle_fails_the_copy_and_the_session_goes_on()
    {
        await using ShardingStage stage = await StartAsync(postgres);
        await using ShardedProxy proxy = await stage.ServeAsync();
        await using ScriptedClient client = await ConnectAsync(proxy);
        foreach (string around in (string[])["", "BEGIN"])
        {
            if (around.Length > 0)
            {
                await client.Query(around).RunAsync();
            }
            await BeginAsync(client, stage);
            await stage.OnShardAsync(2, $"SELECT pg_terminate_backend(pid, 10000) {WhoCopies}");
            string answer = await client.Copy(Rows(1000, 2000)).CopyDone().RunAsync();
            Assert.Matches("^E\\((57P01|08006)\\) Z\\([IE]\\)$", answer);
            if (around.Length > 0)
            {
                // The transaction ends with its shard, and so may its session.
                await client.Query("ROLLBACK").SendAsync();
            }
            await ExpectNothingAsync(stage);
        }
        await using ScriptedClient next = await ConnectAsync(proxy);
        Assert.Equal("C(COPY 100) Z(I)", await CopyAsync(next, Rows(1, 101)));
    }

    [Fact]
    public async Task Server_whose_backend_is_killed_has_loaded_nothing_and_takes_it_again()
    {
        // It ends all of the server's sessions: a server of this test's own.
        await using PostgresFixture own = new();
        await using ShardingStage stage = await StartAsync(own);
        await using ShardedProxy proxy = await stage.ServeAsync();
        await using ScriptedClient client = await ConnectAsync(proxy);
        await BeginAsync(client, stage);
        string pid = (await stage.FromShardAsync(3, $"SELECT pid {WhoCopies}"))!;
        using (Process backend = Process.GetProcessById(int.Parse(pid, CultureInfo.InvariantCulture)))
        {
            backend.Kill();
        }
        await client.Copy(Rows(1000, 2000)).CopyDone().SendAsync();
        Assert.StartsWith("E(", await client.ReadAsync("E"), StringComparison.Ordinal);
        await Eventually.HoldsAsync(
            async () =>
            {
                try
                {
                    await ExpectNothingAsync(stage);
                    await using ScriptedClient next = await ConnectAsync(proxy);
                    return await CopyAsync(next, Rows(1, 101)) == "C(COPY 100) Z(I)";
                }
                catch (Exception down) when (down is NpgsqlException or IOException)
                {
                    return false;
                }
            },
            s_limit
        );
    }

    [Fact]
    public async Task Client_that_is_gone_in_the_middle_leaves_no_row_and_no_busy_server()
    {
        await using ShardingStage stage = await StartAsync(postgres);
        await using ShardedProxy proxy = await stage.ServeAsync();
        for (int part = 0; part < 3; part++)
        {
            await using (ScriptedClient client = await ConnectAsync(proxy))
            {
                await BeginAsync(client, stage);
                if (part == 1)
                {
                    await client.Terminate().SendAsync();
                }
                else if (part == 2)
                {
                    await client.Copy(Rows(1000, 1100).AsMemory()[..^7]).SendAsync();
                }
            }
            await ExpectNothingAsync(stage);
        }
    }

    [Fact]
    public async Task Cancel_ends_it_on_every_shard()
    {
        await using ShardingStage stage = await StartAsync(postgres);
        await using ShardedProxy proxy = await stage.ServeAsync();
        await using ScriptedClient client = await ConnectAsync(proxy);
        await BeginAsync(client, stage);
        await client.CancelAsync();

        // As with one server, it is looked at when the next rows come.
        Assert.Equal("E(57014) Z(I)", await client.Copy(Rows(1000, 20_000)).CopyDone().RunAsync());
        await ExpectNothingAsync(stage);
        Assert.Equal("C(COPY 100) Z(I)", await CopyAsync(client, Rows(1, 101)));

        // One that waits for a lock before it takes rows.
        await using NpgsqlConnection holder = await stage.OpenShardAsync(2);
        await using NpgsqlTransaction held = await holder.BeginTransactionAsync(Token);
        await using NpgsqlCommand take = new("LOCK TABLE orders", holder);
        await take.ExecuteNonQueryAsync(Token);
        await client.Query("COPY orders FROM STDIN").SendAsync();
        const string Waits =
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND "
            + "wait_event_type = 'Lock'";
        await Eventually.HoldsAsync(async () => await stage.FromShardAsync(2, Waits) == "1", s_limit);
        await client.CancelAsync();
        Assert.Equal("E(57014) Z(I)", await client.ReadAsync("Z"));
        await held.RollbackAsync(Token);
    }

    [Fact]
    public async Task Failure_on_one_shard_does_not_wait_for_a_lock_on_another()
    {
        await using ShardingStage stage = await StartAsync(postgres);
        await using ShardedProxy proxy = await stage.ServeAsync();
        await using ScriptedClient client = await ConnectAsync(proxy);
        await using NpgsqlConnection holder = await stage.OpenShardAsync(2);
        await using NpgsqlTransaction held = await holder.BeginTransactionAsync(Token);
        int other = 1;
        while (await stage.FromShardAsync(2, Place(other)) != "2")
        {
            other++;
        }
        await using NpgsqlCommand insert = new($"INSERT INTO orders VALUES (1, {other}, 'held')", holder);
        await insert.ExecuteNonQueryAsync(Token);
        await client.Query("COPY orders FROM STDIN").SendAsync();
        await client.ReadAsync("G");

        // A row waits for the one that is held (a server inserts some thousand at a time); then comes one that is none.
        byte[] first = Encoding.UTF8.GetBytes($"1\t{other}\tx\n");
        await client.Copy((byte[])[.. first, .. Rows(100, 20_000)]).SendAsync();
        const string Waits =
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND "
            + "wait_event_type = 'Lock'";
        await Eventually.HoldsAsync(async () => await stage.FromShardAsync(2, Waits) == "1", s_limit);
        Assert.Equal("E(0A000) Z(I)", await client.Copy("2\tno key\tx\n"u8.ToArray()).RunAsync());
        await held.RollbackAsync(Token);
        await ExpectNothingAsync(stage);
    }

    [Fact]
    public async Task Rows_of_many_megabytes_pass_and_what_follows_a_failure_is_passed_over()
    {
        await using ShardingStage stage = await StartAsync(postgres);
        await using ShardedProxy proxy = await stage.ServeAsync();
        await using ScriptedClient client = await ConnectAsync(proxy);
        await client.Query("COPY orders FROM STDIN").SendAsync();
        await client.ReadAsync("G");
        byte[] value = new byte[30 * 1024 * 1024];
        value.AsSpan().Fill((byte)'v');
        for (int row = 1; row <= 3; row++)
        {
            await client.Copy((byte[])[.. Encoding.UTF8.GetBytes($"1\t{row}\t"), .. value, (byte)'\n']).SendAsync();
        }
        Assert.Equal("C(COPY 3) Z(I)", await client.CopyDone().RunAsync());
        long there = 0;
        for (int shard = 1; shard <= 3; shard++)
        {
            there += long.Parse(
                (await stage.FromShardAsync(shard, "SELECT coalesce(sum(length(body)), 0) FROM orders"))!
            );
        }
        Assert.Equal(3L * value.Length, there);

        await client.Query("DELETE FROM orders").RunAsync();
        await client.Query("COPY orders FROM STDIN").SendAsync();
        await client.ReadAsync("G");
        await client.Copy("1\tno key\t"u8.ToArray()).Copy(value).Copy("\n"u8.ToArray()).SendAsync();
        Assert.Equal("E(0A000) Z(I)", await client.ReadAsync("Z"));

        // It did not know, and goes on.
        await client.Copy(value).CopyDone().SendAsync();
        Assert.Equal("C(COPY 100) Z(I)", await CopyAsync(client, Rows(1, 101)));
    }

    [Fact]
    public async Task Slow_shard_holds_the_client_up_and_the_proxy_keeps_little()
    {
        await using ShardingStage stage = await StartAsync(postgres);
        await using ShardedProxy proxy = await stage.ServeAsync();
        await using ScriptedClient client = await ConnectAsync(proxy);
        Assert.Equal("C(COPY 1000) Z(I)", await CopyAsync(client, Rows(1, 1001)));
        await client.Query("DELETE FROM orders").RunAsync();
        long before = MemoryOf(proxy);
        await using NpgsqlConnection holder = await stage.OpenShardAsync(2);
        await using NpgsqlTransaction held = await holder.BeginTransactionAsync(Token);
        int other = 1;
        while (await stage.FromShardAsync(2, Place(other)) != "2")
        {
            other++;
        }
        await using NpgsqlCommand insert = new($"INSERT INTO orders VALUES (0, {other}, 'held')", holder);
        await insert.ExecuteNonQueryAsync(Token);
        await client.Query("COPY orders FROM STDIN").SendAsync();
        await client.ReadAsync("G");
        byte[] first = Encoding.UTF8.GetBytes($"0\t{other}\tx\n");
        Task sending = client.Copy((byte[])[.. first, .. Rows(1, 600_000)]).CopyDone().SendAsync();
        const string Waits =
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND "
            + "wait_event_type = 'Lock'";
        await Eventually.HoldsAsync(async () => await stage.FromShardAsync(2, Waits) == "1", s_limit);
        Assert.False(sending.IsCompleted);
        await held.RollbackAsync(Token);
        await sending;
        Assert.Equal("C(COPY 600000) Z(I)", await client.ReadAsync("Z"));
        long grown = MemoryOf(proxy) - before;
        Assert.True(grown < 100 * 1024 * 1024, $"the proxy grew by {grown:N0} bytes");
    }

    private static string Place(int customer) =>
        $"SELECT CASE WHEN (hashint8extended({customer}, 0) & 4095) BETWEEN 1400 AND 2700 THEN 2 ELSE 0 END";

    private static long MemoryOf(ShardedProxy proxy)
    {
        using Process process = Process.GetProcessById(proxy.ProcessId);
        return process.WorkingSet64;
    }

    private static async Task<ShardingStage> StartAsync(PostgresFixture fixture)
    {
        ShardingStage stage = await ShardingStage.StartAsync(fixture, 18, shards: 3);
        await stage.SetUpAsync("shard init");
        await stage.OnShardsAsync(Schema);
        await stage.SetUpAsync("table reference products");
        await stage.SetUpAsync("table shard orders --key customer_id");
        return stage;
    }

    private static Task<ScriptedClient> ConnectAsync(ShardedProxy proxy) =>
        ScriptedClient.ConnectAsync("127.0.0.1", proxy.Port, "postgres", "shop");

    private static byte[] Rows(int from, int to) =>
        Encoding.UTF8.GetBytes(
            string.Concat(
                Enumerable.Range(from, to - from).Select(static n => $"{n}\t{n % 97}\tsome words, many times\n")
            )
        );

    private static async Task<string> CopyAsync(ScriptedClient client, byte[] rows)
    {
        await client.Query("COPY orders FROM STDIN").SendAsync();
        string begun = await client.ReadAsync("G");
        Assert.Equal("G", begun);
        return await client.Copy(rows).CopyDone().RunAsync();
    }

    /// <summary>Sends rows, and waits until every shard takes some.</summary>
    private static async Task BeginAsync(ScriptedClient client, ShardingStage stage)
    {
        await client.Query("COPY orders FROM STDIN").SendAsync();
        Assert.Equal("G", await client.ReadAsync("G"));
        await client.Copy(Rows(1, 1000)).SendAsync();
        for (int shard = 1; shard <= 3; shard++)
        {
            int at = shard;
            await Eventually.HoldsAsync(
                async () => await stage.FromShardAsync(at, $"SELECT count(*) {WhoCopies}") == "1",
                s_limit
            );
        }
    }

    /// <summary>No row, nothing prepared, nobody at work or in a transaction.</summary>
    private static async Task ExpectNothingAsync(ShardingStage stage)
    {
        for (int shard = 1; shard <= 3; shard++)
        {
            int at = shard;
            await Eventually.HoldsAsync(
                async () =>
                    await stage.FromShardAsync(
                        at,
                        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                            + "AND pid <> pg_backend_pid() AND backend_type = 'client backend' AND state <> 'idle'"
                    ) == "0",
                s_limit
            );
            Assert.Equal("0", await stage.FromShardAsync(at, "SELECT count(*) FROM orders"));
        }
        Assert.Equal(0, await stage.PreparedAsync());
    }
}
