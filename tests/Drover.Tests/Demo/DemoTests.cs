// The parts of the demo that need no server: the mix of ages, the meter, the plain screen and its table.
using Drover.App.Demo;
using Drover.App.Demo.Sharded;

namespace Drover.Tests.Demo;

public sealed class DemoTests
{
    [Fact]
    public void Reads_by_age_of_data_are_78_18_3_and_1_percent()
    {
        Dictionary<(int From, int To), int> shares = Enumerable
            .Range(0, 100)
            .GroupBy(ShopTraffic.AgeOf)
            .ToDictionary(static group => group.Key, static group => group.Count());

        Assert.Equal(78, shares[(0, 7)]);
        Assert.Equal(18, shares[(7, 30)]);
        Assert.Equal(3, shares[(30, 90)]);
        Assert.Equal(1, shares[(90, 1095)]);
    }

    [Fact]
    public void Pauses_of_a_client_are_the_same_at_every_run_and_have_the_wanted_mean()
    {
        TimeSpan mean = TimeSpan.FromSeconds(1);
        ShopTraffic first = new(new Shop(1), client: 5, TimeProvider.System);
        ShopTraffic second = new(new Shop(1), client: 5, TimeProvider.System);

        TimeSpan[] pauses = [.. Enumerable.Range(0, 10_000).Select(_ => first.NextPause(mean))];

        Assert.Equal(pauses.Take(100), Enumerable.Range(0, 100).Select(_ => second.NextPause(mean)));
        Assert.InRange(pauses.Average(static pause => pause.TotalSeconds), 0.95, 1.05);
    }

    [Fact]
    public void Shop_keeps_the_storys_proportions_at_every_scale()
    {
        Shop shop = new(0.5);

        Assert.Equal((100_000, 250_000, 600_000), (shop.Orders, shop.Events, shop.AuditLogs));
    }

    [Fact]
    public void Meter_hands_each_time_out_once_and_keeps_the_first_error()
    {
        TrafficMeter meter = new();
        meter.Record(QueryKind.Dashboard, TimeSpan.FromMilliseconds(2));
        meter.RecordError("first");
        meter.RecordError("second");

        TrafficTimes taken = meter.TakeInterval();
        Assert.Equal((1, 1), (taken.All.TotalCount, taken.Of(QueryKind.Dashboard).TotalCount));
        Assert.Equal(0, taken.Of(QueryKind.OrdersOlder).TotalCount);
        Assert.Equal(0, meter.TakeInterval().All.TotalCount);
        Assert.Equal((2, "first"), (meter.Errors, meter.FirstError));
    }

