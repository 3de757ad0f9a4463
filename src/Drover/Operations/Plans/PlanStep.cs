// One step of a plan: pure data that says what will be done, under which lock, for how long, and how it is undone.
using System.Text.Json.Serialization;

namespace Drover.Operations.Plans;

/// <summary>How the engine runs a step.</summary>
internal enum StepKind
{
    /// <summary>All of it in one transaction, with its row in the journal.</summary>
    [JsonStringEnumMemberName("transaction")]
    Transaction,

    /// <summary>
    /// Statements that cannot run in a transaction (CREATE INDEX CONCURRENTLY) or should not (VALIDATE): each is
    /// journaled, run, checked, journaled.
    /// </summary>
    [JsonStringEnumMemberName("autocommit")]
    Autocommit,

    /// <summary>Many short transactions, throttled, each with its progress.</summary>
    [JsonStringEnumMemberName("batches")]
    Batches,

    /// <summary>The run waits here for a verb of the operator.</summary>
    [JsonStringEnumMemberName("gate")]
    Gate,
}

/// <summary>A step as it is planned, printed and journaled.</summary>
internal sealed record PlanStep
{
    /// <summary>Stable and unique in the plan, also among its detours; in kebab-case.</summary>
    public required string Name { get; init; }

    /// <summary>What it does, for a person.</summary>
    public required string Title { get; init; }

    /// <summary>How it is run.</summary>
    public required StepKind Kind { get; init; }

    /// <summary>What is run when the step has no code; what the code runs in essence when it has.</summary>
    public IReadOnlyList<string> Sql { get; init; } = [];

    /// <summary>The table locks that it takes, strongest first.</summary>
    public IReadOnlyList<LockClaim> Locks { get; init; } = [];

    /// <summary>
    /// The longest that one transaction of it (or one statement, for <see cref="StepKind.Autocommit"/>) may take
    /// once it
    /// has begun; then it is rolled back and tried again. Null: as long as it takes.
    /// </summary>
    public TimeSpan? TimeLimit { get; init; }

    /// <summary>
    /// <c>lock_timeout</c> of one attempt. Null: the engine's own short one; zero: none, which is right for CREATE
    /// INDEX
    /// CONCURRENTLY, since it waits for old transactions under a lock that is in nobody's way.
    /// </summary>
    public TimeSpan? LockTimeout { get; init; }

    /// <summary>
    /// What undoes it when the run is aborted; may be run when the step was done in part, or not at all.
    /// </summary>
    public IReadOnlyList<string> Undo { get; init; } = [];

    /// <summary>
    /// The verb of the detour that undoes it, such as <c>rollback</c>: while it is done, the run cannot be aborted.
    /// Null: <see cref="Undo"/> does.
    /// </summary>
    public string? UndoneBy { get; init; }

    /// <summary>After it there is no way back.</summary>
    public bool IsPointOfNoReturn { get; init; }

    /// <summary>A query whose boolean says that the step is done already. Null: the journal alone knows.</summary>
    public string? DoneWhen { get; init; }

    /// <summary>
    /// The gate to return to when the locks could not be had in all attempts, or the step's own code refuses. Null: the
    /// run fails.
    /// </summary>
    public string? GivesUpTo { get; init; }

    /// <summary>
    /// The state of a run that waits at this gate: <c>ready</c> or <c>watching</c>. Only for gates.
    /// </summary>
    public RunState? GateState { get; init; }

    /// <summary>The verb that opens this gate, such as <c>cutover</c> or <c>finish</c>. Only for gates.</summary>
    public string? OpensOn { get; init; }
}

/// <summary>Steps that a verb runs while the run waits at a gate: rollback, verify, repair.</summary>
internal sealed record Detour
{
    /// <summary>The verb that asks for it.</summary>
    public required string Verb { get; init; }

    /// <summary>
    /// Names of the steps at which it may be asked for: gates, and steps that a run may have failed at, such as a
    /// verification that asks for <c>repair</c>.
    /// </summary>
    public required IReadOnlyList<string> Gates { get; init; }

    /// <summary>What it runs, in order.</summary>
    public required IReadOnlyList<PlanStep> Steps { get; init; }

    /// <summary>
    /// The gate where the run waits afterwards; all steps behind that gate are to be done again. Null: the gate
    /// that it
    /// came from.
    /// </summary>
    public string? ReturnsTo { get; init; }
}
