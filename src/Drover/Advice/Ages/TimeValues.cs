// What an expression of a statement says of a moment: a literal, a parameter, now(), and what is added or taken away.
using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Drover.Routing.Keys;
using Drover.Sql.Parsing;
using Drover.Sql.Shapes;

namespace Drover.Advice.Ages;

/// <summary>
/// Values of one statement, read when they are asked for, and kept by nobody. Null is what is not understood.
/// https://www.postgresql.org/docs/18/datatype-datetime.html
/// </summary>
/// <param name="sql">The text.</param>
/// <param name="bound">What follows the names in its Bind; empty where there is none.</param>
/// <param name="now">The moment that now() is.</param>
/// <param name="zone">The time zone of times that name none.</param>
internal sealed class TimeValues(byte[] sql, byte[] bound, DateTimeOffset now, TimeZoneInfo zone)
{
    /// <summary>2000-01-01, where PostgreSQL's binary times begin.</summary>
    private static readonly DateTime s_origin = new(2000, 1, 1);

    /// <summary>What a function or cast rounds down; null where it is none of those.</summary>
    public static SqlNode? RoundedDown(SqlNode node) =>
        node.Kind switch
        {
            "TypeCast" when IsTime(TypeOf(node)) => node.Child("arg"),
            "FuncCall" when NameOf(node) == "date_trunc" && node.List("args") is [_, var inner] => inner,
            _ => null,
        };

    /// <summary>A moment.</summary>
    /// <param name="node">The expression.</param>
    /// <param name="isZoned">Whether it is compared with, or cast to, a timestamptz.</param>
    public DateTimeOffset? Time(SqlNode node, bool isZoned)
    {
        switch (node.Kind)
        {
            case "A_Const":
                return Literal(node) is { } text ? Moment(text, isZoned) : null;
            case "ParamRef":
                return Parameter(node, isZoned);
            case "TypeCast" when node.Child("arg") is { } inner && IsTime(TypeOf(node)):
                DateTimeOffset? cast = Time(inner, TypeOf(node) == "timestamptz");
                return TypeOf(node) == "date" && cast is { } day ? Midnight(day) : cast;
            case "SQLValueFunction":
                return node.Text("op") switch
                {
                    "SVFOP_CURRENT_DATE" => Midnight(now),
                    "SVFOP_CURRENT_TIMESTAMP" or "SVFOP_LOCALTIMESTAMP" => now,
                    _ => null,
                };
            case "FuncCall":
                return Function(node, isZoned);
            case "A_Expr" when node.Text("kind") == "AEXPR_OP":
                return Sum(node, isZoned);
            default:
                return null;
        }
    }

    /// <summary>A number.</summary>
    public double? Number(SqlNode node)
    {
        switch (node.Kind)
        {
            case "TypeCast" when node.Child("arg") is { } inner && TypeOf(node) is "int2" or "int4" or "int8":
                return Number(inner);
            case "A_Const":
                return NumberOf(Literal(node) ?? Token(node));
            case "ParamRef" when Value(node) is var (bytes, isBinary):
                if (!isBinary)
                {
                    return NumberOf(Encoding.UTF8.GetString(bytes));
                }
                return bytes.Length switch
                {
                    2 => BinaryPrimitives.ReadInt16BigEndian(bytes),
                    4 => BinaryPrimitives.ReadInt32BigEndian(bytes),
                    8 => BinaryPrimitives.ReadInt64BigEndian(bytes),
                    _ => null,
                };
            default:
                return null;
        }
    }

    private static double? NumberOf(string? text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number)
        && double.IsFinite(number)
            ? number
            : null;

    private DateTimeOffset? Sum(SqlNode node, bool isZoned)
    {
        if (
            node.Names("name") is not [("+" or "-") and var name]
            || node.Child("lexpr") is not { } left
            || node.Child("rexpr") is not { } right
            || Time(left, isZoned) is not { } at
        )
        {
            return null;
        }
        int sign = name == "-" ? -1 : 1;
        if (Interval(right) is { } span)
        {
            return Shifted(at, span.Times(sign));
        }
        bool isDate = left.Text("op") == "SVFOP_CURRENT_DATE" || (left.Kind == "TypeCast" && TypeOf(left) == "date");
        return isDate && Number(right) is { } days ? Shifted(at, new IntervalText(0, days, 0).Times(sign)) : null;
    }

    private IntervalText? Interval(SqlNode node)
    {
        switch (node.Kind)
        {
            case "A_Const":
                return Literal(node) is { } text ? IntervalText.Read(text) : null;
            // A unit or a precision behind it changes what the text means.
            case "TypeCast" when TypeOf(node) == "interval" && !node.Child("typeName")!.Has("typmods"):
                return node.Child("arg") is { } inner ? Interval(inner) : null;
            case "ParamRef" when Value(node) is var (bytes, isBinary):
                return isBinary ? IntervalText.ReadBinary(bytes) : IntervalText.Read(Encoding.UTF8.GetString(bytes));
            case "A_Expr" when node.Names("name") is ["*"]:
                (SqlNode? left, SqlNode? right) = (node.Child("lexpr"), node.Child("rexpr"));
                return left is null || right is null ? null
                    : Interval(left) is { } one && Number(right) is { } factor ? one.Times(factor)
                    : Interval(right) is { } other && Number(left) is { } times ? other.Times(times)
                    : null;
            default:
                return null;
        }
    }

