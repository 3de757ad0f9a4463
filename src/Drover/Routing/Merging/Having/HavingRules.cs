// Which conditions on groups the proxy can decide from the shards' values.
using System.Collections.Immutable;
using Drover.Sql.Parsing;
using Drover.Sql.Statements;

namespace Drover.Routing.Merging.Having;

/// <summary>
/// AND, OR and NOT of comparisons: of an aggregate that is combined exactly with a number or parameter, or of a key of
/// the group with one.
/// </summary>
/// <param name="aggregate">How an aggregate is combined; null if that is not exact.</param>
/// <param name="isKey">Whether a column is a key of the group.</param>
/// <param name="select">The statement.</param>
internal sealed class HavingRules(
    Func<OutputValue, CombinedColumn?> aggregate,
    Func<ColumnSource, bool> isKey,
    SqlNode select
)
{
    /// <summary>More than anybody writes; each costs a test of every group.</summary>
    private const int TestsMax = 16;

    private const int DepthMax = 16;

    private readonly List<GroupTest> _tests = [];
    private int _hidden;

    /// <summary>How many columns the shards give with those of the tests.</summary>
    public int Columns => _hidden;

    /// <summary>Reads a condition; null if it is not as plain as that.</summary>
    /// <param name="having">The condition.</param>
    /// <param name="hidden">The first column that is free.</param>
    public GroupFilterPlan? Plan(OutputValue having, int hidden)
    {
        _hidden = hidden;
        Condition? root = Read(having, 0);
        return root is null || _tests.Count > TestsMax ? null : new GroupFilterPlan(root, [.. _tests.Select(Place)]);
    }

    /// <summary>The parts of an average come behind the columns of all tests.</summary>
    private GroupTest Place(GroupTest test)
    {
        if (test.Aggregate is not { Parts: > 0 } column)
        {
            return test;
        }
        CombinedColumn placed = column with { Part = _hidden };
        _hidden += column.Parts;
        return test with { Aggregate = placed };
    }

    private Condition? Read(OutputValue value, int depth)
    {
        if (depth > DepthMax)
        {
            return null;
        }
        if (value.Node.Kind != "BoolExpr")
        {
            return Test(value) is { } test ? Add(test) : null;
        }
        ConditionKind kind = value.Node.Text("boolop") switch
        {
            "AND_EXPR" => ConditionKind.All,
            "OR_EXPR" => ConditionKind.Any,
            _ => ConditionKind.Not,
        };
        Condition?[] parts = [.. value.Node.List("args").Select(arg => Read(value with { Node = arg }, depth + 1))];
        return parts.Contains(null) ? null : new Condition(kind, -1, [.. parts.Select(static part => part!)]);
    }

    private Condition Add(GroupTest test)
    {
        _tests.Add(test);
        _hidden += test.Columns;
        return new Condition(ConditionKind.Test, _tests.Count - 1, []);
    }

    private GroupTest? Test(OutputValue value)
    {
        SqlNode node = value.Node;
        if (
            node.Kind != "A_Expr"
            || node.Text("kind") != "AEXPR_OP"
            || node.Names("name") is not [var sign]
            || node.List("name").Length != 1
            || ComparisonOf(sign) is not { } comparison
            || node.Child("lexpr") is not { } left
            || node.Child("rexpr") is not { } right
        )
        {
            return null;
        }
        bool isRight = IsGiven(left);
        SqlNode given = isRight ? left : right;
        SqlNode tested = isRight ? right : left;
        int parameter = given.Kind == "ParamRef" ? given.Number("number") : 0;
        // Where it stands elsewhere too, its type comes from there: the shards' statements have these tests first.
        if (!IsGiven(given) || (parameter > 0 && UsesOf(parameter, select) != 1))
        {
            return null;
        }
        if (tested.Kind == "ColumnRef")
        {
            ColumnSource source = ExpressionTypes.SourceOf(tested, value);
            return isKey(source) ? new GroupTest(_hidden, null, isRight, comparison, 0) : null;
        }
        if (tested.Kind != "FuncCall" || !IsNumber(given))
        {
            return null;
        }
        return aggregate(value with { Node = tested }) is { } column && IsExact(column)
            ? new GroupTest(_hidden, column, isRight, comparison, parameter)
            : null;
    }

    private static bool IsExact(CombinedColumn column) =>
        column.TypeOid == 0
        && column.Kind is not (CombineKind.Kept or CombineKind.And or CombineKind.Or or CombineKind.Xor);

    private static int UsesOf(int parameter, SqlNode node) =>
        (node.Kind == "ParamRef" && node.Number("number") == parameter ? 1 : 0)
        + node.Children().Sum(child => UsesOf(parameter, child));

    private static bool IsGiven(SqlNode node) => node.Kind is "A_Const" or "ParamRef";

    private static bool IsNumber(SqlNode node) => node.Kind == "ParamRef" || node.Has("ival") || node.Has("fval");

    private static Comparison? ComparisonOf(string sign) =>
        sign switch
        {
            "=" => Comparison.Equal,
            "<>" => Comparison.NotEqual,
            "<" => Comparison.Less,
            "<=" => Comparison.LessOrEqual,
            ">" => Comparison.Greater,
            ">=" => Comparison.GreaterOrEqual,
            _ => null,
        };
}
