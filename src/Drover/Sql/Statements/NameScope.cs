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
    private readonly List<(string Name, int Table)> _entries = [];
    private readonly HashSet<string> _withNames = new(StringComparer.Ordinal);

    /// <summary>The number of the query.</summary>
    public int Query { get; } = facts.QueryCount++;

    public NameScope? Outer { get; } = outer;

    /// <summary>The nearest query around this one whose columns it can name.</summary>
    private readonly NameScope? _visible = seesSiblings ? outer : outer?._visible;

    /// <summary>
    /// A name for what is no table by itself: a subquery, a function, a table with its columns renamed.
    /// </summary>
    public void AddDerived(string name) => _entries.Add((name, -1));

    public void AddTable(string name, int table) => _entries.Add((name, table));

    public void AddWithName(string name) => _withNames.Add(name);

    /// <summary>Whether a name without schema is a WITH query's.</summary>
    public bool IsWithName(string name) => _withNames.Contains(name) || (Outer is not null && Outer.IsWithName(name));

    /// <summary>The table and column that a reference means; a table of -1 if that is not known for sure.</summary>
    public (int Table, string Column) Resolve(SqlNode reference)
    {
        ImmutableArray<string> names = reference.Names("fields");
        bool isPlain = reference.Kind == "ColumnRef" && names.Length == reference.List("fields").Length;
        return !isPlain
            ? (-1, "")
            : names.Length switch
            {
                1 => (ResolveBare(names[0]), names[0]),
                2 => (ResolveQualified(names[0]), names[1]),
                _ => (-1, ""),
            };
    }

    private int ResolveQualified(string qualifier)
    {
        int found = -1;
        int count = 0;
        foreach ((string name, int table) in _entries)
        {
            if (name == qualifier)
            {
                found = table;
                count++;
            }
        }
        return count == 1 ? found
            : count == 0 && _visible is not null ? _visible.ResolveQualified(qualifier)
            : -1;
    }

    private int ResolveBare(string column)
    {
        if (_entries.Count == 1 && _visible is null)
        {
            // It is this table's, or PostgreSQL refuses it.
            return _entries[0].Table;
        }
        int found = -1;
        int count = 0;
        foreach ((_, int table) in _entries)
        {
            bool? has =
                table < 0
                    ? null
                    : facts.Catalog.HasColumn(facts.Tables[table].Schema, facts.Tables[table].Name, column);
            if (has is null)
            {
                return -1;
            }
            if (has.Value)
            {
                found = table;
                count++;
            }
        }
        return count == 1 ? found
            : count == 0 && _visible is not null ? _visible.ResolveBare(column)
            : -1;
    }
}
