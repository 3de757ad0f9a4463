// Bills, and what plans do to them, by numbers that can be checked by hand.
using Drover.Advice.Costs;
using Drover.App.Commands.Costs;
using Drover.Configuration.Prices;
using Drover.Operations;

namespace Drover.Tests.Advice;

public sealed class CostTests
{
    [Fact]
    public void The_storys_dollars_per_terabyte_follow_from_its_inputs()
    {
        Assert.Equal(6_000m, CostReport.Of([Server("one", 12_000, 2_000, 8_000)]).PerTerabyte);
        Assert.Equal(1_680m, CostReport.Of([Server("all", 84_000, 50_000, 45_000)]).PerTerabyte);
    }

    [Fact]
    public void The_storys_dollars_per_query_do_not_and_this_is_what_does()
    {
        // 12,000 / (8,000 × 2,629,800) and 84,000 / (45,000 × 2,629,800); the story has 0.000062 and 0.000021.
        Assert.Equal("0.00000057", CostText.Small(CostReport.Of([Server("one", 12_000, 2_000, 8_000)]).PerQuery));
        Assert.Equal("0.00000071", CostText.Small(CostReport.Of([Server("all", 84_000, 50_000, 45_000)]).PerQuery));
        // What its figures would need.
        Assert.Equal(74, decimal.Round(12_000m / (0.000062m * CostReport.SecondsPerMonth)));
        Assert.Equal(1_521, decimal.Round(84_000m / (0.000021m * CostReport.SecondsPerMonth)));
    }

    [Fact]
    public void Seven_of_the_storys_servers_give_its_bill_after()
    {
        CostReport planned = Plan([Server("one", 12_000, 2_000, 8_000)], "storage=50TB", "queries=45000", "shards=7");
        Assert.Equal((84_000m, 1_680m), (planned.Month, planned.PerTerabyte));
        Assert.Equal("0.00000071", CostText.Small(planned.PerQuery));
    }

    [Fact]
    public void Each_part_of_a_bill_is_exact()
    {
        ServerPriceOptions price = new()
        {
            Name = "s",
            InstanceMonth = 730.50m,
            StorageGbMonth = 0.115m,
            IopsMonth = 0.10m,
            Iops = 3_000,
            IoMillion = 0.20m,
            BackupGbMonth = 0.095m,
        };
        ServerBill bill = ServerBill.Of(new PricedServer(price, new ServerUse(1_234.5m, 100, 1_000)));
        // 1,000 × 2,629,800 / 10^6 × 0.20 = 525.96.
        Assert.Equal((730.50m, 141.9675m, 825.96m, 117.2775m), (bill.Instance, bill.Storage, bill.Io, bill.Backup));
        Assert.Equal(1_815.705m, bill.Month);
        Assert.Equal("1,815.71", CostText.Money(bill.Month));
        ServerBill allocated = ServerBill.Of(
            new PricedServer(price with { StorageGb = 2_000, BackupGb = 10 }, new ServerUse(1_234.5m, 100, 1_000))
        );
        Assert.Equal((230m, 0.95m), (allocated.Storage, allocated.Backup));
    }

    [Fact]
    public void What_is_unknown_on_one_server_is_unknown_in_the_sum()
    {
        ServerPriceOptions price = new() { Name = "b", StorageGbMonth = 1 };
        CostReport report = CostReport.Of([Server("a", 100, 1, 1), new PricedServer(price, ServerUse.Unknown)]);
        Assert.Equal((null, null, null), (report.Month, report.PerTerabyte, report.PerQuery));
        CostReport fixedPrice = CostReport.Of([new PricedServer(price with { StorageGb = 5 }, ServerUse.Unknown)]);
        Assert.Equal((5m, null, null), (fixedPrice.Month, fixedPrice.PerTerabyte, fixedPrice.PerQuery));
        CostReport empty = CostReport.Of([new PricedServer(price, new ServerUse(0, 0, 0))]);
        Assert.Equal((0m, null, null), (empty.Month, empty.PerTerabyte, empty.PerQuery));
    }

    [Fact]
    public void Four_shards_to_eight_is_twice_the_machines_and_the_same_storage()
    {
        PricedServer[] four = [.. Enumerable.Range(1, 4).Select(n => Priced($"s{n}", 1_000, 0.10m, 500, 100))];
        CostReport eight = Plan(four, "shards=8");
        Assert.Equal((4_200m, 8_200m), (CostReport.Of(four).Month, eight.Month));
        Assert.Equal((8, 2_000m, 400m), (eight.Servers.Count, eight.Gigabytes, eight.QueriesPerSecond));
        Assert.Equal(250m, eight.Servers[7].Use.Gigabytes);
        four[2] = Priced("s3", 2_000, 0.10m, 500, 100);
        Assert.Contains("different prices", Refusal(four, "shards=8"), StringComparison.Ordinal);
        Assert.Equal(16_200m, Plan(four, "shards=8:s3").Month);
    }

