// Writers at a table of orders: inserts, updates, key moves, deletes, upserts, rollbacks; each keeps its own books.
using System.Collections.Concurrent;
using Npgsql;

namespace Drover.IntegrationTests.Partitioning.Conversion;

/// <summary>
/// Each writer has a range of ids to itself, and remembers for each id what it last committed: the table must agree.
/// </summary>
internal sealed class OrderWriters : IAsyncDisposable
{
    public const string Schema = """
        CREATE TABLE orders (
          id bigint PRIMARY KEY, customer_id bigint NOT NULL, status varchar(50), total numeric(10,2),
          created_at timestamptz NOT NULL, note text);
        CREATE INDEX orders_customer_id_idx ON orders (customer_id, created_at);
        INSERT INTO orders SELECT i, i % 100, 'new', i / 100.0, '2024-01-10'::timestamptz + i * interval '1 hour',
          repeat('n', i % 50)
          FROM generate_series(1, 3000) AS i;
        ANALYZE orders;
        """;

    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<long, string?> _books = new();
    private readonly List<Task> _writers = [];
    private long _transactions;

    public long Transactions => Interlocked.Read(ref _transactions);

    public static async Task<OrderWriters> StartAsync(ConversionStage stage, int count)
    {
        OrderWriters writers = new();
        for (int number = 0; number < count; number++)
        {
            NpgsqlConnection connection = await stage.ConnectAsync();
            int at = number;
            writers._writers.Add(Task.Run(() => writers.WriteAsync(connection, at, count)));
        }
        return writers;
    }

    /// <summary>Waits until the writers have done some more transactions, whatever the machine's load.</summary>
    public async Task WorkAsync(int transactions)
    {
        long goal = Transactions + transactions;
        while (Transactions < goal)
        {
            await Task.WhenAny([.. _writers, Task.Delay(10)]);
            foreach (Task writer in _writers.Where(writer => writer.IsCompleted))
            {
                await writer;
            }
        }
    }

    /// <summary>Stops, and fails with the first error that any writer met.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_writers);
    }

    /// <summary>Every id that a writer has written is as it was last committed.</summary>
    public async Task AssertBooksAsync(ConversionStage stage)
    {
        foreach ((long id, string? expected) in _books)
        {
            string sql = $"SELECT coalesce((SELECT o::text FROM orders AS o WHERE id = {id}), '')";
            Assert.Equal((id, expected ?? ""), (id, await stage.ScalarAsync<string>(sql)));
        }
    }

    private async Task WriteAsync(NpgsqlConnection connection, int writer, int writers)
    {
        Random random = new(writer);
        while (!_stop.IsCancellationRequested)
        {
            string[] levels = ["READ COMMITTED", "READ COMMITTED", "REPEATABLE READ"];
            string begin = $"BEGIN ISOLATION LEVEL {levels[random.Next(levels.Length)]}";
            List<long> ids = [];
            List<string> statements = [];
            for (int count = random.Next(1, 4); count > 0; count--)
            {
                // Ids of one writer alone: what it commits last is what must be there.
                long id = (random.Next(0, 3500 / writers) * writers) + writer + 1;
                ids.Add(id);
                statements.Add(Statement(random, id));
            }
            bool commits = random.Next(10) > 0;
            try
            {
                await MirrorStage.Run(connection, $"{begin}; {string.Join("; ", statements)}");
                Dictionary<long, string?> after = [];
                foreach (long id in ids.Distinct())
                {
                    after[id] =
                        await MirrorStage.Scalar(connection, $"SELECT o::text FROM orders AS o WHERE id = {id}")
                        as string;
                }
                await MirrorStage.Run(connection, commits ? "COMMIT" : "ROLLBACK");
                foreach ((long id, string? row) in commits ? after : [])
                {
                    _books[id] = row;
                }
            }
            // A REPEATABLE READ writer that was overtaken by the cut-over's rename or by another writer; it retries.
            catch (PostgresException overtaken) when (overtaken.SqlState == PostgresErrorCodes.SerializationFailure)
            {
                await MirrorStage.Run(connection, "ROLLBACK");
            }
            Interlocked.Increment(ref _transactions);
        }
    }

    private static string Statement(Random random, long id)
    {
        string day = $"'2024-01-10'::timestamptz + {random.Next(3000)} * interval '1 hour'";
        return random.Next(8) switch
        {
            0 => $"DELETE FROM orders WHERE id = {id}",
            1 => $"UPDATE orders SET created_at = {day} WHERE id = {id}",
            2 => $"UPDATE orders SET status = NULL, note = 'x' WHERE id = {id}",
            3 => $"DELETE FROM orders WHERE id = {id}; INSERT INTO orders VALUES ({id}, {id % 7}, 'again', 1, {day})",
            4 => $"UPDATE orders SET total = total + 0.10 WHERE id = {id}",
            // Not ON CONFLICT: with the partition key in it, the primary key keeps no id unique.
            _ => $"INSERT INTO orders SELECT {id}, {id % 9}, 'new', 2.50, {day} WHERE NOT EXISTS (SELECT "
                + $"FROM orders WHERE id = {id}); "
                + $"UPDATE orders SET note = note || '.' WHERE id = {id}",
        };
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_writers).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }
}
