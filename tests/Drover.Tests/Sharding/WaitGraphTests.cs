// Circles of transactions that wait for each other over shards.
using Drover.Routing.Transactions;
using Drover.Sharding.Transactions;

namespace Drover.Tests.Sharding;

public sealed class WaitGraphTests
{
    private static readonly Guid s_old = Guid.CreateVersion7(DateTimeOffset.UnixEpoch);
    private static readonly Guid s_middle = Guid.CreateVersion7(DateTimeOffset.UnixEpoch.AddMinutes(1));
    private static readonly Guid s_young = Guid.CreateVersion7(DateTimeOffset.UnixEpoch.AddMinutes(2));

    // Each transaction has a process on each of three shards: the shard's number behind its own.
    private static readonly Dictionary<TransactionPlace, Guid> s_places = new(
        from one in (Guid[])[s_old, s_middle, s_young]
        from shard in (int[])[1, 2, 3]
        select KeyValuePair.Create(new TransactionPlace(shard, Process(one, shard)), one)
    );

    [Fact]
    public void Youngest_gives_way_whoever_is_looked_at_first()
    {
        LockWait[] waits = [Wait(1, s_old, s_young), Wait(2, s_young, s_old)];
        Assert.Equal([s_young], WaitGraph.Victims(waits, s_places));
        Assert.Equal([s_young], WaitGraph.Victims(waits.Reverse(), s_places));
        waits = [Wait(1, s_young, s_middle), Wait(2, s_middle, s_old), Wait(3, s_old, s_young)];
        Assert.Equal([s_young], WaitGraph.Victims(waits, s_places));
    }

    [Fact]
    public void Queue_is_no_circle()
    {
        LockWait[] waits = [Wait(1, s_young, s_middle), Wait(1, s_young, s_old), Wait(2, s_middle, s_old)];
        Assert.Empty(WaitGraph.Victims(waits, s_places));
    }

    [Fact]
    public void Circle_on_one_shard_is_left_to_its_server_and_hides_no_other()
    {
        LockWait[] one = [Wait(1, s_old, s_young), Wait(1, s_young, s_old)];
        Assert.Empty(WaitGraph.Victims(one, s_places));
        Assert.Equal(
            [s_middle],
            WaitGraph.Victims([.. one, Wait(2, s_old, s_middle), Wait(3, s_middle, s_old)], s_places)
        );
    }

    [Fact]
    public void Transactions_of_one_shard_pass_the_wait_on()
    {
        // Process 900 works on shard 1 alone: it waits for the old one, and the young one waits for it.
        LockWait[] waits =
        [
            new LockWait(1, Process(s_young, 1), 900),
            new LockWait(1, 900, Process(s_old, 1)),
            Wait(2, s_old, s_young),
        ];
        Assert.Equal([s_young], WaitGraph.Victims(waits, s_places));
        // The same number on another shard is another process.
        waits[1] = new LockWait(3, 900, Process(s_old, 3));
        Assert.Empty(WaitGraph.Victims(waits, s_places));
    }

    [Fact]
    public void Two_circles_need_two_victims_unless_one_is_in_both()
    {
        LockWait[] waits =
        [
            Wait(1, s_old, s_young),
            Wait(2, s_young, s_old),
            Wait(1, s_middle, s_old),
            Wait(3, s_old, s_middle),
        ];
        Assert.Equal([s_middle, s_young], WaitGraph.Victims(waits, s_places).Order());
        waits = [.. waits[..2], Wait(1, s_middle, s_young), Wait(3, s_young, s_middle)];
        Assert.Equal([s_young], WaitGraph.Victims(waits, s_places));
    }

    private static LockWait Wait(int shard, Guid waiting, Guid blocking) =>
        new(shard, Process(waiting, shard), Process(blocking, shard));

    private static int Process(Guid transaction, int shard) =>
        (
            transaction == s_old ? 100
            : transaction == s_middle ? 200
            : 300
        ) + shard;
}
