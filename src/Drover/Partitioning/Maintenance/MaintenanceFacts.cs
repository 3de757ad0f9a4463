// What a plan is made from, beside the catalogs and the policy.
using Drover.Operations.Plans;
using Drover.Partitioning.Bounds;

namespace Drover.Partitioning.Maintenance;

/// <summary>Rows of the default partition that belong into one range of the grid.</summary>
/// <param name="Range">The range, less what other partitions hold of it.</param>
/// <param name="Rows">How many; counted up to the limit of a move and one more.</param>
internal sealed record DefaultRows(PartitionRange Range, int Rows);

/// <summary>The rest of what was read.</summary>
internal sealed record MaintenanceFacts
{
    /// <summary>This machine's clock.</summary>
    public required DateTimeOffset MachineNow { get; init; }

    /// <summary>The highest id that was given out or is there; null for keys by time, or when there is none.</summary>
    public long? HighestId { get; init; }

    /// <summary>Rows in the default partition, by range, lowest first.</summary>
    public IReadOnlyList<DefaultRows> Default { get; init; } = [];

    /// <summary>
    /// Whether rows are in the default partition that no range can hold: NULL, infinite, before the year 1.
    /// </summary>
    public bool HasUnplaceable { get; init; }

    /// <summary>Retirements that are not done, and partitions restored on somebody's word.</summary>
    public IReadOnlyList<Retirement> Retirements { get; init; } = [];

    /// <summary>Which of those detached partitions still exist as a table outside the tree.</summary>
    public IReadOnlyList<uint> DetachedTables { get; init; } = [];

    /// <summary>Actions that mend indexes and partitions.</summary>
    public IReadOnlyList<MaintenanceAction> Mending { get; init; } = [];

    /// <summary>Partitions that open more than their table.</summary>
    public IReadOnlyList<Finding> Access { get; init; } = [];

    /// <summary>A conversion of this table is under way.</summary>
    public bool IsBeingConverted { get; init; }

    /// <summary>The operator says that the server's clock is right.</summary>
    public bool AcceptsClock { get; init; }
}
