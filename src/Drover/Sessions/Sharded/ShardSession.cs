// A client's way to the shards: which server each unit of its messages goes to, and what must happen before it can.
using Drover.Pooling.Servers;
using Drover.Protocol.Messages.Backend;
using Drover.Routing;
using Drover.Routing.Transactions;
using Drover.Sessions.Sharded.Statistics;
using Drover.Sessions.Sharded.Units;

namespace Drover.Sessions.Sharded;

/// <summary>
/// The sharded side of a <see cref="ClientSession"/>. A session looks at one server at a time, as in pooling: the one
/// that its present unit goes to. In a transaction that has come to several shards the others wait in
/// <see cref="Branches"/>. What needs several servers at once is <see cref="SpreadWork"/>.
/// </summary>
internal sealed class ShardSession
{
    private readonly ClientSession _session;
    private readonly ShardedDatabaseState _database;
    private readonly ShardPools _pools;
    private readonly UnitReader _reader;
    private readonly SpreadWork _work;
    private readonly SpreadStatement _spread;
    private readonly SchemaGuard _schema;
    private readonly CrossShardGuard _cross;
    private int _credit;
    private bool _ranUnsynced;
    private bool _hasWaited;
    private NextStep _step;
    private byte[]? _text;
    private int _target;
    private Deferred _deferred;

    /// <summary>Makes one for a client that has logged in.</summary>
    /// <param name="session">The client's.</param>
    /// <param name="database">What is known of the database.</param>
    /// <param name="services">Have the shards' pools.</param>
    /// <param name="cancel">Has a server end what it runs.</param>
    /// <param name="cancelAll">Has all servers of the client end what they run.</param>
    public ShardSession(
        ClientSession session,
        ShardedDatabaseState database,
        ClientServices services,
        Func<ServerConnection, Task> cancel,
        Func<Task> cancelAll
    )
    {
        _session = session;
        _database = database;
        _pools = new ShardPools(session, database, services.Directory);
        _cross = new CrossShardGuard(session, _pools, services);
        _reader = new UnitReader(session, database.Router);
        Branches = new Branches(session, _pools.Enter, database.Spanning, cancelAll);
        Watch = new StatementWatch(session, services.CrossShard[session.Identity.Database.Name]);
        _work = new SpreadWork(session, Branches, database, cancel);
        _spread = new SpreadStatement(session, database, Branches, _reader, _work, Watch, _pools, cancel);
        _schema = new SchemaGuard(database);
    }

    /// <summary>The servers of a transaction that has come to several shards.</summary>
    public Branches Branches { get; }

    /// <summary>Notes what is run.</summary>
    public StatementWatch Watch { get; }

    /// <summary>Why a unit is refused.</summary>
    public RouteRefusal? Refusal { get; private set; }

    /// <summary>Something must happen that takes its time.</summary>
    public bool HasStep => _step != NextStep.None;

    /// <summary>Before a server that was just taken can be used, the transaction is to be begun on it.</summary>
    public bool HasOpening => _deferred == Deferred.Begun;

    /// <summary>Bytes that a unit may have.</summary>
    public int UnitBytesMax => Math.Max(SessionLimits.ShardedUnitBytes, _session.Pool.Configuration.ClientBufferMax);

    /// <summary>What the client believes of its transaction while it has no server.</summary>
    public TransactionStatus RestStatus =>
        _deferred switch
        {
            Deferred.Begun => TransactionStatus.InTransaction,
            Deferred.Failed => TransactionStatus.Failed,
            _ => TransactionStatus.Idle,
        };

    /// <summary>The number of a shard that a route for one names.</summary>
    public int NumberOf(Route route) => _pools.NumberOf(route);

