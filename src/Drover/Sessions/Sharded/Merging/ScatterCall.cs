// A read of several shards with its values: what each shard is asked, and what is made of the answers.
using System.Buffers.Binary;
using Drover.Protocol.Messages;
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
    /// <summary>What follows the names in Bind.</summary>
    public ReadOnlyMemory<byte> Values { get; private init; } = Call.Values;

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
        int seen = plan.Combine?.Columns.Length ?? plan.Columns;
        bool isBound = bind.ResultFormats.Count <= 1 || bind.ResultFormats.Count == seen;
        if (!isBound || !AreKnown(plan, bind.ResultFormats, session))
        {
            return null;
        }
        uint[] declared = call.DeclaredTypes();
        BoundValues values = new(call.Values.Span, declared);
        if (
            plan.Combine?.Having?.IsExact(declared) == false
            || !AreFree(plan, declared)
            || !RowBounds.TryRead(plan.Limit, values, plan.LoneParameters, out long? limit)
            || !RowBounds.TryRead(plan.Offset, values, plan.LoneParameters, out long? offset)
            || limit > long.MaxValue - (offset ?? 0)
        )
        {
            return null;
        }
        byte[]? text = null;
        if (plan.Combine is not null && (text = CombineText.Of(call.Text.Span, plan.Combine, conforming)) is null)
        {
            return null;
        }
        if (offset > 0 && (text = RowBounds.FromTheFirst(text ?? call.Text.Span, conforming)) is null)
        {
            return null;
        }
        return new ScatterCall(call, plan, text is null ? call.Text : text, offset ?? 0, limit)
        {
            Values = WithHidden(call.Values, plan, bind.ResultFormats.Count),
        };
    }

    /// <summary>
    /// Whether the parameters of COALESCE take the aggregate's type: what a client declares may be a wider one.
    /// </summary>
    private static bool AreFree(MergePlan plan, uint[] declared) =>
        plan.Combine is not { } combine
        || declared.Length == 0
        || combine.Columns.All(column =>
            !column.IsCoalesced || column.Instead.All(number => declared.ElementAtOrDefault(number - 1) is 0)
        );

    /// <summary>Whether the order of what is compared can be told in the forms that are asked for.</summary>
    private static bool AreKnown(MergePlan plan, in FormatCodes formats, ClientSession session)
    {
        foreach (SortColumn column in plan.Sort)
        {
            bool isHidden = formats.Count > 1 && column.Index >= formats.Count;
            if (!IsKnown(column.TypeOid, isHidden || formats[column.Index] != 0, session))
            {
                return false;
            }
        }
        for (int i = 0; i < plan.Combine?.Columns.Length; i++)
        {
            CombinedColumn column = plan.Combine.Columns[i];
            bool isCompared = column.Kind is CombineKind.Least or CombineKind.Greatest;
            // Beside columns that each have a form of their own, those that only the proxy sees are in binary.
            bool isBinary = formats.Count > 1 || formats[i] != 0;
            if (
                (isCompared && !IsKnown(column.TypeOid, formats[i] != 0, session))
                || (column.IsCoalesced && formats.Count > 1 && formats[i] == 0)
                || column.Gather?.Keys.All(key => IsKnown(key.TypeOid, isBinary, session)) == false
            )
            {
                return false;
            }
        }
        return true;
    }

    private static bool IsKnown(uint type, bool isBinary, ClientSession session) =>
        isBinary || (SortOrder.IsKnownAsText(type) && (!SortOrder.IsOfDateStyle(type) || WritesIso(session)));

    /// <summary>Where each column has a form of its own, those that only the proxy sees are in binary.</summary>
    private static ReadOnlyMemory<byte> WithHidden(ReadOnlyMemory<byte> values, MergePlan plan, int formats)
    {
        int hidden = plan.Columns - (plan.Combine?.Columns.Length ?? plan.Columns);
        if (hidden == 0 || formats <= 1)
        {
            return values;
        }
        int start = values.Length - ((formats + 1) * sizeof(short));
        byte[] made = new byte[values.Length + (hidden * sizeof(short))];
        values.Span.CopyTo(made);
        BinaryPrimitives.WriteUInt16BigEndian(made.AsSpan(start), (ushort)(formats + hidden));
        for (int at = values.Length; at < made.Length; at += sizeof(short))
        {
            BinaryPrimitives.WriteInt16BigEndian(made.AsSpan(at), FormatCodes.Binary);
        }
        return made;
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
