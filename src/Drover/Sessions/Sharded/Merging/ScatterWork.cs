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
    private bool _wasStale;

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
        ScatterResult result;
        using (ScatterRun run = new(session, scatter, cancel))
        {
            result = await run.RunAsync(servers);
        }
        if (session.End is not null)
        {
            return;
        }
        RouteRefusal? failure = result.Failure;
        if (result is { IsStale: true, Failure: null })
        {
            failure = _wasStale ? ShardRefusals.OrderUnknown : null;
            _wasStale = !_wasStale;
            if (_wasStale)
            {
                session.Park();
                await database.Refresh.RequestAsync(isPressing: true);
                await FinishAsync(servers, isOwn);
                return;
            }
        }
        _wasStale = false;
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

    private ValueTask FinishAsync(ServerConnection[] servers, bool isOwn) =>
        isOwn ? work.FinishAsync(servers) : ValueTask.CompletedTask;
}
