// The sweep before a rollback: whether the old table can take what was written since.
using Drover.Operations;
using Npgsql;

namespace Drover.Partitioning.Conversion.Steps;

/// <summary>Sweeps towards the old table, and refuses the rollback with the reason when it cannot follow.</summary>
internal sealed class SweepBackStep(ConversionLayout layout) : IBatchStep
{
    private readonly SweepStep _sweep = new(layout, layout.Table, layout.OldTable);

    public async Task<BatchResult> RunBatchAsync(BatchContext context, CancellationToken cancellationToken)
    {
        BatchResult result;
        try
        {
            result = await _sweep.RunBatchAsync(context, cancellationToken);
        }
        catch (PostgresException failure) when (RollbackProblem.Of(failure) is { } problem)
        {
            throw Refuse(problem);
        }
        return
            result.IsDone && await RollbackProblem.ReadAsync(context.Connection, layout, cancellationToken) is { } left
            ? throw Refuse(left)
            : result;
    }

    private OperationException Refuse(RollbackProblem problem) =>
        new($"there is no rollback: {problem.Describe(layout)}. Mend that and roll back again, or finish.");
}
