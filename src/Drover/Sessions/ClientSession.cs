// One logged-in client: the turn loop that moves its messages and the server it may hold meanwhile.
using System.Runtime.ExceptionServices;
using Drover.Configuration;
using Drover.Pooling;
using Drover.Pooling.Servers;
using Drover.Pooling.Statements;
using Drover.Protocol.Messages.Backend;
using Drover.Sessions.Relay;
using Drover.Sessions.Sharded;
using Drover.Sql;
using Drover.Telemetry;
using Drover.Transport;

namespace Drover.Sessions;

/// <summary>
/// A client's session. Everything here runs on the session's loop, so nothing is locked; other threads only read it for
/// SHOW.
/// </summary>
/// <remarks>
/// A turn: 1. flush what the kernel did not take; 2. relay what the server said; 3. give the server back if its work is
/// done; 4. forward what the client said; until nothing moves, then wait. Each of these is synchronous and bounded;
/// whatever must wait (a server, a changed setting) is a separate step of <see cref="ServeAsync"/>. Its wake-up takes
/// turn after turn without resuming it, until there is such a step.
/// </remarks>
internal sealed class ClientSession : ITurnTaker
{
    /// <summary>A usual query takes no more rounds than this, and is spared a look at the settings.</summary>
    private const int RoundsBeforeLook = 4;

    private readonly FrontendRelay _frontend;
    private readonly BackendRelay _backend;
    private readonly SessionLease _lease;
    private readonly ILoopTicker _ticker;
    private Progress? _step;
    private ExceptionDispatchInfo? _defect;

    public ClientSession(
        ClientIdentity identity,
        Connection client,
        Inbox inbox,
        Outbox outbox,
        Wakeup wakeup,
        ServerPool pool,
        ILoopTicker ticker
    )
    {
        _ticker = ticker;
        Identity = identity;
        Client = client;
        Inbox = inbox;
        Outbox = outbox;
        Wakeup = wakeup;
        Pool = pool;
        Terms = pool.Configuration;
        Traffic = pool.Traffic(client.Loop);
        Waiter = new PoolWaiter(client.Loop, wakeup);
        _lease = new SessionLease(this);
        _backend = new BackendRelay(this);
        _frontend = new FrontendRelay(this, _backend);
    }

    public ClientIdentity Identity { get; }

    public Connection Client { get; }

    public EventLoop Loop => Client.Loop;

    public Inbox Inbox { get; }

    public Outbox Outbox { get; }

    public Wakeup Wakeup { get; }

    /// <summary>
    /// Where its servers come from. Of a sharded database, the pool of the shard that it is about to use.
    /// </summary>
    public ServerPool Pool { get; private set; }

    /// <summary>How it finds its shard; null where the database is one server.</summary>
    public ShardSession? Shards { get; set; }

    /// <summary>Takes its servers from another pool of the same family, from the next one on.</summary>
    public void EnterPool(ServerPool pool)
    {
        if (pool != Pool)
        {
            Pool = pool;
            Traffic = pool.Traffic(Loop);
        }
    }

    /// <summary>Bytes of messages that it may have to hold at once.</summary>
    public int InboxBytesMax => Shards?.UnitBytesMax ?? Pool.Configuration.ClientBufferMax;

    /// <summary>What is done with the answer to a simple query or a Sync.</summary>
    public ExpectedAction ReadyAction => Shards is { IsInScript: true } ? ExpectedAction.Part : ExpectedAction.Forward;

    /// <summary>What its client is told of its transaction while it has no server.</summary>
    public TransactionStatus RestStatus => Shards?.RestStatus ?? TransactionStatus.Idle;

    public PoolWaiter Waiter { get; }

    /// <summary>The server it holds; null between transactions.</summary>
    public ServerConnection? Server { get; set; }

    public ClientState State { get; set; } = ClientState.Idle;

    /// <summary>Its start-up parameters in the server's spelling: what RESET goes back to.</summary>
    public ParameterSet Startup { get; set; } = ParameterSet.Empty;

    /// <summary>What its session is to hold, start-up parameters included.</summary>
    public ParameterSet Settings { get; set; } = ParameterSet.Empty;

