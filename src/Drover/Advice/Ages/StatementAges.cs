// Reads sampled statements: text and parameters in, classes out.
using System.Text;
using Drover.Sql.Parsing;

namespace Drover.Advice.Ages;

/// <summary>
/// Parses with PostgreSQL's own parser on a thread of its own, which starts with the first statement. One at a time.
/// </summary>
/// <param name="library">The parser; null where this machine has none, and then nothing is understood.</param>
internal sealed class StatementAges(PgQueryLibrary? library) : IDisposable
{
    private ParserThreads? _threads;

    /// <summary>With this machine's parser, if it has one.</summary>
    public StatementAges()
        : this(PgQueryLibrary.Instance) { }

    /// <summary>Whether statements can be read at all.</summary>
    public bool CanRead => library is not null;

    /// <summary>
    /// What a statement asks of each table with an age, each table once, by the oldest of its uses. Empty for one that
    /// reads none, or cannot be parsed.
    /// </summary>
    /// <param name="sql">UTF-8 without a zero.</param>
    /// <param name="bound">What follows the names in its Bind; empty where there is none.</param>
    /// <param name="tables">The tables with an age.</param>
    /// <param name="now">The moment that ages count from.</param>
    /// <param name="zone">The time zone of times that name none.</param>
    public async Task<IReadOnlyDictionary<string, AccessAge>> ReadAsync(
        byte[] sql,
        byte[] bound,
        IReadOnlyList<AgedTable> tables,
        DateTimeOffset now,
        TimeZoneInfo zone
    )
    {
        Dictionary<string, AccessAge> ages = [];
        string text = tables.Count > 0 ? Encoding.UTF8.GetString(sql) : "";
        // Most statements name none of the tables, and a search costs less than a parse.
        if (!tables.Any(table => text.Contains(Written(table.Name), StringComparison.OrdinalIgnoreCase)))
        {
            return ages;
        }
        _threads ??= new ParserThreads(1);
        ParseOutcome outcome = await new PostgresParser(library, _threads).ParseAsync(
            sql,
            tree =>
            {
                AgeReader reader = new(tables, now);
                foreach ((AgedTable table, AccessAge age) in reader.Read(tree, new TimeValues(sql, bound, now, zone)))
                {
                    // Not understood beats any class but all ages, and an older class a younger one.
                    ages[table.Quoted] = ages.TryGetValue(table.Quoted, out AccessAge known) ? Wider(known, age) : age;
                }
            }
        );
        if (outcome.Tree is null)
        {
            ages.Clear();
        }
        return ages;
    }

    private static string Written(string name) => name.Replace("\"", "\"\"", StringComparison.Ordinal);

    /// <inheritdoc/>
    public void Dispose() => _threads?.Dispose();

    // All rows are more than anything that is not understood can be.
    private static AccessAge Wider(AccessAge one, AccessAge other) =>
        one == AccessAge.All || other == AccessAge.All ? AccessAge.All
        : one > other ? one
        : other;
}
