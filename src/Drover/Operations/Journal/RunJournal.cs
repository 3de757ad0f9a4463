// Reads and writes runs. What a runner writes is guarded by its epoch, so that one who was overtaken changes nothing.
using Drover.Operations.Connections;
using Drover.Operations.Plans;
using Npgsql;

namespace Drover.Operations.Journal;

/// <summary>The table <c>drover.runs</c> and its events.</summary>
internal static class RunJournal
{
    /// <summary>The verb, and the detour, that undoes a run.</summary>
    public const string Abort = "abort";

    /// <summary>The request to stop between two batches.</summary>
    public const string Pause = "pause";

    /// <summary>Journals a plan as a new run with its steps.</summary>
    /// <returns>The run's id.</returns>
    /// <exception cref="OperationException">The target has an open run.</exception>
    public static async Task<long> CreateAsync(
        NpgsqlConnection connection,
        OperationPlan plan,
        CancellationToken cancellationToken
    )
    {
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellationToken);
        object? id = await connection.ScalarAsync(
            "INSERT INTO drover.runs (kind, target, strategy, plan) VALUES ($1, $2, $3, $4::jsonb) "
                + "ON CONFLICT (target) WHERE state NOT IN ('finished', 'aborted') DO NOTHING RETURNING id",
            [plan.Kind, plan.Target, plan.Strategy, PlanJson.Write(plan)],
            cancellationToken
        );
        if (id is not long run)
        {
            throw await OpenRunAsync(connection, plan, cancellationToken);
        }
        int ordinal = 0;
        foreach (PlanStep step in plan.AllSteps)
        {
            await connection.ExecuteAsync(
                "INSERT INTO drover.steps (run_id, name, ordinal) VALUES ($1, $2, $3)",
                [run, step.Name, ++ordinal],
                cancellationToken
            );
        }
        await WriteEventAsync(connection, run, null, "planned", Summary(plan), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return run;
    }

    /// <summary>The open run of a target, or null.</summary>
    public static Task<RunRow?> FindOpenAsync(
        NpgsqlConnection connection,
        string target,
        CancellationToken cancellationToken
    ) =>
        FirstAsync(
            connection,
            "WHERE r.target = $1 AND r.state NOT IN ('finished', 'aborted')",
            [target],
            cancellationToken
        );

    /// <summary>The open run of a target, else its latest, or null.</summary>
    public static Task<RunRow?> FindLatestAsync(
        NpgsqlConnection connection,
        string target,
        CancellationToken cancellationToken
    ) => FirstAsync(connection, "WHERE r.target = $1", [target], cancellationToken);

    /// <summary>The newest run of every target, newest first.</summary>
    public static Task<List<RunRow>> ListAsync(NpgsqlConnection connection, CancellationToken cancellationToken) =>
        connection.ListAsync(
            $"SELECT {RunRow.Columns} FROM (SELECT DISTINCT ON (target) * FROM drover.runs ORDER BY target, id DESC) r "
                + "ORDER BY r.id DESC",
            [],
            RunRow.Read,
            cancellationToken
        );

    /// <summary>A run by its id.</summary>
    /// <exception cref="OperationException">There is none.</exception>
    public static async Task<RunRow> ReadAsync(
        NpgsqlConnection connection,
        long run,
        CancellationToken cancellationToken
    ) =>
        await FirstAsync(connection, "WHERE r.id = $1", [run], cancellationToken)
        ?? throw new OperationException($"run {run} is not in the journal any more");

    /// <summary>Events of a run after an id, oldest first.</summary>
    public static Task<List<EventRow>> ReadEventsAsync(
        NpgsqlConnection connection,
        long run,
        long after,
        CancellationToken cancellationToken
    ) =>
        connection.ListAsync(
            $"SELECT {EventRow.Columns} FROM drover.events WHERE run_id = $1 AND id > $2 ORDER BY id",
            [run, after],
            EventRow.Read,
            cancellationToken
        );

    /// <summary>The latest events of a run, oldest first.</summary>
    public static Task<List<EventRow>> ReadLatestEventsAsync(
        NpgsqlConnection connection,
        long run,
        int count,
        CancellationToken cancellationToken
    ) =>
        connection.ListAsync(
            $"SELECT {EventRow.Columns} FROM ("
                + "SELECT * FROM drover.events WHERE run_id = $1 ORDER BY id DESC LIMIT $2) e ORDER BY id",
            [run, count],
            EventRow.Read,
            cancellationToken
        );

