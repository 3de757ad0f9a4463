// Which table a column's name means.
using System.Collections.Immutable;
using Drover.Sql.Parsing;

namespace Drover.Sql.Statements;

/// <summary>
/// The names in FROM of one query; an inner query sees those of the outer
/// (https://www.postgresql.org/docs/18/sql-select.html). What cannot be told for sure resolves to nothing.
/// </summary>
/// <param name="facts">Has the tables.</param>
/// <param name="outer">The query around this one, whose WITH names it sees.</param>
/// <param name="seesSiblings">
/// Whether it sees the names in the outer query's FROM, as a subquery in an expression or behind LATERAL does.
/// </param>
internal sealed class NameScope(FactsBuilder facts, NameScope? outer, bool seesSiblings)
{
    private readonly List<Entry> _entries = [];
    private readonly Dictionary<string, QueryOutputs> _withNames = new(StringComparer.Ordinal);
    private Dictionary<string, ColumnSource> _merged = new(StringComparer.Ordinal);

    /// <summary>A name in FROM: a table, or what has outputs.</summary>
    private readonly record struct Entry(string Name, int Table, QueryOutputs Outputs);

    /// <summary>The number of the query.</summary>
    public int Query { get; } = facts.QueryCount++;

    public NameScope? Outer { get; } = outer;

    /// <summary>Reads the condition which holds only where this query has a row; null if there is none.</summary>
    public QualReader? RequiredBy { get; init; }

    /// <summary>Subqueries in conditions that must hold, with who reads those.</summary>
    public Dictionary<SqlNode, QualReader> Conjuncts { get; } = [];

    /// <summary>A join makes one column of two, so that <c>*</c> has another order.</summary>
    public bool HasMergedColumns { get; set; }

    /// <summary>A join makes one column of two, and it is not known which is meant.</summary>
    public bool HasMixedColumns { get; set; }

    /// <summary>Names in FROM so far.</summary>
    public int EntryCount => _entries.Count;

    /// <summary>The nearest query around this one whose columns it can name.</summary>
    private readonly NameScope? _visible = seesSiblings ? outer : outer?._visible;

    /// <summary>
    /// A name for what is no table by itself: a subquery, a function, a table with its columns renamed.
    /// </summary>
    public void AddDerived(string name, QueryOutputs outputs) => _entries.Add(new Entry(name, -1, outputs));

    public void AddTable(string name, int table) => _entries.Add(new Entry(name, table, QueryOutputs.Unknown));

    /// <summary>One name takes the place of all that were added since.</summary>
    public void Hide(int first, string name)
    {
        _entries.RemoveRange(first, _entries.Count - first);
        _merged.Clear();
        AddDerived(name, QueryOutputs.Unknown);
    }

    public void AddWithName(string name, QueryOutputs outputs) => _withNames[name] = outputs;

    /// <summary>The columns of a WITH query; null if a name without schema is none's.</summary>
    public QueryOutputs? WithQuery(string name) =>
        _withNames.TryGetValue(name, out QueryOutputs? outputs) ? outputs : Outer?.WithQuery(name);

    /// <summary>A column that USING made of two.</summary>
    public void Merge(string column, ColumnSource source) => _merged[column] = source;

    /// <summary>The columns that USING made so far; from here there are none.</summary>
    public Dictionary<string, ColumnSource> TakeMerged()
    {
        Dictionary<string, ColumnSource> taken = _merged;
        _merged = new Dictionary<string, ColumnSource>(StringComparer.Ordinal);
        return taken;
    }

    /// <summary>The table and column that a reference means.</summary>
    public ColumnSource Resolve(SqlNode reference)
    {
        ImmutableArray<string> names = reference.Names("fields");
        bool isPlain = reference.Kind == "ColumnRef" && names.Length == reference.List("fields").Length;
        return !isPlain
            ? ColumnSource.None
            : names.Length switch
            {
                1 => ResolveBare(names[0]),
                2 => ResolveQualified(names[0], names[1]),
                _ => ColumnSource.None,
            };
    }

