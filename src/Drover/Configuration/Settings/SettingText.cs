// How values are spelled: PgBouncer's numbers, times and words, and the durations of drover.toml.
using System.Globalization;

namespace Drover.Configuration.Settings;

/// <summary>Reads and writes the spellings of setting values.</summary>
internal static class SettingText
{
    /// <summary>The longest time that a setting may give; it keeps all sums of times in range.</summary>
    private static readonly TimeSpan DurationMax = TimeSpan.FromDays(36_500);

    private static readonly (string Suffix, TimeSpan Unit)[] Suffixes =
    [
        ("us", TimeSpan.FromMicroseconds(1)),
        ("ms", TimeSpan.FromMilliseconds(1)),
        ("min", TimeSpan.FromMinutes(1)),
        ("s", TimeSpan.FromSeconds(1)),
        ("m", TimeSpan.FromMinutes(1)),
        ("h", TimeSpan.FromHours(1)),
        ("d", TimeSpan.FromDays(1)),
    ];

    /// <summary>A whole number as C reads it: a leading 0 is octal, 0x hexadecimal.</summary>
    public static bool TryInteger(string text, out long value)
    {
        ReadOnlySpan<char> digits = text.AsSpan().TrimStart();
        bool negative = digits.StartsWith("-");
        digits = negative || digits.StartsWith("+") ? digits[1..] : digits;
        bool fits =
            digits.StartsWith("0x", StringComparison.OrdinalIgnoreCase)
                ? long.TryParse(digits[2..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value)
            : digits.Length > 1 && digits[0] == '0' ? TryOctal(digits[1..], out value)
            : long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out value);
        value = negative ? -value : value;
        return fits;
    }

    /// <summary>The greatest amount: with it all sums and products of prices stay in the range of decimal.</summary>
    public const decimal AmountMax = 1_000_000_000_000m;

    /// <summary>What is wrong with a text that is no amount.</summary>
    public const string AmountProblem =
        "is no amount: write digits with a point for a fraction, such as 12000 or 0.115, without a sign, up to 10^12";

    /// <summary>An amount from 0 to <see cref="AmountMax"/>, with at most 12 digits after the point.</summary>
    public static bool TryAmount(string text, out decimal value) =>
        decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out value)
        && value <= AmountMax
        && value.Scale <= 12;

    /// <summary>0 or another number, and the words that PostgreSQL knows.</summary>
    public static bool TryBoolean(string text, out bool value)
    {
        if (TryInteger(text, out long number))
        {
            value = number != 0;
            return true;
        }
        value = text.ToLowerInvariant() is "on" or "true" or "yes";
        return value || text.ToLowerInvariant() is "off" or "false" or "no";
    }

    /// <summary>A number of <paramref name="unit"/>s, with a fraction if need be.</summary>
    public static bool TryDuration(string text, TimeSpan unit, out TimeSpan value)
    {
        value = default;
        if (
            !decimal.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out decimal number)
            || number < 0
            || number > DurationMax.Ticks / unit.Ticks
        )
        {
            return false;
        }
        value = TimeSpan.FromTicks((long)(number * unit.Ticks));
        return true;
    }

    /// <summary>The number of <paramref name="unit"/>s without needless digits.</summary>
    public static string FormatDuration(TimeSpan value, TimeSpan unit) =>
        ((decimal)value.Ticks / unit.Ticks).ToString("0.#######", CultureInfo.InvariantCulture);

    /// <summary>A duration with its unit, such as <c>15s</c> or <c>500ms</c>.</summary>
    public static bool TryDurationWithUnit(string text, out TimeSpan value)
    {
        string trimmed = text.Trim();
        foreach ((string suffix, TimeSpan unit) in Suffixes)
        {
            if (trimmed.EndsWith(suffix, StringComparison.Ordinal))
            {
                return TryDuration(trimmed[..^suffix.Length].TrimEnd(), unit, out value);
            }
        }
        value = default;
        return trimmed == "0";
    }

    /// <summary>The shortest whole number with a unit.</summary>
    public static string FormatDurationWithUnit(TimeSpan value) =>
        value == TimeSpan.Zero ? "0s"
        : value.Ticks % TimeSpan.TicksPerHour == 0 ? FormatDuration(value, TimeSpan.FromHours(1)) + "h"
        : value.Ticks % TimeSpan.TicksPerMinute == 0 ? FormatDuration(value, TimeSpan.FromMinutes(1)) + "min"
        : value.Ticks % TimeSpan.TicksPerSecond == 0 ? FormatDuration(value, TimeSpan.FromSeconds(1)) + "s"
        : value.Ticks % TimeSpan.TicksPerMillisecond == 0 ? FormatDuration(value, TimeSpan.FromMilliseconds(1)) + "ms"
        : FormatDuration(value, TimeSpan.FromMicroseconds(1)) + "us";

    /// <summary>What to say about a number that is none or out of range.</summary>
    public static string RangeProblem(long min, long max) =>
        max >= int.MaxValue ? $"is not a whole number of at least {min}" : $"is not a whole number from {min} to {max}";

    private static bool TryOctal(ReadOnlySpan<char> digits, out long value)
    {
        value = 0;
        foreach (char digit in digits)
        {
            if (digit is < '0' or > '7' || value > long.MaxValue / 16)
            {
                return false;
            }
            value = value * 8 + (digit - '0');
        }
        return true;
    }
}
