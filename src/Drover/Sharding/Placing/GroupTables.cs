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

    /// <summary>Lets go of the tables.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach ((_, NpgsqlConnection server) in _shards)
        {
            await server.DisposeAsync();
        }
    }

    private static string Quoted(ShardedTable table) =>
        $"{KeySql.Name(table.Name.Schema)}.{KeySql.Name(table.Name.Name)}";
}
