// Catalog database → snapshot.
using System.Collections.Frozen;
using Drover.Operations.Connections;
using Drover.Topology;
using Drover.Topology.Keys;
using Npgsql;

namespace Drover.Sharding.Catalog;

/// <summary>Reads the whole map as one epoch has it.</summary>
internal static class TopologyReader
{
    /// <summary>The number that the next change makes larger.</summary>
    public static async Task<long> EpochAsync(NpgsqlConnection connection, CancellationToken cancellationToken) =>
        (long)(await connection.ScalarAsync("SELECT epoch FROM drover.topology", [], cancellationToken))!;

    /// <summary>Reads the map.</summary>
    public static async Task<TopologySnapshot> ReadAsync(
        NpgsqlConnection connection,
        CancellationToken cancellationToken
    )
    {
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(
            System.Data.IsolationLevel.RepeatableRead,
            cancellationToken
        );
        return await ReadWithinAsync(connection, cancellationToken);
    }

    /// <summary>Reads the map in the transaction that is open, its own changes included.</summary>
    public static async Task<TopologySnapshot> ReadWithinAsync(
        NpgsqlConnection connection,
        CancellationToken cancellationToken
    )
    {
        long epoch = await EpochAsync(connection, cancellationToken);
        List<Shard> shards = await connection.ListAsync(
            "SELECT number, name FROM drover.shards ORDER BY number",
            [],
            row => new Shard(row.GetInt32(0), row.GetString(1)),
            cancellationToken
        );
        List<ColocationGroup> groups = await GroupsAsync(connection, cancellationToken);
        List<ShardedTable> tables = await connection.ListAsync(
            """
            SELECT schema_name, table_name, key_column, key_type, key_type_modifier, colocation_group
            FROM drover.sharded_tables ORDER BY schema_name, table_name
            """,
            [],
            row => new ShardedTable(
                new TableName(row.GetString(0), row.GetString(1)),
                row.GetString(2),
                row.GetFieldValue<uint>(3),
                row.GetInt32(4),
                row.GetInt32(5)
            ),
            cancellationToken
        );
        List<TableName> reference = await connection.ListAsync(
            "SELECT schema_name, table_name FROM drover.reference_tables",
            [],
            row => new TableName(row.GetString(0), row.GetString(1)),
            cancellationToken
        );
        return new TopologySnapshot(
            epoch,
            [.. shards],
            groups.ToFrozenDictionary(group => group.Number),
            tables.ToFrozenDictionary(table => table.Name),
            reference.ToFrozenSet()
        )
        {
            Schemas = await SchemasAsync(connection, cancellationToken),
        };
    }

    /// <summary>Keys of a colocation group that are named with a shard: pinned, or of a list.</summary>
    public static async Task<IReadOnlyList<(string Key, int Shard)>> ReadNamedAsync(
        NpgsqlConnection connection,
        int group,
        CancellationToken cancellationToken
    ) =>
        await connection.ListAsync(
            "SELECT key, shard FROM drover.pins WHERE colocation_group = $1 ORDER BY key",
            [group],
            static row => (row.GetString(0), row.GetInt32(1)),
            cancellationToken
        );

    private static async Task<FrozenDictionary<string, int>> SchemasAsync(
        NpgsqlConnection connection,
        CancellationToken cancellationToken
    )
    {
        // A map that was made before there were such has no such table.
        object? hasAny = await connection.ScalarAsync(
            "SELECT version >= $1 FROM drover.topology",
            [CatalogSchema.SchemasVersion],
            cancellationToken
        );
        return hasAny is true
            ? (
                await connection.ListAsync(
                    "SELECT schema_name, shard FROM drover.sharded_schemas",
                    [],
                    row => KeyValuePair.Create(row.GetString(0), row.GetInt32(1)),
                    cancellationToken
                )
            ).ToFrozenDictionary()
            : FrozenDictionary<string, int>.Empty;
    }

    private static async Task<List<ColocationGroup>> GroupsAsync(
        NpgsqlConnection connection,
        CancellationToken cancellationToken
    )
    {
        ILookup<int, KeyValuePair<ulong, int>> pins = (
            await connection.ListAsync(
                "SELECT colocation_group, hash, shard FROM drover.pins",
                [],
                row => (Group: row.GetInt32(0), Pin: KeyValuePair.Create((ulong)row.GetInt64(1), row.GetInt32(2))),
                cancellationToken
            )
        ).ToLookup(row => row.Group, row => row.Pin);
        // A map that was made before there was a placement has no such column.
        List<ColocationGroup> groups = await connection.ListAsync(
            """
            SELECT number, name, key_type, slots, coalesce(to_jsonb(g) ->> 'placement', 'Hash')
            FROM drover.colocation_groups g ORDER BY number
            """,
            [],
            row => new ColocationGroup(
                row.GetInt32(0),
                row.GetString(1),
                Enum.Parse<KeyType>(row.GetString(2)),
                new SlotMap([.. row.GetFieldValue<int[]>(3)]),
                pins[row.GetInt32(0)].ToFrozenDictionary()
            )
            {
                Placement = Enum.Parse<PlacementKind>(row.GetString(4)),
            },
            cancellationToken
        );
        return groups.Exists(static group => group.Placement == PlacementKind.Range)
            ? await WithRangesAsync(connection, groups, cancellationToken)
            : groups;
    }

    private static async Task<List<ColocationGroup>> WithRangesAsync(
        NpgsqlConnection connection,
        List<ColocationGroup> groups,
        CancellationToken cancellationToken
    )
    {
        ILookup<int, KeyRange> ranges = (
            await connection.ListAsync(
                "SELECT colocation_group, from_key, to_key, shard FROM drover.ranges",
                [],
                row => (Group: row.GetInt32(0), Range: new KeyRange(row.Text(1), row.Text(2), row.GetInt32(3))),
                cancellationToken
            )
        ).ToLookup(row => row.Group, row => row.Range);
        return
        [
            .. groups.Select(group =>
                group.Placement == PlacementKind.Range
                    ? group with
                    {
                        Ranges = new KeyRanges(group.KeyType, ranges[group.Number]),
                    }
                    : group
            ),
        ];
    }
}
