// The one way in which keys get another shard by a change of the map alone: none of their rows is elsewhere.
using Drover.Operations;
using Drover.Sharding.Catalog;
using Drover.Topology;
using Npgsql;

namespace Drover.Sharding.Placing;

/// <summary>
/// 1. All tables of the group are locked against writers on every shard. 2. Rows of the keys where they would not be
/// found are looked for: with any, nothing changes. 3. The shards' fences change (<see cref="PlacementFence"/>), with
/// which the locks are let go, and then the map. Who writes by the map of before, however late, is refused.
/// </summary>
internal sealed class PlacementChange(ShardServers servers)
{
    /// <summary>The keys.</summary>
    public required KeyCondition Keys { get; init; }

    /// <summary>The shard that may have rows of them; null: none may.</summary>
    public required Shard? Home { get; init; }

    /// <summary>What an operator is to do about rows that are in the way.</summary>
    public required string Advice { get; init; }

    /// <summary>Makes the change.</summary>
    /// <param name="change">Begun, and nothing written.</param>
    /// <param name="group">The colocation group.</param>
    /// <param name="write">Writes it.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>The epoch that has it.</returns>
    /// <exception cref="OperationException">There are such rows.</exception>
    public async Task<long> RunAsync(
        TopologyChange change,
        ColocationGroup group,
        Func<Task> write,
        CancellationToken cancellationToken
    )
    {
        await using GroupTables tables = await GroupTables.LockAsync(servers, change.Map, group, cancellationToken);
        if (await tables.FindAsync(Keys, Home?.Number ?? 0, cancellationToken) is { } found)
        {
            throw new OperationException(
                $"{found.Table} has such rows on shard {found.Shard.Name}: they would not be found any more. {Advice}",
                OperationOutcome.Refused
            );
        }
        await write();
        (ColocationGroup next, IReadOnlyList<(string Key, int Shard)> named) = await change.PlacementsAsync(
            group,
            cancellationToken
        );
        await tables.FenceAsync(next, named, cancellationToken);
        // The shards first: broken off in between, they refuse the keys where they were, and the same command again
        // brings the map to it. The other way round a row could be lost.
        await tables.CommitAsync(cancellationToken);
        try
        {
            return await change.CommitAsync(CancellationToken.None);
        }
        catch (NpgsqlException failure)
        {
            throw new OperationException(
                $"the shards refuse the keys where they were, and whether the map has changed is not known: "
                    + $"{failure.Message}. Run the command again",
                failure
            );
        }
    }
}
