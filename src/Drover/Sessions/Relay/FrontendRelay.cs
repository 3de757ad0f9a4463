// The client's messages on their way to the server: cut, looked at, forwarded, with as little copying as can be.
using Drover.Pooling.Servers;
using Drover.Pooling.Statements;
using Drover.Protocol.Framing;
using Drover.Protocol.Messages.Backend;
using Drover.Routing;
using Drover.Sessions.Sharded;
using Drover.Sql;
using Drover.Transport;

namespace Drover.Sessions.Relay;

internal enum FrontendProgress
{
    /// <summary>Nothing more can be done before something is received.</summary>
    Nothing,

    Moved,

    /// <summary>A batch is ready and no server is held.</summary>
    NeedServer,
}

/// <summary>
/// Forwards runs of messages as they stand in the receive buffer. Where a message has to change (a shared statement's
/// name), the run is assembled in the loop's buffer instead, so a turn still makes one send.
/// </summary>
internal sealed class FrontendRelay(ClientSession session, BackendRelay backend)
{
    private readonly StatementRelay _statements = new(session);
    private RefusedBatch? _refusal;
    private long _streaming;
    private long _ignored;
    private bool _isLeaving;

    /// <summary>Part of a message has been forwarded and the rest is to come.</summary>
    public bool IsInMessage => _streaming > 0;

    /// <summary>Passes over the rest of a message.</summary>
    public void Ignore(long bytes) => _ignored = bytes;

    /// <summary>The batch at hand has failed: what comes of it is passed over up to its Sync.</summary>
    public void SkipToSync() => (_refusal ??= new RefusedBatch()).Begin(default);

    public FrontendProgress Pump()
    {
        if (_isLeaving)
        {
            // What it sent before it left is answered, as PostgreSQL does; it may have closed its half already.
            session.End ??= session.Server is { Responses.Count: > 0 } ? null : SessionEnd.ClientLeft;
            return FrontendProgress.Nothing;
        }
        Inbox inbox = session.Inbox;
        int limit = session.InboxBytesMax;
        int received = inbox.Fill(session.Client, session.Loop.ClientScratch, limit);
        if (received > 0)
        {
            session.Traffic.BytesReceived += received;
        }
        else if (received != Connection.WouldBlock)
        {
            session.End ??= SessionEnd.ClientLost;
            return FrontendProgress.Nothing;
        }
        if (inbox.Count == 0)
        {
            return FrontendProgress.Nothing;
        }
        if (_ignored > 0)
        {
            int passed = (int)Math.Min(_ignored, inbox.Count);
            inbox.Consume(passed);
            _ignored -= passed;
            return FrontendProgress.Moved;
        }
        if (_refusal is { IsActive: true })
        {
            return SkipRefused();
        }
        FrontendProgress progress =
            session.Server is null ? FindBatch(limit)
            : Forward(session.Server) ? FrontendProgress.Moved
            : FrontendProgress.Nothing;
        // The buffer may have been full before the socket was empty, and nobody will say again that it is readable.
        bool hasMore = received > 0 && session.Client.IsReadable;
        return progress == FrontendProgress.Nothing && hasMore ? FrontendProgress.Moved : progress;
    }

    /// <summary>Answers the batch at hand, which waits for a server, as cancelled; the client goes on.</summary>
    public void RefuseBatch()
    {
        const string Message = "canceling statement due to user request";
        RefuseBatch(new RouteRefusal(Protocol.SqlState.QueryCanceled, Message, null, null));
    }

    /// <summary>Answers the batch at hand, for which there is no server, with an error; the client goes on.</summary>
    public void RefuseBatch(RouteRefusal why)
    {
        MessageWriter writer = session.Loop.ClientAssembly;
        ErrorResponse.Write(writer, "ERROR", why.SqlState, why.Message, why.Detail, why.Hint);
        session.Traffic.RecordError(System.Text.Encoding.ASCII.GetBytes(why.SqlState));
        session.Outbox.Send(session.Client, writer.Written);
        writer.Clear();
        bool isToSync = session.Shards is { RefusesToSync: true };
        (_refusal ??= new RefusedBatch()).Begin(isToSync ? default : session.Inbox.Data);
        session.State = session.Server is null ? ClientState.Idle : session.State;
        session.StateSinceMs = session.Loop.NowMs;
    }

