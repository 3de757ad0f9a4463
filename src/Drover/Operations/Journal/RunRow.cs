// Rows of the journal as values.
using Drover.Operations.Connections;
using Drover.Operations.Plans;
using Npgsql;

namespace Drover.Operations.Journal;

/// <summary>A row of <c>drover.runs</c>.</summary>
internal sealed record RunRow
{
    /// <summary>The columns that <see cref="Read"/> expects, of <c>drover.runs r</c>.</summary>
    public const string Columns =
        "r.id, r.kind, r.target, r.strategy, r.plan::text, r.state, r.step, r.detour, r.epoch, r.request, r.open_gate, "
        + "r.open_at, r.open_at <= clock_timestamp(), r.throttle_reason, r.error, r.outcome, r.runner, r.created_at, "
        + "r.started_at, r.heartbeat_at, r.finished_at, clock_timestamp()";

    /// <summary>The id.</summary>
    public required long Id { get; init; }

    /// <summary>The kind of operation.</summary>
    public required string Kind { get; init; }

    /// <summary>On what.</summary>
    public required string Target { get; init; }

    /// <summary>Which way.</summary>
    public required string Strategy { get; init; }

    /// <summary>The plan's JSON.</summary>
    public required string PlanText { get; init; }

    /// <summary>The state.</summary>
    public required RunState State { get; init; }

    /// <summary>The step that it is at.</summary>
    public string? Step { get; init; }

    /// <summary>The verb of the detour that it is on; <c>abort</c> while it is being undone.</summary>
    public string? Detour { get; init; }

    /// <summary>The epoch of the last runner.</summary>
    public required long Epoch { get; init; }

    /// <summary>What another terminal asked for and nobody has done yet.</summary>
    public string? Request { get; init; }

    /// <summary>The verb whose gate is to open.</summary>
    public string? OpenGate { get; init; }

    /// <summary>When it is to open.</summary>
    public DateTimeOffset? OpenAt { get; init; }

    /// <summary>That time has come, by the server's clock.</summary>
    public bool IsOpenDue { get; init; }

    /// <summary>Why it is slowed down or waits, if it is or does.</summary>
    public string? ThrottleReason { get; init; }

    /// <summary>What went wrong last.</summary>
    public string? Error { get; init; }

    /// <summary>The outcome of what went wrong last.</summary>
    public OperationOutcome? Outcome { get; init; }

    /// <summary>Who works or worked on it: user, host and process.</summary>
    public string? Runner { get; init; }

    /// <summary>When it was journaled.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When a runner first took it.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>When a runner last said that it lives.</summary>
    public DateTimeOffset? HeartbeatAt { get; init; }

    /// <summary>When it was closed.</summary>
    public DateTimeOffset? FinishedAt { get; init; }

    /// <summary>The server's time of this reading.</summary>
    public required DateTimeOffset ReadAt { get; init; }

    /// <summary>It is finished or aborted.</summary>
    public bool IsClosed => State is RunState.Finished or RunState.Aborted;

    /// <summary>Reads <see cref="Columns"/>.</summary>
    public static RunRow Read(NpgsqlDataReader reader) =>
        new()
        {
            Id = reader.GetInt64(0),
            Kind = reader.GetString(1),
            Target = reader.GetString(2),
            Strategy = reader.GetString(3),
            PlanText = reader.GetString(4),
            State = Enum.Parse<RunState>(reader.GetString(5), ignoreCase: true),
            Step = reader.Text(6),
            Detour = reader.Text(7),
            Epoch = reader.GetInt64(8),
            Request = reader.Text(9),
            OpenGate = reader.Text(10),
            OpenAt = reader.Instant(11),
            IsOpenDue = !reader.IsDBNull(12) && reader.GetBoolean(12),
            ThrottleReason = reader.Text(13),
            Error = reader.Text(14),
            Outcome = reader.IsDBNull(15) ? null : (OperationOutcome)reader.GetInt32(15),
            Runner = reader.Text(16),
            CreatedAt = reader.GetFieldValue<DateTimeOffset>(17),
            StartedAt = reader.Instant(18),
            HeartbeatAt = reader.Instant(19),
            FinishedAt = reader.Instant(20),
            ReadAt = reader.GetFieldValue<DateTimeOffset>(21),
        };
}

/// <summary>The state of a step in the journal.</summary>
internal enum StepState
{
    /// <summary>Not begun.</summary>
    Pending,

    /// <summary>Begun.</summary>
    Running,

    /// <summary>Done.</summary>
    Done,

    /// <summary>Begun, and undone when the run was aborted.</summary>
    Undone,
}

/// <summary>A row of <c>drover.steps</c>.</summary>
internal sealed record StepRow
{
    /// <summary>The columns that <see cref="Read"/> expects.</summary>
    public const string Columns =
        "name, state, attempts, batches, rows, bytes, progress, rate, busy_ms, cursor, note, started_at, finished_at";

    /// <summary>The name.</summary>
    public required string Name { get; init; }

    /// <summary>The state.</summary>
    public required StepState State { get; init; }

    /// <summary>How often it was begun.</summary>
    public required long Attempts { get; init; }

    /// <summary>Committed batches or statements.</summary>
    public required long Batches { get; init; }

    /// <summary>Rows of them.</summary>
    public required long Rows { get; init; }

    /// <summary>Bytes of them.</summary>
    public required long Bytes { get; init; }

    /// <summary>From 0 to 1.</summary>
    public required double Progress { get; init; }

    /// <summary>Rows per second of late, pauses included.</summary>
    public required double Rate { get; init; }

    /// <summary>Milliseconds spent in batches.</summary>
    public required double BusyMs { get; init; }

    /// <summary>Where it goes on.</summary>
    public string? Cursor { get; init; }

    /// <summary>What it waits for or works at.</summary>
    public string? Note { get; init; }

    /// <summary>When it was begun.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>When it was done.</summary>
    public DateTimeOffset? FinishedAt { get; init; }

    /// <summary>Reads <see cref="Columns"/>.</summary>
    public static StepRow Read(NpgsqlDataReader reader) =>
        new()
        {
            Name = reader.GetString(0),
            State = Enum.Parse<StepState>(reader.GetString(1), ignoreCase: true),
            Attempts = reader.GetInt64(2),
            Batches = reader.GetInt64(3),
            Rows = reader.GetInt64(4),
            Bytes = reader.GetInt64(5),
            Progress = reader.GetDouble(6),
            Rate = reader.GetDouble(7),
            BusyMs = reader.GetDouble(8),
            Cursor = reader.Text(9),
            Note = reader.Text(10),
            StartedAt = reader.Instant(11),
            FinishedAt = reader.Instant(12),
        };
}

/// <summary>A row of <c>drover.events</c>.</summary>
/// <param name="Id">The order.</param>
/// <param name="At">When.</param>
/// <param name="Step">The step; null: the run.</param>
/// <param name="Kind">What, in kebab-case.</param>
/// <param name="Message">For a person.</param>
internal sealed record EventRow(long Id, DateTimeOffset At, string? Step, string Kind, string Message)
{
    /// <summary>The columns that <see cref="Read"/> expects.</summary>
    public const string Columns = "id, at, step, kind, message";

    /// <summary>The kind of the event that goes before a statement of its own.</summary>
    public const string Statement = "statement";

    /// <summary>Reads <see cref="Columns"/>.</summary>
    public static EventRow Read(NpgsqlDataReader reader) =>
        new(
            reader.GetInt64(0),
            reader.GetFieldValue<DateTimeOffset>(1),
            reader.Text(2),
            reader.GetString(3),
            reader.GetString(4)
        );
}
