// Threads with stacks that are large enough for the parser, which recurses over the tree.
using System.Collections.Concurrent;

namespace Drover.Sql.Parsing;

/// <summary>
/// Parsing is for statements that are seen for the first time, so few threads are enough, and a loop's own stack of
/// unknown size is never what a client's statement can overflow.
/// </summary>
internal sealed class ParserThreads : IDisposable
{
    /// <summary>
    /// A stack. libpg_query takes under 400 bytes for a level of the tree, and reading the tree about as much: 30 times
    /// what <see cref="DepthBound.LevelsMax"/> levels need. Only what is used takes memory.
    /// </summary>
    public const int StackBytes = 64 * 1024 * 1024;

    /// <summary>Statements that wait; each is a client that waits, too.</summary>
    public const int QueueMax = 4_096;

    private readonly BlockingCollection<Work> _queue = new(QueueMax);

    /// <summary>Starts the threads.</summary>
    /// <param name="count">How many statements are parsed at a time.</param>
    public ParserThreads(int count = 2)
    {
        for (int i = 0; i < count; i++)
        {
            Thread thread = new(Run, StackBytes) { IsBackground = true, Name = $"parser {i}" };
            thread.Start();
        }
    }

    /// <summary>Runs something on one of the threads; at once a failure when too many wait.</summary>
    public Task<ParseOutcome> RunAsync(Func<ParseOutcome> parse)
    {
        Work work = new(
            parse,
            new TaskCompletionSource<ParseOutcome>(TaskCreationOptions.RunContinuationsAsynchronously)
        );
        return _queue.TryAdd(work)
            ? work.Done.Task
            : Task.FromResult(ParseOutcome.Failed(ParseFailure.Busy, $"{QueueMax} statements wait to be parsed"));
    }

    /// <summary>Lets the threads end when they have done what is queued.</summary>
    public void Dispose() => _queue.CompleteAdding();

    private void Run()
    {
        foreach (Work work in _queue.GetConsumingEnumerable())
        {
            try
            {
                work.Done.SetResult(work.Parse());
            }
            catch (Exception e)
            {
                work.Done.SetException(e);
            }
        }
    }

    private sealed record Work(Func<ParseOutcome> Parse, TaskCompletionSource<ParseOutcome> Done);
}
