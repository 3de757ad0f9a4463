// The limits of bounds and of numbers of partitions, in one place.
namespace Drover.Partitioning.Bounds;

/// <summary>Limits of bounds. Reaching one is an error that says so.</summary>
internal static class BoundLimits
{
    /// <summary>
    /// Partitions of one table. PostgreSQL plans "a few thousand" well (manual, 5.12.6); ten years of days are 3,650.
    /// </summary>
    public const int PartitionsMax = 10_000;

    /// <summary>Partitions made ahead.</summary>
    public const int PremakeMax = 1_000;

    /// <summary>Bytes of an identifier: NAMEDATALEN - 1.</summary>
    public const int NameBytesMax = 63;

    /// <summary>The first year that is supported; PostgreSQL's dates BC are refused.</summary>
    public const int YearMin = 1;

    /// <summary>The last year that is supported, so that every upper bound has four digits.</summary>
    public const int YearMax = 9998;

    /// <summary>The largest time of a version 7 uuid: 48 bits of milliseconds.</summary>
    public const long UuidMillisecondsMax = (1L << 48) - 1;
}
