// Values of drover.toml: their types are stricter than PgBouncer's texts, and durations carry a unit.
using System.Globalization;
using System.Text;
using Drover.Configuration.Settings;
using Tomlyn.Syntax;

namespace Drover.Configuration.Files;

/// <summary>Turns values of drover.toml into the spelling that settings read, and back.</summary>
internal static class TomlValue
{
    /// <summary>The value in PgBouncer's spelling; null and what is wrong when its type does not fit.</summary>
    public static string? ToText(SettingKind kind, string? unit, ValueSyntax? value, out string problem)
    {
        string? text = (kind, value) switch
        {
            (SettingKind.Integer, IntegerValueSyntax number) => Invariant(number.Value),
            (SettingKind.Boolean, BooleanValueSyntax truth) => truth.Value ? "1" : "0",
            (SettingKind.Duration, IntegerValueSyntax number) => Invariant(number.Value),
            (SettingKind.Duration, FloatValueSyntax number) => number.Value.ToString("R", CultureInfo.InvariantCulture),
            (SettingKind.Duration, StringValueSyntax words) => DurationText(words.Value ?? "", unit),
            (SettingKind.Amount, IntegerValueSyntax number) => Digits(number.Token),
            (SettingKind.Amount, FloatValueSyntax number) => Digits(number.Token),
            (SettingKind.Text or SettingKind.Choice, StringValueSyntax words) => words.Value ?? "",
            (SettingKind.FileMode, StringValueSyntax words) => words.Value ?? "",
            (SettingKind.FileMode, IntegerValueSyntax mode) => Invariant(mode.Value),
            (SettingKind.List, StringValueSyntax words) => words.Value ?? "",
            (SettingKind.List, ArraySyntax array) => ListText(array),
            _ => null,
        };
        problem = text is null ? "must be " + Expected(kind) : "";
        return text;
    }

    /// <summary>Writes a value that is in PgBouncer's spelling.</summary>
    public static string Write(SettingKind kind, string? unit, string text) =>
        kind switch
        {
            SettingKind.Integer or SettingKind.Amount => text,
            SettingKind.Boolean => text == "0" ? "false" : "true",
            SettingKind.Duration when SettingText.TryDuration(text, UnitOf(unit), out TimeSpan time) => Quote(
                SettingText.FormatDurationWithUnit(time)
            ),
            SettingKind.List => "[" + string.Join(", ", TextList.Split(text).Select(Quote)) + "]",
            _ => Quote(text),
        };

    /// <summary>A basic string.</summary>
    public static string Quote(string text)
    {
        StringBuilder quoted = new("\"");
        foreach (char c in text)
        {
            _ = c switch
            {
                '"' => quoted.Append("\\\""),
                '\\' => quoted.Append("\\\\"),
                < ' ' or '\x7f' => quoted.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:X4}"),
                _ => quoted.Append(c),
            };
        }
        return quoted.Append('"').ToString();
    }

    private static string? DurationText(string text, string? unit) =>
        SettingText.TryDurationWithUnit(text, out TimeSpan time)
            ? SettingText.FormatDuration(time, UnitOf(unit))
            : null;

    private static TimeSpan UnitOf(string? unit) =>
        unit == "milliseconds" ? TimeSpan.FromMilliseconds(1) : TimeSpan.FromSeconds(1);

    private static string? ListText(ArraySyntax array)
    {
        List<string> items = [];
        foreach (ArrayItemSyntax item in array.Items)
        {
            if (item.Value is not StringValueSyntax { Value: { } text } || text.Contains(',', StringComparison.Ordinal))
            {
                return null;
            }
            items.Add(text);
        }
        return string.Join(',', items);
    }

    // As it is written: a double would not keep 0.10.
    private static string? Digits(SyntaxToken? token) => token?.Text?.Replace("_", "", StringComparison.Ordinal);

    private static string Invariant(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Expected(SettingKind kind) =>
        kind switch
        {
            SettingKind.Integer => "a whole number, without quotes",
            SettingKind.Boolean => "true or false",
            SettingKind.Duration => "a duration such as \"15s\", \"500ms\", \"2min\" or \"1h\", or a bare number",
            SettingKind.List => "a list of strings without commas, such as [\"one\", \"two\"]",
            SettingKind.Amount => "an amount such as 12000 or 0.115, without quotes",
            SettingKind.FileMode => "a file mode such as \"0777\"",
            _ => "a string in quotes",
        };
}
