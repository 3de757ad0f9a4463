// Which indexes a database lacks, from all of its statements together.
using System.Text;
using System.Text.Json;
using Drover.Operations.Connections;
using Drover.Sql.Parsing;
using Npgsql;

namespace Drover.Advice.Indexes;

/// <summary>What a study gives.</summary>
/// <param name="Proposals">Indexes that are worth their price, the one that saves most first.</param>
/// <param name="Workload">What was studied; null where statements are not measured.</param>
/// <param name="IsHypothetical">Judged by HypoPG; else by the statistics.</param>
/// <param name="Denied">A privilege that would let more be seen; else null.</param>
internal sealed record IndexStudyResult(
    IReadOnlyList<IndexProposal> Proposals,
    Workload? Workload,
    bool IsHypothetical,
    string? Denied
);

/// <summary>
/// Candidates of all statements are judged over all statements: the one with the largest net gain is taken, then the
/// next beside it, until none is worth its price. No statement is run, only planned.
/// </summary>
internal sealed class IndexStudy
{
    private readonly PlanSession _session;
    private readonly AdviceLimits _limits;
    private readonly TimeProvider _time;
    private readonly Workload _workload;
    private readonly List<(StudiedStatement Statement, JsonDocument Plan)> _statements = [];
    private readonly List<StudiedStatement> _writers = [];
    private readonly Dictionary<(StudiedStatement, string), double> _costs = [];
    private readonly long _start;

    private IndexStudy(PlanSession session, Workload workload, AdviceLimits limits, TimeProvider time)
    {
        (_session, _workload, _limits, _time) = (session, workload, limits, time);
        _start = time.GetTimestamp();
    }

    private bool IsOutOfTime => _time.GetElapsedTime(_start) > _limits.IndexStudyTime;

    /// <summary>Studies the database of a connection, whose session is as it was afterwards.</summary>
    public static async Task<IndexStudyResult> RunAsync(
        NpgsqlConnection connection,
        AdviceLimits limits,
        TimeProvider time,
        CancellationToken cancellation
    )
    {
        if (
            PgQueryLibrary.Instance is not { } library
            || await Workload.ReadAsync(connection, limits.StatementsMax, cancellation) is not { } workload
        )
        {
            return new IndexStudyResult([], null, false, null);
        }
        List<StudiedStatement> read = await ReadAsync(connection, workload, library, limits, cancellation);
        await using PlanSession session = await PlanSession.OpenAsync(connection, cancellation);
        IndexStudy study = new(session, workload, limits, time);
        try
        {
            await study.PlanAsync(read, cancellation);
            List<IndexProposal> proposals = await study.ChooseAsync(cancellation);
            IReadOnlyList<IndexProposal> named = await IndexNames.GiveAsync(connection, proposals, cancellation);
            return new IndexStudyResult(named, workload, session.IsHypothetical, session.Denied);
        }
        finally
        {
            study._statements.ForEach(static one => one.Plan.Dispose());
        }
    }

