// Work of a run that waits at a gate behind the cut-over: the old table follows, or it is said loudly that it cannot.
using Drover.Operations;
using Drover.Operations.Connections;
using Npgsql;

namespace Drover.Partitioning.Conversion.Steps;

/// <summary>Sweeps towards the old table. Whatever goes wrong there is no harm to the run, only to the way
/// back.</summary>
internal sealed class WatchStep(ConversionLayout layout) : IGateStep
{
    private readonly SweepStep _sweep = new(layout, layout.Table, layout.OldTable);

    public async Task<BatchResult> TendAsync(BatchContext context, CancellationToken cancellationToken)
    {
        NpgsqlConnection connection = context.Connection;
        await connection.ExecuteAsync("SAVEPOINT drover_watch", [], cancellationToken);
        BatchResult result;
        RollbackProblem? problem;
        try
        {
            result = await _sweep.RunBatchAsync(context, cancellationToken);
            problem = await RollbackProblem.ReadAsync(connection, layout, cancellationToken);
        }
        catch (PostgresException failure) when (RollbackProblem.Of(failure) is { } met)
        {
            await connection.ExecuteAsync("ROLLBACK TO SAVEPOINT drover_watch", [], cancellationToken);
            problem = met;
            result = new BatchResult(0, 0, IsDone: true, Progress: 1);
        }
        await NoteAsync(
            context,
            problem?.Reason,
            "the old table follows again",
            $"there is no rollback until this is mended: {problem?.Describe(layout)}",
            cancellationToken
        );
        return result;
    }

    /// <summary>Says loudly, and once, that a rollback is not possible any more, or is again.</summary>
    public static async Task NoteAsync(
        BatchContext context,
        string? problem,
        string good,
        string bad,
        CancellationToken cancellationToken
    )
    {
        // The row is there since the cut-over, which wrote the way back into it.
        int changed = await context.Connection.ExecuteAsync(
            """
            UPDATE drover.conversions SET rollback_problem = $2::text
            WHERE run_id = $1 AND rollback_problem IS DISTINCT FROM $2::text
            """,
            [context.RunId, problem],
            cancellationToken
        );
        if (changed == 0)
        {
            return;
        }
        await (
            problem is null
                ? context.WriteEventAsync("rollback-available", good, cancellationToken)
                : context.WriteEventAsync("rollback-unavailable", bad, cancellationToken)
        );
    }
}
