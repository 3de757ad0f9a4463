// Dates and timestamps as PostgreSQL writes them with DateStyle ISO → a number with their order.
using System.Buffers.Text;

namespace Drover.Routing.Merging;

/// <summary>
/// <c>2024-02-29</c>, <c>2024-02-29 12:00:00.5+02:30</c>, <c>0044-03-15 BC</c>, <c>infinity</c>.
/// </summary>
/// <remarks>https://www.postgresql.org/docs/18/datatype-datetime.html#DATATYPE-DATETIME-OUTPUT</remarks>
internal static class IsoTime
{
    private const long MicrosPerSecond = 1_000_000;
    private const long SecondsPerDay = 86_400;

    /// <summary>Days, or microseconds, since 2000-01-01; at UTC where the value has an offset.</summary>
    /// <param name="text">The value.</param>
    /// <param name="isDate">It has no time of day: days, for there are more of them than microseconds.</param>
    /// <param name="since">An infinite one is beyond all others.</param>
    /// <returns>False if the text is anything else.</returns>
    public static bool TryRead(ReadOnlySpan<byte> text, bool isDate, out long since)
    {
        since = text.SequenceEqual("infinity"u8) ? long.MaxValue : long.MinValue;
        if (since == long.MaxValue || text.SequenceEqual("-infinity"u8))
        {
            return true;
        }
        bool isBefore = text.EndsWith(" BC"u8);
        text = isBefore ? text[..^3] : text;
        int digits = text.IndexOf((byte)'-');
        if (
            // Another DateStyle begins with the month or the day.
            digits < 4
            || !TryNumber(ref text, out int year)
            || !TrySkip(ref text, (byte)'-')
            || !TryNumber(ref text, out int month)
            || !TrySkip(ref text, (byte)'-')
            || !TryNumber(ref text, out int day)
            || month is < 1 or > 12
            || day is < 1 or > 31
        )
        {
            return false;
        }
        since = DaysOf(isBefore ? 1 - year : year, month, day);
        if (isDate)
        {
            return text.IsEmpty;
        }
        long seconds = since * SecondsPerDay;
        int fraction = 0;
        if (TrySkip(ref text, (byte)' '))
        {
            if (!TryClock(ref text, out int ofDay) || !TryFraction(ref text, out fraction))
            {
                return false;
            }
            seconds += ofDay;
            if (text is [(byte)'+' or (byte)'-', ..])
            {
                bool isWest = text[0] == (byte)'-';
                text = text[1..];
                if (!TryClock(ref text, out int offset))
                {
                    return false;
                }
                seconds -= isWest ? -offset : offset;
            }
        }
        since = (seconds * MicrosPerSecond) + fraction;
        return text.IsEmpty;
    }

    /// <summary>Hours, with or without minutes and seconds.</summary>
    private static bool TryClock(ref ReadOnlySpan<byte> text, out int seconds)
    {
        seconds = 0;
        if (!TryNumber(ref text, out int hours))
        {
            return false;
        }
        int minutes = 0;
        int rest = 0;
        bool isGood =
            !TrySkip(ref text, (byte)':')
            || (TryNumber(ref text, out minutes) && (!TrySkip(ref text, (byte)':') || TryNumber(ref text, out rest)));
        seconds = (((hours * 60) + minutes) * 60) + rest;
        return isGood;
    }

    private static bool TryFraction(ref ReadOnlySpan<byte> text, out int micros)
    {
        micros = 0;
        if (!TrySkip(ref text, (byte)'.'))
        {
            return true;
        }
        int before = text.Length;
        if (!TryNumber(ref text, out micros))
        {
            return false;
        }
        for (int digits = before - text.Length; digits < 6; digits++)
        {
            micros *= 10;
        }
        return before - text.Length <= 6;
    }

    private static bool TryNumber(ref ReadOnlySpan<byte> text, out int number)
    {
        number = 0;
        bool isNumber =
            text is [>= (byte)'0' and <= (byte)'9', ..]
            && Utf8Parser.TryParse(text, out number, out int read)
            && (text = text[read..]).Length >= 0;
        return isNumber;
    }

    private static bool TrySkip(ref ReadOnlySpan<byte> text, byte what)
    {
        if (text.IsEmpty || text[0] != what)
        {
            return false;
        }
        text = text[1..];
        return true;
    }

    /// <summary>Days since 2000-01-01 in the Gregorian calendar, which PostgreSQL extends in both directions.</summary>
    private static long DaysOf(int year, int month, int day)
    {
        // Years begin in March, so that the day which some lack is the last one.
        long y = month <= 2 ? year - 1L : year;
        int m = month <= 2 ? month + 9 : month - 3;
        long leaps = Math.DivRem(y, 4, out long r4) - (r4 < 0 ? 1 : 0);
        long centuries = Math.DivRem(y, 100, out long r100) - (r100 < 0 ? 1 : 0);
        long cycles = Math.DivRem(y, 400, out long r400) - (r400 < 0 ? 1 : 0);
        return (y * 365) + leaps - centuries + cycles + (((m * 153) + 2) / 5) + day - 1 - 730_425;
    }
}
