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
/// <param name="requiredBy">
/// Reads a condition around the query, which holds only where this one does; null if there is none.
/// </param>
internal sealed class QualReader(
    FactsBuilder facts,
    NameScope scope,
    Func<int, bool> restricts,
    QualReader? requiredBy = null
)
{
    /// <summary>A column that can have these values only.</summary>
    private readonly record struct Limit(ColumnSource Column, ImmutableArray<ValueSource> Sources);

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
                foreach (Limit limit in LimitsOf(qual))
                {
                    Add(limit);
                }
                ReadEquality(qual);
                ReadBounds(qual);
                break;
            case "SubLink" when qual.Text("subLinkType") is "EXISTS_SUBLINK" or "ANY_SUBLINK":
                scope.Conjuncts[qual] = this;
                break;
        }
    }

    /// <summary>Columns of two tables that are equal.</summary>
    public void AddEquality(ColumnSource one, ColumnSource other) =>
        AddEquality(one, other, Restricts(one), Restricts(other));

    /// <summary>Reads x IN (SELECT …): the columns of the subquery equal what is compared with them.</summary>
    /// <param name="link">The condition, read before.</param>
    /// <param name="outputs">The subquery's columns.</param>
    public void AddSubquery(SqlNode link, QueryOutputs outputs)
    {
        if (link.Child("testexpr") is not { } test || link.Names("operName") is not ([] or ["="]))
        {
            return;
        }
        ImmutableArray<SqlNode> tested = test.Kind == "RowExpr" ? test.List("args") : [test];
        if (!outputs.IsPositional || outputs.Columns.Length != tested.Length)
        {
            return;
        }
        for (int i = 0; i < tested.Length; i++)
        {
            ColumnSource one = scope.Resolve(tested[i]);
            ColumnSource other = outputs.Columns[i].Source;
            AddEquality(one, other, Restricts(one), other.IsOwn);
        }
    }

    private void AddEquality(ColumnSource one, ColumnSource other, bool restrictsOne, bool restrictsOther)
    {
        if (one.Table < 0 || other.Table < 0 || one.Table == other.Table)
        {
            return;
        }
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

    /// <summary>
    /// A table of an outer query is restricted by what an inner query says of it only where the outer needs that.
    /// </summary>
    private bool Restricts(ColumnSource column) =>
        (column.IsOwn && restricts(column.Table))
        || (column.IsOuters && requiredBy is not null && requiredBy.RestrictsTable(column.Table));

    private bool RestrictsTable(int table) => restricts(table);

    private void Add(Limit limit)
    {
        bool isKnown = limit.Sources.All(static source => source.Kind != ValueSourceKind.Expression);
        if (isKnown && limit.Column.Table >= 0 && Restricts(limit.Column))
        {
            facts.Predicates.Add(new ColumnPredicate(limit.Column.Table, limit.Column.Column, limit.Sources));
        }
    }

    /// <summary>a = 1 OR a = 2.</summary>
    private void ReadAlternatives(ImmutableArray<SqlNode> alternatives)
    {
        List<Limit> all = [];
        foreach (SqlNode alternative in alternatives)
        {
            Limit[] limits = alternative.Kind == "A_Expr" ? [.. LimitsOf(alternative)] : [];
            if (limits.Length != 1)
            {
                return;
            }
            all.Add(limits[0]);
        }
        if (all.TrueForAll(one => one.Column == all[0].Column))
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

    private void ReadBounds(SqlNode expression)
    {
        if (expression.Child("lexpr") is not { } left || expression.Child("rexpr") is not { } right)
        {
            return;
        }
        switch (expression.Text("kind"), expression.Names("name"))
        {
            case ("AEXPR_OP", [">" or ">="] or ["pg_catalog", ">" or ">="]):
                AddBound(left, right, isUpper: false);
                AddBound(right, left, isUpper: true);
                break;
            case ("AEXPR_OP", ["<" or "<="] or ["pg_catalog", "<" or "<="]):
                AddBound(left, right, isUpper: true);
                AddBound(right, left, isUpper: false);
                break;
            case ("AEXPR_BETWEEN", _) when right.List("items") is [var low, var high]:
                AddBound(left, low, isUpper: false);
                AddBound(left, high, isUpper: true);
                break;
        }
    }

    private void AddBound(SqlNode column, SqlNode value, bool isUpper)
    {
        if (column.Kind != "ColumnRef")
        {
            return;
        }
        ValueSource source = ValueSources.Of(value, facts.Places);
        ColumnSource found = scope.Resolve(column);
        if (source.Kind is ValueSourceKind.Slot or ValueSourceKind.Parameter && found.Table >= 0 && Restricts(found))
        {
            facts.Bounds.Add(new ColumnBound(found.Table, found.Column, isUpper, source));
        }
    }

    private IEnumerable<Limit> LimitsOf(SqlNode expression)
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

    private IEnumerable<Limit> Equal(SqlNode left, SqlNode right)
    {
        if (left.Kind == "RowExpr" && right.Kind == "RowExpr")
        {
            return left.List("args").Length == right.List("args").Length
                ? left.List("args").Zip(right.List("args"), Equal).SelectMany(static limits => limits)
                : [];
        }
        return left.Kind == "ColumnRef" ? Column(left, [ValueSources.Of(right, facts.Places)])
            : right.Kind == "ColumnRef" ? Column(right, [ValueSources.Of(left, facts.Places)])
            : [];
    }

    private IEnumerable<Limit> In(SqlNode left, ImmutableArray<SqlNode> items)
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

    private IEnumerable<Limit> Column(SqlNode column, ImmutableArray<ValueSource> sources)
    {
        ColumnSource source = scope.Resolve(column);
        return source.Table >= 0 ? [new Limit(source, sources)] : [];
    }

    /// <summary>PostgreSQL's own equality: of pg_catalog, which is searched first.</summary>
    private static bool IsEqual(SqlNode expression) => expression.Names("name") is ["="] or ["pg_catalog", "="];
}
