// The server's messages on their way to the client: cut, matched with what was asked, forwarded as they stand.
using System.Text;
using Drover.Pooling.Servers;
using Drover.Pooling.Statements;
using Drover.Protocol;
using Drover.Protocol.Framing;
using Drover.Protocol.Messages.Backend;
using Drover.Sessions.Sharded;
using Drover.Sql;
using Drover.Transport;

namespace Drover.Sessions.Relay;

/// <summary>
/// Relays answers. Rows and copy data are not even read, only their headers; what decides about the lease
/// (ReadyForQuery, errors, completions) is matched against the queue of what the server owes.
/// </summary>
internal sealed class BackendRelay(ClientSession session)
{
    private readonly ShapeWatch _shapes = new(session.Pool.Statements);
    private long _streaming;
    private bool _heldReady;
    private bool _isRetrying;
    private bool _toldFatal;

    /// <summary>A ReadyForQuery came since the last release: the lease may be over.</summary>
    public bool SawReady { get; set; }

    /// <summary>The server awaits copy data and the client has not ended it yet.</summary>
    public bool IsInCopy { get; private set; }

    /// <summary>
    /// Part of a message has been relayed and the rest is to come: nothing else may be said to the client.
    /// </summary>
    public bool IsInMessage => _streaming > 0;

    /// <summary>A batch failed unseen and is to be sent again.</summary>
    public bool NeedsReplay { get; set; }

    /// <summary>A ReadyForQuery is kept back until start-up parameters are in force again.</summary>
    public bool HasHeldReady => _heldReady;

    /// <summary>Relays what the server has sent, one buffer at the most. True if there was anything.</summary>
    public bool Pump()
    {
        ServerConnection server = session.Server!;
        int received = server.Inbox.Fill(
            server.Transport,
            session.Loop.ServerScratch,
            session.Pool.Configuration.ServerBufferMax
        );
        if (received is 0 or Connection.Broken)
        {
            OnServerLost();
            return true;
        }
        if (received == Connection.WouldBlock)
        {
            return false;
        }
        session.Traffic.BytesReceived += received;
        Relay(server);
        return true;
    }

    /// <summary>The server closed: whoever has it is told, unless the server said why itself.</summary>
    public void OnServerLost()
    {
        ServerConnection server = session.Server!;
        session.End ??= _toldFatal
            ? new SessionEnd("server closed the connection")
            : new SessionEnd("server closed the connection unexpectedly", SqlState.ConnectionFailure)
            {
                Hint = "The work in progress may or may not have been committed; look before you repeat it.",
            };
        server.IsDying = true;
    }

    /// <summary>
    /// Sending to the server failed: what it said before it went, its reason among it, is relayed all the same.
    /// </summary>
    public void OnSendFailed()
    {
        while (session.End is null && session.Outbox.Pending == 0 && !_heldReady && Pump())
        {
            // One buffer at a time, up to the end of the stream.
        }
        if (session.End is null)
        {
            OnServerLost();
        }
    }

    /// <summary>CopyDone or CopyFail is on its way.</summary>
    public void OnCopyEndSent(ServerConnection server)
    {
        if (IsInCopy)
        {
            IsInCopy = false;
        }
        else
        {
            server.Responses.Push(ExpectedKind.CopyEnd);
        }
    }

    /// <summary>Answers what the server was not asked, if its turn has come.</summary>
    public void AnswerSynthesized()
    {
        if (session.Server is not { } server || !IsSynthesizedNext(server))
        {
            return;
        }
        Assembly assembly = new(session.Loop.ClientAssembly, default);
        Synthesize(server, 0, ref assembly);
        Send(ref assembly, 0);
    }

    /// <summary>Sends the ReadyForQuery that was kept back.</summary>
    public void SendHeldReady()
    {
        _heldReady = false;
        SendReady(session.Server?.Status ?? TransactionStatus.Idle);
    }

