// Steps for what hangs on the table: materialized views before the cut-over, foreign keys after it.
using Drover.Operations;
using Drover.Operations.Connections;
using Drover.Partitioning.Catalog;
using Drover.Partitioning.Dependents;
using Npgsql;

namespace Drover.Partitioning.Conversion.Steps;

/// <summary>Makes the new materialized views, or fills them again; the plan has the SQL, the table must be
/// unchanged.</summary>
internal sealed class StageViewsStep(ConversionSettings settings, bool isFresh) : ITransactionStep
{
    public async Task RunAsync(StepContext context, CancellationToken cancellationToken)
    {
        NpgsqlConnection connection = context.Connection;
        ConversionLayout layout = settings.Layout;
        RebindPlan plan = await DependentSteps.PlanAsync(connection, layout, cancellationToken);
        if (isFresh)
        {
            await RunAllAsync(connection, plan.Freshen, cancellationToken);
        }
        else if (plan.Stage.Length > 0)
        {
            await SourceTable.LockAsync(
                connection,
                [$"LOCK TABLE {layout.Table}, {layout.NewTable} IN ACCESS EXCLUSIVE MODE"],
                cancellationToken
            );
            await RunAllAsync(connection, plan.Stage, cancellationToken);
        }
    }

    private static async Task RunAllAsync(
        NpgsqlConnection connection,
        IEnumerable<string> statements,
        CancellationToken cancellationToken
    )
    {
        foreach (string statement in statements)
        {
            await connection.ExecuteAsync(statement, [], cancellationToken);
        }
    }
}

/// <summary>Fills and indexes the new materialized views.</summary>
internal sealed class BuildViewsStep(ConversionSettings settings) : IAutocommitStep
{
    public async Task<IReadOnlyList<AutocommitStatement>> ListAsync(
        StepContext context,
        CancellationToken cancellationToken
    ) => (await DependentSteps.PlanAsync(context.Connection, settings.Layout, cancellationToken)).Build;
}

/// <summary>Validates the partitions' foreign keys and joins them; the old table, which follows, loses its
/// own.</summary>
internal sealed class CompleteKeysStep(ConversionSettings settings) : IAutocommitStep
{
    public async Task<IReadOnlyList<AutocommitStatement>> ListAsync(
        StepContext context,
        CancellationToken cancellationToken
    )
    {
        ConversionLayout layout = settings.Layout;
        TableDescription? old = await TableCatalog.ReadAsync(context.Connection, layout.Oid, cancellationToken);
        return old is null
            ? []
            :
            [
                .. SwapForeignKeys.Complete(
                    old,
                    layout,
                    await TargetCatalog.ListPartitionsAsync(context.Connection, layout.Table, cancellationToken)
                ),
            ];
    }
}

internal static class DependentSteps
{
    /// <summary>What hangs on the table now.</summary>
    public static async Task<RebindPlan> PlanAsync(
        NpgsqlConnection connection,
        ConversionLayout layout,
        CancellationToken cancellationToken
    ) =>
        RebindPlan.For(
            await TableCatalog.ReadWithinAsync(connection, layout.Oid, cancellationToken)
                ?? throw new OperationException($"{layout.Table} does not exist any more"),
            layout.NewTable,
            layout.OldTable
        );
}
