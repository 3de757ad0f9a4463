// Which reads become one row for each group of the rows that several shards have, and how.
using System.Collections.Immutable;
using Drover.Routing.Merging.Gathering;
using Drover.Routing.Merging.Having;
using Drover.Routing.Names;
using Drover.Sql.Parsing;
using Drover.Sql.Statements;

namespace Drover.Routing.Merging;

/// <summary>
/// Of a SELECT of which all else is proved already (<see cref="ScatterRules"/>): aggregates whose value over all rows
/// follows exactly from their values over each shard's, and groups that are the same where they are written alike.
/// Floating point is not added up here: the sum depends on the order.
/// </summary>
internal sealed class CombineRules(StatementRule rule, ImmutableArray<NamedTable> tables, PathFacts catalog)
{
    private static readonly string[] s_lists = ["targetList", "groupClause", "sortClause"];

    private readonly StatementFacts _facts = rule.Facts;
    private readonly SelectClauses _clauses = rule.Facts.Clauses!;
    private readonly SqlNode _select = rule.Facts.Tree!;
    private readonly ExpressionTypes _types = new(tables);
    private ColumnSource? _distinct;
    private bool _countsKeys;

    /// <summary>How the rows are combined; null if that is not proved to be exact.</summary>
    public MergePlan? Plan()
    {
        bool isDistinct = _select.Has("distinctClause");
        bool isGrouped = _select.Has("groupClause");
        if (
            _select.Has("windowClause")
            || s_lists.Any(list => _select.List(list).Any(LooksBeyond))
            || _clauses.Values.Length == 0
            || _clauses.Values.Any(static value => value is null)
            || (isDistinct && (isGrouped || !IsPlainDistinct() || _clauses.Having is not null))
        )
        {
            return null;
        }
        _distinct = null;
        _countsKeys = false;
        GroupKeys keys = new(_facts, _clauses, _types, canName: !isDistinct && !HasNamesOfJoins());
        if ((isGrouped && !keys.TryGroups()) || (isDistinct && !keys.TryOutputs()))
        {
            return null;
        }
        ImmutableArray<CombinedColumn?> columns = [.. _clauses.Values.Select((value, i) => ColumnOf(i, value!, keys))];
        bool isOne = !isGrouped && !isDistinct;
        if (columns.Contains(null) || (isOne && columns.All(static one => one!.Value.Kind == CombineKind.Kept)))
        {
            return null;
        }
        if (_distinct is { } counted)
        {
            return TryCount(counted, keys, columns, isOne) && keys.TrySort()
                ? Make([.. columns.Select(static one => one!.Value)], keys)
                : null;
        }
        // Of one row the order does not matter; what it is computed by has to be one of its columns all the same.
        bool isSorted = isOne ? _clauses.Sort.All(static item => item.Output >= 0) : keys.TrySort();
        return isSorted ? Make([.. columns.Select(static one => one!.Value)], keys) : null;
    }

    /// <summary>
    /// Values that are counted once each become a key more of the shards' groups. Keys of rows would be counted in each
    /// of them, and a limit would be one of them.
    /// </summary>
    private bool TryCount(ColumnSource counted, GroupKeys keys, ImmutableArray<CombinedColumn?> columns, bool isOne) =>
        !_countsKeys
        && !keys.Has(counted)
        && _clauses.Limit.Kind == RowBoundKind.None
        && _clauses.Offset.Kind == RowBoundKind.None
        // Where there are no rows nobody says what a constant is.
        && (
            !isOne
            || (
                _clauses.Having is null
                && columns.All(static one => one is { Kind: not CombineKind.Kept, IsCoalesced: false })
            )
        )
        && keys.TryCount(counted);

    private MergePlan? Make(ImmutableArray<CombinedColumn> columns, GroupKeys keys)
    {
        int hidden = columns.Length + keys.Named.Count;
        for (int i = 0; i < columns.Length; i++)
        {
            if (columns[i].Parts > 0)
            {
                columns = columns.SetItem(i, columns[i] with { Part = hidden });
                hidden += columns[i].Parts;
            }
        }
        GroupFilterPlan? filter = null;
        if (_clauses.Having is { } having)
        {
            HavingRules rules = new(NumberOf, keys.Has, _select);
            // How many groups of a shard are wanted is known when those of all are there.
            bool isLimited = _clauses.Limit.Kind != RowBoundKind.None || _clauses.Offset.Kind != RowBoundKind.None;
            filter = isLimited || LooksBeyond(having.Node) ? null : rules.Plan(having, hidden);
            if (filter is null)
            {
                return null;
            }
            hidden = rules.Columns;
        }
        return new MergePlan(hidden, [.. keys.Sort], _clauses.Limit, _clauses.Offset, _facts.LoneParameters)
        {
            Combine = new CombinePlan(columns, [.. keys.Named], keys.OrderBy, !_clauses.Sort.IsEmpty)
            {
                Having = filter,
                DistinctKey = keys.Distinct,
                IsOne = !_select.Has("groupClause") && !_select.Has("distinctClause"),
            },
        };
    }

