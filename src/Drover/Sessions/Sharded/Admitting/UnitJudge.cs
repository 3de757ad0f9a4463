// Whether a unit may go to the server that the session holds, and what must come first.
using Drover.Pooling.Servers;
using Drover.Protocol.Messages.Backend;
using Drover.Routing;
using Drover.Routing.Transactions;
using Drover.Sessions.Sharded.Units;

namespace Drover.Sessions.Sharded.Admitting;

/// <summary>One per session. Changes nothing but what it says in the <see cref="NextMove"/>.</summary>
internal sealed class UnitJudge(
    ClientSession session,
    ShardedDatabaseState database,
    ShardPools pools,
    Branches branches,
    SpreadStatement spread,
    SchemaGuard schema,
    CrossShardGuard cross,
    NextMove move
)
{
    /// <summary>The session holds a server: whether a unit may go there.</summary>
    /// <param name="server">The server.</param>
    /// <param name="unit">The unit.</param>
    /// <param name="data">From its start.</param>
    /// <param name="isQuiet">The server owes nothing.</param>
    public Admission Judge(ServerConnection server, in Unit unit, ReadOnlySpan<byte> data, bool isQuiet)
    {
        if (JudgeState(server, unit, isQuiet) is { } settled)
        {
            return settled;
        }
        if (unit.Spreads)
        {
            return server.Status == TransactionStatus.Idle ? Elsewhere(server, -1, isQuiet)
                : !isQuiet ? Admission.Wait
                : Guard(unit) ?? BeginSpread(unit, data);
        }
        if (WhyNot(unit) is { } refusal)
        {
            return move.Refuse(refusal);
        }
        if (Guard(unit, isQuiet) is { } held)
        {
            return held;
        }
        if (unit.Control == TransactionControl.Commit && branches.HasChangedSchema && !unit.MixesControl)
        {
            return CommitSchema(unit, data, isQuiet);
        }
        bool isControl = unit.Control is TransactionControl.Commit or TransactionControl.Rollback;
        if (branches.Any && unit.Runs && (unit.IsPrelude || isControl))
        {
            return JudgeForAll(unit, data, isQuiet);
        }
        int target = unit.Route.Kind == RouteKind.Any ? branches.Current : pools.TargetOf(unit.Route);
        if (target == ShardPools.CoordinatorNumber && branches.HasWritten && !unit.IsPlaced)
        {
            return move.Refuse(ShardRefusals.CoordinatorAfterWrite);
        }
        if (unit.Writes && database.Decisions is null && branches.HasWrittenElsewhere(target))
        {
            return move.Refuse(ShardRefusals.WritesOnTwoShards);
        }
        if (target == branches.Current)
        {
            return unit.Explain is null ? Admission.Go
                : isQuiet ? BeginSpread(unit, data)
                : Admission.Wait;
        }
        return unit.MixesControl && server.Status != TransactionStatus.Idle
            ? move.Refuse(ShardRefusals.MixedControl)
            : Elsewhere(server, target, isQuiet);
    }

    /// <summary>Others are told of the new schema before the client is told that it is there.</summary>
    private Admission CommitSchema(in Unit unit, ReadOnlySpan<byte> data, bool isQuiet) =>
        !isQuiet ? Admission.Wait
        : branches.Writers().Count > 0 && ControlAnswer.Can(data[..unit.Length], session)
            ? move.Begin(NextStep.Commit, data[..unit.Length].ToArray())
        : Admission.Go;

    /// <summary>What the unit has to wait for on account of the schema; null if nothing.</summary>
    public Admission? Guard(in Unit unit, bool isQuiet = true)
    {
        RouteRefusal? denied = cross.Refuse(unit);
        NextStep step = denied is null ? schema.StepFor(unit, pools.Coordinates(unit)) : NextStep.None;
        return step != NextStep.None ? (isQuiet ? move.Begin(step) : Admission.Wait)
            : (denied ?? schema.TakeRefusal()) is { } refusal ? move.Refuse(refusal)
            : null;
    }

    /// <summary>What the state of the transaction alone decides; null if nothing.</summary>
    private Admission? JudgeState(ServerConnection server, in Unit unit, bool isQuiet)
    {
        if (server.Status == TransactionStatus.Failed && isQuiet)
        {
            branches.NoteFailure();
            if (!branches.Any || !unit.Asks)
            {
                return LeavesShard(unit) ? move.Refuse(ShardRefusals.MixedControl) : Admission.Go;
            }
            bool goesBack =
                unit.Control
                is TransactionControl.Commit
                    or TransactionControl.Rollback
                    or TransactionControl.RollbackTo;
            if (!goesBack || unit.MixesControl)
            {
                return move.Refuse(ShardRefusals.TransactionFailed);
            }
            if (unit.Control != TransactionControl.RollbackTo)
            {
                return Admission.Go;
            }
        }
        if (branches.Any && unit.MixesControl)
        {
            return move.Refuse(ShardRefusals.MixedControl);
        }
        if (branches.Any && (unit.TouchesSession || unit.MixesSettings))
        {
            return move.Refuse(
                unit.TouchesSession ? ShardRefusals.SessionOnOneShard : ShardRefusals.OpeningCannotRepeat
            );
        }
        return null;
    }

    /// <summary>It ends what failed, or goes back in it, and does more behind that than this shard alone can.</summary>
    private bool LeavesShard(in Unit unit)
    {
        bool goesOn =
            unit.MixesControl
            && (
                unit.Plan is { Statements: [var first, _, ..] }
                    ? TransactionControls.Of(first)
                        is TransactionControl.Commit
                            or TransactionControl.Rollback
                            or TransactionControl.RollbackTo
                            or TransactionControl.Prepare
                    : unit.IsSeveral
            );
        return goesOn
            && !(
                unit.Route.Kind == RouteKind.Any
                || (
                    unit.Route.Kind is RouteKind.Home or RouteKind.One && pools.TargetOf(unit.Route) == branches.Current
                )
            );
    }

    /// <summary>The unit has to go to another shard than the one that the session looks at.</summary>
    private Admission Elsewhere(ServerConnection server, int target, bool isQuiet)
    {
        if (server.Responses.IsUnsynced && move.RunsUnsynced)
        {
            return move.Refuse(ShardRefusals.SeveralShardsInOneBatch);
        }
        if (!isQuiet)
        {
            return Admission.Wait;
        }
        if (server.Responses.IsUnsynced)
        {
            return move.Begin(NextStep.Resync);
        }
        if (server.Status == TransactionStatus.Idle)
        {
            // It is given back, and the next one is chosen as if there had been none.
            return session.Pins == Telemetry.PinReason.None
                ? Admission.Wait
                : move.Refuse(ShardRefusals.PinnedElsewhere);
        }
        if (!branches.CanSwitch(target))
        {
            return move.Refuse(ShardRefusals.OpeningCannotRepeat);
        }
        return move.GoTo(target);
    }

    /// <summary>What holds for the whole transaction is said on each of its shards.</summary>
    private Admission JudgeForAll(in Unit unit, ReadOnlySpan<byte> data, bool isQuiet)
    {
        if (!isQuiet)
        {
            return Admission.Wait;
        }
        switch (unit.Control)
        {
            case TransactionControl.Commit when branches.Writers() is { Count: > 0 } writers:
                if (writers.Count == 1 && writers[0].Shard != branches.Current)
                {
                    return move.GoTo(writers[0].Shard);
                }
                return writers.Count == 1 ? Admission.Go
                    : ControlAnswer.Can(data[..unit.Length], session)
                        ? move.Begin(NextStep.Commit, data[..unit.Length].ToArray())
                    : move.Refuse(ShardRefusals.MixedControl);
            case TransactionControl.Commit or TransactionControl.Rollback:
                return Admission.Go;
            default:
                if (branches.TakeRepeated())
                {
                    return Admission.Go;
                }
                return unit is { HasText: true, MixesSettings: false }
                    ? move.Begin(NextStep.Repeat, unit.TextOf(data).ToArray())
                    : move.Refuse(ShardRefusals.OpeningCannotRepeat);
        }
    }

    /// <summary>Why it is not certain where a unit's tables are, or nobody has them; null if neither.</summary>
    private RouteRefusal? WhyNoPlace(in Unit unit) =>
        unit.Runs && unit.Plan is { HasShortNames: true } && branches.Opening.HidesNames(database.Facts)
            ? ShardRefusals.PathInTransaction
        : unit.Runs && unit.Plan is { ReadsBehind: true } && branches.HasChangedSchema
            ? ShardRefusals.BehindInTransaction
        : pools.WhyNoServer(unit.Route);

    /// <summary>Why a unit cannot run anywhere; null if it can.</summary>
    public RouteRefusal? WhyNot(in Unit unit) =>
        unit.HasTwoPhase ? ShardRefusals.TwoPhaseOfClient
        : WhyNoPlace(unit) is { } nowhere ? nowhere
        : unit.Route.Kind switch
        {
            RouteKind.Many or RouteKind.All or RouteKind.Refused when pools.MayCoordinate(unit) => null,
            RouteKind.Refused => unit.Route.Refusal,
            RouteKind.Many or RouteKind.All => ShardRefusals.Across(unit.Route),
            _ => null,
        };

    /// <summary>Several shards are to run the unit, or its EXPLAIN: begins that, if it may be.</summary>
    public Admission BeginSpread(in Unit unit, ReadOnlySpan<byte> data)
    {
        bool isInTransaction = move.HasOpening || session.Server is not null;
        if (WhyNoPlace(unit) is { } nowhere)
        {
            return move.Refuse(nowhere);
        }
        if (spread.Take(unit, data, isInTransaction) is { } refusal)
        {
            return move.Refuse(refusal);
        }
        cross.Tell(unit, isQuiet: true);
        return move.Begin(NextStep.Spread);
    }
}
