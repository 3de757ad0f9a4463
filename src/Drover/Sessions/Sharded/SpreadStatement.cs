// A statement that several shards run, from its admission until it runs.
using Drover.Pooling.Servers;
using Drover.Routing;
using Drover.Sessions.Relay;
using Drover.Sessions.Sharded.Copying;
using Drover.Sessions.Sharded.Declaring;
using Drover.Sessions.Sharded.Explaining;
using Drover.Sessions.Sharded.Merging;
using Drover.Sessions.Sharded.Moving;
using Drover.Sessions.Sharded.Statistics;
using Drover.Sessions.Sharded.Units;
using Drover.Sql;

namespace Drover.Sessions.Sharded;

/// <summary>Holds one while the session's steps for it are taken.</summary>
internal sealed class SpreadStatement(
    ClientSession session,
    ShardedDatabaseState database,
    Branches branches,
    UnitReader reader,
    SpreadWork work,
    StatementWatch watch,
    ShardPools pools,
    Func<ServerConnection, Task> cancel
)
{
    private readonly CopyWork _copies = new(session, branches, work, cancel);
    private readonly ScatterWork _scatters = new(session, branches, work, database, cancel);
    private readonly ExplainWork _explains = new(session, branches, work, cancel);
    private readonly MoveWork _moves = new(session, branches, work, cancel);
    private readonly DeclareWork _declares = new(session, database, pools, work);
    private StatementCall? _call;
    private Unit _unit;
    private SplitInsert? _split;
    private bool _isIndivisible;

    /// <summary>It is committed on all shards or on none; else each does it for itself.</summary>
    public bool NeedsTransaction =>
        _unit is { Scatter: null, Declared: null, Spreads: true }
        && _unit.Plan!.Spread != Spread.AlikeWithoutTransaction
        && (_unit.Explain is null || _unit.Writes);

    /// <summary>Takes one; null when it may run, else why not.</summary>
    /// <param name="unit">The unit.</param>
    /// <param name="data">From its start.</param>
    /// <param name="isInTransaction">The client has begun a transaction.</param>
    public RouteRefusal? Take(in Unit unit, ReadOnlySpan<byte> data, bool isInTransaction)
    {
        if (_isIndivisible)
        {
            _isIndivisible = false;
            return ShardRefusals.Across(unit.Route);
        }
        bool isPart = unit.IsInScript || (!unit.IsQuery && !unit.EndsWithSync);
        _call = unit.Explain?.Call ?? unit.Scatter?.Call ?? StatementCall.Read(data[..unit.Length], session, isPart);
        _unit = unit;
        bool isRead = unit.Scatter is not null || unit is { Explain: not null, Writes: false };
        return unit.Declared is not null && _call is null ? ShardRefusals.DeclarationAlone
            : unit.Declared is not null ? _declares.Refuse(isInTransaction)
            : _call is null ? ShardRefusals.SeveralShardsInOneBatch
            // It is where it is to run.
            : !unit.Spreads ? null
            : !isInTransaction && !isPart && unit.Plan!.Statements is [{ NodeName: "LockStmt" }]
                ? ShardRefusals.LockOutsideTransaction
            : unit.Explain is { Text.Format: ExplainFormat.Other } ? ShardRefusals.ExplainFormat
            : database.Decisions is null && !isRead ? ShardRefusals.Across(unit.Route)
            : isInTransaction && !NeedsTransaction && !isRead ? ShardRefusals.NotInTransaction
            : isRead && branches.Opening.HidesNames(database.Facts) && unit.Plan!.HasShortNames
                ? ShardRefusals.PathInTransaction
            : isInTransaction && (branches.Opening.IsEmpty || branches.Opening.CannotRepeat)
                ? ShardRefusals.OpeningCannotRepeat
            : null;
    }

    /// <summary>Divides an INSERT's rows. False if they cannot be: the next look at the unit refuses it.</summary>
    public async ValueTask<bool> DivideAsync()
    {
        bool divides = _unit is { Spreads: true, Move: null, Plan.Spread: Spread.Split };
        _split = divides ? await SplitInsert.MakeAsync(_unit.Explain?.Query ?? _call!, reader) : null;
        _isIndivisible = divides && _split is null;
        return !_isIndivisible;
    }

    /// <summary>Runs it, and answers the client.</summary>
    /// <param name="isOwn">The client has begun no transaction: it is one of its own.</param>
    public async ValueTask RunAsync(bool isOwn)
    {
        KeepUnnamed();
        long startUs = session.Loop.NowUs;
        IReadOnlyList<int> shards = _split?.Shards ?? (IReadOnlyList<int>)_unit.Route.Numbers;
        if (_unit.Declared is { } declared)
        {
            await _declares.RunAsync(declared, _call!);
        }
        else if (_unit.Explain is not null)
        {
            await _explains.RunAsync(_unit, _split, isOwn, NeedsTransaction);
        }
        else if (_unit.Scatter is { } scatter)
        {
            await _scatters.RunAsync(scatter, shards, isOwn);
        }
        else if (_unit.Move is not null)
        {
            await _moves.RunAsync(_call!, _unit, isOwn, reader.Conforms);
        }
        else if (_unit.Plan!.Copy is { } copy)
        {
            await _copies.RunAsync(_call!, copy, shards, isOwn);
        }
        else
        {
            await work.RunAsync(_call!, _unit, shards, isOwn, _split);
        }
        if (_unit is { Explain: null, Declared: null })
        {
            watch.NoteSpread(_unit, shards.Count, startUs);
        }
        _call = null;
        _split = null;
        _unit = default;
    }

    /// <summary>No server of the client's has its unnamed statement: who binds it again has it made then.</summary>
    private void KeepUnnamed()
    {
        if (_call is { IsQuery: true } || !session.Terms.SharesStatements)
        {
            session.Unnamed?.Forget();
        }
        else if (_call is { ReplacesUnnamed: true })
        {
            StatementTraits traits = StatementScanner.Scan(_call.Text.Span, session.Names);
            session.Unnamed ??= new UnnamedStatement();
            session.Unnamed.Keep(_call.ParseBody(), traits, session.Names);
        }
    }
}
