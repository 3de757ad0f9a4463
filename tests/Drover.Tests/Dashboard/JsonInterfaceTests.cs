// The JSON interface: what it says is what the proxy has, and what its OpenAPI document says it is.
using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Drover.App.Dashboard;
using Drover.App.Dashboard.Api;
using Drover.History;
using Drover.Tests.Tidy;
using Microsoft.Extensions.Time.Testing;

namespace Drover.Tests.Dashboard;

public sealed class JsonInterfaceTests
{
    private const string Words = "?metrics=query_time,cpu_usage&name=public.orders&id=-17&minutes=60&limit=10";

    public static TheoryData<string> Paths() => [.. OpenApi.Paths.Where(p => p.Answer is not null).Select(p => p.Path)];

    [Theory]
    [MemberData(nameof(Paths))]
    public async Task Answer_is_as_the_document_says(string path)
    {
        await using DashboardStage stage = await DashboardStage.StartAsync(
            history: new FakeHistory(TimeProvider.System)
        );
        JsonNode document = JsonNode.Parse(await stage.TextAsync("/api/v1/openapi.json"))!;
        JsonNode schema = document["paths"]!["/api/v1/" + path]!["get"]!["responses"]!["200"]!["content"]![
            "application/json"
        ]!["schema"]!;

        string words = path.Contains('/', StringComparison.Ordinal) ? Words : "";
        string text = await stage.TextAsync(
            "/api/v1/" + path.Replace("{name}", "shop-primary", StringComparison.Ordinal) + words
        );

        Assert.Equal([], SchemaCheck.Problems(JsonNode.Parse(text), schema));
        Assert.NotEmpty(SchemaCheck.Problems(JsonNode.Parse("{\"error\":\"no\"}"), schema));
    }

    [Fact]
    public async Task Every_path_of_the_document_is_in_the_manual_and_has_words_for_a_person()
    {
        await using DashboardStage stage = await DashboardStage.StartAsync();
        JsonNode document = JsonNode.Parse(await stage.TextAsync("/api/v1/openapi.json"))!;
        string manual = WorkingTree.Read("docs/web.md");

        foreach ((string path, JsonNode? item) in document["paths"]!.AsObject())
        {
            Assert.Contains($"`{path}`", manual, StringComparison.Ordinal);
            Assert.NotEqual("", (string?)item!["get"]!["summary"]);
        }
    }

