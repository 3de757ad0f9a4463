// The slots stay balanced, and growing moves no more than it must.
using System.Collections.Immutable;
using Drover.Topology;
using Drover.Topology.Keys;

namespace Drover.Tests.Topology;

public sealed class SlotMapTests
{
    [Theory]
    [InlineData(KeyType.Bigint)]
    [InlineData(KeyType.Text)]
    public void A_million_tenants_on_8_shards_are_within_5_percent_of_each_other(KeyType type)
    {
        SlotMap map = SlotMap.Even([1, 2, 3, 4, 5, 6, 7, 8]);
        int[] tenants = new int[9];
        for (int tenant = 1; tenant <= 1_000_000; tenant++)
        {
            string text = type == KeyType.Text ? $"tenant-{tenant}" : $"{tenant}";
            Assert.True(KeyHash.TryOfText(type, System.Text.Encoding.UTF8.GetBytes(text), out ulong hash));
            tenants[map[Slot.Of(hash)]]++;
        }
        Assert.InRange(tenants[1..].Max() / (double)tenants[1..].Min(), 1, 1.05);
    }

    [Fact]
    public void Ninth_shard_gets_one_ninth_and_no_other_slot_moves()
    {
        SlotMap eight = SlotMap.Even([1, 2, 3, 4, 5, 6, 7, 8]);
        ImmutableArray<SlotMove> moves = eight.PlanTo([1, 2, 3, 4, 5, 6, 7, 8, 9]);
        Assert.Equal(Slot.Count / 9, moves.Length);
        Assert.All(moves, move => Assert.Equal((eight[move.Slot], 9), (move.From, move.To)));
        SlotMap nine = eight.After(moves);
        Assert.All(nine.Shards, shard => Assert.InRange(nine.CountOf(shard), Slot.Count / 9, (Slot.Count / 9) + 1));
    }

    [Fact]
    public void Any_plan_ends_even_and_moves_the_fewest()
    {
        Random random = new(1);
        for (int round = 0; round < 200; round++)
        {
            int[] before = Some(random);
            int[] after = Some(random);
            SlotMap map = new([.. Enumerable.Range(0, Slot.Count).Select(_ => before[random.Next(before.Length)])]);
            ImmutableArray<SlotMove> moves = map.PlanTo(after);
            SlotMap end = map.After(moves);
            int[] counts = [.. after.Select(end.CountOf)];
            Assert.Equal(Slot.Count, counts.Sum());
            Assert.InRange(counts.Max() - counts.Min(), 0, 1);
            // Each slot at most once, none to where it is, and only what its shard has too many of.
            Assert.Equal(moves.Length, moves.Select(move => move.Slot).Distinct().Count());
            Assert.All(moves, move => Assert.NotEqual(move.From, move.To));
            Assert.Equal(after.Sum(shard => Math.Max(0, end.CountOf(shard) - map.CountOf(shard))), moves.Length);
        }
    }

    [Fact]
    public void Plan_to_the_same_shards_moves_nothing() => Assert.Empty(SlotMap.Even([3, 1, 2]).PlanTo([1, 2, 3]));

    [Fact]
    public void Runs_name_the_slots_of_a_shard()
    {
        SlotMap map = SlotMap.Even([1, 2, 3]);
        Assert.Equal("0-1365", map.RunsOf(1));
        Assert.Equal("0-99, 101-1365", map.After([new SlotMove(100, 1, 2)]).RunsOf(1));
        Assert.Equal("100, 1366-2730", map.After([new SlotMove(100, 1, 2)]).RunsOf(2));
        Assert.Equal("", map.RunsOf(4));
    }

    [Fact]
    public void Map_of_another_size_is_refused() => Assert.Throws<ArgumentException>(() => new SlotMap([1, 2, 3]));

    private static int[] Some(Random random) =>
        [.. Enumerable.Range(1, 20).OrderBy(_ => random.Next()).Take(random.Next(1, 12))];
}