    /// <summary>Asks the runner for something; the last one who asks wins.</summary>
    public static Task RequestAsync(
        NpgsqlConnection connection,
        long run,
        string verb,
        CancellationToken cancellationToken
    ) => connection.ExecuteAsync("UPDATE drover.runs SET request = $2 WHERE id = $1", [run, verb], cancellationToken);

    /// <summary>A pause that nobody is at work to hear: the run counts as paused.</summary>
    public static Task SettlePauseAsync(NpgsqlConnection connection, long run, CancellationToken cancellationToken) =>
        connection.ExecuteAsync(
            "UPDATE drover.runs SET request = NULL, "
                + "state = CASE WHEN state IN ('planned', 'running') THEN 'paused' ELSE state END "
                + "WHERE id = $1 AND request = 'pause'",
            [run],
            cancellationToken
        );

    /// <summary>A pause that was asked for and never heard is over when somebody resumes.</summary>
    public static Task ForgetPauseAsync(NpgsqlConnection connection, long run, CancellationToken cancellationToken) =>
        connection.ExecuteAsync(
            "UPDATE drover.runs SET request = NULL WHERE id = $1 AND request = 'pause'",
            [run],
            cancellationToken
        );

    /// <summary>Says that the gate which this verb opens is to open, at once or at a time.</summary>
    public static Task OpenGateAsync(
        NpgsqlConnection connection,
        long run,
        string verb,
        DateTimeOffset? at,
        CancellationToken cancellationToken
    ) =>
        connection.ExecuteAsync(
            "UPDATE drover.runs SET open_gate = $2, open_at = coalesce($3::timestamptz, clock_timestamp()) "
                + "WHERE id = $1",
            [run, verb, at?.UtcDateTime],
            cancellationToken
        );

    /// <summary>Changes columns of a run for the runner of an epoch.</summary>
    /// <param name="connection">The runner's.</param>
    /// <param name="run">The run's id.</param>
    /// <param name="epoch">The runner's.</param>
    /// <param name="assignments">SQL such as <c>state = $3</c>.</param>
    /// <param name="values">From <c>$3</c> on.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="OperationException">Another runner has a later epoch.</exception>
    public static async Task UpdateAsync(
        NpgsqlConnection connection,
        long run,
        long epoch,
        string assignments,
        object?[] values,
        CancellationToken cancellationToken
    )
    {
        string sql = $"UPDATE drover.runs SET {assignments} WHERE id = $1 AND epoch = $2";
        if (await connection.ExecuteAsync(sql, [run, epoch, .. values], cancellationToken) == 0)
        {
            throw TakenOver(run);
        }
    }

    /// <summary>Writes an event.</summary>
    public static Task WriteEventAsync(
        NpgsqlConnection connection,
        long run,
        string? step,
        string kind,
        string message,
        CancellationToken cancellationToken
    ) =>
        connection.ExecuteAsync(
            "INSERT INTO drover.events (run_id, step, kind, message) VALUES ($1, $2::text, $3, $4)",
            [run, step, kind, message],
            cancellationToken
        );

    /// <summary>What a runner says when its epoch is not the last.</summary>
    public static OperationException TakenOver(long run) =>
        new($"another operator has taken over run {run}; nothing was done here since", OperationOutcome.TakenOver);

    private static async Task<RunRow?> FirstAsync(
        NpgsqlConnection connection,
        string where,
        object?[] values,
        CancellationToken cancellationToken
    )
    {
        List<RunRow> rows = await connection.ListAsync(
            $"SELECT {RunRow.Columns} FROM drover.runs r {where} "
                + "ORDER BY r.state IN ('finished', 'aborted'), r.id DESC LIMIT 1",
            values,
            RunRow.Read,
            cancellationToken
        );
        return rows.FirstOrDefault();
    }

    private static async Task<OperationException> OpenRunAsync(
        NpgsqlConnection connection,
        OperationPlan plan,
        CancellationToken cancellationToken
    )
    {
        RunRow? open = await FindOpenAsync(connection, plan.Target, cancellationToken);
        return new OperationException(
            $"{plan.Target} has an open run already: number {open?.Id}, {open?.State.ToString().ToLowerInvariant()} "
                + $"at step {open?.Step ?? "none"}. Look with status; then resume it, or abort it first."
        );
    }

    private static string Summary(OperationPlan plan)
    {
        string consent = plan.Allowed.Count == 0 ? "" : $"; allowed: {string.Join(", ", plan.Allowed)}";
        return $"{plan.Kind} {plan.Target} by {plan.Strategy}, {plan.Steps.Count} steps{consent}";
    }
}
