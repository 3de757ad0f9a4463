// Reads what a client asks for between two points where PostgreSQL would answer, and which shard that needs.
using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using Drover.Pooling.Statements;
using Drover.Protocol.Framing;
using Drover.Protocol.Messages.Backend;
using Drover.Protocol.Messages.Frontend;
using Drover.Routing;
using Drover.Routing.Keys;
using Drover.Routing.Schemas;
using Drover.Routing.Transactions;
using Drover.Sessions.Sharded.Cursors;
using Drover.Sessions.Sharded.Explaining;
using Drover.Sessions.Sharded.Merging;
using Drover.Sql;
using Drover.Sql.Shapes;

namespace Drover.Sessions.Sharded.Units;

/// <summary>
/// Reads units without forwarding anything. One per session; allocates nothing for what the router knows.
/// </summary>
/// <param name="session">The client's.</param>
/// <param name="router">Knows where statements run.</param>
/// <param name="movesKeys">Whether an UPDATE may move rows to the shard of another key.</param>
internal sealed class UnitReader(ClientSession session, StatementRouter router, Func<bool> movesKeys)
{
    private readonly TextTerms _terms = new(session);
    private readonly List<(Range Name, Range Text, Range Types)> _parsed = [];
    private readonly UnitPortals _portals = new(session);
    private uint[] _types = [];
    private readonly List<(byte[] Text, LearntStatement Statement)> _learnt = [];

    /// <summary>The session's standard_conforming_strings.</summary>
    public bool Conforms => _terms.Conforms;

    /// <summary>The unit that was read last runs on a shard: its portals and cursors are there.</summary>
    public void NotePortals(ReadOnlySpan<byte> data, int shard) => _portals.Note(data, shard);

    /// <summary>Bytes of the whole messages up to and with the first Sync.</summary>
    public static int LengthToSync(ReadOnlySpan<byte> data)
    {
        int length = 0;
        byte type = 0;
        while (
            type != FrontendType.Sync
            && MessageHeader.TryRead(data[length..], out MessageHeader header) == FrameStatus.Complete
            && header.Length <= data.Length - length
        )
        {
            type = header.Type;
            length += header.Length;
        }
        return length;
    }

    /// <summary>Reads the unit at the start of these bytes, which begin with a message.</summary>
    public Unit Read(ReadOnlySpan<byte> data) => Read(data, Extent.Unit);

    /// <summary>
    /// Reads no more than one statement: up to its Execute, or to what belongs to another. A Sync or Flush is a part by
    /// itself, but behind COMMIT and ROLLBACK.
    /// </summary>
    /// <param name="data">From the start of a message.</param>
    /// <param name="isScript">The statements of a simple query are taken apart, each a query of its own.</param>
    public Unit ReadPart(ReadOnlySpan<byte> data, bool isScript = false)
    {
        Unit part = Read(data, isScript ? Extent.Script : Extent.Part);
        part.IsInScript = isScript && part.IsQuery;
        bool isNamed = part is { IsWhole: true, HasBind: true } && _parsed.Exists(static one => !IsEmpty(one.Name));
        if (isNamed && part.Route.Kind is RouteKind.Many or RouteKind.All or RouteKind.Refused)
        {
            // What several servers run is not kept by them under a name.
            part = Read(data, Extent.Named);
        }
        if (part is { IsWhole: true, Control: TransactionControl.Commit or TransactionControl.Rollback })
        {
            AddSync(ref part, data);
        }
        return part;
    }

    private static bool IsEmpty(Range name) => name.Start.Equals(name.End);

    private static void AddSync(ref Unit part, ReadOnlySpan<byte> data)
    {
        if (MessageHeader.TryRead(data[part.Length..], out MessageHeader next) != FrameStatus.Complete)
        {
            part.IsWhole = false;
        }
        else if (next.Type == FrontendType.Sync && !part.IsInScript)
        {
            part.Length += next.Length;
            part.EndsWithSync = true;
        }
        else if (next.Type != FrontendType.Sync)
        {
            part.Route = Route.Refused(ShardRefusals.MixedControl);
        }
    }