    /// <summary>An aggregate that is compared. What is counted once is known by the select list.</summary>
    private CombinedColumn? NumberOf(OutputValue value)
    {
        ColumnSource? counted = _distinct;
        CombinedColumn? aggregate = AggregateOf(value);
        bool isNew = _distinct != counted || (counted is not null && _countsKeys);
        return aggregate is { Gather: null } && !isNew ? aggregate : null;
    }

    private bool IsPlainDistinct() =>
        _select.List("distinctClause").All(static on => on.Members.IsEmpty)
        && !_select.List("targetList").Any(Aggregates);

    /// <summary>Rows other than the group's own matter, or the value is another thing than an aggregate's.</summary>
    private static bool LooksBeyond(SqlNode node) =>
        node.Kind is "SubLink" or "GroupingSet" or "GroupingFunc"
        || node.Has("over")
        || node.Children().Any(LooksBeyond);

    /// <summary>USING makes names that are no table's, and an alias may give a table's columns other ones.</summary>
    private bool HasNamesOfJoins() => _select.List("fromClause").Any(UsesNames);

    private static bool UsesNames(SqlNode node) =>
        node.Kind != "SelectStmt"
        && (
            node.Has("usingClause") || node.Flag("isNatural") || node.Has("colnames") || node.Children().Any(UsesNames)
        );

    private CombinedColumn? ColumnOf(int output, OutputValue value, GroupKeys keys) =>
        keys.Has(output) ? new CombinedColumn(CombineKind.Kept)
        : value.Node.Kind == "FuncCall" && IsAggregate(value.Node) ? AggregateOf(value)
        : CoalescedOf(value) is { } coalesced ? coalesced
        : Follows(value.Node) && value.Columns.All(one => keys.Has(one.Source)) ? new CombinedColumn(CombineKind.Kept)
        : null;

    /// <summary>One row comes out of one, and the same of the same.</summary>
    private static bool Follows(SqlNode node) =>
        node.Kind switch
        {
            "ColumnRef" or "A_Const" or "ParamRef" or "TypeName" or "String" => true,
            "TypeCast" or "A_Expr" or "BoolExpr" or "NullTest" or "BooleanTest" or "CoalesceExpr" => DoAll(node),
            "MinMaxExpr" or "CaseExpr" or "CaseWhen" or "List" => DoAll(node),
            "FuncCall" => node.Names("funcname") is [var name]
                && (ScatterRules.OfSettings.Contains(name) || name is "upper" or "lower" or "abs" or "length")
                && DoAll(node),
            _ => false,
        };

    private static bool DoAll(SqlNode node) => node.Children().All(Follows);

    /// <summary>
    /// COALESCE of an aggregate and constants: what it is without a value is the same on all. Its type has to be the
    /// aggregate's: a constant of a wider one would make it another.
    /// </summary>
    private CombinedColumn? CoalescedOf(OutputValue value)
    {
        if (
            value.Node.Kind != "CoalesceExpr"
            || value.Node.List("args") is not [{ Kind: "FuncCall" } call, _, ..] all
            || !IsAggregate(call)
            || AggregateOf(value with { Node = call }) is not { } aggregate
        )
        {
            return null;
        }
        bool isNumeric =
            aggregate.Kind is CombineKind.Average or >= CombineKind.SampleVariance
            || (!aggregate.IsCount && call.List("args") is [var one] && _types.IsNumeric(one, value));
        bool takesInteger = isNumeric || aggregate.Kind is CombineKind.Sum or CombineKind.DistinctCount;
        bool areNarrow = all.Skip(1)
            .All(other =>
                other.Kind switch
                {
                    "A_Const" when other.Has("fval") => isNumeric,
                    "A_Const" when other.Has("ival") => takesInteger || _types.IsWhole(call.List("args")[0], value),
                    "ParamRef" => _facts.LoneParameters.Count(number => number == other.Number("number")) == 1,
                    _ => other.Kind == "A_Const",
                }
            );
        return !areNarrow
            ? null
            : aggregate with
            {
                IsCoalesced = true,
                Instead = [.. all.Where(static o => o.Kind == "ParamRef").Select(static o => o.Number("number"))],
            };
    }

