// What is kept of statements that took several servers, and how much of it.
using Drover.Telemetry.Statements;

namespace Drover.Tests.Telemetry;

public sealed class CrossShardStatisticsTests
{
    [Fact]
    public void Statement_is_added_up_by_text_and_tier_and_the_most_expensive_comes_first()
    {
        CrossShardStatistics statistics = new(loops: 2);
        statistics.Record("a", StatementTier.Scatter, 2, 10);
        statistics.Record("a", StatementTier.Coordinator, 4, 100);
        statistics.Record("a", StatementTier.Scatter, 3, 30);
        Assert.Equal(
            [
                new CrossShardStatement("a", StatementTier.Coordinator, 4, 1, 100),
                new CrossShardStatement("a", StatementTier.Scatter, 3, 2, 40),
            ],
            statistics.Statements()
        );
        Assert.Equal(20, statistics.Statements()[1].MeanUs);
        statistics.Count(StatementTier.One, loop: 0);
        statistics.Count(StatementTier.One, loop: 1);
        statistics.Count(StatementTier.Divided, loop: 1);
        Assert.Equal([2, 0, 0, 1], statistics.Counts());
    }

    [Fact]
    public void Cheapest_statement_makes_room()
    {
        CrossShardStatistics statistics = new(loops: 1);
        for (int i = 0; i <= CrossShardStatistics.StatementsMax; i++)
        {
            statistics.Record($"{i}", StatementTier.Scatter, 2, i == 7 ? 1 : 1_000 + i);
        }
        Assert.Equal(CrossShardStatistics.StatementsMax, statistics.Statements().Count);
        Assert.DoesNotContain("7", statistics.Statements().Select(static one => one.Statement));
    }
}
