// Writes some of the table's rows into the target as the mirror would, and takes them out again.
using Drover.Operations;
using Drover.Operations.Connections;
using Npgsql;

namespace Drover.Partitioning.Conversion.Steps;

/// <summary>
/// The mirror writes under a search_path of its own. A check, a generated column or an index whose function needs
/// another one would fail the application's first write: better that it fails here.
/// </summary>
internal sealed class RehearseStep(ConversionSettings settings) : ITransactionStep
{
    private const int Rows = 1000;

    public async Task RunAsync(StepContext context, CancellationToken cancellationToken)
    {
        ConversionLayout layout = settings.Layout;
        try
        {
            await context.Connection.ExecuteAsync(
                $"""
                SAVEPOINT drover_rehearsal; SET LOCAL row_security = off; SET LOCAL search_path = pg_catalog, pg_temp;
                INSERT INTO {layout.NewTable} ({layout.Written()}) OVERRIDING SYSTEM VALUE
                SELECT {layout.Written("s")} FROM {layout.Table} AS s LIMIT {Rows} ON CONFLICT DO NOTHING;
                ROLLBACK TO SAVEPOINT drover_rehearsal
                """,
                [],
                cancellationToken
            );
            context.Note = await new MirrorCost(layout).MeasureAsync(context.Connection, Rows, cancellationToken);
            await context.Connection.ExecuteAsync("ROLLBACK TO SAVEPOINT drover_rehearsal", [], cancellationToken);
        }
        catch (PostgresException refused) when (refused.SqlState[..2] is "23" or "42" or "22" or "P0")
        {
            throw new OperationException(
                $"rows of {layout.Table} cannot be written to its target under the mirror's search_path: "
                    + $"{refused.MessageText} "
                    + "(does a function in a check or a generated column rely on search_path? Give it one "
                    + "with SET search_path)",
                refused
            );
        }
        if (context.Note is { } cost)
        {
            await context.WriteEventAsync("mirror-cost", cost, cancellationToken);
        }
    }
}
