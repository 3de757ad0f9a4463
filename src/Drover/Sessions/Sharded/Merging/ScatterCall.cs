// A read of several shards with its values: what each shard is asked, and what is made of the answers.
using Drover.Protocol.Messages.Frontend;
using Drover.Routing.Keys;
using Drover.Routing.Merging;

namespace Drover.Sessions.Sharded.Merging;

/// <param name="Call">The statement.</param>
/// <param name="Plan">How the rows are put together.</param>
/// <param name="Text">What each shard is asked.</param>
/// <param name="Skip">Rows that are left out first.</param>
/// <param name="Take">Rows at the most; null: all.</param>
internal sealed record ScatterCall(StatementCall Call, MergePlan Plan, ReadOnlyMemory<byte> Text, long Skip, long? Take)
{
    /// <summary>Makes one; null if what it asks for cannot be put together here.</summary>
    /// <param name="call">The statement; null if it is no single one.</param>
    /// <param name="plan">Of its statement.</param>
    /// <param name="session">The client's.</param>
    /// <param name="conforming">The session's standard_conforming_strings.</param>
    public static ScatterCall? Make(StatementCall? call, MergePlan plan, ClientSession session, bool conforming)
    {
        if (call is null || !BindParameters.TryRead(call.Values.Span, out BindParameters bind))
        {
            return null;
        }
        if (MayTellTime(call.Text.Span) || MayTellTime(call.Values.Span))
        {
            return null;
        }
        foreach (SortColumn column in plan.Sort)
        {
            bool isBinary = bind.ResultFormats.Count > 0 && bind.ResultFormats[column.Index] != 0;
            bool isKnown =
                isBinary
                || (
                    SortOrder.IsKnownAsText(column.TypeOid)
                    && (!SortOrder.IsOfDateStyle(column.TypeOid) || WritesIso(session))
                );
            if (!isKnown)
            {
                return null;
            }
        }
        BoundValues values = new(call.Values.Span, call.DeclaredTypes());
        if (
            !RowBounds.TryRead(plan.Limit, values, plan.LoneParameters, out long? limit)
            || !RowBounds.TryRead(plan.Offset, values, plan.LoneParameters, out long? offset)
            || limit > long.MaxValue - (offset ?? 0)
        )
        {
            return null;
        }
        if (offset is null or 0)
        {
            return new ScatterCall(call, plan, call.Text, 0, limit);
        }
        return RowBounds.FromTheFirst(call.Text.Span, conforming) is { } text
            ? new ScatterCall(call, plan, text, offset.Value, limit)
            : null;
    }

    /// <summary>
    /// Whether one of the words is there that PostgreSQL takes for a time: each shard would look at its own clock.
    /// </summary>
    /// <remarks>https://www.postgresql.org/docs/18/datatype-datetime.html#DATATYPE-DATETIME-SPECIAL-VALUES</remarks>
    private static bool MayTellTime(ReadOnlySpan<byte> bytes)
    {
        Span<byte> lower = bytes.Length <= 1024 ? stackalloc byte[bytes.Length] : new byte[bytes.Length];
        for (int i = 0; i < bytes.Length; i++)
        {
            lower[i] = bytes[i] is >= (byte)'A' and <= (byte)'Z' ? (byte)(bytes[i] | 0x20) : bytes[i];
        }
        return IsIn("now"u8, lower)
            || IsIn("today"u8, lower)
            || IsIn("tomorrow"u8, lower)
            || IsIn("yesterday"u8, lower);
    }

    private static bool IsIn(ReadOnlySpan<byte> word, ReadOnlySpan<byte> text)
    {
        for (int at; (at = text.IndexOf(word)) >= 0; text = text[(at + word.Length)..])
        {
            bool begins = at == 0 || !char.IsAsciiLetterOrDigit((char)text[at - 1]);
            bool ends = at + word.Length == text.Length || !char.IsAsciiLetterOrDigit((char)text[at + word.Length]);
            if (begins && ends)
            {
                return true;
            }
        }
        return false;
    }

    private static bool WritesIso(ClientSession session) =>
        session.Reported.TryFind("DateStyle", out string? style)
        && style.StartsWith("ISO", StringComparison.OrdinalIgnoreCase);
}
