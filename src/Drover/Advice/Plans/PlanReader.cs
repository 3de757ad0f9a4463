// Has the statements with the most time planned, within bounds, and says which plans they have.
using System.Text.Json;
using Drover.Advice.Indexes;
using Drover.Operations.Connections;
using Drover.Sql.Parsing;
using Npgsql;

namespace Drover.Advice.Plans;

/// <summary>A statement with the plan that it has for any value.</summary>
/// <param name="Load">As pg_stat_statements has it, with its queryid.</param>
/// <param name="Plan">Without constants, partitions at the root of their tree.</param>
internal sealed record PlannedStatement(WorkloadStatement Load, PlanNode Plan);

/// <summary>What a look gives.</summary>
/// <param name="Statements">All that were looked at, planned or not.</param>
/// <param name="Planned">Those of them that have a plan.</param>
/// <param name="Problem">What is not permitted or missing, with what would give it; else null.</param>
internal sealed record PlanLook(
    IReadOnlyList<WorkloadStatement> Statements,
    IReadOnlyList<PlannedStatement> Planned,
    string? Problem
);

/// <summary>
/// No statement is run, and what may be planned is what <see cref="StudiedStatement"/> and <see cref="WorkloadTable"/>
/// let through. Whose turn was longest ago comes first, so that a slow one takes no other's. Not safe for several
/// threads.
/// </summary>
/// <param name="statementsMax">Statements of a look, those with the most time.</param>
/// <param name="timeMax">After so long no further one is begun.</param>
/// <param name="time">The clock.</param>
internal sealed class PlanReader(int statementsMax, TimeSpan timeMax, TimeProvider time)
{
    private const int StepsMax = 300;

    /// <summary>So many times more are read: those of catalogs alone, the monitor's too, are passed over.</summary>
    private const int ReadFactor = 4;

    private const string NamesSql = """
        SELECT x.s, x.n, rn.nspname::text, r.relname::text,
               CASE WHEN r.relkind IN ('i', 'I') THEN coalesce(pg_get_indexdef(r.oid), '') ELSE '' END
        FROM unnest($1::text[], $2::text[]) x (s, n)
        JOIN pg_catalog.pg_namespace n ON n.nspname = x.s
        JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = x.n
        JOIN pg_catalog.pg_class r ON r.oid = CASE WHEN c.relispartition THEN pg_partition_root(c.oid) ELSE c.oid END
        JOIN pg_catalog.pg_namespace rn ON rn.oid = r.relnamespace
        """;

    private readonly Dictionary<long, long> _turns = [];
    private readonly PlanLog _log = new();
    private readonly HashSet<long> _planned = [];
    private long _turn;

    /// <summary>Looks once; the session is as it was afterwards.</summary>
    public async Task<PlanLook> LookAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        if (PgQueryLibrary.Instance is not { } library)
        {
            return new PlanLook([], [], $"plans are not kept: no statement can be read. {PgQueryLibrary.Remedy}");
        }
        if (await Workload.ByIdAsync(connection, ReadFactor * statementsMax, cancellation) is not { } all)
        {
            return new PlanLook([], [], null);
        }
        long start = time.GetTimestamp();
        List<StudiedStatement> read = await IndexStudy.ReadAsync(
            connection,
            new Workload([.. all.Select(Steady)], 0, default, 1),
            library,
            new AdviceLimits { SmallBytes = 0, StatementsStudiedMax = statementsMax },
            cancellation
        );
        Forget(all);
        List<(WorkloadStatement Load, PlanNode Plan)> plans = [];
        string? denied = null;
        await using (PlanSession session = await PlanSession.OpenAsync(connection, cancellation))
        {
            foreach (StudiedStatement one in read.OrderBy(one => _turns.GetValueOrDefault(one.Load.Id)))
            {
                if (time.GetElapsedTime(start) > timeMax)
                {
                    break;
                }
                _turns[one.Load.Id] = ++_turn;
                using JsonDocument? explained = await session.PlanAsync(one, cancellation);
                if (explained is not null && PlanNode.Read(explained.RootElement) is { } plan)
                {
                    plans.Add((one.Load, plan));
                }
                // Who may not write has no plan of what writes, and that is as it should be.
                denied ??= session.IsDenied && IsRead(one) ? session.Denied : null;
            }
        }
        await AddLoggedAsync(connection, all, read, plans, cancellation);
        Dictionary<(string, string), PlanName> names = await NamesAsync(connection, plans, cancellation);
        IEnumerable<PlannedStatement> planned = plans
            .Select(one => new PlannedStatement(one.Load, PlanShape.AtRoots(one.Plan, NameOf)))
            .Where(static one => one.Plan.All().Count() <= StepsMax);
        return new PlanLook(all, [.. planned], denied is null ? _log.Problem : await RemedyAsync(connection, denied));

