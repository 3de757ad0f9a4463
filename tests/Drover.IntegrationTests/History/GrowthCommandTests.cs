// drover growth, from a file and from a history that a monitor kept.
using System.Text.Json;
using Drover.App.LocalPostgres;
using Drover.History.Growth;
using Drover.IntegrationTests.LocalPostgres;

namespace Drover.IntegrationTests.History;

public sealed class GrowthCommandTests(MeasuredPostgresFixture fixture)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_file_gives_trend_exponent_and_day()
    {
        string file = Path.GetTempFileName();
        await File.WriteAllTextAsync(
            file,
            "time,size_gb,query_ms\n2024-01-01,10,10\n2024-02-01,20,20\n2024-03-01,30,30\n2024-04-01,40,40\n",
            Token
        );
        using JsonDocument report = JsonDocument.Parse(
            (await RunAsync(0, "--csv", file, "--limit-size", "100GB", "--json")).Output
        );
        JsonElement law = report.RootElement.GetProperty("query_time_by_size");
        Assert.Equal(1.0, law.GetProperty("exponent").GetDouble(), 6);
        JsonElement size = report.RootElement.GetProperty("values")[0];
        Assert.Equal("linear", size.GetProperty("shape").GetString());
        Assert.Equal("2024-09-30", size.GetProperty("limit").GetProperty("day").GetString());
        Assert.Contains("is reached already", (await RunAsync(0, "--csv", file, "--limit-query-ms", "5")).Output);
        await File.WriteAllTextAsync(file, "time,size_gb\n2024-01-01,x\n", Token);
        Assert.Contains("line 2: size_gb 'x'", (await RunAsync(2, "--csv", file)).Error);
        Assert.Contains("is no size", (await RunAsync(2, "--csv", file, "--limit-size", "big")).Error);
        File.Delete(file);
        Assert.NotEmpty((await RunAsync(1, "--csv", file)).Error);
    }

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task A_history_gives_the_days_of_the_server_and_of_its_tables(int major)
    {
        (LocalPostgresCluster cluster, string database) = await fixture.CreateDatabaseAsync(major, Token);
        string url = MonitorStage.Url(cluster, database);
        Assert.Contains("keeps no history", (await RunAsync(1, url)).Error);
        await cluster.ExecuteAsync(
            "CREATE EXTENSION pg_stat_statements; CREATE TABLE t AS SELECT generate_series(1, 1000) AS id; ANALYZE t",
            Token,
            database
        );
        await using MonitorStage stage = await MonitorStage.StartAsync(
            MonitorStage.Options("", (MonitorStage.Server, url))
        );
        await cluster.ExecuteAsync("SELECT count(*) FROM t", Token, database);
        await stage.SettleAsync();
        GrowthPoint whole = Assert.Single(await stage.Monitor.ReadGrowthAsync(MonitorStage.Server, "", Token));
        Assert.True(whole is { Bytes: > 7_000_000, QueryMs: > 0, Connections: > 0 }, whole.ToString());
        GrowthPoint table = Assert.Single(await stage.Monitor.ReadGrowthAsync(MonitorStage.Server, "public.t", Token));
        Assert.Equal(
            (DateOnly.FromDateTime(TimeProvider.System.GetUtcNow().UtcDateTime), 1000),
            (table.At, table.Rows)
        );
        // What was kept before today.
        await cluster.ExecuteAsync(
            """
            INSERT INTO drover.growth_days (server_id, table_name, day, bytes, row_estimate)
            SELECT 1, 'public.t', current_date - n, 1000 * (100 - n), 1000 FROM generate_series(1, 9) n
            """,
            Token,
            database
        );
        ProgramAnswer answer = await RunAsync(0, url, "--table", "public.t", "--limit-size", "1TB");
        Assert.Contains("size ", answer.Output, StringComparison.Ordinal);
        Assert.Contains("1 TB is ", answer.Output, StringComparison.Ordinal);
        Assert.Contains("nothing is kept of nosuch", (await RunAsync(1, url, "--table", "nosuch")).Error);
        Assert.Contains("which server? This history has shop", (await RunAsync(2, url, "--server", "other")).Error);
    }

    private static async Task<ProgramAnswer> RunAsync(int expected, params string[] options)
    {
        ProgramAnswer answer = await TestedProgram.RunAsync(["growth", .. options]);
        Assert.True(answer.ExitCode == expected, answer.ToString());
        return answer;
    }
}
