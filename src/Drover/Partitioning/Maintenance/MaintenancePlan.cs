// What the maintenance of one table will do: data that is printed, and then done.
using Drover.Operations.Plans;
using Drover.Partitioning.Bounds;
using Drover.Partitioning.Catalog;

namespace Drover.Partitioning.Maintenance;

/// <summary>Kinds of actions, in the order in which they are done.</summary>
internal enum MaintenanceKind
{
    /// <summary>A concurrent detach that was interrupted is finished.</summary>
    FinishDetach,

    /// <summary>A partition is made for rows of the default partition, and they are moved into it.</summary>
    Split,

    /// <summary>A partition is made ahead.</summary>
    Premake,

    /// <summary>An index that differs between partitions is built or rebuilt concurrently.</summary>
    MendIndex,

    /// <summary>Owner or replica identity of a partition is brought in line with the table's.</summary>
    MendPartition,

    /// <summary>A partition past its retention is detached, and dropped or archived.</summary>
    Retire,

    /// <summary>What follows a detach is gone on with after a crash.</summary>
    FinishRetirement,
}

/// <summary>One action.</summary>
internal sealed record MaintenanceAction
{
    /// <summary>Its kind.</summary>
    public required MaintenanceKind Kind { get; init; }

    /// <summary>The partition or index that it is about.</summary>
    public required QualifiedName Subject { get; init; }

    /// <summary>What it does, for a person.</summary>
    public required string Title { get; init; }

    /// <summary>What the partition holds or will hold.</summary>
    public PartitionRange? Range { get; init; }

    /// <summary>The partition's oid, where it exists.</summary>
    public uint Oid { get; init; }

    /// <summary>What is run, in essence; for mending actions, exactly.</summary>
    public IReadOnlyList<string> Sql { get; init; } = [];

    /// <summary>The locks that it takes on tables that others use.</summary>
    public IReadOnlyList<LockClaim> Locks { get; init; } = [];

    /// <summary>The name in the log and in JSON.</summary>
    public string KindName =>
        Kind switch
        {
            MaintenanceKind.FinishDetach => "finish-detach",
            MaintenanceKind.Split => "split-default",
            MaintenanceKind.Premake => "premake",
            MaintenanceKind.MendIndex => "mend-index",
            MaintenanceKind.MendPartition => "mend-partition",
            MaintenanceKind.Retire => "retire",
            _ => "finish-retirement",
        };
}

/// <summary>The plan for one table.</summary>
/// <param name="Policy">Its policy.</param>
/// <param name="Tree">The table as it was read.</param>
/// <param name="Scheme">Its grid.</param>
/// <param name="Actions">What is done, in order.</param>
/// <param name="Findings">What stands in the way of something, and what is worth knowing.</param>
/// <param name="IsClockBelieved">Whether the server's clock may be noted as seen.</param>
internal sealed record MaintenancePlan(
    PartitionPolicy Policy,
    PartitionTree Tree,
    PartitionScheme Scheme,
    IReadOnlyList<MaintenanceAction> Actions,
    IReadOnlyList<Finding> Findings,
    bool IsClockBelieved
)
{
    /// <summary>Whether something that the policy asks for will not be done.</summary>
    public bool HasObstacle => Findings.Any(finding => finding.Severity == FindingSeverity.Refuse);
}
