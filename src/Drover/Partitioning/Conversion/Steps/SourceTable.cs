// The table that was planned for, if it is still that; and its statements in one message.
using Drover.Operations;
using Drover.Partitioning.Catalog;
using Npgsql;

namespace Drover.Partitioning.Conversion.Steps;

internal static class SourceTable
{
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
