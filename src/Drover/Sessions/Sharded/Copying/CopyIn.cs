// COPY FROM STDIN on several shards: the client's stream goes row by row to where each row belongs.
using System.Buffers.Text;
using System.Globalization;
using System.Text;
using Drover.Pooling.Servers;
using Drover.Protocol;
using Drover.Protocol.Framing;
using Drover.Protocol.Messages.Frontend;
using Drover.Routing;
using Drover.Routing.Copying;
using Drover.Transport;

namespace Drover.Sessions.Sharded.Copying;

/// <summary>
/// 1. Every server begins. 2. When all take rows the client is told to send. 3. Its data is split and passed on; a
/// server that is slow stops the reading. 4. All are told of the end, good or bad, and answer to it. Nothing is held
/// but a message for each shard, and of a row that is not whole its beginning.
/// </summary>
/// <remarks>https://www.postgresql.org/docs/18/protocol-flow.html#PROTOCOL-COPY</remarks>
internal sealed class CopyIn : IDisposable
{
    /// <summary>Buffers of a fast client before other connections of the loop get their turn.</summary>
    private const int RoundsMax = 8;

    private readonly ClientSession _session;
    private readonly ShardInputs _inputs;
    private readonly CopySplitter? _splitter;
    private ShardInput? _large;
    private int _largeSent;
    private bool _isDone;
    private bool _isHeldUp;

    /// <summary>Makes one.</summary>
    /// <param name="session">The client's.</param>
    /// <param name="plan">What the COPY says.</param>
    /// <param name="servers">The session's, quiet, each in a transaction.</param>
    /// <param name="shards">Their shards.</param>
    /// <param name="cancel">Has a server end what it runs.</param>
    public CopyIn(
        ClientSession session,
        CopyPlan plan,
        IReadOnlyList<ServerConnection> servers,
        IReadOnlyList<int> shards,
        Func<ServerConnection, Task> cancel
    )
    {
        _session = session;
        _inputs = new ShardInputs(session, plan, servers, shards, cancel);
        if (plan.Key is not null)
        {
            _splitter = CopySplitter.For(plan, endsAtMark: servers.Any(static server => MajorOf(server) < 18));
        }
    }

    /// <summary>The client was told to send its data.</summary>
    public bool HasBegun { get; private set; }

    /// <summary>Bytes of a message of the client's that are still to come.</summary>
    public long Left { get; private set; }