    [Fact]
    public void Plain_screen_closes_with_a_column_per_scene_and_the_first_error()
    {
        StringWriter output = new();
        SceneResult direct = new()
        {
            Scene = "direct",
            Clients = 400,
            ServerConnectionsMax = 400,
            Queries = 12_345,
            QueriesPerSecond = 1_000.4,
            AverageMs = 1.234,
            P95Ms = 5,
            P99Ms = 56.78,
            Errors = 0,
        };
        SceneResult pooled = direct with
        {
            Scene = "pooled",
            Errors = 2,
            FirstError = "gone",
            BackendMemoryBytes = 3 << 20,
        };

        new PlainScreen(output).Close(
            new DemoReport
            {
                PostgresVersion = "18.4",
                Scale = 1,
                Seconds = 15,
                LoadSeconds = 6,
                Scenes = [direct, pooled],
            }
        );

        string[] lines = output.ToString().Split('\n');
        Assert.Contains(
            lines,
            static line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries) is ["direct", "pooled"]
        );
        Assert.Contains(
            lines,
            static line =>
                line.StartsWith("memory", StringComparison.Ordinal) && line.EndsWith("3 MB", StringComparison.Ordinal)
        );
        Assert.Contains(
            lines,
            static line =>
                line.StartsWith("p99", StringComparison.Ordinal) && line.Contains("56.8 ms", StringComparison.Ordinal)
        );
        Assert.Contains("first error of pooled: gone", lines);
    }

    [Fact]
    public void Demo_ends_with_before_and_after_of_its_own_scenes()
    {
        SceneResult direct = new()
        {
            Scene = "direct",
            Clients = 400,
            ServerConnectionsMax = 400,
            Queries = 15_000,
            QueriesPerSecond = 1_000,
            AverageMs = 2,
            P95Ms = 5,
            P99Ms = 9,
            Errors = 0,
            DatabaseBytes = 2_000_000_000,
        };
        SceneResult sharded = direct with
        {
            Scene = "sharded",
            Clients = 1_000,
            ServerConnectionsMax = 20,
            AverageMs = 1.5,
            Servers = 4,
            DatabaseBytes = 1_500_000_000,
        };
        DemoReport report = new()
        {
            PostgresVersion = "18.4",
            Scale = 1,
            Seconds = 15,
            LoadSeconds = 6,
            Processors = 2,
            ServerMonth = 100,
            Scenes = [direct, direct with { Scene = "pooled", AverageMs = 77 }, sharded],
        };
        string text = Close(report);
        string outcome = text[text.IndexOf("after (sharded)", StringComparison.Ordinal)..];
        Assert.Matches("average query +2.00 ms +1.50 ms", outcome);
        Assert.Matches("client connections +400 +1,000", outcome);
        Assert.Matches("servers +1 +4", outcome);
        Assert.Matches("data +2 GB +1.5 GB", outcome);
        Assert.Matches("dollars a month +100.00 +400.00", outcome);
        Assert.Matches(@"dollars per TB +50,000.00 +266,666.67", outcome);
        // 100 / (1,000 × 2,629,800), and four times that.
        Assert.Matches(@"dollars per query +0.000000038 +0.00000015", outcome);
        Assert.Contains("one machine of 2 processors", outcome, StringComparison.Ordinal);
        Assert.Contains("The bill is a sample, 100 dollars", outcome, StringComparison.Ordinal);
        Assert.DoesNotContain("77", outcome, StringComparison.Ordinal);
        // With one side alone there is nothing to compare.
        Assert.DoesNotContain("after (", Close(report with { Scenes = [sharded] }), StringComparison.Ordinal);
        Assert.DoesNotContain("after (", Close(report with { Scenes = [direct] }), StringComparison.Ordinal);

        static string Close(DemoReport report)
        {
            StringWriter output = new();
            new PlainScreen(output).Close(report);
            return output.ToString();
        }
    }

    [Fact]
    public void Plain_screen_tells_of_each_query_before_and_after_a_conversion()
    {
        StringWriter output = new();
        ConversionResult conversion = new()
        {
            Command = "./drover partition start orders",
            WayBack = "./drover partition rollback orders",
            Partitions = 41,
            RowsCopied = 200_000,
            RowsCompared = 200_100,
            CopyRowsPerSecond = 12_345.6,
            Seconds = 21.34,
            LongestPauseMs = 87.5,
            FailedQueries = 0,
            PreparingClients = 250,
            Steps = [],
            Queries = [new("dashboard", null, new(75, 30.5, 60, 2_344, 1), new(0, 0, 0, 931, 8))],
        };
        SceneResult scene = new()
        {
            Scene = "partitioned",
            Clients = 1000,
            ServerConnectionsMax = 20,
            Queries = 1,
            QueriesPerSecond = 1,
            AverageMs = 1,
            P95Ms = 1,
            P99Ms = 1,
            Errors = 0,
            Conversion = conversion,
        };

        new PlainScreen(output).Close(
            new DemoReport
            {
                PostgresVersion = "18.4",
                Scale = 1,
                Seconds = 15,
                LoadSeconds = 6,
                Scenes = [scene],
            }
        );

        string text = output.ToString();
        Assert.Matches("dashboard +30.5 ms, p95 60.0 ms +not asked", text);
        Assert.Matches("read +2,344 pages, 1 table +931 pages, 8 tables", text);
        Assert.Contains("200,000 rows into 41 partitions, 12,345 rows/s", text, StringComparison.Ordinal);
        Assert.Contains(
            "Failed queries: 0. Longest wait of any client at the cut-over: 87.5 ms",
            text,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Plain_screen_tells_what_each_shard_has_and_how_much_one_shard_answered()
    {
        StringWriter output = new();
        SceneResult scene = new()
        {
            Scene = "sharded",
            Clients = 1000,
            ServerConnectionsMax = 20,
            Queries = 1,
            QueriesPerSecond = 1,
            AverageMs = 1,
            P95Ms = 1,
            P99Ms = 1,
            Errors = 0,
            Sharding = new ShardingResult
            {
                RowsLoaded = 4_000,
                LoadSeconds = 2,
                SingleShardStatements = 990,
                MergedStatements = 7,
                CoordinatorStatements = 3,
                Shards = [new("shop_1", 1_000, 5 << 20), new("shop_2", 3_000, 15 << 20)],
                Port = 1,
            },
        };

        new PlainScreen(output).Close(
            new DemoReport
            {
                PostgresVersion = "18.4",
                Scale = 1,
                Seconds = 15,
                LoadSeconds = 6,
                Scenes = [scene],
            }
        );

        string text = output.ToString();
        Assert.Matches("shop_1 +shop_2", text);
        Assert.Matches("rows +1,000 +3,000", text);
        Assert.Matches("share of all rows +25.0 % +75.0 %", text);
        Assert.Matches("size +5 MB +15 MB", text);
        Assert.Contains(
            "4,000 rows loaded through Drover with COPY in 2.0 s, 2,000 rows/s.",
            text,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "99.0 % of 1,000 statements; put together from several: 7; by the coordinator: 3.",
            text,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Cost_of_a_query_counts_its_pages_and_the_partitions_that_were_read()
    {
        const string plan = """
            [{"Plan": {"Node Type": "Nested Loop", "Actual Loops": 1.00,
              "Shared Hit Blocks": 12, "Shared Read Blocks": 3, "Plans": [
                {"Node Type": "Append", "Actual Loops": 1.00, "Plans": [
                  {"Node Type": "Seq Scan", "Relation Name": "orders_p2026_10", "Actual Loops": 1.00},
                  {"Node Type": "Index Scan", "Relation Name": "orders_p2026_11", "Actual Loops": 0.50},
                  {"Node Type": "Index Scan", "Relation Name": "orders_p2026_12", "Actual Loops": 0.00}]},
                {"Node Type": "Index Scan", "Relation Name": "customers", "Actual Loops": 7.00}]}}]
            """;

        Assert.Equal(new QueryCost(15, 2), QueryCost.Read(plan));
    }
}