    /// <summary>Sends a ReadyForQuery of the proxy's own.</summary>
    public void SendReady(TransactionStatus status)
    {
        MessageWriter writer = session.Loop.ClientAssembly;
        ReadyForQuery.Write(writer, status);
        Assembly assembly = new(writer, default);
        Send(ref assembly, 0);
    }

    private void Relay(ServerConnection server)
    {
        Span<byte> data = server.Inbox.Data;
        Assembly assembly = new(session.Loop.ClientAssembly, data);
        int position = (int)Math.Min(_streaming, data.Length);
        _streaming -= position;
        if (position > 0 && _streaming == 0)
        {
            Synthesize(server, position, ref assembly);
        }
        while (position < data.Length && !_heldReady)
        {
            ReadOnlySpan<byte> rest = data[position..];
            FrameStatus status = MessageHeader.TryRead(rest, out MessageHeader header);
            if (status == FrameStatus.Incomplete)
            {
                break;
            }
            if (status == FrameStatus.Malformed)
            {
                session.End ??= new SessionEnd("the server sent an invalid message", SqlState.ProtocolViolation);
                server.IsDying = true;
                break;
            }
            if (header.Length > rest.Length)
            {
                if (IsControl(header.Type) && header.Length <= SessionLimits.ControlMessageBytesMax)
                {
                    break;
                }
                Handle(server, header, default, position, ref assembly);
                _streaming = header.Length - rest.Length;
                position = data.Length;
                break;
            }
            if (header.Type != BackendType.DataRow && header.Type != BackendType.CopyData)
            {
                Handle(server, header, rest[MessageHeader.Size..header.Length], position, ref assembly);
            }
            position += header.Length;
        }
        Send(ref assembly, position);
        server.Inbox.Consume(position);
    }

    private void Send(ref Assembly assembly, int end)
    {
        if (!assembly.Send(end, session.Outbox, session.Client))
        {
            session.End ??= SessionEnd.ClientLost;
        }
        session.Traffic.BytesSent += assembly.Sent;
    }

    private void Handle(
        ServerConnection server,
        MessageHeader header,
        ReadOnlySpan<byte> body,
        int position,
        ref Assembly assembly
    )
    {
        int end = position + header.Length;
        switch (header.Type)
        {
            case BackendType.ReadyForQuery:
                OnReady(server, body, position, end, ref assembly);
                break;
            case BackendType.ParseComplete:
                Complete(server, ExpectedKind.Parse, position, end, ref assembly);
                break;
            case BackendType.BindComplete:
                Complete(server, ExpectedKind.Bind, position, end, ref assembly);
                break;
            case BackendType.CloseComplete:
                Complete(server, ExpectedKind.Close, position, end, ref assembly);
                break;
            case BackendType.RowDescription or BackendType.NoData:
                _shapes.OnDescription(server, header.Type, body);
                Complete(server, ExpectedKind.Describe, position, end, ref assembly);
                break;
            case BackendType.ParameterDescription:
                if (_shapes.OnParameters(server, body))
                {
                    assembly.Replace(position, end);
                }
                break;
            case BackendType.CommandComplete:
                OnCommandComplete(server, body, position, end, ref assembly);
                break;
            case BackendType.EmptyQueryResponse or BackendType.PortalSuspended:
                Complete(server, ExpectedKind.Execute, position, end, ref assembly);
                break;
            case BackendType.ErrorResponse:
                OnError(server, body, position, end, ref assembly);
                break;
            case BackendType.CopyInResponse or BackendType.CopyBothResponse:
                IsInCopy = !server.Responses.DropSyncsBeforeCopyEnd();
                break;
            case BackendType.ParameterStatus:
                OnParameter(server, body);
                break;
            default:
                break;
        }
    }

    private static void Complete(
        ServerConnection server,
        ExpectedKind kind,
        int position,
        int end,
        ref Assembly assembly
    )
    {
        if (!server.Responses.IsNext(kind))
        {
            return;
        }
        ExpectedAction action = server.Responses.NextAction;
        server.Responses.Pop();
        if (action == ExpectedAction.Swallow)
        {
            assembly.Replace(position, end);
        }
        Synthesize(server, end, ref assembly);
    }

