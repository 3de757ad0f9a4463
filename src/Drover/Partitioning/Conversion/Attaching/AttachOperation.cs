// A conversion that attaches, as the engine runs it: the plan's steps with their code.
using Drover.Operations;
using Drover.Operations.Plans;
using Drover.Partitioning.Conversion.Steps;

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
}
