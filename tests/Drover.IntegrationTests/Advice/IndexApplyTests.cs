// drover index: what it builds is whole or gone, whatever happens meanwhile, and whether it helped is told.
using System.Diagnostics;
using System.Text.Json;
using Drover.App.LocalPostgres;
using Drover.IntegrationTests.LocalPostgres;
using Npgsql;

namespace Drover.IntegrationTests.Advice;

public sealed class IndexApplyTests(MeasuredPostgresFixture fixture)
{
    private const string Shop = $"""
        CREATE SCHEMA shop;
        CREATE TABLE shop.orders (id bigint PRIMARY KEY, customer_id bigint NOT NULL, note text);
        INSERT INTO shop.orders SELECT n, 1 + n * 7919 % 2000, repeat('n', 150) FROM generate_series(1, 120000) n;
        {IndexStage.Parts}
        CREATE EXTENSION pg_stat_statements;
        """;

    // What has an old snapshot holds up a build and not a drop; what has written to the table, both.
    private const string Snapshot = "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1";
    private const string Write = "BEGIN; DELETE FROM shop.orders WHERE id = 1";
    private const string OfCustomer = "SELECT * FROM shop.orders WHERE customer_id = 77";
    private const string OfDevice = IndexStage.OfDevice;
    private const StringComparison Ordinal = StringComparison.Ordinal;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Missing_indexes_are_built_and_the_gain_that_came_is_told(int major)
    {
        (LocalPostgresCluster cluster, string database) = await StageAsync(major, OfCustomer, OfDevice);
        string[] where = ["-d", InspectProgram.Url(cluster, database)];
        ProgramAnswer planned = await TestedProgram.RunAsync(["index", "apply", "--all", "--dry-run", .. where]);
        Assert.Equal(0, planned.ExitCode);
        Assert.Contains("CREATE INDEX CONCURRENTLY orders_customer_id_idx ON shop.orders", planned.Output, Ordinal);
        Assert.Equal(1, await IndexesAsync(cluster, database));
        await cluster.ExecuteAsync("CREATE SCHEMA drover", Token, database);
        ProgramAnswer built = await TestedProgram.RunAsync(["index", "apply", "--all", .. where]);
        Assert.True(built.ExitCode == 0, built.ToString());
        Assert.Equal(2, built.Output.Split("the gain came").Length - 1);
        Assert.Contains("undo: DROP INDEX CONCURRENTLY shop.orders_customer_id_idx", built.Output, Ordinal);
        Assert.Contains("undo: DROP INDEX shop.parts_device_idx", built.Output, Ordinal);
        // One on orders beside the primary key; of the partitioned tables two, and of their leaves three.
        Assert.Equal(7, await IndexesAsync(cluster, database));
        Assert.Equal(0L, await CountAsync(cluster, database, "NOT i.indisvalid"));
        const string Noted = "SELECT string_agg(name, ' ') FROM drover.built_indexes WHERE built_at <= now()";
        Assert.Equal("shop.orders_customer_id_idx", await InspectProgram.ScalarAsync(cluster, database, Noted));
        ProgramAnswer left = await TestedProgram.RunAsync(["index", "list", "--json", .. where]);
        using JsonDocument list = JsonDocument.Parse(left.Output);
        Assert.Empty(list.RootElement.GetProperty("indexes").EnumerateArray());
    }

    [Fact]
    public async Task Gain_that_does_not_come_is_told_with_exit_code_4()
    {
        (LocalPostgresCluster cluster, string database) = await StageAsync(18, OfCustomer);
        await cluster.ExecuteAsync(
            $"ALTER DATABASE {database} SET enable_indexscan = off; "
                + $"ALTER DATABASE {database} SET enable_bitmapscan = off",
            Token
        );
        string[] where = ["-d", InspectProgram.Url(cluster, database)];
        ProgramAnswer built = await TestedProgram.RunAsync(["index", "apply", "--all", .. where]);
        Assert.True(built.ExitCode == 4, built.ToString());
        Assert.Contains("the gain did not come", built.Output, Ordinal);
    }

