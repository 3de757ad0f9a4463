// What is known of a text's routes before its values come.
using System.Collections.Immutable;
using Drover.Routing.Copying;
using Drover.Routing.Keys;
using Drover.Routing.Merging;
using Drover.Routing.Schemas;
using Drover.Routing.Transactions;
using Drover.Sql;
using Drover.Sql.Shapes;
using Drover.Sql.Statements;
using Drover.Topology;

namespace Drover.Routing;

/// <summary>
/// Of one text, which may have several statements. Made for one map and one state of the catalogs, and immutable
/// but for <see cref="Normalized"/>.
/// </summary>
internal sealed class StatementPlan : IShapeValue
{
    private readonly StatementDescription _description;
    private readonly ImmutableArray<StatementRule> _rules;

    internal StatementPlan(StatementDescription description, ImmutableArray<StatementRule> rules, TopologySnapshot map)
    {
        _description = description;
        _rules = rules;
        Map = map;
        Control = rules.Length == 1 ? TransactionControls.Of(rules[0].Facts) : TransactionControl.None;
        Writes = rules.Any(static rule => rule.Facts.Access != StatementAccess.Read);
        IsPrelude = rules.Length > 0 && rules.All(static rule => IsPreludeOf(rule.Facts));
        Place = PlaceOf(rules, map);
        NeedsParameters = rules.Any(static rule => rule.NeedsParameters);
        Spread = rules.Length == 1 ? SpreadRules.Of(rules[0]) : Spread.None;
        Copy = rules.Length == 1 ? rules[0].Copy : null;
        Merge = rules.Length == 1 ? rules[0].Merge : null;
        MayCoordinate = rules.Length == 1 && SpreadRules.MayCoordinate(rules[0].Facts);
        ChangesSchema = rules.Any(static rule => rule.ChangesSchema);
        HasShortNames = rules.Any(rule => IsShort(rule, map));
        SetsPath = rules.Any(rule => PathStatements.Sets(rule.Facts, map));
        HasUnknownNames = rules.Any(static rule => rule.HasUnknownNames);
        ReadsBehind = rules.Any(static rule => rule.ReadsBehind);
        IsTwoPhase = Statements.Any(TransactionControls.IsTwoPhase);
        IsChain = Statements.Any(TransactionControls.IsChain);
        EndsOrDivides = Statements.Any(TransactionControls.EndsOrDivides);
        bool setsSettings = Statements.Any(static one => one.NodeName is "VariableSetStmt" or "DiscardStmt");
        TellingTraits = ~(
            StatementTraits.ChangesCatalog | (setsSettings ? StatementTraits.None : StatementTraits.ResetsSettings)
        );
    }

    /// <summary>One, as a rule.</summary>
    public ImmutableArray<StatementFacts> Statements => _description.Statements;

    /// <summary>The map that it was made for.</summary>
    public TopologySnapshot Map { get; }

    /// <summary>What a text with one statement does to the transaction.</summary>
    public TransactionControl Control { get; }

    /// <summary>One of its statements is PREPARE TRANSACTION or the end of one.</summary>
    public bool IsTwoPhase { get; }

    /// <summary>One of its statements is COMMIT or ROLLBACK AND CHAIN.</summary>
    public bool IsChain { get; }

    /// <summary>One of its statements ends a transaction, or sets or goes back to a savepoint.</summary>
    public bool EndsOrDivides { get; }

    /// <summary>It writes, or may.</summary>
    public bool Writes { get; }

    /// <summary>It touches no data and only prepares what comes: SET, SHOW, SET CONSTRAINTS, SAVEPOINT.</summary>
    public bool IsPrelude { get; }

    /// <summary>How it writes on several shards, if its route is there.</summary>
    public Spread Spread { get; }

    /// <summary>What a COPY of a table on several shards is about; null of another statement.</summary>
    public CopyPlan? Copy { get; }

    /// <summary>How a read is put together of what several shards give, if its route is there.</summary>
    public MergePlan? Merge { get; }

    /// <summary>The coordinator can answer it, whatever its route.</summary>
    public bool MayCoordinate { get; }

    /// <summary>It may change what the coordinator has from the shards.</summary>
    public bool ChangesSchema { get; }

    /// <summary>
    /// The shard that has to be asked about it, whatever the values; 0 if any can be, -1 if none knows all its tables.
    /// </summary>
    public int Place { get; }

    /// <summary>The route depends on the values of Bind.</summary>
    public bool NeedsParameters { get; }

    /// <summary>The text without values, for statistics; null until they need it.</summary>
    public string? Normalized { get; set; }

    /// <summary>It names a table without its schema, or what else may be in a sharded one.</summary>
    public bool HasShortNames { get; }

    /// <summary>It sets, or may set, where names without a schema are looked for.</summary>
    public bool SetsPath { get; }

