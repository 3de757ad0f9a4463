// One change of the map: one transaction, one epoch, one notification.
using Drover.Operations;
using Drover.Operations.Connections;
using Drover.Topology;
using Drover.Topology.Keys;
using Npgsql;

namespace Drover.Sharding.Catalog;

/// <summary>
/// Changes of the map wait for each other. What is not committed is not there: dispose without
/// <see cref="CommitAsync"/> undoes it.
/// </summary>
internal sealed class TopologyChange : IAsyncDisposable
{
    private readonly NpgsqlConnection _connection;
    private readonly NpgsqlTransaction _transaction;

    private TopologyChange(NpgsqlConnection connection, NpgsqlTransaction transaction, TopologySnapshot map)
    {
        _connection = connection;
        _transaction = transaction;
        Map = map;
    }

    /// <summary>The map before the change.</summary>
    public TopologySnapshot Map { get; }

    /// <summary>Begins a change, after those that are under way.</summary>
    /// <exception cref="OperationException">There is no map of this database.</exception>
    public static async Task<TopologyChange> BeginAsync(
        ServerAccess catalog,
        string database,
        CancellationToken cancellationToken
    )
    {
        NpgsqlConnection connection = await catalog.OpenAsync(cancellationToken);
        try
        {
            await CatalogSchema.CheckAsync(connection, database, cancellationToken);
            NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellationToken);
            await connection.ExecuteAsync("SELECT FROM drover.topology FOR UPDATE", [], cancellationToken);
            TopologySnapshot map = await TopologyReader.ReadWithinAsync(connection, cancellationToken);
            return new TopologyChange(connection, transaction, map);
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>Adds a shard. It has no slots until they are moved to it, but in the first map.</summary>
    public Task AddShardAsync(Shard shard, CancellationToken cancellationToken) =>
        _connection.ExecuteAsync(
            "INSERT INTO drover.shards (number, name) VALUES ($1, $2)",
            [shard.Number, shard.Name],
            cancellationToken
        );

    /// <summary>Adds a colocation group.</summary>
    /// <returns>Its number.</returns>
    public async Task<int> AddGroupAsync(
        string name,
        KeyType type,
        SlotMap slots,
        PlacementKind placement,
        CancellationToken cancellationToken
    )
    {
        int number = await AddGroupAsync(name, type, slots, cancellationToken);
        if (placement != PlacementKind.Hash)
        {
            await _connection.ExecuteAsync(CatalogSchema.Placements, [], cancellationToken);
            await _connection.ExecuteAsync(
                "UPDATE drover.colocation_groups SET placement = $2 WHERE number = $1",
                [number, placement.ToString()],
                cancellationToken
            );
            await RaiseVersionAsync(CatalogSchema.PlacementVersion, cancellationToken);
        }
        return number;
    }

    /// <summary>Who does not know of what is in the map now must not read it.</summary>
    private Task<int> RaiseVersionAsync(int version, CancellationToken cancellationToken) =>
        _connection.ExecuteAsync(
            "UPDATE drover.topology SET version = greatest(version, $1)",
            [version],
            cancellationToken
        );

    /// <summary>Adds a schema that is whole on one shard.</summary>
    public async Task AddSchemaAsync(string schema, Shard shard, CancellationToken cancellationToken)
    {
        await _connection.ExecuteAsync(CatalogSchema.Schemas, [], cancellationToken);
        await _connection.ExecuteAsync(
            "INSERT INTO drover.sharded_schemas (schema_name, shard) VALUES ($1, $2)",
            [schema, shard.Number],
            cancellationToken
        );
        await RaiseVersionAsync(CatalogSchema.SchemasVersion, cancellationToken);
    }

    /// <summary>Takes a schema out of the map.</summary>
    public Task RemoveSchemaAsync(string schema, CancellationToken cancellationToken) =>
        _connection.ExecuteAsync(
            "DELETE FROM drover.sharded_schemas WHERE schema_name = $1",
            [schema],
            cancellationToken
        );

    /// <summary>Gives a range of keys a shard.</summary>
    public Task AddRangeAsync(ColocationGroup group, KeyRange range, CancellationToken cancellationToken) =>
        _connection.ExecuteAsync(
            "INSERT INTO drover.ranges (colocation_group, from_key, to_key, shard) VALUES ($1, $2::text, $3::text, $4)",
            [group.Number, range.From, range.To, range.Shard],
            cancellationToken
        );

    /// <summary>Takes it away again.</summary>
    public Task DropRangeAsync(ColocationGroup group, KeyRange range, CancellationToken cancellationToken) =>
        _connection.ExecuteAsync(
            """
            DELETE FROM drover.ranges WHERE colocation_group = $1 AND from_key IS NOT DISTINCT FROM $2::text
                AND to_key IS NOT DISTINCT FROM $3::text
            """,
            [group.Number, range.From, range.To],
            cancellationToken
        );

    private async Task<int> AddGroupAsync(
        string name,
        KeyType type,
        SlotMap slots,
        CancellationToken cancellationToken
    ) =>
        (int)
            (
                await _connection.ScalarAsync(
                    "INSERT INTO drover.colocation_groups (name, key_type, slots) VALUES ($1, $2, $3) RETURNING number",
                    [name, type.ToString(), Enumerable.Range(0, Slot.Count).Select(slot => slots[slot]).ToArray()],
                    cancellationToken
                )
            )!;

    /// <summary>Adds a sharded table.</summary>
    public Task AddTableAsync(ShardedTable table, CancellationToken cancellationToken) =>
        _connection.ExecuteAsync(
            """
            INSERT INTO drover.sharded_tables
                (schema_name, table_name, key_column, key_type, key_type_modifier, colocation_group)
            VALUES ($1, $2, $3, $4::text::oid, $5, $6)
            """,
            [
                table.Name.Schema,
                table.Name.Name,
                table.KeyColumn,
                table.KeyTypeOid.ToString(System.Globalization.CultureInfo.InvariantCulture),
                table.KeyTypeModifier,
                table.Group,
            ],
            cancellationToken
        );

    /// <summary>Adds a reference table.</summary>
    public Task AddReferenceTableAsync(TableName table, CancellationToken cancellationToken) =>
        _connection.ExecuteAsync(
            "INSERT INTO drover.reference_tables (schema_name, table_name) VALUES ($1, $2)",
            [table.Schema, table.Name],
            cancellationToken
        );

    /// <summary>Takes a table out of the map, sharded or reference.</summary>
    public async Task RemoveTableAsync(TableName table, CancellationToken cancellationToken)
    {
        foreach (string kind in (string[])["sharded_tables", "reference_tables"])
        {
            await _connection.ExecuteAsync(
                $"DELETE FROM drover.{kind} WHERE schema_name = $1 AND table_name = $2",
                [table.Schema, table.Name],
                cancellationToken
            );
        }
    }

    /// <summary>Gives a key a shard of its own.</summary>
    public Task PinAsync(
        ColocationGroup group,
        string key,
        ulong hash,
        int shard,
        CancellationToken cancellationToken
    ) =>
        _connection.ExecuteAsync(
            """
            INSERT INTO drover.pins (colocation_group, hash, key, shard) VALUES ($1, $2, $3, $4)
            ON CONFLICT (colocation_group, hash) DO UPDATE SET shard = excluded.shard, key = excluded.key
            """,
            [group.Number, (long)hash, key, shard],
            cancellationToken
        );

    /// <summary>Takes it away again.</summary>
    public Task UnpinAsync(ColocationGroup group, ulong hash, CancellationToken cancellationToken) =>
        _connection.ExecuteAsync(
            "DELETE FROM drover.pins WHERE colocation_group = $1 AND hash = $2",
            [group.Number, (long)hash],
            cancellationToken
        );

    /// <summary>A group as it is going to be, and its keys that are named with a shard.</summary>
    public async Task<(ColocationGroup Group, IReadOnlyList<(string Key, int Shard)> Named)> PlacementsAsync(
        ColocationGroup group,
        CancellationToken cancellationToken
    )
    {
        TopologySnapshot next = await TopologyReader.ReadWithinAsync(_connection, cancellationToken);
        return (
            next.Groups[group.Number],
            await TopologyReader.ReadNamedAsync(_connection, group.Number, cancellationToken)
        );
    }

    /// <summary>Makes the change, and tells every proxy.</summary>
    /// <returns>The new epoch.</returns>
    public async Task<long> CommitAsync(CancellationToken cancellationToken)
    {
        long epoch = (long)
            (
                await _connection.ScalarAsync(
                    "UPDATE drover.topology SET epoch = epoch + 1 RETURNING epoch",
                    [],
                    cancellationToken
                )
            )!;
        await _connection.ExecuteAsync(
            "SELECT pg_notify($1, $2)",
            [CatalogSchema.Channel, $"{epoch}"],
            cancellationToken
        );
        await _transaction.CommitAsync(cancellationToken);
        return epoch;
    }

    /// <summary>Undoes what is not committed.</summary>
    public async ValueTask DisposeAsync()
    {
        await _transaction.DisposeAsync();
        await _connection.DisposeAsync();
    }
}
