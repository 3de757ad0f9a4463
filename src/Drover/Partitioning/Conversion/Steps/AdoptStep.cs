// Takes over what was added to the source, or dropped there, since the plan was made.
using System.Text.Json;
using Drover.Operations;
using Drover.Operations.Connections;
using Drover.Partitioning.Catalog;
using Drover.Partitioning.Conversion.Drift;
using Npgsql;

namespace Drover.Partitioning.Conversion.Steps;

/// <summary>
/// 1. What is different. 2. For columns, and for unique indexes, which the mirror must know of: writers are kept out
/// for a moment, the target gets the columns, the mirror is made anew. 3. Indexes that are gone go on the target too;
/// new ones are built by the steps behind. 4. The source as it is now is what later looks compare with.
/// </summary>
internal sealed class AdoptStep(ConversionSettings settings) : ITransactionStep
{
    public async Task RunAsync(StepContext context, CancellationToken cancellationToken)
    {
        NpgsqlConnection connection = context.Connection;
        DriftCheck check = new(settings, context);
        (TableDescription table, TableDrift drift) = await check.ReadAsync(cancellationToken);
        if (drift.IsNone)
        {
            return;
        }
        check.ThrowIfObstructed(drift);
        ConversionRecord record = new(context.RunId);
        ConversionLayout layout = await record.ReadLayoutAsync(connection, settings.Layout, cancellationToken);
        if (await IsMirrorConcernedAsync(connection, table, layout, cancellationToken))
        {
            // No writer is between the old mirror and the new one. What was changed while we waited counts too.
            await connection.ExecuteAsync(
                $"LOCK TABLE {layout.Table} IN SHARE ROW EXCLUSIVE MODE; SET LOCAL row_security = off",
                [],
                cancellationToken
            );
            (table, drift) = await check.ReadAsync(cancellationToken);
            check.ThrowIfObstructed(drift);
            layout = await LayoutReader.ReadAsync(connection, table, layout.Key, cancellationToken);
            await RemakeMirrorAsync(connection, table, drift, layout, cancellationToken);
            await record.SetLayoutAsync(connection, layout, cancellationToken);
            if (!drift.Columns.IsEmpty)
            {
                await record.SetBehindAsync(connection, isBehind: true, cancellationToken);
            }
        }
        await DropIndexesAsync(connection, table, drift, layout, cancellationToken);
        await record.SetFactsAsync(connection, CatalogFingerprint.FactsOf(table), cancellationToken);
        foreach (string change in drift.Changes)
        {
            await context.WriteEventAsync("adopted", change, cancellationToken);
        }
    }

    private static async Task<bool> IsMirrorConcernedAsync(
        NpgsqlConnection connection,
        TableDescription table,
        ConversionLayout layout,
        CancellationToken cancellationToken
    )
    {
        ConversionLayout now = await LayoutReader.ReadAsync(connection, table, layout.Key, cancellationToken);
        return Text(now) != Text(layout);

        static string Text(ConversionLayout layout) =>
            JsonSerializer.Serialize(layout, ConversionJson.Default.ConversionLayout);
    }

    private static async Task RemakeMirrorAsync(
        NpgsqlConnection connection,
        TableDescription table,
        TableDrift drift,
        ConversionLayout layout,
        CancellationToken cancellationToken
    )
    {
        TargetTable target = new(table, layout);
        IReadOnlyList<QualifiedName> partitions = await TargetCatalog.ListPartitionsAsync(
            connection,
            layout.NewTable,
            cancellationToken
        );
        List<string> statements = [];
        foreach (ColumnDescription column in drift.Columns)
        {
            string? first = await ColumnAdoption.ReadFirstValueAsync(connection, table, column, cancellationToken);
            statements.AddRange(target.AddColumn(column, first, partitions));
        }
        Mirror mirror = new(layout);
        statements.AddRange(mirror.Functions(layout.NewTable, MirrorMode.Following));
        statements.AddRange(mirror.Triggers(layout.Table));
        foreach (string statement in statements)
        {
            await connection.ExecuteAsync(statement, [], cancellationToken);
        }
    }

    private static async Task DropIndexesAsync(
        NpgsqlConnection connection,
        TableDescription table,
        TableDrift drift,
        ConversionLayout layout,
        CancellationToken cancellationToken
    )
    {
        if (drift.GoneIndexes.IsEmpty)
        {
            return;
        }
        IReadOnlyList<QualifiedName> partitions = await TargetCatalog.ListPartitionsAsync(
            connection,
            layout.NewTable,
            cancellationToken
        );
        TargetIndexes indexes = new(table, layout);
        foreach (string statement in drift.GoneIndexes.SelectMany(name => indexes.Drop(name, partitions)))
        {
            await connection.ExecuteAsync(statement, [], cancellationToken);
        }
    }
}
