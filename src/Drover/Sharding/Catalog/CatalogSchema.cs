// The tables of the map: schema drover in the catalog database, and in each shard the mark that says which one it is.
using Drover.Operations;
using Drover.Operations.Connections;
using Drover.Sharding.Transactions;
using Npgsql;

namespace Drover.Sharding.Catalog;

/// <summary>Makes the tables where they are missing. The journal of operations may be in the same schema.</summary>
internal static class CatalogSchema
{
    /// <summary>The version of the tables below.</summary>
    public const int Version = 1;

    /// <summary>
    /// That of a map with a group that is not placed by hash: who does not know of it must not read the map.
    /// </summary>
    public const int PlacementVersion = 2;

    /// <summary>That of a map with a schema that is whole on one shard.</summary>
    public const int SchemasVersion = 3;

    /// <summary>The channel on which every change of the map is told, with the new epoch.</summary>
    public const string Channel = "drover_topology";

    private const string Tables = """
        CREATE TABLE drover.topology (
            is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
            version int NOT NULL,
            id uuid NOT NULL DEFAULT gen_random_uuid(),
            database text NOT NULL,
            epoch bigint NOT NULL DEFAULT 0
        );

        CREATE TABLE drover.shards (
            number int PRIMARY KEY CHECK (number BETWEEN 1 AND 1023),
            name text NOT NULL UNIQUE
        );

        CREATE TABLE drover.colocation_groups (
            number int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            name text NOT NULL UNIQUE,
            key_type text NOT NULL,
            slots int[] NOT NULL CHECK (cardinality(slots) = 4096)
        );

        CREATE TABLE drover.pins (
            colocation_group int NOT NULL REFERENCES drover.colocation_groups,
            hash bigint NOT NULL,
            key text NOT NULL,
            shard int NOT NULL REFERENCES drover.shards,
            PRIMARY KEY (colocation_group, hash)
        );

        CREATE TABLE drover.sharded_tables (
            schema_name text NOT NULL,
            table_name text NOT NULL,
            key_column text NOT NULL,
            key_type oid NOT NULL,
            key_type_modifier int NOT NULL,
            colocation_group int NOT NULL REFERENCES drover.colocation_groups,
            PRIMARY KEY (schema_name, table_name)
        );

        CREATE TABLE drover.reference_tables (
            schema_name text NOT NULL,
            table_name text NOT NULL,
            PRIMARY KEY (schema_name, table_name)
        );
        """;

    /// <summary>What groups have that are not placed by hash; the keys of a list are in drover.pins.</summary>
    public const string Placements = """
        ALTER TABLE drover.colocation_groups ADD COLUMN IF NOT EXISTS placement text NOT NULL DEFAULT 'Hash'
            CHECK (placement IN ('Hash', 'Range', 'List'));
        CREATE TABLE IF NOT EXISTS drover.ranges (
            colocation_group int NOT NULL REFERENCES drover.colocation_groups,
            from_key text,
            to_key text,
            shard int NOT NULL REFERENCES drover.shards
        );
        """;

    /// <summary>Schemas that are whole on one shard.</summary>
    public const string Schemas = """
        CREATE TABLE IF NOT EXISTS drover.sharded_schemas (
            schema_name text PRIMARY KEY,
            shard int NOT NULL REFERENCES drover.shards
        );
        """;

    // Time first, so that ids grow with time wherever they are made; then the shard, so that no two shards meet; then a
    // counter, which is the only state and is nobody's to ask for over the network.
    private const string ShardObjects = """
        CREATE TABLE drover.shard_identity (
            is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
            topology uuid NOT NULL,
            number int NOT NULL
        );
        CREATE SEQUENCE drover.id_counter AS bigint MINVALUE 0 MAXVALUE 4095 CYCLE;
        CREATE FUNCTION drover.next_id() RETURNS bigint LANGUAGE sql VOLATILE PARALLEL UNSAFE
        SET search_path = pg_catalog, pg_temp AS $function$
            SELECT ((extract(epoch FROM clock_timestamp()) * 1000)::bigint - 1735689600000) << 22
                | (number::bigint << 12) | nextval('drover.id_counter'::regclass)
            FROM drover.shard_identity
        $function$;
        GRANT USAGE ON SCHEMA drover TO PUBLIC;
        GRANT USAGE ON SEQUENCE drover.id_counter TO PUBLIC;
        GRANT SELECT ON drover.shard_identity TO PUBLIC;
        """;

