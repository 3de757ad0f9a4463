// A plan: everything that an operation will do, as data that is printed, refused, journaled and run.
namespace Drover.Operations.Plans;

/// <summary>The plan of one operation on one target.</summary>
internal sealed record OperationPlan
{
    /// <summary>The kind of operation, such as <c>partition</c>.</summary>
    public required string Kind { get; init; }

    /// <summary>The target as regclass prints it with an empty search_path: schema-qualified and quoted.</summary>
    public required string Target { get; init; }

    /// <summary>Which way was chosen, where the kind knows several.</summary>
    public required string Strategy { get; init; }

    /// <summary>The operation's own settings as JSON; the engine only keeps them.</summary>
    public required string Settings { get; init; }

    /// <summary>What the preflight found.</summary>
    public IReadOnlyList<Finding> Findings { get; init; } = [];

    /// <summary>Consent that was given, the values of <c>--allow</c>.</summary>
    public IReadOnlyList<string> Allowed { get; init; } = [];

    /// <summary>The steps in order, gates among them.</summary>
    public required IReadOnlyList<PlanStep> Steps { get; init; }

    /// <summary>What verbs run aside from the steps, while the run waits at a gate.</summary>
    public IReadOnlyList<Detour> Detours { get; init; } = [];

    /// <summary>Of the catalogs that the plan was made from; the operation compares it before what matters.</summary>
    public required string CatalogFingerprint { get; init; }

    /// <summary>
    /// Facts for a person that are not steps: the estimate of time and disk, the strategies compared.
    /// </summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>The ways that there are, compared; empty where there is one.</summary>
    public IReadOnlyList<StrategyEstimate> Strategies { get; init; } = [];

    /// <summary>Findings that stand in the way of a start, consent considered.</summary>
    public IEnumerable<Finding> Obstacles =>
        Findings.Where(finding =>
            finding.Severity == FindingSeverity.Refuse
            || (finding.Severity == FindingSeverity.Consent && !Allowed.Contains(finding.ConsentFlag))
        );

    /// <summary>The steps and those of all detours.</summary>
    public IEnumerable<PlanStep> AllSteps => Steps.Concat(Detours.SelectMany(detour => detour.Steps));
}