    private FrontendProgress SkipRefused()
    {
        int skipped = _refusal!.Skip(session.Inbox.Data);
        session.Inbox.Consume(skipped);
        if (!_refusal.IsActive)
        {
            backend.SendReady(session.Server?.Status ?? session.RestStatus);
        }
        else if (MessageHeader.TryRead(session.Inbox.Data, out _) == FrameStatus.Malformed)
        {
            session.End = SessionEnd.Violation("invalid message length");
        }
        return skipped > 0 ? FrontendProgress.Moved : FrontendProgress.Nothing;
    }

    /// <summary>
    /// Without a server: looks whether the messages at hand are worth one. A simple query is, a function call, or an
    /// extended batch up to its Sync or Flush; and what is too large to wait for. A lone Sync is answered here.
    /// </summary>
    private FrontendProgress FindBatch(int limit)
    {
        ReadOnlySpan<byte> data = session.Inbox.Data;
        int position = 0;
        bool moved = false;
        while (position < data.Length)
        {
            FrameStatus status = MessageHeader.TryRead(data[position..], out MessageHeader header);
            if (status == FrameStatus.Malformed)
            {
                session.End = SessionEnd.Violation("invalid message length");
                return FrontendProgress.Nothing;
            }
            bool isWhole = status == FrameStatus.Complete && header.Length <= data.Length - position;
            if (!isWhole)
            {
                bool streams = session.Shards is null && IsWorthStreaming(status, header, position, data.Length);
                return MayIgnore(status, header, position) ? FrontendProgress.Moved
                    : data.Length >= limit || streams ? FrontendProgress.NeedServer
                    : moved ? FrontendProgress.Moved
                    : FrontendProgress.Nothing;
            }
            switch (header.Type)
            {
                case var type when position == 0 && (IsCopy(type) || type == FrontendType.Flush):
                    // Sent before the client saw its COPY fail: PostgreSQL ignores them too; and nothing is to flush.
                    break;
                case FrontendType.Query or FrontendType.FunctionCall or FrontendType.Flush:
                    return FrontendProgress.NeedServer;
                case FrontendType.Sync when position > 0:
                    return FrontendProgress.NeedServer;
                case FrontendType.Sync:
                    backend.SendReady(session.RestStatus);
                    break;
                case FrontendType.Parse or FrontendType.Bind or FrontendType.Describe or FrontendType.Execute:
                case FrontendType.Close:
                    position += header.Length;
                    continue;
                case FrontendType.Terminate:
                    if (position > 0)
                    {
                        return FrontendProgress.NeedServer;
                    }
                    session.End = SessionEnd.ClientLeft;
                    return FrontendProgress.Nothing;
                default:
                    if (IsKnown(header.Type))
                    {
                        return FrontendProgress.NeedServer;
                    }
                    session.End = SessionEnd.Violation($"invalid frontend message type {header.Type}");
                    return FrontendProgress.Nothing;
            }
            session.Inbox.Consume(header.Length);
            data = session.Inbox.Data;
            position = 0;
            moved = true;
        }
        return moved ? FrontendProgress.Moved : FrontendProgress.Nothing;
    }

    /// <summary>
    /// Whether a message that is not whole is too large to wait for, and enough of it is there to begin.
    /// </summary>
    private static bool IsWorthStreaming(FrameStatus status, MessageHeader header, int position, int received) =>
        IsLarge(status, header)
        && (position > 0 || received > SessionLimits.WholeMessageBytes / 2)
        && IsKnown(header.Type);

    /// <summary>Data of a COPY that has failed need not be whole to be ignored.</summary>
    private bool MayIgnore(FrameStatus status, MessageHeader header, int position)
    {
        _ignored = position == 0 && IsLarge(status, header) && IsCopy(header.Type) ? header.Length : 0;
        return _ignored > 0;
    }

    private static bool IsLarge(FrameStatus status, MessageHeader header) =>
        status == FrameStatus.Complete && header.Length > SessionLimits.WholeMessageBytes;

    /// <summary>Sends a batch again that failed unseen; it was kept for that.</summary>
    public void Replay(ServerConnection server)
    {
        byte[] batch = server.Retained.Bytes.ToArray();
        server.Retained.Drop();
        if (!Forward(server, batch, mayRetain: false, out int sent) || sent != batch.Length)
        {
            session.End ??= new SessionEnd("a batch could not be repeated", Protocol.SqlState.InternalError);
        }
    }