    [Fact]
    public async Task Bill_is_of_the_prices_and_of_what_the_monitor_knows()
    {
        FakeHistory history = new(TimeProvider.System) { Points = at => [new MetricPoint(at, 1_000, 2_000)] };
        await using DashboardStage stage = await DashboardStage.StartAsync(history: history);

        JsonNode bill = JsonNode.Parse(await stage.TextAsync("/api/v1/cost"))!;
        JsonNode primary = bill["servers"]![0]!;
        JsonNode archive = bill["servers"]![1]!;

        // 2,400 and 132 GB at 0.10; the other server is not measured.
        Assert.Equal(2_413.2m, (decimal)primary["month"]!);
        Assert.Equal((132m, 1_000m), ((decimal)primary["gigabytes"]!, (decimal)primary["queries_per_second"]!));
        Assert.Equal(2_513.2m, (decimal)bill["month"]!);
        Assert.Null(archive["gigabytes"]);
        Assert.Null(bill["per_tb"]);
        Assert.Equal(("EUR", 730.5m), ((string?)bill["currency"], (decimal)bill["hours_per_month"]!));
        // A history that cannot be read leaves the last sample.
        history.Problem = "away";
        bill = JsonNode.Parse(await stage.TextAsync("/api/v1/cost"))!;
        Assert.Null(bill["servers"]![0]!["queries_per_second"]);
        Assert.Equal(2_513.2m, (decimal)bill["month"]!);
        await using DashboardStage unpriced = await DashboardStage.StartAsync();
        Assert.Contains("\"servers\":[]", await unpriced.TextAsync("/api/v1/cost"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Findings_say_what_they_save_where_prices_are_known()
    {
        await using DashboardStage stage = await DashboardStage.StartAsync(
            history: new FakeHistory(TimeProvider.System)
        );

        string advice = await stage.TextAsync("/api/v1/advice");

        Assert.Contains("EUR a month less", advice, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tables_have_how_far_back_queries_ask()
    {
        await using DashboardStage stage = await DashboardStage.StartAsync(
            history: new FakeHistory(TimeProvider.System)
        );
        JsonNode access = JsonNode.Parse(await stage.TextAsync("/api/v1/servers/shop-primary/tables"))!["access"]!;
        JsonObject orders = access["public.orders"]!.AsObject();
        Assert.Equal(
            ("proxy", 102, 3),
            ((string?)orders["source"], (int)orders["samples"]!, (int)orders["hot_months"]!)
        );
        string[] shares = ["days7", "days30", "days90", "older", "all_ages"];
        Assert.Equal([0.78, 0.18, 0.03, 0.01, 0], shares.Select(one => (double)orders[one]!));
        Assert.Equal(250.0 / 10_250, (double)orders["unknown"]!, 9);
        // Most queries of that table have no limit, so no window holds them.
        Assert.Null(access["public.events"]!["hot_months"]);
        Assert.Equal(0.8, (double)access["public.events"]!["all_ages"]!);
    }

    [Fact]
    public async Task Partition_names_the_table_that_it_is_of()
    {
        await using DashboardStage stage = await DashboardStage.StartAsync(
            history: new FakeHistory(TimeProvider.System)
        );

        JsonArray tables = JsonNode.Parse(await stage.TextAsync("/api/v1/servers/shop-primary/tables"))![
            "tables"
        ]!.AsArray();

        Assert.Equal(
            ["public.events_p2026_10 of public.events", "public.events_p2026_11 of public.events"],
            tables
                .Where(static one => one!["parent"] is not null)
                .Select(static one => $"{one!["name"]} of {one["parent"]}")
        );
    }

    [Fact]
    public async Task Pools_and_clients_are_those_of_the_proxy()
    {
        await using DashboardStage stage = await DashboardStage.StartAsync();

        JsonNode pools = JsonNode.Parse(await stage.TextAsync("/api/v1/pools"))!;
        JsonNode clients = JsonNode.Parse(await stage.TextAsync("/api/v1/clients?limit=3"))!;

        JsonNode app = pools["pools"]!.AsArray().Single(pool => (string?)pool!["user"] == "app")!;
        Assert.Equal(7, (int)app["clients_waiting"]!);
        Assert.Equal(18, (int)app["servers_active"]!);
        Assert.Equal(12.6, (double)app["longest_wait_ms"]!, 3);
        Assert.Equal(29, (int)clients["total"]!);
        Assert.Equal(7, (int)clients["states"]!["waiting"]!);
        Assert.Equal(3, clients["connections"]!.AsArray().Count);
        Assert.Equal("waiting", (string?)clients["connections"]![0]!["state"]);
        Assert.True((double)clients["connections"]![0]!["wait_ms"]! > (double)clients["connections"]![1]!["wait_ms"]!);
    }

    [Fact]
    public async Task Slot_map_has_every_slot_once_and_says_how_even_it_is()
    {
        await using DashboardStage stage = await DashboardStage.StartAsync();

        JsonArray databases = JsonNode.Parse(await stage.TextAsync("/api/v1/shards"))!["databases"]!.AsArray();
        JsonNode group = databases[0]!["groups"]![0]!;

        int next = 0;
        foreach (JsonNode? run in group["runs"]!.AsArray())
        {
            Assert.Equal(next, (int)run!["first"]!);
            next = (int)run["last"]! + 1;
        }
        Assert.Equal(4096, next);
        Assert.Equal([1344, 1280, 1472], group["shares"]!.AsArray().Select(share => (int)share!["slots"]!));
        Assert.Equal(7.8, (double)group["imbalance_percent"]!, 1);
        Assert.Null(databases[1]!["epoch"]);
    }

    [Fact]
    public async Task Rates_are_of_the_time_between_two_samples()
    {
        FakeTimeProvider time = new();
        await using DashboardStage stage = await DashboardStage.StartAsync(time: time);
        TrafficSample before = TrafficSample.Take(stage.Proxy, time);
        for (int i = 0; i < 500; i++)
        {
            stage.Proxy.TrafficList[0].Counters.RecordQuery(i < 490 ? 800 : 40_000);
        }
        time.Advance(TimeSpan.FromSeconds(5));
        TrafficSample after = TrafficSample.Take(stage.Proxy, time);

        TrafficRates rates = TrafficRates.Between(before.Total, after.Total, TimeSpan.FromSeconds(5));

        Assert.Equal(100, rates.Queries);
        Assert.InRange(rates.QueryP50Ms!.Value, 0.8, 1.03);
        Assert.InRange(rates.QueryP99Ms!.Value, 40, 50);
        Assert.Null(TrafficRates.Between(after.Total, after.Total, TimeSpan.FromSeconds(5)).QueryP50Ms);
        Assert.Equal(0, TrafficRates.Between(after.Total, before.Total, TimeSpan.FromSeconds(5)).Queries);
    }

    [Fact]
    public void History_is_fine_for_half_an_hour_and_goes_back_a_day_by_minutes()
    {
        DateTimeOffset start = DateTimeOffset.UnixEpoch;
        TrafficHistory history = new();
        const int Day = 43_200;
        for (int i = 0; i <= Day + 1000; i++)
        {
            history.Add(
                new LiveAnswer
                {
                    At = start.AddSeconds(2 * i),
                    Version = "",
                    Stage = "",
                    State = "",
                    UptimeSeconds = 0,
                    Clients = i,
                }
            );
        }
        DateTimeOffset end = start.AddSeconds(2 * (Day + 1000));

        HistoryAnswer fine = history.Since(end.AddMinutes(-10), TimeSpan.FromSeconds(2));
        HistoryAnswer coarse = history.Since(end.AddHours(-24), TimeSpan.FromSeconds(2));

        Assert.Equal((2, 301), (fine.StepSeconds, fine.Times.Count));
        Assert.Equal(60, coarse.StepSeconds);
        Assert.InRange(coarse.Times.Count, 1439, TrafficHistory.CoarseMax + 1);
        Assert.Equal(coarse.Times.Order(), coarse.Times);
        Assert.All(coarse.Series.Values, values => Assert.Equal(coarse.Times.Count, values.Count));
        Assert.Equal(30, coarse.Series["clients"][100]!.Value - coarse.Series["clients"][99]!.Value, 3);
    }

    [Theory]
    [InlineData("/api/v1/clients?limit=0")]
    [InlineData("/api/v1/clients?limit=1e9")]
    [InlineData("/api/v1/history?minutes=-1")]
    [InlineData("/api/v1/history?minutes=NaN")]
    [InlineData("/api/v1/servers/shop-primary/history?metrics=query_time,nonsense")]
    [InlineData("/api/v1/servers/shop-primary/history?minutes=9999999")]
    [InlineData("/api/v1/servers/shop-primary/table")]
    [InlineData("/api/v1/servers/shop-primary/statement?id=x")]
    [InlineData("/api/v1/servers/shop-primary/plans")]
    public async Task Word_that_will_not_do_is_said(string path)
    {
        await using DashboardStage stage = await DashboardStage.StartAsync(
            history: new FakeHistory(TimeProvider.System)
        );
        using HttpResponseMessage answer = await stage.GetAsync(path);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains(
            "\"error\":",
            await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Plans_of_a_statement_come_with_what_changed_and_their_times()
    {
        await using DashboardStage stage = await DashboardStage.StartAsync(
            history: new FakeHistory(TimeProvider.System)
        );
        using JsonDocument answer = JsonDocument.Parse(
            await stage.TextAsync("/api/v1/servers/shop-primary/plans?id=7000000000000000001")
        );
        JsonElement plans = answer.RootElement.GetProperty("plans");

        Assert.Equal(2, plans.GetArrayLength());
        Assert.Equal(
            "Index Scan using orders_created_idx → Seq Scan on public.orders",
            plans[0].GetProperty("difference").GetString()
        );
        Assert.Equal(
            (4170, 4),
            (plans[0].GetProperty("mean_ms").GetInt32(), plans[1].GetProperty("mean_ms").GetInt32())
        );
        Assert.Equal(
            "Index Scan using orders_created_idx on public.orders  (cost 8.44, rows 12)",
            plans[1].GetProperty("lines")[0].GetString()
        );
    }

    [Fact]
    public async Task History_that_cannot_be_read_says_why()
    {
        FakeHistory history = new(TimeProvider.System) { Problem = "permission denied: GRANT USAGE ON SCHEMA drover" };
        await using DashboardStage stage = await DashboardStage.StartAsync(history: history);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, await stage.StatusAsync("/api/v1/servers/shop-primary/tables"));
        Assert.Contains(
            "GRANT USAGE",
            await stage.TextAsync("/api/v1/servers/shop-primary/tables"),
            StringComparison.Ordinal
        );
        Assert.Equal(HttpStatusCode.NotFound, await stage.StatusAsync("/api/v1/servers/other/tables"));
    }

    [Fact]
    public async Task Gap_in_a_history_is_a_gap()
    {
        FakeHistory history = new(TimeProvider.System)
        {
            Points = from => [.. new[] { 0, 10, 20, 300 }.Select(at => new MetricPoint(from.AddSeconds(at), 1, 1))],
        };
        ServerHistoryAnswer answer = await new ServerBoard(history).ReadAsync(
            "shop-primary",
            ["calls"],
            DateTimeOffset.UnixEpoch,
            DateTimeOffset.UnixEpoch.AddMinutes(10),
            TestContext.Current.CancellationToken
        );

        Assert.Equal([0, 10, 20, 30, 300], answer.Times);
        Assert.Equal([1, 1, 1, null, 1], answer.Series["calls"]);
    }

    [Fact]
    public async Task Growth_has_its_exponent_and_the_day_of_a_limit()
    {
        await using DashboardStage stage = await DashboardStage.StartAsync(
            history: new FakeHistory(TimeProvider.System)
        );

        string path = "/api/v1/servers/shop-primary/growth?limit_bytes=536870912000";
        JsonNode growth = JsonNode.Parse(await stage.TextAsync(path))!;
        JsonNode size = growth["trends"]!.AsArray().Single(trend => (string?)trend!["name"] == "size")!;

        Assert.Equal(1.2, (double)growth["query_law"]!["exponent"]!, 1);
        Assert.Equal("exponential", (string?)size["shape"]);
        Assert.Matches("^20[0-9]{2}-", (string?)size["day"]);
        Assert.False((bool)size["is_past"]!);
    }

    [Theory]
    [InlineData(30, 10, 10)]
    [InlineData(360, 10, 60)]
    [InlineData(1440, 10, 300)]
    [InlineData(43_200, 10, 7200)]
    [InlineData(30, 60, 60)]
    public void Step_keeps_a_chart_readable(double minutes, double interval, double expected) =>
        Assert.Equal(
            expected,
            ServerBoard.StepFor(TimeSpan.FromMinutes(minutes), TimeSpan.FromSeconds(interval)).TotalSeconds
        );

    [Fact]
    public async Task Journal_that_cannot_be_read_says_why_without_its_password()
    {
        await using DashboardStage stage = await DashboardStage.StartAsync(
            journals: new JournalReader(["postgres://app:hunter2@127.0.0.1:1/shop"], TimeProvider.System)
        );

        string text = await stage.TextAsync("/api/v1/operations");

        Assert.Contains("\"database\":\"127.0.0.1:1/shop as app\"", text, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", text, StringComparison.Ordinal);
        Assert.DoesNotContain("\"problem\":null", text, StringComparison.Ordinal);
    }
}
