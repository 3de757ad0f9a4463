// Whether a client may ask several shards at once, and who hears of it.
using Drover.Configuration;
using Drover.Protocol;
using Drover.Protocol.Framing;
using Drover.Protocol.Messages.Backend;
using Drover.Routing;
using Drover.Sessions.Sharded.Units;
using Drover.Sql.Statements;
using Drover.Telemetry;
using Microsoft.Extensions.Logging;

namespace Drover.Sessions.Sharded;

/// <summary>
/// Holds a client to <c>cross_shard</c>: its user's, else its database's, as a reload left them. It is about statements
/// that several shards run, or the coordinator; not about transactions that come to several shards one by one.
/// </summary>
internal sealed class CrossShardGuard(ClientSession session, ShardPools pools, ClientServices services)
{
    /// <summary>An UPDATE that sets another sharding key moves the rows.</summary>
    public bool MovesKeys => Options?.KeyUpdate == KeyUpdate.Move;

    private CrossShard Policy => session.Identity.User.Options?.CrossShard ?? Options?.CrossShard ?? CrossShard.Allow;

    private ShardedDatabaseOptions? Options =>
        services.Options.Sharded.FirstOrDefault(one => one.Name == session.Identity.Database.Name);

    /// <summary>Why a unit that needs several shards may not; null if it may.</summary>
    public RouteRefusal? Refuse(in Unit unit) =>
        IsCross(unit) && Policy == CrossShard.Deny ? ShardRefusals.CrossShardDenied : null;

    /// <summary>Tells the log and the client of a unit that several shards or the coordinator will run.</summary>
    /// <param name="unit">The unit.</param>
    /// <param name="isQuiet">No message to the client is on its way.</param>
    public void Tell(in Unit unit, bool isQuiet)
    {
        if (!IsCross(unit) || Policy != CrossShard.Warn)
        {
            return;
        }
        services.CrossShardLines.Write(services.Log, session, unit.Plan!);
        if (isQuiet)
        {
            using MessageWriter writer = new(SessionLimits.UnreadAnswerBytesMax);
            NoticeResponse.Write(
                writer,
                "WARNING",
                SqlState.Warning,
                "the statement needs more than one shard",
                hint: ShardRefusals.CrossShardHint
            );
            session.Outbox.Send(session.Client, writer.Written);
        }
    }

    private bool IsCross(in Unit unit) =>
        (pools.Coordinates(unit) || unit is { Spreads: true, Route.Kind: RouteKind.Many or RouteKind.All })
        // EXPLAIN by itself runs nothing.
        && unit.Explain is not { Text.IsAnalyze: false };
}

/// <summary>What the log says of statements that need several shards: now and then one, of all clients.</summary>
internal sealed class CrossShardLog(TimeProvider time)
{
    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(10);

    private long _next = long.MinValue;
    private int _leftOut;

    /// <summary>Writes a line, or counts it. Any thread may call it.</summary>
    /// <param name="log">The log.</param>
    /// <param name="session">Whose statement it is.</param>
    /// <param name="plan">What it is; its text may have values in it, and is not told.</param>
    public void Write(ILogger log, ClientSession session, StatementPlan plan)
    {
        long now = time.GetTimestamp();
        long next = Volatile.Read(ref _next);
        long after = now + (long)(s_pause.TotalSeconds * time.TimestampFrequency);
        if (now < next || Interlocked.CompareExchange(ref _next, after, next) != next)
        {
            Interlocked.Increment(ref _leftOut);
            return;
        }
        StatementFacts facts = plan.Statements[0];
        string tables = string.Join(", ", facts.Tables.Select(static table => table.Name).Distinct());
        LogPool.CrossShard(
            log,
            session.Identity.Database.Name,
            session.Identity.User.Name,
            facts.Kind == StatementKind.Utility ? facts.NodeName : facts.Kind.ToString(),
            tables,
            Interlocked.Exchange(ref _leftOut, 0)
        );
    }
}