    [Theory]
    [InlineData("storage=+1TB", 3_000, 1_300)]
    [InlineData("storage=+1TB:a", 3_000, 1_300)]
    [InlineData("storage=-500GB", 1_500, 1_150)]
    [InlineData("free=120GB", 1_880, 1_188)]
    [InlineData("instance=2000", 2_000, 4_200)]
    [InlineData("instance=2000:b", 2_000, 2_700)]
    [InlineData("instance=-100", 2_000, 1_000)]
    [InlineData("queries=10", 2_000, 1_200)]
    [InlineData("allocate=4TB:a", 2_000, 1_500)]
    public void Changes_are_to_all_or_to_one(string change, int gigabytes, int month)
    {
        CostReport after = Plan([Priced("a", 500, 0.10m, 1_000, 1), Priced("b", 500, 0.10m, 1_000, 1)], change);
        Assert.Equal((gigabytes, month), (after.Gigabytes, after.Month));
    }

    [Fact]
    public void Freed_space_saves_nothing_where_storage_is_paid_for_used_or_not()
    {
        PricedServer server = Priced("a", 0, 0.10m, 1_000, 1);
        PricedServer paid = server with { Price = server.Price with { StorageGb = 1_000 } };
        Assert.Equal((90m, 100m), (Plan([server], "free=100GB").Month, Plan([paid], "free=100GB").Month));
        Assert.Equal((0.10m, 0m), (ServerBill.FreedGbMonth(server.Price), ServerBill.FreedGbMonth(paid.Price)));
        Assert.Equal(95m, Plan([paid], "free=100GB", "allocate=950GB").Month);
        Assert.Contains("plan allocate", Refusal([paid], "storage=+1GB"), StringComparison.Ordinal);
        Assert.Contains("plan allocate", Refusal([paid], "allocate=950GB"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("shards")]
    [InlineData("shards=0")]
    [InlineData("shards=1.5")]
    [InlineData("shards=+2")]
    [InlineData("shards=5000")]
    [InlineData("storage=10")]
    [InlineData("storage=1e3GB")]
    [InlineData("instance=")]
    [InlineData("free=-1GB")]
    [InlineData("disks=4")]
    [InlineData("")]
    public void A_plan_that_makes_no_sense_is_refused(string text)
    {
        OperationException refused = Assert.Throws<OperationException>(() => CostChange.Parse(text));
        Assert.Equal(OperationOutcome.Usage, refused.Outcome);
        Assert.Contains("write shards=8", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("free=3TB", "more than there is")]
    [InlineData("instance=-501", "less than nothing")]
    [InlineData("storage=+1TB:c", "there is no server 'c': there are a")]
    public void A_plan_that_cannot_be_is_refused(string text, string why) =>
        Assert.Contains(why, Refusal([Priced("a", 500, 0.10m, 1_000, 1)], text), StringComparison.Ordinal);

    [Fact]
    public void What_a_plan_needs_and_nobody_knows_is_asked_for()
    {
        PricedServer server = new(new ServerPriceOptions { Name = "a", InstanceMonth = 1 }, ServerUse.Unknown);
        Assert.Contains("must be measured or given", Refusal([server], "storage=+1GB"), StringComparison.Ordinal);
        Assert.Equal(2, Plan([server], "shards=2").Month);
    }

    [Theory]
    [InlineData("0.005", "0.01")]
    [InlineData("-0.005", "-0.01")]
    [InlineData("0.00499", "0.00")]
    [InlineData("1234567.895", "1,234,567.90")]
    public void Halves_are_rounded_away_from_zero(string amount, string shown) =>
        Assert.Equal(shown, CostText.Money(decimal.Parse(amount, null)));

    [Fact]
    public void A_tenant_pays_its_share_of_the_rows_on_each_server()
    {
        MeasuredServer[] servers =
        [
            new(Server("a", 1_000, 1, 1), new TenantShares([("7", 0.5m), ("8", 0.25m)], 5, 0.25m), null),
            new(Server("b", 100, 1, 1), new TenantShares([("8", 1m)], 0, 0), null),
        ];
        CostReport report = CostReport.Of([.. servers.Select(static one => one.Server)]);
        IReadOnlyList<TenantCost> tenants = TenantCost.Of(report, servers);
        Assert.Equal([("7", 500m), ("8", 350m), (null, 250m)], tenants.Select(static one => (one.Tenant, one.Month)));
        Assert.Equal(5, tenants[2].Count);
        Assert.Equal(1m, decimal.Round(tenants.Sum(static one => one.Share!.Value), 20));
    }

    private static PricedServer Server(string name, decimal month, decimal gigabytes, decimal queries) =>
        Priced(name, month, null, gigabytes, queries);

    private static PricedServer Priced(
        string name,
        decimal month,
        decimal? storage,
        decimal gigabytes,
        decimal queries
    ) =>
        new(
            new ServerPriceOptions
            {
                Name = name,
                InstanceMonth = month,
                StorageGbMonth = storage,
            },
            new ServerUse(gigabytes, queries, null)
        );

    private static CostReport Plan(IReadOnlyList<PricedServer> servers, params string[] changes) =>
        CostReport.Of(changes.Aggregate(servers, static (now, change) => CostChange.Parse(change).Apply(now)));

    private static string Refusal(IReadOnlyList<PricedServer> servers, string change) =>
        Assert.Throws<OperationException>(() => Plan(servers, change)).Message;
}
