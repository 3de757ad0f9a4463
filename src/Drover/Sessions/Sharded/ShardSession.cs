// A client's way to the shards: which server each unit of its messages goes to, and what must happen before it can.
using Drover.Pooling.Servers;
using Drover.Protocol.Messages.Backend;
using Drover.Routing;
using Drover.Routing.Transactions;
using Drover.Sessions.Sharded.Admitting;
using Drover.Sessions.Sharded.Pipelines;
using Drover.Sessions.Sharded.Statistics;
using Drover.Sessions.Sharded.Units;
using Drover.Topology;

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
    private readonly NextMove _move;
    private readonly UnitJudge _judge;
    private readonly Pipeline _pipeline;
    private readonly PipelineEnd _end;
    private int _credit;
    private TopologySnapshot? _creditMap;
    private bool _hasWaited;

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
        _reader = new UnitReader(session, database.Router, () => _cross.MovesKeys);
        Branches = new Branches(session, _pools.Enter, database.Spanning, cancelAll);
        Watch = new StatementWatch(session, services.CrossShard[session.Identity.Database.Name]);
        _work = new SpreadWork(session, Branches, database, cancel);
        _spread = new SpreadStatement(session, database, Branches, _reader, _work, Watch, _pools, cancel);
        _schema = new SchemaGuard(database);
        _move = new NextMove(_schema);
        _judge = new UnitJudge(session, database, _pools, Branches, _spread, _schema, _cross, _move);
        _pipeline = new Pipeline(session, _pools, Branches, _reader, _judge, _move);
        _end = new PipelineEnd(session, database, Branches, _work, _pipeline);
    }

    /// <summary>The servers of a transaction that has come to several shards.</summary>
    public Branches Branches { get; }

    /// <summary>Notes what is run.</summary>
    public StatementWatch Watch { get; }

    /// <summary>Why a unit is refused.</summary>
    public RouteRefusal? Refusal => _move.Refusal;

    /// <summary>What was admitted last is a statement of a simple query that had several.</summary>
    public bool IsInScript { get; private set; }

    /// <inheritdoc cref="Pipeline.IsEndLast"/>
    public bool IsEndLast => _pipeline.IsEndLast;

    /// <summary>Holds back a tag. False if it goes to the client.</summary>
    public bool TryHold(ReadOnlySpan<byte> tag) => _pipeline.TryHold(tag);

    /// <summary>What is refused goes up to a Sync, whatever it begins with.</summary>
    public bool RefusesToSync => _pipeline.EndedScript;

    /// <summary>Something must happen that takes its time.</summary>
    public bool HasStep => _move.Step != NextStep.None;

    /// <summary>Before a server that was just taken can be used, the transaction is to be begun on it.</summary>
    public bool HasOpening => _move.HasOpening;

    /// <summary>Bytes that a unit may have.</summary>
    public int UnitBytesMax => Math.Max(SessionLimits.ShardedUnitBytes, _session.Pool.Configuration.ClientBufferMax);

    /// <summary>What the client believes of its transaction while it has no server.</summary>
    public TransactionStatus RestStatus => _move.RestStatus;

    /// <summary>The number of a shard that a route for one names.</summary>
    public int NumberOf(Route route) => _pools.NumberOf(route);

    /// <summary>The session has no server and these messages are worth one: chooses whose.</summary>
    public Admission Choose(ReadOnlySpan<byte> data)
    {
        _pipeline.Forget();
        if (!_hasWaited && !FirstMap.IsThere(_database))
        {
            return _move.Begin(NextStep.AwaitMap);
        }
        if (_session.Identity.Database.IsPaused && !_pipeline.IsActive && !Branches.Any)
        {
            return _move.Begin(NextStep.AwaitResume);
        }
        Admission admission = _database.Map is null
            ? _move.Refuse(ShardRefusals.MapUnknown(_session.Identity.Database.Name))
            : ChooseShard(data);
        if (admission == Admission.Refuse)
        {
            NoteRefused();
        }
        return admission;
    }

    /// <summary>What the client has sent is answered with an error, and passed over up to its Sync.</summary>
    public void NoteRefused()
    {
        _pipeline.End();
        _move.Abort();
        if (_move.Deferred == Deferred.None)
        {
            BeginAnew();
        }
    }

    private Admission ChooseShard(ReadOnlySpan<byte> data)
    {
        bool isScript = _pipeline.IsScript;
        Unit unit = _pipeline.IsActive ? _reader.ReadPart(data, isScript) : _reader.Read(data);
        bool begins = !_pipeline.IsActive && unit.Unknown is null && _move.Deferred != Deferred.Failed;
        if (begins && _pipeline.MustDivide(unit, null))
        {
            _pipeline.Begin();
            unit = _reader.ReadPart(data);
        }
        if (unit.Unknown is not null)
        {
            return _move.Begin(NextStep.Learn, unit.Unknown);
        }
        if (begins && _pipeline.DivideScript(unit, data, null, isQuiet: true) is { } divided)
        {
            return divided;
        }
        if (!unit.IsWhole)
        {
            return _move.Refuse(ShardRefusals.TooLarge(UnitBytesMax));
        }
        if (_move.Deferred == Deferred.Failed)
        {
            return _pipeline.DivideFailed(unit, data) ?? AnswerFailed(unit, data);
        }
        bool isBegin = unit.Control == TransactionControl.Begin && _move.Deferred == Deferred.None && unit.HasText;
        if (_pipeline.IsActive && !isBegin && ChooseForPart(unit, data) is { } forbidden)
        {
            return forbidden;
        }
        return ChooseServer(unit, data, isBegin);
    }

    /// <summary>The transaction has failed before a server knew of it: answers its end, and refuses all else.</summary>
    private Admission AnswerFailed(in Unit unit, ReadOnlySpan<byte> data)
    {
        bool ends = unit.Control is TransactionControl.Commit or TransactionControl.Rollback;
        bool isPart = _pipeline.TakeEndNext();
        return ends && Answer(data[..unit.Length], "ROLLBACK"u8, Deferred.None, isPart)
            ? Admission.Answered
            : _move.Refuse(ShardRefusals.TransactionFailed);
    }

    /// <summary>Chooses for a unit that may run in the transaction, or answers it if that is what it begins.</summary>
    private Admission ChooseServer(in Unit unit, ReadOnlySpan<byte> data, bool isBegin)
    {
        if (_judge.Guard(unit) is { } held)
        {
            return held;
        }
        if (unit.Spreads)
        {
            return _judge.BeginSpread(unit, data);
        }
        if (_judge.WhyNot(unit) is { } refusal)
        {
            return _move.Refuse(refusal);
        }
        if (isBegin)
        {
            ReadOnlySpan<byte> begin = unit.TextOf(data);
            if (Answer(data[..unit.Length], ControlAnswer.TagOfBegin(begin), Deferred.Begun, unit.IsInScript))
            {
                Branches.Opening.Add(begin);
                return Admission.Answered;
            }
        }
        Branches.Enter(_pools.TargetOf(unit.Route));
        if (unit.Explain is not null)
        {
            return _judge.BeginSpread(unit, data);
        }
        _credit = unit.Length;
        // A statement that waits for its server is looked at again if its key got another place meanwhile.
        _creditMap = unit.IsPrelude || unit.HasControl ? null : _database.Map;
        Note(unit, data);
        return Admission.Go;
    }

    /// <summary>A batch that is taken apart begins a transaction, unless its client has.</summary>
    private Admission? ChooseForPart(in Unit part, ReadOnlySpan<byte> data)
    {
        _pipeline.NoteLast(part, data);
        if (_move.Deferred == Deferred.None)
        {
            _pipeline.BeginOwn();
            _move.Deferred = Deferred.Own;
        }
        return _pipeline.Forbid(part) is { } refusal ? _move.Refuse(refusal) : null;
    }

    /// <summary>Whether the unit was admitted when no server was held, and by the map that still holds.</summary>
    private bool TakeCredit()
    {
        bool has = _credit > 0 && (_creditMap is null || ReferenceEquals(_creditMap, _database.Map));
        _credit = 0;
        return has;
    }

    /// <summary>The session holds a server: whether the unit at the start of these bytes may go there.</summary>
    /// <param name="server">The server.</param>
    /// <param name="data">From the start of a message.</param>
    /// <param name="length">How many bytes the admission is about.</param>
    public Admission Admit(ServerConnection server, ReadOnlySpan<byte> data, out int length)
    {
        length = _credit;
        if (TakeCredit())
        {
            return Admission.Go;
        }
        bool isQuiet = server.Responses.Count == 0 && server.Outbox.Pending == 0 && server.Inbox.Count == 0;
        if (_pipeline.IsActive)
        {
            return AdmitPart(server, data, isQuiet, out length);
        }
        if (isQuiet && server.Status == TransactionStatus.Idle && !server.Responses.IsUnsynced)
        {
            BeginAnew();
        }
        if (AwaitOrSkip(server, data, isQuiet, ref length) is { } early)
        {
            return early;
        }
        _pipeline.Forget();
        Unit unit = _reader.Read(data);
        unit.IsInScript = _pipeline.IsEndNext;
        length = unit.Length;
        if (unit.Unknown is not null)
        {
            return _move.Begin(NextStep.Learn, unit.Unknown);
        }
        if (!unit.IsWhole && data.Length < UnitBytesMax)
        {
            return Admission.Wait;
        }
        if (unit.Length == 0)
        {
            return _move.Refuse(ShardRefusals.TooLarge(UnitBytesMax));
        }
        if (_pipeline.Precede(unit, data, server, isQuiet) is { } other)
        {
            return other;
        }
        if (_pipeline.MustDivide(unit, server))
        {
            if (_pipeline.Begin(server, isQuiet) is { } first)
            {
                return first;
            }
            if (_pipeline.IsActive)
            {
                return AdmitPart(server, data, isQuiet, out length);
            }
        }
        Admission admission = _judge.Judge(server, unit, data, isQuiet);
        if (admission == Admission.Go)
        {
            Note(unit, data, isQuiet);
        }
        // Whether it would be refused at all depends on how what came before it ends.
        return admission == Admission.Refuse && !isQuiet && unit.IsQuery ? Admission.Wait : admission;
    }

    /// <summary>What is not read as a unit yet, or never; null if the next one is.</summary>
    private Admission? AwaitOrSkip(ServerConnection server, ReadOnlySpan<byte> data, bool isQuiet, ref int length)
    {
        if (_pipeline.IsEndLast && !isQuiet)
        {
            // What comes behind the end is in no transaction of this server's, and may be for others.
            return Admission.Wait;
        }
        if (!server.Responses.IsSkippingToSync)
        {
            return null;
        }
        length = _pipeline.Skip(data);
        return length > 0 ? Admission.Go : Admission.Wait;
    }

    private Admission AdmitPart(ServerConnection server, ReadOnlySpan<byte> data, bool isQuiet, out int length)
    {
        Admission admission = _pipeline.Admit(server, data, isQuiet, out Unit part);
        length = part.Length;
        if (admission == Admission.Go)
        {
            Note(part, data, isQuiet);
        }
        return admission;
    }

    /// <summary>
    /// The server that was just taken is to know of the transaction. False when it could not be told.
    /// </summary>
    public async ValueTask<bool> OpenAsync(ServerConnection server)
    {
        _move.Deferred = Deferred.None;
        return await Branches.OpenAsync(server);
    }

    /// <summary>Does what <see cref="HasStep"/> tells of.</summary>
    public async ValueTask StepAsync()
    {
        _session.Park();
        NextStep step = _move.Step;
        _move.Step = NextStep.None;
        switch (step)
        {
            case NextStep.AwaitMap:
                _hasWaited = true;
                await FirstMap.AwaitAsync(_database, _session);
                break;
            case NextStep.AwaitResume:
                await DatabasePause.AwaitAsync(_session);
                break;
            case NextStep.Learn:
                await _reader.LearnAsync(_move.Text!);
                break;
            case NextStep.Resync:
                await Branches.ResyncAsync();
                break;
            case NextStep.Switch:
                await Branches.GoToAsync(_move.Target);
                break;
            case NextStep.Repeat:
                await Branches.RepeatAsync(_move.Text!);
                break;
            case NextStep.Spread:
                await SpreadAsync();
                break;
            case NextStep.Commit:
                await _work.CommitAsync(_move.Text!, _pipeline.EndedScript);
                break;
            case NextStep.FailOthers:
                await Branches.FailOthersAsync();
                break;
            case NextStep.Divide:
                _session.Inbox.Replace(_move.Target, _move.Text);
                _pipeline.BeginScript();
                break;
            case NextStep.CommitBatch:
                await _end.CommitAsync();
                break;
            case NextStep.FailBatch:
                await _end.FailAsync();
                break;
            case NextStep.RefuseBatch:
                await _end.RefuseAsync(_move.Refusal!);
                break;
            case NextStep.Announce or NextStep.CatchUp or NextStep.AwaitNames:
                await _schema.RunAsync(step);
                break;
            default:
                break;
        }
        _move.Text = null;
    }

    /// <summary>The transaction has failed on the server that the session looks at.</summary>
    public void NoteFailed()
    {
        if (_move.Step == NextStep.None)
        {
            _move.Step =
                _pipeline.IsActive ? NextStep.FailBatch
                : Branches.Any ? NextStep.FailOthers
                : NextStep.None;
        }
    }

    /// <summary>
    /// The transaction is over on the server that the session looks at, and the client is about to be told: others are
    /// told before of what has changed the schema.
    /// </summary>
    /// <param name="isQuiet">Nothing else has been sent there.</param>
    public void NoteIdle(bool isQuiet)
    {
        if (Branches.HasChangedSchema && _database.Schema is { } schema)
        {
            _ = schema.SettleAsync();
            if (isQuiet && !Branches.Any)
            {
                Branches.NoteSchemaSettled();
            }
        }
    }

    /// <summary>The session gives its server back.</summary>
    public void OnReleased() => BeginAnew();

    private async ValueTask SpreadAsync()
    {
        _schema.Reset();
        if (!await _spread.DivideAsync())
        {
            return;
        }
        bool isOwn = _session.Server is null && _move.Deferred == Deferred.None;
        if (isOwn && _spread.NeedsTransaction)
        {
            Branches.Opening.Add("BEGIN"u8);
            _move.Deferred = Deferred.Own;
        }
        await _spread.RunAsync(isOwn);
        _move.Deferred = Deferred.None;
        if (_pipeline.IsOwn && _session is { End: null, Server.IsDying: true })
        {
            // A shard that is lost in a batch's own transaction is not the session's end.
            await _end.FailAsync();
        }
    }

    private void Note(in Unit unit, ReadOnlySpan<byte> data, bool isQuiet = true)
    {
        _cross.Tell(unit, isQuiet);
        _pipeline.Note(unit);
        IsInScript = unit.IsInScript;
        _schema.Reset();
        _reader.NotePortals(data, Branches.Current);
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

    /// <summary>Answers a unit of transaction control in the proxy. False if it has something else in it.</summary>
    private bool Answer(ReadOnlySpan<byte> unit, ReadOnlySpan<byte> tag, Deferred next, bool isInScript = false)
    {
        TransactionStatus status = next == Deferred.Begun ? TransactionStatus.InTransaction : TransactionStatus.Idle;
        if (!ControlAnswer.TrySend(unit, tag, status, _session, isInScript))
        {
            return false;
        }
        _move.Deferred = next;
        if (next == Deferred.None)
        {
            BeginAnew();
        }
        return true;
    }
}