    private DateTimeOffset? Function(SqlNode node, bool isZoned)
    {
        switch (NameOf(node))
        {
            case "now" or "transaction_timestamp" or "statement_timestamp" or "clock_timestamp":
                return now;
            case "date_trunc" when node.List("args") is [var unit, var inner] && Time(inner, isZoned) is { } at:
                return unit.Kind == "A_Const" && Literal(unit) is { } word ? Truncated(word, at) : null;
            default:
                return null;
        }
    }

    private DateTimeOffset? Truncated(string unit, DateTimeOffset at)
    {
        DateTime day = WallOf(at).Date;
        DateTime? start = unit.ToLowerInvariant() switch
        {
            "microseconds" or "milliseconds" or "second" or "minute" or "hour" or "day" => day,
            "week" => day.AddDays(-(((int)day.DayOfWeek + 6) % 7)),
            "month" => day.AddDays(1 - day.Day),
            "quarter" => new DateTime(day.Year, ((day.Month - 1) / 3 * 3) + 1, 1),
            "year" => new DateTime(day.Year, 1, 1),
            _ => null,
        };
        return start is { } wall ? InstantOf(wall) : null;
    }

    private DateTimeOffset? Parameter(SqlNode node, bool isZoned)
    {
        if (Value(node) is not var (bytes, isBinary))
        {
            return null;
        }
        if (!isBinary)
        {
            return Moment(Encoding.UTF8.GetString(bytes), isZoned);
        }
        try
        {
            DateTime? at = bytes.Length switch
            {
                4 => s_origin.AddDays(BinaryPrimitives.ReadInt32BigEndian(bytes)),
                8 => s_origin.AddTicks(
                    checked(BinaryPrimitives.ReadInt64BigEndian(bytes) * TimeSpan.TicksPerMicrosecond)
                ),
                _ => null,
            };
            return at is not { } time ? null
                : isZoned && bytes.Length == 8 ? new DateTimeOffset(time, TimeSpan.Zero)
                : InstantOf(time);
        }
        catch (Exception failure) when (failure is ArgumentOutOfRangeException or OverflowException)
        {
            // infinity, or a year beyond 9999.
            return null;
        }
    }

    private (byte[] Bytes, bool IsBinary)? Value(SqlNode parameter) =>
        new BoundValues(bound, []).TryGet(parameter.Number("number"), out BoundValue value) && !value.IsNull
            ? (value.Bytes.ToArray(), value.IsBinary)
            : null;

    private DateTimeOffset? Moment(string text, bool isZoned)
    {
        string word = text.Trim().ToLowerInvariant();
        switch (word)
        {
            case "now":
                return now;
            case "today":
                return Midnight(now);
            case "tomorrow":
                return Shifted(Midnight(now), new IntervalText(0, 1, 0));
            case "yesterday":
                return Shifted(Midnight(now), new IntervalText(0, -1, 0));
            case "epoch":
                return DateTimeOffset.UnixEpoch;
        }
        if (MomentText.Read(word) is not var (wall, offset))
        {
            return null;
        }
        // A timestamp without a zone ignores the one in its text.
        return offset is { } ahead && isZoned ? InstantOf(wall, ahead) : InstantOf(wall);
    }

    private DateTimeOffset Midnight(DateTimeOffset at) => InstantOf(WallOf(at).Date);

    private DateTime WallOf(DateTimeOffset at) => TimeZoneInfo.ConvertTime(at, zone).DateTime;

    private DateTimeOffset InstantOf(DateTime wall) => InstantOf(wall, zone.GetUtcOffset(wall));

    // The first and the last day that there are, which stand for no limit at all, stay what they are in any zone.
    private static DateTimeOffset InstantOf(DateTime wall, TimeSpan ahead) =>
        new(Math.Clamp(wall.Ticks - ahead.Ticks, DateTime.MinValue.Ticks, DateTime.MaxValue.Ticks), TimeSpan.Zero);

    // Months and days are the calendar's, in the zone; what is left over of a month counts as 31 days.
    private DateTimeOffset? Shifted(DateTimeOffset at, IntervalText span)
    {
        try
        {
            double whole = Math.Truncate(span.Months);
            DateTime wall = WallOf(at).AddMonths((int)whole).AddDays(span.Days + (31 * (span.Months - whole)));
            return InstantOf(wall).AddSeconds(span.Seconds);
        }
        catch (Exception failure) when (failure is ArgumentOutOfRangeException or OverflowException)
        {
            return null;
        }
    }

    private static bool IsTime(string type) => type is "date" or "timestamp" or "timestamptz";

    private static string NameOf(SqlNode call) => call.Names("funcname") is [.., var name] ? name : "";

    private static string TypeOf(SqlNode cast) =>
        cast.Child("typeName") is { } type && type.Names("names") is [.., var name] && !type.Has("arrayBounds")
            ? name
            : "";

    /// <summary>The text of a string literal; null of another constant.</summary>
    private string? Literal(SqlNode constant)
    {
        ReadOnlySpan<byte> token = TokenOf(constant);
        byte[] value = new byte[token.Length];
        return LiteralText.TryReadString(token, conforming: true, value, out int length)
            ? Encoding.UTF8.GetString(value, 0, length)
            : null;
    }

    private string? Token(SqlNode constant) => Encoding.UTF8.GetString(TokenOf(constant));

    private ReadOnlySpan<byte> TokenOf(SqlNode constant)
    {
        int start = constant.Location;
        if (start < 0 || start >= sql.Length)
        {
            return default;
        }
        SqlLexer lexer = new(sql.AsSpan(start));
        return lexer.Next() ? lexer.Text : default;
    }
}