    /// <summary>Parameters as it was last told.</summary>
    public ParameterSet Reported { get; set; } = ParameterSet.Empty;

    /// <summary>Its prepared statements; null until the first.</summary>
    public ClientStatements? Statements { get; set; }

    /// <summary>Its unnamed statement; null until the first.</summary>
    public UnnamedStatement? Unnamed { get; set; }

    /// <summary>What the statements of this lease may have done to the session.</summary>
    public StatementTraits Traits { get; set; }

    /// <summary>Names in its texts that may be custom settings; null until the first.</summary>
    public HashSet<string>? CustomNames { get; private set; }

    /// <summary>Looks for names of custom settings in what may set one.</summary>
    public void NoteNames(ReadOnlySpan<byte> text) =>
        CustomSettingNames.Collect(text, CustomNames ??= new HashSet<string>(StringComparer.OrdinalIgnoreCase));

    /// <summary>Names that tell, as they were when this lease began; null when there are none.</summary>
    public TellingNames? Names { get; set; }

    /// <summary>The catalogs have changed during this lease: what was sent may have done more than it said.</summary>
    public bool HasNewNames => !ReferenceEquals(Names, Pool.Database.Telling.Names);

    /// <summary>
    /// It may have set a custom parameter of unknown name: nobody can ask for it, so nobody else gets its server.
    /// </summary>
    public bool HasNamelessSettings { get; set; }

    /// <summary>Why it keeps its server between transactions.</summary>
    public PinReason Pins { get; set; }

    /// <summary>When its state last changed, in milliseconds of the loop's clock.</summary>
    public long StateSinceMs { get; set; }

    /// <summary>When the query in progress began, in microseconds; 0 when none is.</summary>
    public long QueryStartUs { get; set; }

    /// <summary>When the transaction in progress began, in microseconds.</summary>
    public long TransactionStartUs { get; set; }

    /// <summary>When the query in progress began, in milliseconds of the loop's clock.</summary>
    public long QueryStartMs { get; set; }

    /// <summary>How long the query in progress waited for its server, in milliseconds: it counts as its time.</summary>
    public long QueryWaitMs { get; set; }

    /// <summary>When the transaction in progress began, in milliseconds of the loop's clock.</summary>
    public long TransactionStartMs { get; set; }

    /// <summary>When it last got a server, in milliseconds of the loop's clock.</summary>
    public long RequestMs { get; set; }

    /// <summary>The process ID that it has for cancel requests.</summary>
    public int ProcessId { get; set; }

    /// <summary>A cancel request came while it waited for a server.</summary>
    public bool IsCancelRequested { get; set; }

    /// <summary>Why it is to end; set by its connection or by a relay.</summary>
    public SessionEnd? End { get; set; }

    /// <summary>It has been told that it waits.</summary>
    public bool WasNotifiedOfWait { get; set; }

    /// <summary>Its pool's counters on its loop.</summary>
    public TrafficCounters Traffic { get; private set; }

    /// <summary>
    /// The pool's configuration when it took its server: pool mode, and what depends on it, stay as they are until
    /// the server is given back, whatever a reload changes meanwhile.
    /// </summary>
    public PoolConfiguration Terms { get; set; }

    public PoolMode Mode => Terms.Mode;

    /// <summary>
    /// Serves the client until it leaves or is made to. The caller cleans up with <see cref="LeaveAsync"/>.
    /// </summary>
    public async Task<SessionEnd> ServeAsync()
    {
        for (; ; )
        {
            Progress step = _step ?? Advance();
            _step = null;
            switch (step)
            {
                case Progress.Wait:
                    Rest();
                    Wakeup.Turns = this;
                    await Wakeup;
                    Wakeup.Turns = null;
                    _defect?.Throw();
                    break;
                case Progress.Yield:
                    Park();
                    await Task.Yield();
                    break;
                case Progress.NeedServer:
                    if (!await _lease.AcquireAsync())
                    {
                        if (End is not null || !IsCancelRequested)
                        {
                            return End ?? SessionEnd.ClientLost;
                        }
                        IsCancelRequested = false;
                        Shards?.NoteRefused();
                        _frontend.RefuseBatch();
                    }
                    break;
                case Progress.NeedRestore:
                    await _lease.RestoreStartupAsync();
                    _backend.SendHeldReady();
                    break;
                case Progress.NeedProbe:
                    await _lease.SettleAsync();
                    break;
                case Progress.NeedShards:
                    await Shards!.StepAsync();
                    break;
                default:
                    return End ?? SessionEnd.ClientLost;
            }
        }
    }

