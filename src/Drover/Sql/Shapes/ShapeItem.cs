// The literals of a statement: where they stand in its text, and which place of the shape they fill.
namespace Drover.Sql.Shapes;

/// <summary>
/// What a literal is, as far as the parser tells it from others. Flags, because a list may hold several kinds.
/// </summary>
[Flags]
internal enum ItemKinds : ushort
{
    None = 0,

    /// <summary>A whole number that PostgreSQL reads as int4, with its sign if it has one here.</summary>
    Int4 = 1,

    /// <summary>A whole number beyond int4, which is int8.</summary>
    Int8 = 2,

    /// <summary>A number with a point or an exponent, or beyond int8.</summary>
    Numeric = 4,

    /// <summary>2147483648 without a sign: int8, but int4 should a minus in front belong to it.</summary>
    Int4Edge = 8,

    /// <summary>9223372036854775808 without a sign: numeric, but int8 with a minus.</summary>
    Int8Edge = 16,

    /// <summary>A string in any spelling.</summary>
    String = 32,
    Bits = 64,
    HexBits = 128,

    /// <summary><c>$1</c>; only in lists and rows, for elsewhere its number is part of the shape.</summary>
    Parameter = 256,

    /// <summary>The word, in a list or row.</summary>
    Null = 512,

    /// <summary>TRUE or FALSE, in a list or row.</summary>
    Boolean = 1024,

    /// <summary>The word, in a row.</summary>
    Default = 2048,

    /// <summary>
    /// -2147483648 with its sign: int4, but the grammar makes another constant of it than of other int4.
    /// </summary>
    Int4Least = 4096,
}

/// <summary>One literal.</summary>
/// <param name="Start">Its first byte in the text; of a negative number the sign.</param>
/// <param name="Length">Its bytes, quotes and all.</param>
/// <param name="Kind">One flag.</param>
internal readonly record struct ShapeItem(int Start, int Length, ItemKinds Kind);

/// <summary>
/// A place of the shape that literals fill: one, the elements of a list, or a column of VALUES rows.
/// </summary>
/// <param name="First">The index of its first item.</param>
/// <param name="Stride">Items from one of its items to the next: the items of a row.</param>
/// <param name="Count">Its items.</param>
internal readonly record struct ShapeSlot(int First, int Stride, int Count)
{
    /// <summary>The index of one of its items.</summary>
    public int this[int occurrence] => First + (occurrence * Stride);
}
