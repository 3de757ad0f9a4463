// Whether an index gives what was expected of it: plans before and after, and measured times if there is time to wait.
using System.Text.Json;
using Drover.Advice.Indexes;
using Npgsql;

namespace Drover.Advice.Building;

/// <summary>A statement before and after.</summary>
/// <param name="Statement">The statement.</param>
/// <param name="CostBefore">By the planner; 0 where there was no plan.</param>
/// <param name="CostAfter">The same with the index.</param>
/// <param name="MsBefore">Mean time of one call, measured; 0 where nothing is known.</param>
/// <param name="MsAfter">The same since the index is there; null where it was not called, or nobody waited.</param>
internal sealed record GainedStatement(
    StudiedStatement Statement,
    double CostBefore,
    double CostAfter,
    double MsBefore,
    double? MsAfter
);

/// <summary>Looks at the statements that an index is for.</summary>
internal sealed class IndexGain
{
    private readonly IReadOnlyList<HelpedStatement> _helped;
    private readonly double[] _costs;
    private readonly (long Calls, double Ms)[] _times;

    private IndexGain(IReadOnlyList<HelpedStatement> helped, double[] costs, (long, double)[] times) =>
        (_helped, _costs, _times) = (helped, costs, times);

    /// <summary>Notes how it is before the index is built.</summary>
    public static async Task<IndexGain> BeforeAsync(
        NpgsqlConnection connection,
        IReadOnlyList<HelpedStatement> helped,
        CancellationToken cancellation
    ) =>
        new(
            helped,
            await CostsAsync(connection, helped, cancellation),
            await TimesAsync(connection, helped, cancellation)
        );

    /// <summary>How it is now.</summary>
    /// <param name="connection">The database's.</param>
    /// <param name="isMeasured">Time has passed since: times say something too.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task<IReadOnlyList<GainedStatement>> AfterAsync(
        NpgsqlConnection connection,
        bool isMeasured,
        CancellationToken cancellation
    )
    {
        double[] costs = await CostsAsync(connection, _helped, cancellation);
        (long Calls, double Ms)[] times = await TimesAsync(connection, _helped, cancellation);
        return
        [
            .. _helped.Select(
                (one, i) =>
                {
                    // Counters that were reset meanwhile begin at nothing.
                    bool isReset = times[i].Calls < _times[i].Calls;
                    long calls = times[i].Calls - (isReset ? 0 : _times[i].Calls);
                    double ms = times[i].Ms - (isReset ? 0 : _times[i].Ms);
                    return new GainedStatement(
                        one.Statement,
                        _costs[i],
                        costs[i],
                        _times[i].Calls > 0 ? _times[i].Ms / _times[i].Calls : 0,
                        isMeasured && calls > 0 ? ms / calls : null
                    );
                }
            ),
        ];
    }

    /// <summary>
    /// The share of what was promised that came: by measured times where there are any, else by cost. Statements count
    /// by the time that they took.
    /// </summary>
    public double ShareOf(IReadOnlyList<GainedStatement> gained)
    {
        double promised = 0;
        double came = 0;
        for (int i = 0; i < gained.Count; i++)
        {
            (GainedStatement one, HelpedStatement plan) = (gained[i], _helped[i]);
            double weight = one.Statement.Load.Milliseconds;
            promised += weight * (1 - (plan.After / plan.Before));
            came += one switch
            {
                { MsAfter: { } after, MsBefore: > 0 } => weight * (1 - (after / one.MsBefore)),
                { CostBefore: > 0 } => weight * (1 - (one.CostAfter / one.CostBefore)),
                _ => 0,
            };
        }
        return promised > 0 ? came / promised : 1;
    }

    private static async Task<double[]> CostsAsync(
        NpgsqlConnection connection,
        IReadOnlyList<HelpedStatement> helped,
        CancellationToken cancellation
    )
    {
        await using PlanSession session = await PlanSession.OpenAsync(connection, cancellation);
        double[] costs = new double[helped.Count];
        for (int i = 0; i < costs.Length; i++)
        {
            using JsonDocument? plan = await session.PlanAsync(helped[i].Statement, cancellation);
            costs[i] = plan is null ? 0 : PlanSession.CostOf(plan);
        }
        return costs;
    }

    private static async Task<(long Calls, double Ms)[]> TimesAsync(
        NpgsqlConnection connection,
        IReadOnlyList<HelpedStatement> helped,
        CancellationToken cancellation
    )
    {
        if (helped.Count == 0)
        {
            return [];
        }
        Dictionary<string, (long, double)> all = await Workload.TimesAsync(
            connection,
            [.. helped.Select(static one => one.Statement.Load.Original)],
            cancellation
        );
        return [.. helped.Select(one => all.GetValueOrDefault(one.Statement.Load.Original))];
    }
}
