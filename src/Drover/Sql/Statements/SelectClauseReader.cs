// Reads what the outermost SELECT says of all its rows together.
using System.Collections.Immutable;
using Drover.Sql.Parsing;

namespace Drover.Sql.Statements;

/// <summary>Of one SELECT whose FROM and select list have been read.</summary>
/// <param name="scope">Its names.</param>
/// <param name="places">Where the literals are: those of these clauses decide, so what they say is read here.</param>
internal sealed class SelectClauseReader(NameScope scope, LiteralPlaces places)
{
    private static readonly string[] s_byteOrders = ["C", "POSIX", "ucs_basic"];

    /// <summary>Reads the clauses.</summary>
    /// <param name="select">No set operation and no VALUES.</param>
    /// <param name="outputs">The columns that come out.</param>
    public SelectClauses Read(SqlNode select, QueryOutputs outputs)
    {
        ImmutableArray<OutputValue?> values = ValuesOf(select);
        ColumnSource[] sources = [.. select.List("targetList").SelectMany(SourcesOf)];
        bool isPositional =
            outputs.IsPositional && values.Length == outputs.Columns.Length && sources.Length == outputs.Columns.Length;
        if (isPositional)
        {
            // As they are here: to a query around this one, a LIMIT hides them.
            outputs = outputs with
            {
                Columns = [.. outputs.Columns.Zip(sources, static (column, source) => column with { Source = source })],
            };
        }
        return new SelectClauses(
            isPositional ? outputs : QueryOutputs.Unknown,
            values,
            [.. select.List("sortClause").Select(item => SortOf(item, isPositional ? outputs : QueryOutputs.Unknown))],
            BoundOf(select.Child("limitCount"), select.Text("limitOption") == "LIMIT_OPTION_WITH_TIES"),
            BoundOf(select.Child("limitOffset"), isUnclear: false),
            [.. select.List("groupClause").Select(item => GroupOf(item, outputs))]
        )
        {
            Having = select.Child("havingClause") is { } having
                ? new OutputValue(having, [.. ColumnsOf(having)])
                : null,
        };
    }

    private ImmutableArray<OutputValue?> ValuesOf(SqlNode select)
    {
        ImmutableArray<OutputValue?>.Builder values = ImmutableArray.CreateBuilder<OutputValue?>();
        foreach (SqlNode target in select.List("targetList"))
        {
            SqlNode value = target.Child("val")!;
            if (value.Kind == "ColumnRef" && value.List("fields").LastOrDefault()?.Kind == "A_Star")
            {
                ImmutableArray<string> names = value.Names("fields");
                values.AddRange(
                    scope.Star(names.IsEmpty ? null : names[0]).Columns.Select(static _ => (OutputValue?)null)
                );
            }
            else
            {
                values.Add(new OutputValue(value, [.. ColumnsOf(value)]));
            }
        }
        return values.ToImmutable();
    }

    private IEnumerable<ColumnSource> SourcesOf(SqlNode target)
    {
        SqlNode value = target.Child("val")!;
        if (value.Kind != "ColumnRef")
        {
            return [ColumnSource.None];
        }
        if (value.List("fields").LastOrDefault()?.Kind != "A_Star")
        {
            return [scope.Resolve(value)];
        }
        ImmutableArray<string> names = value.Names("fields");
        return scope.Star(names.IsEmpty ? null : names[0]).Columns.Select(static column => column.Source);
    }

    private IEnumerable<ColumnReference> ColumnsOf(SqlNode value) =>
        value.Kind switch
        {
            "ColumnRef" => [new ColumnReference(value, scope.Resolve(value))],
            // It has names of its own.
            "SubLink" => [new ColumnReference(value, ColumnSource.None)],
            _ => value.Children().SelectMany(ColumnsOf),
        };

    private SortItem SortOf(SqlNode item, QueryOutputs outputs)
    {
        SqlNode node = item.Child("node")!;
        string direction = item.Text("sortby_dir");
        bool isDescending = direction == "SORTBY_DESC";
        bool hasNullsFirst = item.Text("sortby_nulls") switch
        {
            "SORTBY_NULLS_FIRST" => true,
            "SORTBY_NULLS_LAST" => false,
            _ => isDescending,
        };
        bool isByBytes =
            node.Kind == "CollateClause"
            && node.Child("arg")?.Kind == "ColumnRef"
            && node.Names("collname") is { Length: > 0 } collation
            && s_byteOrders.Contains(collation[^1])
            && (collation.Length == 1 || collation[0] == "pg_catalog");
        int output =
            direction == "SORTBY_USING" ? -1
            // Only a name by itself can be that of an output.
            : isByBytes ? OutputWith(scope.Resolve(node.Child("arg")!), outputs)
            : OutputOf(node, outputs);
        return new SortItem(output, isDescending, hasNullsFirst, isByBytes);
    }

