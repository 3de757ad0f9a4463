// What the columns of a query are, where each is a table's column as it stands, or a value.
using System.Collections.Immutable;

namespace Drover.Sql.Statements;

/// <summary>A column of a table that a name means.</summary>
/// <param name="Table">The index in <see cref="StatementFacts.Tables"/>; -1 if that is not known for sure.</param>
/// <param name="Column">As PostgreSQL folds it.</param>
/// <param name="IsOwn">
/// A condition on it, in the query where the name stands, keeps rows of the table out of the outcome: it is of that
/// query's FROM, and not behind a LIMIT or the like.
/// </param>
/// <param name="IsOuters">The same, of the query around the one where the name stands.</param>
internal readonly record struct ColumnSource(int Table, string Column, bool IsOwn, bool IsOuters = false)
{
    public static ColumnSource None { get; } = new(-1, "", false);
}

/// <summary>One column of a query.</summary>
/// <param name="Name">Empty if it is not known.</param>
/// <param name="Source">The table's column that it is in each row, or NULL.</param>
/// <param name="Value">The value that it is, if it is one.</param>
internal sealed record QueryOutput(string Name, ColumnSource Source, ValueSource Value);

/// <summary>The columns of a query, or of a part of FROM.</summary>
/// <param name="Columns">As far as they are known.</param>
/// <param name="IsComplete">None is missing.</param>
/// <param name="IsOrdered">They stand in their order.</param>
internal sealed record QueryOutputs(ImmutableArray<QueryOutput> Columns, bool IsComplete, bool IsOrdered)
{
    public static QueryOutputs Unknown { get; } = new([], false, false);

    /// <summary>All columns are known by their positions.</summary>
    public bool IsPositional => IsComplete && IsOrdered;

    /// <summary>
    /// The column with a name; null if there is none, or it is not known for sure. Two of one name cannot be referred
    /// to, but for those that USING made one, of which the first is it.
    /// </summary>
    public QueryOutput? Find(string name) => IsComplete ? Columns.FirstOrDefault(column => column.Name == name) : null;

    /// <summary>Whether there is a column with a name.</summary>
    public bool? Has(string name) =>
        !IsComplete ? null
        : Columns.Any(column => column.Name == name) ? true
        : Columns.Any(static column => column.Name.Length == 0) ? null
        : false;

    /// <summary>The same columns under other names, as an alias has them.</summary>
    public QueryOutputs Renamed(ImmutableArray<string> names) =>
        names.IsEmpty ? this
        : !IsPositional || names.Length > Columns.Length ? Unknown
        : this with
        {
            Columns =
            [
                .. Columns.Select((one, index) => index < names.Length ? one with { Name = names[index] } : one),
            ],
        };

    /// <summary>The same columns where conditions on them limit nothing.</summary>
    public QueryOutputs Opaque() =>
        this with
        {
            Columns = [.. Columns.Select(static one => one with { Source = one.Source with { IsOwn = false } })],
        };
}
