// What is gathered of one statement while its tree is read.
using System.Collections.Immutable;
using Drover.Sql.Parsing;

namespace Drover.Sql.Statements;

internal sealed class FactsBuilder(ICatalogFacts catalog, LiteralPlaces places)
{
    /// <summary>Views whose queries one statement takes in: a view of many views grows with each level.</summary>
    private const int ViewsMax = 64;

    /// <summary>A parser's thread has stack for statements, not for endless views.</summary>
    private const int ViewDepthMax = 16;

    private readonly HashSet<string> _unknowns = new(StringComparer.Ordinal);
    private readonly HashSet<string> _unknownConstructs = new(StringComparer.Ordinal);
    private readonly List<int> _loneParameters = [];
    private bool _hasParameters;
    private int _viewDepth;
    private bool _writes;

    /// <summary>Views' queries have been read too.</summary>
    public bool HasViews => Views.Count > 0;

    /// <summary>Those views, with their schemas.</summary>
    public List<(string Schema, string Name)> Views { get; } = [];

    public ICatalogFacts Catalog { get; } = catalog;

    /// <summary>Where the literals are; of a view's query, nowhere.</summary>
    public LiteralPlaces Places { get; private set; } = places;

    public List<TableUse> Tables { get; } = [];

    public List<FunctionUse> Functions { get; } = [];

    public List<string> RowLocks { get; } = [];

    public List<ColumnPredicate> Predicates { get; } = [];

    public List<ColumnBound> Bounds { get; } = [];

    public List<ColumnEquality> Equalities { get; } = [];

    public List<Assignment> Assignments { get; } = [];

    public InsertedRows? Inserted { get; set; }

    /// <summary>What the outermost SELECT says of its rows.</summary>
    public SelectClauses? Clauses { get; set; }

    public List<InsertedColumns> InsertedFrom { get; } = [];

    /// <summary>Queries begun so far.</summary>
    public int QueryCount { get; set; }

    public void MarkWrite() => _writes = true;

    /// <summary>
    /// From here a view's query is read: its literals are not in the text. False if there are too many views.
    /// </summary>
    public bool TryEnterView(RelationFacts view, out LiteralPlaces places)
    {
        places = Places;
        if (Views.Count >= ViewsMax || _viewDepth >= ViewDepthMax)
        {
            return false;
        }
        Views.Add((view.Schema, view.Name));
        _viewDepth++;
        Places = LiteralPlaces.None;
        return true;
    }

    public void LeaveView(LiteralPlaces places)
    {
        _viewDepth--;
        Places = places;
    }

    public void MarkUnknown(string construct)
    {
        _unknowns.Add(construct);
        _unknownConstructs.Add(construct);
    }

    /// <summary>Notes what the tree names as parameters.</summary>
    public void AddParameters(SqlNode node)
    {
        if (node.Kind == "ParamRef")
        {
            _hasParameters = true;
            if (Places.SlotOf(node) < 0)
            {
                _loneParameters.Add(node.Number("number"));
            }
        }
        foreach (SqlNode child in node.Children())
        {
            AddParameters(child);
        }
    }

    /// <summary>Notes a table or view where it stands.</summary>
    /// <param name="range">The name.</param>
    /// <param name="query">The query that it stands in.</param>
    /// <param name="isWritten">Whether the statement changes it.</param>
    /// <param name="isNew">Whether the catalogs need not know it.</param>
    public int AddTable(SqlNode range, int query, bool isWritten, bool isNew = false)
    {
        string schema = range.Text("schemaname");
        string name = range.Text("relname");
        string alias = range.Child("alias")?.Text("aliasname") ?? name;
        RelationKind? kind = Catalog.Relation(schema, name);
        if (range.Has("catalogname"))
        {
            MarkUnknown($"database name in {range.Text("catalogname")}.{schema}.{name}");
        }
        if (kind != RelationKind.Table && !isNew)
        {
            _unknowns.Add(kind == RelationKind.View ? $"view {name}" : $"relation {name}");
        }
        Tables.Add(new TableUse(schema, name, alias, isWritten, query, kind));
        return Tables.Count - 1;
    }

    public void AddFunction(SqlNode call)
    {
        ImmutableArray<string> name = call.Names("funcname");
        string schema = name.Length > 1 ? name[^2] : "";
        int arguments = call.List("args").Length;
        FunctionVolatility? volatility = Catalog.Volatility(schema, name[^1], arguments);
        switch (volatility)
        {
            case null:
                _unknowns.Add($"function {string.Join('.', name)}");
                break;
            case FunctionVolatility.Volatile:
                MarkWrite();
                break;
        }
        string literal = FirstLiteral(call.List("args"));
        Functions.Add(
            new FunctionUse(schema, name[^1], arguments, volatility)
            {
                Relation = name[^1] is "nextval" or "setval" or "currval" ? literal : "",
                Setting = name[^1] == "set_config" ? literal : "",
            }
        );
    }

    /// <summary>
    /// The text of the first argument, if it is a literal; empty if it is another. Only of functions whose literals are
    /// part of the statement's identity.
    /// </summary>
    private static string FirstLiteral(ImmutableArray<SqlNode> arguments)
    {
        SqlNode? first = arguments.FirstOrDefault();
        SqlNode? constant = first?.Kind == "TypeCast" ? first.Child("arg") : first;
        return constant?.Kind == "A_Const" ? constant.Child("sval")?.Text("sval") ?? "" : "";
    }

    public StatementFacts Build(StatementKind kind, SqlNode node) =>
        new()
        {
            Kind = kind,
            NodeName = node.Kind,
            Access =
                _writes ? StatementAccess.Write
                : _unknowns.Count > 0 ? StatementAccess.Unknown
                : StatementAccess.Read,
            Unknowns = [.. _unknowns.Order(StringComparer.Ordinal)],
            UnknownConstructs = [.. _unknownConstructs.Order(StringComparer.Ordinal)],
            LoneParameters = [.. _loneParameters],
            HasParameters = _hasParameters,
            Tables = [.. Tables],
            Views = [.. Views],
            Functions = [.. Functions],
            RowLocks = [.. RowLocks],
            Predicates = [.. Predicates],
            Bounds = [.. Bounds],
            Equalities = [.. Equalities],
            Assignments = [.. Assignments],
            Inserted = Inserted,
            InsertedFrom = [.. InsertedFrom],
            Clauses = Clauses,
            Tree = node,
        };
}
