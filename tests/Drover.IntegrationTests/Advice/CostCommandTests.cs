// drover cost against servers that are measured, and drover inspect with prices.
using System.Text.Json;
using Drover.App.LocalPostgres;
using Drover.IntegrationTests.History;
using Drover.IntegrationTests.LocalPostgres;

namespace Drover.IntegrationTests.Advice;

public sealed class CostCommandTests(MeasuredPostgresFixture fixture) : IDisposable
{
    private const string Shop = """
        CREATE EXTENSION pg_stat_statements;
        CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint);
        INSERT INTO orders SELECT n, CASE WHEN n % 10 < 5 THEN 7 WHEN n % 10 < 7 THEN 8 ELSE 1000 + n % 499 END
            FROM generate_series(1, 300000) n;
        CREATE INDEX one ON orders (customer_id);
        CREATE INDEX other ON orders (customer_id);
        CREATE TABLE "Odd" ("Key" int);
        ANALYZE orders;
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("drover-cost-").FullName;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Given_numbers_need_no_server()
    {
        string[] story = ["--instance", "12000", "--size", "2TB", "--queries-per-second", "8000"];
        string text = (await RunAsync(0, story)).Output;
        Assert.Contains("per TB              6,000.00\n", text, StringComparison.Ordinal);
        Assert.Contains("per query         0.00000057\n", text, StringComparison.Ordinal);
        string[] plan = ["--plan", "storage=50TB", "--plan", "queries=45000", "shards=7", "--json"];
        using JsonDocument answer = JsonDocument.Parse((await RunAsync(0, [.. story, .. plan])).Output);
        JsonElement planned = answer.RootElement.GetProperty("planned");
        Assert.Equal(84_000m, planned.GetProperty("month").GetDecimal());
        Assert.Equal(1_680m, planned.GetProperty("per_tb").GetDecimal());
        Assert.Equal(7, planned.GetProperty("servers").GetArrayLength());
        Assert.Equal(
            "server,currency,instance,storage,io,backup,month,gigabytes,queries_per_second\n"
                + "server,USD,12000,0,0,0,12000,2000,8000\n",
            (await RunAsync(0, [.. story, "--csv"])).Output
        );
    }

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task A_measured_server_has_a_bill_tenants_and_indexes_that_could_go(int major)
    {
        (LocalPostgresCluster cluster, string database) = await fixture.CreateDatabaseAsync(major, Token);
        await cluster.ExecuteAsync(Shop, Token, database);
        string config = await ConfigAsync(MonitorStage.Url(cluster, database), "");
        string[] options = ["--config", config, "--tenant-key", "orders.customer_id", "--plan", "drop-indexes"];
        using JsonDocument answer = JsonDocument.Parse((await RunAsync(0, [.. options, "--json"])).Output);
        JsonElement now = answer.RootElement.GetProperty("now");
        JsonElement server = now.GetProperty("servers")[0];
        decimal gigabytes = server.GetProperty("gigabytes").GetDecimal();
        long size = await SizeAsync(cluster, database);
        Assert.InRange(gigabytes * 1_000_000_000m, size * 0.8m, size * 1.2m);
        Assert.Equal(1_000m + (100 * gigabytes), now.GetProperty("month").GetDecimal());
        Assert.True(server.GetProperty("queries_per_second").GetDecimal() > 0);
        Assert.True(server.GetProperty("ios_per_second").GetDecimal() >= 0);
        // One of two equal indexes, each of about a megabyte.
        decimal freed = gigabytes - answer.RootElement.GetProperty("planned").GetProperty("gigabytes").GetDecimal();
        Assert.InRange(freed, 0.0003m, 0.003m);
        JsonElement[] tenants = [.. answer.RootElement.GetProperty("tenants").EnumerateArray()];
        Assert.Equal(
            ("7", "8"),
            (tenants[0].GetProperty("tenant").GetString(), tenants[1].GetProperty("tenant").GetString())
        );
        Assert.InRange(tenants[0].GetProperty("share").GetDecimal(), 0.48m, 0.52m);
        Assert.InRange(tenants[1].GetProperty("share").GetDecimal(), 0.18m, 0.22m);
        Assert.InRange(tenants.Sum(static one => one.GetProperty("tenants").GetInt64()), 100, 600);
        Assert.InRange(tenants.Sum(static one => one.GetProperty("share").GetDecimal()), 0.99m, 1.01m);
        string text = (await RunAsync(0, options)).Output;
        Assert.Contains("tenants by orders.customer_id", text, StringComparison.Ordinal);
        Assert.Contains("all amounts in EUR a month", text, StringComparison.Ordinal);
        string inspection = await InspectAsync(config, cluster, database);
        Assert.Contains(" EUR a month less", inspection, StringComparison.Ordinal);
        config = await ConfigAsync(MonitorStage.Url(cluster, database), "storage_gb = 100");
        inspection = await InspectAsync(config, cluster, database);
        Assert.Contains("no less to pay", inspection, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_history_gives_the_rate_where_there_is_one()
    {
        (LocalPostgresCluster cluster, string database) = await fixture.CreateDatabaseAsync(18, Token);
        await cluster.ExecuteAsync("CREATE EXTENSION pg_stat_statements", Token, database);
        string url = MonitorStage.Url(cluster, database);
        await using (
            MonitorStage stage = await MonitorStage.StartAsync(MonitorStage.Options("", (MonitorStage.Server, url)))
        )
        {
            await stage.SettleAsync();
        }
        await cluster.ExecuteAsync("UPDATE drover.server_samples SET calls = 123", Token, database);
        string text = (await RunAsync(0, "--config", await ConfigAsync(url, ""), "--json")).Output;
        using JsonDocument answer = JsonDocument.Parse(text);
        Assert.Equal(123, answer.RootElement.GetProperty("now").GetProperty("queries_per_second").GetDouble());
        Assert.Contains("by the history of 7 days", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_wrong_is_said_with_its_exit_code()
    {
        (LocalPostgresCluster cluster, string database) = await fixture.CreateDatabaseAsync(18, Token);
        string url = MonitorStage.Url(cluster, database);
        string[] priced = ["--instance", "5"];
        await FailsAsync(2, "no prices: give --config");
        await FailsAsync(2, "--instance 'many' is no number", "--instance", "many");
        await FailsAsync(2, "--size '5' is no size", [.. priced, "--size", "5"]);
        await FailsAsync(2, "makes no sense", [.. priced, "--plan", "shards"]);
        await FailsAsync(2, "must be measured or given", [.. priced, "--plan", "storage=+1TB"]);
        await FailsAsync(2, "has no connection to read its indexes", [.. priced, "--plan", "drop-indexes"]);
        await FailsAsync(2, "no connection in [monitor.servers]", [.. priced, "--tenant-key", "a.b"]);
        await FailsAsync(2, "write table.column", [url, .. priced, "--tenant-key", "orders"]);
        await FailsAsync(2, "does not exist", [url, .. priced, "--tenant-key", "nosuch.id"]);
        await FailsAsync(2, "nothing is known of that column", [url, .. priced, "--tenant-key", "pg_class.nosuch"]);
        await FailsAsync(1, "cannot be reached", ["postgres://x:secret@127.0.0.1:1/none", .. priced]);
        await FailsAsync(2, "has no 'other'", "--config", await ConfigAsync(url, ""), "--server", "other");
        await FailsAsync(2, "cannot read", "--config", Path.Combine(_folder, "nosuch.toml"));
    }

    private async Task<string> InspectAsync(string config, LocalPostgresCluster cluster, string database)
    {
        string[] options = ["--seconds", "1", "--config", config, "--json", Path.Combine(_folder, "report.json")];
        ProgramAnswer answer = await RunVerbAsync("inspect", [MonitorStage.Url(cluster, database), .. options]);
        Assert.True(answer.ExitCode == 0, answer.ToString());
        using JsonDocument report = JsonDocument.Parse(
            await File.ReadAllTextAsync(Path.Combine(_folder, "report.json"), Token)
        );
        Assert.NotEmpty(report.RootElement.GetProperty("metrics").EnumerateArray());
        // Small indexes are not worth the words, the cluster's settings may be.
        return answer.Output;
    }

    private static async Task FailsAsync(int code, string why, params string[] options)
    {
        ProgramAnswer answer = await RunAsync(code, options);
        Assert.Contains(why, answer.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", answer.Error, StringComparison.Ordinal);
        Assert.Empty(answer.Output);
    }

    private async Task<string> ConfigAsync(string url, string more)
    {
        string path = Path.Combine(_folder, "drover.toml");
        await File.WriteAllTextAsync(
            path,
            $"""
            [prices]
            currency = "EUR"
            [prices.servers.shop]
            instance_month = 1000
            storage_gb_month = 100
            {more}
            [monitor.servers.shop]
            connection = "{url}"
            """,
            Token
        );
        return path;
    }

    private static async Task<long> SizeAsync(LocalPostgresCluster cluster, string database)
    {
        await using Npgsql.NpgsqlConnection connection = new(
            $"Host={LocalPostgresCluster.Host};Port={cluster.Port};Username={LocalPostgresCluster.Superuser};"
                + $"Database={database};Pooling=false"
        );
        await connection.OpenAsync(Token);
        await using Npgsql.NpgsqlCommand command = new(
            "SELECT sum(pg_database_size(oid))::bigint FROM pg_database WHERE NOT datistemplate",
            connection
        );
        return (long)(await command.ExecuteScalarAsync(Token))!;
    }

    private static async Task<ProgramAnswer> RunAsync(int expected, params string[] options)
    {
        ProgramAnswer answer = await RunVerbAsync("cost", options);
        Assert.True(answer.ExitCode == expected, answer.ToString());
        return answer;
    }

    private static async Task<ProgramAnswer> RunVerbAsync(string verb, string[] options)
    {
        return await TestedProgram.RunAsync([verb, .. options]);
    }
}
