// What needs several shards at once: a statement that writes on them, and the end of a transaction that did.
using Drover.Pooling.Servers;
using Drover.Protocol.Framing;
using Drover.Protocol.Messages.Backend;
using Drover.Routing;
using Drover.Sessions.Sharded.Units;
using Drover.Sql;

namespace Drover.Sessions.Sharded;

/// <summary>Runs while the session's turns stand still; the unit is at the start of its inbox.</summary>
/// <param name="session">The client's.</param>
/// <param name="branches">Its servers.</param>
/// <param name="database">What is known of the database.</param>
/// <param name="cancel">Has a server end what it runs.</param>
internal sealed class SpreadWork(
    ClientSession session,
    Branches branches,
    ShardedDatabaseState database,
    Func<ServerConnection, Task> cancel
)
{
    /// <summary>Runs a statement on several shards, and answers the client.</summary>
    /// <param name="call">The statement.</param>
    /// <param name="unit">The unit that it is alone in.</param>
    /// <param name="shards">Where.</param>
    /// <param name="isOwn">The client has begun no transaction: it is one of its own.</param>
    /// <param name="split">What each shard gets of it; null: all.</param>
    public async ValueTask RunAsync(
        StatementCall call,
        Unit unit,
        IReadOnlyList<int> shards,
        bool isOwn,
        SplitInsert? split = null
    )
    {
        Spread spread = unit.Plan!.Spread;
        session.Inbox.Consume(call.Length);
        session.Park();
        session.Traits |= StatementScanner.Scan(call.Text.Span, session.Pool.Database.Telling.Names);
        foreach (int shard in shards)
        {
            if (!await branches.GoToAsync(shard))
            {
                return;
            }
            branches.NoteData(isWritten: true, unit.ChangesSchema);
        }
        ServerConnection[] servers = [.. shards.Select(branches.ServerOf)];
        using FanOut work = new(session, call, cancel);
        FanOutResult result = await work.RunAsync(
            servers,
            split?.Texts ?? [.. servers.Select(_ => call.Text)],
            isSame: spread is Spread.Alike or Spread.AlikeWithoutTransaction,
            split is null ? null : split.InOrder
        );
        RouteRefusal? failure = result.Failure;
        if (session.End is null && failure is null && isOwn && spread != Spread.AlikeWithoutTransaction)
        {
            failure = await EndAsync();
        }
        if (session.End is not null)
        {
            return;
        }
        if (session.Traits.HasFlag(StatementTraits.ChangesCatalog))
        {
            foreach (ServerConnection server in servers)
            {
                server.Pool.Database.Telling.Expire();
            }
            _ = database.Refresh.RequestAsync();
        }
        if (isOwn)
        {
            await SettleSchemaAsync();
        }
        if (failure is not null && !isOwn)
        {
            await FailAsync(servers);
        }
        Tell(call, result.Tag, failure, isOwn ? TransactionStatus.Idle : session.Server!.Status);
        if (isOwn)
        {
            await branches.FinishAsync();
        }
    }

    /// <summary>COMMIT of a transaction that has written on several shards.</summary>
    /// <param name="unit">The client's messages.</param>
    /// <param name="isInScript">A Sync of the proxy's own follows, and ReadyForQuery is its answer.</param>
    public async ValueTask CommitAsync(byte[] unit, bool isInScript)
    {
        session.Inbox.Consume(unit.Length);
        session.Park();
        RouteRefusal? failure = await EndAsync();
        await SettleSchemaAsync();
        if (session.End is not null)
        {
            return;
        }
        MessageWriter writer = session.Loop.ClientAssembly;
        if (failure is not null)
        {
            WriteError(writer, failure);
            if (isInScript)
            {
                session.SkipToSync();
            }
            else
            {
                ReadyForQuery.Write(writer, TransactionStatus.Idle);
            }
        }
        else if (!Answer(writer, unit, isInScript))
        {
            writer.Clear();
            session.End = new SessionEnd("COMMIT in a batch with something else", Protocol.SqlState.InternalError);
            return;
        }
        Send(writer);
        await branches.FinishAsync();
    }

    private bool Answer(MessageWriter writer, byte[] unit, bool isInScript) =>
        ControlAnswer.TryWrite(writer, unit, "COMMIT"u8, TransactionStatus.Idle, session, isInScript: isInScript);

    /// <summary>What has changed the schema is over, and everybody is told.</summary>
    public async ValueTask SettleSchemaAsync()
    {
        if (branches.HasChangedSchema && database.Schema is { } schema)
        {
            session.Park();
            await schema.SettleAsync();
            branches.NoteSchemaSettled();
        }
    }

    /// <summary>Commits on every shard, or on none. Null when it did.</summary>
    public async ValueTask<RouteRefusal?> EndAsync()
    {
        if (branches.IsFailed)
        {
            return ShardRefusals.TransactionFailed;
        }
        IReadOnlyList<Branch> writers = branches.Writers();
        RouteRefusal? failure =
            writers.Count > 1
                ? await new AtomicCommit(session, database.Decisions!).RunAsync(writers)
                : await CommitOneAsync(writers[0].Server);
        if (failure is null)
        {
            await branches.KeepSettingsAsync();
        }
        return failure;
    }

    private async ValueTask<RouteRefusal?> CommitOneAsync(ServerConnection server)
    {
        ServerQueryResult result = await ServerQuery.RunAsync(server, session.Wakeup, SessionProbe.Limit, "COMMIT");
        return result.Failure is { } failure
                ? new RouteRefusal(failure.SqlState, failure.Message, failure.Detail, failure.Hint)
            : result.IsLost ? ShardRefusals.InDoubt
            // COMMIT of a transaction that has failed is a ROLLBACK, without an error.
            : result.Tag != "COMMIT" ? ShardRefusals.RolledBack(server.Pool.Database.Name)
            : null;
    }

    /// <summary>
    /// The client's transaction has failed on one shard, so it has on all: the session looks at one that says so.
    /// </summary>
    public async ValueTask FailAsync(ServerConnection[] servers)
    {
        ServerConnection failed =
            servers.FirstOrDefault(static server => server.Status == TransactionStatus.Failed) ?? servers[0];
        await branches.GoToAsync(branches.ShardOf(failed));
        if (session.End is null)
        {
            await branches.FailAsync(failed);
            await branches.FailOthersAsync();
        }
    }

    /// <summary>A transaction of its own is over; a shard that was lost in it is not the session's end.</summary>
    public async ValueTask FinishAsync(ServerConnection[] servers)
    {
        if (session.Server!.IsDying && servers.FirstOrDefault(static server => !server.IsDying) is { } living)
        {
            await branches.GoToAsync(branches.ShardOf(living));
        }
        await branches.FinishAsync();
    }

    /// <summary>Answers behind the rows.</summary>
    public void Tell(StatementCall call, byte[] tag, RouteRefusal? failure, TransactionStatus status)
    {
        MessageWriter writer = session.Loop.ClientAssembly;
        if (failure is null)
        {
            if (!session.Shards!.TryHold(tag))
            {
                call.WriteTail(writer, tag);
            }
        }
        else
        {
            call.WriteReached(writer);
            WriteError(writer, failure);
        }
        if (call.EndsBatch)
        {
            ReadyForQuery.Write(writer, status);
        }
        Send(writer);
    }

    /// <summary>Writes an error, and counts it.</summary>
    public void WriteError(MessageWriter writer, RouteRefusal failure)
    {
        session.Traffic.RecordError(System.Text.Encoding.ASCII.GetBytes(failure.SqlState));
        ErrorResponse.Write(
            writer,
            "ERROR",
            failure.SqlState,
            failure.Message,
            failure.Detail,
            failure.Hint,
            context: failure.Context
        );
    }

    /// <summary>Sends an answer.</summary>
    public void Send(MessageWriter writer)
    {
        if (!session.Outbox.Send(session.Client, writer.Written))
        {
            session.End ??= SessionEnd.ClientLost;
        }
        writer.Clear();
    }
}