    /// <summary>Runs it. Afterwards the servers are quiet, or lost.</summary>
    /// <param name="text">The statement as every server is to have it.</param>
    /// <param name="writeHead">Writes what the client expects in front of CopyInResponse.</param>
    public async ValueTask<FanOutResult> RunAsync(byte[] text, Action<MessageWriter> writeHead)
    {
        _inputs.Begin(text);
        await _inputs.AwaitAsync(InputState.Taking);
        if (_inputs.Failure is null && _session.End is null)
        {
            HasBegun = true;
            writeHead(_inputs.ToClient.Writer);
            _inputs.ToClient.Writer.WriteBytes(_inputs.Response);
            await TakeAsync();
        }
        _inputs.EndInputs();
        await _inputs.AwaitAsync(InputState.Done);
        if (_session.End is not null)
        {
            await _inputs.CancelAsync();
        }
        await _inputs.ToClient.FlushAsync();
        byte[] tag = Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"COPY {_inputs.Rows}"));
        return new FanOutResult(tag, _inputs.Failure);
    }

    /// <summary>Returns the memory.</summary>
    public void Dispose() => _inputs.Dispose();

    private static int MajorOf(ServerConnection server) =>
        server.Reported.TryFind("server_version", out string? version)
        && Utf8Parser.TryParse(Encoding.UTF8.GetBytes(version), out int major, out _)
            ? major
            : 0;

    /// <summary>The client sends, the servers take.</summary>
    private async ValueTask TakeAsync()
    {
        await _inputs.ToClient.FlushAsync();
        int rounds = 0;
        while (_session.End is null && _inputs.Failure is null && !(_isDone && _large is null))
        {
            bool moved = TakeTurn();
            _inputs.HearAll();
            // A server that took what was kept for it just now says so to nobody.
            moved |= _isHeldUp && !_inputs.IsAnyFull();
            if (moved && ++rounds < RoundsMax)
            {
                continue;
            }
            rounds = 0;
            if (!moved)
            {
                // Rows may be looked at before there are enough for a message.
                _inputs.FlushInputs();
            }
            await _inputs.ToClient.FlushAsync();
            _session.Park();
            if (moved)
            {
                await Task.Yield();
            }
            else if (_inputs.Failure is null && _session.End is null)
            {
                await _session.Wakeup;
            }
        }
    }

    /// <summary>Takes a buffer from the client. True if anything moved.</summary>
    private bool TakeTurn()
    {
        _isHeldUp = _inputs.IsAnyFull() || (_large is not null && !SendLarge());
        if (_isHeldUp)
        {
            return false;
        }
        if (_isDone)
        {
            return true;
        }
        Inbox inbox = _session.Inbox;
        int received = inbox.Fill(_session.Client, _session.Loop.ClientScratch, _session.InboxBytesMax);
        if (received is 0 or Connection.Broken)
        {
            _session.End ??= SessionEnd.ClientLost;
            return false;
        }
        _session.Traffic.BytesReceived += Math.Max(received, 0);
        bool moved = received > 0;
        while (_inputs.Failure is null && _session.End is null && !_isDone && !_isHeldUp && TakeMessage(inbox))
        {
            moved = true;
            _isHeldUp = _inputs.IsAnyFull();
        }
        return moved;
    }

    /// <summary>Takes a message, or a piece of one. False if there is too little of it.</summary>
    private bool TakeMessage(Inbox inbox)
    {
        ReadOnlySpan<byte> data = inbox.Data;
        if (Left > 0)
        {
            ReadOnlySpan<byte> piece = data[..(int)Math.Min(Left, data.Length)];
            int before = piece.Length;
            Pass(ref piece);
            int taken = before - piece.Length;
            inbox.Consume(taken);
            Left -= taken;
            return taken > 0;
        }
        FrameStatus status = MessageHeader.TryRead(data, out MessageHeader header);
        if (status != FrameStatus.Complete)
        {
            _session.End ??=
                status == FrameStatus.Malformed ? SessionEnd.Violation("invalid message length") : _session.End;
            return false;
        }
        if (header.Type == FrontendType.CopyData)
        {
            inbox.Consume(MessageHeader.Size);
            Left = header.Length - MessageHeader.Size;
            return true;
        }
        if (header.Length > data.Length && header.Length <= SessionLimits.ControlMessageBytesMax)
        {
            return false;
        }
        Handle(header, data);
        inbox.Consume(Math.Min(header.Length, data.Length));
        return true;
    }

    private void Handle(MessageHeader header, ReadOnlySpan<byte> data)
    {
        switch (header.Type)
        {
            case FrontendType.Flush or FrontendType.Sync:
                // Of no meaning while rows come; the Sync behind their end is not reached here.
                break;
            case FrontendType.CopyDone:
                _isDone = true;
                Finish();
                break;
            case FrontendType.CopyFail
                when header.Length <= data.Length
                    && CopyFail.TryRead(data[MessageHeader.Size..header.Length], out CopyFail fail):
                string reason = Encoding.UTF8.GetString(fail.Message);
                _inputs.Failure ??= new RouteRefusal(SqlState.QueryCanceled, $"COPY from stdin failed: {reason}");
                break;
            case FrontendType.Terminate:
                _session.End ??= SessionEnd.ClientLeft;
                break;
            default:
                _session.End ??= SessionEnd.Violation($"unexpected message type {header.Type} during COPY from stdin");
                break;
        }
    }

    /// <summary>Splits what it can of a piece.</summary>
    private void Pass(ref ReadOnlySpan<byte> piece)
    {
        if (_splitter is null)
        {
            _inputs.AddToAll(piece);
            piece = default;
            return;
        }
        while (_large is null && _splitter.TryNext(ref piece, out CopyRow row))
        {
            if (!Send(row))
            {
                return;
            }
        }
        if (_splitter.Failure is { } failure)
        {
            _inputs.RefuseRow(failure);
        }
    }

    /// <summary>The last row may have no end of its own.</summary>
    private void Finish()
    {
        if (_splitter is null)
        {
            return;
        }
        if (_splitter.TryFinish(out CopyRow row))
        {
            Send(row);
        }
        if (_splitter.Failure is { } failure)
        {
            _inputs.RefuseRow(failure);
        }
    }

    /// <summary>False if the next row has to wait.</summary>
    private bool Send(in CopyRow row)
    {
        if (row.IsForAll)
        {
            _inputs.AddToAll(row.Bytes);
            return true;
        }
        if (_inputs.Find(row.Shard) is not { } input)
        {
            _inputs.Failure ??= Refusals.Hint("a row belongs on another shard");
            return false;
        }
        if (row.Bytes.Length < CopySplitter.LargeBytes)
        {
            _inputs.Add(input, row.Bytes);
            return !input.IsFull;
        }
        _large = input;
        _largeSent = 0;
        return SendLarge();
    }

    /// <summary>Sends more of a row that fills several messages. True when it is sent.</summary>
    private bool SendLarge()
    {
        ShardInput input = _large!;
        ReadOnlySpan<byte> row = _splitter!.Kept;
        while (_largeSent < row.Length)
        {
            if (input.IsFull)
            {
                return false;
            }
            int size = Math.Min(CopySplitter.LargeBytes, row.Length - _largeSent);
            _inputs.Add(input, row.Slice(_largeSent, size));
            _largeSent += size;
        }
        _large = null;
        return true;
    }
}
