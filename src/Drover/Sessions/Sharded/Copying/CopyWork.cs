// COPY of a table that is on several shards, from its first message to its end.
using Drover.Pooling.Servers;
using Drover.Protocol.Framing;
using Drover.Protocol.Messages.Backend;
using Drover.Routing;
using Drover.Routing.Copying;
using Drover.Sql;

namespace Drover.Sessions.Sharded.Copying;

/// <summary>Runs while the session's turns stand still; the unit is at the start of its inbox.</summary>
/// <param name="session">The client's.</param>
/// <param name="branches">Its servers.</param>
/// <param name="work">Ends what was written on several shards.</param>
/// <param name="cancel">Has a server end what it runs.</param>
internal sealed class CopyWork(
    ClientSession session,
    Branches branches,
    SpreadWork work,
    Func<ServerConnection, Task> cancel
)
{
    /// <summary>Runs a COPY, and answers the client.</summary>
    /// <param name="call">The statement.</param>
    /// <param name="plan">What it says.</param>
    /// <param name="shards">Where.</param>
    /// <param name="isOwn">The client has begun no transaction: it is one of its own.</param>
    public async ValueTask RunAsync(StatementCall call, CopyPlan plan, IReadOnlyList<int> shards, bool isOwn)
    {
        session.Inbox.Consume(call.Length);
        session.Park();
        session.Traits |= StatementScanner.Scan(call.Text.Span, session.Pool.Database.Telling.Names);
        foreach (int shard in shards)
        {
            if (!await branches.GoToAsync(shard))
            {
                return;
            }
            branches.NoteData(isWritten: plan.IsFrom);
        }
        ServerConnection[] servers = [.. shards.Select(branches.ServerOf)];
        if (plan.IsFrom)
        {
            await TakeAsync(call, plan, servers, shards, isOwn);
        }
        else
        {
            await GiveAsync(call, plan, servers, isOwn);
        }
    }

    private async ValueTask TakeAsync(
        StatementCall call,
        CopyPlan plan,
        ServerConnection[] servers,
        IReadOnlyList<int> shards,
        bool isOwn
    )
    {
        using CopyIn copy = new(session, plan, servers, shards, cancel);
        byte[]? text = plan.Key is null ? call.Text.ToArray() : CopyRules.NameColumns(call.Text.Span, plan);
        FanOutResult result = text is null
            ? new FanOutResult([], Refusals.Construct("COPY whose table is not where it is looked for"))
            : await copy.RunAsync(text, writer => call.WriteHead(writer, default));
        RouteRefusal? failure = result.Failure;
        if (session.End is null && failure is null && isOwn)
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
        session.Ignore(copy.Left);
        // Behind its rows the client sends a Sync of its own, and is answered when that is there.
        bool awaitsSync = copy.HasBegun && !call.IsQuery;
        MessageWriter writer = session.Loop.ClientAssembly;
        if (failure is not null)
        {
            work.WriteError(writer, failure);
        }
        else
        {
            CommandComplete.Write(writer, result.Tag);
        }
        if (!awaitsSync)
        {
            ReadyForQuery.Write(writer, isOwn ? TransactionStatus.Idle : session.Server!.Status);
        }
        else if (failure is not null)
        {
            session.SkipToSync();
        }
        work.Send(writer);
        if (isOwn)
        {
            await work.FinishAsync(servers);
        }
    }

    private async ValueTask GiveAsync(StatementCall call, CopyPlan plan, ServerConnection[] servers, bool isOwn)
    {
        using FanOut copy = new(session, call, cancel, new CopyOutput(plan.Form));
        FanOutResult result = await copy.RunAsync(servers, [.. servers.Select(_ => call.Text)], isSame: false);
        if (session.End is not null)
        {
            return;
        }
        if (result.Failure is not null && !isOwn)
        {
            await work.FailAsync(servers);
        }
        TransactionStatus status = isOwn ? TransactionStatus.Idle : session.Server!.Status;
        work.Tell(call, result.Tag, result.Failure, status);
        if (isOwn)
        {
            await work.FinishAsync(servers);
        }
    }
}
