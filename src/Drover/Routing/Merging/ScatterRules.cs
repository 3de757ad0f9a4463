// Which reads each shard can answer for itself, so that their rows only have to be put together.
using System.Collections.Immutable;
using Drover.Routing.Names;
using Drover.Sql.Parsing;
using Drover.Sql.Statements;

namespace Drover.Routing.Merging;

/// <summary>
/// What the route planner has found already: the rows of one place bring their own of all other places along, so FROM
/// and WHERE have on each shard their part of what they have on one server. What comes behind them must not look at
/// rows of several shards together. What is not proved here is the coordinator's.
/// </summary>
internal sealed class ScatterRules(StatementRule rule, ImmutableArray<NamedTable> tables, PathFacts catalog)
{
    /// <summary>The first OID that is not PostgreSQL's own: such a type has another one on each server.</summary>
    private const uint OwnOidsFrom = 16_384;

    /// <summary>Functions that depend on the session's settings only, which are the same on all shards.</summary>
    public static ImmutableHashSet<string> OfSettings { get; } =
    [
        .. (string[])["date_trunc", "date_part", "extract", "timezone", "to_char", "to_date", "to_timestamp"],
        .. (string[])["concat", "concat_ws", "format", "quote_literal", "quote_nullable", "array_to_string"],
        .. (string[])["to_json", "to_jsonb", "row_to_json", "array_to_json", "json_build_object"],
        .. (string[])["json_build_array", "jsonb_build_object", "jsonb_build_array"],
    ];

    /// <summary>Aggregates whose value depends on the order of the rows.</summary>
    private static readonly ImmutableHashSet<string> s_gathering =
    [
        .. (string[])
            ["array_agg", "string_agg", "json_agg", "jsonb_agg", "json_object_agg", "jsonb_object_agg", "xmlagg"],
    ];

    private readonly StatementFacts _facts = rule.Facts;

    /// <summary>How the rows are put together; null if each shard's rows are not a part of the answer's.</summary>
    public MergePlan? Plan()
    {
        if (
            rule is not { Driver: not null, Apart: null, Fixed: null, Home: null, Inserted: null }
            || _facts is not { Kind: StatementKind.Select, Clauses: { } clauses, Tree: { } tree }
            || !SpreadRules.MayCoordinate(_facts)
            || !_facts.Functions.All(IsSameEverywhere)
            || Contains(tree, "SQLValueFunction")
            || _facts.HasViews
            || tree.Children().Any(ChoosesAnew)
            || !HasOwnTypes(clauses)
            || clauses.Limit.Kind == RowBoundKind.Unknown
            || clauses.Offset.Kind == RowBoundKind.Unknown
        )
        {
            return null;
        }
        if (!IsApart(tree, clauses))
        {
            return new CombineRules(rule, tables, catalog).Plan();
        }
        ImmutableArray<SortColumn?> sort = [.. clauses.Sort.Select(item => SortOf(item, clauses))];
        return sort.Contains(null)
            ? null
            : new MergePlan(
                clauses.Outputs.Columns.Length,
                [.. sort.Select(static column => column!.Value)],
                clauses.Limit,
                clauses.Offset,
                _facts.LoneParameters
            );
    }

    /// <summary>
    /// Whether a query within takes some of several equals, from tables that every shard has whole: each shard might
    /// take others.
    /// </summary>
    private bool ChoosesAnew(SqlNode node) =>
        (
            node.Kind == "SelectStmt"
            && !node.List("fromClause").Any(HasSharded)
            && (
                node.Has("limitCount")
                || node.Has("limitOffset")
                || node.Has("windowClause")
                || node.List("distinctClause").Any(static on => !on.Members.IsEmpty)
                || node.List("targetList").Any(static target => HasWindow(target) || GathersInOrder(target))
            )
        ) || node.Children().Any(ChoosesAnew);

    private bool HasSharded(SqlNode item) =>
        item.Kind == "RangeVar"
            ? tables.Any(table => table.Role == TableRole.Sharded && table.Name.Name == item.Text("relname"))
            : item.Children().Any(HasSharded);

    private static bool GathersInOrder(SqlNode node) =>
        (node.Kind == "FuncCall" && node.Names("funcname") is [.., var name] && s_gathering.Contains(name))
        || node.Children().Any(GathersInOrder);

    private bool IsSameEverywhere(FunctionUse function) =>
        function.Volatility == FunctionVolatility.Immutable
        || (
            (OfSettings.Contains(function.Name) || s_gathering.Contains(function.Name))
            && (function.Schema == "pg_catalog" || IsPostgresOwn(function))
        );

    /// <summary>One of the user's own may have the name.</summary>
    private bool IsPostgresOwn(FunctionUse function) =>
        function.Schema.Length == 0 && catalog.IsOwn(function.Name, function.Arguments);

    private static bool Contains(SqlNode node, string kind) =>
        node.Kind == kind || node.Children().Any(child => Contains(child, kind));