    // Plans say the contrary of what is measured each time. All at once, since --wait is minutes.
    [Fact]
    public async Task After_a_wait_measured_times_and_not_plans_tell_whether_the_gain_came()
    {
        const string More =
            "INSERT INTO shop.orders SELECT n, 1 + n % 2000 * 7919 % 2000, repeat('n', 150) "
            + "FROM generate_series(120001, 360000) n";
        await Task.WhenAll(
            PostgresVersions
                .All.Select(static row => row.Data)
                .Select(major => Task.WhenAll(CameAsync(major), DidNotAsync(major)))
        );

        async Task CameAsync(int major)
        {
            (LocalPostgresCluster cluster, string database) = await StageAsync(major, OfCustomer);
            await cluster.ExecuteAsync(Scans($"ALTER DATABASE {database} SET", "off"), Token);
            ProgramAnswer built = await WaitAsync(cluster, database, "SELECT", Scans("SET", "on"));
            Assert.True(built.ExitCode == 0, built.ToString());
            Assert.Contains("the gain came", built.Output, Ordinal);
            Assert.Matches(@"cost [\d,]+ to [\d,]+, [\d.]+ ms to [\d.]+ ms: SELECT \* FROM shop.orders", built.Output);
        }

        async Task DidNotAsync(int major)
        {
            (LocalPostgresCluster cluster, string database) = await StageAsync(major, OfCustomer);
            // Three times the rows to read: slower, however busy the machine was before.
            ProgramAnswer built = await WaitAsync(cluster, database, More, Scans("SET", "off"));
            Assert.True(built.ExitCode == 4, built.ToString());
            Assert.Contains("the gain did not come", built.Output, Ordinal);
        }
    }

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task List_says_which_statements_it_has_not_seen(int major)
    {
        const string All = "No index is missing, and none is in the way.";
        (LocalPostgresCluster cluster, string database) = await fixture.CreateDatabaseAsync(major, Token);
        string unmeasured = await ListAsync("app");
        Assert.Contains("is not known: CREATE EXTENSION pg_stat_statements", unmeasured, Ordinal);
        Assert.DoesNotContain(All, unmeasured, Ordinal);
        await cluster.ExecuteAsync("CREATE EXTENSION pg_stat_statements", Token, database);
        string own = await ListAsync("app");
        Assert.Contains("GRANT pg_read_all_stats TO app", own, Ordinal);
        Assert.DoesNotContain(All, own, Ordinal);
        Assert.Equal(All, (await ListAsync(LocalPostgresCluster.Superuser)).Trim());

        async Task<string> ListAsync(string user) =>
            (await TestedProgram.RunAsync(["index", "list", "-d", InspectProgram.Url(cluster, database, user)])).Output;
    }

    [Fact]
    public async Task Nothing_is_left_of_a_build_that_waits_too_long_or_is_interrupted()
    {
        (LocalPostgresCluster cluster, string database) = await StageAsync(18, OfCustomer);
        string[] words = ["index", "apply", "--all", "-d", InspectProgram.Url(cluster, database)];
        await using NpgsqlConnection other = await HoldAsync(cluster, database, Snapshot);
        ProgramAnswer late = await TestedProgram.RunAsync([.. words, "--lock-timeout", "1"]);
        Assert.True(late.ExitCode == 1, late.ToString());
        Assert.Contains("again (3 of 3)", late.Output, Ordinal);
        Assert.Contains("is dropped", late.Output, Ordinal);
        Assert.Equal(1, await IndexesAsync(cluster, database));
        using Process process = TestedProgram.Start(words);
        string? line = "";
        while (line?.Contains("waits for the transaction of pid", Ordinal) == false)
        {
            line = await process.StandardOutput.ReadLineAsync(Token);
        }
        Assert.NotNull(line);
        ProcessSignals.Send(process.Id, ProcessSignal.Interrupt);
        string output = await process.StandardOutput.ReadToEndAsync(Token);
        await process.WaitForExitAsync(Token);
        Assert.Equal(130, process.ExitCode);
        Assert.Contains("which was not finished, is dropped", output, Ordinal);
        Assert.Equal(1, await IndexesAsync(cluster, database));
    }

    [Fact]
    public async Task What_cannot_be_dropped_either_is_named_with_the_command_that_will()
    {
        (LocalPostgresCluster cluster, string database) = await StageAsync(18, OfCustomer);
        string[] words = ["index", "apply", "--all", "-d", InspectProgram.Url(cluster, database)];
        await using (NpgsqlConnection other = await HoldAsync(cluster, database, Write))
        {
            ProgramAnswer late = await TestedProgram.RunAsync([.. words, "--lock-timeout", "1"]);
            Assert.True(late.ExitCode == 1, late.ToString());
            Assert.Contains("not valid: DROP INDEX CONCURRENTLY shop.orders_customer_id_idx", late.Output, Ordinal);
        }
        ProgramAnswer built = await TestedProgram.RunAsync(words);
        Assert.True(built.ExitCode == 0, built.ToString());
        Assert.Equal(2, await IndexesAsync(cluster, database));
        Assert.Equal(0L, await CountAsync(cluster, database, "NOT i.indisvalid"));
    }

