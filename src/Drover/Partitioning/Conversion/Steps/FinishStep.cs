// The end: the mirror and the old table go; the partitioned table stands alone and has a policy that keeps it.
using Drover.Operations;
using Drover.Operations.Connections;
using Drover.Partitioning.Bounds;
using Drover.Partitioning.Catalog;
using Drover.Partitioning.Maintenance;
using Npgsql;

namespace Drover.Partitioning.Conversion.Steps;

/// <summary>
/// Drops the reverse mirror, the old table unless it is to be kept (or is a partition), the run's own objects, and the
/// default partition where rows outside are to be refused; registers the policy of the maintenance.
/// </summary>
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
        string[] last = await new ConversionRecord(context.RunId).ReadLastAsync(connection, cancellationToken);
        IEnumerable<string> statements = layout.FirstPartition is null
            ? [.. DropMirror(partitions), .. last, .. DropOld()]
            : last;
        foreach (string statement in statements)
        {
            await connection.ExecuteAsync(statement, [], cancellationToken);
        }
        if (settings.Outside == OutsideRows.Refuse)
        {
            await DropDefaultAsync(connection, cancellationToken);
        }
        await RegisterAsync(connection, cancellationToken);
    }

    // First: an old table that is kept gets its own triggers back, and no row may come to those by the mirror.
    private IEnumerable<string> DropMirror(IReadOnlyList<QualifiedName> partitions) =>
        [.. Mirror.DropTriggers(settings.Layout.Table), .. partitions.Select(Swap.DropTruncateTrigger)];

    private IEnumerable<string> DropOld()
    {
        ConversionLayout layout = settings.Layout;
        return
        [
            .. settings.KeepsOld ? (string[])[] : [$"DROP TABLE {layout.OldTable}"],
            new KeyLog(layout).Drop(),
            .. new Mirror(layout).DropFunctions(),
        ];
    }

    private async Task DropDefaultAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        QualifiedName table = settings.Layout.Table;
        QualifiedName outside = table.WithName(PartitionName.OfDefault(table.Name));
        // Before the look: no row can come while the lock is held.
        await connection.ExecuteAsync($"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE", [], cancellationToken);
        if (await connection.ScalarAsync($"SELECT 1 FROM ONLY {outside} LIMIT 1", [], cancellationToken) is not null)
        {
            throw new OperationException(
                $"{outside} holds rows, and --outside refuse has no place for them: move or delete them, then finish "
                    + "again. Nothing was changed."
            );
        }
        await connection.ExecuteAsync($"DROP TABLE {outside}", [], cancellationToken);
    }

    // A policy that somebody has written meanwhile is left as it is.
    private async Task RegisterAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        PolicyStore store = new(MaintenanceSession.Within(connection), isInTransaction: true);
        if (await store.FindAsync(settings.Layout.Table, cancellationToken) is not null)
        {
            return;
        }
        await store.SaveAsync(
            new PartitionPolicy
            {
                Table = settings.Layout.Table,
                KeyColumn = settings.Layout.Key,
                Interval = settings.Scheme.Interval,
                Zone = settings.Zone,
                Premake = settings.Premake,
                WatchesDefault = settings.Outside == OutsideRows.Default,
            },
            cancellationToken
        );
    }
}