    /// <summary>Reads statements; those that are not understood are left out.</summary>
    internal static async Task<List<StudiedStatement>> ReadAsync(
        NpgsqlConnection connection,
        Workload workload,
        PgQueryLibrary library,
        AdviceLimits limits,
        CancellationToken cancellation
    )
    {
        using ParserThreads threads = new(1);
        PostgresParser parser = new(library, threads);
        List<(WorkloadStatement Load, SqlTree Tree, HashSet<string> Names)> all = [];
        foreach (WorkloadStatement load in workload.Statements)
        {
            cancellation.ThrowIfCancellationRequested();
            ParseOutcome outcome = await parser.ParseAsync(Encoding.UTF8.GetBytes(load.Text));
            if (outcome.Tree is { } tree)
            {
                all.Add((load, tree, NamesOf(tree)));
            }
        }
        // What reads small tables alone is left as it is.
        HashSet<string> large = await WorkloadTable.LargeAsync(
            connection,
            [.. all.SelectMany(static one => one.Names).Distinct()],
            limits.SmallBytes,
            cancellation
        );
        (WorkloadStatement Load, SqlTree Tree, HashSet<string> Names)[] trees =
        [
            .. all.Where(one => one.Names.Overlaps(large)).Take(limits.StatementsStudiedMax),
        ];
        string[] names = [.. trees.SelectMany(static one => one.Names).Distinct()];
        await connection.ExecuteAsync("RESET search_path", [], cancellation);
        string[] path =
            await connection.ScalarAsync("SELECT pg_catalog.current_schemas(false)::text[]", [], cancellation)
                as string[]
            ?? [];
        await connection.ExecuteAsync("SET search_path = ''", [], cancellation);
        ILookup<string, WorkloadTable> tables = (
            await WorkloadTable.ReadAsync(connection, names, cancellation)
        ).ToLookup(static table => table.Name);
        HashSet<string> refused = await PlannedFunctions.RefusedAsync(connection, cancellation);
        return
        [
            .. trees.Select(one => StudiedStatement.Of(one.Load, one.Tree, Find, refused)).OfType<StudiedStatement>(),
        ];

        // The applications' search_path is not known: a name that only one schema has is that.
        WorkloadTable? Find(string schema, string name) =>
            schema.Length > 0
                ? tables[name].FirstOrDefault(table => table.Schema == schema)
                : path.Select(one => tables[name].FirstOrDefault(table => table.Schema == one)).FirstOrDefault(One)
                    ?? (tables[name].Count() == 1 ? tables[name].Single() : null);

        static bool One(WorkloadTable? table) => table is not null;
    }

    private static HashSet<string> NamesOf(SqlTree tree) =>
        [
            .. tree
                .Statements.SelectMany(StudiedStatement.Below)
                .Where(static node => node.Kind == "RangeVar")
                .Select(static node => node.Text("relname")),
        ];

    private async Task PlanAsync(List<StudiedStatement> read, CancellationToken cancellation)
    {
        _writers.AddRange(read.Where(static one => one.Written.Count > 0));
        double most = read.Sum(static one => one.Load.Milliseconds);
        foreach (StudiedStatement statement in read)
        {
            bool isWorth =
                statement.Load.Milliseconds >= _limits.IndexGainShare * most * 0.1
                && statement.Demands.Any(demand => demand.Table.Bytes >= _limits.SmallBytes);
            if (!isWorth || IsOutOfTime)
            {
                continue;
            }
            if (await _session.PlanAsync(statement, cancellation) is { } plan)
            {
                if (PlanSession.CostOf(plan) >= _limits.CheapPlanCost)
                {
                    _statements.Add((statement, plan));
                    continue;
                }
                plan.Dispose();
            }
        }
    }

    private async Task<List<IndexProposal>> ChooseAsync(CancellationToken cancellation)
    {
        StudiedStatement[] statements = [.. _statements.Select(static one => one.Statement)];
        List<IndexCandidate> left =
        [
            .. statements
                .SelectMany(static one => one.Demands.Select(static demand => demand.Table))
                .Where(table => table.Bytes >= _limits.SmallBytes)
                .Distinct()
                .Take(_limits.TablesStudiedMax)
                .SelectMany(table => CandidateMaker.Make(table, statements, _limits.CandidatesMax)),
        ];
        List<IndexProposal> chosen = [];
        double all = Math.Max(1, _workload.Milliseconds / _workload.Days);
        while (chosen.Count < _limits.IndexesMax && !IsOutOfTime)
        {
            if (Best(await WorthyAsync(left, chosen, all, cancellation)) is not { } best)
            {
                break;
            }
            // One that begins with all of another takes its place, and its statements with it.
            IndexProposal[] covered = [.. chosen.Where(one => best.Candidate.Covers(one.Candidate))];
            chosen.RemoveAll(covered.Contains);
            chosen.Add(
                best with
                {
                    SavedMsPerDay = best.SavedMsPerDay + covered.Sum(static one => one.SavedMsPerDay),
                    Helped =
                    [
                        .. best
                            .Helped.Concat(covered.SelectMany(static one => one.Helped))
                            .DistinctBy(static one => one.Statement),
                    ],
                }
            );
            left.Remove(best.Candidate);
        }
        return chosen;
    }

