// The servers of one transaction, when it has come to more than one shard.
using Drover.Pooling.Servers;
using Drover.Protocol;
using Drover.Protocol.Messages.Backend;
using Drover.Routing.Transactions;
using Drover.Sessions.Relay;
using Drover.Sessions.Sharded.Cursors;
using Drover.Sessions.Sharded.Units;
using Drover.Sql;

namespace Drover.Sessions.Sharded;

/// <summary>A server that waits in a transaction.</summary>
/// <param name="Shard">The shard's number.</param>
/// <param name="Server">The server.</param>
/// <param name="HasWritten">Its part of the transaction has written, or may have.</param>
internal readonly record struct Branch(int Shard, ServerConnection Server, bool HasWritten);

/// <summary>
/// The session looks at one server; the others wait here, each in its own transaction. A shard that the transaction
/// comes to later is told how it began (<see cref="Sharded.Opening"/>). One that was told nothing but that is left
/// again when the session goes elsewhere, so an ordinary transaction has one server.
/// </summary>
/// <param name="session">The client's.</param>
/// <param name="enter">Makes the session take its next server from a shard.</param>
/// <param name="spanning">Has the transaction while servers wait.</param>
/// <param name="cancel">Ends whatever runs for the client.</param>
internal sealed class Branches(
    ClientSession session,
    Action<int> enter,
    SpanningTransactions spanning,
    Func<Task> cancel
)
{
    private readonly Dictionary<int, Branch> _waiting = [];
    private SpanningTransaction? _spanning;
    private SpanningTransaction? _last;
    private bool _hasData;
    private bool _hasWritten;
    private int _openingMax = int.MaxValue;
    private bool _isRepeated;
    private bool _isLastPrelude;

    /// <summary>The transaction fails, so that others that wait for it can go on.</summary>
    public bool IsDeadlockVictim => _spanning is { IsBroken: true } || _last is { IsBroken: true };

    /// <summary>How the transaction began.</summary>
    public Opening Opening { get; } = new();

    /// <summary>Where the transaction's portals are.</summary>
    public PortalPlaces Portals { get; } = new();

    /// <summary>The number of the shard that the session looks at.</summary>
    public int Current { get; private set; }

    /// <summary>Something ran in it that may have changed the schema.</summary>
    public bool HasChangedSchema { get; private set; }

    /// <summary>Servers wait.</summary>
    public bool Any => _waiting.Count > 0;

    /// <summary>The transaction has written somewhere.</summary>
    public bool HasWritten => _hasWritten || _waiting.Values.Any(static branch => branch.HasWritten);

    /// <summary>The session takes its next server from a shard, and looks at it.</summary>
    public void Enter(int shard)
    {
        enter(shard);
        Current = shard;
    }

    /// <summary>Whether the transaction has written on another shard than this one.</summary>
    public bool HasWrittenElsewhere(int shard) =>
        (_hasWritten && Current != shard)
        || (Any && _waiting.Values.Any(branch => branch.HasWritten && branch.Shard != shard));

    /// <summary>Shards on which the transaction has written.</summary>
    public IReadOnlyList<Branch> Writers() => [.. All().Where(static branch => branch.HasWritten)];

    /// <summary>
    /// Whether the session can go to another shard: it is there already, or the opening can be repeated.
    /// </summary>
    public bool CanSwitch(int shard) => _waiting.ContainsKey(shard) || !(Opening.CannotRepeat || Opening.IsEmpty);

    /// <summary>The server of a shard that the transaction has come to.</summary>
    public ServerConnection ServerOf(int shard) =>
        shard == Current && session.Server is { } server ? server : _waiting[shard].Server;

    /// <summary>The shard of a server that the transaction has come to.</summary>
    public int ShardOf(ServerConnection server) =>
        session.Server == server ? Current : _waiting.Values.First(branch => branch.Server == server).Shard;

    /// <summary>Its transaction has failed somewhere.</summary>
    public bool IsFailed => All().Any(static branch => branch.Server.Status == TransactionStatus.Failed);

    /// <summary>Those that wait and are owed an answer by.</summary>
    public IEnumerable<ServerConnection> Busy =>
        _waiting.Values.Select(static branch => branch.Server).Where(static server => server.Responses.Count > 0);

    /// <summary>What is about to run on the server that the session looks at is data, and maybe written.</summary>
    public void NoteData(bool isWritten, bool changesSchema = false)
    {
        _hasData = true;
        _hasWritten |= isWritten;
        _isLastPrelude = false;
        HasChangedSchema |= changesSchema;
    }

    /// <summary>A unit was admitted that runs something.</summary>
    public void Note(in Unit unit, ReadOnlySpan<byte> data)
    {
        _isRepeated = false;
        // It goes to the server that is being taken by itself.
        _openingMax = session.Server is null && !Opening.IsEmpty ? Opening.Count : int.MaxValue;
        TransactionControl control = unit.Control;
        _isLastPrelude = unit.IsPrelude;
        HasChangedSchema |= unit.ChangesSchema;
        // What a text cannot say again, or what leaves something on this shard, keeps the transaction here.
        Opening.CannotRepeat |=
            unit.MixesControl || unit.MixesSettings || unit.TouchesSession || (unit.HasControl && !unit.IsPrelude);
        if (!unit.IsPrelude && control == TransactionControl.None)
        {
            NoteData(unit.Writes);
        }
        // A function may set it too: which one does is not known.
        if (unit is { SetsPath: true, IsPrelude: false } or { CallsSetter: true })
        {
            Opening.LosePath();
        }
        if (unit.Begins)
        {
            if (Opening.IsEmpty)
            {
                Opening.Add(unit.TextOfBegin(data));
            }
            // Else begun already: PostgreSQL warns and does nothing.
        }
        else if (unit.IsPrelude && !Opening.IsEmpty)
        {
            if (unit is { HasText: true, MixesSettings: false })
            {
                Opening.Add(unit.TextOf(data));
            }
            else
            {
                Opening.CannotRepeat = true;
            }
        }
    }

    /// <summary>The transaction has failed. What failed last may be among what would be repeated.</summary>
    public void NoteFailure() => Opening.CannotRepeat |= _isLastPrelude;

    /// <summary>
    /// A transaction that has failed holds no locks, wherever it was: those that wait are made to fail too.
    /// </summary>
    public async ValueTask FailOthersAsync()
    {
        foreach (Branch branch in _waiting.Values.ToArray())
        {
            await FailAsync(branch.Server);
        }
    }

    /// <summary>Has a server's transaction fail, if it has not.</summary>
    public async ValueTask FailAsync(ServerConnection server)
    {
        if (server is { Status: TransactionStatus.InTransaction, IsDying: false, Responses.Count: 0 })
        {
            byte[] failing = RefusedUnit.FailingText.ToArray();
            await ServerQuery.RunAsync(server, session.Wakeup, SessionProbe.Limit, failing);
        }
    }

    /// <summary>What was to be done on the waiting servers first is done.</summary>
    public bool TakeRepeated()
    {
        bool was = _isRepeated;
        _isRepeated = false;
        return was;
    }

    /// <summary>No transaction is under way on the server that the session looks at.</summary>
    public void BeginAnew()
    {
        Opening.Clear();
        Portals.Clear();
        _hasData = false;
        _hasWritten = false;
        _isRepeated = false;
        HasChangedSchema = false;
        NoteSpanning();
    }

    /// <summary>What changed the schema is over, and everybody has been told.</summary>
    public void NoteSchemaSettled() => HasChangedSchema = false;

    /// <summary>
    /// Tells a server that was just taken how the transaction began. False when the session must end.
    /// </summary>
    public async ValueTask<bool> OpenAsync(ServerConnection server)
    {
        int count = Math.Min(Opening.Count, _openingMax);
        _openingMax = int.MaxValue;
        for (int i = 0; i < count; i++)
        {
            ServerQueryResult result = await ServerQuery.RunAsync(
                server,
                session.Wakeup,
                SessionProbe.Limit,
                Opening[i].ToArray()
            );
            if (!result.IsGood)
            {
                session.End ??= result.Failure is { } failure
                    ? new SessionEnd(failure.Message, failure.SqlState) { Detail = failure.Detail, Hint = failure.Hint }
                    : Lost();
                return false;
            }
        }
        return true;
    }

    /// <summary>
    /// Looks at a shard from now on, and takes a server of it if there is none. False: the session ends.
    /// </summary>
    public async ValueTask<bool> GoToAsync(int shard)
    {
        if (session.Server is { } left)
        {
            if (shard == Current)
            {
                return true;
            }
            session.Server = null;
            if (_hasData)
            {
                _waiting.Add(Current, new Branch(Current, left, _hasWritten));
            }
            else
            {
                await EndAsync(left);
            }
        }
        Enter(shard);
        if (_waiting.Remove(shard, out Branch known))
        {
            session.Server = known.Server;
            _hasData = true;
            _hasWritten = known.HasWritten;
            NoteSpanning();
            return true;
        }
        _hasData = false;
        _hasWritten = false;
        if (!await session.AcquireAsync())
        {
            session.End ??= new SessionEnd("canceling statement due to user request", SqlState.QueryCanceled);
            return false;
        }
        NoteSpanning();
        // The first server of a transaction has been told when it was taken.
        return session.Server!.Status != TransactionStatus.Idle || await OpenAsync(session.Server);
    }

    /// <summary>Runs a text on all that wait: the session's own server gets it from the client.</summary>
    public async ValueTask RepeatAsync(byte[] text)
    {
        foreach (Branch branch in _waiting.Values)
        {
            ServerQueryResult result = await ServerQuery.RunAsync(
                branch.Server,
                session.Wakeup,
                SessionProbe.Limit,
                text
            );
            if (result.IsLost)
            {
                session.End ??= Lost();
            }
        }
        _isRepeated = true;
    }

    /// <summary>Ends a batch in which nothing has run yet, so that the session can go elsewhere.</summary>
    public async ValueTask ResyncAsync()
    {
        ServerConnection server = session.Server!;
        ServerQueryResult result = await ServerQuery.SyncAsync(server, session.Wakeup, SessionProbe.Limit);
        server.Responses.Clear();
        if (result.IsLost)
        {
            session.End ??= Lost();
        }
        else if (server.IsQuiet)
        {
            await session.SettleAsync();
        }
    }

    /// <summary>
    /// Ends what is left of the transaction on the server that the session looks at, and gives all back.
    /// </summary>
    public async ValueTask FinishAsync()
    {
        ServerConnection server = session.Server!;
        if (server is { IsDying: false } && server.Status != TransactionStatus.Idle)
        {
            await ServerQuery.RunAsync(server, session.Wakeup, SessionProbe.Limit, "ROLLBACK");
        }
        await session.SettleAsync();
    }

    /// <summary>
    /// The transaction is committed where it has written. Where it has only read, and the session looks, its COMMIT
    /// keeps what SET has set: the session's settings are read there.
    /// </summary>
    public async ValueTask KeepSettingsAsync()
    {
        if (session.Server is { IsDying: false, Status: TransactionStatus.InTransaction } server)
        {
            await ServerQuery.RunAsync(server, session.Wakeup, SessionProbe.Limit, "COMMIT");
        }
    }

    /// <summary>
    /// If the server that the session looks at is lost, it looks at one that is not, should any be left.
    /// </summary>
    public async ValueTask LeaveLostAsync()
    {
        bool isLost = session.Server is { IsDying: true };
        int living = isLost ? _waiting.Values.FirstOrDefault(static branch => !branch.Server.IsDying).Shard : Current;
        if (isLost && _waiting.TryGetValue(living, out Branch branch) && !branch.Server.IsDying)
        {
            _hasData = true;
            await GoToAsync(living);
        }
    }

    /// <summary>What names mean on the transaction's servers may have changed.</summary>
    public void ExpireNames()
    {
        foreach (Branch branch in All())
        {
            branch.Server.Pool.Database.Telling.Expire();
        }
    }

    /// <summary>Ends the transactions of all that wait. Those that wrote have been committed before.</summary>
    public async ValueTask CloseAsync()
    {
        Branch[] waiting = [.. _waiting.Values];
        _waiting.Clear();
        NoteSpanning();
        foreach (Branch branch in waiting)
        {
            await EndAsync(branch.Server);
        }
    }

    /// <summary>Servers wait, or none does any more: whoever looks for deadlocks has to know.</summary>
    private void NoteSpanning()
    {
        if (!Any)
        {
            if (_spanning is { } over)
            {
                over.End();
                spanning.Remove(over);
                _last = over.IsBroken ? over : null;
                _spanning = null;
            }
            return;
        }
        _spanning ??= new SpanningTransaction(cancel);
        bool looks = session.Server is not null;
        TransactionPlace[] places = new TransactionPlace[_waiting.Count + (looks ? 1 : 0)];
        int count = 0;
        foreach (Branch branch in _waiting.Values)
        {
            places[count++] = new TransactionPlace(branch.Shard, branch.Server.ProcessId);
        }
        if (looks)
        {
            places[count] = new TransactionPlace(Current, session.Server!.ProcessId);
        }
        _spanning.Places = places;
        spanning.Add(_spanning);
    }

    private IEnumerable<Branch> All() =>
        session.Server is { } server
            ? _waiting.Values.Append(new Branch(Current, server, _hasWritten)).OrderBy(static branch => branch.Shard)
            : _waiting.Values;

    private async ValueTask EndAsync(ServerConnection server)
    {
        session.Park();
        server.Inbox.Park();
        server.Transport.Observer = session.Wakeup;
        bool isClean = server is { IsDying: false, CloseNeeded: false, Responses.Count: 0 };
        if (isClean && server.Status != TransactionStatus.Idle)
        {
            ServerQueryResult result = await ServerQuery.RunAsync(
                server,
                session.Wakeup,
                SessionProbe.Limit,
                "ROLLBACK"
            );
            isClean = result.IsGood;
        }
        bool mayBeDirty = session.Traits != StatementTraits.None || session.HasNewNames || server.IsStateUnknown;
        if (isClean && mayBeDirty)
        {
            isClean = await SessionProbe.ResetAsync(server, session.Wakeup, "DISCARD ALL");
        }
        if (isClean && server.IsQuiet)
        {
            server.Pool.Release(server);
        }
        else
        {
            server.Pool.Discard(server, "unclean server: a transaction on several shards");
        }
    }

    private static SessionEnd Lost() => new("a shard closed the connection", SqlState.ConnectionFailure);
}
