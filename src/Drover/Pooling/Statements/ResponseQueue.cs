// The ring of answers that a server owes, in order.
namespace Drover.Pooling.Statements;

/// <summary>
/// First in, first out, over a ring that grows up to <see cref="CountMax"/>. Allocates only when it grows. The bound
/// cannot lock a pipeline up: so many answers of five bytes overflow PostgreSQL's own send buffer long before, so they
/// arrive.
/// </summary>
internal sealed class ResponseQueue
{
    /// <summary>Answers owed at the most; past it no more is read from the client.</summary>
    public const int CountMax = 65_536;

    private ExpectedResponse[] _ring = [];
    private int _head;

    public int Count { get; private set; }

    public bool IsFull => Count >= CountMax;

    /// <summary>ReadyForQuery messages owed.</summary>
    public int ReadyCount { get; private set; }

    /// <summary>
    /// Extended messages were sent behind the last Sync or simple query: an implicit transaction may be open, whatever
    /// the last ReadyForQuery said.
    /// </summary>
    public bool IsUnsynced { get; private set; }

    /// <summary>
    /// An error came and nothing owed before the next Sync will: messages are skipped until one is sent.
    /// </summary>
    public bool IsSkippingToSync { get; private set; }

    public void Push(ExpectedKind kind, ExpectedAction action = ExpectedAction.Forward, object? subject = null)
    {
        if (IsSkippingToSync)
        {
            if (kind != ExpectedKind.Sync)
            {
                return;
            }
            IsSkippingToSync = false;
        }
        bool endsWithReady = EndsWithReady(kind);
        if (kind != ExpectedKind.CopyEnd)
        {
            IsUnsynced = !endsWithReady;
        }
        else if (Count == 0)
        {
            // Nothing that was asked for can be waiting for it: the server ignores it.
            return;
        }
        if (Count == _ring.Length)
        {
            Grow();
        }
        ref ExpectedResponse free = ref _ring[(_head + Count) & (_ring.Length - 1)];
        free.Kind = kind;
        free.Action = action;
        if (free.Subject != subject)
        {
            free.Subject = subject;
        }
        Count++;
        ReadyCount += endsWithReady ? 1 : 0;
    }

    /// <summary>Whether the answer at the head is of this kind of message.</summary>
    public bool IsNext(ExpectedKind kind) => Count > 0 && _ring[_head].Kind == kind;

    /// <summary>What is to be done with the answer at the head; Forward when none is owed.</summary>
    public ExpectedAction NextAction => Count > 0 ? _ring[_head].Action : ExpectedAction.Forward;

    public bool TryPeek(out ExpectedResponse response)
    {
        response = Count > 0 ? _ring[_head] : default;
        return Count > 0;
    }

    /// <summary>Takes the answer at the head, and with it the ends of copies that it did not turn out to be.</summary>
    public ExpectedKind Pop()
    {
        ExpectedKind kind = Drop();
        while (Count > 0 && _ring[_head].Kind == ExpectedKind.CopyEnd)
        {
            Drop();
        }
        return kind;
    }

    private ExpectedKind Drop()
    {
        ref ExpectedResponse head = ref _ring[_head];
        ExpectedKind kind = head.Kind;
        head.Subject = null;
        _head = (_head + 1) & (_ring.Length - 1);
        Count--;
        ReadyCount -= EndsWithReady(kind) ? 1 : 0;
        return kind;
    }

    /// <summary>
    /// COPY IN began for the answer at the head: the server ignores each Sync that it reads before the copy's end
    /// (https://www.postgresql.org/docs/18/protocol-flow.html#PROTOCOL-COPY). True when the end was sent already.
    /// </summary>
    public bool DropSyncsBeforeCopyEnd()
    {
        int kept = 1;
        bool ended = false;
        int count = Count;
        for (int i = 1; i < count; i++)
        {
            ExpectedResponse response = _ring[(_head + i) & (_ring.Length - 1)];
            if (!ended && response.Kind == ExpectedKind.Sync)
            {
                ReadyCount--;
                Count--;
                continue;
            }
            ended |= response.Kind == ExpectedKind.CopyEnd;
            _ring[(_head + kept) & (_ring.Length - 1)] = response;
            kept++;
        }
        return ended;
    }

    /// <summary>
    /// The extended message at the head failed: forgets what is owed before the next Sync, telling each to the caller,
    /// the last one first, so that what was noted is taken back in reverse.
    /// </summary>
    public void FailToSync(Action<object, ExpectedResponse> onFailed, object state)
    {
        int failed = 0;
        while (failed < Count && _ring[(_head + failed) & (_ring.Length - 1)].Kind != ExpectedKind.Sync)
        {
            failed++;
        }
        for (int i = failed - 1; i >= 0; i--)
        {
            onFailed(state, _ring[(_head + i) & (_ring.Length - 1)]);
        }
        for (int i = 0; i < failed; i++)
        {
            Drop();
        }
        IsSkippingToSync = Count == 0;
    }

    public void Clear()
    {
        _ring = [];
        _head = 0;
        Count = 0;
        ReadyCount = 0;
        IsSkippingToSync = false;
        IsUnsynced = false;
    }

    private static bool EndsWithReady(ExpectedKind kind) =>
        kind is ExpectedKind.Sync or ExpectedKind.Query or ExpectedKind.FunctionCall;

    private void Grow()
    {
        ExpectedResponse[] larger = new ExpectedResponse[Math.Max(8, _ring.Length * 2)];
        for (int i = 0; i < Count; i++)
        {
            larger[i] = _ring[(_head + i) & (_ring.Length - 1)];
        }
        _ring = larger;
        _head = 0;
    }
}
