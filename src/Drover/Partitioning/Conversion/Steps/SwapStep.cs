// The cut-over and the rollback: one short transaction, once everything is settled.
using Drover.Operations;
using Drover.Partitioning.Catalog;
using Npgsql;

namespace Drover.Partitioning.Conversion.Steps;

/// <summary>
/// Batches, of which the last is the swap: 1. settle; 2. lock in a fixed order; 3. if something was noted since,
/// sweep it, let go and settle again, so that no reader with an older snapshot ever finds the new table behind; 4.
/// the proofs: the mirror is the verified one, the catalogs are unchanged; 5. the swap's statements; 6. the way back
/// is written down.
/// </summary>
internal sealed class SwapStep(ConversionSettings settings, bool isForward, string fingerprint) : IBatchStep
{
    private const int EntriesMax = 2000;

    private readonly ConversionLayout _layout = settings.Layout;
    private readonly SettleStep _settle = new(settings.Layout, settings.Layout.Table, Follower(settings, isForward));
    private readonly KeyLog _log = new(settings.Layout);
    private readonly KeyLogSweep _sweep = new(settings.Layout, settings.Layout.Table, Follower(settings, isForward));

    public async Task<BatchResult> RunBatchAsync(BatchContext context, CancellationToken cancellationToken)
    {
        NpgsqlConnection connection = context.Connection;
        SettleCursor cursor = SettleStep.Read(context);
        if (!cursor.IsSettled)
        {
            (cursor, long rows) = await _settle.AdvanceAsync(connection, cursor, cancellationToken);
            if (!cursor.IsSettled)
            {
                return SettleStep.Result(cursor, rows, isDone: false);
            }
        }
        ConversionRecord record = new(context.RunId);
        Swap? swap = isForward ? await PlanAsync(connection, cancellationToken) : null;
        string[] back = isForward ? [] : await record.ReadWayBackAsync(connection, cancellationToken);
        int locks = Array.IndexOf(back, ConversionRecord.EndOfLocks);
        await SourceTable.RunAsync(connection, swap?.Locks(_layout.NewTable) ?? back[..locks], cancellationToken);
        if (!await _log.IsEmptyAsync(connection, cancellationToken))
        {
            SweepResult swept = await _sweep.RunAsync(connection, 0, EntriesMax, cancellationToken);
            return SettleStep.Result(new SettleCursor(null), swept.Cleared, isDone: false);
        }
        await ProveAsync(context, cancellationToken);
        if (swap is not null)
        {
            await SourceTable.ReadUnchangedAsync(connection, _layout, fingerprint, cancellationToken);
            await SourceTable.RunAsync(connection, swap.Forward(), cancellationToken);
            await record.SetWayBackAsync(
                connection,
                [.. swap.Locks(_layout.OldTable), ConversionRecord.EndOfLocks, .. swap.Backward()],
                cancellationToken
            );
            await record.SetLastAsync(connection, swap.Rebinding.Finish, cancellationToken);
        }
        else
        {
            await SourceTable.RunAsync(connection, back[(locks + 1)..], cancellationToken);
        }
        // The tables are equal here and now, and the new mirror is part of this same transaction.
        string mirror = await TargetCatalog.ReadMirrorAsync(connection, _layout.Table, cancellationToken);
        await record.SetVerifiedAsync(connection, mirror, cancellationToken);
        return SettleStep.Result(new SettleCursor(null), 0, isDone: true);
    }

    private static QualifiedName Follower(ConversionSettings settings, bool isForward) =>
        isForward ? settings.Layout.NewTable : settings.Layout.OldTable;

    private async Task ProveAsync(BatchContext context, CancellationToken cancellationToken)
    {
        string mirror = await TargetCatalog.ReadMirrorAsync(context.Connection, _layout.Table, cancellationToken);
        string? verified = await new ConversionRecord(context.RunId).ReadVerifiedAsync(
            context.Connection,
            cancellationToken
        );
        if (mirror.Length == 0 || mirror != verified)
        {
            throw new OperationException(
                $"the mirror on {_layout.Table} is not the one under which the tables were found equal: verify again"
            );
        }
    }

    private async Task<Swap> PlanAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        TableDescription table = await SourceTable.ReadUnchangedAsync(
            connection,
            _layout,
            fingerprint,
            cancellationToken
        );
        IReadOnlyList<QualifiedName> partitions = await TargetCatalog.ListPartitionsAsync(
            connection,
            _layout.NewTable,
            cancellationToken
        );
        return new Swap(table, _layout, partitions);
    }
}
