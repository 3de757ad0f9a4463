// What a SHOW command is: its columns, its rows, and who may see it.
using Drover.Administration;

namespace Drover.App.Console;

/// <summary>One result of SHOW.</summary>
/// <param name="Name">The word after SHOW, in lower case.</param>
/// <param name="Columns">The columns as PgBouncer 1.25 has them.</param>
/// <param name="Write">Writes the rows.</param>
internal sealed record ShowTable(string Name, Column[] Columns, Action<IProxyAdministration, RowWriter> Write)
{
    /// <summary>Whether <c>stats_users</c> are refused.</summary>
    public bool AdminOnly { get; init; }

    /// <summary>Columns from a compact form: names with blanks between, types as a letter each.</summary>
    /// <param name="types">t text, i int4, q int8, n numeric, b bytea.</param>
    /// <param name="names">As many names.</param>
    public static Column[] ColumnsOf(string types, string names)
    {
        string[] words = names.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (words.Length != types.Length)
        {
            throw new ArgumentException($"{types.Length} types for {words.Length} names.", nameof(types));
        }
        return [.. words.Select((word, i) => new Column(word, TypeOf(types[i])))];
    }

    private static ColumnType TypeOf(char letter) =>
        letter switch
        {
            'i' => ColumnType.Int4,
            'q' => ColumnType.Int8,
            'n' => ColumnType.Numeric,
            'b' => ColumnType.Bytea,
            _ => ColumnType.Text,
        };
}
