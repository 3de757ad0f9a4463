// The servers of a COPY FROM STDIN: told to begin and to end, heard meanwhile.
using System.Buffers.Text;
using System.Text;
using Drover.Pooling;
using Drover.Pooling.Servers;
using Drover.Protocol;
using Drover.Protocol.Framing;
using Drover.Protocol.Messages.Backend;
using Drover.Routing;
using Drover.Routing.Copying;
using Drover.Transport;

namespace Drover.Sessions.Sharded.Copying;

/// <summary>
/// All of them end alike: when one fails, or the client gives up, none of the others' rows count.
/// </summary>
/// <param name="session">The client's.</param>
/// <param name="plan">What the COPY says.</param>
/// <param name="servers">The session's, quiet, each in a transaction.</param>
/// <param name="shards">Their shards.</param>
/// <param name="cancel">Has a server end what it runs.</param>
internal sealed class ShardInputs(
    ClientSession session,
    CopyPlan plan,
    IReadOnlyList<ServerConnection> servers,
    IReadOnlyList<int> shards,
    Func<ServerConnection, Task> cancel
) : IDisposable
{
    private const int AnswerBytesMax = 4 * 1024 * 1024;

    /// <summary>A server ends a COPY by itself in this time, or is made to.</summary>
    private static readonly TimeSpan s_grace = TimeSpan.FromMilliseconds(200);

    private readonly ShardInput[] _all = [.. servers.Select((server, i) => new ShardInput(shards[i], server))];
    private long _cancelAtMs;
    private bool _isCanceled;
    private bool _yields;

    /// <summary>What goes to the client.</summary>
    public AnswerStream ToClient { get; } = new(session);

    /// <summary>The first of CopyInResponse, whole; null before it.</summary>
    public byte[]? Response { get; private set; }

    /// <summary>Why it fails; null while it does not.</summary>
    public RouteRefusal? Failure { get; set; }

    /// <summary>
    /// A row is refused before any server has it. One may yet find fault with a row in front of it, which PostgreSQL
    /// would have told of instead.
    /// </summary>
    public void RefuseRow(RouteRefusal failure)
    {
        _yields = Failure is null;
        Failure ??= failure;
    }

    /// <summary>Rows that were taken.</summary>
    public long Rows { get; private set; }

    /// <summary>The one of a shard; null if it takes no part.</summary>
    public ShardInput? Find(int shard)
    {
        foreach (ShardInput input in _all)
        {
            if (input.Shard == shard)
            {
                return input;
            }
        }
        return null;
    }

    /// <summary>Whether some server does not take what it has been sent.</summary>
    public bool IsAnyFull()
    {
        foreach (ShardInput input in _all)
        {
            if (input.IsFull && (!input.Server.Outbox.Flush(input.Server.Transport) || input.IsFull))
            {
                return true;
            }
        }
        return false;
    }

    /// <summary>Sends the statement to all.</summary>
    public void Begin(byte[] text)
    {
        foreach (ShardInput input in _all)
        {
            input.Server.Transport.Observer = session.Wakeup;
            Check(input, input.Begin(text));
        }
    }

    /// <summary>Adds rows to one.</summary>
    public void Add(ShardInput input, ReadOnlySpan<byte> rows) => Check(input, input.Add(rows));

    /// <summary>Adds rows to all.</summary>
    public void AddToAll(ReadOnlySpan<byte> rows)
    {
        foreach (ShardInput input in _all)
        {
            Check(input, input.Add(rows));
        }
    }

    /// <summary>Sends what has been added.</summary>
    public void FlushInputs()
    {
        foreach (ShardInput input in _all)
        {
            Check(input, input.Flush());
        }
    }

    /// <summary>Returns the memory.</summary>
    public void Dispose()
    {
        ToClient.Dispose();
        foreach (ShardInput input in _all)
        {
            session.Traffic.BytesSent += input.Sent;
            input.Dispose();
        }
    }

    /// <summary>Tells all that take rows that there are no more, or that those they have count for nothing.</summary>
    public void EndInputs()
    {
        foreach (ShardInput input in _all)
        {
            if (input.State != InputState.Taking || input.IsOver)
            {
                continue;
            }
            if (Failure is not null || session.End is not null)
            {
                if (_yields)
                {
                    Check(input, input.Flush());
                }
                // What was received meanwhile from another is the reason; this one is not at fault.
                input.Fail(Failure?.Message ?? "the client is gone");
                continue;
            }
            if (plan is { Key: not null, Form.Format: CopyFormat.Binary })
            {
                Check(input, input.Add(BinarySplitter.Trailer));
            }
            Check(input, input.End());
        }
    }

    /// <summary>Hears all until each has come so far.</summary>
    public async ValueTask AwaitAsync(InputState state)
    {
        while (session.End is null)
        {
            HearAll();
            await ToClient.FlushAsync();
            bool isOver = Failure is not null;
            if (isOver)
            {
                EndInputs();
            }
            if (_all.All(input => input.IsOver || (input.State >= state && !isOver)))
            {
                return;
            }
            Alarm? alarm = isOver ? await GiveUpAsync() : null;
            ToClient.LookAtClient();
            session.Park();
            if (session.End is null)
            {
                await session.Wakeup;
            }
            alarm?.Cancel();
        }
    }

    /// <summary>Something has failed: who does not end by himself is cancelled, after a moment.</summary>
    private async ValueTask<Alarm?> GiveUpAsync()
    {
        if (_cancelAtMs == 0)
        {
            _cancelAtMs = session.Loop.NowMs + (long)s_grace.TotalMilliseconds;
        }
        if (session.Loop.NowMs >= _cancelAtMs)
        {
            await CancelAsync();
        }
        return _isCanceled ? null : session.Loop.SignalAfter(session.Wakeup, s_grace);
    }

    /// <summary>All that still run something end it.</summary>
    public async ValueTask CancelAsync()
    {
        if (_isCanceled)
        {
            return;
        }
        _isCanceled = true;
        session.Park();
        await Task.WhenAll(_all.Where(static input => !input.IsOver).Select(input => cancel(input.Server)).ToArray());
    }

    /// <summary>Hears what the servers say.</summary>
    public void HearAll()
    {
        foreach (ShardInput input in _all)
        {
            if (!input.IsOver)
            {
                Hear(input);
                input.Server.Inbox.Park();
            }
        }
    }

    private void Hear(ShardInput input)
    {
        ServerConnection server = input.Server;
        while (!input.IsOver)
        {
            int received = server.Inbox.Fill(server.Transport, session.Loop.ServerScratch, AnswerBytesMax);
            if (received == Connection.WouldBlock && server.Inbox.Count < AnswerBytesMax)
            {
                // What it said comes first: if it is gone, that is why.
                Check(input, server.Outbox.Flush(server.Transport));
                return;
            }
            if (received <= 0)
            {
                Lose(input);
                return;
            }
            session.Traffic.BytesReceived += received;
            Consume(input);
        }
    }

    private void Consume(ShardInput input)
    {
        Inbox inbox = input.Server.Inbox;
        while (MessageHeader.TryRead(inbox.Data, out MessageHeader header) is var status && !input.IsOver)
        {
            if (status == FrameStatus.Malformed)
            {
                Lose(input);
                return;
            }
            if (status == FrameStatus.Incomplete || header.Length > inbox.Count)
            {
                return;
            }
            Handle(input, header.Type, inbox.Data[..header.Length]);
            inbox.Consume(header.Length);
        }
    }

    private void Handle(ShardInput input, byte type, ReadOnlySpan<byte> message)
    {
        ReadOnlySpan<byte> body = message[MessageHeader.Size..];
        switch (type)
        {
            case BackendType.CopyInResponse:
                input.State = InputState.Taking;
                Response ??= message.ToArray();
                break;
            case BackendType.CommandComplete:
                Count(body);
                break;
            case BackendType.ErrorResponse:
                // It takes no more, whatever was on its way.
                input.State = InputState.Ended;
                PoolFailure failure = ServerQuery.ReadFailure(body, out bool isFatal);
                // The answer to CopyFail and to a cancel is no fault that a row has.
                if (_yields && failure.SqlState != SqlState.QueryCanceled)
                {
                    Failure = null;
                    _yields = false;
                }
                Failure ??= ShardRefusals.Of(failure, session) with { Context = ContextOf(body, input) };
                input.Server.IsDying |= isFatal;
                break;
            case BackendType.NoticeResponse:
                ToClient.Writer.WriteBytes(message);
                break;
            case BackendType.ReadyForQuery:
                input.Server.Status = ReadyForQuery.TryRead(body, out TransactionStatus now)
                    ? now
                    : TransactionStatus.Failed;
                input.Server.Responses.Pop();
                input.State = InputState.Done;
                break;
            default:
                break;
        }
    }

    /// <summary>A server counts the lines that it got.</summary>
    private string? ContextOf(ReadOnlySpan<byte> body, ShardInput input)
    {
        ErrorResponse.TryRead(body, out DiagnosticFields fields);
        ReadOnlySpan<byte> context = fields.Context;
        int line = context.IndexOf(", line "u8);
        if (line < 0 || !context.StartsWith("COPY "u8) || plan.Key is null)
        {
            return context.IsEmpty ? null : Encoding.UTF8.GetString(context);
        }
        int behind = line + ", line ".Length;
        int rest = context[behind..].IndexOfAnyExceptInRange((byte)'0', (byte)'9');
        behind = rest < 0 ? context.Length : behind + rest;
        string shard = input.Server.Pool.Database.Name;
        return $"{Encoding.UTF8.GetString(context[..behind])} of those of shard {shard}"
            + Encoding.UTF8.GetString(context[behind..]);
    }

    private void Count(ReadOnlySpan<byte> body)
    {
        int digits = body.Length - body.LastIndexOf((byte)' ') - 2;
        if (!Utf8Parser.TryParse(body[^(digits + 1)..], out long count, out _))
        {
            return;
        }
        // All have the same rows where none has a key.
        Rows = plan.Key is null ? count : Rows + count;
    }

    private void Check(ShardInput input, bool isSent)
    {
        if (!isSent && !input.IsOver)
        {
            Lose(input);
        }
    }

    private void Lose(ShardInput input)
    {
        input.Server.IsDying = true;
        Failure ??= ShardRefusals.ShardLost(input.Server.Pool.Database.Name);
    }
}
