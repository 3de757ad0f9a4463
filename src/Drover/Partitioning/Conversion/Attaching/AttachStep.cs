// The cut-over of a table that is attached, its proof, and the way back.
using System.Globalization;
using Drover.Operations;
using Drover.Operations.Connections;
using Drover.Partitioning.Catalog;
using Drover.Partitioning.Conversion.Drift;
using Drover.Partitioning.Conversion.Steps;
using Npgsql;

namespace Drover.Partitioning.Conversion.Attaching;

/// <summary>
/// 1. The statements, by the catalogs as they are; 2. locks in a fixed order; 3. the catalogs are unchanged; 4. the
/// swap's statements; 5. the proof that no row was moved and no index built; 6. the way back is written down.
/// </summary>
internal sealed class AttachStep(ConversionSettings settings, string fingerprint) : ITransactionStep
{
    private readonly ConversionLayout _layout = settings.Layout;

    public async Task RunAsync(StepContext context, CancellationToken cancellationToken)
    {
        NpgsqlConnection connection = context.Connection;
        TableDescription table = await ReadAsync(connection, cancellationToken);
        IReadOnlyList<QualifiedName> partitions = await TargetCatalog.ListPartitionsAsync(
            connection,
            _layout.NewTable,
            cancellationToken
        );
        AttachSwap swap = new(table, settings, partitions);
        await SourceTable.LockAsync(connection, swap.Locks(_layout.NewTable), cancellationToken);
        await ReadAsync(connection, cancellationToken);
        List<string> before = await ReadFilesAsync(connection, cancellationToken);
        await SourceTable.RunAsync(connection, swap.Forward(), cancellationToken);
        List<string> after = await ReadFilesAsync(connection, cancellationToken);
        await ProveAsync(connection, before, after, cancellationToken);
        await new LaterChanges(context.RunId, _layout).NoteAsync(connection, table, cancellationToken);
        ConversionRecord record = new(context.RunId);
        await record.SetWayBackAsync(
            connection,
            [.. swap.Locks(_layout.OldTable), ConversionRecord.EndOfLocks, .. swap.Backward()],
            cancellationToken
        );
        await record.SetLastAsync(connection, swap.Last(), cancellationToken);
        await context.WriteEventAsync("attached", $"{_layout.OldTable} as it was: file {after[0]}", cancellationToken);
    }

    private Task<TableDescription> ReadAsync(NpgsqlConnection connection, CancellationToken cancellationToken) =>
        SourceTable.ReadUnchangedAsync(connection, _layout, fingerprint, cancellationToken);

    // Files of the table, first, and of its indexes.
    private Task<List<string>> ReadFilesAsync(NpgsqlConnection connection, CancellationToken cancellationToken) =>
        connection.ListAsync(
            """
            SELECT pg_relation_filepath($1::bigint::oid) UNION ALL
            SELECT pg_relation_filepath(indexrelid) FROM pg_index WHERE indrelid = $1::bigint::oid
            """,
            [(long)_layout.Oid],
            row => row.Text(0) ?? "",
            cancellationToken
        );

    private async Task ProveAsync(
        NpgsqlConnection connection,
        List<string> before,
        List<string> after,
        CancellationToken cancellationToken
    )
    {
        if (after[0] != before[0] || after.Except(before).Any())
        {
            throw new OperationException(
                $"the cut-over would have written {_layout.OldTable} or an index of it anew: files "
                    + $"{string.Join(", ", after.Except(before))}"
            );
        }
        object? incomplete = await connection.ScalarAsync(
            """
            SELECT string_agg(indexrelid::regclass::text, ', ') FROM pg_index
            WHERE indrelid = $1::text::regclass AND NOT indisvalid
            """,
            [_layout.Table.ToString()],
            cancellationToken
        );
        if (incomplete is string names)
        {
            throw new OperationException($"these indexes are not complete in every partition: {names}");
        }
    }
}

/// <summary>The way back: the statements that the cut-over has written down, if the rows outside are few.</summary>
internal sealed class DetachStep(ConversionSettings settings) : ITransactionStep
{
    public async Task RunAsync(StepContext context, CancellationToken cancellationToken)
    {
        NpgsqlConnection connection = context.Connection;
        long outside = await OutsideWatch.CountAsync(connection, settings.Layout, cancellationToken);
        if (outside > OutsideWatch.RowsMax)
        {
            throw new OperationException(OutsideWatch.TooMany(outside));
        }
        string[] back = await new ConversionRecord(context.RunId).ReadWayBackAsync(connection, cancellationToken);
        int locks = Array.IndexOf(back, ConversionRecord.EndOfLocks);
        // Before the locks, which name what may be gone; and under them, since what was not locked could have changed.
        LaterChanges later = new(context.RunId, settings.Layout);
        await later.ProveNoneAsync(connection, andRights: true, cancellationToken);
        await SourceTable.LockAsync(connection, back[..locks], cancellationToken);
        await later.ProveNoneAsync(connection, andRights: true, cancellationToken);
        outside = await OutsideWatch.CountAsync(connection, settings.Layout, cancellationToken);
        await SourceTable.RunAsync(connection, back[(locks + 1)..], cancellationToken);
        await context.WriteEventAsync("detached", $"{settings.Layout.Table} is a plain table again", cancellationToken);
        if (outside > 0)
        {
            string moved = string.Create(CultureInfo.InvariantCulture, $"{outside} rows of other partitions");
            await context.WriteEventAsync(BindStep.MovedIn, moved, cancellationToken);
        }
    }
}
