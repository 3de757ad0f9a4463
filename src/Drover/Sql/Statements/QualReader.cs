// Reads from a condition which rows can matter: columns that equal values, columns that equal columns.
using System.Collections.Immutable;
using Drover.Sql.Parsing;

namespace Drover.Sql.Statements;

/// <summary>
/// Takes what is joined by AND and nothing else: a condition that is left out makes a route wider, never wrong.
/// </summary>
/// <param name="facts">Gets what is found.</param>
/// <param name="scope">The query that the condition belongs to.</param>
/// <param name="restricts">Whether the condition keeps rows of a table out of the outcome.</param>
internal sealed class QualReader(FactsBuilder facts, NameScope scope, Func<int, bool> restricts)
{
    /// <summary>Reads one condition.</summary>
    public void Read(SqlNode? qual)
    {
        switch (qual?.Kind)
        {
            case "BoolExpr" when qual.Text("boolop") == "AND_EXPR":
                foreach (SqlNode part in qual.List("args"))
                {
                    Read(part);
                }
                break;
            case "BoolExpr" when qual.Text("boolop") == "OR_EXPR":
                ReadAlternatives(qual.List("args"));
                break;
            case "A_Expr":
                foreach (ColumnPredicate predicate in PredicatesOf(qual))
                {
                    Add(predicate);
                }
                ReadEquality(qual);
                break;
        }
    }

    /// <summary>Columns of two tables that are equal.</summary>
    /// <param name="one">A column.</param>
    /// <param name="other">Another.</param>
    public void AddEquality((int Table, string Column) one, (int Table, string Column) other)
    {
        if (one.Table < 0 || other.Table < 0 || one.Table == other.Table)
        {
            return;
        }
        bool restrictsOne = Restricts(one.Table);
        bool restrictsOther = Restricts(other.Table);
        if (restrictsOther)
        {
            facts.Equalities.Add(
                new ColumnEquality(one.Table, one.Column, other.Table, other.Column, IsMutual: restrictsOne)
            );
        }
        else if (restrictsOne)
        {
            facts.Equalities.Add(new ColumnEquality(other.Table, other.Column, one.Table, one.Column, IsMutual: false));
        }
    }

    /// <summary>A table of an outer query is not restricted by what an inner query says of it.</summary>
    private bool Restricts(int table) => facts.Tables[table].Query == scope.Query && restricts(table);

    private void Add(ColumnPredicate predicate)
    {
        bool isKnown = predicate.Sources.All(static source => source.Kind != ValueSourceKind.Expression);
        if (isKnown && Restricts(predicate.Table))
        {
            facts.Predicates.Add(predicate);
        }
    }

    /// <summary>a = 1 OR a = 2.</summary>
    private void ReadAlternatives(ImmutableArray<SqlNode> alternatives)
    {
        List<ColumnPredicate> all = [];
        foreach (SqlNode alternative in alternatives)
        {
            ColumnPredicate[] predicates = alternative.Kind == "A_Expr" ? [.. PredicatesOf(alternative)] : [];
            if (predicates.Length != 1)
            {
                return;
            }
            all.Add(predicates[0]);
        }
        if (all.TrueForAll(one => one.Table == all[0].Table && one.Column == all[0].Column))
        {
            Add(all[0] with { Sources = [.. all.SelectMany(static one => one.Sources).Distinct()] });
        }
    }

    private void ReadEquality(SqlNode expression)
    {
        if (
            expression.Text("kind") == "AEXPR_OP"
            && IsEqual(expression)
            && expression.Child("lexpr") is { Kind: "ColumnRef" } left
            && expression.Child("rexpr") is { Kind: "ColumnRef" } right
        )
        {
            AddEquality(scope.Resolve(left), scope.Resolve(right));
        }
    }

    private IEnumerable<ColumnPredicate> PredicatesOf(SqlNode expression)
    {
        SqlNode? left = expression.Child("lexpr");
        SqlNode? right = expression.Child("rexpr");
        if (left is null || right is null || !IsEqual(expression))
        {
            return [];
        }
        return expression.Text("kind") switch
        {
            "AEXPR_OP" => Equal(left, right),
            "AEXPR_IN" when right.Kind == "List" => In(left, right.List("items")),
            "AEXPR_OP_ANY" when left.Kind == "ColumnRef" => Column(left, ValueSources.OfArray(right, facts.Places)),
            _ => [],
        };
    }

    private IEnumerable<ColumnPredicate> Equal(SqlNode left, SqlNode right)
    {
        if (left.Kind == "RowExpr" && right.Kind == "RowExpr")
        {
            return left.List("args").Length == right.List("args").Length
                ? left.List("args").Zip(right.List("args"), Equal).SelectMany(static predicates => predicates)
                : [];
        }
        return left.Kind == "ColumnRef" ? Column(left, [ValueSources.Of(right, facts.Places)])
            : right.Kind == "ColumnRef" ? Column(right, [ValueSources.Of(left, facts.Places)])
            : [];
    }

    private IEnumerable<ColumnPredicate> In(SqlNode left, ImmutableArray<SqlNode> items)
    {
        if (left.Kind != "RowExpr")
        {
            return Column(left, ValueSources.OfAll(items, facts.Places));
        }
        ImmutableArray<SqlNode> columns = left.List("args");
        return items.All(item => item.Kind == "RowExpr" && item.List("args").Length == columns.Length)
            ? columns.SelectMany(
                (column, index) =>
                    Column(column, ValueSources.OfAll(items.Select(item => item.List("args")[index]), facts.Places))
            )
            : [];
    }

    private IEnumerable<ColumnPredicate> Column(SqlNode column, ImmutableArray<ValueSource> sources)
    {
        (int table, string name) = scope.Resolve(column);
        return table >= 0 ? [new ColumnPredicate(table, name, sources)] : [];
    }

    /// <summary>PostgreSQL's own equality: of pg_catalog, which is searched first.</summary>
    private static bool IsEqual(SqlNode expression) => expression.Names("name") is ["="] or ["pg_catalog", "="];
}