    /// <summary>Whether no row of the answer comes from rows of several shards.</summary>
    private bool IsApart(SqlNode select, SelectClauses clauses)
    {
        IEnumerable<SqlNode> computed = select
            .List("targetList")
            .Concat(select.List("sortClause"))
            .Concat(select.List("distinctClause"));
        bool isGrouped = select.Has("groupClause");
        bool hasKey =
            isGrouped
            && !select.List("groupClause").Any(static item => item.Kind == "GroupingSet")
            && clauses.Groups.Any(group => IsKey(group.Source));
        return !select.Has("windowClause")
            && !computed.Any(HasWindow)
            && (isGrouped ? hasKey : !select.Has("havingClause") && !computed.Any(Aggregates))
            && (!select.Has("distinctClause") || IsDistinctApart(select, clauses));
    }

    /// <summary>Equal rows have an equal key, and so are on one shard.</summary>
    private bool IsDistinctApart(SqlNode select, SelectClauses clauses) =>
        select.List("distinctClause").All(static on => on.Members.IsEmpty)
        && clauses.Outputs.Columns.Any(output => IsKey(output.Source));

    /// <summary>One that comes out of a query in FROM may be NULL where that has no row.</summary>
    private bool IsKey(ColumnSource source) =>
        source.IsOwn && source.Table == rule.Driver!.Table && source.Column == rule.Driver.Column;

    private static bool HasWindow(SqlNode node) => node.Has("over") || node.Children().Any(HasWindow);

    private bool Aggregates(SqlNode node) =>
        node.Kind switch
        {
            "FuncCall" when IsAggregate(node) => true,
            "SubLink" => node.Children().Any(AggregatesFromWithin),
            _ => node.Children().Any(Aggregates),
        };

    /// <summary>
    /// An aggregate belongs to the innermost query whose columns it takes: inside a subquery it may be the one around.
    /// </summary>
    private bool AggregatesFromWithin(SqlNode node)
    {
        if (node.Kind != "SelectStmt")
        {
            return node.Kind == "FuncCall" && IsAggregate(node) || node.Children().Any(AggregatesFromWithin);
        }
        HashSet<string> own = [.. node.List("fromClause").SelectMany(static item => NamesOf(item))];
        return node.Children().Any(child => TakesOthers(child, own));
    }

    private bool TakesOthers(SqlNode node, HashSet<string> own) =>
        node.Kind switch
        {
            "SelectStmt" or "SubLink" => AggregatesFromWithin(node),
            "FuncCall"
                when IsAggregate(node)
                    && !(node.Flag("agg_star") && !node.Has("agg_filter"))
                    && !node.List("args").Any(arg => IsOf(arg, own)) => true,
            _ => node.Children().Any(child => TakesOthers(child, own)),
        };

    private static bool IsOf(SqlNode argument, HashSet<string> own) =>
        argument.Kind == "ColumnRef" && argument.Names("fields") is [var table, _] && own.Contains(table);

    private static IEnumerable<string> NamesOf(SqlNode item) =>
        item.Kind switch
        {
            "RangeVar" => [item.Child("alias")?.Text("aliasname") ?? item.Text("relname")],
            "JoinExpr" when !item.Has("alias") => NamesOf(item.Child("larg")!).Concat(NamesOf(item.Child("rarg")!)),
            _ => [],
        };

    private bool IsAggregate(SqlNode call)
    {
        var name = call.Names("funcname");
        return catalog.MayAggregate(name.Length > 1 ? name[^2] : "", name[^1], call.List("args").Length);
    }

    /// <summary>Whether the columns' types are PostgreSQL's own, and so have the same numbers on all shards.</summary>
    private bool HasOwnTypes(SelectClauses clauses) =>
        clauses.Outputs.IsPositional
        && clauses
            .Outputs.Columns.Zip(clauses.Values)
            .All(output => output.First.Source.Table >= 0 ? IsOwn(output.First.Source) : IsOwn(output.Second));

    private bool IsOwn(OutputValue? value) =>
        value is not null
        && value.Columns.All(one => one.Source.Table >= 0 ? IsOwn(one.Source) : AreAllOwn)
        && _facts.Functions.All(one => catalog.Volatility("pg_catalog", one.Name, one.Arguments) is not null)
        && OwnTypes.AreAll(value.Node);

    /// <summary>No column of any table has another type.</summary>
    private bool AreAllOwn => tables.All(static table => table.Relation?.Columns.All(IsOwn) == true);

    private bool IsOwn(ColumnSource source) => IsOwn(ColumnOf(source));

    /// <summary>What is no column of its table is the whole row, of a type of its own.</summary>
    private static bool IsOwn(ColumnFacts? column) => column?.TypeOid < OwnOidsFrom;

    private ColumnFacts? ColumnOf(ColumnSource source) =>
        source.Table < 0 ? null : tables[source.Table].Relation?.Column(source.Column);

    private SortColumn? SortOf(SortItem item, SelectClauses clauses)
    {
        if (item.Output < 0)
        {
            return null;
        }
        (uint type, bool isByBytes) = TypeOf(clauses, item.Output);
        isByBytes |= item.IsByBytes;
        return SortOrder.IsKnown(type, isByBytes)
            ? new SortColumn(item.Output, type, isByBytes, item.IsDescending, item.HasNullsFirst)
            : null;
    }

    private (uint Type, bool IsByBytes) TypeOf(SelectClauses clauses, int output)
    {
        ColumnSource source = clauses.Outputs.Columns[output].Source;
        return ColumnOf(source) is { } column ? (column.TypeOid, column.IsByBytes)
            : clauses.Values[output]?.Node is { Kind: "FuncCall" } call ? (AggregateTypes.Of(call), false)
            : (0, false);
    }
}
