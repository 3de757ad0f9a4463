// The end of a batch that was taken apart: committed everywhere, or rolled back everywhere.
using Drover.Protocol.Framing;
using Drover.Protocol.Messages.Backend;
using Drover.Routing;
using Drover.Sql;

namespace Drover.Sessions.Sharded.Pipelines;

/// <summary>Runs while the session's turns stand still, and its server is quiet.</summary>
internal sealed class PipelineEnd(
    ClientSession session,
    ShardedDatabaseState database,
    Branches branches,
    SpreadWork work,
    Pipeline pipeline
)
{
    /// <summary>
    /// The client's Sync has come, and is at the start of the inbox: commits the batch's own transaction.
    /// </summary>
    public async ValueTask CommitAsync()
    {
        session.Inbox.Consume(MessageHeader.Size);
        session.Park();
        RouteRefusal? failure = branches.HasWritten ? await work.EndAsync() : null;
        await work.SettleSchemaAsync();
        if (session.End is not null)
        {
            return;
        }
        if (session.Traits.HasFlag(StatementTraits.ChangesCatalog))
        {
            branches.ExpireNames();
            _ = database.Refresh.RequestAsync();
        }
        byte[]? held = pipeline.HeldTag;
        pipeline.End();
        Rest();
        MessageWriter writer = session.Loop.ClientAssembly;
        if (failure is not null)
        {
            work.WriteError(writer, failure);
        }
        else if (held is not null)
        {
            CommandComplete.Write(writer, held);
        }
        ReadyForQuery.Write(writer, TransactionStatus.Idle);
        work.Send(writer);
        await branches.LeaveLostAsync();
        await branches.FinishAsync();
    }

    /// <summary>A statement has failed, and its client knows: what it sends up to its Sync is passed over.</summary>
    public async ValueTask FailAsync()
    {
        if (pipeline.IsOwn)
        {
            await RollBackAsync();
        }
        else
        {
            await branches.FailOthersAsync();
        }
        pipeline.End();
        Rest();
        await LeaveIdleAsync();
        session.SkipToSync();
    }

    /// <summary>A statement of a batch that is a transaction by itself cannot run: the client is told.</summary>
    public async ValueTask RefuseAsync(RouteRefusal refusal)
    {
        if (pipeline.IsOwn)
        {
            await RollBackAsync();
        }
        else
        {
            session.Park();
            await branches.FailAsync(session.Server!);
            await branches.FailOthersAsync();
        }
        pipeline.End();
        Rest();
        await LeaveIdleAsync();
        session.Refuse(refusal);
    }

    /// <summary>A server that is in no transaction any more is given back: no ReadyForQuery of it comes.</summary>
    private async ValueTask LeaveIdleAsync()
    {
        if (session.Server is { IsDying: false, IsQuiet: true })
        {
            session.Park();
            await session.SettleAsync();
        }
    }

    private async ValueTask RollBackAsync()
    {
        session.Park();
        await branches.LeaveLostAsync();
        await branches.FinishAsync();
    }

    private void Rest()
    {
        session.QueryStartUs = 0;
        session.QueryWaitMs = 0;
        session.StateSinceMs = session.Loop.NowMs;
    }
}
