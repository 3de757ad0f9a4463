// What a client of a sharded database runs, as statistics have it.
using Drover.Routing;
using Drover.Sessions.Sharded.Units;
using Drover.Telemetry.Statements;

namespace Drover.Sessions.Sharded.Statistics;

/// <summary>
/// Counts statements by tier, and times those that take several servers. One per session. Of a statement that one shard
/// runs nothing is kept.
/// </summary>
internal sealed class StatementWatch(ClientSession session, CrossShardStatistics statistics)
{
    /// <summary>Those that the coordinator has not answered yet.</summary>
    private readonly List<(string Statement, int Shards, long StartUs)> _asked = [];

    /// <summary>A unit goes to the server that the session looks at.</summary>
    public void Note(in Unit unit, int shard)
    {
        if (unit.IsPrelude || unit.HasControl)
        {
            return;
        }
        bool isCoordinated = shard == ShardPools.CoordinatorNumber;
        statistics.Count(isCoordinated ? StatementTier.Coordinator : StatementTier.One, session.Loop.Index);
        if (isCoordinated && unit.Plan is { } plan)
        {
            int shards = unit.Route.Kind is RouteKind.Many or RouteKind.All
                ? unit.Route.Shards.Length
                : plan.Map.Shards.Length;
            _asked.Add((plan.Normalized ?? "", shards, session.Loop.NowUs));
        }
    }

    /// <summary>The server that the session looks at owes nothing any more.</summary>
    public void NoteAnswered()
    {
        foreach ((string statement, int shards, long startUs) in _asked)
        {
            statistics.Record(statement, StatementTier.Coordinator, shards, session.Loop.NowUs - startUs);
        }
        _asked.Clear();
    }

    /// <summary>Several shards have run it.</summary>
    /// <param name="unit">The unit.</param>
    /// <param name="shards">How many.</param>
    /// <param name="startUs">When it was begun.</param>
    public void NoteSpread(in Unit unit, int shards, long startUs)
    {
        bool isRead = unit.Scatter is not null || unit.Plan!.Copy is { IsFrom: false };
        StatementTier tier = isRead ? StatementTier.Scatter : StatementTier.Divided;
        statistics.Count(tier, session.Loop.Index);
        statistics.Record(unit.Plan!.Normalized ?? "", tier, shards, session.Loop.NowUs - startUs);
    }
}