    private CombinedColumn? AggregateOf(OutputValue value)
    {
        SqlNode call = value.Node;
        ImmutableArray<SqlNode> arguments = call.List("args");
        string name = call.Names("funcname") switch
        {
            ["pg_catalog", var own] => own,
            [var bare] when catalog.IsOwn(bare, arguments.Length) => bare,
            _ => "",
        };
        if (call.Has("agg_within_group") || call.Has("func_variadic"))
        {
            return null;
        }
        if (new GatherRules(_types, catalog).Plan(name, value) is { } gather)
        {
            return new CombinedColumn(CombineKind.Gathered) { Gather = gather };
        }
        if (call.Has("agg_order") || arguments.Length > 1)
        {
            return null;
        }
        if (name == "count")
        {
            return call.Has("agg_distinct")
                ? DistinctOf(arguments, value)
                : new CombinedColumn(CombineKind.Sum) { IsCount = true };
        }
        if (arguments is not [var argument] || call.Has("agg_distinct"))
        {
            return null;
        }
        bool isExact = _types.IsExact(argument, value);
        return name switch
        {
            "bool_and" or "every" => new CombinedColumn(CombineKind.And, SortOrder.Bool),
            "bool_or" => new CombinedColumn(CombineKind.Or, SortOrder.Bool),
            "bit_and" when isExact => new CombinedColumn(CombineKind.And),
            "bit_or" when isExact => new CombinedColumn(CombineKind.Or),
            "bit_xor" when isExact => new CombinedColumn(CombineKind.Xor),
            "sum" when isExact => new CombinedColumn(CombineKind.Sum),
            "avg" when isExact => new CombinedColumn(CombineKind.Average),
            "variance" or "var_samp" when isExact => new CombinedColumn(CombineKind.SampleVariance),
            "var_pop" when isExact => new CombinedColumn(CombineKind.Variance),
            "stddev" or "stddev_samp" when isExact => new CombinedColumn(CombineKind.SampleDeviation),
            "stddev_pop" when isExact => new CombinedColumn(CombineKind.Deviation),
            "min" when isExact || IsOrdered(argument, value) => new CombinedColumn(
                CombineKind.Least,
                isExact ? 0 : TypeOf(argument, value)
            ),
            "max" when isExact || IsOrdered(argument, value) => new CombinedColumn(
                CombineKind.Greatest,
                isExact ? 0 : TypeOf(argument, value)
            ),
            _ => null,
        };
    }

    private CombinedColumn? DistinctOf(ImmutableArray<SqlNode> arguments, OutputValue value)
    {
        if (arguments is not [var argument])
        {
            return null;
        }
        if (IsShardingKey(argument, value))
        {
            // Its values are on one shard: none is counted twice.
            _countsKeys = true;
            return new CombinedColumn(CombineKind.Sum) { IsCount = true };
        }
        ColumnSource source = ExpressionTypes.SourceOf(argument, value);
        if (source.Table < 0 || !source.IsOwn || (_distinct is { } other && other != source))
        {
            return null;
        }
        _distinct = source;
        return new CombinedColumn(CombineKind.DistinctCount);
    }

    /// <summary>Of any table whose rows are where its key belongs.</summary>
    private bool IsShardingKey(SqlNode argument, OutputValue whole) =>
        ExpressionTypes.SourceOf(argument, whole) is { IsOwn: true } source
        && rule.Uses.Any(use => use.Table == source.Table && use.Column == source.Column && !use.IsInserted);

    /// <summary>A column whose values have one least and one greatest, of which there is one way to write it.</summary>
    private bool IsOrdered(SqlNode argument, OutputValue whole) =>
        _types.ColumnOf(ExpressionTypes.SourceOf(argument, whole)) is { } column
        && column.TypeOid switch
        {
            SortOrder.Text or SortOrder.Varchar => column.IsByBytes,
            SortOrder.Oid or SortOrder.Date or SortOrder.Timestamp or SortOrder.TimestampTz => true,
            _ => false,
        };

    /// <summary>The least of varchar is text.</summary>
    private uint TypeOf(SqlNode argument, OutputValue whole) =>
        _types.ColumnOf(ExpressionTypes.SourceOf(argument, whole))!.TypeOid is var type && type == SortOrder.Varchar
            ? SortOrder.Text
            : type;

    private bool Aggregates(SqlNode node) =>
        (node.Kind == "FuncCall" && IsAggregate(node)) || node.Children().Any(Aggregates);

    private bool IsAggregate(SqlNode call)
    {
        var name = call.Names("funcname");
        return catalog.MayAggregate(name.Length > 1 ? name[^2] : "", name[^1], call.List("args").Length);
    }
}
