// Every limit of the maintenance in one place, with its origin.
namespace Drover.Partitioning.Maintenance;

/// <summary>Limits on what one run of the maintenance may do. The defaults suit a busy server.</summary>
internal sealed record MaintenanceLimits
{
    /// <summary>Partitions that one run makes; more is a clock that jumped, or keys that cannot be right.</summary>
    public int CreateMax { get; init; } = 100;

    /// <summary>Partitions that one run retires; the next run goes on.</summary>
    public int RetireMax { get; init; } = 24;

    /// <summary>
    /// Rows that are moved out of the default partition in one transaction, which locks it; about half a second.
    /// </summary>
    public int MoveRowsMax { get; init; } = 50_000;

    /// <summary>How far the server's clock may be from this machine's.</summary>
    public TimeSpan ClockDifferenceMax { get; init; } = TimeSpan.FromHours(1);

    /// <summary>
    /// How far the server's clock may be ahead of the last run before partitions are retired without being told to.
    /// </summary>
    public TimeSpan ClockStepMax { get; init; } = TimeSpan.FromDays(14);

    /// <summary>The longest that one transaction under a strong lock may take.</summary>
    public TimeSpan LockedTimeMax { get; init; } = TimeSpan.FromSeconds(5);
}