    /// <summary>Forwards what is at hand. True if that was anything.</summary>
    public bool Forward(ServerConnection server)
    {
        bool mayRetain =
            server.Responses.Count == 0
            && !server.Responses.IsUnsynced
            && server.Status == TransactionStatus.Idle
            && session.Terms.SharesStatements;
        bool moved = Forward(server, session.Inbox.Data, mayRetain, out int position);
        session.Inbox.Consume(position);
        backend.AnswerSynthesized();
        return moved;
    }

    private bool Forward(ServerConnection server, Span<byte> data, bool mayRetain, out int position)
    {
        Assembly assembly = new(session.Loop.ServerAssembly, data);
        BatchSketch sketch = default;
        position = (int)Math.Min(_streaming, data.Length);
        mayRetain &= position == 0;
        int admitted = position;
        _streaming -= position;
        Begin(server);
        while (position < data.Length && !server.Responses.IsFull && !MustWait(server))
        {
            ReadOnlySpan<byte> rest = data[position..];
            FrameStatus status = MessageHeader.TryRead(rest, out MessageHeader header);
            if (status != FrameStatus.Complete)
            {
                session.End =
                    status == FrameStatus.Malformed ? SessionEnd.Violation("invalid message length") : session.End;
                break;
            }
            if (header.Type == FrontendType.Terminate)
            {
                _isLeaving = server.Responses.Count > 0 && !server.Responses.IsUnsynced && !backend.IsInCopy;
                session.End = _isLeaving ? session.End : SessionEnd.ClientLeft;
                break;
            }
            if (header.Length > rest.Length)
            {
                if (TryStream(server, header, rest, position, ref assembly))
                {
                    position = data.Length;
                    mayRetain = false;
                }
                break;
            }
            Admission admission = Pass(server, data, header.Type, ref position, ref admitted, ref assembly);
            if (admission == Admission.Refuse)
            {
                continue;
            }
            if (admission != Admission.Go)
            {
                break;
            }
            if (!Handle(server, header, rest, position, ref assembly))
            {
                break;
            }
            StatementSampling.Look(session, header, rest);
            sketch.Note(header.Type, rest[MessageHeader.Size..header.Length]);
            position += header.Length;
        }
        server.Retained.Drop();
        if (mayRetain && position <= RetainedBatch.BytesMax && position == data.Length && sketch.MayRunAgain)
        {
            server.Retained.Keep(data);
        }
        return Send(server, position, ref assembly);
    }

    private bool Send(ServerConnection server, int position, ref Assembly assembly)
    {
        bool moved = position > 0 || assembly.HasContent;
        if (moved && !assembly.Send(position, server.Outbox, server.Transport))
        {
            backend.OnSendFailed();
        }
        else if (moved)
        {
            session.Traffic.BytesSent += assembly.Sent;
        }
        return moved;
    }

    private static bool IsCopy(byte type) =>
        type is FrontendType.CopyData or FrontendType.CopyDone or FrontendType.CopyFail;

    /// <summary>Whether what comes next depends on answers that are still to come. Copy data never does.</summary>
    private bool MustWait(ServerConnection server) => _statements.IsWaiting(server) && !backend.IsInCopy;

    /// <summary>
    /// Whether the message at the position may go to this server. Of a sharded database that is settled for a unit at a
    /// time; one that is refused is passed over, and what makes the server refuse takes its place.
    /// </summary>
    private Admission Pass(
        ServerConnection server,
        ReadOnlySpan<byte> data,
        byte type,
        ref int position,
        ref int admitted,
        ref Assembly assembly
    )
    {
        if (session.Shards is not { } shards || position < admitted || IsCopy(type))
        {
            return Admission.Go;
        }
        Admission admission = shards.Admit(server, data[position..], out int length);
        if (admission is Admission.Settle or Admission.SettleBegun)
        {
            OwnSync.Write(server, admission == Admission.SettleBegun, position, ref assembly);
            return Admission.Wait;
        }
        if (admission == Admission.Refuse && length == 0)
        {
            RouteRefusal why = shards.Refusal!;
            session.End = new SessionEnd(why.Message, why.SqlState) { Detail = why.Detail, Hint = why.Hint };
            return Admission.Wait;
        }
        admitted = position + length;
        if (admission == Admission.Refuse)
        {
            RefusedUnit.Send(server, data.Slice(position, length), shards.Refusal!, position, ref assembly);
            position = admitted;
        }
        return admission;
    }