        PlanName NameOf(string schema, string name) =>
            names.GetValueOrDefault((schema, name), new PlanName(schema, name, ""));
    }

    /// <summary>
    /// One that could be planned, now or at another look, keeps to that: a value may have another plan.
    /// </summary>
    private async Task AddLoggedAsync(
        NpgsqlConnection connection,
        IReadOnlyList<WorkloadStatement> all,
        List<StudiedStatement> read,
        List<(WorkloadStatement Load, PlanNode Plan)> plans,
        CancellationToken cancellation
    )
    {
        _planned.UnionWith(plans.Select(static one => one.Load.Id));
        HashSet<long> waiting = [.. read.Select(static one => one.Load.Id)];
        waiting.ExceptWith(_turns.Keys);
        WorkloadStatement[] others =
        [
            .. all.Where(one => !_planned.Contains(one.Id) && !waiting.Contains(one.Id))
                .DistinctBy(static one => one.Id),
        ];
        IReadOnlyDictionary<long, PlanNode> logged = await _log.ReadAsync(
            connection,
            others.Select(static one => one.Id).ToHashSet(),
            cancellation
        );
        plans.AddRange(
            others
                .Where(one => logged.TryGetValue(one.Id, out PlanNode? plan) && plan.All().Any(IsOfUser))
                .Take(statementsMax)
                .Select(one => (one, logged[one.Id]))
        );
    }

    private static bool IsOfUser(PlanNode step) =>
        step.Relation.Length > 0 && step.Schema is not ("pg_catalog" or "information_schema" or "drover");

    private static async Task<string> RemedyAsync(NpgsqlConnection connection, string denied) =>
        $"some plans are not kept: {denied}; GRANT pg_read_all_data TO "
        + await connection.ScalarAsync("SELECT quote_ident(current_user)", [], CancellationToken.None);

    private static bool IsRead(StudiedStatement one) =>
        one.Tree.Kind == "SelectStmt" && one.Written.Count == 0 && !one.Tree.Has("lockingClause");

    // The rows of a call stand for a LIMIT's parameter: as a power of two, they do not change with every call.
    private static WorkloadStatement Steady(WorkloadStatement load) =>
        load with
        {
            RowsPerCall = Math.Pow(2, Math.Ceiling(Math.Log2(Math.Max(1, load.RowsPerCall)))),
        };

    private void Forget(IReadOnlyList<WorkloadStatement> present)
    {
        HashSet<long> ids = [.. present.Select(static one => one.Id)];
        foreach (long id in _turns.Keys.Where(id => !ids.Contains(id)).ToArray())
        {
            _turns.Remove(id);
        }
        _planned.IntersectWith(ids);
    }

    private static async Task<Dictionary<(string, string), PlanName>> NamesAsync(
        NpgsqlConnection connection,
        List<(WorkloadStatement Load, PlanNode Plan)> plans,
        CancellationToken cancellation
    )
    {
        (string Schema, string Name)[] asked =
        [
            .. plans
                .SelectMany(static one => one.Plan.All())
                .SelectMany(static node => new[] { (node.Schema, node.Relation), (node.Schema, node.Index) })
                .Where(static one => one.Item2.Length > 0)
                .Distinct(),
        ];
        if (asked.Length == 0)
        {
            return [];
        }
        List<((string, string) Name, PlanName Root)> found = await connection.ListAsync(
            NamesSql,
            [asked.Select(static one => one.Schema).ToArray(), asked.Select(static one => one.Name).ToArray()],
            static row =>
                (
                    (row.GetString(0), row.GetString(1)),
                    new PlanName(row.GetString(2), row.GetString(3), Plain(row.GetString(4)))
                ),
            cancellation
        );
        return found.ToDictionary(static one => one.Name, static one => one.Root);
    }

    // A partial index has constants in it, which may be somebody's values.
    private static string Plain(string definition) => PlanRedaction.Redact(definition) == definition ? definition : "";
}