    private void OnCommandComplete(
        ServerConnection server,
        ReadOnlySpan<byte> body,
        int position,
        int end,
        ref Assembly assembly
    )
    {
        if (server.Responses.Count == 0)
        {
            return;
        }
        ExpectedAction action = server.Responses.NextAction;
        bool isHeld = action == ExpectedAction.Part && session.Shards!.TryHold(body.TrimEnd((byte)0));
        if (isHeld || action == ExpectedAction.Swallow)
        {
            assembly.Replace(position, end);
            return;
        }
        if (server.Responses.NextAction == ExpectedAction.Retag)
        {
            ForgottenStatements.ForgetOne(session, server);
            CommandComplete.Write(assembly.Replace(position, end), "DEALLOCATE"u8);
        }
        else if (session.Traits.HasFlag(StatementTraits.ForgetsStatements))
        {
            ForgottenStatements.Note(session, server, body);
        }
        if (server.Responses.IsNext(ExpectedKind.Execute))
        {
            server.Responses.Pop();
            Synthesize(server, end, ref assembly);
        }
    }

    private void OnReady(ServerConnection server, ReadOnlySpan<byte> body, int position, int end, ref Assembly assembly)
    {
        ExpectedAction action = ExpectedAction.Forward;
        while (server.Responses.Count > 0)
        {
            action = server.Responses.NextAction;
            ExpectedKind kind = server.Responses.Pop();
            if (kind is ExpectedKind.Sync or ExpectedKind.Query or ExpectedKind.FunctionCall)
            {
                break;
            }
        }
        IsInCopy = false;
        server.Status = ReadyForQuery.TryRead(body, out TransactionStatus status) ? status : TransactionStatus.Failed;
        if (server.Status == TransactionStatus.Failed)
        {
            session.Shards?.NoteFailed();
        }
        if (_isRetrying)
        {
            _isRetrying = false;
            NeedsReplay = true;
            assembly.Replace(position, end);
            return;
        }
        if (action is ExpectedAction.Swallow or ExpectedAction.Part)
        {
            assembly.Replace(position, end);
            Synthesize(server, end, ref assembly);
            SawReady |= session.Shards is { IsEndLast: true } && server.Status == TransactionStatus.Idle;
            return;
        }
        Synthesize(server, end, ref assembly);
        RecordQuery(server);
        SawReady = true;
        if (server.Status == TransactionStatus.Idle)
        {
            NoteChanges(server);
        }
        if (server.Status != TransactionStatus.Idle && session.Mode == Configuration.PoolMode.Statement)
        {
            session.End ??= new SessionEnd(
                "transaction blocks not allowed in statement pooling mode",
                SqlState.FeatureNotSupported
            );
        }
        bool restores =
            session.Traits.HasFlag(StatementTraits.ResetsSettings)
            && !session.Startup.IsEmpty
            && server.Status != TransactionStatus.Failed
            && server.Responses.Count == 0;
        if (restores)
        {
            session.Traits &= ~StatementTraits.ResetsSettings;
            assembly.Replace(position, end);
            _heldReady = true;
        }
    }

    /// <summary>Before the client is told that it is done, and may tell others.</summary>
    private void NoteChanges(ServerConnection server)
    {
        if (session.Traits.HasFlag(StatementTraits.ChangesCatalog))
        {
            session.Pool.Database.Telling.Expire();
        }
        session.Shards?.NoteIdle(server.Responses.Count == 0);
    }

    private void RecordQuery(ServerConnection server)
    {
        long now = session.Loop.NowUs;
        session.Traffic.RecordQuery(now - session.QueryStartUs);
        session.QueryStartUs = server.Responses.Count == 0 ? 0 : now;
        session.QueryWaitMs = 0;
        if (server.Status == TransactionStatus.Idle)
        {
            session.Traffic.RecordTransaction(now - session.TransactionStartUs);
            session.TransactionStartUs = session.QueryStartUs;
        }
        session.StateSinceMs = session.Loop.NowMs;
        if (server.Responses.Count == 0)
        {
            session.Shards?.Watch.NoteAnswered();
        }
    }

