// What the maintenance decides, without a server: partitions ahead, retention, the default partition, odd clocks.
using Drover.Operations.Plans;
using Drover.Partitioning.Bounds;
using Drover.Partitioning.Catalog;
using Drover.Partitioning.Maintenance;
using Drover.Partitioning.Maintenance.Adoption;

namespace Drover.Tests.Partitioning;

public sealed class MaintenancePlanTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 25, 12, 0, 0, TimeSpan.Zero);
    private static readonly PartitionScheme ByMonth = PartitionScheme.Of(
        PartitionKeyKind.TimestampTz,
        PartitionInterval.Month
    );

    [Fact]
    public void Missing_partitions_up_to_the_premake_are_made() =>
        Assert.Equal(
            ["premake orders_p2026_12", "premake orders_p2027_01"],
            Actions(Plan(Tree("2026-10", "2026-11"), Policy with { Premake = 2 }))
        );

    [Fact]
    public void Nothing_is_planned_when_all_is_there() =>
        Assert.Empty(Plan(Tree("2026-11", "2026-12"), Policy with { Premake = 1 }).Actions);

    [Fact]
    public void A_hole_in_the_past_is_left_and_what_was_missed_since_the_newest_is_made() =>
        Assert.Equal(
            [
                "premake orders_p2026_09",
                "premake orders_p2026_10",
                "premake orders_p2026_11",
                "premake orders_p2026_12",
            ],
            Actions(Plan(Tree("2026-05", "2026-08"), Policy with { Premake = 1 }))
        );

    [Fact]
    public void A_partition_off_the_grid_gets_a_neighbour_that_is_cut_to_fit()
    {
        Partition odd = Of("odd", Range("2026-11-01", "2026-12-16"));
        MaintenancePlan plan = Plan(Tree() with { Partitions = [odd] }, Policy with { Premake = 1 });

        MaintenanceAction made = Assert.Single(plan.Actions);
        Assert.Equal(Range("2026-12-16", "2027-01-01"), made.Range);
        Assert.Contains("cut to the gap", made.Title, StringComparison.Ordinal);
    }

    [Fact]
    public void Partitions_past_their_retention_are_retired_by_their_upper_bound() =>
        Assert.Equal(
            ["retire orders_p2026_08"],
            Actions(
                Plan(
                    Tree("2026-08", "2026-09", "2026-10", "2026-11", "2026-12"),
                    Policy with
                    {
                        Premake = 1,
                        Retention = new Retention(IntervalUnit.Month, 2),
                    }
                )
            )
        );

    [Fact]
    public void Beside_a_default_partition_the_detach_is_plain_and_says_so()
    {
        PartitionTree tree = Tree("2026-01", "2026-11", "2026-12");
        PartitionPolicy policy = Policy with { Premake = 1, Retention = new Retention(IntervalUnit.Month, 2) };
        MaintenanceAction without = Assert.Single(Plan(tree, policy).Actions);
        Partition rest = new() { Oid = 99, Name = new QualifiedName("s", "orders_default") };
        MaintenanceAction beside = Assert.Single(
            Plan(tree with { Partitions = [.. tree.Partitions, rest] }, policy).Actions
        );

        Assert.EndsWith("DETACH PARTITION s.orders_p2026_01 CONCURRENTLY", without.Sql[0], StringComparison.Ordinal);
        Assert.EndsWith("DETACH PARTITION s.orders_p2026_01", beside.Sql[0], StringComparison.Ordinal);
        Assert.Contains("not concurrently", beside.Title, StringComparison.Ordinal);
        Assert.Equal(TableLockMode.AccessExclusive, beside.Locks[0].Mode);
    }

    [Fact]
    public void A_foreign_key_to_the_table_keeps_old_partitions_and_is_named()
    {
        PartitionTree tree = Tree("2026-01", "2026-11", "2026-12") with { IncomingForeignKeys = ["lines (lines_fk)"] };
        MaintenancePlan plan = Plan(
            tree,
            Policy with
            {
                Premake = 1,
                Retention = new Retention(IntervalUnit.Month, 2),
            }
        );

        Assert.Empty(plan.Actions);
        Finding finding = Assert.Single(plan.Findings);
        Assert.Equal("incoming-foreign-key", finding.Code);
        Assert.Contains("lines (lines_fk)", finding.Subject, StringComparison.Ordinal);
    }

    [Fact]
    public void A_restored_partition_is_left_alone()
    {
        PartitionTree tree = Tree("2026-01", "2026-11", "2026-12");
        Retirement restored = new(
            tree.Partitions[0].Oid,
            tree.Partitions[0].Name,
            "",
            RetentionAction.Archive,
            RetirementState.Restored
        );
        MaintenancePlan plan = Plan(
            tree,
            Policy with
            {
                Premake = 1,
                Retention = new Retention(IntervalUnit.Month, 2),
            },
            facts => facts with { Retirements = [restored] }
        );
        Assert.Empty(plan.Actions);
    }

    [Fact]
    public void A_clock_that_jumped_years_ahead_makes_no_absurd_number_and_retires_nothing()
    {
        PartitionTree tree = Tree("2026-01", "2026-11", "2026-12") with { ServerNow = Now.AddYears(20) };
        MaintenancePlan plan = Plan(
            tree,
            Policy with
            {
                Retention = new Retention(IntervalUnit.Month, 2),
            },
            facts => facts with { MachineNow = Now.AddYears(20) }
        );
        Assert.Empty(plan.Actions);
        Assert.Equal(["clock", "too-many-partitions"], plan.Findings.Select(finding => finding.Code));
        Assert.False(plan.IsClockBelieved);
    }

    [Theory]
    [InlineData(0, -2)]
    [InlineData(-40, -40)]
    [InlineData(40, 40)]
    public void A_clock_in_doubt_retires_nothing_until_it_is_accepted(int serverDays, int machineDays)
    {
        PartitionTree tree = Tree("2026-01", "2026-10", "2026-11", "2026-12", "2027-01", "2027-02") with
        {
            ServerNow = Now.AddDays(serverDays),
        };
        PartitionPolicy policy = Policy with { Premake = 1, Retention = new Retention(IntervalUnit.Month, 2) };
        MaintenanceFacts Facts(MaintenanceFacts facts) => facts with { MachineNow = Now.AddDays(machineDays) };
        MaintenancePlan doubted = Plan(tree, policy, Facts);
        MaintenancePlan accepted = Plan(tree, policy, facts => Facts(facts) with { AcceptsClock = true });

        Assert.Equal("clock", Assert.Single(doubted.Findings).Code);
        Assert.DoesNotContain(doubted.Actions, action => action.Kind == MaintenanceKind.Retire);
        Assert.Contains(accepted.Actions, action => action.Kind == MaintenanceKind.Retire);
    }

    [Fact]
    public void Rows_in_the_default_partition_get_a_partition_unless_they_are_too_many_or_far_off()
    {
        DefaultRows[] rows =
        [
            new(Range("1970-01-01", "1970-02-01"), 1),
            new(Range("2026-10-01", "2026-11-01"), 7),
            new(Range("2027-01-01", "2027-02-01"), 50_001),
            new(Range("2030-01-01", "2030-02-01"), 1),
        ];
        MaintenancePlan plan = Plan(
            Tree("2026-09", "2026-11", "2026-12"),
            Policy,
            facts => facts with { Default = rows }
        );

        Assert.Equal(
            ["split-default orders_p2026_10", "premake orders_p2027_02", "premake orders_p2027_03"],
            Actions(plan)
        );
        Assert.Equal(
            ["default-far-off", "default-too-full", "default-far-off"],
            plan.Findings.Select(finding => finding.Code)
        );
    }

    [Fact]
    public void Ids_are_made_ahead_of_the_highest_that_was_given_out()
    {
        PartitionScheme scheme = PartitionScheme.Of(
            PartitionKeyKind.BigInt,
            new PartitionInterval(IntervalUnit.Step, 1000)
        );
        PartitionTree tree = Tree() with { Kind = PartitionKeyKind.BigInt };
        MaintenancePlan plan = MaintenancePlanner.Plan(
            Policy with
            {
                Interval = scheme.Interval,
                Premake = 1,
            },
            tree,
            scheme,
            new MaintenanceFacts { MachineNow = Now, HighestId = 2500 },
            new MaintenanceLimits()
        );
        Assert.Equal(["premake orders_p2000", "premake orders_p3000"], Actions(plan));
    }

    [Fact]
    public void A_retirement_that_died_after_the_detach_is_gone_on_with()
    {
        Retirement open = new(7, new QualifiedName("s", "old"), "", RetentionAction.Drop, RetirementState.Detached);
        MaintenancePlan plan = Plan(
            Tree("2026-11", "2026-12"),
            Policy with
            {
                Premake = 1,
            },
            facts => facts with { Retirements = [open], DetachedTables = [7] }
        );
        Assert.Equal(["finish-retirement old"], Actions(plan));
        Assert.Equal(["DROP TABLE s.old"], plan.Actions[0].Sql);
    }

    [Theory]
    [InlineData("24 months", "24 months")]
    [InlineData("1 mon", "1 month")]
    [InlineData("90 days", "90 days")]
    [InlineData("1_000_000", "1000000")]
    public void A_retention_reads_back(string text, string printed)
    {
        Assert.True(Retention.TryParse(text, out Retention kept, out string? problem), problem);
        Assert.Equal(printed, kept.ToString());
    }

    [Theory]
    [InlineData("0 days")]
    [InlineData("2 hours")]
    [InlineData("99999 years")]
    [InlineData("")]
    public void A_retention_that_is_not_known_is_refused(string text) =>
        Assert.False(Retention.TryParse(text, out _, out _));

    [Fact]
    public void The_zone_of_partitions_is_seen_from_their_bounds()
    {
        PartitionScheme berlin = PartitionScheme.Of(
            PartitionKeyKind.TimestampTz,
            PartitionInterval.Month,
            "Europe/Berlin"
        );
        PartitionRange[] ranges = [.. Enumerable.Range(24300, 8).Select(index => berlin.RangeAt(index))];
        var found = GridGuess.Find(PartitionKeyKind.TimestampTz, ranges, [], ["UTC", "Europe/Berlin"]);
        Assert.Equal((PartitionInterval.Month, "Europe/Berlin", 8), found);
    }

    private static PartitionPolicy Policy =>
        new()
        {
            Table = new QualifiedName("s", "orders"),
            KeyColumn = "created_at",
            Interval = PartitionInterval.Month,
            SeenAt = Now.AddHours(-1),
        };

    private static IEnumerable<string> Actions(MaintenancePlan plan) =>
        plan.Actions.Select(action => $"{action.KindName} {action.Subject.Name}");

    private static MaintenancePlan Plan(
        PartitionTree tree,
        PartitionPolicy policy,
        Func<MaintenanceFacts, MaintenanceFacts>? change = null
    )
    {
        MaintenanceFacts facts = new() { MachineNow = Now };
        return MaintenancePlanner.Plan(policy, tree, ByMonth, change?.Invoke(facts) ?? facts, new MaintenanceLimits());
    }

    private static PartitionTree Tree(params string[] months) =>
        new()
        {
            Table = new QualifiedName("s", "orders"),
            Oid = 1,
            KeyColumn = "created_at",
            Kind = PartitionKeyKind.TimestampTz,
            Owner = "shop",
            ReplicaIdentity = 'd',
            ServerNow = Now,
            Partitions =
            [
                .. months.Select(month =>
                    Of($"orders_p{month.Replace('-', '_')}", ByMonth.RangeOf(Position($"{month}-01")))
                ),
            ],
        };

    private static Partition Of(string name, PartitionRange range) =>
        new()
        {
            Oid = (uint)(1000 + Math.Abs(name.GetHashCode(StringComparison.Ordinal) % 1000)),
            Name = new QualifiedName("s", name),
            Range = range,
        };

    private static PartitionRange Range(string from, string to) =>
        new(PartitionBound.At(Position(from)), PartitionBound.At(Position(to)));

    private static long Position(string day) => ByMonth.PositionOfDay(DateOnly.ParseExact(day, "yyyy-MM-dd", null));
}
