// What the code of a step may use: the engine's transaction, the run, the journal's events.
using Drover.Operations.Plans;
using Npgsql;

namespace Drover.Operations;

/// <summary>The surroundings of one attempt at a step.</summary>
internal class StepContext
{
    /// <summary>The engine's connection. Use it, do not close it; leave no session state behind.</summary>
    public required NpgsqlConnection Connection { get; init; }

    /// <summary>The run's id in the journal.</summary>
    public required long RunId { get; init; }

    /// <summary>The epoch of this runner; one who takes over has a greater one.</summary>
    public required long Epoch { get; init; }

    /// <summary>The step.</summary>
    public required PlanStep Step { get; init; }

    /// <summary>Values of <c>--allow</c> that the operator gave.</summary>
    public required IReadOnlyList<string> Allowed { get; init; }

    /// <summary>The clock.</summary>
    public required TimeProvider Time { get; init; }

    /// <summary>What stays with the step when it is done, for a person; only of a step in one transaction.</summary>
    public string? Note { get; set; }

    /// <summary>
    /// Writes an event of the run on this connection, so that it commits or vanishes with the step.
    /// </summary>
    /// <param name="kind">Stable, in kebab-case.</param>
    /// <param name="message">For a person; no row's values.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task WriteEventAsync(string kind, string message, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = new(
            "INSERT INTO drover.events (run_id, step, kind, message) VALUES ($1, $2, $3, $4)",
            Connection
        )
        {
            Parameters =
            {
                new() { Value = RunId },
                new() { Value = Step.Name },
                new() { Value = kind },
                new() { Value = message },
            },
        };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}

/// <summary>The surroundings of one batch.</summary>
internal sealed class BatchContext : StepContext
{
    /// <summary>Where the step goes on: JSON of the last committed batch's result. Null at the beginning.</summary>
    public required string? Cursor { get; init; }

    /// <summary>How much this batch should do.</summary>
    public required BatchBudget Budget { get; init; }

    /// <summary>The number of this batch, from 1, counted over all resumes.</summary>
    public required long Number { get; init; }
}

/// <summary>The size that a batch should have. The engine adapts it to the duration of the batches before.</summary>
/// <param name="Bytes">Of row data; a guide, not a limit to the byte.</param>
/// <param name="Rows">A bound on rows.</param>
internal sealed record BatchBudget(long Bytes, long Rows);

/// <summary>What one batch did.</summary>
/// <param name="Rows">Rows that were written or compared.</param>
/// <param name="Bytes">Bytes of them; 0 when unknown.</param>
/// <param name="IsDone">Nothing is left for this step.</param>
/// <param name="Progress">Of the whole step, from 0 to 1.</param>
/// <param name="Cursor">JSON from which the next batch goes on; null keeps the last.</param>
/// <param name="Chunk">JSON to be kept for good, one row of <c>drover.chunks</c>; null: none.</param>
internal sealed record BatchResult(
    long Rows,
    long Bytes,
    bool IsDone,
    double Progress,
    string? Cursor = null,
    string? Chunk = null
);
