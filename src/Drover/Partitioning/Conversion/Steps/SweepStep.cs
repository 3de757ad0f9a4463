// Sweeps of the key log as batches of the engine, and as the work of a run that waits at a gate.
using System.Text.Json;
using Drover.Operations;
using Drover.Partitioning.Catalog;

namespace Drover.Partitioning.Conversion.Steps;

/// <summary>Where a pass over the key log stands.</summary>
/// <param name="After">The last entry that was looked at.</param>
internal sealed record SweepCursor(long After);

/// <summary>One pass over the key log; what cannot be cleared now is left for the next.</summary>
internal sealed class SweepStep(ConversionLayout planned, QualifiedName leader, QualifiedName follower)
    : IBatchStep,
        IGateStep
{
    private const int EntriesMax = 2000;

    public async Task<BatchResult> RunBatchAsync(BatchContext context, CancellationToken cancellationToken)
    {
        long after = context.Cursor is null
            ? 0
            : JsonSerializer.Deserialize(context.Cursor, ConversionJson.Default.SweepCursor)!.After;
        int limit = (int)Math.Clamp(context.Budget.Rows, 1, EntriesMax);
        ConversionLayout layout = await new ConversionRecord(context.RunId).ReadLayoutAsync(
            context.Connection,
            planned,
            cancellationToken
        );
        KeyLogSweep sweep = new(layout, leader, follower);
        SweepResult result = await sweep.RunAsync(context.Connection, after, limit, cancellationToken);
        bool isDone = result.Taken < limit;
        string cursor = JsonSerializer.Serialize(
            new SweepCursor(isDone ? 0 : result.Last),
            ConversionJson.Default.SweepCursor
        );
        return new BatchResult(result.Cleared, 0, isDone, isDone ? 1 : 0, cursor);
    }

    public Task<BatchResult> TendAsync(BatchContext context, CancellationToken cancellationToken) =>
        RunBatchAsync(context, cancellationToken);
}
