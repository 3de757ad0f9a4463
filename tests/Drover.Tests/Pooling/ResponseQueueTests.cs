// The ring of answers that a server owes.
using Drover.Pooling.Statements;
using FsCheck;
using FsCheck.Fluent;
using static Drover.Pooling.Statements.ExpectedKind;

namespace Drover.Tests.Pooling;

public sealed class ResponseQueueTests
{
    [Fact]
    public void Answers_come_in_the_order_of_their_questions()
    {
        ResponseQueue queue = Queue(Parse, Bind, Execute, Sync);
        Assert.Equal("Parse Bind Execute Sync", Drain(queue));
        Assert.False(queue.TryPeek(out _));
    }

    [Fact]
    public void Ready_is_owed_for_each_sync_query_and_function_call()
    {
        ResponseQueue queue = Queue(Parse, Sync, Query, FunctionCall);
        Assert.Equal(3, queue.ReadyCount);
        queue.Pop();
        queue.Pop();
        Assert.Equal(2, queue.ReadyCount);
    }

    [Fact]
    public void Extended_message_behind_the_last_sync_leaves_a_transaction_open()
    {
        ResponseQueue queue = new();
        Assert.False(queue.IsUnsynced);
        queue.Push(Bind);
        Assert.True(queue.IsUnsynced);
        queue.Push(CopyEnd);
        Assert.True(queue.IsUnsynced);
        queue.Push(Sync);
        Assert.False(queue.IsUnsynced);
        queue.Push(CopyEnd);
        Assert.False(queue.IsUnsynced);
    }

    [Fact]
    public void Failure_hands_back_everything_up_to_sync_the_last_one_first()
    {
        ResponseQueue queue = Queue(Parse, Bind, Execute, Sync, Query);
        Assert.Equal("Execute Bind Parse", Fail(queue));
        Assert.False(queue.IsSkippingToSync);
        Assert.Equal("Sync Query", Drain(queue));
    }

    [Fact]
    public void Failure_without_a_sync_skips_what_is_sent_until_one_is()
    {
        ResponseQueue queue = Queue(Parse, Bind);
        Assert.Equal("Bind Parse", Fail(queue));
        Assert.True(queue.IsSkippingToSync);
        queue.Push(Execute);
        queue.Push(Query);
        Assert.Equal(0, queue.Count);
        queue.Push(Sync);
        queue.Push(Bind);
        Assert.False(queue.IsSkippingToSync);
        Assert.Equal("Sync Bind", Drain(queue));
    }

    [Fact]
    public void End_of_a_copy_that_was_not_one_is_no_answer()
    {
        ResponseQueue queue = Queue(CopyEnd, Query, CopyEnd, CopyEnd, Sync);
        Assert.Equal("Query Sync", Drain(queue));
    }

    /// <summary>PostgreSQL ignores a Sync that it reads before CopyDone.</summary>
    [Fact]
    public void Syncs_inside_a_copy_do_not_count()
    {
        ResponseQueue queue = Queue(Execute, Sync, Sync, CopyEnd, Sync);
        Assert.True(queue.DropSyncsBeforeCopyEnd());
        Assert.Equal(1, queue.ReadyCount);
        Assert.Equal("Execute Sync", Drain(queue));
    }

    [Fact]
    public void Copy_whose_end_is_still_to_be_sent_drops_every_sync()
    {
        ResponseQueue queue = Queue(Execute, Sync, Sync);
        Assert.False(queue.DropSyncsBeforeCopyEnd());
        Assert.Equal((1, 0), (queue.Count, queue.ReadyCount));
    }

    [Fact]
    public void Queue_is_full_at_its_bound()
    {
        ResponseQueue queue = new();
        for (int i = 0; i < ResponseQueue.CountMax; i++)
        {
            Assert.False(queue.IsFull);
            queue.Push(Bind);
        }
        Assert.True(queue.IsFull);
        queue.Pop();
        Assert.False(queue.IsFull);
    }

    [Fact]
    public void Cleared_queue_owes_nothing()
    {
        ResponseQueue queue = Queue(Parse, Sync, Bind);
        queue.Clear();
        Assert.Equal((0, 0, false, false), (queue.Count, queue.ReadyCount, queue.IsUnsynced, queue.IsSkippingToSync));
        queue.Push(Query);
        Assert.Equal("Query", Drain(queue));
    }

    /// <summary>Any pushes, pops and failures: the ring, however it grows and wraps, does as a plain list.</summary>
    [Fact]
    public void Ring_does_as_a_list_does() =>
        Prop.ForAll(
                (byte[] steps) =>
                {
                    ResponseQueue queue = new();
                    List<ExpectedKind> model = [];
                    bool skips = false;
                    foreach (byte step in steps)
                    {
                        Step(step, queue, model, ref skips);
                        bool isSame =
                            queue.Count == model.Count
                            && queue.ReadyCount == model.Count(static kind => kind is Sync or Query or FunctionCall)
                            && queue.IsSkippingToSync == skips
                            && queue.TryPeek(out ExpectedResponse next) == (model.Count > 0)
                            && (model.Count == 0 || next.Kind == model[0]);
                        if (!isSame)
                        {
                            return false;
                        }
                    }
                    return true;
                }
            )
            .Check(Config.QuickThrowOnFailure.WithQuietOnSuccess(true).WithMaxTest(300).WithEndSize(200));

    private static void Step(byte step, ResponseQueue queue, List<ExpectedKind> model, ref bool skips)
    {
        ExpectedKind kind = (ExpectedKind)(step % 8);
        if (step < 160)
        {
            queue.Push(kind);
            if (!skips || kind == Sync)
            {
                model.Add(kind);
                skips = false;
            }
        }
        else if (step < 230 && model.Count > 0)
        {
            Assert.Equal(model[0], queue.Pop());
            model.RemoveAt(0);
        }
        else if (step >= 230)
        {
            int sync = model.IndexOf(Sync);
            int failed = sync < 0 ? model.Count : sync;
            IEnumerable<ExpectedKind> back = model.Take(failed).Reverse();
            Assert.Equal(string.Join(' ', back), Fail(queue));
            model.RemoveRange(0, failed);
            skips = model.Count == 0;
        }
    }

    private static ResponseQueue Queue(params ExpectedKind[] kinds)
    {
        ResponseQueue queue = new();
        foreach (ExpectedKind kind in kinds)
        {
            queue.Push(kind);
        }
        return queue;
    }

    private static string Drain(ResponseQueue queue)
    {
        List<ExpectedKind> kinds = [];
        while (queue.Count > 0)
        {
            kinds.Add(queue.Pop());
        }
        return string.Join(' ', kinds);
    }

    private static string Fail(ResponseQueue queue)
    {
        List<ExpectedKind> failed = [];
        queue.FailToSync(static (list, response) => ((List<ExpectedKind>)list).Add(response.Kind), failed);
        return string.Join(' ', failed);
    }
}