    private Unit Read(ReadOnlySpan<byte> data, Extent extent)
    {
        _parsed.Clear();
        _portals.Clear();
        Unit unit = new() { IsPrelude = true, Route = Route.Any };
        while (unit is { IsWhole: false, Unknown: null } && unit.Length < data.Length)
        {
            bool isThere =
                MessageHeader.TryRead(data[unit.Length..], out MessageHeader header) == FrameStatus.Complete
                && header.Length <= data.Length - unit.Length;
            if (!isThere || header.Type == FrontendType.Terminate)
            {
                // What a client sent before it left is run all the same.
                unit.IsWhole = isThere;
                break;
            }
            if (extent != Extent.Unit && EndsBefore(unit, header.Type, extent))
            {
                unit.IsWhole = true;
                break;
            }
            Add(ref unit, header.Type, data, new Range(unit.Length + MessageHeader.Size, unit.Length + header.Length));
            unit.Length += header.Length;
            unit.IsWhole |= extent != Extent.Unit && header.Type == FrontendType.Execute;
        }
        ChargeUnbound(ref unit, data);
        if (unit.Unknown is null)
        {
            _learnt.Clear();
        }
        bool isPart = extent == Extent.Script || (extent != Extent.Unit && !unit.IsQuery);
        if (unit is { Declared: not null, IsSeveral: true })
        {
            unit.Route = Route.Refused(ShardRefusals.DeclarationAlone);
        }
        if (unit is { IsWhole: true, IsSeveral: false, Explained: { } explained })
        {
            unit.Explain = ExplainCall.Make(data[..unit.Length], explained, session, isPart);
        }
        bool mayScatter =
            unit is { IsWhole: true, IsSeveral: false, Writes: false, Plan.Merge: not null }
            && unit.Route.Kind is RouteKind.Many or RouteKind.All;
        if (mayScatter)
        {
            StatementCall? call = unit.Explain?.Query ?? StatementCall.Read(data[..unit.Length], session, isPart);
            unit.Scatter = ScatterCall.Make(call, unit.Plan!.Merge!, session, _terms.Conforms);
        }
        return unit;
    }

    /// <summary>A message is not of the part that is being read.</summary>
    private bool EndsBefore(in Unit part, byte type, Extent extent) =>
        part.Length > 0
        && type switch
        {
            FrontendType.Parse or FrontendType.Describe or FrontendType.Execute or FrontendType.Close => false,
            FrontendType.Bind => part.HasBind
                || (extent == Extent.Named && _parsed is [.., var last] && !IsEmpty(last.Name)),
            _ => true,
        };

    private void Add(ref Unit unit, byte type, ReadOnlySpan<byte> data, Range body)
    {
        unit.Note(type, data[body]);
        switch (type)
        {
            case FrontendType.Query:
                unit.IsQuery = unit.Length == 0;
                unit.EndsWithQuery = true;
                unit.IsWhole = true;
                Range text = new(body.Start, body.End.Value - 1);
                unit.Text = text;
                Charge(ref unit, data[text], default);
                break;
            case FrontendType.Parse:
                NoteParsed(data, body);
                break;
            case FrontendType.Bind:
                AddBind(ref unit, data, body);
                break;
            case FrontendType.Execute or FrontendType.Describe or FrontendType.Close:
                if (_portals.PlaceOf(type, data, body) is { } place)
                {
                    unit.IsPlaced = true;
                    Merge(ref unit, Route.One(place));
                }
                break;
            case FrontendType.FunctionCall:
                unit.EndsWithQuery = true;
                unit.IsWhole = true;
                unit.Runs = true;
                unit.IsPrelude = false;
                unit.Writes = true;
                Merge(ref unit, Route.Home(router.Map!.Home.Number));
                break;
            case FrontendType.Sync:
                unit.IsWhole = true;
                unit.EndsWithSync = true;
                break;
            case FrontendType.Flush:
                unit.IsWhole = true;
                break;
            default:
                // Anything else goes where the rest goes.
                break;
        }
    }

