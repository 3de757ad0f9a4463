// One sample of a server, ready to be kept and shown.
using Drover.Advice.Ages;
using Drover.Advice.Metrics;

namespace Drover.History.Sampling;

/// <summary>A sample.</summary>
internal sealed record ServerSample
{
    /// <summary>When, by this machine's clock.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>Which run of which server.</summary>
    public required ServerIdentity Identity { get; init; }

    /// <summary>What it was made of; the advice looks at it too.</summary>
    public required ServerSamples Parts { get; init; }

    /// <summary>The eleven.</summary>
    public required IReadOnlyList<MetricReading> Readings { get; init; }

    /// <summary>Values by <see cref="ServerMetric.Name"/>; what is missing is absent.</summary>
    public required IReadOnlyDictionary<string, double> Values { get; init; }

    /// <summary>What happened in each database since the sample before.</summary>
    public required IReadOnlyList<DatabaseTotals> Databases { get; init; }

    /// <summary>What statements did since they were last looked at; empty when they were not.</summary>
    public required IReadOnlyDictionary<long, StatementTotals> Statements { get; init; }

    /// <summary>How far back statements asked since the sample before.</summary>
    public IReadOnlyDictionary<AccessKey, AccessCounts> Accesses { get; init; } =
        new Dictionary<AccessKey, AccessCounts>();

    /// <summary>The tables, when they were looked at now.</summary>
    public TableLook? Tables { get; init; }
}
