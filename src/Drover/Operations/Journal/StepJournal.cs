// Reads and writes the steps of a run.
using Drover.Operations.Connections;
using Npgsql;

namespace Drover.Operations.Journal;

/// <summary>The tables <c>drover.steps</c> and <c>drover.chunks</c>.</summary>
internal static class StepJournal
{
    /// <summary>All steps of a run, in the order of the plan.</summary>
    public static Task<List<StepRow>> ReadAsync(
        NpgsqlConnection connection,
        long run,
        CancellationToken cancellationToken
    ) =>
        connection.ListAsync(
            $"SELECT {StepRow.Columns} FROM drover.steps WHERE run_id = $1 ORDER BY ordinal",
            [run],
            StepRow.Read,
            cancellationToken
        );

    /// <summary>Marks the beginning of an attempt.</summary>
    public static Task BeginAsync(
        NpgsqlConnection connection,
        long run,
        string step,
        CancellationToken cancellationToken
    ) =>
        connection.ExecuteAsync(
            "UPDATE drover.steps SET state = 'running', attempts = attempts + 1, note = NULL, "
                + "started_at = coalesce(started_at, clock_timestamp()) WHERE run_id = $1 AND name = $2",
            [run, step],
            cancellationToken
        );

    /// <summary>Marks a step as done.</summary>
    public static Task CompleteAsync(
        NpgsqlConnection connection,
        long run,
        string step,
        CancellationToken cancellationToken,
        string? note = null
    ) =>
        connection.ExecuteAsync(
            "UPDATE drover.steps SET state = 'done', progress = 1, note = $3::text, "
                + "started_at = coalesce(started_at, clock_timestamp()), finished_at = clock_timestamp() "
                + "WHERE run_id = $1 AND name = $2",
            [run, step, note],
            cancellationToken
        );

    /// <summary>Adds what a batch did.</summary>
    public static async Task AddAsync(
        NpgsqlConnection connection,
        long run,
        string step,
        BatchResult batch,
        double busyMs,
        double rate,
        CancellationToken cancellationToken
    )
    {
        object? number = await connection.ScalarAsync(
            "UPDATE drover.steps SET batches = batches + 1, rows = rows + $3, bytes = bytes + $4, progress = $5, "
                + "cursor = coalesce($6::text, cursor), busy_ms = busy_ms + $7, rate = $8, "
                + "state = CASE WHEN $9 THEN 'done' ELSE 'running' END, "
                + "finished_at = CASE WHEN $9 THEN clock_timestamp() END "
                + "WHERE run_id = $1 AND name = $2 RETURNING batches",
            [
                run,
                step,
                batch.Rows,
                batch.Bytes,
                batch.IsDone ? 1.0 : batch.Progress,
                batch.Cursor,
                busyMs,
                rate,
                batch.IsDone,
            ],
            cancellationToken
        );
        if (batch.Chunk is not null)
        {
            await connection.ExecuteAsync(
                "INSERT INTO drover.chunks (run_id, step, batch, detail) VALUES ($1, $2, $3, $4::jsonb)",
                [run, step, number, batch.Chunk],
                cancellationToken
            );
        }
    }

    /// <summary>Says what a step waits for or works at; null for nothing in particular.</summary>
    public static Task NoteAsync(
        NpgsqlConnection connection,
        long run,
        string step,
        string? note,
        CancellationToken cancellationToken
    ) =>
        connection.ExecuteAsync(
            "UPDATE drover.steps SET note = $3::text "
                + "WHERE run_id = $1 AND name = $2 AND note IS DISTINCT FROM $3::text",
            [run, step, note],
            cancellationToken
        );

    /// <summary>Marks steps as not begun, so that they are done again; what they left in chunks goes.</summary>
    public static async Task ResetAsync(
        NpgsqlConnection connection,
        long run,
        string[] steps,
        CancellationToken cancellationToken
    )
    {
        await connection.ExecuteAsync(
            "UPDATE drover.steps SET state = 'pending', batches = 0, rows = 0, bytes = 0, progress = 0, rate = 0, "
                + "busy_ms = 0, cursor = NULL, note = NULL, started_at = NULL, finished_at = NULL "
                + "WHERE run_id = $1 AND name = ANY ($2)",
            [run, steps],
            cancellationToken
        );
        await connection.ExecuteAsync(
            "DELETE FROM drover.chunks WHERE run_id = $1 AND step = ANY ($2)",
            [run, steps],
            cancellationToken
        );
    }
}
