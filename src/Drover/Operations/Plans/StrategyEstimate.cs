// What each way of doing an operation would cost and give, so that an operator can choose.
namespace Drover.Operations.Plans;

/// <summary>Estimates of one way. Nothing is decided by them.</summary>
internal sealed record StrategyEstimate
{
    /// <summary>Its name, as the plan's strategy.</summary>
    public required string Strategy { get; init; }

    /// <summary>The plan is of this one.</summary>
    public bool IsChosen { get; init; }

    /// <summary>Rows that are written.</summary>
    public long Rows { get; init; }

    /// <summary>Bytes that are read, tables and indexes.</summary>
    public long ReadBytes { get; init; }

    /// <summary>Disk space that is taken besides, until the operation is finished.</summary>
    public long DiskBytes { get; init; }

    /// <summary>What is written to the WAL, and so to every standby and archive.</summary>
    public long WalBytes { get; init; }

    /// <summary>How long it takes on an idle server.</summary>
    public double Seconds { get; init; }

    /// <summary>The strongest lock and how long it is held.</summary>
    public required string Lock { get; init; }

    /// <summary>The share of the rows, from 0 to 1, that a query of the newest rows need not read afterwards.</summary>
    public double PrunedShare { get; init; }

    /// <summary>The same for a query of old rows of one range.</summary>
    public double PrunedShareOfOld { get; init; }

    /// <summary>What the estimates rest on.</summary>
    public required string Basis { get; init; }
}
