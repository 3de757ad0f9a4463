// Which place of the shape a node of the tree stands for.
using Drover.Sql.Parsing;
using Drover.Sql.Shapes;

namespace Drover.Sql.Statements;

/// <summary>
/// The tree says at which byte a constant begins; the shape knows which literal begins there. Values are never
/// taken from the tree.
/// </summary>
internal sealed class LiteralPlaces
{
    private readonly byte[] _sql;
    private readonly int[] _starts;
    private readonly int[] _slotOfItem;

    /// <summary>Of a text whose literals nobody asks for.</summary>
    public static LiteralPlaces None { get; } = new([], new ShapeBuffer());

    /// <summary>Copies what is needed of a buffer.</summary>
    public LiteralPlaces(ReadOnlySpan<byte> sql, ShapeBuffer buffer)
    {
        _sql = sql.ToArray();
        _starts = new int[buffer.ItemCount];
        _slotOfItem = new int[buffer.ItemCount];
        SlotCount = buffer.SlotCount;
        for (int i = 0; i < _starts.Length; i++)
        {
            _starts[i] = buffer.Items[i].Start;
        }
        for (int slot = 0; slot < buffer.SlotCount; slot++)
        {
            ShapeSlot place = buffer.Slots[slot];
            for (int i = 0; i < place.Count; i++)
            {
                _slotOfItem[place[i]] = slot;
            }
        }
    }

    /// <summary>Places of the shape.</summary>
    public int SlotCount { get; }

    /// <summary>The place of a constant, parameter or DEFAULT; -1 if it is no item of the shape.</summary>
    public int SlotOf(SqlNode node)
    {
        int location = node.Location;
        int index = Array.BinarySearch(_starts, location);
        if (index < 0)
        {
            // The grammar folds a minus, and brackets around it, into a number; the shape does so in fewer places.
            index = ~index;
            bool isFolded =
                node.Kind == "A_Const"
                && location >= 0
                && index < _starts.Length
                && location < _sql.Length
                && _sql[location] == '-'
                && IsFolding(_sql.AsSpan()[location.._starts[index]]);
            if (!isFolded)
            {
                return -1;
            }
        }
        return _slotOfItem[index];
    }

    /// <summary>The number that a constant is; false if it is more than digits.</summary>
    public bool TryNumber(SqlNode node, out long number)
    {
        number = 0;
        int location = node.Location;
        if (Array.BinarySearch(_starts, location) < 0)
        {
            return false;
        }
        ReadOnlySpan<byte> text = _sql.AsSpan()[location..];
        return System.Buffers.Text.Utf8Parser.TryParse(text, out number, out int read)
            && text[0] is >= (byte)'0' and <= (byte)'9'
            && (
                read == text.Length || SqlBytes.IsSpace(text[read]) || text[read] is (byte)',' or (byte)')' or (byte)';'
            );
    }

    private static bool IsFolding(ReadOnlySpan<byte> between)
    {
        foreach (byte c in between)
        {
            if (c is not ((byte)'-' or (byte)'(') && !SqlBytes.IsSpace(c))
            {
                return false;
            }
        }
        return true;
    }

    /// <summary>
    /// Whether the constant is the item itself and not a part of an expression that the grammar folded.
    /// </summary>
    public bool IsWhole(SqlNode node) => Array.BinarySearch(_starts, node.Location) >= 0;
}
