// A conversion as the engine runs it: the plan's steps with their code.
using Drover.Operations;
using Drover.Operations.Connections;
using Drover.Operations.Plans;
using Drover.Partitioning.Catalog;
using Drover.Partitioning.Conversion.Attaching;
using Drover.Partitioning.Conversion.Steps;
using Npgsql;

namespace Drover.Partitioning.Conversion;

/// <summary>The operation of a plan by <see cref="ConversionPlanner"/>.</summary>
internal sealed class ConversionOperation : IOperation
{
    /// <summary>The kind of the operation.</summary>
    public const string Kind = "partition";

    /// <summary>The rows are copied into a new table.</summary>
    public const string CopyStrategy = "copy";

    private readonly Dictionary<string, IStepCode> _code;

    /// <summary>Opens a plan.</summary>
    public ConversionOperation(OperationPlan plan)
    {
        Plan = plan;
        ConversionSettings settings = ConversionSettings.Of(plan);
        ConversionLayout layout = settings.Layout;
        (QualifiedName table, QualifiedName next, QualifiedName old) = (layout.Table, layout.NewTable, layout.OldTable);
        _code = new Dictionary<string, IStepCode>
        {
            [ConversionSteps.CreateTarget] = new CreateTargetStep(settings, plan.CatalogFingerprint),
            [ConversionSteps.Rehearse] = new RehearseStep(settings),
            [ConversionSteps.Copy] = new CopyStep(settings),
            [ConversionSteps.Adopt] = new AdoptStep(settings),
            [ConversionSteps.Refresh] = new VerifyStep(layout, table, next, VerifyMode.RepairIfBehind),
            [ConversionSteps.Sweep] = new SweepStep(layout, table, next),
            [ConversionSteps.BuildIndexes] = new IndexSteps(settings, attach: false),
            [ConversionSteps.AttachIndexes] = new IndexSteps(settings, attach: true),
            [ConversionSteps.Verify] = new VerifyStep(layout, table, next, VerifyMode.IfNotValid),
            [ConversionSteps.Ready] = new ReadyStep(settings),
            [ConversionSteps.Settle] = new SettleStep(layout, table, next),
            [ConversionSteps.CutOver] = new SwapStep(settings, isForward: true),
            [ConversionSteps.StageViews] = new StageViewsStep(settings, isFresh: false),
            [ConversionSteps.BuildViews] = new BuildViewsStep(settings),
            [ConversionSteps.FreshenViews] = new StageViewsStep(settings, isFresh: true),
            [ConversionSteps.CompleteKeys] = new CompleteKeysStep(settings),
            [ConversionSteps.Watching] = new WatchStep(layout),
            [ConversionSteps.Finish] = new FinishStep(settings),
            [ConversionSteps.Sweep + ConversionSteps.Again] = new SweepStep(layout, table, next),
            [ConversionSteps.Verify + ConversionSteps.Again] = new VerifyStep(layout, table, next),
            ["repair"] = new VerifyStep(layout, table, next, VerifyMode.Repair),
            ["sweep-repaired"] = new SweepStep(layout, table, next),
            ["verify-repaired"] = new VerifyStep(layout, table, next),
            [ConversionSteps.Sweep + ConversionSteps.Back] = new SweepBackStep(layout),
            [ConversionSteps.Verify + ConversionSteps.Back] = new VerifyStep(layout, table, old),
            [ConversionSteps.CutOver + ConversionSteps.Back] = new SwapStep(settings, isForward: false),
        };
    }

    public OperationPlan Plan { get; }

    public IStepCode? FindCode(string step) => _code.GetValueOrDefault(step);

    public async Task<IReadOnlyList<string>> WarnAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        ConversionLayout layout = ConversionSettings.Of(Plan).Layout;
        object? isReadable = await connection.ScalarAsync(
            "SELECT has_table_privilege(to_regclass($1), 'SELECT')",
            [layout.KeyLog.ToString()],
            cancellationToken
        );
        return
            isReadable is true && await RollbackProblem.ReadAsync(connection, layout, cancellationToken) is { } problem
            ? [$"ROLLBACK IS UNAVAILABLE: {problem.Describe(layout)}"]
            : [];
    }
}

/// <summary>Opens journaled conversions.</summary>
internal sealed class ConversionOperations : IOperationFactory
{
    public string Kind => ConversionOperation.Kind;

    public IOperation Open(OperationPlan plan) =>
        plan.Strategy == AttachOperation.Strategy ? new AttachOperation(plan) : new ConversionOperation(plan);
}
