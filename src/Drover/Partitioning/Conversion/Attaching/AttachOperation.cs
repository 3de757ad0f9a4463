// A conversion that attaches, as the engine runs it: the plan's steps with their code.
using Drover.Operations;
using Drover.Operations.Connections;
using Drover.Operations.Plans;
using Drover.Partitioning.Conversion.Steps;
using Npgsql;

namespace Drover.Partitioning.Conversion.Attaching;

/// <summary>The operation of a plan whose strategy is <see cref="Strategy"/>.</summary>
internal sealed class AttachOperation : IOperation
{
    /// <summary>The old table becomes the first partition.</summary>
    public const string Strategy = "attach";

    private readonly Dictionary<string, IStepCode> _code;

    /// <summary>Opens a plan.</summary>
    public AttachOperation(OperationPlan plan)
    {
        Plan = plan;
        ConversionSettings settings = ConversionSettings.Of(plan);
        string fingerprint = plan.CatalogFingerprint;
        _code = new Dictionary<string, IStepCode>
        {
            [ConversionSteps.CreateTarget] = new CreateTargetStep(settings, fingerprint),
            [ConversionSteps.BuildIndexes] = new IndexSteps(settings, attach: false),
            [AttachSteps.BuildKeys] = new BuildKeysStep(settings),
            [AttachSteps.Bind] = new BindStep(settings),
            [ConversionSteps.Ready] = new BoundGuard(settings),
            [ConversionSteps.BuildIndexes + ConversionSteps.Again] = new IndexSteps(settings, attach: false),
            [AttachSteps.BuildKeys + ConversionSteps.Again] = new BuildKeysStep(settings),
            [AttachSteps.Bind + ConversionSteps.Again] = new BindStep(settings),
            [ConversionSteps.CutOver] = new AttachStep(settings, fingerprint),
            [ConversionSteps.CutOver + ConversionSteps.Back] = new DetachStep(settings),
            [ConversionSteps.Watching] = new OutsideWatch(settings),
            [ConversionSteps.Finish] = new FinishStep(settings),
        };
    }

    public OperationPlan Plan { get; }

    public IStepCode? FindCode(string step) => _code.GetValueOrDefault(step);

    public async Task<IReadOnlyList<string>> WarnAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        ConversionLayout layout = ConversionSettings.Of(Plan).Layout;
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellationToken);
        object? isReadable = await connection.ScalarAsync(
            "SELECT bool_and(has_table_privilege(inhrelid, 'SELECT')) FROM pg_inherits "
                + "WHERE inhparent = to_regclass($1)",
            [layout.Table.ToString()],
            cancellationToken
        );
        long outside = isReadable is true ? await OutsideWatch.CountAsync(connection, layout, cancellationToken) : 0;
        return outside > OutsideWatch.RowsMax ? [$"ROLLBACK IS UNAVAILABLE: {OutsideWatch.TooMany(outside)}"] : [];
    }
}
