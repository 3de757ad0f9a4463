// A conversion whose runner dies at a step: its sessions are ended when the step has done its work, uncommitted.
using Drover.Operations;
using Drover.Operations.Plans;

namespace Drover.IntegrationTests.Partitioning.Conversion;

/// <summary>The operation, with one step that kills whoever runs it, once.</summary>
/// <param name="whole">The operation itself.</param>
/// <param name="step">The step to die at.</param>
/// <param name="kill">Ends the runner and its sessions.</param>
internal sealed class KilledOperation(IOperation whole, string step, Func<Task> kill) : IOperation
{
    private bool _isDead;

    public OperationPlan Plan => whole.Plan;

    public IStepCode? FindCode(string name) =>
        name != step
            ? whole.FindCode(name)
            : whole.FindCode(name) switch
            {
                ITransactionStep transaction => new Transaction(this, transaction),
                IBatchStep batches => new Batches(this, batches),
                IAutocommitStep autocommit => new Autocommit(this, autocommit),
                var other => other,
            };

    private async Task KillAsync()
    {
        if (!_isDead)
        {
            _isDead = true;
            await kill();
        }
    }

    private sealed class Transaction(KilledOperation killed, ITransactionStep code) : ITransactionStep
    {
        public async Task RunAsync(StepContext context, CancellationToken cancellationToken)
        {
            await code.RunAsync(context, cancellationToken);
            await killed.KillAsync();
        }
    }

    private sealed class Batches(KilledOperation killed, IBatchStep code) : IBatchStep
    {
        public async Task<BatchResult> RunBatchAsync(BatchContext context, CancellationToken cancellationToken)
        {
            BatchResult result = await code.RunBatchAsync(context, cancellationToken);
            await killed.KillAsync();
            return result;
        }
    }

    private sealed class Autocommit(KilledOperation killed, IAutocommitStep code) : IAutocommitStep
    {
        public async Task<IReadOnlyList<AutocommitStatement>> ListAsync(
            StepContext context,
            CancellationToken cancellationToken
        )
        {
            IReadOnlyList<AutocommitStatement> statements = await code.ListAsync(context, cancellationToken);
            await killed.KillAsync();
            return statements;
        }
    }
}
