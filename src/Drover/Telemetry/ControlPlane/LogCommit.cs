// What the log says of transactions that wrote on several shards.
using Microsoft.Extensions.Logging;

namespace Drover.Telemetry.ControlPlane;

/// <summary>Topic topology; events 7220 to 7239.</summary>
internal static partial class LogCommit
{
    /// <summary>A transaction that a crash had left is finished.</summary>
    [LoggerMessage(
        7220,
        LogLevel.Warning,
        "shard {Shard}: prepared transaction {Transaction} had been left and is {Outcome}"
    )]
    public static partial void Recovered(ILogger logger, string shard, string transaction, string outcome);

    /// <summary>A shard cannot be asked.</summary>
    [LoggerMessage(7221, LogLevel.Warning, "shard {Shard}: left transactions cannot be looked for: {Reason}")]
    public static partial void NotRecovered(ILogger logger, string shard, string reason);

    /// <summary>A transaction was ended, so that others go on.</summary>
    [LoggerMessage(
        7222,
        LogLevel.Warning,
        "{Database}: transactions on several shards waited for each other: the youngest, on {Shards} of them, is ended"
    )]
    public static partial void DeadlockBroken(ILogger logger, string database, int shards);

    /// <summary>Circles are not seen.</summary>
    [LoggerMessage(7223, LogLevel.Warning, "{Database}: deadlocks over several shards are not seen: {Reason}")]
    public static partial void DeadlocksUnseen(ILogger logger, string database, string reason);
}