    private void Begin(ServerConnection server)
    {
        if (session.QueryStartUs != 0)
        {
            return;
        }
        session.QueryStartUs = session.Loop.NowUs;
        session.QueryStartMs = session.Loop.NowMs;
        if (session.TransactionStartUs == 0)
        {
            session.TransactionStartUs = session.QueryStartUs;
            session.TransactionStartMs = session.Loop.NowMs;
        }
        server.Batch++;
    }

    /// <summary>
    /// Looks at one whole message. False when it must not be forwarded, now or ever: the session ends then.
    /// </summary>
    private bool Handle(
        ServerConnection server,
        MessageHeader header,
        ReadOnlySpan<byte> message,
        int position,
        ref Assembly assembly
    )
    {
        ReadOnlySpan<byte> body = message[MessageHeader.Size..header.Length];
        int end = position + header.Length;
        if (server.Responses.IsSkippingToSync && header.Type != FrontendType.Sync && IsKnown(header.Type))
        {
            // The server ignores it as well: nothing is owed and nothing may be noted.
            return true;
        }
        switch (header.Type)
        {
            case FrontendType.Query:
                return _statements.Query(server, body, position, end, ref assembly);
            case FrontendType.Parse:
                return _statements.Parse(server, body, position, end, ref assembly);
            case FrontendType.Bind:
                return _statements.Bind(server, body, message[header.Length..], position, end, ref assembly);
            case FrontendType.Describe:
                return _statements.Describe(server, body, position, end, ref assembly);
            case FrontendType.Close:
                return _statements.Close(server, body, position, end, ref assembly);
            case FrontendType.Execute:
                _statements.Execute(server, end, ref assembly);
                return true;
            case FrontendType.Sync:
                if (!backend.IsInCopy)
                {
                    server.Responses.Push(ExpectedKind.Sync, session.ReadyAction);
                }
                return true;
            case FrontendType.FunctionCall:
                server.Responses.Push(ExpectedKind.FunctionCall);
                session.Traits |= StatementTraits.TouchesSession;
                return true;
            case FrontendType.CopyDone or FrontendType.CopyFail:
                backend.OnCopyEndSent(server);
                return true;
            case FrontendType.Flush or FrontendType.CopyData:
                return true;
            default:
                session.End = SessionEnd.Violation($"invalid frontend message type {header.Type}");
                return false;
        }
    }

    /// <summary>
    /// Begins to forward a message that is larger than what is at hand. False when more of it must come first, or when
    /// the session ends.
    /// </summary>
    private bool TryStream(
        ServerConnection server,
        MessageHeader header,
        ReadOnlySpan<byte> rest,
        int position,
        ref Assembly assembly
    )
    {
        bool isData = header.Type == FrontendType.CopyData;
        if (session.Shards is not null && !isData)
        {
            return false;
        }
        int limit = session.InboxBytesMax;
        bool mustBeWhole =
            header.Type is FrontendType.Parse && header.Length <= limit - SessionLimits.WholeMessageBytes;
        if (!isData && (mustBeWhole || header.Length <= SessionLimits.WholeMessageBytes || rest.Length < 4096))
        {
            return false;
        }
        if (!IsKnown(header.Type))
        {
            session.End = SessionEnd.Violation($"invalid frontend message type {header.Type}");
            return false;
        }
        ReadOnlySpan<byte> start = rest[MessageHeader.Size..];
        bool begun =
            server.Responses.IsSkippingToSync
            || header.Type switch
            {
                FrontendType.Query => _statements.StreamQuery(server),
                FrontendType.Parse => _statements.StreamParse(server, start),
                FrontendType.Bind => _statements.StreamBind(server, header, start, position, ref assembly),
                FrontendType.FunctionCall => StreamFunctionCall(server),
                FrontendType.CopyData => true,
                _ => Refuse(),
            };
        if (begun)
        {
            _streaming = header.Length - rest.Length;
        }
        return begun;
    }

    private bool StreamFunctionCall(ServerConnection server)
    {
        server.Responses.Push(ExpectedKind.FunctionCall);
        session.Traits |= StatementTraits.TouchesSession;
        return true;
    }

    private bool Refuse()
    {
        session.End = SessionEnd.Violation("message too long for its type");
        return false;
    }

    private static bool IsKnown(byte type) =>
        type
            is FrontendType.Query
                or FrontendType.Parse
                or FrontendType.Bind
                or FrontendType.Describe
                or FrontendType.Execute
                or FrontendType.Close
                or FrontendType.Sync
                or FrontendType.Flush
                or FrontendType.FunctionCall
                or FrontendType.CopyData
                or FrontendType.CopyDone
                or FrontendType.CopyFail;
}
