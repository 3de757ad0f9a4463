// Reads the growth of a database from a CSV file, for teams without a history.
using System.Globalization;

namespace Drover.History.Growth;

/// <summary>
/// A header and a line per day: <c>time</c> (2024-01, 2024-01-31 or with a time of day) and at least one of
/// <c>size_bytes</c>, <c>size_gb</c>, <c>size_tb</c> (decimal units), <c>rows</c>, <c>query_ms</c>, <c>p95_ms</c>,
/// <c>connections</c>. Commas or semicolons; empty cells are unknown; lines that begin with # are passed over.
/// </summary>
internal static class GrowthCsv
{
    private static readonly string[] s_dates = ["yyyy-MM-dd", "yyyy-MM", "yyyy/MM/dd", "yyyy/MM"];

    private static readonly Dictionary<string, Func<GrowthPoint, double, GrowthPoint>> s_columns = new()
    {
        ["size_bytes"] = static (point, value) => point with { Bytes = value },
        ["size_gb"] = static (point, value) => point with { Bytes = value * 1e9 },
        ["size_tb"] = static (point, value) => point with { Bytes = value * 1e12 },
        ["rows"] = static (point, value) => point with { Rows = value },
        ["query_ms"] = static (point, value) => point with { QueryMs = value },
        ["p95_ms"] = static (point, value) => point with { P95Ms = value },
        ["connections"] = static (point, value) => point with { Connections = value },
    };

    /// <summary>Reads the text.</summary>
    /// <exception cref="FormatException">It is not such a file; with the line, and what is expected there.</exception>
    public static IReadOnlyList<GrowthPoint> Read(string text)
    {
        List<(int Number, string Text)> lines =
        [
            .. text.Split('\n')
                .Select(static (line, at) => (at + 1, line.Trim('\r', ' ', '\uFEFF')))
                .Where(static line => line.Item2.Length > 0 && line.Item2[0] != '#'),
        ];
        if (lines.Count == 0)
        {
            throw new FormatException("the file is empty: its first line names the columns, such as time,size_gb");
        }
        char separator = lines[0].Text.Contains(';', StringComparison.Ordinal) ? ';' : ',';
        string[] header = [.. Cells(lines[0].Text, separator).Select(static name => name.ToLowerInvariant())];
        Check(header, lines[0].Number);
        List<GrowthPoint> points = [];
        foreach ((int number, string line) in lines.Skip(1))
        {
            points.Add(ReadLine(line, number, header, separator));
        }
        return [.. points.OrderBy(static point => point.At)];
    }

    private static void Check(string[] header, int line)
    {
        string known = string.Join(", ", s_columns.Keys);
        if (!header.Contains("time"))
        {
            throw new FormatException($"line {line}: there is no column time; the others are {known}");
        }
        if (header.FirstOrDefault(static name => name != "time" && !s_columns.ContainsKey(name)) is { } odd)
        {
            throw new FormatException($"line {line}: column '{odd}' is not known: time, {known}");
        }
        if (
            header.Distinct().Count() != header.Length
            || header.Count(static name => name.StartsWith("size_", StringComparison.Ordinal)) > 1
        )
        {
            throw new FormatException($"line {line}: a column is there twice");
        }
    }

    private static GrowthPoint ReadLine(string text, int line, string[] header, char separator)
    {
        string[] cells = Cells(text, separator);
        if (cells.Length != header.Length)
        {
            throw new FormatException($"line {line}: {cells.Length} values for {header.Length} columns");
        }
        GrowthPoint point = new(default);
        for (int i = 0; i < cells.Length; i++)
        {
            if (header[i] == "time")
            {
                point = point with { At = ReadDay(cells[i], line) };
            }
            else if (cells[i].Length > 0)
            {
                bool isNumber = double.TryParse(
                    cells[i],
                    NumberStyles.Float,
                    CultureInfo.InvariantCulture,
                    out double value
                );
                if (!isNumber || !double.IsFinite(value) || value < 0)
                {
                    throw new FormatException($"line {line}: {header[i]} '{cells[i]}' is not a number from 0");
                }
                point = s_columns[header[i]](point, value);
            }
        }
        return point;
    }

    private static DateOnly ReadDay(string text, int line)
    {
        CultureInfo culture = CultureInfo.InvariantCulture;
        if (DateOnly.TryParseExact(text, s_dates, culture, DateTimeStyles.None, out DateOnly day))
        {
            return day;
        }
        return DateTimeOffset.TryParse(text, culture, DateTimeStyles.AssumeUniversal, out DateTimeOffset moment)
            ? DateOnly.FromDateTime(moment.UtcDateTime)
            : throw new FormatException($"line {line}: time '{text}' is not a day such as 2024-01-31 or 2024-01");
    }

    private static string[] Cells(string line, char separator) =>
        [.. line.Split(separator).Select(static cell => cell.Trim(' ', '"'))];
}