    /// <inheritdoc/>
    public bool TakeTurn()
    {
        try
        {
            Progress step = Advance();
            if (step == Progress.Wait)
            {
                Rest();
                return false;
            }
            _step = step;
        }
        catch (Exception bug)
        {
            // One client's misfortune ends that client, not the loop that turns.
            _defect = ExceptionDispatchInfo.Capture(bug);
        }
        return true;
    }

    /// <summary>Gives back or closes what the client held; after it nothing of it is left on a server.</summary>
    public async Task LeaveAsync()
    {
        State = ClientState.Closed;
        Statements?.Clear();
        await _lease.LeaveAsync();
    }

    /// <summary>Takes a server now, as session mode does at login. False when the client has to go.</summary>
    public ValueTask<bool> AcquireAsync() => _lease.AcquireAsync();

    /// <summary>Gives the server back once what its work may have left is known.</summary>
    public ValueTask SettleAsync() => _lease.SettleAsync();

    /// <summary>Gives the server back now: it is quiet and as the session's settings say.</summary>
    public void ReleaseNow() => _lease.Release();

    /// <summary>Passes over bytes of the client's that are the rest of a message which nobody wants.</summary>
    public void Ignore(long bytes) => _frontend.Ignore(bytes);

    /// <summary>Answers what the client has sent, up to its next Sync or simple query, with an error.</summary>
    public void Refuse(Routing.RouteRefusal why) => _frontend.RefuseBatch(why);

    /// <summary>Passes over what the client sends up to its next Sync, which is answered.</summary>
    public void SkipToSync() => _frontend.SkipToSync();

    /// <summary>The client has part of a message: an error told now would be read as its rest.</summary>
    public bool IsInMessage => _backend.IsInMessage;

    /// <summary>Takes leftovers out of the loop's scratch buffers; before every await.</summary>
    public void Park()
    {
        Inbox.Park();
        Server?.Inbox.Park();
    }

    private Progress Advance()
    {
        for (int rounds = 0; ; rounds++)
        {
            if (rounds >= RoundsBeforeLook && IsOthersTurn(rounds))
            {
                return Progress.Yield;
            }
            if (Outbox.Pending > 0 && !Outbox.Flush(Client))
            {
                End ??= SessionEnd.ClientLost;
            }
            bool moved = false;
            if (End is null && Server is { } server && PumpServer(server, ref moved) is { } step)
            {
                return step;
            }
            if (End is not null)
            {
                return Progress.Ended;
            }
            if (Pool.Database.IsSuspended)
            {
                return Progress.Wait;
            }
            bool mayRead =
                Outbox.Pending <= SessionLimits.UnreadAnswerBytesMax && (Server is null || Server.Outbox.Pending == 0);
            if (mayRead && PumpClient(ref moved) is { } needed)
            {
                return needed;
            }
            if (End is null && !(moved && MayGoOn()))
            {
                return Progress.Wait;
            }
        }
    }

    /// <summary>Whether another round could find something: most turns end here, with both sockets drained.</summary>
    private bool MayGoOn() =>
        Inbox.Count > 0
        || Client.IsReadable
        || (Server is { } server && (server.Transport.IsReadable || (_backend.SawReady && MayRelease(server))));

    /// <summary>
    /// After sbuf_loopcnt buffers the other connections of the loop get their turn, and this one the next after them.
    /// </summary>
    private bool IsOthersTurn(int rounds)
    {
        int limit = Pool.Configuration.Options.Proxy.Network.SbufLoopcnt;
        return limit > 0 && rounds >= limit;
    }

