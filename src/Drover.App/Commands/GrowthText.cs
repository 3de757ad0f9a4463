// What drover growth writes.
using System.Globalization;
using System.Text;
using System.Text.Json;
using Drover.History.Growth;

namespace Drover.App.Commands;

/// <summary>A growth report as text and as JSON.</summary>
internal static class GrowthText
{
    private static readonly (string Suffix, double Factor)[] s_units =
    [
        ("PB", 1e15),
        ("TB", 1e12),
        ("GB", 1e9),
        ("MB", 1e6),
        ("KB", 1e3),
        ("B", 1),
        ("", 1),
    ];

    /// <summary>A size such as <c>64TB</c> in bytes, by decimal units; null when it is none.</summary>
    public static double? SizeOf(string text)
    {
        string words = text.Trim().ToUpperInvariant();
        (string suffix, double factor) = s_units.First(unit => words.EndsWith(unit.Suffix, StringComparison.Ordinal));
        string digits = words[..(words.Length - suffix.Length)].Trim();
        return
            double.TryParse(digits, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number)
            && number > 0
            ? number * factor
            : null;
    }

    /// <summary>The report for a person.</summary>
    public static string Write(GrowthReport report)
    {
        StringBuilder text = new();
        foreach (GrowthLine line in report.Lines)
        {
            text.Append(CultureInfo.InvariantCulture, $"{line.Name, -12}");
            if (line.Trend is not { } trend)
            {
                text.Append(CultureInfo.InvariantCulture, $"known on fewer than {GrowthTrend.PointsMin} days\n");
                continue;
            }
            text.Append(
                CultureInfo.InvariantCulture,
                $"{Amount(trend.First, line.Unit)} on {Day(trend.Start)}, {Amount(trend.Last, line.Unit)} on "
            );
            text.Append(CultureInfo.InvariantCulture, $"{Day(trend.End)}; {Course(trend, line.Unit)}\n");
            if (line.Limit is { } limit)
            {
                text.Append(CultureInfo.InvariantCulture, $"{"", -12}{Reached(limit, line.Unit)}\n");
            }
        }
        Law(text, "query time", report.QueryLaw);
        Law(text, "p95", report.P95Law);
        return text.ToString();
    }

    /// <summary>The report for a program.</summary>
    public static string Json(GrowthReport report)
    {
        using MemoryStream buffer = new();
        using (Utf8JsonWriter json = new(buffer, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteNumber("days", report.Points.Count);
            json.WriteStartArray("values");
            foreach (GrowthLine line in report.Lines)
            {
                WriteLine(json, line);
            }
            json.WriteEndArray();
            WriteLaw(json, "query_time_by_size", report.QueryLaw);
            WriteLaw(json, "p95_by_size", report.P95Law);
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(buffer.ToArray()) + "\n";
    }

    private static void WriteLine(Utf8JsonWriter json, GrowthLine line)
    {
        json.WriteStartObject();
        json.WriteString("name", line.Name);
        json.WriteString("unit", line.Unit);
        if (line.Trend is { } trend)
        {
            json.WriteString("shape", trend.Shape == GrowthShape.Linear ? "linear" : "exponential");
            json.WriteString("from", Day(trend.Start));
            json.WriteString("to", Day(trend.End));
            json.WriteNumber("first", trend.First);
            json.WriteNumber("last", trend.Last);
            json.WriteNumber("per_month", trend.MonthlyGain);
            json.WriteNumber("r_squared", trend.Line.RSquared);
            WriteNumber(json, "doubling_months", trend.DoublingMonths);
        }
        if (line.Limit is { } limit)
        {
            json.WriteStartObject("limit");
            json.WriteNumber("value", limit.Limit);
            json.WriteBoolean("is_past", limit.IsPast);
            WriteDay(json, "day", limit.Day);
            WriteDay(json, "earliest", limit.Earliest);
            WriteDay(json, "latest", limit.Latest);
            json.WriteEndObject();
        }
        json.WriteEndObject();
    }

    private static void WriteLaw(Utf8JsonWriter json, string name, PowerLaw? law)
    {
        if (law is null)
        {
            json.WriteNull(name);
            return;
        }
        json.WriteStartObject(name);
        json.WriteNumber("exponent", law.Exponent);
        WriteNumber(json, "low", law.Low);
        WriteNumber(json, "high", law.High);
        json.WriteNumber("r_squared", law.RSquared);
        json.WriteNumber("days", law.Points);
        json.WriteEndObject();
    }

    private static void WriteNumber(Utf8JsonWriter json, string name, double? value)
    {
        if (value is { } number && double.IsFinite(number))
        {
            json.WriteNumber(name, number);
        }
        else
        {
            json.WriteNull(name);
        }
    }

    private static void WriteDay(Utf8JsonWriter json, string name, DateOnly? day)
    {
        if (day is { } known)
        {
            json.WriteString(name, Day(known));
        }
        else
        {
            json.WriteNull(name);
        }
    }

    private static string Course(GrowthTrend trend, string unit)
    {
        string sign = trend.MonthlyGain < 0 ? "-" : "+";
        string gain = $"{sign}{Amount(Math.Abs(trend.MonthlyGain), unit)} a month";
        string fit = string.Create(CultureInfo.InvariantCulture, $"R² {trend.Line.RSquared:0.00}");
        if (trend.DoublingMonths is not { } months)
        {
            return $"linear, {gain} ({fit})";
        }
        string factor = months > 0 ? "doubles" : "halves";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"exponential, {factor} in {Math.Abs(months):0.0} months, {gain} now ({fit})"
        );
    }

    private static string Reached(LimitDay limit, string unit)
    {
        string amount = Amount(limit.Limit, unit);
        if (limit.IsPast)
        {
            return $"{amount} is reached already";
        }
        if (limit.Day is not { } day)
        {
            return $"{amount} is not reached as it goes";
        }
        string earliest = limit.Earliest is { } early ? Day(early) : "?";
        return limit.Latest is { } late
            ? $"{amount} is reached on {Day(day)} ({earliest} to {Day(late)}, 95 %)"
            : $"{amount} is reached on {Day(day)} ({earliest} at the earliest, perhaps never)";
    }

    private static void Law(StringBuilder text, string name, PowerLaw? law)
    {
        if (law is null)
        {
            return;
        }
        text.Append(
            CultureInfo.InvariantCulture,
            $"{name} grows with size^{law.Exponent:0.00} ({law.Low:0.00} to {law.High:0.00}, 95 %, {law.Points} days, "
        );
        text.Append(
            CultureInfo.InvariantCulture,
            $"R² {law.RSquared:0.00}): twice the size is {Math.Pow(2, law.Exponent):0.0} times the {name}\n"
        );
    }

    private static string Amount(double value, string unit)
    {
        if (unit == "bytes")
        {
            return Bytes(value);
        }
        return string.Create(CultureInfo.InvariantCulture, $"{value:#,##0.##} {unit}");
    }

    private static string Bytes(double value)
    {
        (string suffix, double factor) = s_units.First(unit => value >= unit.Factor || unit.Suffix == "B");
        return string.Create(CultureInfo.InvariantCulture, $"{value / factor:0.##} {suffix}");
    }

    private static string Day(DateOnly day) => day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}