    [Fact]
    public async Task What_a_killed_build_left_is_dropped_by_the_next_one()
    {
        (LocalPostgresCluster cluster, string database) = await StageAsync(18, OfCustomer);
        string[] words = ["index", "apply", "--all", "-d", InspectProgram.Url(cluster, database)];
        await using (NpgsqlConnection other = await HoldAsync(cluster, database, Snapshot))
        {
            using Process process = TestedProgram.Start(words);
            await UntilItWaitsAsync(cluster, database);
            // Two at once would be in each other's way.
            ProgramAnswer second = await TestedProgram.RunAsync(words);
            Assert.Equal(3, second.ExitCode);
            Assert.Contains("by another drover", second.Error, Ordinal);
            process.Kill();
            await process.WaitForExitAsync(Token);
            await Eventually.HoldsAsync(
                async () =>
                    await CountAsync(cluster, database, "NOT i.indisvalid") == 1
                    && await InspectProgram.ScalarAsync(cluster, database, Building) is 0L,
                TimeSpan.FromSeconds(20)
            );
        }
        ProgramAnswer built = await TestedProgram.RunAsync(words);
        Assert.True(built.ExitCode == 0, built.ToString());
        Assert.Contains("what a build that failed has left: dropped", built.Output, Ordinal);
        Assert.Equal(0L, await CountAsync(cluster, database, "NOT i.indisvalid"));
        Assert.Equal(2, await IndexesAsync(cluster, database));
    }

    [Fact]
    public async Task Index_of_that_name_that_is_another_is_left_alone()
    {
        (LocalPostgresCluster cluster, string database) = await StageAsync(18, OfCustomer);
        string[] words = ["index", "apply", "--all", "-d", InspectProgram.Url(cluster, database)];
        await Assert.ThrowsAnyAsync<Exception>(() =>
            cluster.ExecuteAsync(
                "CREATE UNIQUE INDEX CONCURRENTLY orders_customer_id_idx ON shop.orders ((1))",
                Token,
                database
            )
        );
        ProgramAnswer refused = await TestedProgram.RunAsync(words);
        Assert.True(refused.ExitCode == 3, refused.ToString());
        Assert.Contains("_id_idx is another index, UNIQUE ((1)) and not (customer_id", refused.Error, Ordinal);
        Assert.Contains(", and not valid: ALTER INDEX shop.orders_customer_id_idx RENAME TO", refused.Error, Ordinal);
        Assert.Equal(1L, await CountAsync(cluster, database, "NOT i.indisvalid"));
    }

    [Fact]
    public async Task Wrong_words_are_told_apart_and_what_is_in_the_way_is_dropped()
    {
        (LocalPostgresCluster cluster, string database) = await StageAsync(18, OfCustomer);
        await cluster.ExecuteAsync("CREATE INDEX never ON shop.orders (note, id)", Token, database);
        string[] where = ["--unused-days", "0", "-d", InspectProgram.Url(cluster, database)];
        Assert.Equal(2, (await TestedProgram.RunAsync(["index", "apply", .. where])).ExitCode);
        ProgramAnswer unknown = await TestedProgram.RunAsync(["index", "drop", "12345678", .. where]);
        Assert.Equal(3, unknown.ExitCode);
        Assert.Contains("12345678 is not advised", unknown.Error, Ordinal);
        ProgramAnswer dropped = await TestedProgram.RunAsync(["index", "drop", "--all", .. where]);
        Assert.True(dropped.ExitCode == 0, dropped.ToString());
        Assert.Contains("undo: CREATE INDEX CONCURRENTLY never ON shop.orders", dropped.Output, Ordinal);
        Assert.Equal(1, await IndexesAsync(cluster, database));
    }

