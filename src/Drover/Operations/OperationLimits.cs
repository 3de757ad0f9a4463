// Every limit of a run in one place, with its origin.
namespace Drover.Operations;

/// <summary>Limits on waits, batches and load. The defaults suit a busy server.</summary>
internal sealed record OperationLimits
{
    /// <summary>How often a run that waits at a gate does the gate's work and looks for requests.</summary>
    public TimeSpan GateInterval { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// <c>lock_timeout</c> of the first attempts: the longest that others queue behind one of them. Shorter than the
    /// default <c>deadlock_timeout</c> of 1 s, so that it is we who give up and never the application that is chosen as
    /// a deadlock's victim.
    /// </summary>
    public TimeSpan LockTimeout { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// <c>lock_timeout</c> of later attempts grows up to this, still below the default <c>deadlock_timeout</c>: beside
    /// transactions that follow each other and each take longer than the first attempts wait, no short wait ever ends.
    /// </summary>
    public TimeSpan LockTimeoutMax { get; init; } = TimeSpan.FromMilliseconds(900);

    /// <summary>Attempts before <c>lock_timeout</c> begins to grow.</summary>
    public int ShortLockAttempts { get; init; } = 3;

    /// <summary>Attempts at a step's locks before it gives up.</summary>
    public int LockAttemptsMax { get; init; } = 120;

    /// <summary>
    /// The pause after the first failed attempt; doubled up to <see cref="LockPauseMax"/>, with jitter.
    /// </summary>
    public TimeSpan LockPauseMin { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>The longest pause between two attempts at locks.</summary>
    public TimeSpan LockPauseMax { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>
    /// How long one batch should take. While it runs it has a processor of the server, and who needs that waits for a
    /// part of it; docs/benchmarks.md has the application's latency beside batches of 100 and of 25 ms.
    /// </summary>
    public TimeSpan BatchTarget { get; init; } = TimeSpan.FromMilliseconds(25);

    /// <summary>The same where nothing is throttled: longer batches spend less on beginning and ending.</summary>
    public TimeSpan BatchTargetUnthrottled { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>
    /// The longest rest after a statement that cannot be divided, such as the building of a large partition's index: it
    /// is not paid for with hours.
    /// </summary>
    public TimeSpan StatementRestMax { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The most row data that one batch may be asked to do.</summary>
    public long BatchBytesMax { get; init; } = 16 * 1024 * 1024;

    /// <summary>
    /// The most rows that one batch may be asked to do; time ends most batches long before. Tests make it small so that
    /// writes interleave.
    /// </summary>
    public long BatchRowsMax { get; init; } = 1_000_000;

    /// <summary>The size of a step's first batch.</summary>
    public long BatchBytesFirst { get; init; } = 512 * 1024;

    /// <summary>
    /// How often the runner says that it lives, looks for requests, and measures the server's load.
    /// </summary>
    public TimeSpan PulseInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// The server ends the session of a lease whose holder has not been heard of for so long
    /// (<c>idle_session_timeout</c>): then another operator can take over.
    /// </summary>
    public TimeSpan LeaseTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long a session left behind by another runner may go on before it is ended.</summary>
    public TimeSpan WorkerPatience { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>How long the server may be away before the run fails; a fail-over takes less.</summary>
    public TimeSpan ReconnectLimit { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>The longest pause between two attempts to connect.</summary>
    public TimeSpan ReconnectPauseMax { get; init; } = TimeSpan.FromSeconds(5);
}