    private void NoteParsed(ReadOnlySpan<byte> data, Range body)
    {
        if (Parse.TryRead(data[body], out Parse parse))
        {
            int text = body.Start.Value + parse.Name.Length + 1;
            int types = text + parse.Text.Length + 1 + sizeof(ushort);
            _parsed.Add((new(body.Start, text - 1), new(text, text + parse.Text.Length), new(types, body.End)));
        }
    }

    private void AddBind(ref Unit unit, ReadOnlySpan<byte> data, Range body)
    {
        unit.HasBind = true;
        if (!Bind.TryRead(data[body], out Bind bind))
        {
            return;
        }
        _portals.Add(body.Start.Value, bind.Portal.Length);
        for (int i = _parsed.Count - 1; i >= 0; i--)
        {
            if (data[_parsed[i].Name].SequenceEqual(bind.Statement))
            {
                unit.Text = _parsed[i].Text;
                unit.Prepared = null;
                Charge(ref unit, data[unit.Text], new BoundValues(bind.Remainder, Types(data[_parsed[i].Types])));
                return;
            }
        }
        ReadOnlySpan<byte> known = bind.Statement.IsEmpty
            ? session.Unnamed is { Exists: true } unnamed
                ? unnamed.Body
                : default
            : session.Statements?.Find(bind.Statement) is { } named
                ? named.Statement.Body
                : default;
        int text = known.IndexOf((byte)0);
        if (text >= 0)
        {
            unit.Text = default;
            unit.Prepared = WithoutParameters(bind);
            Charge(
                ref unit,
                known[..text],
                new BoundValues(bind.Remainder, Types(known[(text + 1 + sizeof(ushort))..]))
            );
        }
    }

    private PreparedStatement? WithoutParameters(in Bind bind) =>
        BindParameters.TryRead(bind.Remainder, out BindParameters parameters) && parameters.Values.Count == 0
            ? session.Statements?.Find(bind.Statement)?.Statement
            : null;

    /// <summary>Type OIDs as they are on the wire.</summary>
    private ReadOnlySpan<uint> Types(ReadOnlySpan<byte> bytes)
    {
        int count = bytes.Length / sizeof(uint);
        if (_types.Length < count)
        {
            _types = new uint[count];
        }
        for (int i = 0; i < count; i++)
        {
            _types[i] = BinaryPrimitives.ReadUInt32BigEndian(bytes[(i * sizeof(uint))..]);
        }
        return _types.AsSpan(0, count);
    }

    /// <summary>What is only prepared goes to any shard, unless it can run on none.</summary>
    private void ChargeUnbound(ref Unit unit, ReadOnlySpan<byte> data)
    {
        if (unit.Runs || unit.Unknown is not null)
        {
            return;
        }
        foreach ((_, Range text, _) in _parsed)
        {
            if (
                StatementStart.MayBe(data[text], "call"u8)
                && DeclarationCall.Read(data[text], _terms.Conforms) is not null
            )
            {
                // No server has the procedure: it could not be prepared.
                Merge(ref unit, Route.Refused(ShardRefusals.DeclarationAlone));
                continue;
            }
            if (!TryRoute(data[text], default, out StatementPlan? plan, out Route route))
            {
                unit.Unknown = data[text].ToArray();
                return;
            }
            route = UnboundRoute.Of(plan, route, route.Move is not null && movesKeys());
            if (route.Kind == RouteKind.Refused && plan.MayCoordinate)
            {
                plan.Normalized ??= NormalizedText.Of(data[text], _terms.Conforms);
                unit.Plan = plan;
            }
            Merge(ref unit, route);
        }
    }

