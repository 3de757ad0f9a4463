// One statement on several shards at the same time, and one answer made of theirs.
using System.Buffers.Text;
using Drover.Pooling;
using Drover.Pooling.Servers;
using Drover.Pooling.Statements;
using Drover.Protocol.Framing;
using Drover.Protocol.Messages.Backend;
using Drover.Routing;
using Drover.Sessions.Sharded.Copying;
using Drover.Sessions.Sharded.Moving;
using Drover.Transport;

namespace Drover.Sessions.Sharded;

/// <summary>What came of it: the tag for the client, or the error.</summary>
/// <param name="Tag">Of CommandComplete.</param>
/// <param name="Failure">Null when every shard has done it.</param>
internal readonly record struct FanOutResult(byte[] Tag, RouteRefusal? Failure);

/// <summary>
/// All servers begin at once; their rows are passed on one server after the other, so nothing is held but what the
/// sockets hold. A client that does not read stops the reading.
/// </summary>
/// <param name="session">The client's.</param>
/// <param name="call">The statement.</param>
/// <param name="cancel">Has a server end what it runs.</param>
/// <param name="copy">Of COPY TO STDOUT; null for another statement.</param>
/// <param name="gather">Gets the rows, and the client nothing; null: the client gets all.</param>
internal sealed class FanOut(
    ClientSession session,
    StatementCall call,
    Func<ServerConnection, Task> cancel,
    CopyOutput? copy = null,
    RowGather? gather = null
) : IDisposable
{
    /// <summary>Bytes of another server's answer that are looked at before its turn.</summary>
    private const int LookAheadBytes = 64 * 1024;

    private const int MessageBytesMax = 1024 * 1024 * 1024;

    private readonly AnswerStream _answer = new(session);
    private readonly List<List<byte[]>> _returned = [];
    private List<byte[]>? _kept;
    private byte[]? _shape;
    private bool _isHeadWritten;
    private byte[]? _tag;
    private long _count;
    private RouteRefusal? _failure;
    private IReadOnlyList<ServerConnection> _servers = [];
    private bool _isCanceled;
    private int _reached;

    /// <summary>Runs it. The servers are the session's, quiet; afterwards they are quiet again, or lost.</summary>
    /// <param name="servers">The servers.</param>
    /// <param name="texts">The statement of each.</param>
    /// <param name="isSame">Every server does the same, as with a reference table: one answer stands for all.</param>
    /// <param name="compose">
    /// Makes the answer's rows of all that each server gives, as messages. Null: they are passed on, one server's
    /// behind the other's.
    /// </param>
    public async ValueTask<FanOutResult> RunAsync(
        IReadOnlyList<ServerConnection> servers,
        IReadOnlyList<ReadOnlyMemory<byte>> texts,
        bool isSame,
        Func<IReadOnlyList<List<byte[]>>, IEnumerable<byte[]>>? compose = null
    )
    {
        _servers = servers;
        for (int i = 0; i < servers.Count; i++)
        {
            Send(servers[i], texts[i].Span);
        }
        for (int i = 0; i < servers.Count && session.End is null; i++)
        {
            _kept = compose is null ? null : [];
            _reached = 0;
            await ReceiveAsync(servers[i], passesRows: !isSame || i == 0, counts: !isSame || i == 0);
            _returned.Add(_kept ?? []);
        }
        if (session.End is not null)
        {
            await CancelAsync();
        }
        if (compose is not null && _failure is null && session.End is null)
        {
            foreach (byte[] row in compose(_returned))
            {
                WriteHead();
                _answer.Writer.WriteBytes(row);
            }
        }
        if (_failure is null && session.End is null && gather is null)
        {
            WriteHead();
            copy?.WriteEnd(_answer.Writer);
        }
        await _answer.FlushAsync();
        return new FanOutResult(Tag(), _failure);
    }

    /// <summary>Returns the memory.</summary>
    public void Dispose() => _answer.Dispose();

    private void Send(ServerConnection server, ReadOnlySpan<byte> text)
    {
        using MessageWriter writer = new(MessageBytesMax);
        call.WriteTo(writer, text);
        server.UnnamedOwner = null;
        server.Responses.Push(ExpectedKind.Sync);
        server.Transport.Observer = session.Wakeup;
        if (!server.Outbox.Send(server.Transport, writer.Written))
        {
            Lose(server);
        }
    }

    private async ValueTask ReceiveAsync(ServerConnection server, bool passesRows, bool counts)
    {
        EventLoop loop = session.Loop;
        // Something of its answer may have been received while another was waited for.
        if (server.Inbox.Count > 0 && Consume(server, passesRows, counts))
        {
            return;
        }
        while (!server.IsDying && session.End is null)
        {
            if (!server.Outbox.Flush(server.Transport))
            {
                Lose(server);
                return;
            }
            int received = server.Inbox.Fill(server.Transport, loop.ServerScratch, MessageBytesMax);
            if (received is 0 or Connection.Broken)
            {
                Lose(server);
                return;
            }
            if (received == Connection.WouldBlock)
            {
                await _answer.FlushAsync();
                server.Inbox.Park();
                LookAhead(server);
                _answer.LookAtClient();
                if (session.End is not null || (_failure is not null && !_isCanceled))
                {
                    await CancelAsync();
                }
                session.Park();
                await session.Wakeup;
                continue;
            }
            session.Traffic.BytesReceived += received;
            if (Consume(server, passesRows, counts))
            {
                server.Inbox.Park();
                return;
            }
            if (_answer.IsFull)
            {
                server.Inbox.Park();
                await _answer.FlushAsync();
            }
        }
    }

    /// <summary>
    /// One that waits behind a lock may wait for ever, while another has failed long since: the others' errors are
    /// looked for without taking anything.
    /// </summary>
    private void LookAhead(ServerConnection server)
    {
        foreach (ServerConnection other in _servers)
        {
            if (other == server || other.Responses.Count == 0 || other.IsDying || _failure is not null)
            {
                continue;
            }
            other.Inbox.Fill(other.Transport, session.Loop.ServerScratch, LookAheadBytes);
            ReadOnlySpan<byte> data = other.Inbox.Data;
            int reached = 0;
            while (
                MessageHeader.TryRead(data, out MessageHeader header) == FrameStatus.Complete
                && header.Length <= data.Length
            )
            {
                if (header.Type == BackendType.ErrorResponse)
                {
                    Fail(ServerQuery.ReadFailure(data[MessageHeader.Size..header.Length], out _), reached);
                }
                reached += IsStage(header.Type) ? 1 : 0;
                data = data[header.Length..];
            }
            other.Inbox.Park();
        }
    }

    /// <summary>All that still run it end it; their answers are errors then.</summary>
    private async ValueTask CancelAsync()
    {
        if (_isCanceled)
        {
            return;
        }
        _isCanceled = true;
        session.Park();
        await Task.WhenAll(
            _servers.Where(static one => one is { Responses.Count: > 0, IsDying: false }).Select(cancel)
        );
    }

    private void Fail(PoolFailure failure, int reached)
    {
        if (_failure is null)
        {
            _failure = ShardRefusals.Of(failure, session);
            call.NoteFailed(reached, _shape);
        }
    }

    /// <summary>The answer to Parse, Bind or Describe.</summary>
    public static bool IsStage(byte type) =>
        type
            is BackendType.ParseComplete
                or BackendType.BindComplete
                or BackendType.RowDescription
                or BackendType.NoData;

    /// <summary>True when the server is done.</summary>
    private bool Consume(ServerConnection server, bool passesRows, bool counts)
    {
        for (; ; )
        {
            ReadOnlySpan<byte> data = server.Inbox.Data;
            FrameStatus status = MessageHeader.TryRead(data, out MessageHeader header);
            if (status == FrameStatus.Malformed)
            {
                Lose(server);
                return true;
            }
            if (status == FrameStatus.Incomplete || header.Length > data.Length)
            {
                return false;
            }
            ReadOnlySpan<byte> message = data[..header.Length];
            bool isDone = Handle(server, header.Type, message, passesRows, counts);
            server.Inbox.Consume(header.Length);
            if (isDone)
            {
                return true;
            }
        }
    }

    private bool Handle(ServerConnection server, byte type, ReadOnlySpan<byte> message, bool passesRows, bool counts)
    {
        ReadOnlySpan<byte> body = message[MessageHeader.Size..];
        _reached += IsStage(type) ? 1 : 0;
        switch (type)
        {
            case BackendType.RowDescription:
                Compare(message);
                break;
            case BackendType.DataRow when gather is not null:
                _failure ??= gather.Add(message) ? null : ShardRefusals.MovesTooMany;
                break;
            case BackendType.DataRow when passesRows && _kept is not null:
                _kept.Add(message.ToArray());
                break;
            case BackendType.DataRow when passesRows && _failure is null:
                WriteHead();
                _answer.Writer.WriteBytes(message);
                break;
            case BackendType.CopyOutResponse:
                _failure ??= copy!.Begin(message);
                break;
            case BackendType.CopyData when _failure is null:
                WriteHead();
                _failure ??= copy!.Write(_answer.Writer, body);
                break;
            case BackendType.CommandComplete when counts:
                Count(body[..^1]);
                break;
            case BackendType.ErrorResponse:
                PoolFailure failure = ServerQuery.ReadFailure(body, out bool isFatal);
                server.IsDying |= isFatal;
                Fail(failure, _reached);
                break;
            case BackendType.NoticeResponse when passesRows:
                _answer.Writer.WriteBytes(message);
                break;
            case BackendType.ReadyForQuery:
                server.Status = ReadyForQuery.TryRead(body, out TransactionStatus now) ? now : TransactionStatus.Failed;
                server.Responses.Pop();
                return true;
            default:
                break;
        }
        return false;
    }

    private void Compare(ReadOnlySpan<byte> shape)
    {
        if (_shape is null)
        {
            _shape = shape.ToArray();
        }
        else if (!ResultShape.IsSame(_shape, shape))
        {
            _failure ??= ShardRefusals.ShapesDiffer;
        }
    }

    private void WriteHead()
    {
        if (!_isHeadWritten)
        {
            _isHeadWritten = true;
            call.WriteHead(_answer.Writer, _shape);
            copy?.WriteHead(_answer.Writer);
        }
    }

    private void Count(ReadOnlySpan<byte> tag)
    {
        int digits = tag.Length - tag.LastIndexOf((byte)' ') - 1;
        bool hasCount = Utf8Parser.TryParse(tag[^digits..], out long count, out int read) && read == digits;
        _count += hasCount ? count : 0;
        _tag ??= (hasCount ? tag[..^digits] : tag).ToArray();
    }

    private byte[] Tag()
    {
        if (_tag is not [.., (byte)' '])
        {
            return _tag ?? [];
        }
        Span<byte> number = stackalloc byte[20];
        Utf8Formatter.TryFormat(_count, number, out int written);
        return [.. _tag, .. number[..written]];
    }

    private void Lose(ServerConnection server)
    {
        server.IsDying = true;
        _failure ??= ShardRefusals.ShardLost(server.Pool.Database.Name);
    }
}
