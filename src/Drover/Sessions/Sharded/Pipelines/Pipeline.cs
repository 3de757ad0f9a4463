// A batch of extended messages whose statements go to several servers: taken apart, one transaction all the same.
using Drover.Pooling.Servers;
using Drover.Protocol.Framing;
using Drover.Protocol.Messages.Backend;
using Drover.Protocol.Messages.Frontend;
using Drover.Routing;
using Drover.Routing.Transactions;
using Drover.Sessions.Sharded.Admitting;
using Drover.Sessions.Sharded.Units;
using Drover.Sql;
using Drover.Telemetry;

namespace Drover.Sessions.Sharded.Pipelines;

/// <summary>
/// What comes up to a Sync is one transaction. Where all of it goes to one server, that server sees to it. Where it
/// does not, each statement is a unit of its own here, called a part, and a server that is to be left is sent a Sync of
/// the proxy's, so that it answers. For that not to end anything, its transaction is begun: by the client, or by the
/// proxy (<see cref="IsOwn"/>), which then commits on all servers or on none when the client's Sync comes. The client
/// sees each answer as it comes, in order, and no ReadyForQuery but its own. Of a batch no more is held than a part.
/// </summary>
/// <remarks>https://www.postgresql.org/docs/18/protocol-flow.html#PROTOCOL-FLOW-PIPELINING</remarks>
internal sealed class Pipeline(
    ClientSession session,
    ShardPools pools,
    Branches branches,
    UnitReader reader,
    UnitJudge judge,
    NextMove move
)
{
    private bool _isPlain = true;
    private readonly LeadingEnd _leading = new(session, branches, reader, move);

    /// <summary>A batch is being taken apart; its Sync is still to come.</summary>
    public bool IsActive { get; private set; }

    /// <summary>
    /// It was a simple query of several statements: each is a query of its own now, and a Sync stands behind them.
    /// </summary>
    public bool IsScript { get; private set; }

    /// <summary>What was ended last was a script: what is left of it goes up to a Sync.</summary>
    public bool EndedScript { get; private set; }

    /// <summary>
    /// The tag of a script's last statement, held back until its own transaction is committed: a server that fails to
    /// commit tells no tag either. Null if there is none.
    /// </summary>
    public byte[]? HeldTag { get; private set; }

    private bool _isLast;

    /// <summary>
    /// What is read next is the end that was divided from what came behind it: nobody awaits its ReadyForQuery.
    /// </summary>
    public bool IsEndNext { get; private set; }

    /// <summary>
    /// What was admitted last is that end: its server is given back although nobody is told that it is ready.
    /// </summary>
    public bool IsEndLast { get; private set; }

    /// <summary>Holds the tag of what ran, if that was the last statement. False if it goes to the client.</summary>
    public bool TryHold(ReadOnlySpan<byte> tag)
    {
        HeldTag = IsScript && IsOwn && _isLast ? tag.ToArray() : null;
        return HeldTag is not null;
    }

    /// <summary>The transaction is the batch's own: its client has begun none.</summary>
    public bool IsOwn { get; private set; }

    /// <summary>Whether a unit has to be taken apart.</summary>
    /// <param name="unit">As it was read whole.</param>
    /// <param name="server">The server that the session holds; null if none.</param>
    public bool MustDivide(in Unit unit, ServerConnection? server)
    {
        if (unit.EndsWithQuery || !unit.Runs || unit.Declared is not null || !session.Terms.SharesStatements)
        {
            return false;
        }
        bool isApart =
            !unit.IsWhole
            || unit.Route.Kind is RouteKind.Many or RouteKind.All or RouteKind.Refused
            || (branches.Any && (unit.MixesControl || unit.MixesSettings));
        // Behind a Flush: what came before it runs in an implicit transaction of this server.
        bool isBehind = server is { Responses.IsUnsynced: true } && move.RunsUnsynced;
        bool leaves =
            unit.Spreads || (unit.Route.Kind != RouteKind.Any && pools.TargetOf(unit.Route) != branches.Current);
        bool isOnSeveral = unit.Route.Kind is RouteKind.Many or RouteKind.All;
        // A statement over several shards that its client does not end yet: more may follow in its transaction.
        bool isOpenEnded =
            unit is { IsWhole: true, EndsWithSync: false }
            && (unit.Spreads || (isOnSeveral && (unit.Plan?.Merge is not null || !pools.Coordinates(unit))));
        return (unit.IsSeveral && isApart) || (isBehind && leaves) || isOpenEnded;
    }

    /// <summary>
    /// A simple query of several statements that need several servers: has it replaced by a query for each and a Sync.
    /// Null if it is none, or cannot be.
    /// </summary>
    /// <param name="unit">As it was read whole.</param>
    /// <param name="data">From its start.</param>
    /// <param name="server">The server that the session holds; null if none.</param>
    /// <param name="isQuiet">It owes nothing.</param>
    public Admission? DivideScript(in Unit unit, ReadOnlySpan<byte> data, ServerConnection? server, bool isQuiet)
    {
        bool isScript = unit is { IsQuery: true, Plan.Statements.Length: > 1 };
        bool isApart =
            unit.Route.Kind is RouteKind.Many or RouteKind.All or RouteKind.Refused
            || (branches.Any && (unit.MixesControl || unit.MixesSettings || unit.TouchesSession));
        if (
            !(isScript && isApart)
            || session.Pool.Configuration.Options.Proxy.Session.DisablePqexec
            || server is { Responses.IsUnsynced: true } or { Status: TransactionStatus.Failed }
        )
        {
            return null;
        }
        if (!isQuiet)
        {
            return Admission.Wait;
        }
        if (server is { Status: TransactionStatus.Idle })
        {
            return session.Pins == PinReason.None ? Admission.Wait : move.Refuse(ShardRefusals.PinnedElsewhere);
        }
        if (Queries(unit.TextOf(data), unit.Plan!.Statements.Length) is not { } queries)
        {
            return null;
        }
        move.Target = unit.Length;
        return move.Begin(NextStep.Divide, queries);
    }

    private byte[]? Queries(ReadOnlySpan<byte> text, int count)
    {
        List<Range> statements = [];
        if (!ScriptText.TryDivide(text, reader.Conforms, statements) || statements.Count != count)
        {
            return null;
        }
        using MessageWriter writer = new((2 * session.InboxBytesMax) + text.Length);
        foreach (Range statement in statements)
        {
            Query.Write(writer, text[statement]);
        }
        Sync.Write(writer);
        return writer.Written.ToArray();
    }

    /// <summary>What replaces a script is at the start of the inbox.</summary>
    public void BeginScript()
    {
        IsEndNext = _leading.TakeDivided();
        IsActive = !IsEndNext;
        IsScript = !IsEndNext;
    }

    /// <summary><see cref="IsEndNext"/>, of a unit that no server gets.</summary>
    public bool TakeEndNext()
    {
        bool was = IsEndNext;
        IsEndNext = false;
        return was;
    }

    /// <summary>Something else comes.</summary>
    public void Forget() => EndedScript = false;

    /// <summary>A batch is taken apart from here on, and no server is held.</summary>
    public void Begin() => IsActive = true;

    /// <summary>
    /// A batch is to be taken apart, and a server is held. Null if it is, or need not be as all of it will fail; else
    /// what must come first.
    /// </summary>
    /// <param name="server">The server.</param>
    /// <param name="isQuiet">It owes nothing.</param>
    public Admission? Begin(ServerConnection server, bool isQuiet)
    {
        bool isUnsynced = server.Responses.IsUnsynced;
        if (!isQuiet)
        {
            // What came before ended with a Flush, so it is answered; it may fail, and then all of this is passed over.
            return Admission.Wait;
        }
        if (server.Status != TransactionStatus.Idle || (isUnsynced && !branches.Opening.IsEmpty))
        {
            IsActive = server.Status != TransactionStatus.Failed;
            move.RunsUnsynced &= !IsActive;
            return server.Status == TransactionStatus.Idle ? Admission.Settle : null;
        }
        if (!isUnsynced)
        {
            // It is given back, and the batch begins as if there had been none.
            return session.Pins == PinReason.None ? Admission.Wait : move.Refuse(ShardRefusals.PinnedElsewhere);
        }
        if (!move.RunsUnsynced)
        {
            return move.Begin(NextStep.Resync);
        }
        if (!_isPlain || session.Traits != StatementTraits.None)
        {
            return move.Refuse(ShardRefusals.SeveralShardsInOneBatch);
        }
        IsActive = true;
        move.RunsUnsynced = false;
        BeginOwn();
        return Admission.SettleBegun;
    }

    /// <summary>The transaction is the batch's own.</summary>
    public void BeginOwn()
    {
        IsOwn = true;
        branches.Opening.Clear();
        branches.Opening.Add("BEGIN"u8);
    }

    /// <summary>The batch is over, or what is left of it is passed over.</summary>
    public void End()
    {
        IsActive = false;
        IsOwn = false;
        IsEndNext = false;
        EndedScript = IsScript;
        HeldTag = null;
        IsScript = false;
        move.RunsUnsynced = false;
        _isPlain = true;
    }

    /// <inheritdoc cref="LeadingEnd.Divide"/>
    public Admission? DivideFailed(in Unit unit, ReadOnlySpan<byte> data) =>
        _leading.Divide(unit, data, server: null, isQuiet: true);

    /// <summary>What must come before a unit can be judged; null if nothing.</summary>
    /// <param name="unit">As it was read whole.</param>
    /// <param name="data">From its start.</param>
    /// <param name="server">The server.</param>
    /// <param name="isQuiet">It owes nothing.</param>
    public Admission? Precede(in Unit unit, ReadOnlySpan<byte> data, ServerConnection server, bool isQuiet) =>
        LeaveEnded(unit, server, isQuiet)
        ?? _leading.Divide(unit, data, server, isQuiet)
        ?? DivideScript(unit, data, server, isQuiet);

    /// <summary>
    /// The transaction behind the last Sync has ended, and its Sync has not come: leaves the server before anything
    /// else, as nothing of it is in one transaction with what came before. Null if there is nothing to leave.
    /// </summary>
    /// <param name="unit">What comes.</param>
    /// <param name="server">The server.</param>
    /// <param name="isQuiet">It owes nothing.</param>
    private Admission? LeaveEnded(in Unit unit, ServerConnection server, bool isQuiet)
    {
        if (!(move.HasEnded && server.Responses.IsUnsynced && unit.Asks))
        {
            return null;
        }
        if (!isQuiet)
        {
            return Admission.Wait;
        }
        NoteNothing();
        return move.Begin(NextStep.Resync);
    }

    /// <summary>What is sent up to the next Sync is passed over. Gives how many bytes of it are there.</summary>
    public int Skip(ReadOnlySpan<byte> data)
    {
        NoteNothing();
        return UnitReader.LengthToSync(data);
    }

    /// <summary>Nothing has run behind the last Sync that could still be committed.</summary>
    private void NoteNothing()
    {
        move.RunsUnsynced = false;
        move.HasEnded = false;
        _isPlain = true;
    }

    /// <summary>A unit or a part was admitted.</summary>
    public void Note(in Unit unit)
    {
        IsEndLast = IsEndNext;
        IsEndNext = false;
        bool isOver = unit.IsQuery || unit.EndsWithSync;
        bool isUnsynced = !IsActive && !isOver;
        move.HasEnded = isUnsynced && (unit.Runs ? unit.EndsTransaction : move.HasEnded);
        move.RunsUnsynced = isUnsynced && !move.HasEnded && (unit.Runs || move.RunsUnsynced);
        _isPlain = isOver || (_isPlain && !unit.IsPrelude && !unit.HasControl && !unit.Begins && !unit.MixesSettings);
    }

    /// <summary>A part of a script is about to run.</summary>
    /// <param name="part">The part.</param>
    /// <param name="data">From its start.</param>
    public void NoteLast(in Unit part, ReadOnlySpan<byte> data) =>
        _isLast =
            IsScript
            && MessageHeader.TryRead(data[part.Length..], out MessageHeader next) == FrameStatus.Complete
            && next.Type == FrontendType.Sync;

    /// <summary>Why a part cannot run in a batch that is taken apart; null if it can.</summary>
    public RouteRefusal? Forbid(in Unit part) =>
        part.Declared is not null ? ShardRefusals.DeclarationAlone
        : part.Plan?.Statements is [{ NodeName: "CopyStmt" }, ..] ? ShardRefusals.CopyInBatch
        : IsScript && part.Plan?.Statements is [{ NodeName: "DeallocateStmt" }, ..]
            ? ShardRefusals.SeveralShardsInOneBatch
        : !IsOwn ? null
        : part.EndsWithQuery && !IsScript ? ShardRefusals.SeveralShardsInOneBatch
        : part.Runs && (part.IsPrelude || part.Control != TransactionControl.None || DeclaresCursor(part))
            ? ShardRefusals.ControlInBatch
        : null;

    private static bool DeclaresCursor(in Unit part) =>
        part.Plan is { Statements: [{ NodeName: "DeclareCursorStmt" }] };

    /// <summary>Whether the part at the start of these bytes may go to the server that the session holds.</summary>
    /// <param name="server">The server.</param>
    /// <param name="data">From the start of a message.</param>
    /// <param name="isQuiet">The server owes nothing.</param>
    /// <param name="part">The part.</param>
    public Admission Admit(ServerConnection server, ReadOnlySpan<byte> data, bool isQuiet, out Unit part)
    {
        part = default;
        bool isUnsynced = server.Responses.IsUnsynced;
        // What follows a statement of a script is not sent before that has succeeded.
        if (move.Step != NextStep.None || server.Responses.ReadyCount > 0 || (IsScript && !isQuiet))
        {
            return Admission.Wait;
        }
        if (server.Responses.IsSkippingToSync)
        {
            return Admission.Settle;
        }
        if (isQuiet && !isUnsynced && server.Status != TransactionStatus.InTransaction)
        {
            // Only of an error does its client know. Without one, all that is left is to say that it cannot be.
            return server.Status == TransactionStatus.Failed
                ? move.Begin(NextStep.FailBatch)
                : RefuseRest(ShardRefusals.SeveralShardsInOneBatch);
        }
        part = reader.ReadPart(data, IsScript);
        if (part.Unknown is not null)
        {
            return move.Begin(NextStep.Learn, part.Unknown);
        }
        if (!part.IsWhole && data.Length < session.InboxBytesMax)
        {
            return Admission.Wait;
        }
        NoteLast(part, data);
        Admission admission =
            !part.IsWhole ? move.Refuse(ShardRefusals.TooLarge(session.InboxBytesMax))
            : part.IsSync ? AdmitSync(isUnsynced, isQuiet)
            : Forbid(part) is { } forbidden ? move.Refuse(forbidden)
            : part.Spreads && isUnsynced ? Admission.Wait
            : part.EndsWithSync || (part.EndsWithQuery && !IsScript) ? AdmitLast(server, part, data, isQuiet)
            : judge.Judge(server, part, data, isQuiet);
        bool ends = part.Control is TransactionControl.Commit or TransactionControl.Rollback;
        if (IsScript && ends && (admission == Admission.Go || move.Step == NextStep.Commit))
        {
            // Nothing but the Sync follows.
            End();
        }
        bool settles = admission == Admission.Wait || (admission == Admission.Refuse && (IsOwn || IsScript));
        return settles && isUnsynced ? Admission.Settle
            : settles && !isQuiet ? Admission.Wait
            : settles && admission == Admission.Refuse ? move.Begin(NextStep.RefuseBatch)
            : admission;
    }

    private Admission RefuseRest(RouteRefusal refusal)
    {
        move.Refuse(refusal);
        return move.Begin(NextStep.RefuseBatch);
    }

    private Admission AdmitSync(bool isUnsynced, bool isQuiet)
    {
        if (IsOwn)
        {
            return isUnsynced || !isQuiet ? Admission.Wait : move.Begin(NextStep.CommitBatch);
        }
        End();
        return Admission.Go;
    }

    /// <summary>
    /// The end of the transaction, with the batch's Sync behind it, or a simple query: a unit as any other.
    /// </summary>
    private Admission AdmitLast(ServerConnection server, in Unit part, ReadOnlySpan<byte> data, bool isQuiet)
    {
        if (server.Responses.IsUnsynced || !isQuiet)
        {
            return Admission.Wait;
        }
        End();
        return judge.Judge(server, part, data, isQuiet);
    }
}
