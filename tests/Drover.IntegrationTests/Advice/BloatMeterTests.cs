// Bloat is read with pgstattuple_approx where it may be, and agrees with pgstattuple, which reads every page.
using System.Text.Json;
using Drover.Advice;
using Drover.Advice.Metrics;
using Drover.App.LocalPostgres;
using Drover.IntegrationTests.LocalPostgres;
using Drover.Operations.Connections;
using Npgsql;

namespace Drover.IntegrationTests.Advice;

public sealed class BloatMeterTests(PostgresFixture fixture)
{
    // The statistics are of before the deletion, so that the estimate sees no bloat; a page keeps a fifth free.
    private const string Table = """
        CREATE SCHEMA "the Shop"; CREATE SCHEMA tools; CREATE EXTENSION pgstattuple SCHEMA tools;
        CREATE TABLE "the Shop"."Half" (id int, filler text) WITH (autovacuum_enabled = off, fillfactor = 80);
        INSERT INTO "the Shop"."Half" SELECT n, repeat('x', 50) FROM generate_series(1, 100000) n;
        ANALYZE "the Shop"."Half";
        DELETE FROM "the Shop"."Half" WHERE id % 2 = 0;
        GRANT USAGE ON SCHEMA tools TO PUBLIC;
        """;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Table_that_is_worth_it_is_read_and_agrees_with_a_full_read(int major)
    {
        (LocalPostgresCluster cluster, string database) = await StageAsync(major);
        JsonElement bloat = await BloatAsync(cluster, database, LocalPostgresCluster.Superuser);
        Assert.Equal("pgstattuple_approx, estimate from pg_stats", bloat.GetProperty("source").GetString());
        Assert.Contains("1 read, the others", bloat.GetProperty("note").GetString(), StringComparison.Ordinal);
        double exact = (double)
            (
                await InspectProgram.ScalarAsync(
                    cluster,
                    database,
                    """
                    SELECT 100 * (1 - (table_len - dead_tuple_len - free_space) / 0.8 / table_len)::float8
                    FROM tools.pgstattuple('"the Shop"."Half"')
                    """
                )
            )!;
        Assert.InRange(exact, 30, 60);
        Assert.InRange(bloat.GetProperty("value").GetDouble(), exact - 1, exact + 1);
    }

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Role_that_may_not_is_told_its_grant_and_has_the_estimate(int major)
    {
        (LocalPostgresCluster cluster, string database) = await StageAsync(major);
        JsonElement bloat = await BloatAsync(cluster, database, "app");
        Assert.Equal("estimate from pg_stats", bloat.GetProperty("source").GetString());
        string note = bloat.GetProperty("note").GetString()!;
        Assert.Contains("GRANT pg_stat_scan_tables TO app", note, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Function_of_the_name_outside_the_extension_is_not_called()
    {
        (LocalPostgresCluster cluster, string database) = await StageAsync(18);
        const string Trap = """
            DROP EXTENSION pgstattuple;
            CREATE FUNCTION tools.pgstattuple_approx(regclass, OUT table_len bigint, OUT dead_tuple_len bigint,
                OUT approx_free_space bigint) LANGUAGE sql AS 'SELECT 8192::bigint, 0::bigint, 8192::bigint';
            """;
        await cluster.ExecuteAsync(Trap, Token, database);
        JsonElement bloat = await BloatAsync(cluster, database, LocalPostgresCluster.Superuser);
        Assert.Equal("estimate from pg_stats", bloat.GetProperty("source").GetString());
    }

    [Fact]
    public async Task Table_that_is_locked_keeps_its_estimate()
    {
        (LocalPostgresCluster cluster, string database) = await StageAsync(18);
        await using NpgsqlConnection holder = await cluster.OpenAsync(database, Token);
        Task<JsonElement> asked = BloatAsync(cluster, database, LocalPostgresCluster.Superuser, "3");
        // The sizes are read at the beginning; the table is locked before the interval is over.
        await Task.Delay(TimeSpan.FromSeconds(2), Token);
        await using NpgsqlTransaction held = await holder.BeginTransactionAsync(Token);
        await using NpgsqlCommand take = new("""LOCK TABLE "the Shop"."Half" """, holder, held);
        await take.ExecuteNonQueryAsync(Token);
        // Advice reads sizes and would wait: the lock goes when the reader has given up.
        await Task.Delay(TimeSpan.FromSeconds(3), Token);
        await held.RollbackAsync(Token);
        Assert.Equal("estimate from pg_stats", (await asked).GetProperty("source").GetString());
    }

    [Fact]
    public async Task Table_above_the_limit_of_size_or_past_that_of_time_keeps_its_estimate()
    {
        (LocalPostgresCluster cluster, string database) = await StageAsync(18);
        await using ServerAccess access = new(new NpgsqlConnectionStringBuilder(cluster.ConnectionStringTo(database)));
        await using NpgsqlConnection connection = await access.OpenAsync(Token);
        TableFacts read = Assert.Single(await MeasuredAsync(new AdviceLimits()));
        Assert.Single(await MeasuredAsync(new AdviceLimits { BloatReadBytes = read.Bytes }));
        Assert.Empty(await MeasuredAsync(new AdviceLimits { BloatReadBytes = read.Bytes - 1 }));
        Assert.Empty(await MeasuredAsync(new AdviceLimits { BloatReadTime = TimeSpan.Zero }));

        async Task<List<TableFacts>> MeasuredAsync(AdviceLimits limits)
        {
            Inspection found = await Inspector.InspectAsync(
                connection,
                null,
                [],
                TimeSpan.FromMilliseconds(50),
                limits,
                TimeProvider.System,
                Token
            );
            return [.. found.Samples.Tables.Where(static table => table.IsBloatMeasured)];
        }
    }

    private async Task<(LocalPostgresCluster Cluster, string Database)> StageAsync(int major)
    {
        (LocalPostgresCluster cluster, string database) = await fixture.CreateDatabaseAsync(major, Token);
        await cluster.ExecuteAsync(Table, Token, database);
        return (cluster, database);
    }

    private static async Task<JsonElement> BloatAsync(
        LocalPostgresCluster cluster,
        string database,
        string user,
        string seconds = "1"
    )
    {
        string[] words = ["inspect", InspectProgram.Url(cluster, database, user), "--json", "--seconds", seconds];
        ProgramAnswer answer = await TestedProgram.RunAsync(words);
        Assert.True(answer.ExitCode == 0, answer.ToString());
        using JsonDocument document = JsonDocument.Parse(answer.Output);
        return document
            .RootElement.GetProperty("metrics")
            .EnumerateArray()
            .First(static one => one.GetProperty("metric").GetString() == "table bloat")
            .Clone();
    }
}
