// Waits until the key log is empty and nobody reads with a snapshot from before that.
using System.Text.Json;
using Drover.Operations;
using Drover.Partitioning.Catalog;
using Npgsql;

namespace Drover.Partitioning.Conversion.Steps;

/// <summary>Where the waiting stands.</summary>
/// <param name="Waiting">Transactions that were open when the key log was last seen empty; null: not seen yet.</param>
/// <param name="Fruitless">Sweeps in a row that could clear nothing.</param>
internal sealed record SettleCursor(string[]? Waiting, int Fruitless = 0)
{
    /// <summary>Nothing is noted, and nobody is waited for.</summary>
    public bool IsSettled => Waiting is [];
}

/// <summary>
/// 1. Sweep until nothing is noted. 2. List the transactions that may have an older snapshot. 3. Wait until each of
/// them is over. New ones do not matter: what they can see is equal.
/// </summary>
internal sealed class SettleStep(ConversionLayout layout, QualifiedName leader, QualifiedName follower) : IBatchStep
{
    private const int EntriesMax = 2000;

    // The engine rests half a second after a batch without rows: two minutes.
    private const int FruitlessMax = 240;

    private readonly KeyLogSweep _sweep = new(layout, leader, follower);

    public async Task<BatchResult> RunBatchAsync(BatchContext context, CancellationToken cancellationToken)
    {
        (SettleCursor cursor, long rows) = await AdvanceAsync(context.Connection, Read(context), cancellationToken);
        return Result(cursor, rows, cursor.IsSettled);
    }

    /// <summary>Goes one step further, in the caller's transaction.</summary>
    public async Task<(SettleCursor Cursor, long Rows)> AdvanceAsync(
        NpgsqlConnection connection,
        SettleCursor cursor,
        CancellationToken cancellationToken
    )
    {
        if (cursor.Waiting is { } waiting)
        {
            HashSet<string> open = [.. await OldSnapshots.ListAsync(connection, cancellationToken)];
            return (new SettleCursor([.. waiting.Where(open.Contains)]), 0);
        }
        SweepResult swept = await _sweep.RunAsync(connection, 0, EntriesMax, cancellationToken);
        if (swept.Taken == 0)
        {
            return (new SettleCursor(await OldSnapshots.ListAsync(connection, cancellationToken)), 0);
        }
        int fruitless = swept.Cleared > 0 ? 0 : cursor.Fruitless + 1;
        if (fruitless >= FruitlessMax)
        {
            throw new OperationException(
                $"{swept.Taken} entries of {layout.KeyLog} cannot be cleared: either a transaction has held "
                    + $"these rows all the "
                    + $"time, or {follower} cannot hold them as they are in {leader} (such as two rows with one id)"
            );
        }
        return (new SettleCursor(null, fruitless), swept.Cleared);
    }

    /// <summary>The cursor of the last batch.</summary>
    public static SettleCursor Read(BatchContext context) =>
        context.Cursor is null
            ? new SettleCursor(null)
            : JsonSerializer.Deserialize(context.Cursor, ConversionJson.Default.SettleCursor)!;

    /// <summary>A batch's result with the cursor in it.</summary>
    public static BatchResult Result(SettleCursor cursor, long rows, bool isDone) =>
        new(rows, 0, isDone, isDone ? 1 : 0, JsonSerializer.Serialize(cursor, ConversionJson.Default.SettleCursor));
}