    /// <summary>The session has no server and these messages are worth one: chooses whose.</summary>
    public Admission Choose(ReadOnlySpan<byte> data)
    {
        if (!_hasWaited && !FirstMap.IsThere(_database))
        {
            return Begin(NextStep.AwaitMap, null);
        }
        if (_database.Map is null)
        {
            return Refuse(ShardRefusals.MapUnknown(_session.Identity.Database.Name));
        }
        Unit unit = _reader.Read(data);
        if (unit.Unknown is not null)
        {
            return Begin(NextStep.Learn, unit.Unknown);
        }
        if (!unit.IsWhole)
        {
            return Refuse(ShardRefusals.TooLarge(UnitBytesMax));
        }
        bool ends = unit.Control is TransactionControl.Commit or TransactionControl.Rollback;
        if (_deferred == Deferred.Failed)
        {
            return ends && Answer(data[..unit.Length], "ROLLBACK"u8, Deferred.None)
                ? Admission.Answered
                : Refuse(ShardRefusals.TransactionFailed);
        }
        if (Guard(unit) is { } held)
        {
            return held;
        }
        if (unit.Spreads)
        {
            return BeginSpread(unit, data);
        }
        if (WhyNot(unit) is { } refusal)
        {
            return Refuse(refusal);
        }
        if (unit.Control == TransactionControl.Begin && _deferred == Deferred.None && unit.HasText)
        {
            ReadOnlySpan<byte> begin = unit.TextOf(data);
            if (Answer(data[..unit.Length], ControlAnswer.TagOfBegin(begin), Deferred.Begun))
            {
                Branches.Opening.Add(begin);
                return Admission.Answered;
            }
        }
        Branches.Enter(_pools.TargetOf(unit.Route));
        if (unit.Explain is not null)
        {
            return BeginSpread(unit, data);
        }
        _credit = unit.Length;
        Note(unit, data);
        return Admission.Go;
    }

    /// <summary>The session holds a server: whether the unit at the start of these bytes may go there.</summary>
    /// <param name="server">The server.</param>
    /// <param name="data">From the start of a message.</param>
    /// <param name="length">How many bytes the admission is about.</param>
    public Admission Admit(ServerConnection server, ReadOnlySpan<byte> data, out int length)
    {
        length = _credit;
        if (_credit > 0)
        {
            _credit = 0;
            return Admission.Go;
        }
        bool isQuiet = server.Responses.Count == 0 && server.Outbox.Pending == 0 && server.Inbox.Count == 0;
        if (isQuiet && server.Status == TransactionStatus.Idle && !server.Responses.IsUnsynced)
        {
            BeginAnew();
        }
        Unit unit = _reader.Read(data);
        length = unit.Length;
        if (unit.Unknown is not null)
        {
            return Begin(NextStep.Learn, unit.Unknown);
        }
        if (!unit.IsWhole && data.Length < UnitBytesMax)
        {
            return Admission.Wait;
        }
        if (unit.Length == 0)
        {
            return Refuse(ShardRefusals.TooLarge(UnitBytesMax));
        }
        Admission admission = Judge(server, unit, data, isQuiet);
        if (admission == Admission.Go)
        {
            Note(unit, data, isQuiet);
        }
        // Whether it would be refused at all depends on how what came before it ends.
        return admission == Admission.Refuse && !isQuiet && unit.IsQuery ? Admission.Wait : admission;
    }

    /// <summary>
    /// The server that was just taken is to know of the transaction. False when it could not be told.
    /// </summary>
    public async ValueTask<bool> OpenAsync(ServerConnection server)
    {
        _deferred = Deferred.None;
        return await Branches.OpenAsync(server);
    }

    /// <summary>Does what <see cref="HasStep"/> tells of.</summary>
    public async ValueTask StepAsync()
    {
        _session.Park();
        NextStep step = _step;
        _step = NextStep.None;
        switch (step)
        {
            case NextStep.AwaitMap:
                _hasWaited = true;
                await FirstMap.AwaitAsync(_database, _session);
                break;
            case NextStep.Learn:
                await _reader.LearnAsync(_text!);
                break;
            case NextStep.Resync:
                await Branches.ResyncAsync();
                break;
            case NextStep.Switch:
                await Branches.GoToAsync(_target);
                break;
            case NextStep.Repeat:
                await Branches.RepeatAsync(_text!);
                break;
            case NextStep.Spread:
                await SpreadAsync();
                break;
            case NextStep.Commit:
                await _work.CommitAsync(_text!);
                break;
            case NextStep.FailOthers:
                await Branches.FailOthersAsync();
                break;
            case NextStep.Announce or NextStep.CatchUp:
                await _schema.RunAsync(step);
                break;
            default:
                break;
        }
        _text = null;
    }

    /// <summary>The transaction has failed on the server that the session looks at.</summary>
    public void NoteFailed() => _step = Branches.Any && _step == NextStep.None ? NextStep.FailOthers : _step;

    /// <summary>The session gives its server back.</summary>
    public void OnReleased() => BeginAnew();