    /// <summary>An ordinal, else the name of an output, else a column of FROM that comes out as it stands.</summary>
    /// <remarks>https://www.postgresql.org/docs/18/sql-select.html#SQL-ORDERBY</remarks>
    private int OutputOf(SqlNode node, QueryOutputs outputs)
    {
        if (node.Kind == "A_Const")
        {
            return places.TryNumber(node, out long ordinal) && ordinal >= 1 && ordinal <= outputs.Columns.Length
                ? (int)ordinal - 1
                : -1;
        }
        if (node.Kind != "ColumnRef")
        {
            return -1;
        }
        if (node.Names("fields") is [var name] && node.List("fields").Length == 1)
        {
            int[] named = [.. Enumerable.Range(0, outputs.Columns.Length).Where(i => outputs.Columns[i].Name == name)];
            if (named.Length > 0 || outputs.Columns.Any(static column => column.Name.Length == 0))
            {
                // One whose name is not known may have this one.
                bool isSure = named.Length == 1 && outputs.Columns.All(static column => column.Name.Length > 0);
                return isSure ? named[0] : -1;
            }
        }
        return OutputWith(scope.Resolve(node), outputs);
    }

    private static int OutputWith(ColumnSource source, QueryOutputs outputs) =>
        source.Table < 0
            ? -1
            : Enumerable.Range(0, outputs.Columns.Length).FirstOrDefault(i => IsOf(outputs.Columns[i], source), -1);

    /// <summary>
    /// Both are a column of the same table in the same place: one that came out of a query in FROM may come out of it
    /// twice, or as NULL where that one has no row.
    /// </summary>
    private static bool IsOf(QueryOutput output, ColumnSource source) =>
        source.IsOwn
        && output.Source.IsOwn
        && output.Source.Table == source.Table
        && output.Source.Column == source.Column;

    /// <summary>Here a column of FROM comes before an output of that name.</summary>
    /// <remarks>https://www.postgresql.org/docs/18/sql-select.html#SQL-GROUPBY</remarks>
    private GroupItem GroupOf(SqlNode item, QueryOutputs outputs)
    {
        if (item.Kind == "ColumnRef")
        {
            return scope.Lacks(item)
                ? OfOutput(NamedBy(item, outputs), outputs)
                : new GroupItem(scope.Resolve(item), -1);
        }
        bool isNumber = item.Kind == "A_Const" && outputs.IsPositional;
        return OfOutput(isNumber ? OutputOf(item, outputs) : -1, outputs);
    }

    private static GroupItem OfOutput(int output, QueryOutputs outputs) =>
        output < 0 ? new GroupItem(ColumnSource.None, -1) : new GroupItem(outputs.Columns[output].Source, output);

    /// <summary>The one column of that name; -1 if there are more, or some names are not known.</summary>
    private static int NamedBy(SqlNode node, QueryOutputs outputs)
    {
        if (!outputs.IsPositional || node.Names("fields") is not [var name])
        {
            return -1;
        }
        int[] named = [.. Enumerable.Range(0, outputs.Columns.Length).Where(i => outputs.Columns[i].Name == name)];
        return named.Length == 1 && outputs.Columns.All(static column => column.Name.Length > 0) ? named[0] : -1;
    }

    private RowBound BoundOf(SqlNode? node, bool isUnclear) =>
        node is null ? default
        : isUnclear ? new RowBound(RowBoundKind.Unknown)
        : node.Kind == "ParamRef" ? new RowBound(RowBoundKind.Parameter, node.Number("number"))
        : node.Kind != "A_Const" ? new RowBound(RowBoundKind.Unknown)
        : node.Flag("isnull") ? default
        : places.TryNumber(node, out long number) ? new RowBound(RowBoundKind.Number, number)
        : new RowBound(RowBoundKind.Unknown);
}
