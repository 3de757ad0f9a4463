// Amounts of bytes as a person reads them.
using System.Globalization;

namespace Drover.Operations;

/// <summary>Powers of 1,024, as pg_size_pretty has them.</summary>
internal static class ByteText
{
    private static readonly string[] s_units = ["bytes", "kB", "MB", "GB", "TB"];

    /// <summary>For example <c>12.3 GB</c>.</summary>
    public static string Of(long bytes)
    {
        double amount = bytes;
        int unit = 0;
        for (; Math.Abs(amount) >= 1024 && unit < s_units.Length - 1; unit++)
        {
            amount /= 1024;
        }
        string form = unit == 0 || Math.Abs(amount) >= 100 ? "0" : "0.#";
        return $"{amount.ToString(form, CultureInfo.InvariantCulture)} {s_units[unit]}";
    }
}
