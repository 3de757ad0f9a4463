// The plans of a statement, one after the other.
using Drover.Advice.Plans;

namespace Drover.History.Plans;

/// <summary>A span of time in which a statement had one plan whenever it was looked at.</summary>
/// <param name="FirstSeen">When it was seen first.</param>
/// <param name="LastSeen">When it was seen last.</param>
/// <param name="Shape"><see cref="PlanShape.Of"/>.</param>
/// <param name="Plan">The plan, without constants.</param>
/// <param name="Cost">The planner's last estimate.</param>
/// <param name="Difference">What is other than in the one before, in words; empty for the first.</param>
/// <param name="Calls">Executions between looks that both found this plan.</param>
/// <param name="TotalMs">Time in those.</param>
internal sealed record PlanPeriod(
    DateTimeOffset FirstSeen,
    DateTimeOffset LastSeen,
    string Shape,
    PlanNode Plan,
    double Cost,
    string Difference,
    long Calls,
    double TotalMs
)
{
    /// <summary>Time of one call; null before the first.</summary>
    public double? MeanMs => Calls > 0 ? TotalMs / Calls : null;
}

/// <summary>What a look at a statement's plan found.</summary>
/// <param name="Statement">pg_stat_statements' queryid.</param>
/// <param name="Text">Normalised, on one line, shortened.</param>
/// <param name="Plan">Its plan.</param>
/// <param name="Done">What it did since the last look; null where nobody knows.</param>
internal sealed record SeenPlan(long Statement, string Text, PlanNode Plan, (long Calls, double TotalMs)? Done);
