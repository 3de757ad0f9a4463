// How far the coordinator has come: what it was told of, what it has made.
using Drover.Operations.Connections;
using Npgsql;

namespace Drover.Sharding.Coordination;

/// <summary>One row in the coordinator itself, so that all proxies see the same.</summary>
internal static class CoordinatorStep
{
    /// <summary>Makes the row's table; the row comes with the claim.</summary>
    private const string Table = """
        CREATE SCHEMA IF NOT EXISTS drover;
        CREATE TABLE IF NOT EXISTS drover.coordinator_identity (
            is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only), topology uuid NOT NULL
        );
        ALTER TABLE drover.coordinator_identity
            ADD COLUMN IF NOT EXISTS changes bigint NOT NULL DEFAULT 0,
            ADD COLUMN IF NOT EXISTS made bigint NOT NULL DEFAULT -1,
            ADD COLUMN IF NOT EXISTS epoch bigint NOT NULL DEFAULT -1,
            ADD COLUMN IF NOT EXISTS fingerprint bytea
        """;

    /// <summary>Makes the table where it is missing; one that is there is not locked.</summary>
    public static async Task EnsureAsync(NpgsqlConnection coordinator, CancellationToken cancellationToken)
    {
        object? isThere = await coordinator.ScalarAsync(
            """
            SELECT EXISTS (SELECT FROM pg_attribute
                WHERE attrelid = to_regclass('drover.coordinator_identity') AND attname = 'fingerprint')
            """,
            [],
            cancellationToken
        );
        if (isThere is not true)
        {
            await coordinator.ExecuteAsync(Table, [], cancellationToken);
        }
    }

    /// <summary>Whether it has made all that it was told of, by the map of this epoch.</summary>
    public static async Task<bool> IsAtAsync(
        NpgsqlConnection coordinator,
        long epoch,
        CancellationToken cancellationToken
    )
    {
        try
        {
            object? isAt = await coordinator.ScalarAsync(
                "SELECT changes = made AND epoch = $1 FROM drover.coordinator_identity",
                [epoch],
                cancellationToken
            );
            return isAt is true;
        }
        catch (PostgresException missing) when (IsUnmade(missing))
        {
            return false;
        }
    }

    /// <summary>Counts a change: what is made so far is behind.</summary>
    public static async Task CountAsync(NpgsqlConnection coordinator, CancellationToken cancellationToken)
    {
        try
        {
            await coordinator.ExecuteAsync(
                "UPDATE drover.coordinator_identity SET changes = changes + 1",
                [],
                cancellationToken
            );
        }
        catch (PostgresException missing) when (IsUnmade(missing))
        {
            // Nothing is made yet, so nothing is behind.
        }
    }

    /// <summary>Changes that it was told of so far, and what was made last.</summary>
    public static async Task<(long Changes, byte[]? Fingerprint)> ReadAsync(
        NpgsqlConnection coordinator,
        CancellationToken cancellationToken
    ) =>
        (
            await coordinator.ListAsync(
                "SELECT changes, fingerprint FROM drover.coordinator_identity",
                [],
                row => (row.GetInt64(0), row.IsDBNull(1) ? null : row.GetFieldValue<byte[]>(1)),
                cancellationToken
            )
        )[0];

    /// <summary>Notes what is made, in the transaction that makes it.</summary>
    public static Task NoteAsync(
        NpgsqlConnection coordinator,
        long changes,
        long epoch,
        byte[] fingerprint,
        CancellationToken cancellationToken
    ) =>
        coordinator.ExecuteAsync(
            "UPDATE drover.coordinator_identity SET made = $1, epoch = $2, fingerprint = $3",
            [changes, epoch, fingerprint],
            cancellationToken
        );

    private static bool IsUnmade(PostgresException failure) =>
        failure.SqlState is PostgresErrorCodes.UndefinedTable or PostgresErrorCodes.UndefinedColumn;
}
