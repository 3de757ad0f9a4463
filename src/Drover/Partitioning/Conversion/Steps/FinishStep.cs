// The end: the mirror and the old table go, the partitioned table stands alone.
using Drover.Operations;
using Drover.Operations.Connections;
using Drover.Partitioning.Catalog;
using Npgsql;

namespace Drover.Partitioning.Conversion.Steps;

/// <summary>Drops the reverse mirror, the old table unless it is to be kept, and the run's own objects.</summary>
internal sealed class FinishStep(ConversionSettings settings) : ITransactionStep
{
    public async Task RunAsync(StepContext context, CancellationToken cancellationToken)
    {
        NpgsqlConnection connection = context.Connection;
        ConversionLayout layout = settings.Layout;
        IReadOnlyList<QualifiedName> partitions = await TargetCatalog.ListPartitionsAsync(
            connection,
            layout.Table,
            cancellationToken
        );
        IEnumerable<string> statements =
        [
            .. await new ConversionRecord(context.RunId).ReadLastAsync(connection, cancellationToken),
            .. Mirror.DropTriggers(layout.Table),
            .. partitions.Select(Swap.DropTruncateTrigger),
            settings.KeepsOld ? $"ALTER TABLE {layout.OldTable} ENABLE TRIGGER USER" : $"DROP TABLE {layout.OldTable}",
            .. new Mirror(layout).DropFunctions(),
            new KeyLog(layout).Drop(),
        ];
        foreach (string statement in statements)
        {
            await connection.ExecuteAsync(statement, [], cancellationToken);
        }
    }
}
