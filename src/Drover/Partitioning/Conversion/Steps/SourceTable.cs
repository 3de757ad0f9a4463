// The table that was planned for, if it is still that; and its statements in one message.
using Drover.Operations;
using Drover.Partitioning.Catalog;
using Npgsql;

namespace Drover.Partitioning.Conversion.Steps;

internal static class SourceTable
{
    // Everybody waits for us by then.
    private static readonly TimeSpan s_underLocks = TimeSpan.FromMilliseconds(50);

    /// <summary>
    /// The source as it is now. Ask before the locks, to know which; and under them again, since what was not locked
    /// could have changed.
    /// </summary>
    /// <exception cref="OperationException">It is gone, or it was changed since the plan.</exception>
    public static async Task<TableDescription> ReadUnchangedAsync(
        NpgsqlConnection connection,
        ConversionLayout layout,
        string fingerprint,
        CancellationToken cancellationToken
    )
    {
        TableDescription table =
            await TableCatalog.ReadWithinAsync(connection, layout.Oid, cancellationToken)
            ?? throw new OperationException($"{layout.Table} does not exist any more");
        return CatalogFingerprint.Of(table) == fingerprint
            ? table
            : throw new OperationException(
                $"{layout.Table} was changed since the plan was made; the cut-over would lose the change. "
                    + "Undo it, or abort and plan anew"
            );
    }

    /// <summary>
    /// Takes locks in one statement that may take as long as one lock may be waited for, all of them together: whoever
    /// came behind the first and holds the last waits no longer than that, so no deadlock is his to detect. What
    /// comes under the locks and needs others (a sequence's, a partition's) waits for them a moment only.
    /// </summary>
    public static async Task LockAsync(
        NpgsqlConnection connection,
        IEnumerable<string> statements,
        CancellationToken cancellationToken
    )
    {
        string locks = string.Join(" ", statements.Select(statement => $"EXECUTE {SqlText.Literal(statement)};"));
        await RunAsync(
            connection,
            [
                "SELECT set_config('drover.statement_timeout', current_setting('statement_timeout'), true), "
                    + "set_config('statement_timeout', current_setting('lock_timeout'), true)",
                SqlText.Block($"BEGIN {locks} END"),
                "SELECT set_config('statement_timeout', current_setting('drover.statement_timeout'), true), "
                    + $"set_config('lock_timeout', '{s_underLocks.TotalMilliseconds}ms', true)",
            ],
            cancellationToken
        );
    }

    /// <summary>Runs statements in one message: under locks, each round trip would be the application's
    /// wait.</summary>
    public static async Task RunAsync(
        NpgsqlConnection connection,
        IEnumerable<string> statements,
        CancellationToken cancellationToken
    )
    {
        await using NpgsqlBatch batch = new(connection);
        foreach (string statement in statements)
        {
            batch.BatchCommands.Add(new NpgsqlBatchCommand(statement));
        }
        await batch.ExecuteNonQueryAsync(cancellationToken);
    }
}