    /// <summary>Whether a name by itself is known to be no column of FROM.</summary>
    public bool Lacks(SqlNode reference) =>
        reference.Names("fields") is [var column]
        && reference.List("fields").Length == 1
        && !_merged.ContainsKey(column)
        && Count(0, _entries.Count, column).Count == 0;

    /// <summary>A column by its name alone, of some of the entries; one entry has it, or PostgreSQL refuses.</summary>
    public ColumnSource ResolveAmong(int first, int end, string column)
    {
        if (end == first + 1)
        {
            return Column(_entries[first], column);
        }
        (ColumnSource found, int count) = Count(first, end, column);
        return count == 1 ? found : ColumnSource.None;
    }

    /// <summary>All columns, as <c>*</c> has them; of one name if it is given.</summary>
    public QueryOutputs Star(string? name)
    {
        ImmutableArray<QueryOutput>.Builder columns = ImmutableArray.CreateBuilder<QueryOutput>();
        Entry[] entries = [.. _entries.Where(entry => name is null || entry.Name == name)];
        bool isComplete = entries.Length > 0 && (name is null ? !HasMixedColumns : entries.Length == 1);
        bool isOrdered = name is not null || !HasMergedColumns;
        foreach (Entry entry in entries)
        {
            QueryOutputs outputs = entry.Table < 0 ? entry.Outputs : OfTable(entry.Table);
            columns.AddRange(outputs.Columns);
            isComplete &= outputs.IsComplete;
            isOrdered &= outputs.IsOrdered;
        }
        return new QueryOutputs(columns.ToImmutable(), isComplete, isOrdered);
    }

    /// <summary>The columns of a table as the catalogs know them.</summary>
    public QueryOutputs OfTable(int table)
    {
        TableUse use = facts.Tables[table];
        RelationFacts? relation = facts.Catalog.Describe(use.Schema, use.Name);
        return relation is null
            ? QueryOutputs.Unknown
            : new QueryOutputs(
                [
                    .. relation.Columns.Select(column => new QueryOutput(
                        column.Name,
                        new ColumnSource(table, column.Name, IsOwn: true),
                        ValueSource.Expression
                    )),
                ],
                IsComplete: true,
                IsOrdered: true
            );
    }

    private static ColumnSource Column(Entry entry, string column) =>
        entry.Table >= 0 ? new ColumnSource(entry.Table, column, IsOwn: true)
        : entry.Outputs.Find(column) is { } output ? output.Source
        : ColumnSource.None;

    private bool? Has(Entry entry, string column) =>
        entry.Table >= 0
            ? facts.Catalog.HasColumn(facts.Tables[entry.Table].Schema, facts.Tables[entry.Table].Name, column)
            : entry.Outputs.Has(column);

    /// <summary>How many of some entries have a column, and the last that has; -1 if that is not known.</summary>
    private (ColumnSource Found, int Count) Count(int first, int end, string column)
    {
        ColumnSource found = ColumnSource.None;
        int count = 0;
        for (int i = first; i < end; i++)
        {
            switch (Has(_entries[i], column))
            {
                case null:
                    return (ColumnSource.None, -1);
                case true:
                    found = Column(_entries[i], column);
                    count++;
                    break;
            }
        }
        return (found, count);
    }

    private ColumnSource ResolveQualified(string qualifier, string column)
    {
        Entry[] named = [.. _entries.Where(entry => entry.Name == qualifier)];
        return named.Length switch
        {
            1 => Column(named[0], column),
            0 when _visible is not null => OfOuter(_visible.ResolveQualified(qualifier, column)),
            _ => ColumnSource.None,
        };
    }

    private ColumnSource ResolveBare(string column)
    {
        if (_merged.TryGetValue(column, out ColumnSource merged))
        {
            return merged;
        }
        if (_entries.Count == 1 && _visible is null)
        {
            // It is this table's, or PostgreSQL refuses it.
            return Column(_entries[0], column);
        }
        (ColumnSource found, int count) = Count(0, _entries.Count, column);
        return count == 1 ? found
            : count == 0 && _visible is not null ? OfOuter(_visible.ResolveBare(column))
            : ColumnSource.None;
    }

    private static ColumnSource OfOuter(ColumnSource source) => source with { IsOwn = false, IsOuters = source.IsOwn };
}
