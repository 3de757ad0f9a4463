// A row of the table under stress as its writer knows it: every value as PostgreSQL writes it.
using System.Globalization;

namespace Drover.IntegrationTests.Partitioning.Stress;

/// <summary>Values of <see cref="Columns"/>; null is NULL.</summary>
internal sealed class LedgerRow(string?[] values)
{
    /// <summary>The partition key comes first; the other columns may be NULL.</summary>
    public static readonly string[] Columns = ["at", "n", "amount", "word", "token", "flag", "ratio", "doc", "raw"];

    /// <summary>The column of the partition key.</summary>
    public const int At = 0;

    /// <summary>A column whose new values are always others.</summary>
    public const int Number = 1;

    /// <summary>The column that is unique.</summary>
    public const int Token = 4;

    private const int Hours = 24 * 50;
    private const int LongWord = 6000;

    // The first of last month: few partitions, whenever the test runs.
    private static readonly DateTime s_first = FirstOfMonth(TimeProvider.System.GetUtcNow().UtcDateTime.AddMonths(-1));

    /// <summary>The value of a column.</summary>
    public string? this[int column] => values[column];

    /// <summary>All new values.</summary>
    public static LedgerRow Random(Random random, string token) =>
        new([.. Columns.Select((_, column) => Value(random, column, token))]);

    /// <summary>The same row but for one value.</summary>
    public LedgerRow With(int column, string? value)
    {
        string?[] changed = [.. values];
        changed[column] = value;
        return new LedgerRow(changed);
    }

    /// <summary>A value that a column may have.</summary>
    public static string Value(Random random, int column, string token) =>
        Columns[column] switch
        {
            "at" => Instant(random.Next(Hours)),
            "n" => Text($"{random.NextInt64()}"),
            // 1.0 is not 1.00, and both are kept.
            "amount" => random.Next(2) == 0 ? Text($"{random.Next(9999)}.5") : Text($"{random.Next(9999)}.50"),
            "word" => Word(random),
            "token" => token,
            "flag" => random.Next(2) == 0 ? "true" : "false",
            "ratio" => ((string[])["NaN", "-0", "0", "0.5", "-Infinity"])[random.Next(5)],
            "doc" => $"{{\"k\": {random.Next(99)}}}",
            _ => Text($"\\x{random.Next():x8}"),
        };

    /// <summary>A value as a literal.</summary>
    public static string Literal(string? value) =>
        value is null ? "NULL" : $"'{value.Replace("'", "''", StringComparison.Ordinal)}'";

    /// <summary>All values as literals, for VALUES.</summary>
    public string Literals() => string.Join(", ", values.Select(Literal));

    /// <summary>All values as assignments, for SET.</summary>
    public string Assignments() =>
        string.Join(", ", Columns.Zip(values, (name, value) => $"{name} = {Literal(value)}"));

    /// <summary>Names of the columns in which another row differs; a NULL for a value is told apart.</summary>
    public IEnumerable<string> Differences(LedgerRow other) =>
        from column in Enumerable.Range(0, Columns.Length)
        where this[column] != other[column]
        select other[column] is null ? $"NULL for the value of {Columns[column]}" : $"stale {Columns[column]}";

    /// <summary>The time so many hours after the first.</summary>
    public static string Instant(int hours) =>
        s_first.AddHours(hours).ToString("yyyy-MM-dd HH:mm:ss'+00'", CultureInfo.InvariantCulture);

    private static DateTime FirstOfMonth(DateTime day) => new(day.Year, day.Month, 1, 0, 0, 0, DateTimeKind.Utc);

    // Now and then one that is kept outside the row (TOAST), and now and then an empty one, which is not NULL.
    private static string Word(Random random) =>
        random.Next(12) switch
        {
            0 => "",
            1 => string.Concat(Enumerable.Range(0, LongWord / 8).Select(_ => Text($"{random.Next():x8}"))),
            _ => Text($"o'{random.Next():x}"),
        };

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