    /// <summary>True when this database has a map.</summary>
    public static async Task<bool> ExistsAsync(NpgsqlConnection connection, CancellationToken cancellationToken) =>
        await connection.ScalarAsync("SELECT to_regclass('drover.topology') IS NOT NULL", [], cancellationToken)
            is true;

    /// <summary>Makes the map's tables for a sharded database, if they are not there.</summary>
    /// <exception cref="OperationException">They are another database's, or of a later version.</exception>
    public static async Task EnsureAsync(
        NpgsqlConnection connection,
        string database,
        CancellationToken cancellationToken
    )
    {
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellationToken);
        await LockAsync(connection, cancellationToken);
        if (!await ExistsAsync(connection, cancellationToken))
        {
            await MakeSchemaAsync(connection, cancellationToken);
            await connection.ExecuteAsync(Tables, [], cancellationToken);
            await connection.ExecuteAsync(
                "INSERT INTO drover.topology (version, database) VALUES ($1, $2)",
                [Version, database],
                cancellationToken
            );
        }
        await connection.ExecuteAsync(DecisionLog.Table, [], cancellationToken);
        await connection.ExecuteAsync(SpanningLog.Table, [], cancellationToken);
        await connection.ExecuteAsync(Schemas, [], cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        await CheckAsync(connection, database, cancellationToken);
    }

    /// <summary>Refuses a map that is not this database's or that this Drover does not know.</summary>
    /// <exception cref="OperationException">It is one of these.</exception>
    public static async Task CheckAsync(
        NpgsqlConnection connection,
        string database,
        CancellationToken cancellationToken
    )
    {
        if (!await ExistsAsync(connection, cancellationToken))
        {
            throw new OperationException(
                $"the catalog database has no map of '{database}': run drover shard init",
                OperationOutcome.Refused
            );
        }
        (int version, string other) = (
            await connection.ListAsync(
                "SELECT version, database FROM drover.topology",
                [],
                row => (row.GetInt32(0), row.GetString(1)),
                cancellationToken
            )
        )[0];
        if (version is < Version or > SchemasVersion)
        {
            throw new OperationException(
                $"the map has version {version}, this Drover knows {SchemasVersion}: use the newer one"
            );
        }
        if (other != database)
        {
            throw new OperationException(
                $"the catalog database has the map of '{other}', not of '{database}': give each its own catalog",
                OperationOutcome.Refused
            );
        }
    }

    /// <summary>Marks a database as a shard, and gives it what ids are made with.</summary>
    /// <exception cref="OperationException">It is marked as another one.</exception>
    public static async Task MarkShardAsync(
        NpgsqlConnection shard,
        Guid topology,
        int number,
        string name,
        CancellationToken cancellationToken
    )
    {
        await using NpgsqlTransaction transaction = await shard.BeginTransactionAsync(cancellationToken);
        await LockAsync(shard, cancellationToken);
        if (
            await shard.ScalarAsync("SELECT to_regclass('drover.shard_identity') IS NULL", [], cancellationToken)
            is true
        )
        {
            await MakeSchemaAsync(shard, cancellationToken);
            await shard.ExecuteAsync(ShardObjects, [], cancellationToken);
            await shard.ExecuteAsync(
                "INSERT INTO drover.shard_identity (topology, number) VALUES ($1, $2)",
                [topology, number],
                cancellationToken
            );
        }
        object? same = await shard.ScalarAsync(
            "SELECT topology = $1 AND number = $2 FROM drover.shard_identity",
            [topology, number],
            cancellationToken
        );
        if (same is not true)
        {
            throw new OperationException(
                $"shard {name}: this database is a shard of another sharded database, or another shard of this one; "
                    + "if that is over, DROP SCHEMA drover CASCADE there",
                OperationOutcome.Refused
            );
        }
        await transaction.CommitAsync(cancellationToken);
    }

    private static Task<int> LockAsync(NpgsqlConnection connection, CancellationToken cancellationToken) =>
        connection.ExecuteAsync(
            "SELECT pg_advisory_xact_lock(hashtextextended('drover:topology', 0))",
            [],
            cancellationToken
        );

    private static async Task MakeSchemaAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        // CREATE SCHEMA IF NOT EXISTS asks for CREATE on the database even when the schema is there.
        if (await connection.ScalarAsync("SELECT to_regnamespace('drover') IS NULL", [], cancellationToken) is true)
        {
            await connection.ExecuteAsync("CREATE SCHEMA drover", [], cancellationToken);
        }
    }
}