    /// <summary>Learns a text that was found unknown; the next look finds it.</summary>
    public async ValueTask LearnAsync(byte[] text) =>
        _learnt.Add((text, await router.LearnAsync(text, _terms.SearchPath, _terms.Conforms)));

    /// <summary>The route of a text with a call's values.</summary>
    public async ValueTask<Route> RouteAsync(byte[] text, StatementCall call) =>
        TryRoute(text, call, out Route route)
            ? route
            : Resolve(await router.LearnAsync(text, _terms.SearchPath, _terms.Conforms), text, call);

    private bool TryRoute(byte[] text, StatementCall call, out Route route) =>
        router.TryRoute(
            text,
            _terms.SearchPath,
            new BoundValues(call.Values.Span, Types(call.Types.Span)),
            out _,
            out route,
            _terms.Conforms
        );

    private Route Resolve(LearntStatement learnt, byte[] text, StatementCall call) =>
        learnt.Resolve(text, new BoundValues(call.Values.Span, Types(call.Types.Span)));

    private bool TryRoute(
        ReadOnlySpan<byte> text,
        in BoundValues values,
        [NotNullWhen(true)] out StatementPlan? plan,
        out Route route
    )
    {
        if (router.TryRoute(text, _terms.SearchPath, values, out plan, out route, _terms.Conforms))
        {
            return true;
        }
        // What is not kept, as it is too large or has no shape, was learnt for this one unit.
        foreach ((byte[] learntText, LearntStatement learnt) in _learnt)
        {
            if (text.SequenceEqual(learntText))
            {
                plan = learnt.Plan;
                route = learnt.Resolve(text, values);
                return true;
            }
        }
        return false;
    }

    private void Charge(ref Unit unit, ReadOnlySpan<byte> text, in BoundValues values)
    {
        // The parser sees neither; by far the most statements begin otherwise, and are not looked at again.
        bool mayBeOurs = StatementStart.MayBe(text, "call"u8) || StatementStart.MayBe(text, "explain"u8);
        if (mayBeOurs && DeclarationCall.Read(text, _terms.Conforms) is { } declared)
        {
            unit.IsSeveral |= unit.Runs;
            unit.Runs = true;
            unit.IsPrelude = false;
            unit.Declared = declared;
            return;
        }
        ExplainText? explained = mayBeOurs ? ExplainText.Read(text, _terms.Conforms) : null;
        ReadOnlySpan<byte> statement = explained is null ? text : explained.Query;
        if (!TryRoute(statement, values, out StatementPlan? plan, out Route route))
        {
            unit.Unknown = statement.ToArray();
            return;
        }
        bool isOnlyPlanned = explained is { IsAnalyze: false };
        if (explained is { IsGeneric: true } && unit.IsQuery && plan.Statements.Any(static one => one.HasParameters))
        {
            // Without values any shard may plan it, and only as a simple query may it have none.
            route = Route.Any;
            explained = null;
        }
        unit.Explained = explained;
        if (route.Kind is RouteKind.Many or RouteKind.All or RouteKind.Refused || plan.Spread != Spread.None)
        {
            plan.Normalized ??= NormalizedText.Of(statement, _terms.Conforms);
        }
        unit.IsSeveral |= unit.Runs;
        if (plan.IsPrelude || plan.Control == TransactionControl.Begin)
        {
            unit.NotePrelude(plan.Control);
        }
        unit.Runs = true;
        unit.Plan = plan;
        NoteControl(ref unit, plan);
        NoteSession(ref unit, plan, text);
        unit.HasTwoPhase |= plan.IsTwoPhase;
        unit.IsPrelude &= plan.IsPrelude;
        unit.Writes |= plan.Writes && !isOnlyPlanned;
        unit.ChangesSchema |= plan.ChangesSchema && !isOnlyPlanned;
        Route placed =
            unit.SetsPath && plan.HasShortNames
                ? Route.Refused(ShardRefusals.PathInTransaction)
                : _portals.RouteOf(plan, route, ref unit);
        unit.SetsPath |= plan.SetsPath;
        Merge(
            ref unit,
            IsOfSession(plan) ? Route.Any
                : _terms.IsUtf8 ? WithMove(ref unit, placed)
                : Route.Refused(ShardRefusals.Encoding)
        );
    }

