// From where on something is worth a recommendation.
namespace Drover.Advice;

/// <summary>Thresholds of the advice; options of <c>drover inspect</c> set the first ones.</summary>
internal sealed record AdviceLimits
{
    /// <summary>How long counters must have run before an index that was never used is called unused.</summary>
    public TimeSpan UnusedAfter { get; init; } = TimeSpan.FromDays(7);

    /// <summary>Tables from this size on are looked at for partitioning, in bytes with indexes.</summary>
    public long LargeTableBytes { get; init; } = 10L << 30;

    /// <summary>Indexes and tables below this size are not worth the words.</summary>
    public long SmallBytes { get; init; } = 1 << 20;

    /// <summary>Bloat from this size on, in bytes.</summary>
    public long BloatBytes { get; init; } = 256 << 20;

    /// <summary>Bloat from this share of a table on.</summary>
    public double BloatShare { get; init; } = 0.4;

    /// <summary>Share of max_connections in use from which a pool is advised.</summary>
    public double ConnectionShare { get; init; } = 0.7;

    /// <summary>Sessions from which many idle ones are worth pooling.</summary>
    public int ManyConnections { get; init; } = 100;

    /// <summary>Share of a sequence's or its column's range that is used up.</summary>
    public double SequenceShare { get; init; } = 0.5;

    /// <summary>WAL that a slot without a reader holds back, in bytes.</summary>
    public long SlotBytes { get; init; } = 1L << 30;

    /// <summary>Transactions since the last freeze; PostgreSQL stops taking writes near 2.1 thousand million.</summary>
    public int FrozenAge { get; init; } = 1_000_000_000;

    /// <summary>An open transaction that does nothing for so long.</summary>
    public TimeSpan IdleInTransaction { get; init; } = TimeSpan.FromMinutes(5);
}
