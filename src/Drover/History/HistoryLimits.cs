// Every limit of the measuring in one place, with its origin.
namespace Drover.History;

/// <summary>How often what is read, how much of it is kept, and how long anything is waited for.</summary>
internal sealed record HistoryLimits
{
    /// <summary>Time between two looks at the statements; their texts are read once.</summary>
    public TimeSpan StatementPeriod { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Statements kept of one look: those that took the most time since the last one.</summary>
    public int StatementsMax { get; init; } = 25;

    /// <summary>Characters kept of a statement's text.</summary>
    public int StatementTextMax { get; init; } = 1000;

    /// <summary>
    /// How much longer than it took a look at the statements is at least waited for the next one: less than for the
    /// others, since most of it is the way there and back.
    /// </summary>
    public int StatementRestFactor { get; init; } = 20;

    /// <summary>Time between two looks at all tables: sizes are asked of the file system, one by one.</summary>
    public TimeSpan TablePeriod { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// How much longer than it took a look at the tables or an inspection is at least waited for the next one, so that
    /// 10,000 tables cost no more than one in a hundred seconds.
    /// </summary>
    public int RestFactor { get; init; } = 100;

    /// <summary>Tables kept of one look: the largest.</summary>
    public int TablesMax { get; init; } = 100;

    /// <summary>Sessions whose last statement is read for how far back it asks, at each sample: the latest.</summary>
    public int ActivityMax { get; init; } = 200;

    /// <summary>Time between two inspections, which make the advice.</summary>
    public TimeSpan InspectionPeriod { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Time between two looks at the statements' plans.</summary>
    public TimeSpan PlanPeriod { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Statements that are planned at a look, those with the most time; each takes a millisecond.</summary>
    public int PlansMax { get; init; } = 50;

    /// <summary>The longest that a look at the plans takes; who had no turn then is the first the next time.</summary>
    public TimeSpan PlanTime { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Samples of the sessions that an inspection looks back on.</summary>
    public int SessionsKept { get; init; } = 60;

    /// <summary>The time over which the deadlock rate of this moment is taken.</summary>
    public TimeSpan DeadlockWindow { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Time between two runs of the partitions' maintenance.</summary>
    public TimeSpan PartitionPeriod { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Days for which partitions are made ahead.</summary>
    public int PartitionsAhead { get; init; } = 3;

    /// <summary>The longest that a query of the statistics may take; then the connection is given up.</summary>
    public TimeSpan QueryTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// The longest that a table's size is waited for: one that is locked exclusively cannot be measured, and the other
    /// metrics matter most just then.
    /// </summary>
    public TimeSpan LockTimeout { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>The longest that a connection may take to be made.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The longest pause between two attempts at a server, or a history, that is away.</summary>
    public TimeSpan RetryMax { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>The most steps that one read may ask for.</summary>
    public int StepsMax { get; init; } = 10_000;

    /// <summary>Reads of the history at the same time; more wait.</summary>
    public int ReadersMax { get; init; } = 4;
}
