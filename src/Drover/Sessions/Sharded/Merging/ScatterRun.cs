// One read on several shards at the same time, and one answer made of their rows as they come.
using System.Globalization;
using System.Text;
using Drover.Pooling;
using Drover.Pooling.Servers;
using Drover.Pooling.Statements;
using Drover.Protocol.Framing;
using Drover.Protocol.Messages.Backend;
using Drover.Routing;
using Drover.Routing.Merging;
using Drover.Transport;

namespace Drover.Sessions.Sharded.Merging;

/// <summary>What came of it.</summary>
/// <param name="Tag">Of CommandComplete.</param>
/// <param name="Failure">Null when every shard has done it.</param>
/// <param name="IsStale">
/// The columns are not those that were planned for: the schema is another one by now. The client was told nothing.
/// </param>
internal readonly record struct ScatterResult(byte[] Tag, RouteRefusal? Failure, bool IsStale);

/// <summary>
/// All servers begin at once. Without an order a row is passed on as soon as it is there; with one, as soon as every
/// server has a row waiting or has no more. Of each server a buffer is held, and of a row that is larger than that the
/// row. A client that does not read stops the reading.
/// </summary>
/// <param name="session">The client's.</param>
/// <param name="scatter">What is read.</param>
/// <param name="cancel">Has a server end what it runs.</param>
internal sealed class ScatterRun(ClientSession session, ScatterCall scatter, Func<ServerConnection, Task> cancel)
    : IDisposable
{
    private const int MessageBytesMax = 1024 * 1024 * 1024;

    /// <summary>Turns of a fast client before other connections of the loop get theirs.</summary>
    private const int RoundsMax = 8;

    private readonly AnswerStream _answer = new(session);
    private ShardRows[] _all = [];
    private RowMerge? _merge;
    private RowCombiner? _combiner;
    private long _group = 1;
    private byte[]? _shape;
    private byte[]? _head;
    private bool _isHeadWritten;
    private bool _isCanceled;
    private RouteRefusal? _failure;
    private long _skip = scatter.Skip;
    private long _passed;
    private bool _isStale;

    /// <summary>Nothing more goes to the client: what still comes is passed over.</summary>
    private bool IsOver => _isStale || _failure is not null || _passed >= scatter.Take;

    /// <summary>
    /// Runs it. The servers are the session's, quiet; afterwards they are quiet again, or lost. The end of the answer
    /// may be in the session's outbox still, for the caller to send with its tag.
    /// </summary>
    public async ValueTask<ScatterResult> RunAsync(IReadOnlyList<ServerConnection> servers)
    {
        _all = [.. servers.Select(static server => new ShardRows(server))];
        SendAll();
        int rounds = 0;
        while (session.End is null && _all.Any(static rows => !rows.IsDone))
        {
            bool moved = TakeTurn();
            if (_failure is not null)
            {
                await CancelAsync();
            }
            if (moved && !_answer.IsFull && ++rounds < RoundsMax)
            {
                continue;
            }
            rounds = 0;
            await _answer.FlushAsync();
            _answer.LookAtClient();
            session.Park();
            if (moved)
            {
                await Task.Yield();
            }
            else if (session.End is null)
            {
                await session.Wakeup;
            }
        }
        if (session.End is not null)
        {
            await CancelAsync();
        }
        else if (_failure is null && !_isStale)
        {
            if (_combiner is { HasRow: false } && scatter.Plan.Combine is { DistinctKey: not null, IsOne: true })
            {
                _combiner.BeginEmpty();
            }
            PassGroup();
            WriteHead();
        }
        await (_isStale ? _answer.FlushAsync() : _answer.HoldAsync());
        string tag = string.Create(CultureInfo.InvariantCulture, $"SELECT {_passed}");
        return new ScatterResult(Encoding.ASCII.GetBytes(tag), _failure, _isStale);
    }

    /// <summary>Returns the memory.</summary>
    public void Dispose()
    {
        _answer.Dispose();
        _combiner?.Dispose();
        foreach (ShardRows rows in _all)
        {
            rows.Dispose();
        }
    }

    private void SendAll()
    {
        using MessageWriter writer = new(MessageBytesMax);
        scatter.Call.WriteTo(writer, scatter.Text.Span, scatter.Values.Span);
        foreach (ShardRows rows in _all)
        {
            ServerConnection server = rows.Server;
            server.UnnamedOwner = null;
            server.Responses.Push(ExpectedKind.Sync);
            server.Transport.Observer = session.Wakeup;
            if (!server.Outbox.Send(server.Transport, writer.Written))
            {
                Lose(rows);
            }
        }
    }

    /// <summary>Hears every server, and passes on what there is. True if anything moved.</summary>
    private bool TakeTurn()
    {
        bool moved = IsOver && DropWaiting();
        foreach (ShardRows rows in _all)
        {
            if (!rows.IsDone && rows.RowLength == 0 && !_answer.IsFull)
            {
                moved |= Hear(rows);
            }
        }
        return MergeWaiting() || moved;
    }

    /// <summary>Hears one until a row waits, or nothing more is there. True if anything came.</summary>
    private bool Hear(ShardRows rows)
    {
        ServerConnection server = rows.Server;
        if (!server.Outbox.Flush(server.Transport))
        {
            Lose(rows);
            return true;
        }
        bool moved = Consume(rows);
        if (rows.IsDone || rows.RowLength > 0 || _answer.IsFull)
        {
            return moved;
        }
        int received = rows.Receive(MessageBytesMax);
        if (received == Connection.WouldBlock)
        {
            return moved;
        }
        if (received <= 0)
        {
            Lose(rows);
            return true;
        }
        session.Traffic.BytesReceived += received;
        Consume(rows);
        return true;
    }

    /// <summary>Takes what is whole, up to a row that has to wait. True if anything was.</summary>
    private bool Consume(ShardRows rows)
    {
        Inbox inbox = rows.Server.Inbox;
        bool moved = false;
        while (!rows.IsDone && rows.RowLength == 0 && !_answer.IsFull)
        {
            ReadOnlySpan<byte> data = inbox.Data;
            FrameStatus status = MessageHeader.TryRead(data, out MessageHeader header);
            if (status == FrameStatus.Malformed)
            {
                Lose(rows);
                return true;
            }
            if (status == FrameStatus.Incomplete || header.Length > data.Length)
            {
                return moved;
            }
            moved = true;
            bool waits = header.Type == BackendType.DataRow && !IsOver && _merge is not null;
            if (waits)
            {
                rows.RowLength = header.Length;
                _failure ??= _merge!.TryAdd(rows) ? null : ShardRefusals.OrderUnknown;
                return true;
            }
            Handle(rows, header.Type, data[..header.Length]);
            inbox.Consume(header.Length);
        }
        return moved;
    }

    /// <summary>Passes on rows as long as it is known which is the next. True if any was.</summary>
    private bool MergeWaiting()
    {
        bool moved = false;
        int missing = _all.Count(static rows => !rows.IsDone && rows.RowLength == 0);
        while (missing == 0 && _merge is { Count: > 0 } && !_answer.IsFull && !IsOver)
        {
            moved = true;
            if (_merge.TakeLeast(out int same) is not { } least)
            {
                _failure = ShardRefusals.OrderDiffers;
                break;
            }
            // The value that is counted once comes last.
            bool isSameGroup = same >= _merge.Values - (scatter.Plan.Combine?.DistinctKey is null ? 0 : 1);
            Take(least, least.Row, isSameGroup, isSameGroup && same == _merge.Values);
            least.Next();
            Consume(least);
            missing += !least.IsDone && least.RowLength == 0 ? 1 : 0;
        }
        return moved;
    }

    private bool DropWaiting()
    {
        bool moved = false;
        _merge?.Clear();
        foreach (ShardRows rows in _all.Where(static rows => rows.RowLength > 0))
        {
            rows.Next();
            moved = true;
        }
        return moved;
    }

    private void Handle(ShardRows rows, byte type, ReadOnlySpan<byte> message)
    {
        ReadOnlySpan<byte> body = message[MessageHeader.Size..];
        rows.Reached += FanOut.IsStage(type) ? 1 : 0;
        switch (type)
        {
            case BackendType.RowDescription:
                Compare(message);
                break;
            case BackendType.DataRow when !IsOver:
                Take(rows, message, isSameGroup: true, isSameValue: true);
                break;
            case BackendType.ErrorResponse:
                PoolFailure failure = ServerQuery.ReadFailure(body, out bool isFatal);
                if (_failure is null)
                {
                    _failure = ShardRefusals.Of(failure, session);
                    scatter.Call.NoteFailed(rows.Reached, _head);
                }
                rows.Server.IsDying |= isFatal;
                rows.IsDone |= isFatal;
                break;
            case BackendType.NoticeResponse:
                _answer.Writer.WriteBytes(message);
                break;
            case BackendType.ReadyForQuery:
                rows.Server.Status = ReadyForQuery.TryRead(body, out TransactionStatus now)
                    ? now
                    : TransactionStatus.Failed;
                rows.Server.Responses.Pop();
                rows.IsDone = true;
                break;
            default:
                break;
        }
    }

    private void Compare(ReadOnlySpan<byte> shape)
    {
        if (_shape is not null)
        {
            _failure ??= ResultShape.IsSame(_shape, shape) ? null : ShardRefusals.ShapesDiffer;
            return;
        }
        _shape = shape.ToArray();
        _head = _shape;
        if (scatter.Plan.Combine is not null)
        {
            _combiner = RowCombiner.Make(scatter.Plan, shape);
            if (_combiner is null)
            {
                _isStale = true;
                return;
            }
            _head = RowCombiner.HeadOf(scatter.Plan, shape);
        }
        if (scatter.Plan.Sort.Length > 0)
        {
            RowOrder? order = RowOrder.Make(scatter.Plan, shape);
            _merge = order is null ? null : new RowMerge(order);
            _isStale = order is null;
        }
    }

    /// <summary>Passes a row on, or makes it a part of its group's.</summary>
    private void Take(ShardRows from, ReadOnlySpan<byte> row, bool isSameGroup, bool isSameValue)
    {
        if (_combiner is null)
        {
            Pass(row);
            return;
        }
        if (!isSameGroup)
        {
            PassGroup();
        }
        else if (!isSameValue)
        {
            _combiner.NextValue();
            _group++;
        }
        if (!IsOver)
        {
            // A shard has a group once, and of a group a value.
            bool isGood = from.Group != _group && _combiner.TryAdd(row);
            from.Group = _group;
            _failure ??= isGood ? null : ShardRefusals.ValuesUnknown;
        }
    }

    /// <summary>The group at hand has no more rows.</summary>
    private void PassGroup()
    {
        if (IsOver || _combiner is not { HasRow: true } group)
        {
            return;
        }
        if (group.IsTooLong)
        {
            _failure = ShardRefusals.NumberTooLong;
            return;
        }
        if (group.IsTooLarge)
        {
            _failure = ShardRefusals.GatheredTooLarge;
            return;
        }
        if (group.Overflow is { } overflow)
        {
            _failure = ShardRefusals.OutOfRange(overflow);
            return;
        }
        if (!group.TryTest(out bool isWanted))
        {
            _failure = ShardRefusals.ValuesUnknown;
            return;
        }
        _group++;
        if (isWanted && _skip > 0)
        {
            _skip--;
        }
        else if (isWanted)
        {
            WriteHead();
            group.Write(_answer.Writer);
            _passed++;
        }
        group.Clear();
    }

    private void Pass(ReadOnlySpan<byte> row)
    {
        if (_skip > 0)
        {
            _skip--;
            return;
        }
        WriteHead();
        _answer.Writer.WriteBytes(row);
        _passed++;
    }

    private void WriteHead()
    {
        if (!_isHeadWritten)
        {
            _isHeadWritten = true;
            scatter.Call.WriteHead(_answer.Writer, _head);
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
        await Task.WhenAll(_all.Where(static rows => !rows.IsDone).Select(rows => cancel(rows.Server)).ToArray());
    }

    private void Lose(ShardRows rows)
    {
        rows.Server.IsDying = true;
        rows.IsDone = true;
        _failure ??= ShardRefusals.ShardLost(rows.Server.Pool.Database.Name);
    }
}
