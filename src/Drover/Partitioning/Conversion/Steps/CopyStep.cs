// The copy as batches of the engine.
using System.Text.Json;
using Drover.Operations;

namespace Drover.Partitioning.Conversion.Steps;

/// <summary>Copies block by block; the cursor is in the journal.</summary>
internal sealed class CopyStep(ConversionSettings settings) : IBatchStep
{
    private readonly BlockCopy _copy = new(settings.Layout);

    public async Task<BatchResult> RunBatchAsync(BatchContext context, CancellationToken cancellationToken)
    {
        CopyCursor? cursor = context.Cursor is null
            ? null
            : JsonSerializer.Deserialize(context.Cursor, ConversionJson.Default.CopyCursor);
        CopyBatch batch = await _copy.RunAsync(
            context.Connection,
            cursor,
            context.Budget.Bytes,
            context.Budget.Rows,
            cancellationToken
        );
        CopyCursor end = batch.Cursor;
        return new BatchResult(
            batch.Rows,
            batch.Bytes,
            end.IsDone,
            end.Blocks == 0 ? 1 : (double)end.NextBlock / end.Blocks,
            JsonSerializer.Serialize(end, ConversionJson.Default.CopyCursor)
        );
    }
}
