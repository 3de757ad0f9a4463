// The bounds of shapes and of the cache that keeps them, each with its origin.
namespace Drover.Sql.Shapes;

internal static class ShapeLimits
{
    /// <summary>
    /// Bytes of a shape. Longer than any statement that people write; a statement that programs write is mostly
    /// literals, which are not in it.
    /// </summary>
    public const int KeyBytesMax = 64 * 1024;

    /// <summary>
    /// Literals of one statement. PostgreSQL takes 65,535 parameters; an INSERT of 100,000 rows in ten columns is
    /// beyond what loaders send as text.
    /// </summary>
    public const int ItemsMax = 1_000_000;

    /// <summary>Places of literals in one shape; rows and lists are one place each, or one per column.</summary>
    public const int SlotsMax = 4_096;

    /// <summary>A longer text is not kept as it stands: what repeats byte for byte is short.</summary>
    public const int TextBytesMax = 4_096;

    /// <summary>Literals of a text that is kept as it stands.</summary>
    public const int TextItemsMax = 256;

    /// <summary>Texts, and shapes, that a process keeps: a few applications' worth of statements.</summary>
    public const int EntriesMax = 16_384;

    /// <summary>Bytes that the kept texts, and the kept shapes, may take; a tenth of a small proxy's memory.</summary>
    public const long BytesMax = 32L * 1024 * 1024;
}
