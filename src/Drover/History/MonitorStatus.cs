// What is known of a measured server at this moment.
using Drover.Advice;
using Drover.Advice.Metrics;

namespace Drover.History;

/// <summary>A server that is measured.</summary>
/// <param name="Name">Its name in the configuration.</param>
/// <param name="Address">Host, port, database and user; never a password.</param>
/// <param name="Interval">Time between two samples.</param>
internal sealed record MonitoredServer(string Name, string Address, TimeSpan Interval);

/// <summary>Whether a server can be measured.</summary>
internal enum MonitorState
{
    /// <summary>No sample yet.</summary>
    Starting,

    /// <summary>The last attempt gave a sample.</summary>
    Measured,

    /// <summary>The last attempt failed; it is tried again.</summary>
    Unreachable,
}

/// <summary>What becomes of the samples.</summary>
internal enum HistoryState
{
    /// <summary>Not decided yet.</summary>
    Starting,

    /// <summary>This Drover writes them.</summary>
    Written,

    /// <summary>Another Drover writes those of the same server; this one reads.</summary>
    WrittenByAnother,

    /// <summary>They are not kept; the problem says why, and what would help.</summary>
    NotWritten,
}

/// <summary>The last values of a server.</summary>
internal sealed record MonitorStatus
{
    /// <summary>Which one.</summary>
    public required MonitoredServer Server { get; init; }

    /// <summary>Whether it can be measured.</summary>
    public MonitorState State { get; init; }

    /// <summary>Why the last attempt failed; empty when it did not.</summary>
    public string Problem { get; init; } = "";

    /// <summary>When the last sample was taken; null before the first.</summary>
    public DateTimeOffset? At { get; init; }

    /// <summary>PostgreSQL's version; empty before the first sample.</summary>
    public string Version { get; init; } = "";

    /// <summary>True for a standby.</summary>
    public bool IsStandby { get; init; }

    /// <summary>
    /// The eleven metrics, in the order of docs/metrics.md; empty before the first sample. A reading without a value
    /// has in its note the GRANT or setting that would give it.
    /// </summary>
    public IReadOnlyList<MetricReading> Metrics { get; init; } = [];

    /// <summary>
    /// All values of the last sample, by <see cref="ServerMetric.Name"/>; those that are missing are absent.
    /// </summary>
    public IReadOnlyDictionary<string, double> Values { get; init; } = new Dictionary<string, double>();

    /// <summary>
    /// Partitions of the last look at the tables: the table at the root of each one's tree, by its name.
    /// </summary>
    public IReadOnlyDictionary<string, string> Partitions { get; init; } = new Dictionary<string, string>();

    /// <summary>The sessions at the roots of the blocking trees, in words.</summary>
    public IReadOnlyList<string> Blockers { get; init; } = [];

    /// <summary>The last advice, in order of gain.</summary>
    public IReadOnlyList<Recommendation> Recommendations { get; init; } = [];

    /// <summary>When the advice was made; null before the first time.</summary>
    public DateTimeOffset? InspectedAt { get; init; }

    /// <summary>Why plans of statements are not kept, and what would help; empty when they are.</summary>
    public string PlanProblem { get; init; } = "";

    /// <summary>What becomes of the samples.</summary>
    public HistoryState History { get; init; }

    /// <summary>Why they are not kept, and what would help; empty when they are.</summary>
    public string HistoryProblem { get; init; } = "";

    /// <summary>What measuring costs.</summary>
    public MonitorCost Cost { get; init; } = new(0, 0, TimeSpan.Zero, TimeSpan.Zero);
}

/// <summary>What measuring a server has cost since the process started.</summary>
/// <param name="Samples">Attempts.</param>
/// <param name="Failures">Those that gave no sample.</param>
/// <param name="Busy">Time that attempts took, waiting for the server included.</param>
/// <param name="Processor">Processor time in this process.</param>
internal sealed record MonitorCost(long Samples, long Failures, TimeSpan Busy, TimeSpan Processor);
