// Reads the select list of a query: which columns come out, and whether conditions on them reach its tables.
using System.Collections.Immutable;
using Drover.Sql.Parsing;

namespace Drover.Sql.Statements;

/// <summary>Of one SELECT whose FROM has been read.</summary>
internal sealed class QueryOutputReader(FactsBuilder facts, NameScope scope)
{
    /// <summary>Reads the columns.</summary>
    /// <param name="select">The query; no set operation and no VALUES.</param>
    /// <param name="firstFunction">The functions that were read before it.</param>
    public QueryOutputs Read(SqlNode select, int firstFunction)
    {
        ImmutableArray<QueryOutput>.Builder columns = ImmutableArray.CreateBuilder<QueryOutput>();
        bool isComplete = true;
        bool isOrdered = true;
        foreach (SqlNode target in select.List("targetList"))
        {
            SqlNode value = target.Child("val")!;
            if (value.Kind == "ColumnRef" && value.List("fields").LastOrDefault()?.Kind == "A_Star")
            {
                ImmutableArray<string> names = value.Names("fields");
                QueryOutputs star =
                    names.Length > 1 ? QueryOutputs.Unknown : scope.Star(names.IsEmpty ? null : names[0]);
                columns.AddRange(star.Columns);
                isComplete &= star.IsComplete;
                isOrdered &= star.IsOrdered;
                continue;
            }
            // The columns of a composite value: how many is for its type to say.
            isComplete &=
                value.Kind != "A_Indirection" || value.List("indirection").All(static i => i.Kind != "A_Star");
            string name = target.Text("name");
            columns.Add(
                new QueryOutput(
                    name.Length > 0 ? name : NameOf(value),
                    value.Kind == "ColumnRef" ? scope.Resolve(value) : ColumnSource.None,
                    ValueSources.Of(value, facts.Places)
                )
            );
        }
        QueryOutputs outputs = new(columns.ToImmutable(), isComplete, isOrdered);
        return LetsConditionsThrough(select, firstFunction) ? outputs : outputs.Opaque();
    }

    /// <summary>
    /// Whether leaving out rows of its tables whose column has another value leaves out rows of the outcome whose
    /// column has, and changes nothing else: so PostgreSQL itself pushes conditions down.
    /// </summary>
    private bool LetsConditionsThrough(SqlNode select, int firstFunction) =>
        !select.Has("limitCount")
        && !select.Has("limitOffset")
        && !select.Has("lockingClause")
        && !select.Has("windowClause")
        && select.List("distinctClause").All(static on => on.Members.IsEmpty)
        && !select.List("targetList").Any(HasWindow)
        && !select.List("sortClause").Any(HasWindow)
        && facts.Functions.Skip(firstFunction).All(static one => one.Volatility < FunctionVolatility.Volatile);

    private static bool HasWindow(SqlNode node) => node.Has("over") || node.Children().Any(HasWindow);

    /// <summary>
    /// The name that PostgreSQL gives a column without one (src/backend/parser/parse_target.c, FigureColname).
    /// </summary>
    private static string NameOf(SqlNode value) =>
        value.Kind switch
        {
            "ColumnRef" => value.Names("fields") is [.., var last] ? last : "",
            "FuncCall" => value.Names("funcname") is [.., var last] ? last : "",
            "A_Const" or "A_Expr" or "BoolExpr" or "ParamRef" or "NullTest" => "?column?",
            _ => "",
        };
}
