// An index that could be, as SQL and as a promise: which demands it can serve.
namespace Drover.Advice.Indexes;

/// <summary>A B-tree that does not exist.</summary>
/// <param name="Table">Of which table.</param>
/// <param name="Keys">Its key columns.</param>
/// <param name="Included">Columns that are only carried along.</param>
/// <param name="Condition">Of a partial index; else null.</param>
internal sealed record IndexCandidate(
    WorkloadTable Table,
    IReadOnlyList<OrderedColumn> Keys,
    IReadOnlyList<string> Included,
    ConstantCondition? Condition
)
{
    // An entry's header and line pointer, the page's header and B-tree's special space, and pages nine tenths full:
    // https://www.postgresql.org/docs/18/btree.html.
    private const double EntryBytes = 8 + 4;
    private const double PageRoom = (8192 - 24 - 16) * 0.9;

    /// <summary>What follows ON schema.table: the columns, INCLUDE and WHERE.</summary>
    public string Body { get; } = BodyOf(Table, Keys, Included, Condition);

    /// <summary>How it is called in a list.</summary>
    public string Subject => $"{Table.Quoted} {Body}";

    /// <summary>Columns whose change needs a new entry.</summary>
    public IEnumerable<string> Columns =>
        Keys.Select(static key => key.Name)
            .Concat(Included)
            .Concat(Condition is null ? [] : [Condition.Column])
            .Distinct();

    /// <summary>Bytes by the columns' average widths; a tenth off either way.</summary>
    public long EstimatedBytes
    {
        get
        {
            double width = Keys.Select(static key => key.Name).Concat(Included).Sum(name => Table.Columns[name].Width);
            double entry = (Math.Ceiling(width / 8) * 8) + EntryBytes;
            double rows = Table.Rows * (Condition?.Share ?? 1);
            return (long)(Math.Ceiling(rows / Math.Max(1, Math.Floor(PageRoom / entry))) + 1) * 8192;
        }
    }

    /// <summary>Whether it could find rows for a statement, or have them in its order.</summary>
    public bool Serves(StudiedStatement statement) =>
        statement.Demands.Any(demand => demand.Table == Table && Serves(demand));

    /// <summary>Whether all that another does, this one does too.</summary>
    public bool Covers(IndexCandidate other) =>
        other.Table == Table
        && (Condition is null || Condition == other.Condition)
        && Keys.Count >= other.Keys.Count
        && Keys.Take(other.Keys.Count).SequenceEqual(other.Keys)
        && other.Included.All(name => Included.Contains(name) || Keys.Any(key => key.Name == name));

    private bool Serves(TableDemand demand)
    {
        bool isAsked =
            Condition is null || demand.Conditions.Any(one => one with { Share = Condition.Share } == Condition);
        string first = Keys[0].Name;
        return isAsked
            && (
                demand.Equal.Contains(first)
                || demand.Joined.Contains(first)
                || demand.Ranges.Contains(first)
                || (demand.Order.Count > 0 && demand.Order[0].Name == first)
            );
    }

    private static string BodyOf(
        WorkloadTable table,
        IReadOnlyList<OrderedColumn> keys,
        IReadOnlyList<string> included,
        ConstantCondition? condition
    )
    {
        string Quoted(string name) => table.Columns[name].Quoted;
        string body =
            $"({string.Join(", ", keys.Select(key => Quoted(key.Name) + (key.IsDescending ? " DESC" : "")))})";
        if (included.Count > 0)
        {
            body += $" INCLUDE ({string.Join(", ", included.Select(Quoted))})";
        }
        return condition switch
        {
            null => body,
            { Sql: "NOT" } => $"{body} WHERE NOT {Quoted(condition.Column)}",
            _ => $"{body} WHERE {Quoted(condition.Column)}{condition.Sql}",
        };
    }
}