    [Fact]
    public async Task Drop_that_ends_early_is_told_and_numbers_without_sense_are_refused()
    {
        (LocalPostgresCluster cluster, string database) = await StageAsync(18, OfCustomer);
        await cluster.ExecuteAsync("CREATE INDEX never ON shop.orders (note, id)", Token, database);
        string[] where = ["--unused-days", "0", "-d", InspectProgram.Url(cluster, database)];
        await using (NpgsqlConnection other = await HoldAsync(cluster, database, Write))
        {
            ProgramAnswer late = await TestedProgram.RunAsync([
                "index",
                "drop",
                "--all",
                "--lock-timeout",
                "1",
                .. where,
            ]);
            Assert.True(late.ExitCode == 1, late.ToString());
            Assert.Contains("REINDEX INDEX CONCURRENTLY shop.never has it back", late.Output, Ordinal);
            Assert.Contains("not done in 3 attempts", late.Error, Ordinal);
        }
        ProgramAnswer dropped = await TestedProgram.RunAsync(["index", "drop", "--all", .. where]);
        Assert.True(dropped.ExitCode == 0, dropped.ToString());
        Assert.Equal(1, await IndexesAsync(cluster, database));
        const string Most = "2147483647";
        Assert.Equal(2, (await TestedProgram.RunAsync(["index", "apply", "--all", "--wait", Most])).ExitCode);
        Assert.Equal(2, (await TestedProgram.RunAsync(["index", "list", "--unused-days", Most])).ExitCode);
        foreach (string verb in (string[])["list", "apply", "drop"])
        {
            ProgramAnswer astray = await TestedProgram.RunAsync(["index", verb, "postgres://app:secret@db/shop"]);
            Assert.Equal(2, astray.ExitCode);
            Assert.Contains($"the database goes behind -d: drover index {verb} -d URI", astray.Error, Ordinal);
            Assert.DoesNotContain("secret", astray.Error, Ordinal);
        }
        Assert.Equal(2, (await TestedProgram.RunAsync(["inspect", "--unused-days", Most])).ExitCode);
        Assert.Equal(2, (await TestedProgram.RunAsync(["inspect", "--seconds", Most])).ExitCode);
    }

    private const string Building =
        "SELECT count(*) FROM pg_stat_progress_create_index WHERE datname = current_database()";

    private Task<(LocalPostgresCluster Cluster, string Database)> StageAsync(int major, params string[] traffic) =>
        IndexStage.StartAsync(fixture, major, Shop, traffic);

    private static string Scans(string set, string state) =>
        $"{set} enable_indexscan = {state}; {set} enable_bitmapscan = {state}; {set} enable_indexonlyscan = {state}";

    /// <summary>Applies with --wait, and calls the statement meanwhile with settings of its own.</summary>
    private static async Task<ProgramAnswer> WaitAsync(
        LocalPostgresCluster cluster,
        string database,
        string first,
        string settings
    )
    {
        Task<ProgramAnswer> run = TestedProgram.RunAsync([
            "index",
            "apply",
            "--all",
            "--wait",
            "1",
            "-d",
            InspectProgram.Url(cluster, database),
        ]);
        const string IsBuilt =
            "SELECT count(*) FROM pg_index WHERE indrelid = 'shop.orders'::regclass AND indisvalid "
            + "AND NOT indisprimary";
        await Eventually.HoldsAsync(
            async () => run.IsCompleted || await InspectProgram.ScalarAsync(cluster, database, IsBuilt) is 1L,
            TimeSpan.FromMinutes(2)
        );
        await cluster.ExecuteAsync(first, Token, database);
        for (int i = 0; i < 20; i++)
        {
            await cluster.ExecuteAsync($"{settings}; {OfCustomer}", Token, database);
        }
        Assert.False(run.IsCompleted, "the calls came too late to be measured");
        return await run;
    }

    /// <summary>A transaction that every build has to wait for.</summary>
    private static async Task<NpgsqlConnection> HoldAsync(LocalPostgresCluster cluster, string database, string sql)
    {
        NpgsqlConnection connection = new(cluster.ConnectionStringTo(database));
        await connection.OpenAsync(Token);
        await using NpgsqlCommand command = new(sql, connection);
        await command.ExecuteNonQueryAsync(Token);
        return connection;
    }

    private static Task UntilItWaitsAsync(LocalPostgresCluster cluster, string database) =>
        Eventually.HoldsAsync(
            async () => await InspectProgram.ScalarAsync(cluster, database, $"{Building} AND lockers_total > 0") is 1L,
            TimeSpan.FromSeconds(60)
        );

    private static async Task<int> IndexesAsync(LocalPostgresCluster cluster, string database) =>
        (int)await CountAsync(cluster, database, "true");

    private static async Task<long> CountAsync(LocalPostgresCluster cluster, string database, string condition) =>
        (long)
            (
                await InspectProgram.ScalarAsync(
                    cluster,
                    database,
                    "SELECT count(*) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid "
                        + $"WHERE c.relnamespace = 'shop'::regnamespace AND {condition}"
                )
            )!;
}
