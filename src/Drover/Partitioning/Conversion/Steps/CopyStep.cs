// The copy as batches of the engine.
using System.Text.Json;
using Drover.Operations;
using Drover.Operations.Connections;
using Drover.Partitioning.Conversion.Copying;

namespace Drover.Partitioning.Conversion.Steps;

/// <summary>
/// Copies block by block, or key by key; the cursor is in the journal. A writer that puts a row back which it has
/// deleted may wait for the copy and the copy for the writer: then it must be the copy that gives up. The writer looks
/// for a deadlock when it has waited for <c>deadlock_timeout</c>, so the copy lets go of all its rows before that,
/// whatever it was doing.
/// </summary>
internal sealed class CopyStep(ConversionSettings settings) : IBatchStep
{
    // A batch is meant to take much less than the first; one that does not is tried again at a quarter of the size,
    // down to a single row, which takes its time: whoever waits for it is in no circle, since it holds no other. The
    // second is the writer's wait in such a circle.
    private const string Limit = """
        SELECT current_setting('statement_timeout'),
          set_config('statement_timeout', CASE WHEN $1 THEN '0' ELSE ceil(800 * extract(epoch FROM
            current_setting('deadlock_timeout')::interval))::bigint::text END, true),
          set_config('lock_timeout', '100ms', true)
        """;

    private readonly BlockCopy _blocks = new(settings.Layout);
    private readonly KeyCopy _keys = new(settings.Layout);

    public async Task<BatchResult> RunBatchAsync(BatchContext context, CancellationToken cancellationToken)
    {
        string before = (string)
            (await context.Connection.ScalarAsync(Limit, [context.Budget.Rows <= 1], cancellationToken))!;
        BatchResult result = settings.CopiesByKey
            ? await CopyKeysAsync(context, cancellationToken)
            : await CopyBlocksAsync(context, cancellationToken);
        // A commit may have to wait for a standby.
        await context.Connection.ExecuteAsync(
            "SELECT set_config('statement_timeout', $1, true)",
            [before],
            cancellationToken
        );
        return result;
    }

    private async Task<BatchResult> CopyBlocksAsync(BatchContext context, CancellationToken cancellationToken)
    {
        CopyBatch batch = await _blocks.RunAsync(
            context.Connection,
            context.Cursor is null
                ? null
                : JsonSerializer.Deserialize(context.Cursor, ConversionJson.Default.CopyCursor),
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

    private async Task<BatchResult> CopyKeysAsync(BatchContext context, CancellationToken cancellationToken)
    {
        KeyBatch batch = await _keys.RunAsync(
            context.Connection,
            context.Cursor is null
                ? null
                : JsonSerializer.Deserialize(context.Cursor, ConversionJson.Default.KeyCursor),
            context.Budget.Bytes,
            context.Budget.Rows,
            cancellationToken
        );
        return new BatchResult(
            batch.Rows,
            batch.Bytes,
            batch.Cursor.IsDone,
            batch.Cursor.Progress,
            JsonSerializer.Serialize(batch.Cursor, ConversionJson.Default.KeyCursor)
        );
    }
}
