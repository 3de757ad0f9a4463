// Where a run stands, worked out from the journal's rows alone.
using Drover.Operations.Journal;
using Drover.Operations.Plans;

namespace Drover.Operations.Running;

/// <summary>The run and its steps at one moment.</summary>
internal sealed class RunPosition
{
    private readonly OperationPlan _plan;
    private readonly Dictionary<string, StepRow> _rows;

    /// <summary>The position that these rows mean.</summary>
    public RunPosition(OperationPlan plan, RunRow run, IReadOnlyList<StepRow> rows)
    {
        _plan = plan;
        Run = run;
        _rows = rows.ToDictionary(row => row.Name);
        Origin = plan.Steps.FirstOrDefault(IsOpen);
        Detour = DetourOf(run.Detour);
        Current = Detour is null ? Origin : Detour.Steps.FirstOrDefault(IsOpen);
    }

    /// <summary>The run.</summary>
    public RunRow Run { get; }

    /// <summary>The next step of the plan, also while the run is on a detour. Null: all are done.</summary>
    public PlanStep? Origin { get; }

    /// <summary>The detour that the run is on.</summary>
    public Detour? Detour { get; }

    /// <summary>The next step: of the detour if there is one, else of the plan. Null: none is left there.</summary>
    public PlanStep? Current { get; }

    /// <summary>The run is being aborted.</summary>
    public bool IsUndoing => Run.Detour == RunJournal.Abort;

    /// <summary>The last step that was begun and is not undone; a detour's before the plan's.</summary>
    public PlanStep? NextToUndo =>
        _plan
            .Detours.SelectMany(detour => detour.Steps)
            .Where(step => step.Undo.Count > 0)
            .Concat(_plan.Steps.Reverse())
            .FirstOrDefault(step => StateOf(step) is StepState.Running or StepState.Done);

    /// <summary>The detour of a verb.</summary>
    public Detour? DetourOf(string? verb) => _plan.Detours.FirstOrDefault(detour => detour.Verb == verb);

    /// <summary>Why a verb cannot be done now, with what to do instead; null: it can.</summary>
    public string? Refuses(string verb)
    {
        if (Run.IsClosed)
        {
            return $"run {Run.Id} is {Run.State.ToString().ToLowerInvariant()} already";
        }
        if (verb == RunJournal.Pause)
        {
            return null;
        }
        if (IsUndoing)
        {
            return verb == RunJournal.Abort ? null : "the run is being aborted";
        }
        if (Detour is not null)
        {
            return $"the run is busy with {Detour.Verb}";
        }
        if (verb == RunJournal.Abort)
        {
            return RefusesAbort();
        }
        if (DetourOf(verb) is not { } detour)
        {
            return RefusesToOpen(verb);
        }
        return detour.Gates.Contains(Origin?.Name)
            ? null
            : $"{verb} can be done at {string.Join(" or ", detour.Gates)}; the run is at {Origin?.Name ?? "its end"}";
    }

    /// <summary>The verb opens a gate that is still closed.</summary>
    public bool Opens(string verb) => _plan.Steps.Any(step => step.OpensOn == verb && IsOpen(step));

    private string? RefusesAbort()
    {
        PlanStep? final = _plan.Steps.FirstOrDefault(step => step.IsPointOfNoReturn && IsDone(step));
        if (final is not null)
        {
            return $"step {final.Name} is done and cannot be undone; finish the run";
        }
        PlanStep? undone = _plan.Steps.LastOrDefault(step => step.UndoneBy is not null && IsDone(step));
        return undone is null ? null : $"step {undone.Name} is done: {undone.UndoneBy} first, then abort";
    }

    // The next gate may be asked to open while the run is still on its way there; one behind it may not, for nobody has
    // seen yet what lies before it.
    private string? RefusesToOpen(string verb)
    {
        PlanStep? gate = _plan.Steps.FirstOrDefault(step => step.OpensOn == verb);
        if (gate is null)
        {
            return $"{verb} is not a verb of this operation";
        }
        PlanStep? next = _plan.Steps.FirstOrDefault(step => step.OpensOn is not null && IsOpen(step));
        return next is null || !IsOpen(gate) ? $"{verb} has been done"
            : next == gate ? null
            : $"{next.OpensOn} comes first";
    }

    private bool IsOpen(PlanStep step) => !IsDone(step);

    private bool IsDone(PlanStep step) => StateOf(step) == StepState.Done;

    private StepState StateOf(PlanStep step) =>
        _rows.TryGetValue(step.Name, out StepRow? row) ? row.State : StepState.Pending;
}
