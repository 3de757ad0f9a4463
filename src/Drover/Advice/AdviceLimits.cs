// From where on something is worth a recommendation.
namespace Drover.Advice;

/// <summary>Thresholds of the advice; options of <c>drover inspect</c> set the first ones.</summary>
internal sealed record AdviceLimits
{
    /// <summary>How long counters must have run before an index that was never used is called unused.</summary>
    public TimeSpan UnusedAfter { get; init; } = TimeSpan.FromDays(7);

    /// <summary>Tables from this size on are looked at for partitioning, in bytes with indexes.</summary>
    public long LargeTableBytes { get; init; } = 10L << 30;

    /// <summary>Indexes and tables below this size are not worth the words.</summary>
    public long SmallBytes { get; init; } = 1 << 20;

    /// <summary>Bloat from this size on, in bytes.</summary>
    public long BloatBytes { get; init; } = 256 << 20;

    /// <summary>Bloat from this share of a table on.</summary>
    public double BloatShare { get; init; } = 0.4;

    /// <summary>Tables up to this size, in bytes, are read by pgstattuple_approx where it is installed.</summary>
    public long BloatReadBytes { get; init; } = 1L << 30;

    /// <summary>The longest that pgstattuple_approx reads, all tables together.</summary>
    public TimeSpan BloatReadTime { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Share of max_connections in use from which a pool is advised.</summary>
    public double ConnectionShare { get; init; } = 0.7;

    /// <summary>Sessions from which many idle ones are worth pooling.</summary>
    public int ManyConnections { get; init; } = 100;

    /// <summary>Share of a sequence's or its column's range that is used up.</summary>
    public double SequenceShare { get; init; } = 0.5;

    /// <summary>WAL that a slot without a reader holds back, in bytes.</summary>
    public long SlotBytes { get; init; } = 1L << 30;

    /// <summary>Transactions since the last freeze; PostgreSQL stops taking writes near 2.1 thousand million.</summary>
    public int FrozenAge { get; init; } = 1_000_000_000;

    /// <summary>An open transaction that does nothing for so long.</summary>
    public TimeSpan IdleInTransaction { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Statements that are read for the study of indexes, those with the most time.</summary>
    public int StatementsMax { get; init; } = 5_000;

    /// <summary>Of those, the ones that are planned at the most.</summary>
    public int StatementsStudiedMax { get; init; } = 500;

    /// <summary>Tables for which indexes are made up, those of the statements with the most time.</summary>
    public int TablesStudiedMax { get; init; } = 10;

    /// <summary>Made-up indexes of a table.</summary>
    public int CandidatesMax { get; init; } = 24;

    /// <summary>Missing indexes that are named: whoever gets more does none.</summary>
    public int IndexesMax { get; init; } = 5;

    /// <summary>The study ends with what it has.</summary>
    public TimeSpan IndexStudyTime { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>A plan below this cost is left as it is, some milliseconds; a lookup by a primary key has 8.</summary>
    public double CheapPlanCost { get; init; } = 200;

    /// <summary>The share of all statements' time that an index has to save.</summary>
    public double IndexGainShare { get; init; } = 0.01;

    /// <summary>Milliseconds a day that an index has to save.</summary>
    public double IndexGainMsPerDay { get; init; } = 10_000;

    /// <summary>Somebody has waited for a lock for so long.</summary>
    public TimeSpan LockWait { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>A transaction that works for so long.</summary>
    public TimeSpan LongTransaction { get; init; } = TimeSpan.FromHours(1);

    /// <summary>A prepared transaction that nobody finished for so long.</summary>
    public TimeSpan PreparedTransaction { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>A standby that is so far behind.</summary>
    public TimeSpan StandbyLag { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>
    /// A standby that is so many bytes behind: a replay that stood still when all was replayed has no time to tell.
    /// </summary>
    public long StandbyLagBytes { get; init; } = 1L << 30;

    /// <summary>Deadlocks an hour.</summary>
    public double DeadlocksPerHour { get; init; } = 1;

    /// <summary>Share of transactions that are rolled back, of at least <see cref="TransactionsMin"/>.</summary>
    public double RollbackShare { get; init; } = 0.2;

    /// <summary>Transactions from which a share of them says something.</summary>
    public long TransactionsMin { get; init; } = 10_000;

    /// <summary>Bytes an hour that sorts and hashes write to temporary files.</summary>
    public double SpilledBytesPerHour { get; init; } = 1L << 30;

    /// <summary>Share of blocks that should be found in shared_buffers.</summary>
    public double CacheHitShare { get; init; } = 0.9;

    /// <summary>Blocks that were not found there, from which that share says something.</summary>
    public long BlocksReadMin { get; init; } = 1_000_000;

    /// <summary>Share of blocks from memory with which random_page_cost = 4 is too much.</summary>
    public double RandomPageHitShare { get; init; } = 0.99;

    /// <summary>Checkpoints an hour that came because max_wal_size was full.</summary>
    public double RequestedCheckpointsPerHour { get; init; } = 6;

    /// <summary>Share of a table's rows that changed since ANALYZE; of <see cref="StaleRows"/> rows at least.</summary>
    public double StaleShare { get; init; } = 0.5;

    /// <summary>Rows that changed since ANALYZE.</summary>
    public long StaleRows { get; init; } = 10_000;

    /// <summary>Sequential scans of a table an hour.</summary>
    public double SequentialScansPerHour { get; init; } = 100;

    /// <summary>Rows that sequential scans of a table read an hour.</summary>
    public double SequentialRowsPerHour { get; init; } = 100_000_000;

    /// <summary>Share of a table's rows that one tenant has.</summary>
    public double SkewShare { get; init; } = 0.5;

    /// <summary>Bytes of a table whose tenants are looked at.</summary>
    public long SkewBytes { get; init; } = 1L << 30;

    /// <summary>Bytes of an index that are empty by estimate.</summary>
    public long IndexBloatBytes { get; init; } = 64 << 20;

    /// <summary>Share of an index that is empty by estimate.</summary>
    public double IndexBloatShare { get; init; } = 0.5;

    /// <summary>Share of all calls that one lookup of a row has.</summary>
    public double RepeatedShare { get; init; } = 0.5;

    /// <summary>Statements that are looked at for views and caches, those with the most time.</summary>
    public int ReusedStatementsMax { get; init; } = 200;

    /// <summary>Milliseconds of a statement from which a materialized view is worth its refreshes.</summary>
    public double ViewMilliseconds { get; init; } = 100;

    /// <summary>Different answers that a statement may have for a view to hold them.</summary>
    public double ViewAnswersMax { get; init; } = 100;

    /// <summary>Rows of a call from which reading them takes as long as finding them.</summary>
    public double ViewRowsMax { get; init; } = 1_000;

    /// <summary>Calls an hour from which a statement is worth a cache.</summary>
    public double CachedCallsPerHour { get; init; } = 36_000;

    /// <summary>Share of the calls that a cache has to answer.</summary>
    public double CachedShare { get; init; } = 0.6;

    /// <summary>So many times what a call took before a plan changed is slower.</summary>
    public double PlanSlower { get; init; } = 2;

    /// <summary>Calls with a plan from which their mean says something.</summary>
    public long PlanCallsMin { get; init; } = 20;

    /// <summary>Milliseconds that a changed plan has cost by now.</summary>
    public double PlanLostMs { get; init; } = 100;

    /// <summary>Calls of it, an hour.</summary>
    public double RepeatedCallsPerHour { get; init; } = 1_000_000;
}
