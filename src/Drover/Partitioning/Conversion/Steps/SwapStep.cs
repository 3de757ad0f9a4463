// The cut-over and the rollback: one short transaction, once everything is settled.
using Drover.Operations;
using Drover.Operations.Running;
using Drover.Partitioning.Catalog;
using Drover.Partitioning.Conversion.Drift;
using Npgsql;

namespace Drover.Partitioning.Conversion.Steps;

/// <summary>
/// Batches, of which the last is the swap: 1. settle; 2. lock in a fixed order; 3. clear what was noted since; if a row
/// had to be written for it, let go and settle again, so that no reader with an older snapshot ever finds the new table
/// behind; 4. the proofs: the mirror is the verified one, the catalogs are unchanged; 5. the swap's statements; 6. the
/// way back is written down.
/// </summary>
internal sealed class SwapStep(ConversionSettings settings, bool isForward) : IBatchStep
{
    // Under the locks, so that all wait for it.
    private const int EntriesMax = 500;

    // Each had the locks for a moment.
    private const int RoundsMax = 100;

    private readonly QualifiedName _follower = Follower(settings, isForward);

    public async Task<BatchResult> RunBatchAsync(BatchContext context, CancellationToken cancellationToken)
    {
        NpgsqlConnection connection = context.Connection;
        ConversionRecord record = new(context.RunId);
        ConversionLayout layout = await record.ReadLayoutAsync(connection, settings.Layout, cancellationToken);
        SettleCursor cursor = SettleStep.Read(context);
        if (!cursor.IsSettled)
        {
            SettleStep settle = new(layout, layout.Table, _follower);
            (cursor, long rows) = await settle.AdvanceAsync(connection, layout, cursor, cancellationToken);
            if (!cursor.IsSettled)
            {
                return SettleStep.Result(cursor, rows, isDone: false);
            }
        }
        BatchResult? again = isForward
            ? await SwapForwardAsync(context, layout, cursor, cancellationToken)
            : await SwapBackAsync(context, layout, cursor, cancellationToken);
        if (again is not null)
        {
            return again;
        }
        // The tables are equal here and now, and the new mirror is part of this same transaction.
        string mirror = await TargetCatalog.ReadMirrorAsync(
            connection,
            layout,
            isForward ? layout.OldTable : layout.NewTable,
            cancellationToken
        );
        await record.SetVerifiedAsync(connection, mirror, cancellationToken);
        return SettleStep.Result(new SettleCursor(null), 0, isDone: true);
    }

    private async Task<BatchResult?> SwapForwardAsync(
        BatchContext context,
        ConversionLayout layout,
        SettleCursor cursor,
        CancellationToken cancellationToken
    )
    {
        NpgsqlConnection connection = context.Connection;
        (TableDescription table, Swap swap) = await PlanAsync(context, layout, cancellationToken);
        // Before the locks: under them every moment is the application's wait.
        string[] forward = [.. swap.Forward()];
        string[] wayBack = [.. swap.LocksBack(), ConversionRecord.EndOfLocks, .. swap.Backward()];
        IEnumerable<string> kept = settings.KeepsOld ? swap.EquipOld(layout.OldTable) : [];
        string[] last = [.. swap.Rebinding.Finish, .. kept];
        await SourceTable.LockAsync(connection, swap.Locks(), cancellationToken);
        if (await SweepAsync(connection, layout, cursor, cancellationToken) is { } again)
        {
            return again;
        }
        await ProveAsync(context, layout, cancellationToken);
        await new DriftCheck(settings, context).ProveUnchangedAsync(cancellationToken);
        await SourceTable.RunAsync(connection, forward, cancellationToken);
        await new LaterChanges(context.RunId, layout).NoteAsync(connection, table, cancellationToken);
        ConversionRecord record = new(context.RunId);
        await record.SetWayBackAsync(connection, wayBack, cancellationToken);
        await record.SetLastAsync(connection, last, cancellationToken);
        return null;
    }

    private async Task<BatchResult?> SwapBackAsync(
        BatchContext context,
        ConversionLayout layout,
        SettleCursor cursor,
        CancellationToken cancellationToken
    )
    {
        NpgsqlConnection connection = context.Connection;
        string[] back = await new ConversionRecord(context.RunId).ReadWayBackAsync(connection, cancellationToken);
        int locks = Array.IndexOf(back, ConversionRecord.EndOfLocks);
        // Before the locks, which name what may be gone; and under them, since what was not locked could have changed.
        LaterChanges later = new(context.RunId, layout);
        await later.ProveNoneAsync(connection, andRights: false, cancellationToken);
        await SourceTable.LockAsync(connection, back[..locks], cancellationToken);
        if (await SweepAsync(connection, layout, cursor, cancellationToken) is { } again)
        {
            return again;
        }
        await ProveAsync(context, layout, cancellationToken);
        await new RollbackProof(layout).ProveAsync(connection, cancellationToken);
        await later.ProveNoneAsync(connection, andRights: false, cancellationToken);
        await SourceTable.RunAsync(connection, back[(locks + 1)..], cancellationToken);
        return null;
    }

    private async Task<BatchResult?> SweepAsync(
        NpgsqlConnection connection,
        ConversionLayout layout,
        SettleCursor cursor,
        CancellationToken cancellationToken
    )
    {
        SweepResult last = await new KeyLogSweep(layout, layout.Table, _follower).RunAsync(
            connection,
            0,
            EntriesMax,
            cancellationToken
        );
        return last.HasOnlyCleared && last.Taken < EntriesMax ? null : Again(cursor, last);
    }

    private static BatchResult Again(SettleCursor cursor, SweepResult swept)
    {
        int rounds = cursor.Rounds + 1;
        return rounds < RoundsMax
            ? SettleStep.Result(new SettleCursor(null, Rounds: rounds), swept.Cleared, isDone: false)
            : throw new LocksNotHadException(
                $"in {rounds} moments under the locks the tables were not equal yet: writers note rows faster than "
                    + "they can be made equal. Try at a quieter time"
            );
    }

    private static QualifiedName Follower(ConversionSettings settings, bool isForward) =>
        isForward ? settings.Layout.NewTable : settings.Layout.OldTable;

    private async Task ProveAsync(BatchContext context, ConversionLayout layout, CancellationToken cancellationToken)
    {
        QualifiedName table = settings.Layout.Table;
        string mirror = await TargetCatalog.ReadMirrorAsync(context.Connection, layout, _follower, cancellationToken);
        string? verified = await new ConversionRecord(context.RunId).ReadVerifiedAsync(
            context.Connection,
            cancellationToken
        );
        if (verified is null)
        {
            throw new OperationException(
                "the last comparison of the tables found differences or was not ended: verify, or repair",
                OperationOutcome.Differences
            );
        }
        if (mirror.Length == 0 || mirror != verified)
        {
            throw new OperationException(
                $"the mirror on {table} is not the one under which the tables were found equal: verify again",
                OperationOutcome.Differences
            );
        }
    }

    // Before the locks, to know which; and under them again, since what was not locked could have changed.
    private async Task<(TableDescription Table, Swap Swap)> PlanAsync(
        BatchContext context,
        ConversionLayout layout,
        CancellationToken cancellationToken
    )
    {
        TableDescription table = await new DriftCheck(settings, context).ProveUnchangedAsync(cancellationToken);
        IReadOnlyList<QualifiedName> partitions = await TargetCatalog.ListPartitionsAsync(
            context.Connection,
            layout.NewTable,
            cancellationToken
        );
        return (table, new Swap(table, layout, partitions));
    }
}
