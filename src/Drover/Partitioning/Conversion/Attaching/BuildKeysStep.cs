// The unique indexes that a partition's key needs, built on the table while it is written.
using Drover.Operations;
using Drover.Partitioning.Catalog;

namespace Drover.Partitioning.Conversion.Attaching;

/// <summary>Builds the unique indexes that have the key, on the old table.</summary>
internal sealed class BuildKeysStep(ConversionSettings settings) : IAutocommitStep
{
    public async Task<IReadOnlyList<AutocommitStatement>> ListAsync(
        StepContext context,
        CancellationToken cancellationToken
    )
    {
        TableDescription table =
            await TableCatalog.ReadAsync(context.Connection, settings.Layout.Oid, cancellationToken)
            ?? throw new OperationException($"{settings.Layout.Table} does not exist any more");
        return [.. new AttachIndexes(table.WithoutOwnObjects(), settings.Layout).Build()];
    }
}
