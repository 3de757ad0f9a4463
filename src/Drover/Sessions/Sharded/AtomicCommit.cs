// Two-phase commit: what a transaction wrote on several shards is there on all of them, or on none.
using Drover.Pooling;
using Drover.Pooling.Servers;
using Drover.Protocol;
using Drover.Routing;
using Drover.Routing.Transactions;

namespace Drover.Sessions.Sharded;

/// <summary>
/// 1. PREPARE TRANSACTION on every shard that was written on. 2. The decision is made durable in the catalog: from then
/// on the transaction is committed. 3. COMMIT PREPARED everywhere. What a crash leaves between 1 and 3 is finished by
/// the recovery of any proxy, which reads the decision, or makes one against the transaction where there is none.
/// </summary>
/// <remarks>https://www.postgresql.org/docs/18/sql-prepare-transaction.html</remarks>
internal sealed class AtomicCommit(ClientSession session, IDecisionLog decisions)
{
    /// <summary>
    /// Commits. Null when it did; else what the client is told, and nothing of the transaction is left.
    /// </summary>
    /// <param name="writers">Quiet servers in a transaction that has written.</param>
    public async ValueTask<RouteRefusal?> RunAsync(IReadOnlyList<Branch> writers)
    {
        Guid id = Guid.CreateVersion7();
        ServerConnection[] servers = [.. writers.Select(static branch => branch.Server)];
        ServerQueryResult[] prepared = await RunAsync(
            servers,
            i => $"PREPARE TRANSACTION '{PreparedName.Of(id, writers[i].Shard)}'"
        );
        RouteRefusal? refusal = null;
        for (int i = 0; i < servers.Length && refusal is null; i++)
        {
            refusal = RefusalOf(prepared[i], servers[i]);
        }
        if (refusal is not null)
        {
            // Nobody decides for it any more: what was prepared is undone here, or by the recovery.
            await EndAsync(writers, prepared, id, "ROLLBACK PREPARED");
            return refusal;
        }
        Decision decision = await decisions.RecordAsync(id, [.. writers.Select(static branch => branch.Shard)]);
        switch (decision)
        {
            case Decision.Committed:
                bool isDone = await EndAsync(writers, prepared, id, "COMMIT PREPARED");
                return isDone ? null : ShardRefusals.InDoubt;
            case Decision.Aborted:
                await EndAsync(writers, prepared, id, "ROLLBACK PREPARED");
                return ShardRefusals.DecisionRefused;
            default:
                return ShardRefusals.InDoubt;
        }
    }

    /// <summary>
    /// PREPARE TRANSACTION of a transaction that has failed is a ROLLBACK: there is no error, and only the tag tells.
    /// </summary>
    private static bool IsPrepared(ServerQueryResult result) => result is { IsGood: true, Tag: "PREPARE TRANSACTION" };

    private async ValueTask<bool> EndAsync(
        IReadOnlyList<Branch> writers,
        ServerQueryResult[] prepared,
        Guid id,
        string command
    )
    {
        Branch[] left = [.. writers.Where((_, i) => IsPrepared(prepared[i]))];
        ServerQueryResult[] results = await RunAsync(
            [.. left.Select(static branch => branch.Server)],
            i => $"{command} '{PreparedName.Of(id, left[i].Shard)}'"
        );
        return results.All(static result => result.IsGood);
    }

    private ValueTask<ServerQueryResult[]> RunAsync(ServerConnection[] servers, Func<int, string> query) =>
        ServerQuery.RunOnAllAsync(servers, session.Wakeup, SessionProbe.Limit, query);

    private static RouteRefusal? RefusalOf(ServerQueryResult prepared, ServerConnection server) =>
        prepared.Failure is { } failure ? Tell(failure)
        : prepared.IsLost ? ShardRefusals.ShardLost(server.Pool.Database.Name)
        : IsPrepared(prepared) ? null
        : ShardRefusals.RolledBack(server.Pool.Database.Name);

    private static RouteRefusal Tell(PoolFailure failure) =>
        failure.SqlState == SqlState.ObjectNotInPrerequisiteState
            ? new RouteRefusal(
                failure.SqlState,
                failure.Message,
                "A transaction that writes on several shards is prepared on each of them.",
                "Set max_prepared_transactions on every shard to what its max_connections is."
            )
            : new RouteRefusal(failure.SqlState, failure.Message, failure.Detail, failure.Hint);
}
