// Work of a run that waits for the cut-over: it stays equal, and takes over what the table gets meanwhile.
using Drover.Operations;
using Drover.Operations.Connections;
using Drover.Partitioning.Conversion.Drift;

namespace Drover.Partitioning.Conversion.Steps;

/// <summary>Sweeps, and looks at the catalogs now and then, so that a cut-over need not build an index first.</summary>
internal sealed class ReadyStep(ConversionSettings settings) : IGateStep
{
    // Half a minute at the engine's default; a look reads a dozen catalogs.
    private const int BatchesBetweenLooks = 60;

    private readonly SweepStep _sweep = new(settings.Layout, settings.Layout.Table, settings.Layout.NewTable);

    public async Task<BatchResult> TendAsync(BatchContext context, CancellationToken cancellationToken)
    {
        if (context.Number % BatchesBetweenLooks == 1)
        {
            await LookAsync(context, cancellationToken);
        }
        return await _sweep.RunBatchAsync(context, cancellationToken);
    }

    // What cannot be taken over fails the cut-over, not the waiting: it may be undone until then.
    private async Task LookAsync(BatchContext context, CancellationToken cancellationToken)
    {
        DriftCheck check = new(settings, context);
        (_, TableDrift drift) = await check.ReadAsync(cancellationToken);
        if (drift.Obstacles.IsEmpty)
        {
            if (!drift.IsNone)
            {
                throw new StepsAgainException(ConversionSteps.Adopt, string.Join("; ", drift.Changes));
            }
            return;
        }
        string message = check.Explain(drift);
        object? said = await context.Connection.ScalarAsync(
            "SELECT 1 FROM drover.events WHERE run_id = $1 AND kind = 'table-changed' AND message = $2 LIMIT 1",
            [context.RunId, message],
            cancellationToken
        );
        if (said is null)
        {
            await context.WriteEventAsync("table-changed", message, cancellationToken);
        }
    }
}