    /// <summary>The server's side of a turn, up to giving it back. A step when the turn has to stop for it.</summary>
    private Progress? PumpServer(ServerConnection server, ref bool moved)
    {
        if (server.Outbox.Pending > 0 && !server.Outbox.Flush(server.Transport))
        {
            _backend.OnSendFailed();
            return null;
        }
        if (Outbox.Pending > 0 || Pool.Database.IsSuspended)
        {
            return null;
        }
        moved = _backend.Pump();
        if (_backend.NeedsReplay)
        {
            _backend.NeedsReplay = false;
            _frontend.Replay(server);
            return null;
        }
        if (_backend.HasHeldReady)
        {
            return Progress.NeedRestore;
        }
        if (End is null && _backend.SawReady && MayRelease(server))
        {
            _backend.SawReady = false;
            bool mustLook =
                (Traits & ~StatementTraits.SetsLocalPath) != StatementTraits.None
                || Pins != PinReason.None
                || server.CloseNeeded
                || HasNewNames
                || Shards is { Branches.Any: true };
            if (mustLook || Pool.Configuration.Options.Proxy.Server.ServerResetQueryAlways)
            {
                return Progress.NeedProbe;
            }
            _lease.Release();
            moved = true;
        }
        return null;
    }

    /// <summary>The client's side of a turn. A step when the turn has to stop for it.</summary>
    private Progress? PumpClient(ref bool moved)
    {
        FrontendProgress progress = _frontend.Pump();
        moved |= progress != FrontendProgress.Nothing;
        if (progress == FrontendProgress.NeedServer)
        {
            if (Shards is { } shards && !Chooses(shards, ref moved))
            {
                return shards.HasStep ? Progress.NeedShards : null;
            }
            if (!_lease.TryAcquireNow())
            {
                return Progress.NeedServer;
            }
            _frontend.Forward(Server!);
        }
        return Shards is { HasStep: true } ? Progress.NeedShards : null;
    }

    /// <summary>Whether there is a pool to take a server from for what the client sent.</summary>
    private bool Chooses(ShardSession shards, ref bool moved)
    {
        switch (shards.Choose(Inbox.Data))
        {
            case Admission.Go:
                return true;
            case Admission.Refuse:
                _frontend.RefuseBatch(shards.Refusal!);
                moved = true;
                return false;
            case Admission.Answered:
                moved = true;
                return false;
            default:
                return false;
        }
    }

    /// <summary>The end of a turn: nothing is left in the loop's buffers, and the loop may ask it to move.</summary>
    private void Rest()
    {
        Park();
        if (Loop.ShedTo is not null && MayMove())
        {
            // Not from within a turn: what follows it would run on this loop, and the next one already on the other.
            Loop.Post(static state => ((ClientSession)state!).MoveIfAsked(), this);
        }
    }

    /// <summary>Whether it waits for its client only, and holds nothing that is tied to its loop.</summary>
    private bool MayMove() => Server is null && Inbox.Count == 0 && Outbox.Pending == 0 && End is null;

    private void MoveIfAsked()
    {
        bool waits = Wakeup is { IsAwaited: true, IsCompleted: false } && Wakeup.Turns == this;
        if (Loop.IsCurrent && Loop.ShedTo is { } target && target != Loop && waits && MayMove() && Loop.TryTakeShed())
        {
            Move(target);
        }
    }

    /// <summary>Leaves this loop for another; its next turn is there.</summary>
    private void Move(EventLoop target)
    {
        Loop.Remove(_ticker);
        Client.Detach(target);
        Waiter.Loop = target;
        target.Post(
            static state =>
            {
                (ClientSession session, EventLoop loop) = ((ClientSession, EventLoop))state!;
                if (session.State == ClientState.Closed)
                {
                    return;
                }
                session.Client.Attach(loop);
                session.Traffic = session.Pool.Traffic(loop);
                loop.Add(session._ticker);
                session.Wakeup.Signal();
            },
            (this, target)
        );
    }

    private bool MayRelease(ServerConnection server) =>
        server.IsQuiet && !_frontend.IsInMessage && !_backend.IsInCopy && Mode != PoolMode.Session;

    private enum Progress
    {
        Wait,
        Yield,
        NeedServer,
        NeedRestore,
        NeedProbe,
        NeedShards,
        Ended,
    }
}
