// Why a client keeps its server between transactions; shown in metrics and in SHOW output.
using System.Numerics;

namespace Drover.Telemetry;

/// <summary>Why a client is tied to one server; several can hold at once.</summary>
[Flags]
internal enum PinReason
{
    /// <summary>Not pinned.</summary>
    None = 0,

    /// <summary>The session listens to a channel.</summary>
    Listen = 1,

    /// <summary>A temporary table exists.</summary>
    TemporaryTable = 2,

    /// <summary>A cursor WITH HOLD is open.</summary>
    HoldCursor = 4,

    /// <summary>A session-level advisory lock is held.</summary>
    AdvisoryLock = 8,

    /// <summary>SQL PREPARE made a statement that only this server knows.</summary>
    PreparedStatement = 16,

    /// <summary>Something ran of which it is not known what it left in the session.</summary>
    Unknown = 32,
}

/// <summary>The reasons one by one, in the order of their counters.</summary>
internal static class PinReasons
{
    /// <summary>How many reasons there are.</summary>
    public const int Count = 6;

    private static readonly string[] Names =
    [
        "listen",
        "temporary_table",
        "hold_cursor",
        "advisory_lock",
        "prepared_statement",
        "unknown",
    ];

    /// <summary>The counter of a single reason.</summary>
    public static int IndexOf(PinReason single) => BitOperations.TrailingZeroCount((int)single);

    /// <summary>The metric label of the counter at <paramref name="index"/>.</summary>
    public static string Name(int index) => Names[index];
}