    /// <summary>It names what the catalogs do not have: they may have changed a moment ago.</summary>
    public bool HasUnknownNames { get; }

    /// <summary>What it names without a schema is behind a sharded schema on search_path, or hides what is.</summary>
    public bool ReadsBehind { get; }

    /// <inheritdoc/>
    public ReadOnlySpan<int> DecidingSlots => _description.DecidingSlots;

    /// <inheritdoc/>
    public int Bytes => _description.Bytes;

    /// <summary>
    /// Which marks of a scan of its words mean that its session may be touched: CREATE and DROP do not, nor does
    /// DEFAULT where it is a value and not a setting's.
    /// </summary>
    public StatementTraits TellingTraits { get; }

    /// <summary>Decides the route of a text of this shape.</summary>
    /// <param name="literals">The text at hand.</param>
    /// <param name="values">The Bind; the default where there is none.</param>
    public Route Resolve(in StatementLiterals literals, in BoundValues values)
    {
        if (!literals.Hint.Equals(default))
        {
            ColocationGroup? group = _rules.Length == 1 ? _rules[0].Group : null;
            Route hinted = RouteHint.Read(literals.Sql[literals.Hint], Map, group);
            return hinted.Kind == RouteKind.One ? Agree(hinted, ResolveText(literals, values)) : hinted;
        }
        return ResolveText(literals, values);
    }

    /// <summary>
    /// A hint says where something runs that does not say so itself. It cannot place a row where its key does not
    /// belong, change one copy of what all shards have alike, or look for a key where it is not.
    /// </summary>
    private Route Agree(Route hinted, Route found)
    {
        bool isInsert = Statements.Any(static one => one.Kind is StatementKind.Insert or StatementKind.Merge);
        bool setsKey = _rules.Any(static rule => rule.SetsKey);
        return found.Kind switch
        {
            RouteKind.One or RouteKind.Home => ShardOf(found, Map.Home.Number) == hinted.Shard
                ? hinted
                : Route.Refused(Refusals.Hint("the statement belongs on another shard")),
            RouteKind.Refused when isInsert || setsKey => found,
            RouteKind.Many or RouteKind.All when isInsert || Spread == Spread.Alike => Route.Refused(
                Refusals.Hint("the statement belongs on several shards")
            ),
            _ => hinted,
        };
    }

    private Route ResolveText(in StatementLiterals literals, in BoundValues values)
    {
        if (_rules.Length == 1)
        {
            return RuleResolver.Resolve(_rules[0], Map, literals, values);
        }
        Route all = Route.Any;
        foreach (StatementRule rule in _rules)
        {
            all = Together(all, RuleResolver.Resolve(rule, Map, literals, values));
        }
        return all;
    }

    private Route Together(Route one, Route other)
    {
        int home = Map.Home.Number;
        return one.Kind == RouteKind.Refused || other.Kind == RouteKind.Any ? one
            : other.Kind == RouteKind.Refused || one.Kind == RouteKind.Any ? other
            : one.Kind is RouteKind.Many or RouteKind.All || other.Kind is RouteKind.Many or RouteKind.All
                ? (
                    one.Kind == RouteKind.All && other.Kind == RouteKind.All
                        ? one
                        : Route.Refused(Refusals.SeveralStatements)
                )
            : ShardOf(one, home) == ShardOf(other, home) ? (one.Kind == RouteKind.Home ? other : one)
            : Route.Refused(Refusals.SeveralStatements);
    }

    private static bool IsShort(StatementRule rule, TopologySnapshot map) =>
        rule.Facts.Tables.Any(static table => table.Schema.Length == 0)
        || rule.HasShortObjects
        || (
            map.Schemas.Count > 0
            && rule.ChangesSchema
            && rule.Facts is { Kind: StatementKind.Utility, Tables.IsEmpty: true }
        );

    private static int PlaceOf(ImmutableArray<StatementRule> rules, TopologySnapshot map)
    {
        int[] shards =
        [
            .. rules
                .Select(rule =>
                    rule.IsNowhereWhole ? -1
                    : rule.Home is { } place ? place.Shard
                    : rule.Fixed is { Kind: RouteKind.One or RouteKind.Home } route ? ShardOf(route, map.Home.Number)
                    : 0
                )
                .Where(static shard => shard != 0)
                .Distinct(),
        ];
        return shards.Length == 1 ? shards[0]
            : shards.Length == 0 ? 0
            : -1;
    }

    private static int ShardOf(Route route, int home) => route.Kind == RouteKind.Home ? home : route.Shard;

    private static bool IsPreludeOf(StatementFacts facts) =>
        facts.NodeName is "VariableSetStmt" or "VariableShowStmt" or "ConstraintsSetStmt"
        || TransactionControls.Of(facts)
            is TransactionControl.Savepoint
                or TransactionControl.Release
                or TransactionControl.RollbackTo;
}
