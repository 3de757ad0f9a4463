// What the JSON interface says of measured servers.
using Drover.Advice;

namespace Drover.App.Dashboard.Api;

/// <summary>The measured servers.</summary>
internal sealed record ServersAnswer(IReadOnlyList<ServerAnswer> Servers);

/// <summary>A measured server as it is now.</summary>
internal sealed record ServerAnswer
{
    /// <summary>Its name in the configuration.</summary>
    public required string Name { get; init; }

    /// <summary>Host, port, database and user.</summary>
    public required string Address { get; init; }

    /// <summary>Between two samples.</summary>
    public required double IntervalSeconds { get; init; }

    /// <summary>starting, measured or unreachable.</summary>
    public required string State { get; init; }

    /// <summary>Why the last attempt failed; empty when it did not.</summary>
    public required string Problem { get; init; }

    /// <summary>When the last sample was taken; null: never.</summary>
    public DateTimeOffset? At { get; init; }

    /// <summary>PostgreSQL's.</summary>
    public required string Version { get; init; }

    /// <summary>True for a standby.</summary>
    public bool IsStandby { get; init; }

    /// <summary>The eleven, in the order of docs/metrics.md; empty before the first sample.</summary>
    public IReadOnlyList<MetricAnswer> Metrics { get; init; } = [];

    /// <summary>The sessions at the roots of the blocking trees.</summary>
    public IReadOnlyList<string> Blockers { get; init; } = [];

    /// <summary>How much advice there is.</summary>
    public int Recommendations { get; init; }

    /// <summary>starting, written, writtenbyanother or notwritten.</summary>
    public required string History { get; init; }

    /// <summary>Why no history is kept; empty when it is.</summary>
    public required string HistoryProblem { get; init; }

    /// <summary>Processor time that measuring has cost, in percent of one core, since the process started.</summary>
    public double CostPercent { get; init; }
}

/// <summary>One of the eleven.</summary>
/// <param name="Name">As in the history.</param>
/// <param name="Title">As in docs/metrics.md.</param>
/// <param name="Value">In the unit; null: the note says what is missing.</param>
/// <param name="Unit">%, ms, s, sessions or 1/h.</param>
/// <param name="Source">The view or file.</param>
/// <param name="Note">What else is known, or what would give the value.</param>
internal sealed record MetricAnswer(string Name, string Title, double? Value, string Unit, string Source, string Note);

/// <summary>Metrics over time on one axis.</summary>
/// <param name="StepSeconds">The step.</param>
/// <param name="Times">Where steps begin, in seconds since 1970.</param>
/// <param name="Series">Means over each step; null: nothing was measured.</param>
/// <param name="Highest">The highest sample of each step.</param>
internal sealed record ServerHistoryAnswer(
    double StepSeconds,
    IReadOnlyList<double> Times,
    IReadOnlyDictionary<string, IReadOnlyList<double?>> Series,
    IReadOnlyDictionary<string, IReadOnlyList<double?>> Highest
);

/// <summary>Tables of a server, the largest first.</summary>
/// <param name="From">Where the time begins that growth and scans are of.</param>
/// <param name="To">Where it ends.</param>
/// <param name="Tables">The tables.</param>
/// <param name="Access">
/// How far back queries asked in those days, by table, or the root of its partitions; only of tables where it is known.
/// </param>
internal sealed record TablesAnswer(
    DateTimeOffset From,
    DateTimeOffset To,
    IReadOnlyList<TableAnswer> Tables,
    IReadOnlyDictionary<string, AccessAnswer> Access
);

/// <summary>One table; of a partition, Parent is the table at the root of its tree, else null.</summary>
internal sealed record TableAnswer(
    string Name,
    long Bytes,
    long TotalBytes,
    double Rows,
    long DeadRows,
    long? BloatBytes,
    long SequentialScans,
    long IndexScans,
    long TotalBytesBefore,
    double RowsBefore,
    string? Parent
);

/// <summary>How far back queries ask a table for rows; shares of those that are understood, 0 to 1.</summary>
/// <param name="Source">proxy: sampled with their parameters; activity: seen in pg_stat_activity.</param>
/// <param name="Samples">How many were looked at.</param>
/// <param name="Days7">Ask for nothing older than 7 days.</param>
/// <param name="Days30">Not older than 30, but than 7.</param>
/// <param name="Days90">Not older than 90, but than 30.</param>
/// <param name="Older">Older than 90 days.</param>
/// <param name="AllAges">Have no limit.</param>
/// <param name="Unknown">The share of all that is not understood.</param>
/// <param name="HotMonths">Calendar months that hold 95 %; null where 90 days do not.</param>
internal sealed record AccessAnswer(
    string Source,
    long Samples,
    double Days7,
    double Days30,
    double Days90,
    double Older,
    double AllAges,
    double Unknown,
    int? HotMonths
);

