// A read of several shards, from its first message to its end.
using Drover.Pooling.Servers;
using Drover.Protocol.Messages.Backend;
using Drover.Routing;
using Drover.Sql;

namespace Drover.Sessions.Sharded.Merging;

/// <summary>Runs while the session's turns stand still; the unit is at the start of its inbox.</summary>
/// <param name="session">The client's.</param>
/// <param name="branches">Its servers.</param>
/// <param name="work">Answers behind the rows.</param>
/// <param name="database">What is known of the database.</param>
/// <param name="cancel">Has a server end what it runs.</param>
internal sealed class ScatterWork(
    ClientSession session,
    Branches branches,
    SpreadWork work,
    ShardedDatabaseState database,
    Func<ServerConnection, Task> cancel
)
{
    /// <summary>What has an effect on how a value is written, or on what a day is.</summary>
    private static readonly string[] s_styles = ["TimeZone", "DateStyle", "IntervalStyle"];

    /// <summary>The statement whose answer was not what the catalogs had said.</summary>
    private byte[] _stale = [];

    /// <summary>
    /// Runs it, and answers the client; or, once, has the catalogs looked at again and leaves it where it is.
    /// </summary>
    /// <param name="scatter">What is read.</param>
    /// <param name="shards">Where.</param>
    /// <param name="isOwn">The client has begun no transaction: each shard's part is one of its own.</param>
    public async ValueTask RunAsync(ScatterCall scatter, IReadOnlyList<int> shards, bool isOwn)
    {
        long startUs = session.Loop.NowUs;
        session.QueryStartMs = session.Loop.NowMs;
        session.Park();
        session.Traits |= StatementScanner.Scan(scatter.Call.Text.Span, session.Pool.Database.Telling.Names);
        foreach (int shard in shards)
        {
            if (!await branches.GoToAsync(shard))
            {
                return;
            }
            branches.NoteData(isWritten: false);
        }
        ServerConnection[] servers = [.. shards.Select(branches.ServerOf)];
        ScatterResult result = AreAlike(servers)
            ? await ReadAsync(scatter, servers)
            : new ScatterResult([], ShardRefusals.SettingsDiffer, false);
        if (session.End is not null)
        {
            return;
        }
        RouteRefusal? failure = result.Failure;
        if (result is { IsStale: true, Failure: null })
        {
            if (_stale.AsSpan().SequenceEqual(scatter.Call.Text.Span))
            {
                failure = ShardRefusals.OrderUnknown;
            }
            else
            {
                _stale = scatter.Call.Text.ToArray();
                session.Park();
                await database.Refresh.RequestAsync(isPressing: true);
                await FinishAsync(servers, isOwn);
                return;
            }
        }
        _stale = [];
        session.Inbox.Consume(scatter.Call.Length);
        session.Traffic.RecordQuery(session.Loop.NowUs - startUs);
        session.Traffic.Scatters++;
        if (failure is not null && !isOwn)
        {
            await work.FailAsync(servers);
        }
        TransactionStatus status = isOwn ? TransactionStatus.Idle : session.Server!.Status;
        work.Tell(scatter.Call, result.Tag, failure, status);
        await FinishAsync(servers, isOwn);
    }

    private async ValueTask<ScatterResult> ReadAsync(ScatterCall scatter, ServerConnection[] servers)
    {
        using ScatterRun run = new(session, scatter, cancel);
        return await run.RunAsync(servers);
    }

    private static bool AreAlike(ServerConnection[] servers) =>
        servers.All(server =>
            ReferenceEquals(server.Reported, servers[0].Reported)
            || s_styles.All(style => Find(server, style) == Find(servers[0], style))
        );

    private static string? Find(ServerConnection server, string name) =>
        server.Reported.TryFind(name, out string? value) ? value : null;

    private ValueTask FinishAsync(ServerConnection[] servers, bool isOwn) =>
        isOwn ? work.FinishAsync(servers) : ValueTask.CompletedTask;
}
