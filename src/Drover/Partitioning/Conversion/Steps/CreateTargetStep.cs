// The first step: everything that the conversion adds to the database, still empty.
using Drover.Operations;
using Drover.Operations.Connections;
using Drover.Partitioning.Catalog;

namespace Drover.Partitioning.Conversion.Steps;

/// <summary>Runs the plan's own SQL, if the table is still the one that was planned for.</summary>
internal sealed class CreateTargetStep(ConversionSettings settings, string fingerprint) : ITransactionStep
{
    public async Task RunAsync(StepContext context, CancellationToken cancellationToken)
    {
        TableDescription table =
            await TableCatalog.ReadWithinAsync(context.Connection, settings.Layout.Oid, cancellationToken)
            ?? throw new OperationException($"{settings.Layout.Table} does not exist any more");
        if (CatalogFingerprint.Of(table) != fingerprint)
        {
            throw new OperationException(
                $"{settings.Layout.Table} was changed since the plan was made: abort this run and plan anew",
                OperationOutcome.Refused
            );
        }
        foreach (string statement in context.Step.Sql)
        {
            await context.Connection.ExecuteAsync(statement, [], cancellationToken);
        }
        Dictionary<string, string> facts = CatalogFingerprint.FactsOf(table);
        await new ConversionRecord(context.RunId).SetFactsAsync(context.Connection, facts, cancellationToken);
    }
}
