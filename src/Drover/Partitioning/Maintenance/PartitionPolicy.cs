// What one table's partitions are to look like: a row of drover.partition_policies.
using System.Diagnostics.CodeAnalysis;
using Drover.Partitioning.Bounds;
using Drover.Partitioning.Catalog;

namespace Drover.Partitioning.Maintenance;

/// <summary>The policy of one table.</summary>
internal sealed record PartitionPolicy
{
    /// <summary>Partitions made ahead unless the policy says otherwise; pg_partman's default.</summary>
    public const int PremakeDefault = 4;

    /// <summary>The partitioned table.</summary>
    public required QualifiedName Table { get; init; }

    /// <summary>The partition key's column, unquoted.</summary>
    public required string KeyColumn { get; init; }

    /// <summary>What one partition holds.</summary>
    public required PartitionInterval Interval { get; init; }

    /// <summary>The IANA name of the zone whose days are meant.</summary>
    public string Zone { get; init; } = "UTC";

    /// <summary>Partitions made ahead of the current one.</summary>
    public int Premake { get; init; } = PremakeDefault;

    /// <summary>How long partitions are kept; null: for good.</summary>
    public Retention? Retention { get; init; }

    /// <summary>What becomes of those past it.</summary>
    public RetentionAction RetentionAction { get; init; }

    /// <summary>The folder for archives, on the machine that runs the maintenance.</summary>
    public string? ArchiveFolder { get; init; }

    /// <summary>Whether rows in the default partition are given partitions of their own.</summary>
    public bool WatchesDefault { get; init; } = true;

    /// <summary>False: <c>maintain</c> without a table passes it over.</summary>
    public bool IsEnabled { get; init; } = true;

    /// <summary>The server's clock at the last maintenance that believed it.</summary>
    public DateTimeOffset? SeenAt { get; init; }

    /// <summary>
    /// What must be given back to pg_partman at a release: its row's automatic_maintenance; null: nothing.
    /// </summary>
    public string? AdoptedFrom { get; init; }

    /// <summary>What is wrong with it for a table whose key is of this kind; null: nothing.</summary>
    public string? FindProblem(PartitionKeyKind kind)
    {
        if (!TryCreateScheme(kind, out _, out string? problem))
        {
            return problem;
        }
        return this switch
        {
            { Premake: < 1 or > BoundLimits.PremakeMax } => $"premake is {Premake}: 1 to {BoundLimits.PremakeMax}",
            { Retention: { } kept } when !kept.Fits(kind) =>
                $"retention {kept} does not fit a key of type {kind.SqlType()}: a span of time is for times, "
                    + "a number for ids",
            { Retention: not null, RetentionAction: RetentionAction.Archive, ArchiveFolder: null } =>
                "retention by archive needs a folder: --archive-folder",
            _ => null,
        };
    }

    /// <summary>The grid of this policy.</summary>
    public bool TryCreateScheme(
        PartitionKeyKind kind,
        [NotNullWhen(true)] out PartitionScheme? scheme,
        [NotNullWhen(false)] out string? problem
    ) => PartitionScheme.TryCreate(kind, Interval, Zone, out scheme, out problem);
}
