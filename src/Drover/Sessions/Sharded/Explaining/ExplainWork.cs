// EXPLAIN, from its first message to its end: each server that would have a part in the statement explains its own.
using Drover.Pooling.Servers;
using Drover.Protocol.Messages.Backend;
using Drover.Routing;
using Drover.Sessions.Sharded.Units;
using Drover.Sql;
using Drover.Telemetry.Statements;

namespace Drover.Sessions.Sharded.Explaining;

/// <summary>Runs while the session's turns stand still; the unit is at the start of its inbox.</summary>
/// <param name="session">The client's.</param>
/// <param name="branches">Its servers.</param>
/// <param name="work">Ends what was written on several shards.</param>
/// <param name="cancel">Has a server end what it runs.</param>
internal sealed class ExplainWork(
    ClientSession session,
    Branches branches,
    SpreadWork work,
    Func<ServerConnection, Task> cancel
)
{
    /// <summary>Runs it, and answers the client.</summary>
    /// <param name="unit">The unit.</param>
    /// <param name="split">What each shard gets of an INSERT; null: all.</param>
    /// <param name="isOwn">The client has begun no transaction: it is one of its own.</param>
    /// <param name="commits">It writes on several shards, which commit together.</param>
    public async ValueTask RunAsync(Unit unit, SplitInsert? split, bool isOwn, bool commits)
    {
        ExplainCall explain = unit.Explain!;
        IReadOnlyList<int> shards =
            split?.Shards ?? (unit.Spreads ? (IReadOnlyList<int>)unit.Route.Shards : [branches.Current]);
        session.QueryStartMs = session.Loop.NowMs;
        session.Inbox.Consume(explain.Call.Length);
        session.Park();
        session.Traits |= StatementScanner.Scan(explain.Call.Text.Span, session.Pool.Database.Telling.Names);
        foreach (int shard in shards)
        {
            if (!await branches.GoToAsync(shard))
            {
                return;
            }
            branches.NoteData(unit.Writes, unit.ChangesSchema);
        }
        ServerConnection[] servers = [.. shards.Select(branches.ServerOf)];
        ExplainedWay way = WayOf(unit, split, servers, shards);
        using FanOut run = new(session, explain.Call, cancel);
        FanOutResult result = await run.RunAsync(
            servers,
            [.. way.Parts.Select(part => explain.Of(part.Query))],
            isSame: false,
            new ExplainAnswer(explain.Text.Format, way).Compose
        );
        RouteRefusal? failure = result.Failure;
        if (session.End is null && failure is null && commits && isOwn)
        {
            failure = await work.EndAsync();
        }
        if (session.End is not null)
        {
            return;
        }
        if (failure is not null && !isOwn)
        {
            await work.FailAsync(servers);
        }
        work.Tell(explain.Call, result.Tag, failure, isOwn ? TransactionStatus.Idle : session.Server!.Status);
        if (isOwn)
        {
            await work.FinishAsync(servers);
        }
    }

    private static ExplainedWay WayOf(
        in Unit unit,
        SplitInsert? split,
        ServerConnection[] servers,
        IReadOnlyList<int> shards
    )
    {
        StatementTier tier =
            unit.Scatter is not null ? StatementTier.Scatter
            : unit.Spreads ? StatementTier.Divided
            : shards[0] == ShardPools.CoordinatorNumber ? StatementTier.Coordinator
            : StatementTier.One;
        ReadOnlyMemory<byte> query = unit.Scatter?.Text ?? unit.Explain!.Query.Text;
        string kind = tier == StatementTier.Coordinator ? "Coordinator" : "Shard";
        return new ExplainedWay(
            tier,
            [
                .. servers.Select(
                    (server, i) => new ExplainedPart(kind, server.Pool.Database.Name, split?.Texts[i] ?? query)
                ),
            ],
            unit.Scatter is { } scatter ? ExplainedWay.Of(scatter)
                : unit.Spreads ? ExplainedWay.Of(unit.Plan!.Spread)
                : []
        );
    }
}