    /// <summary>Whether it may leave something in its session, where a transaction may go on to others.</summary>
    private void NoteSession(ref Unit unit, StatementPlan plan, ReadOnlySpan<byte> text)
    {
        bool isInTransaction =
            unit.Begins
            || session.Server is { Status: not TransactionStatus.Idle }
            || session.Shards is { HasOpening: true };
        if (!isInTransaction || plan.IsPrelude || plan.Control != TransactionControl.None)
        {
            return;
        }
        ReadOnlySpan<byte> rest = CursorText.Rest(plan, text, _terms.Conforms);
        StatementTraits traits = StatementScanner.Scan(rest, session.Names) & plan.TellingTraits;
        unit.TouchesSession |= traits != StatementTraits.None;
        unit.CallsSetter |=
            traits.HasFlag(StatementTraits.TouchesSession)
            && (
                session.Names?.Scan(rest).HasFlag(StatementTraits.TouchesSession) == true
                || plan.Statements.Any(static one => one.NodeName is "DoStmt" or "CallStmt")
            );
    }

    /// <summary>Rows that get another sharding key go to its shard, where the configuration has them.</summary>
    private Route WithMove(ref Unit unit, Route route)
    {
        if (route.Move is not { } move || unit.Explained is not null || !movesKeys())
        {
            return route;
        }
        unit.Move = move.From == move.To ? null : move;
        return unit.Move is null ? Route.One(move.To) : new Route(RouteKind.Many, 0, [move.From, move.To], null);
    }

    private static void NoteControl(ref Unit unit, StatementPlan plan)
    {
        unit.MixesControl |= plan.IsChain || (plan.EndsOrDivides && (unit.IsSeveral || plan.Statements.Length > 1));
        unit.MixesControl |= unit.IsSeveral && unit.HasControl;
        unit.HasControl |= plan.EndsOrDivides;
    }

    /// <summary>What is about the session is said wherever that is.</summary>
    private static bool IsOfSession(StatementPlan plan) =>
        plan.IsPrelude
        || plan.Control != TransactionControl.None
        || plan.Statements is [{ NodeName: "DeallocateStmt" or "ExecuteStmt" or "DiscardStmt" }];

    private void Merge(ref Unit unit, Route route)
    {
        if (unit.Route.Kind == RouteKind.Any)
        {
            unit.Route = route;
        }
        else if (route.Kind == RouteKind.Refused && unit.Route.Kind != RouteKind.Refused)
        {
            unit.Route = route;
        }
        else if (route.Kind != RouteKind.Any && unit.Route.Kind != RouteKind.Refused && !IsSame(unit.Route, route))
        {
            unit.Route = Route.Refused(ShardRefusals.SeveralShardsInOneBatch);
        }
    }

    private bool IsSame(Route one, Route other) =>
        one.Kind is RouteKind.Home or RouteKind.One
        && other.Kind is RouteKind.Home or RouteKind.One
        && session.Shards!.NumberOf(one) == session.Shards.NumberOf(other);

    /// <summary>How much is read.</summary>
    private enum Extent
    {
        /// <summary>Up to a Sync, a Flush or a simple query.</summary>
        Unit,

        /// <summary>One statement.</summary>
        Part,

        /// <summary>The same of a simple query that had several.</summary>
        Script,

        /// <summary>The same, but what prepares a statement under a name is by itself.</summary>
        Named,
    }
}
