// Pieces of SQL that all statements over the two tables are made of.
using Drover.Partitioning.Catalog;

namespace Drover.Partitioning.Conversion;

/// <summary>
/// Operators are named with their schema, so that no search_path can put another one in their place; comparisons of
/// whole rows are by image (<c>*=</c>; manual, 9.25.6), which tells 1.0 from 1.00 and 'a' from 'A' in every collation.
/// </summary>
internal static class ConversionSql
{
    private const string Equal = "OPERATOR(pg_catalog.=)";

    /// <summary><c>a, b, c</c>, with a table's alias before each where one is given.</summary>
    public static string List(IEnumerable<string> names, string? alias = null) =>
        string.Join(", ", names.Select(name => Of(alias, name)));

    /// <summary>The names of the columns that are written.</summary>
    public static string Written(this ConversionLayout layout, string? alias = null) =>
        List(layout.Written.Select(column => column.Name), alias);

    /// <summary>The row as one value whose image can be compared.</summary>
    public static string Image(this ConversionLayout layout, string alias) =>
        Record(layout.Written.Select(column => column.Name), alias);

    /// <summary>Some columns as one value whose image can be compared.</summary>
    public static string Record(IEnumerable<string> names, string alias) =>
        // The cast keeps ROW *= ROW from being taken apart column by column.
        $"(ROW({List(names, alias)}))::pg_catalog.record";

    /// <summary>Both images are the same.</summary>
    public static string SameImage(this ConversionLayout layout, string left, string right) =>
        $"{layout.Image(left)} OPERATOR(pg_catalog.*=) {layout.Image(right)}";

    /// <summary>Both rows have the same values in these columns; all of them are NOT NULL.</summary>
    public static string Match(IEnumerable<string> names, string left, string right) =>
        string.Join(" AND ", names.Select(name => $"{Of(left, name)} {Equal} {Of(right, name)}"));

    /// <summary>A table's row has the identity of a row of the key log.</summary>
    public static string MatchLog(this ConversionLayout layout, string alias, string log) =>
        string.Join(
            " AND ",
            layout.Identity.Zip(layout.LogColumns, (name, logged) => $"{Of(alias, name)} {Equal} {log}.{logged}")
        );

    /// <summary>Both tables have the same images for the identity of a row of the key log.</summary>
    public static string EqualFor(
        this ConversionLayout layout,
        QualifiedName leader,
        QualifiedName follower,
        string log
    )
    {
        string source = $"SELECT FROM {leader} AS s WHERE {layout.MatchLog("s", log)}";
        string target = $"SELECT FROM {follower} AS t WHERE {layout.MatchLog("t", log)}";
        string same = layout.SameImage("s", "t");
        return $"""
            NOT EXISTS ({source} AND NOT EXISTS ({target} AND {same}))
              AND NOT EXISTS ({target} AND NOT EXISTS ({source} AND {same}))
            """;
    }

    private static string Of(string? alias, string name) =>
        alias is null ? SqlText.Name(name) : $"{alias}.{SqlText.Name(name)}";
}
