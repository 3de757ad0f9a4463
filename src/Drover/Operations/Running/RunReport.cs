// Where a run stands, gathered from the journal: what status shows, for a person and as JSON.
using System.Text.Json.Serialization;
using Drover.Operations.Journal;
using Drover.Operations.Plans;
using Npgsql;

namespace Drover.Operations.Running;

/// <summary>One step of a report.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Title">What it does.</param>
/// <param name="State">Its state: pending, running, done or undone.</param>
/// <param name="Detour">The verb that runs it; null for the plan's own steps.</param>
/// <param name="Progress">From 0 to 1.</param>
/// <param name="Rows">Rows so far.</param>
/// <param name="Bytes">Bytes so far.</param>
/// <param name="Batches">Committed batches or statements.</param>
/// <param name="Note">What it works at.</param>
/// <param name="StartedAt">When it was begun.</param>
/// <param name="FinishedAt">When it was done.</param>
internal sealed record StepReport(
    string Name,
    string Title,
    string State,
    string? Detour,
    double Progress,
    long Rows,
    long Bytes,
    long Batches,
    string? Note,
    DateTimeOffset? StartedAt,
    DateTimeOffset? FinishedAt
);

/// <summary>A run at one moment.</summary>
internal sealed record RunReport
{
    private const int EventsShown = 20;

    /// <summary>The id.</summary>
    public required long Run { get; init; }

    /// <summary>The kind of operation.</summary>
    public required string Kind { get; init; }

    /// <summary>On what.</summary>
    public required string Target { get; init; }

    /// <summary>Which way.</summary>
    public required string Strategy { get; init; }

    /// <summary>The state's word.</summary>
    public required string State { get; init; }

    /// <summary>The step that it is at.</summary>
    public string? Step { get; init; }

    /// <summary>What that step does.</summary>
    public string? Title { get; init; }

    /// <summary>The detour that it is on.</summary>
    public string? Detour { get; init; }

    /// <summary>Of the step, from 0 to 1.</summary>
    public double Progress { get; init; }

    /// <summary>Rows of the step so far.</summary>
    public long Rows { get; init; }

    /// <summary>Of late, rests included.</summary>
    public double RowsPerSecond { get; init; }

    /// <summary>What the step still takes, at its speed so far; null when that cannot be said.</summary>
    public double? EtaSeconds { get; init; }

    /// <summary>Why it is slowed down or waits.</summary>
    public string? ThrottleReason { get; init; }

    /// <summary>What went wrong last.</summary>
    public string? Error { get; init; }

    /// <summary>What must be known besides.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>A runner holds the lease.</summary>
    public required bool IsRunnerAlive { get; init; }

    /// <summary>Who.</summary>
    public string? Runner { get; init; }

    /// <summary>When a runner last said that it lives.</summary>
    public DateTimeOffset? HeartbeatAt { get; init; }

    /// <summary>What another terminal has asked for.</summary>
    public string? Request { get; init; }

    /// <summary>The verb whose gate is to open, and when.</summary>
    public string? OpenGate { get; init; }

    /// <summary>When it is to open.</summary>
    public DateTimeOffset? OpenAt { get; init; }

    /// <summary>When it was journaled.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it was closed.</summary>
    public DateTimeOffset? FinishedAt { get; init; }

    /// <summary>All steps, detours' too.</summary>
    public required IReadOnlyList<StepReport> Steps { get; init; }

    /// <summary>The latest events, oldest first.</summary>
    public required IReadOnlyList<EventRow> Events { get; init; }

    /// <summary>Finished or aborted.</summary>
    [JsonIgnore]
    public bool IsClosed => State is "finished" or "aborted";

    /// <summary>Reads the report of a run, with the warnings of its operation.</summary>
    public static async Task<RunReport> ReadAsync(
        NpgsqlConnection connection,
        RunRow run,
        IOperation operation,
        CancellationToken cancellationToken
    )
    {
        RunReport report = await ReadAsync(connection, run.Id, cancellationToken);
        return report.IsClosed
            ? report
            : report with
            {
                Warnings = await operation.WarnAsync(connection, cancellationToken),
            };
    }

    /// <summary>Reads the report of a run.</summary>
    public static async Task<RunReport> ReadAsync(
        NpgsqlConnection connection,
        long run,
        CancellationToken cancellationToken
    )
    {
        RunRow row = await RunJournal.ReadAsync(connection, run, cancellationToken);
        List<StepRow> steps = await StepJournal.ReadAsync(connection, run, cancellationToken);
        List<EventRow> events = await RunJournal.ReadLatestEventsAsync(connection, run, EventsShown, cancellationToken);
        int? holder = await AdvisoryLocks.HolderAsync(connection, AdvisoryLocks.Lease, row.Target, cancellationToken);
        return Of(row, PlanJson.Read(row.PlanText), steps, events, holder is not null);
    }

    /// <summary>The report that these rows make.</summary>
    public static RunReport Of(
        RunRow row,
        OperationPlan plan,
        IReadOnlyList<StepRow> steps,
        IReadOnlyList<EventRow> events,
        bool isRunnerAlive
    )
    {
        Dictionary<string, StepRow> rows = steps.ToDictionary(step => step.Name);
        StepRow? current = row.Step is null ? null : rows.GetValueOrDefault(row.Step);
        return new RunReport
        {
            Run = row.Id,
            Kind = row.Kind,
            Target = row.Target,
            Strategy = row.Strategy,
            State = Word(row.State),
            Step = row.Step,
            Title = plan.AllSteps.FirstOrDefault(step => step.Name == row.Step)?.Title,
            Detour = row.Detour,
            Progress = current?.Progress ?? 0,
            Rows = current?.Rows ?? 0,
            RowsPerSecond = current?.Rate ?? 0,
            EtaSeconds = Eta(current, row.ReadAt),
            ThrottleReason = row.ThrottleReason,
            Error = row.Error,
            IsRunnerAlive = isRunnerAlive,
            Runner = row.Runner,
            HeartbeatAt = row.HeartbeatAt,
            Request = row.Request,
            OpenGate = row.OpenGate,
            OpenAt = row.OpenAt,
            CreatedAt = row.CreatedAt,
            FinishedAt = row.FinishedAt,
            Steps =
            [
                .. plan.Steps.Select(step => Report(step, null, rows)),
                .. plan.Detours.SelectMany(detour => detour.Steps.Select(step => Report(step, detour.Verb, rows))),
            ],
            Events = events,
        };
    }

    private static StepReport Report(PlanStep step, string? detour, Dictionary<string, StepRow> rows)
    {
        StepRow? row = rows.GetValueOrDefault(step.Name);
        return new StepReport(
            step.Name,
            step.Title,
            (row?.State ?? StepState.Pending).ToString().ToLowerInvariant(),
            detour,
            row?.Progress ?? 0,
            row?.Rows ?? 0,
            row?.Bytes ?? 0,
            row?.Batches ?? 0,
            row?.Note,
            row?.StartedAt,
            row?.FinishedAt
        );
    }

    private static double? Eta(StepRow? step, DateTimeOffset now) =>
        step is { State: StepState.Running, StartedAt: { } started, Progress: > 0.001 and < 1 }
            ? (now - started).TotalSeconds * (1 - step.Progress) / step.Progress
            : null;

    private static string Word(RunState state) => state.ToString().ToLowerInvariant();
}

/// <summary>Reports as JSON, made at compile time.</summary>
[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(RunReport))]
[JsonSerializable(typeof(List<RunReport>))]
internal sealed partial class RunReportJson : JsonSerializerContext;
