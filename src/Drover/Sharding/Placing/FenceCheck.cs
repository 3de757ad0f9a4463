// Whether every shard still refuses the keys that are not its own.
using Drover.Operations.Connections;
using Drover.Sharding.Catalog;
using Drover.Sharding.Drift;
using Drover.Topology;
using Npgsql;

namespace Drover.Sharding.Placing;

/// <summary>
/// A fence can be dropped, disabled, or left behind by a change of placements that broke off; a table or a shard that
/// was added has none before the next change.
/// </summary>
internal static class FenceCheck
{
    /// <summary>What is wrong with the fences of one shard.</summary>
    /// <param name="catalog">The catalog database.</param>
    /// <param name="server">A session on the shard.</param>
    /// <param name="map">The map.</param>
    /// <param name="shard">The shard.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task<IReadOnlyList<SchemaDifference>> ReadAsync(
        NpgsqlConnection catalog,
        NpgsqlConnection server,
        TopologySnapshot map,
        Shard shard,
        CancellationToken cancellationToken
    )
    {
        List<SchemaDifference> found = [];
        foreach (ColocationGroup group in map.Groups.Values)
        {
            IReadOnlyList<(string Key, int Shard)> named = await TopologyReader.ReadNamedAsync(
                catalog,
                group.Number,
                cancellationToken
            );
            if (named.Count == 0 && group.Ranges is not { Ranges.Length: > 0 })
            {
                continue;
            }
            KeyCondition misplaced = PlacementFence.Misplaced(group, named, shard.Number);
            foreach (ShardedTable table in map.Tables.Values.Where(table => table.Group == group.Number))
            {
                string name = KeySql.Name(table.Name);
                string[] wanted = PlacementFence.Statements(name, KeySql.Name(table.KeyColumn), misplaced);
                if (await DifferAsync(server, shard, name, wanted, cancellationToken) is { } difference)
                {
                    found.Add(difference);
                }
            }
        }
        return found;
    }

    private static async Task<SchemaDifference?> DifferAsync(
        NpgsqlConnection server,
        Shard shard,
        string table,
        string[] wanted,
        CancellationToken cancellationToken
    )
    {
        List<(bool IsThere, string State, string? Mark)> states = await server.ListAsync(
            """
            SELECT t.oid IS NOT NULL, coalesce(t.tgenabled::text, ''), obj_description(t.oid, 'pg_trigger')
            FROM pg_class c LEFT JOIN pg_trigger t ON t.tgrelid = c.oid AND t.tgname = $2
            WHERE c.oid = to_regclass($1)
            """,
            [table, PlacementTrigger.Name],
            static row => (row.GetBoolean(0), row.GetString(1), row.IsDBNull(2) ? null : row.GetString(2)),
            cancellationToken
        );
        if (states is not [var (isThere, state, mark)])
        {
            // That the table is missing is told of by itself.
            return null;
        }
        bool isEnabled = state is "O" or "A";
        bool isRight = mark == PlacementFence.MarkOf(wanted);
        string enable = $"ALTER TABLE {table} ENABLE TRIGGER {KeySql.Name(PlacementTrigger.Name)}";
        return isThere && isEnabled && isRight
            ? null
            : new SchemaDifference(
                shard.Name,
                isThere ? DifferenceKind.Other : DifferenceKind.Missing,
                "trigger",
                $"{table}.{PlacementTrigger.Name}",
                !isThere ? null
                    : !isEnabled ? "disabled"
                    : "of other placements",
                "refuses keys that are placed on other shards",
                isThere && isRight ? [enable] : [.. wanted, .. isThere && !isEnabled ? (string[])[enable] : []],
                null
            );
    }
}
