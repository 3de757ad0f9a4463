// The literals of the text at hand.
using Drover.Sql.Shapes;

namespace Drover.Routing.Keys;

/// <summary>A text with the places of its literals.</summary>
/// <param name="sql">The text.</param>
/// <param name="items">Its literals.</param>
/// <param name="slots">The places of the shape that they fill.</param>
/// <param name="hint">The comment with a hint for Drover; empty if there is none.</param>
internal readonly ref struct StatementLiterals(
    ReadOnlySpan<byte> sql,
    ReadOnlySpan<ShapeItem> items,
    ReadOnlySpan<ShapeSlot> slots,
    Range hint
)
{
    public ReadOnlySpan<byte> Sql { get; } = sql;

    public ReadOnlySpan<ShapeItem> Items { get; } = items;

    public ReadOnlySpan<ShapeSlot> Slots { get; } = slots;

    public Range Hint { get; } = hint;

    /// <summary>The literals that a buffer holds.</summary>
    public static StatementLiterals Of(ReadOnlySpan<byte> sql, ShapeBuffer buffer) =>
        new(sql, buffer.Items, buffer.Slots, buffer.Hint);

    /// <summary>The bytes of a literal.</summary>
    public ReadOnlySpan<byte> Text(ShapeItem item) => Sql.Slice(item.Start, item.Length);

    /// <summary>The number of a parameter in a list or row; 0 if it is beyond all bounds.</summary>
    public int ParameterNumber(ShapeItem item) =>
        System.Buffers.Text.Utf8Parser.TryParse(Text(item)[1..], out int number, out int read)
        && read == item.Length - 1
            ? number
            : 0;
}
