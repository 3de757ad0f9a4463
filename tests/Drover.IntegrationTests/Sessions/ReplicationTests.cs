// Replication through the proxy: PostgreSQL's own receivers, physical and logical, and a subscription.
using Drover.App.LocalPostgres;
using Drover.IntegrationTests.LocalPostgres;
using Drover.IntegrationTests.Security;
using Drover.IntegrationTests.Serve;
using Npgsql;
using Npgsql.Replication;

namespace Drover.IntegrationTests.Sessions;

public sealed class ReplicationTests(SecureFixture fixture)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Backup_of_pg_basebackup_verifies()
    {
        ServeProcess serve = await ProxyAsync(15);
        string target = Path.Combine(serve.Folder, "backup");
        CommandRun backup = await RunAsync(
            "pg_basebackup",
            ["-d", Connection(serve, "postgres"), "-D", target, "-X", "stream", "-c", "fast", "--no-sync"]
        );
        Assert.True(backup.ExitCode == 0, backup.Error);
        CommandRun verified = await RunAsync("pg_verifybackup", ["-q", "-n", target]);
        Assert.True(verified.ExitCode == 0, verified.Error);
        Assert.NotEmpty(Directory.GetFiles(Path.Combine(target, "pg_wal"), "0*"));
    }

    [Fact]
    public async Task Log_of_pg_receivewal_is_the_servers()
    {
        LocalPostgresCluster cluster = await fixture.GetAsync(15);
        ServeProcess serve = await ProxyAsync(15);
        string folder = Directory.CreateDirectory(Path.Combine(serve.Folder, "wal")).FullName;
        string[] common = ["-d", Connection(serve, "postgres"), "-S", "receiver"];
        CommandRun slot = await RunAsync("pg_receivewal", [.. common, "--create-slot"]);
        Assert.True(slot.ExitCode == 0, slot.Error);
        try
        {
            await cluster.ExecuteAsync("create table if not exists wal_filler (t text)", Token);
            await cluster.ExecuteAsync(
                "insert into wal_filler select repeat('x', 500) from generate_series(1, 2000)",
                Token
            );
            string end = (await cluster.QueryAsync("select pg_current_wal_flush_lsn()::text", Token))!;
            string segment = (await cluster.QueryAsync($"select pg_walfile_name('{end}')", Token))!;
            CommandRun received = await RunAsync(
                "pg_receivewal",
                [.. common, "-D", folder, "-E", end, "--no-loop", "--no-sync"]
            );
            Assert.True(received.ExitCode == 0, received.Error);
            string copy = Directory.GetFiles(folder, $"{segment}*").Single();
            int length = (int)(Convert.ToUInt64(end.Split('/')[1], 16) % (16 << 20));
            byte[] theirs = await File.ReadAllBytesAsync(Path.Combine(cluster.DataFolder, "pg_wal", segment), Token);
            byte[] ours = await File.ReadAllBytesAsync(copy, Token);
            Assert.True(theirs.AsSpan(0, length).SequenceEqual(ours.AsSpan(0, length)), $"{segment} differs");
        }
        finally
        {
            await RunAsync("pg_receivewal", [.. common, "--drop-slot"]);
        }
    }

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Changes_of_pg_recvlogical_are_all_there(int major)
    {
        LocalPostgresCluster cluster = await fixture.GetAsync(major);
        ServeProcess serve = await ProxyAsync(major);
        // The entry has another name than the database: the server must be told the database's.
        string[] common = ["-d", Connection(serve, "other"), "-S", "decoder"];
        CommandRun slot = await RunAsync("pg_recvlogical", [.. common, "--create-slot", "-P", "test_decoding"]);
        Assert.True(slot.ExitCode == 0, slot.Error);
        try
        {
            await cluster.ExecuteAsync("create table if not exists decoded (a int primary key)", Token);
            await cluster.ExecuteAsync("insert into decoded select generate_series(1, 5000)", Token);
            string end = (await cluster.QueryAsync("select pg_current_wal_flush_lsn()::text", Token))!;
            CommandRun changes = await RunAsync(
                "pg_recvlogical",
                [.. common, "--start", "-f", "-", "-E", end, "--no-loop"]
            );
            Assert.True(changes.ExitCode == 0, changes.Error);
            Assert.Equal(5000, changes.Output.Split("table public.decoded: INSERT:").Length - 1);
        }
        finally
        {
            await RunAsync("pg_recvlogical", [.. common, "--drop-slot"]);
            await cluster.ExecuteAsync("drop table decoded", Token);
        }
    }

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Subscription_through_the_proxy_follows_its_publisher(int major)
    {
        LocalPostgresCluster cluster = await fixture.GetAsync(major);
        ServeProcess serve = await ProxyAsync(major);
        await cluster.ExecuteAsync("create database publisher", Token);
        await cluster.ExecuteAsync("create database subscriber", Token);
        await cluster.ExecuteAsync("create table followed (a int)", Token, "subscriber");
        await cluster.ExecuteAsync(
            "create table followed (a int); create publication p for table followed",
            Token,
            "publisher"
        );
        await cluster.ExecuteAsync("select pg_create_logical_replication_slot('s', 'pgoutput')", Token, "publisher");
        await cluster.ExecuteAsync(
            $"create subscription s connection '{Connection(serve, "publisher")}' publication p "
                + "with (create_slot = false, slot_name = 's', copy_data = false)",
            Token,
            "subscriber"
        );
        await cluster.ExecuteAsync("insert into followed select generate_series(1, 1000)", Token, "publisher");
        await serve.WaitAsync(
            async () => await cluster.QueryAsync("select count(*)::text from followed", Token, "subscriber") == "1000",
            "1,000 rows at the subscriber",
            Token
        );
        List<Dictionary<string, string>> servers = await serve.ConsoleAsync(
            "SHOW SERVERS",
            Token,
            "pgbouncer",
            overSocket: true
        );
        Assert.Contains(servers, static row => row["replication"] == "logical");
        await cluster.ExecuteAsync("alter subscription s disable", Token, "subscriber");
        await cluster.ExecuteAsync("alter subscription s set (slot_name = none)", Token, "subscriber");
        await cluster.ExecuteAsync("drop subscription s", Token, "subscriber");
        await serve.WaitAsync(
            async () =>
                await cluster.QueryAsync("select active::text from pg_replication_slots where slot_name = 's'", Token)
                == "false",
            "the end of the slot's use, with its subscriber",
            Token
        );
        await cluster.ExecuteAsync("select pg_drop_replication_slot('s')", Token, "publisher");
    }

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Npgsql_receives_the_log_over_tls(int major)
    {
        LocalPostgresCluster cluster = await fixture.GetAsync(major);
        ServeProcess serve = await ProxyAsync(major);
        await using PhysicalReplicationConnection client = new(
            $"Host={ServeProcess.Host};Port={serve.Port};Username=replica;Password=pw;Database=replica;SSL Mode=Require"
        );
        await client.Open(Token);
        ReplicationSystemIdentification system = await client.IdentifySystem(Token);
        using CancellationTokenSource enough = CancellationTokenSource.CreateLinkedTokenSource(Token);
        await cluster.ExecuteAsync("select pg_logical_emit_message(false, 'drover', 'a message of ours')", Token);
        using MemoryStream log = new();
        try
        {
            await foreach (XLogDataMessage part in client.StartReplication(system.XLogPos, enough.Token))
            {
                await part.Data.CopyToAsync(log, Token);
                if (log.ToArray().AsSpan().IndexOf("a message of ours"u8) >= 0)
                {
                    await enough.CancelAsync();
                }
            }
        }
        catch (OperationCanceledException) when (enough.IsCancellationRequested)
        {
            // Found, and the streaming ended.
        }
        Assert.True(log.ToArray().AsSpan().IndexOf("a message of ours"u8) >= 0, $"{log.Length} bytes without it");
    }

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Command_of_a_replication_client_is_cancelled_and_the_client_goes_on(int major)
    {
        LocalPostgresCluster cluster = await fixture.GetAsync(major);
        ServeProcess serve = await ProxyAsync(major);
        // A slot waits for every transaction that is writing.
        await using NpgsqlConnection writer = await serve.OpenAsync(Token);
        await using NpgsqlTransaction open = await writer.BeginTransactionAsync(Token);
        await using NpgsqlCommand write = new("select pg_current_xact_id()", writer);
        await write.ExecuteScalarAsync(Token);
        await using LogicalReplicationConnection client = new(
            $"Host={ServeProcess.Host};Port={serve.Port};Username=replica;Password=pw;Database=postgres;"
                + "SSL Mode=Require"
        );
        await client.Open(Token);
        using CancellationTokenSource enough = CancellationTokenSource.CreateLinkedTokenSource(Token);
        Task creation = client.CreateTestDecodingReplicationSlot("cancelled", cancellationToken: enough.Token);
        const string Waiting =
            "select count(*)::text from pg_stat_activity where backend_type = 'walsender' "
            + "and wait_event_type = 'Lock' and usename = 'replica'";
        await serve.WaitAsync(
            async () => await cluster.QueryAsync(Waiting, Token) == "1",
            "a walsender that waits for the writer",
            Token
        );
        await enough.CancelAsync();
        OperationCanceledException cancelled = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => creation);
        Assert.Equal("57014", Assert.IsType<PostgresException>(cancelled.InnerException).SqlState);
        Assert.NotEmpty((await client.IdentifySystem(Token)).SystemId);
    }

    private async Task<ServeProcess> ProxyAsync(int major)
    {
        int port = (await fixture.GetAsync(major)).Port;
        return await fixture.ProxyAsync(
            "replication",
            major,
            fixture.ClientTls("prefer"),
            new ServeEntries
            {
                Databases = [$"* = host={ServeProcess.Host} port={port}"],
                Users = ["\"replica\" \"pw\""],
            }
        );
    }

    private static string Connection(ServeProcess serve, string database) =>
        $"host={ServeProcess.Host} port={serve.Port} user=replica password=pw dbname={database}";

    private static async Task<CommandRun> RunAsync(string program, IEnumerable<string> arguments)
    {
        List<string> command = await LibpqProgram.CommandAsync(program, 15, Token);
        command.AddRange(arguments);
        return await CommandRun.RunAsync(command, "/", Token);
    }
}
