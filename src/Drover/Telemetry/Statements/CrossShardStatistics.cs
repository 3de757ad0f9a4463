// What the clients of a sharded database ran: by tier, and what took several servers by statement.
namespace Drover.Telemetry.Statements;

/// <summary>A statement that took several servers.</summary>
/// <param name="Statement">Its text without any value.</param>
/// <param name="Tier">How it was run.</param>
/// <param name="Shards">The most shards that it was about.</param>
/// <param name="Calls">How often it ran.</param>
/// <param name="TotalUs">How long that took in all, in microseconds; waiting for servers included.</param>
internal sealed record CrossShardStatement(string Statement, StatementTier Tier, int Shards, long Calls, long TotalUs)
{
    /// <summary>How long one took, in microseconds.</summary>
    public long MeanUs => TotalUs / Math.Max(1, Calls);
}

/// <summary>Statements of one sharded database by tier.</summary>
/// <param name="Database">The sharded database.</param>
/// <param name="Counts">By the number of a <see cref="StatementTier"/>.</param>
internal sealed record TierTraffic(string Database, IReadOnlyList<long> Counts);

/// <summary>
/// Of one sharded database. Tiers are counted by each loop for itself; statements are under a lock, for what takes
/// several servers takes its time anyway. There are at most <see cref="StatementsMax"/>: the cheapest makes room.
/// </summary>
/// <param name="loops">Event loops that there are.</param>
internal sealed class CrossShardStatistics(int loops)
{
    /// <summary>Statements that are kept.</summary>
    public const int StatementsMax = 1_000;

    /// <summary>Numbers of a loop, so that no two loops write into one line of the processor's cache.</summary>
    private const int Stride = 16;

    private readonly long[] _counts = new long[loops * Stride];
    private readonly Dictionary<(string Statement, StatementTier Tier), CrossShardStatement> _statements = [];
    private readonly Lock _lock = new();

    /// <summary>Counts a statement. Only the loop itself may.</summary>
    public void Count(StatementTier tier, int loop) => _counts[(loop * Stride) + (int)tier]++;

    /// <summary>How many there were of each tier.</summary>
    public IReadOnlyList<long> Counts()
    {
        long[] sums = new long[StatementTiers.Count];
        for (int loop = 0; loop < loops; loop++)
        {
            for (int tier = 0; tier < sums.Length; tier++)
            {
                sums[tier] += Volatile.Read(ref _counts[(loop * Stride) + tier]);
            }
        }
        return sums;
    }

    /// <summary>Notes a statement that took several servers.</summary>
    /// <param name="statement">Its text without any value.</param>
    /// <param name="tier">How it was run.</param>
    /// <param name="shards">The shards that it was about.</param>
    /// <param name="elapsedUs">How long it took, in microseconds.</param>
    public void Record(string statement, StatementTier tier, int shards, long elapsedUs)
    {
        lock (_lock)
        {
            if (!_statements.TryGetValue((statement, tier), out CrossShardStatement? known))
            {
                if (_statements.Count >= StatementsMax)
                {
                    CrossShardStatement least = _statements.Values.MinBy(static one => one.TotalUs)!;
                    _statements.Remove((least.Statement, least.Tier));
                }
                known = new CrossShardStatement(statement, tier, 0, 0, 0);
            }
            _statements[(statement, tier)] = known with
            {
                Shards = Math.Max(known.Shards, shards),
                Calls = known.Calls + 1,
                TotalUs = known.TotalUs + elapsedUs,
            };
        }
    }

    /// <summary>The statements, the most expensive first.</summary>
    public IReadOnlyList<CrossShardStatement> Statements()
    {
        lock (_lock)
        {
            return [.. _statements.Values.OrderByDescending(static one => one.TotalUs)];
        }
    }
}
