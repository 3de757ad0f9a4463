// Index statements for the target's partitions as they are when the step begins.
using Drover.Operations;
using Drover.Partitioning.Catalog;
using Npgsql;

namespace Drover.Partitioning.Conversion.Steps;

/// <summary>Builds, or attaches, the secondary indexes.</summary>
internal sealed class IndexSteps(ConversionSettings settings, bool attach) : IAutocommitStep
{
    public async Task<IReadOnlyList<AutocommitStatement>> ListAsync(
        StepContext context,
        CancellationToken cancellationToken
    )
    {
        NpgsqlConnection connection = context.Connection;
        TableDescription table =
            await TableCatalog.ReadAsync(connection, settings.Layout.Oid, cancellationToken)
            ?? throw new OperationException($"{settings.Layout.Table} does not exist any more");
        IReadOnlyList<QualifiedName> partitions = await TargetCatalog.ListPartitionsAsync(
            connection,
            settings.Layout.NewTable,
            cancellationToken
        );
        TargetIndexes indexes = new(table, settings.Layout);
        // The default partition holds what is newest of all, or nothing; those made ahead are not there to be counted.
        int? newest = settings.IndexesOnNewest + settings.Premake + 1;
        return [.. attach ? indexes.Attach(partitions, newest) : indexes.Build(partitions, newest)];
    }
}
