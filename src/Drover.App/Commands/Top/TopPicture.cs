// What drover top shows, before it is lines.
using Drover.Advice.Metrics;

namespace Drover.App.Commands.Top;

/// <summary>The order of the statements.</summary>
internal enum TopOrder
{
    /// <summary>Time in all calls.</summary>
    Time,

    /// <summary>Calls.</summary>
    Calls,

    /// <summary>Time of one call.</summary>
    Mean,

    /// <summary>Rows.</summary>
    Rows,
}

/// <summary>A statement in the time since the look before.</summary>
internal sealed record TopStatement(string Text, long Calls, double TotalMs, long Rows)
{
    /// <summary>Time of one call.</summary>
    public double MeanMs => Calls > 0 ? TotalMs / Calls : 0;
}

/// <summary>A pool of a console, as SHOW POOLS has it.</summary>
internal sealed record TopPool(
    string Name,
    long Active,
    long Waiting,
    long ServersActive,
    long ServersIdle,
    double Wait
);

/// <summary>One picture.</summary>
internal sealed record TopPicture
{
    /// <summary>Host, port, database and user.</summary>
    public required string Server { get; init; }

    /// <summary>PostgreSQL's version; empty before the first sample.</summary>
    public string Version { get; init; } = "";

    /// <summary>When it was taken.</summary>
    public DateTimeOffset At { get; init; }

    /// <summary>The eleven.</summary>
    public IReadOnlyList<MetricReading> Metrics { get; init; } = [];

    /// <summary>What statements did since the look before.</summary>
    public IReadOnlyList<TopStatement> Statements { get; init; } = [];

    /// <summary>The time of those.</summary>
    public TimeSpan Span { get; init; }

    /// <summary>Why there are no statements; empty where there are.</summary>
    public string StatementsProblem { get; init; } = "";

    /// <summary>Who waits for whom.</summary>
    public IReadOnlyList<BlockedSession> Blocking { get; init; } = [];

    /// <summary>The pools; null when no console was named.</summary>
    public IReadOnlyList<TopPool>? Pools { get; init; }

    /// <summary>Why there are no pools; empty where there are.</summary>
    public string PoolsProblem { get; init; } = "";

    /// <summary>Why the last look failed: the rest is older; empty when it did not.</summary>
    public string Problem { get; init; } = "";
}

/// <summary>How it is shown.</summary>
/// <param name="Order">Of the statements.</param>
/// <param name="StatementsMax">Statements at the most.</param>
/// <param name="IsPaused">Nothing is taken any more.</param>
/// <param name="HasKeys">There is a keyboard: the last line names the keys.</param>
internal sealed record TopSettings(TopOrder Order, int StatementsMax, bool IsPaused, bool HasKeys);