    private void OnError(ServerConnection server, ReadOnlySpan<byte> body, int position, int end, ref Assembly assembly)
    {
        ErrorResponse.TryRead(body, out DiagnosticFields fields);
        session.Traffic.RecordError(fields.Code);
        if (fields.IsFatal)
        {
            server.IsDying = true;
            _toldFatal = true;
        }
        IsInCopy = false;
        if (!server.Responses.TryPeek(out ExpectedResponse expected))
        {
            return;
        }
        if (OwnError.Replaces(expected))
        {
            OwnError.Write(assembly.Replace(position, end), expected);
        }
        else if (session.Shards is { Branches.IsDeadlockVictim: true } && fields.Code.SequenceEqual("57014"u8))
        {
            OwnError.Write(assembly.Replace(position, end), ShardRefusals.Deadlock);
        }
        if (expected is { Action: not ExpectedAction.Retired, Subject: PreparedStatement missing } && IsMissing(fields))
        {
            // Something out of sight has forgotten it: the next to need it has it made again.
            server.Statements.Remove(missing);
        }
        if (fields.Routine.SequenceEqual("RevalidateCachedQuery"u8) && expected.Subject is PreparedStatement changed)
        {
            _shapes.Retire(server, changed);
            bool mayRunAgain = server.Retained.Exists && BatchSketch.TakesAnyShape(server.Retained.Bytes);
            if (expected.Kind == ExpectedKind.Bind && mayRunAgain)
            {
                _isRetrying = true;
                assembly.Replace(position, end);
            }
        }
        if (expected.Kind is not (ExpectedKind.Query or ExpectedKind.FunctionCall or ExpectedKind.Sync))
        {
            server.Responses.FailToSync(
                static (state, failed) => SkippedMessage.TakeBack((ClientSession)state, failed),
                session
            );
            Synthesize(server, end, ref assembly);
        }
    }

    private static bool IsMissing(DiagnosticFields fields) => fields.Code.SequenceEqual("26000"u8);

    private void OnParameter(ServerConnection server, ReadOnlySpan<byte> body)
    {
        if (!ParameterStatus.TryRead(body, out ParameterStatus parameter))
        {
            return;
        }
        server.Reported = session.Pool.Parameters.Intern(
            server.Reported.With(Encoding.UTF8.GetString(parameter.Name), Encoding.UTF8.GetString(parameter.Value))
        );
        session.Reported = server.Reported;
        // Something has changed a setting, whether or not its text looked like it: have a look when it is over.
        session.Traits |= session.Terms.FollowsSession ? StatementTraits.TouchesSession : StatementTraits.None;
    }

    private static bool IsSynthesizedNext(ServerConnection server) =>
        server.Responses.NextAction == ExpectedAction.Synthesize;

    private static void Synthesize(ServerConnection server, int position, ref Assembly assembly)
    {
        // Behind a message that is still coming there is no place yet: it is done when the rest has been relayed.
        while (position <= assembly.Length && IsSynthesizedNext(server))
        {
            MessageWriter writer = assembly.Replace(position, position);
            if (server.Responses.Pop() == ExpectedKind.Parse)
            {
                ParseComplete.Write(writer);
            }
            else
            {
                CloseComplete.Write(writer);
            }
        }
    }

    /// <summary>Messages that have to be seen whole before they are forwarded.</summary>
    private static bool IsControl(byte type) =>
        type
            is BackendType.ReadyForQuery
                or BackendType.ErrorResponse
                or BackendType.CommandComplete
                or BackendType.ParameterStatus
                or BackendType.ParseComplete
                or BackendType.BindComplete
                or BackendType.CloseComplete
                or BackendType.NoData
                or BackendType.ParameterDescription
                or BackendType.RowDescription
                or BackendType.EmptyQueryResponse
                or BackendType.PortalSuspended;
}
