// Tables of the map that were dropped are taken out of it, so that their names are free.
using Drover.Operations.Connections;
using Drover.Routing;
using Drover.Sharding.Catalog;
using Drover.Topology;
using Npgsql;

namespace Drover.Sharding.Declaring;

/// <summary>
/// A table is there before it is declared, so one that no shard has any more was dropped. Who looks does not matter:
/// the proxy that ran DROP does when it is committed, and each now and then, for what a crash left.
/// </summary>
internal sealed class DroppedTables(ShardServers servers, ShardedDatabaseState state, TimeProvider time)
{
    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(20);

    /// <summary>Forgets them, and waits until this proxy's routing has. Costs nothing where all are there.</summary>
    public async Task ForgetAsync(CancellationToken cancellationToken)
    {
        if (state.Map is not { } known || !Tables(known).Any(IsGone))
        {
            return;
        }
        long epoch;
        await using (
            TopologyChange change = await TopologyChange.BeginAsync(
                servers.Catalog,
                servers.Database.Name,
                cancellationToken
            )
        )
        {
            TableName[] gone = await OnNoShardAsync(change.Map, cancellationToken);
            if (gone.Length == 0)
            {
                return;
            }
            foreach (TableName table in gone)
            {
                await change.RemoveTableAsync(table, cancellationToken);
            }
            epoch = await change.CommitAsync(cancellationToken);
        }
        while (state.Map is { } map && map.Epoch < epoch)
        {
            await Task.Delay(s_look, time, cancellationToken);
        }
    }

    private static IEnumerable<TableName> Tables(TopologySnapshot map) => map.Tables.Keys.Concat(map.ReferenceTables);

    private bool IsGone(TableName table) => state.Facts.Describe(table.Schema, table.Name) is null;

    /// <summary>Those of the map that every shard says it has not.</summary>
    private async Task<TableName[]> OnNoShardAsync(TopologySnapshot map, CancellationToken cancellationToken)
    {
        TableName[] gone = [.. Tables(map)];
        foreach (Shard shard in map.Shards)
        {
            if (gone.Length == 0)
            {
                break;
            }
            await using NpgsqlConnection server = await servers.OpenAsync(shard, cancellationToken);
            List<int> missing = await server.ListAsync(
                """
                SELECT n::int FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS one (s, t, n)
                WHERE to_regclass(format('%I.%I', s, t)) IS NULL ORDER BY n
                """,
                [gone.Select(static one => one.Schema).ToArray(), gone.Select(static one => one.Name).ToArray()],
                static row => row.GetInt32(0),
                cancellationToken
            );
            gone = [.. missing.Select(number => gone[number - 1])];
        }
        return gone;
    }
}
