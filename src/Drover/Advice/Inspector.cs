// One look at a server: eleven metrics, and what to do next, in order of gain.
using Drover.Advice.Ages;
using Drover.Advice.Findings;
using Drover.Advice.Indexes;
using Drover.Advice.Metrics;
using Drover.Advice.Plans;
using Drover.Advice.Reuse;
using Drover.Advice.Silence;
using Drover.Operations.Connections;
using Npgsql;

namespace Drover.Advice;

/// <summary>What an inspection gives; silenced advice is marked, and in its place.</summary>
internal sealed record Inspection(
    ServerSamples Samples,
    IReadOnlyList<MetricReading> Metrics,
    IReadOnlyList<Recommendation> Recommendations
)
{
    /// <summary>How many pieces of advice are silenced.</summary>
    public int Silenced { get; init; }
}

/// <summary>What the history of a server says, wherever that is kept.</summary>
/// <param name="Plans">Plans that changed.</param>
/// <param name="Accesses">How far back queries ask, by table.</param>
internal sealed record KeptFindings(
    IReadOnlyList<PlanChange> Plans,
    IReadOnlyDictionary<string, (string Source, AccessCounts Counts)> Accesses
);

/// <summary>
/// Reads only: the statistics views, the catalogs, and /proc where it may. Needs no superuser; what a role may not see
/// is named in the metrics. It takes the interval and a few seconds more.
/// </summary>
internal static class Inspector
{
    /// <summary>
    /// Inspects the database of a connection, with the pools of a console if there is one and the standbys' scans.
    /// </summary>
    public static async Task<Inspection> InspectAsync(
        NpgsqlConnection connection,
        PoolFeed? console,
        IReadOnlyList<StandbyUse> standbys,
        TimeSpan interval,
        AdviceLimits limits,
        TimeProvider time,
        CancellationToken cancellation
    )
    {
        ServerSamples samples = await ServerSamples.TakeAsync(connection, console, interval, time, cancellation);
        // After the interval: what is read for this is no load of the server's own.
        samples = await BloatMeter.MeasureAsync(connection, samples, limits, time, cancellation);
        samples = samples with { Replication = samples.Replication with { Looked = standbys } };
        return new Inspection(
            samples,
            MetricReadings.Of(samples),
            await AdviseAsync(connection, samples, limits, null, time, cancellation)
        );
    }

    /// <summary>The advice on samples that were taken already, in order of gain; reads the catalogs.</summary>
    /// <param name="connection">The database's.</param>
    /// <param name="samples">The samples.</param>
    /// <param name="limits">Thresholds.</param>
    /// <param name="kept">What the history says; null: that in this database, if it has one.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellation">Ends it.</param>
    public static async Task<IReadOnlyList<Recommendation>> AdviseAsync(
        NpgsqlConnection connection,
        ServerSamples samples,
        AdviceLimits limits,
        KeptFindings? kept,
        TimeProvider time,
        CancellationToken cancellation
    )
    {
        TimeSpan countedFor = samples.Total.At - samples.Total.Since;
        List<Recommendation> indexes = await IndexesAsync(
            connection,
            countedFor,
            samples.Replication,
            limits,
            time,
            [],
            cancellation
        );
        HashSet<string> indexed = [.. indexes.Select(static one => one.Build?.Table).OfType<string>()];
        List<Recommendation> advice =
        [
            .. ActivityAdvice.Of(samples, limits),
            .. indexes,
            .. await PartitionAdvice.ReadAsync(connection, kept?.Accesses, limits, cancellation),
            .. await SequenceAdvice.ReadAsync(connection, limits, cancellation),
            .. await SettingAdvice.ReadAsync(connection, cancellation),
            .. await MemoryAdvice.ReadAsync(connection, limits, cancellation),
            .. await LockAdvice.ReadAsync(connection, limits, cancellation),
            .. await CounterAdvice.ReadAsync(connection, limits, cancellation),
            .. await TableAdvice.ReadAsync(connection, indexed, limits, cancellation),
            .. await ValueAdvice.ReadAsync(connection, limits, cancellation),
            .. await RepeatedStatementAdvice.ReadAsync(connection, limits, cancellation),
            .. await ReuseAdvice.ReadAsync(connection, indexes, limits, cancellation),
            .. await PlanAdvice.ReadAsync(connection, kept?.Plans, limits, cancellation),
        ];
        return Ordered(advice, await SilencedAdvice.ReadAsync(connection, cancellation));
    }

    /// <summary>The advice on indexes alone, in order of gain; and those that are too young to judge.</summary>
    public static async Task<(
        IReadOnlyList<Recommendation> Advice,
        IReadOnlyList<YoungIndex> Young
    )> AdviseOnIndexesAsync(
        NpgsqlConnection connection,
        IReadOnlyList<StandbyUse> standbys,
        AdviceLimits limits,
        TimeProvider time,
        CancellationToken cancellation
    )
    {
        DatabaseCounters counters = await DatabaseCounters.ReadAsync(connection, cancellation);
        ReplicationFacts replication = await ReplicationFacts.ReadAsync(connection, cancellation);
        replication = replication with { Looked = standbys };
        TimeSpan countedFor = counters.At - counters.Since;
        List<YoungIndex> young = [];
        Recommendation[] advice = Ordered(
            await IndexesAsync(connection, countedFor, replication, limits, time, young, cancellation),
            await SilencedAdvice.ReadAsync(connection, cancellation)
        );
        return (advice, young);
    }

    private static async Task<List<Recommendation>> IndexesAsync(
        NpgsqlConnection connection,
        TimeSpan countedFor,
        ReplicationFacts replication,
        AdviceLimits limits,
        TimeProvider time,
        List<YoungIndex> young,
        CancellationToken cancellation
    )
    {
        IndexStudyResult study = await IndexStudy.RunAsync(connection, limits, time, cancellation);
        IReadOnlyList<StandbyUse> looked = replication.Looked;
        List<IndexFacts> indexes = await IndexFacts.ReadAsync(connection, cancellation);
        // A counter that began later says less, wherever it is.
        TimeSpan all = looked.Select(static one => one.CountedFor).Append(countedFor).Min();
        if (all >= limits.UnusedAfter)
        {
            Dictionary<uint, IndexAge> ages = await IndexAges.ReadAsync(connection, cancellation);
            indexes = [.. indexes.Select(one => one with { Age = ages.GetValueOrDefault(one.Oid) })];
        }
        int unseen = StandbyUse.Unseen(replication.Standbys, looked);
        string role = (string)(await connection.ScalarAsync("SELECT quote_ident(current_user)", [], cancellation))!;
        return
        [
            .. IndexAdvice.Of([.. indexes.Select(one => one.With(looked))], all, unseen, limits, looked.Count, young),
            .. MissingIndexAdvice.Of(study, role),
            .. await IndexBloatAdvice.ReadAsync(connection, limits, cancellation),
            .. await ForeignKeyAdvice.ReadAsync(connection, study.Proposals, limits, cancellation),
        ];
    }

    private static Recommendation[] Ordered(IEnumerable<Recommendation> advice, HashSet<string> silenced) =>
        [
            .. advice
                .Select(one => silenced.Contains(one.Id) ? one with { IsSilenced = true } : one)
                .OrderBy(static one => one.Gain)
                .ThenByDescending(static one => one.Weight),
        ];
}