/// <summary>Statements of a server, those with the most time first.</summary>
/// <param name="From">Where the time begins; what was before is as long.</param>
/// <param name="To">Where it ends.</param>
/// <param name="TotalMs">Of all that are listed.</param>
/// <param name="Statements">The statements.</param>
internal sealed record StatementsAnswer(
    DateTimeOffset From,
    DateTimeOffset To,
    double TotalMs,
    IReadOnlyList<StatementAnswer> Statements
);

/// <summary>One statement.</summary>
/// <param name="Id">pg_stat_statements' queryid, as text: it has more digits than JavaScript's numbers.</param>
/// <param name="Database">Where it ran.</param>
/// <param name="Text">Normalised.</param>
/// <param name="Calls">Executions.</param>
/// <param name="TotalMs">Time in them.</param>
/// <param name="MeanMs">Time of one.</param>
/// <param name="Rows">Rows in all.</param>
/// <param name="BlocksHit">Blocks found in shared_buffers.</param>
/// <param name="BlocksRead">Blocks that were not.</param>
/// <param name="CallsBefore">Calls in as long a time before.</param>
/// <param name="TotalMsBefore">Time in those.</param>
/// <param name="PlanChanged">When it last got another plan, within the time; null: it did not.</param>
internal sealed record StatementAnswer(
    string Id,
    string Database,
    string Text,
    long Calls,
    double TotalMs,
    double MeanMs,
    long Rows,
    long BlocksHit,
    long BlocksRead,
    long CallsBefore,
    double TotalMsBefore,
    DateTimeOffset? PlanChanged
);

/// <summary>The plans of a statement, the last one first.</summary>
/// <param name="Problem">Why plans are not kept, or not all, and what would help; empty when they are.</param>
/// <param name="Plans">The plans.</param>
internal sealed record PlansAnswer(string Problem, IReadOnlyList<PlanAnswer> Plans);

/// <summary>A plan, and the time in which the statement had it.</summary>
/// <param name="FirstSeen">When it was seen first.</param>
/// <param name="LastSeen">When it was seen last.</param>
/// <param name="Shape">The same for plans of the same steps, relations, indexes, join types and sort keys.</param>
/// <param name="Difference">What is other than in the plan before, in words; empty for the first.</param>
/// <param name="Cost">The planner's estimate, in its own unit.</param>
/// <param name="Calls">Executions between looks that found this plan.</param>
/// <param name="MeanMs">Time of one of them; null before the first.</param>
/// <param name="Lines">The plan as EXPLAIN prints it, with ? for every constant.</param>
internal sealed record PlanAnswer(
    DateTimeOffset FirstSeen,
    DateTimeOffset LastSeen,
    string Shape,
    string Difference,
    double Cost,
    long Calls,
    double? MeanMs,
    IReadOnlyList<string> Lines
);

/// <summary>Databases of a server, the busiest first.</summary>
internal sealed record DatabasesAnswer(
    DateTimeOffset From,
    DateTimeOffset To,
    IReadOnlyList<DatabaseUseAnswer> Databases
);

/// <summary>One database.</summary>
internal sealed record DatabaseUseAnswer(
    string Name,
    long? Bytes,
    long Transactions,
    long BlocksHit,
    long BlocksRead,
    long Deadlocks,
    long TempBytes
);

/// <summary>The advice for all servers.</summary>
internal sealed record AdviceAnswer(IReadOnlyList<ServerAdviceAnswer> Servers);

/// <summary>The advice for one.</summary>
/// <param name="Server">Its name.</param>
/// <param name="InspectedAt">When it was made; null: not yet.</param>
/// <param name="Recommendations">In order of gain.</param>
internal sealed record ServerAdviceAnswer(
    string Server,
    DateTimeOffset? InspectedAt,
    IReadOnlyList<RecommendationAnswer> Recommendations
);

/// <summary>One piece of advice.</summary>
internal sealed record RecommendationAnswer(
    string Code,
    string Subject,
    string Gain,
    string Evidence,
    string Expected,
    string Price,
    string Risk,
    string Do,
    string Undo
)
{
    /// <summary>As the engine has it.</summary>
    public static RecommendationAnswer Of(Recommendation advice) =>
        new(
            advice.Code,
            advice.Subject,
            advice.Gain.ToString().ToLowerInvariant(),
            advice.Evidence,
            advice.Expected,
            advice.Price,
            advice.Risk,
            advice.Do,
            advice.Undo
        );
}
