// What a preflight is asked, and what it answers.
using System.Collections.Immutable;
using Drover.Operations.Plans;
using Drover.Partitioning.Bounds;

namespace Drover.Partitioning.Preflight;

/// <summary>A table is to be partitioned by this column in this way.</summary>
internal sealed record PreflightRequest
{
    /// <summary>The column, unquoted.</summary>
    public required string Key { get; init; }

    /// <summary>How it would be cut; null if the column's type or the interval does not allow it.</summary>
    public PartitionScheme? Scheme { get; init; }

    /// <summary>Partitions ahead of now.</summary>
    public int Premake { get; init; } = 3;

    /// <summary>
    /// After the cut-over, a row outside all partitions is refused; otherwise the default partition takes it.
    /// </summary>
    public bool RefusesRowsOutside { get; init; }

    /// <summary>The table becomes the first partition as it is; no row is copied.</summary>
    public bool IsAttached { get; init; }

    /// <summary>How long the exact count of the keys may take; it reads the whole table where no index helps.</summary>
    public TimeSpan CountTimeMax { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Transactions older than this are reported.</summary>
    public TimeSpan OldTransactionAge { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}

/// <param name="Findings">What was found, the gravest first.</param>
/// <param name="Keys">The keys' values; null if they could not be counted in time or the column does not fit.</param>
internal sealed record PreflightReport(ImmutableArray<Finding> Findings, KeyValues? Keys);

/// <summary>Exact counts over all rows, in one snapshot.</summary>
/// <param name="Rows">All rows.</param>
/// <param name="Nulls">Rows whose key is NULL.</param>
/// <param name="Infinite">Rows whose key is <c>infinity</c> or <c>-infinity</c>.</param>
/// <param name="Unsupported">Rows whose key is finite but lies where no partition can be made: BC, after year
/// 9998.</param>
/// <param name="Ahead">Rows whose key lies beyond the partitions that are made ahead.</param>
/// <param name="Min">The lowest supported key as PostgreSQL prints it in UTC; null if there is none.</param>
/// <param name="Max">The highest.</param>
internal sealed record KeyValues(
    long Rows,
    long Nulls,
    long Infinite,
    long Unsupported,
    long Ahead,
    string? Min,
    string? Max
);

/// <summary>Values of <c>--allow</c>.</summary>
internal static class Consent
{
    /// <summary>Unique keys hold within each partition key value only.</summary>
    public const string WeakenUniqueKeys = "weaken-unique-keys";

    /// <summary>Statements with ON CONFLICT lose their arbiter.</summary>
    public const string LoseConflictTargets = "lose-conflict-targets";

    /// <summary>Foreign keys of other tables are dropped.</summary>
    public const string DropIncomingForeignKeys = "drop-incoming-foreign-keys";

    /// <summary>The key becomes NOT NULL.</summary>
    public const string KeyNotNull = "key-not-null";

    /// <summary>Nobody knows how many keys are NULL or outside.</summary>
    public const string UncountedKeys = "uncounted-keys";

    /// <summary>Rows lie in the default partition from the beginning.</summary>
    public const string RowsInDefault = "rows-in-default";

    /// <summary>A BEFORE trigger might change the key.</summary>
    public const string BeforeTriggers = "before-triggers";

    /// <summary>Subscribers see another table, or changes of the copy.</summary>
    public const string Publications = "publications";

    /// <summary>The replica identity becomes another.</summary>
    public const string ReplicaIdentity = "replica-identity";

    /// <summary>Statements with ONLY or ctid mean something else.</summary>
    public const string PhysicalStatements = "physical-statements";

    /// <summary>Rows beyond the first partition's end are refused until the cut-over.</summary>
    public const string KeysBeyondBound = "keys-beyond-bound";

    /// <summary>The server keeps WAL for a slot.</summary>
    public const string WalRetention = "wal-retention";
}