    private async Task<List<IndexProposal>> WorthyAsync(
        List<IndexCandidate> left,
        List<IndexProposal> chosen,
        double allMsPerDay,
        CancellationToken cancellation
    )
    {
        List<IndexProposal> worthy = [];
        foreach (IndexCandidate candidate in left)
        {
            if (IsOutOfTime)
            {
                break;
            }
            if (await JudgeAsync(candidate, chosen, cancellation) is { } proposal && IsWorth(proposal, allMsPerDay))
            {
                worthy.Add(proposal);
            }
        }
        return worthy;
    }

    /// <summary>The largest net gain; of those within the planner's error of it, the smallest index.</summary>
    private static IndexProposal? Best(List<IndexProposal> worthy)
    {
        const double NearlyAll = 0.96;
        double most = worthy.Count == 0 ? 0 : worthy.Max(Net);
        return worthy.Where(one => Net(one) >= NearlyAll * most).MinBy(static one => one.Price.Bytes);
    }

    private static double Net(IndexProposal proposal) => proposal.SavedMsPerDay - proposal.Price.MillisecondsPerDay;

    private bool IsWorth(IndexProposal proposal, double allMsPerDay)
    {
        const double MsPerDayAndGigabyte = 1_000;
        return proposal.SavedMsPerDay >= _limits.IndexGainShare * allMsPerDay
            && proposal.SavedMsPerDay >= _limits.IndexGainMsPerDay
            && proposal.SavedMsPerDay >= 2 * proposal.Price.MillisecondsPerDay
            && proposal.SavedMsPerDay >= MsPerDayAndGigabyte * proposal.Price.Bytes / (1 << 30);
    }

    /// <summary>What a candidate would save beside those that are chosen.</summary>
    private async Task<IndexProposal?> JudgeAsync(
        IndexCandidate candidate,
        List<IndexProposal> chosen,
        CancellationToken cancellation
    )
    {
        // A smaller share of a plan's cost than this is within the planner's error.
        const double CertainShare = 0.2;
        IndexCandidate[] before = [.. chosen.Select(static one => one.Candidate)];
        IndexCandidate[] after = [.. before.Where(one => !candidate.Covers(one)), candidate];
        List<HelpedStatement> helped = [];
        double saved = 0;
        foreach (
            (StudiedStatement statement, JsonDocument plan) in _statements.Where(one => candidate.Serves(one.Statement))
        )
        {
            double plain = PlanSession.CostOf(plan);
            double without = await CostAsync(statement, plan, before, cancellation);
            double with = await CostAsync(statement, plan, after, cancellation);
            double share = (without - with) / plain;
            if (Math.Abs(share) >= CertainShare)
            {
                saved += share * statement.Load.Milliseconds / _workload.Days;
            }
            if (share >= CertainShare)
            {
                helped.Add(new HelpedStatement(statement, without, with));
            }
        }
        if (helped.Count == 0)
        {
            return null;
        }
        long? bytes = _session.Bytes.TryGetValue(candidate, out long known) ? known : null;
        return new IndexProposal(
            candidate,
            "",
            [.. helped.OrderByDescending(static one => one.Statement.Load.Milliseconds)],
            saved,
            IndexPrice.Of(candidate, bytes, _writers, _workload.Days)
        );
    }

    private async Task<double> CostAsync(
        StudiedStatement statement,
        JsonDocument plain,
        IndexCandidate[] set,
        CancellationToken cancellation
    )
    {
        IndexCandidate[] relevant = [.. set.Where(one => one.Serves(statement))];
        if (relevant.Length == 0)
        {
            return PlanSession.CostOf(plain);
        }
        string key = string.Join('\n', relevant.Select(static one => one.Subject).Order(StringComparer.Ordinal));
        if (_costs.TryGetValue((statement, key), out double known))
        {
            return known;
        }
        double cost = _session.IsHypothetical
            ? await SupposedCostAsync(statement, plain, set, cancellation)
            : new PlanEstimate(plain).CostWith(statement, relevant);
        _costs[(statement, key)] = cost;
        return cost;
    }

    private async Task<double> SupposedCostAsync(
        StudiedStatement statement,
        JsonDocument plain,
        IndexCandidate[] set,
        CancellationToken cancellation
    )
    {
        if (!await _session.SupposeAsync(set, cancellation))
        {
            return double.MaxValue;
        }
        using JsonDocument? plan = await _session.PlanAsync(statement, cancellation);
        return PlanSession.CostOf(plan ?? plain);
    }
}
