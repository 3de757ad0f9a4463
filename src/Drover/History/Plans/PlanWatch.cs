// Looks at the plans of a server's statements every few minutes.
using Drover.Advice.Indexes;
using Drover.Advice.Plans;
using Drover.History.Sampling;
using Npgsql;

namespace Drover.History.Plans;

/// <summary>
/// Knows what each statement had done at the last look, so that what it does between two looks can be counted for the
/// plan that both have found; what it does around a change counts for neither. Not safe for several threads.
/// </summary>
internal sealed class PlanWatch(HistoryLimits limits, TimeProvider time)
{
    private readonly PlanReader _reader = new(limits.PlansMax, limits.PlanTime, time);
    private readonly Rest _rest = new(limits.PlanPeriod, limits.RestFactor, time);
    private Dictionary<long, WorkloadStatement> _before = [];
    private ServerIdentity? _identity;

    /// <summary>A look is due.</summary>
    public bool IsDue => _rest.IsDue;

    /// <summary>What is not permitted or missing, with what would give it; empty when nothing is.</summary>
    public string Problem { get; private set; } = "";

    /// <summary>What was done since the last look is not known: another Drover kept the plans, or nobody.</summary>
    public void Forget() => _before = [];

    /// <summary>Looks.</summary>
    public async Task<IReadOnlyList<SeenPlan>> LookAsync(
        NpgsqlConnection connection,
        ServerIdentity identity,
        CancellationToken cancellation
    )
    {
        _rest.Begin();
        if (identity != _identity)
        {
            // Another run of the server may count from nothing.
            _before = [];
            _identity = identity;
        }
        PlanLook look = await _reader.LookAsync(connection, cancellation);
        Problem = look.Problem ?? "";
        SeenPlan[] seen =
        [
            .. look.Planned.Select(one => new SeenPlan(one.Load.Id, Shortened(one.Load), one.Plan, DoneBy(one.Load))),
        ];
        // One that had no turn keeps what it had done when it last had one.
        HashSet<long> planned = [.. seen.Select(static one => one.Statement)];
        _before = look
            .Statements.Select(one => planned.Contains(one.Id) ? one : _before.GetValueOrDefault(one.Id))
            .OfType<WorkloadStatement>()
            .DistinctBy(static one => one.Id)
            .ToDictionary(static one => one.Id);
        _rest.End();
        return seen;
    }

    // Fewer calls than before are a reset, as in StatementTotals.
    private (long Calls, double TotalMs)? DoneBy(WorkloadStatement now) =>
        !_before.TryGetValue(now.Id, out WorkloadStatement? before) ? null
        : now.Calls < before.Calls ? (now.Calls, now.Milliseconds)
        : (now.Calls - before.Calls, Math.Max(0, now.Milliseconds - before.Milliseconds));

    private string Shortened(WorkloadStatement load)
    {
        string line = StudiedStatement.OnOneLine(StatementText.WithoutValues(load.Original));
        return line.Length <= limits.StatementTextMax ? line : line[..limits.StatementTextMax];
    }
}
