// What an operator allows a run to cost the server.
using System.Text.Json.Serialization;

namespace Drover.Operations.Running;

/// <summary>Limits of load; null switches one off. The defaults are for a server whose users are at work.</summary>
internal sealed record ThrottleLimits
{
    /// <summary>
    /// The share of the time that batches may take; the rest is pauses. From 0.01 to 1. At a quarter, three of four of
    /// the application's transactions meet no batch at all.
    /// </summary>
    public double Duty { get; init; } = 0.25;

    /// <summary>WAL that the slowest standby or subscriber has still to replay.</summary>
    public long? ReplicationLagBytesMax { get; init; } = 64 * 1024 * 1024;

    /// <summary>The same in time, as <c>pg_stat_replication.replay_lag</c> measures it.</summary>
    public TimeSpan? ReplicationLagMax { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// How many times its normal duration a small commit may take. It is what the application's commits take too; the
    /// baseline is measured before the first batch and while the run rests.
    /// </summary>
    public double? CommitLatencyFactorMax { get; init; } = 3;

    /// <summary>
    /// A commit that takes less than this longer than normal is never a reason; a fast disk's noise is many times its
    /// normal.
    /// </summary>
    public TimeSpan CommitLatencySlack { get; init; } = TimeSpan.FromMilliseconds(10);

    /// <summary>WAL that the whole server writes per second.</summary>
    public long? WalBytesPerSecondMax { get; init; }

    /// <summary>Sessions that are at work at the same time, without Drover's own.</summary>
    public int? ActiveSessionsMax { get; init; }

    /// <summary>No limit at all: as fast as the server can.</summary>
    [JsonIgnore]
    public static ThrottleLimits None { get; } =
        new()
        {
            Duty = 1,
            ReplicationLagBytesMax = null,
            ReplicationLagMax = null,
            CommitLatencyFactorMax = null,
        };
}
