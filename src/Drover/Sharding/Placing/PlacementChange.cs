// The one way in which keys get another shard by a change of the map alone: none of their rows is elsewhere.
using Drover.Operations;
using Drover.Sharding.Catalog;
using Drover.Topology;

namespace Drover.Sharding.Placing;

/// <summary>
/// 1. All tables of the group are locked against writers on every shard. 2. Rows of the keys where they would not be
/// found are looked for: with any, nothing changes. 3. The map changes, and the locks are let go. 4. A proxy hears of
/// it within a second; what it wrote by the map before is looked for, and told.
/// </summary>
internal sealed class PlacementChange(ShardServers servers, TimeProvider time)
{
    /// <summary>Proxies that hear notifications have heard by then.</summary>
    private static readonly TimeSpan s_hearing = TimeSpan.FromSeconds(1);

    /// <summary>The keys.</summary>
    public required KeyCondition Keys { get; init; }

    /// <summary>The shard that may have rows of them; null: none may.</summary>
    public required Shard? Home { get; init; }

    /// <summary>Proxies of the map before may write such keys.</summary>
    public required bool WereWritable { get; init; }

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
        int home = Home?.Number ?? 0;
        long epoch;
        await using (GroupTables tables = await GroupTables.LockAsync(servers, change.Map, group, cancellationToken))
        {
            if (await tables.FindAsync(Keys, home, cancellationToken) is { } found)
            {
                throw new OperationException(
                    $"{found.Table} has such rows on shard {found.Shard.Name}: they would not be found any more. "
                        + Advice,
                    OperationOutcome.Refused
                );
            }
            await write();
            epoch = await change.CommitAsync(cancellationToken);
        }
        if (WereWritable)
        {
            await Task.Delay(s_hearing, time, cancellationToken);
            try
            {
                await LookAgainAsync(change.Map, group, home, epoch, cancellationToken);
            }
            catch (Exception failure) when (failure is not OperationException { Outcome: OperationOutcome.Failed })
            {
                throw new OperationException(
                    $"the map has changed, in epoch {epoch}, and whether somebody who had not heard of it wrote to the "
                        + $"old shard could not be seen: {failure.Message}"
                );
            }
        }
        return epoch;
    }

    private async Task LookAgainAsync(
        TopologySnapshot map,
        ColocationGroup group,
        int home,
        long epoch,
        CancellationToken cancellationToken
    )
    {
        await using GroupTables tables = await GroupTables.LockAsync(servers, map, group, cancellationToken);
        if (await tables.FindAsync(Keys, home, cancellationToken) is { } late)
        {
            throw new OperationException(
                $"the map has changed, in epoch {epoch}, and {late.Table} got such rows on shard {late.Shard.Name} "
                    + "from somebody who had not heard of it: delete them there, and write them again through a proxy"
            );
        }
    }
}
