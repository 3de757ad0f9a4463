// Runs a step of many short transactions: sized by time, resting in between, each with its progress in the journal.
using Drover.Operations.Journal;
using Drover.Operations.Plans;

namespace Drover.Operations.Running;

/// <summary>One run of one batch step.</summary>
internal sealed class BatchRunner(RunScope scope, PlanStep step, IBatchStep code)
{
    private static readonly TimeSpan s_rateWindow = TimeSpan.FromSeconds(15);

    private readonly BatchPacer _pacer = new(scope.Limits);
    private readonly long _started = scope.Time.GetTimestamp();
    private long _lastAt = scope.Time.GetTimestamp();
    private double _rate;

    /// <summary>Runs batches until the step is done. False: somebody asked for something.</summary>
    public async Task<bool> RunAsync(CancellationToken stop)
    {
        while (true)
        {
            CancellationToken attention = scope.Pulse.Attention;
            if (attention.IsCancellationRequested)
            {
                return false;
            }
            using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(stop, attention);
            try
            {
                await scope.WaitForThrottleAsync(step, either.Token);
                long began = scope.Time.GetTimestamp();
                BatchResult? result = await RunBatchAsync(stop, either.Token);
                if (result is null or { IsDone: true })
                {
                    return true;
                }
                await RestAsync(result, scope.Time.GetElapsedTime(began), either.Token);
            }
            catch (OperationCanceledException) when (attention.IsCancellationRequested && !stop.IsCancellationRequested)
            {
                return false;
            }
        }
    }

    /// <returns>Null: the journal says that the step is done already.</returns>
    private async Task<BatchResult?> RunBatchAsync(CancellationToken stop, CancellationToken retryStop)
    {
        BatchResult? result = null;
        await scope.RetryAsync(
            step,
            async attempt =>
            {
                if (attempt > 1)
                {
                    _pacer.Shrink();
                }
                result = await AttemptAsync(stop);
            },
            retryStop
        );
        return result;
    }

    private async Task<BatchResult?> AttemptAsync(CancellationToken stop)
    {
        using CancellationTokenSource limit = new(step.TimeLimit ?? Timeout.InfiniteTimeSpan, scope.Time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(stop, limit.Token);
        long began = scope.Time.GetTimestamp();
        await using StepTransaction transaction = await StepTransaction.BeginAsync(
            scope,
            step,
            code.Isolation,
            either.Token
        );
        if (transaction.Row.State == StepState.Done)
        {
            return null;
        }
        BatchContext context = scope.Context(step, transaction.Row, _pacer.Budget);
        BatchResult result = await code.RunBatchAsync(context, either.Token);
        await StepJournal.AddAsync(
            scope.Connection,
            scope.Lease.RunId,
            step.Name,
            result,
            scope.Time.GetElapsedTime(began).TotalMilliseconds,
            Rate(result.Rows),
            either.Token
        );
        await transaction.CommitAsync();
        _pacer.Observe(result, scope.Time.GetElapsedTime(began));
        return result;
    }

    // A batch that found nothing to do waits for something: it need not ask at full speed. One that went through bytes
    // and found all of it done already, as a copy that begins anew, is no such batch.
    private Task RestAsync(BatchResult result, TimeSpan busy, CancellationToken cancellationToken) =>
        scope.RestAsync(
            result is { Rows: 0, Bytes: 0 } ? scope.Limits.GateInterval : scope.Throttle.RestAfter(busy),
            cancellationToken
        );

    // Rows per second over the last quarter of a minute or so, rests included.
    private double Rate(long rows)
    {
        double seconds = Math.Max(scope.Time.GetElapsedTime(_lastAt).TotalSeconds, 0.001);
        double age = scope.Time.GetElapsedTime(_started).TotalSeconds;
        double share = Math.Clamp(seconds / Math.Min(s_rateWindow.TotalSeconds, Math.Max(age, seconds)), 0, 1);
        _rate += ((rows / seconds) - _rate) * share;
        _lastAt = scope.Time.GetTimestamp();
        return _rate;
    }
}