    private Admission Judge(ServerConnection server, in Unit unit, ReadOnlySpan<byte> data, bool isQuiet)
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
            return Refuse(refusal);
        }
        if (Guard(unit, isQuiet) is { } held)
        {
            return held;
        }
        if (unit.Control == TransactionControl.Commit && Branches.HasChangedSchema && !unit.MixesControl)
        {
            return CommitSchema(unit, data, isQuiet);
        }
        bool isControl = unit.Control is TransactionControl.Commit or TransactionControl.Rollback;
        if (Branches.Any && unit.Runs && (unit.IsPrelude || isControl))
        {
            return JudgeForAll(unit, data, isQuiet);
        }
        int target = unit.Route.Kind == RouteKind.Any ? Branches.Current : _pools.TargetOf(unit.Route);
        if (target == ShardPools.CoordinatorNumber && Branches.HasWritten)
        {
            return Refuse(ShardRefusals.CoordinatorAfterWrite);
        }
        if (unit.Writes && _database.Decisions is null && Branches.HasWrittenElsewhere(target))
        {
            return Refuse(ShardRefusals.WritesOnTwoShards);
        }
        if (target == Branches.Current)
        {
            return unit.Explain is null ? Admission.Go
                : isQuiet ? BeginSpread(unit, data)
                : Admission.Wait;
        }
        return unit.MixesControl && server.Status != TransactionStatus.Idle
            ? Refuse(ShardRefusals.MixedControl)
            : Elsewhere(server, target, isQuiet);
    }

    /// <summary>Others are told of the new schema before the client is told that it is there.</summary>
    private Admission CommitSchema(in Unit unit, ReadOnlySpan<byte> data, bool isQuiet) =>
        !isQuiet ? Admission.Wait
        : Branches.Writers().Count > 0 && ControlAnswer.Can(data[..unit.Length], _session)
            ? Begin(NextStep.Commit, data[..unit.Length].ToArray())
        : Admission.Go;

    /// <summary>What the unit has to wait for on account of the schema; null if nothing.</summary>
    private Admission? Guard(in Unit unit, bool isQuiet = true)
    {
        RouteRefusal? denied = _cross.Refuse(unit);
        NextStep step = denied is null ? _schema.StepFor(unit, _pools.Coordinates(unit)) : NextStep.None;
        return step != NextStep.None ? (isQuiet ? Begin(step, null) : Admission.Wait)
            : (denied ?? _schema.TakeRefusal()) is { } refusal ? Refuse(refusal)
            : null;
    }

    /// <summary>What the state of the transaction alone decides; null if nothing.</summary>
    private Admission? JudgeState(ServerConnection server, in Unit unit, bool isQuiet)
    {
        if (server.Status == TransactionStatus.Failed && isQuiet)
        {
            Branches.NoteFailure();
            if (!Branches.Any)
            {
                return Admission.Go;
            }
            bool goesBack =
                unit.Control
                is TransactionControl.Commit
                    or TransactionControl.Rollback
                    or TransactionControl.RollbackTo;
            if (!goesBack || unit.MixesControl)
            {
                return Refuse(ShardRefusals.TransactionFailed);
            }
            if (unit.Control != TransactionControl.RollbackTo)
            {
                return Admission.Go;
            }
        }
        if (Branches.Any && unit.MixesControl)
        {
            return Refuse(ShardRefusals.MixedControl);
        }
        if (Branches.Any && (unit.TouchesSession || unit.MixesSettings))
        {
            return Refuse(unit.TouchesSession ? ShardRefusals.SessionOnOneShard : ShardRefusals.OpeningCannotRepeat);
        }
        return null;
    }

    /// <summary>The unit has to go to another shard than the one that the session looks at.</summary>
    private Admission Elsewhere(ServerConnection server, int target, bool isQuiet)
    {
        if (server.Responses.IsUnsynced && _ranUnsynced)
        {
            return Refuse(ShardRefusals.SeveralShardsInOneBatch);
        }
        if (!isQuiet)
        {
            return Admission.Wait;
        }
        if (server.Responses.IsUnsynced)
        {
            return Begin(NextStep.Resync, null);
        }
        if (server.Status == TransactionStatus.Idle)
        {
            // It is given back, and the next one is chosen as if there had been none.
            return _session.Pins == Telemetry.PinReason.None ? Admission.Wait : Refuse(ShardRefusals.PinnedElsewhere);
        }
        if (!Branches.CanSwitch(target))
        {
            return Refuse(ShardRefusals.OpeningCannotRepeat);
        }
        _target = target;
        return Begin(NextStep.Switch, null);
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
            case TransactionControl.Commit when Branches.Writers() is { Count: > 0 } writers:
                if (writers.Count == 1 && writers[0].Shard != Branches.Current)
                {
                    _target = writers[0].Shard;
                    return Begin(NextStep.Switch, null);
                }
                return writers.Count == 1 ? Admission.Go
                    : ControlAnswer.Can(data[..unit.Length], _session)
                        ? Begin(NextStep.Commit, data[..unit.Length].ToArray())
                    : Refuse(ShardRefusals.MixedControl);
            case TransactionControl.Commit or TransactionControl.Rollback:
                return Admission.Go;
            default:
                if (Branches.TakeRepeated())
                {
                    return Admission.Go;
                }
                return unit is { HasText: true, MixesSettings: false }
                    ? Begin(NextStep.Repeat, unit.TextOf(data).ToArray())
                    : Refuse(ShardRefusals.OpeningCannotRepeat);
        }
    }

    private Admission BeginSpread(in Unit unit, ReadOnlySpan<byte> data)
    {
        bool isInTransaction = _deferred == Deferred.Begun || _session.Server is not null;
        if (_spread.Take(unit, data, isInTransaction) is { } refusal)
        {
            return Refuse(refusal);
        }
        _cross.Tell(unit, isQuiet: true);
        return Begin(NextStep.Spread, null);
    }

    private async ValueTask SpreadAsync()
    {
        _schema.Reset();
        if (!await _spread.DivideAsync())
        {
            return;
        }
        bool isOwn = _session.Server is null && _deferred == Deferred.None;
        if (isOwn && _spread.NeedsTransaction)
        {
            Branches.Opening.Add("BEGIN"u8);
            _deferred = Deferred.Begun;
        }
        await _spread.RunAsync(isOwn);
        _deferred = Deferred.None;
    }

    /// <summary>Why a unit cannot run anywhere; null if it can.</summary>
    private RouteRefusal? WhyNot(in Unit unit) =>
        unit.HasTwoPhase ? ShardRefusals.TwoPhaseOfClient
        : Branches.Opening.SetsSearchPath && unit is { Runs: true, Plan.HasShortNames: true }
            ? ShardRefusals.PathInTransaction
        : unit.Route.Kind switch
        {
            RouteKind.Many or RouteKind.All or RouteKind.Refused when _pools.MayCoordinate(unit) => null,
            RouteKind.Refused => unit.Route.Refusal,
            RouteKind.Many or RouteKind.All => ShardRefusals.Across(unit.Route),
            _ => null,
        };

    private void Note(in Unit unit, ReadOnlySpan<byte> data, bool isQuiet = true)
    {
        _cross.Tell(unit, isQuiet);
        _ranUnsynced = !unit.IsQuery && !unit.EndsWithSync && (unit.Runs || _ranUnsynced);
        _schema.Reset();
        if (unit.Runs)
        {
            Branches.Note(unit, data);
            Watch.Note(unit, Branches.Current);
        }
    }

    private void BeginAnew()
    {
        _ = Branches.HasChangedSchema ? _database.Schema?.SettleAsync() : null;
        Branches.BeginAnew();
    }

    private Admission Begin(NextStep step, byte[]? text)
    {
        _text = text;
        _step = step;
        return Admission.Step;
    }

    private Admission Refuse(RouteRefusal refusal)
    {
        Refusal = refusal;
        _schema.Reset();
        if (_deferred == Deferred.Begun)
        {
            _deferred = Deferred.Failed;
        }
        return Admission.Refuse;
    }

    /// <summary>Answers a unit of transaction control in the proxy. False if it has something else in it.</summary>
    private bool Answer(ReadOnlySpan<byte> unit, ReadOnlySpan<byte> tag, Deferred next)
    {
        TransactionStatus status = next == Deferred.Begun ? TransactionStatus.InTransaction : TransactionStatus.Idle;
        if (!ControlAnswer.TrySend(unit, tag, status, _session))
        {
            return false;
        }
        _deferred = next;
        if (next == Deferred.None)
        {
            BeginAnew();
        }
        return true;
    }
}
