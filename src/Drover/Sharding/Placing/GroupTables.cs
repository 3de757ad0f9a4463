// All tables of a colocation group on every shard, while the placement of some of their keys changes.
using Drover.Operations;
using Drover.Operations.Connections;
using Drover.Sharding.Declaring;
using Drover.Topology;
using Npgsql;

namespace Drover.Sharding.Placing;

/// <summary>
/// Locked against writers until this is disposed of: where no row of some keys was found, none comes before the map has
/// changed.
/// </summary>
internal sealed class GroupTables : IAsyncDisposable
{
    private readonly ShardedTable[] _tables;
    private readonly List<(Shard Shard, NpgsqlConnection Server)> _shards = [];

    private GroupTables(ShardedTable[] tables) => _tables = tables;

    /// <summary>Locks the tables on every shard.</summary>
    /// <exception cref="OperationException">One of them is being written to.</exception>
    public static async Task<GroupTables> LockAsync(
        ShardServers servers,
        TopologySnapshot map,
        ColocationGroup group,
        CancellationToken cancellationToken
    )
    {
        GroupTables tables = new([
            .. map
                .Tables.Values.Where(table => table.Group == group.Number)
                .OrderBy(table => $"{table.Name}", StringComparer.Ordinal),
        ]);
        try
        {
            foreach (Shard shard in map.Shards)
            {
                NpgsqlConnection server = await servers.OpenAsync(shard, cancellationToken);
                tables._shards.Add((shard, server));
                await TableLock.BeginAsync(server, cancellationToken);
                foreach (ShardedTable table in tables._tables)
                {
                    await TableLock.TakeAsync(server, shard, Quoted(table), cancellationToken);
                }
            }
            return tables;
        }
        catch
        {
            await tables.DisposeAsync();
            throw;
        }
    }

    /// <summary>Where rows of some keys are, other than on one shard.</summary>
    /// <param name="keys">Which keys.</param>
    /// <param name="home">Number of the shard that may have them.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>The first table that has some, and the shard; null if none has.</returns>
    public async Task<(TableName Table, Shard Shard)?> FindAsync(
        KeyCondition keys,
        int home,
        CancellationToken cancellationToken
    )
    {
        foreach ((Shard shard, NpgsqlConnection server) in _shards.Where(one => one.Shard.Number != home))
        {
            foreach (ShardedTable table in _tables)
            {
                string sql =
                    $"SELECT EXISTS (SELECT FROM {Quoted(table)} WHERE {keys.On(KeySql.Name(table.KeyColumn))})";
                if (await server.ScalarAsync(sql, [], cancellationToken) is true)
                {
                    return (table.Name, shard);
                }
            }
        }
        return null;
    }

    /// <summary>
    /// Has every shard refuse the keys that are not its own, from <see cref="CommitAsync"/> on.
    /// </summary>
    /// <param name="group">The group as it is going to be.</param>
    /// <param name="named">Its keys that are named with a shard.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task FenceAsync(
        ColocationGroup group,
        IReadOnlyList<(string Key, int Shard)> named,
        CancellationToken cancellationToken
    )
    {
        foreach ((Shard shard, NpgsqlConnection server) in _shards)
        {
            KeyCondition misplaced = PlacementFence.Misplaced(group, named, shard.Number);
            foreach (ShardedTable table in _tables)
            {
                string key = KeySql.Name(table.KeyColumn);
                await PlacementFence.SetAsync(server, Quoted(table), key, misplaced, cancellationToken);
            }
        }
    }

    /// <summary>Keeps the fences and lets go of the tables.</summary>
    /// <exception cref="OperationException">A shard did not: it has the fences of before.</exception>
    public async Task CommitAsync(CancellationToken cancellationToken)
    {
        List<string> without = [];
        foreach ((Shard shard, NpgsqlConnection server) in _shards)
        {
            try
            {
                await server.ExecuteAsync("COMMIT", [], cancellationToken);
            }
            catch (NpgsqlException failure)
            {
                without.Add($"{shard.Name} ({failure.Message})");
            }
        }
        if (without.Count > 0)
        {
            throw new OperationException(
                "nothing has changed in the map, but not every shard could be told: "
                    + $"{string.Join(", ", without)}. Run the command again: until then the others may refuse the keys"
            );
        }
    }

    /// <summary>Lets go of the tables.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach ((_, NpgsqlConnection server) in _shards)
        {
            await server.DisposeAsync();
        }
    }

    private static string Quoted(ShardedTable table) => KeySql.Name(table.Name);
}
