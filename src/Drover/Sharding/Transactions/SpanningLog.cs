// What the proxies tell each other of transactions on several shards that wait: a row each, in the catalog.
using Drover.Operations.Connections;
using Drover.Routing.Transactions;
using Npgsql;

namespace Drover.Sharding.Transactions;

/// <summary>Written by the proxy that has the transaction, while it waits; old rows mean nothing.</summary>
internal static class SpanningLog
{
    /// <summary>The table; made with the map.</summary>
    public const string Table = """
        CREATE UNLOGGED TABLE IF NOT EXISTS drover.waiting_transactions (
            id uuid PRIMARY KEY,
            shards int[] NOT NULL,
            processes int[] NOT NULL,
            seen timestamptz NOT NULL DEFAULT clock_timestamp()
        )
        """;

    /// <summary>Tells of transactions that wait.</summary>
    public static async Task WriteAsync(
        NpgsqlConnection catalog,
        IEnumerable<SpanningTransaction> waiting,
        CancellationToken cancellationToken
    )
    {
        foreach (SpanningTransaction transaction in waiting)
        {
            TransactionPlace[] places = transaction.Places;
            await catalog.ExecuteAsync(
                """
                INSERT INTO drover.waiting_transactions (id, shards, processes) VALUES ($1, $2, $3)
                ON CONFLICT (id) DO UPDATE
                SET shards = excluded.shards, processes = excluded.processes, seen = excluded.seen
                """,
                [
                    transaction.Id,
                    places.Select(static place => place.Shard).ToArray(),
                    places.Select(static place => place.ProcessId).ToArray(),
                ],
                cancellationToken
            );
        }
        await catalog.ExecuteAsync(
            "DELETE FROM drover.waiting_transactions WHERE seen < clock_timestamp() - interval '1 minute'",
            [],
            cancellationToken
        );
    }

    /// <summary>Transactions that waited a moment ago, of all proxies.</summary>
    public static async Task<List<(Guid Id, TransactionPlace[] Places)>> ReadAsync(
        NpgsqlConnection catalog,
        CancellationToken cancellationToken
    ) =>
        await catalog.ListAsync(
            """
            SELECT id, shards, processes FROM drover.waiting_transactions
            WHERE seen > clock_timestamp() - interval '3 seconds'
            """,
            [],
            static row =>
                (
                    row.GetGuid(0),
                    row.GetFieldValue<int[]>(1)
                        .Zip(
                            row.GetFieldValue<int[]>(2),
                            static (shard, process) => new TransactionPlace(shard, process)
                        )
                        .ToArray()
                ),
            cancellationToken
        );
}
