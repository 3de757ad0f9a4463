// Waits until the key log is empty and nobody reads with a snapshot from before that.
using System.Text.Json;
using Drover.Operations;
using Drover.Partitioning.Catalog;
using Npgsql;

namespace Drover.Partitioning.Conversion.Steps;

/// <summary>Where the waiting stands.</summary>
/// <param name="Waiting">Transactions that were open when a sweep first had nothing to write; null: none
/// had.</param>
/// <param name="Fruitless">Sweeps in a row that left entries and could clear none.</param>
/// <param name="IsDue">The last sweep has left entries.</param>
/// <param name="Rounds">How often it was settled, and was not any more once the locks were there.</param>
internal sealed record SettleCursor(string[]? Waiting, int Fruitless = 0, bool IsDue = false, int Rounds = 0)
{
    /// <summary>Nothing is noted, and nobody is waited for.</summary>
    public bool IsSettled => Waiting is [] && !IsDue;
}

/// <summary>
/// 1. Sweep until a sweep has nothing to write. 2. List the transactions that may have an older snapshot. 3. Wait until
/// each of them is over, and sweep on; what a sweep must write begins it anew, what writers have made equal themselves
/// does not. New transactions do not matter: what they can see is equal.
/// </summary>
internal sealed class SettleStep(ConversionLayout planned, QualifiedName leader, QualifiedName follower) : IBatchStep
{
    private const int EntriesMax = 2000;

    // The engine rests half a second after a batch without rows: two minutes.
    private const int FruitlessMax = 240;

    public async Task<BatchResult> RunBatchAsync(BatchContext context, CancellationToken cancellationToken)
    {
        ConversionLayout layout = await new ConversionRecord(context.RunId).ReadLayoutAsync(
            context.Connection,
            planned,
            cancellationToken
        );
        (SettleCursor cursor, long rows) = await AdvanceAsync(
            context.Connection,
            layout,
            Read(context),
            cancellationToken
        );
        return Result(cursor, rows, cursor.IsSettled);
    }

    /// <summary>Goes one step further, in the caller's transaction.</summary>
    public async Task<(SettleCursor Cursor, long Rows)> AdvanceAsync(
        NpgsqlConnection connection,
        ConversionLayout layout,
        SettleCursor cursor,
        CancellationToken cancellationToken
    )
    {
        SweepResult swept = await new KeyLogSweep(layout, leader, follower).RunAsync(
            connection,
            0,
            EntriesMax,
            cancellationToken
        );
        bool isDue = swept.Cleared < swept.Taken || swept.Taken == EntriesMax;
        int fruitless = isDue && swept.Cleared == 0 ? cursor.Fruitless + 1 : 0;
        if (fruitless >= FruitlessMax)
        {
            throw new OperationException(
                $"{swept.Taken} entries of {layout.KeyLog} cannot be cleared: either a transaction has held "
                    + "these rows all the time, or "
                    + $"{follower} cannot hold them as they are in {leader} (such as two rows with one id)"
            );
        }
        cursor = cursor with { Fruitless = fruitless, IsDue = isDue };
        if (swept.Written > 0)
        {
            return (cursor with { Waiting = null }, swept.Cleared);
        }
        string[] open = await OldSnapshots.ListAsync(connection, cancellationToken);
        string[] waiting = cursor.Waiting is { } older ? [.. older.Intersect(open)] : open;
        return (cursor with { Waiting = waiting }, swept.Cleared);
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
