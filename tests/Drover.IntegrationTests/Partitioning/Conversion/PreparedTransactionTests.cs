// Two-phase commit: a prepared transaction has no session to be seen, holds its locks, and may still commit its rows.
using Drover.IntegrationTests.LocalPostgres;
using Drover.Operations.Plans;
using Npgsql;

namespace Drover.IntegrationTests.Partitioning.Conversion;

public sealed class PreparedTransactionTests(PostgresFixture postgres)
{
    private const string Table = """
        CREATE TABLE orders (id bigserial PRIMARY KEY, note text, created_at timestamptz NOT NULL);
        INSERT INTO orders (created_at) SELECT timestamptz '2026-06-01' + n * interval '3 hours'
            FROM generate_series(1, 500) AS n;
        """;

    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(1);

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Prepared_transactions_are_waited_for_named_and_their_rows_are_in_both_tables(int major)
    {
        await using ConversionStage stage = await ConversionStage.StartAsync(postgres, major, Table);
        NpgsqlConnection session = await stage.ConnectAsync();
        string name = $"before_{major}_{Guid.NewGuid():N}";
        await stage.PlanAsync("orders", ConversionStage.Monthly());

        // Written before the mirror, committed after it was asked for.
        await PrepareAsync(session, "UPDATE orders SET note = 'before' WHERE id = 1", name);
        Task ready = stage.RunToAsync(RunState.Ready);
        await WaitUntilNamedAsync(stage, ready, "install-mirror");
        await stage.ExecuteAsync($"COMMIT PREPARED '{name}'");
        await ready;
        Assert.Equal(0L, await stage.CountDifferencesAsync("orders", "orders__drover_new"));

        // Mirrored, and neither committed nor rolled back when the cut-over is asked for.
        await PrepareAsync(
            session,
            "UPDATE orders SET note = 'kept' WHERE id = 2; "
                + "UPDATE orders SET created_at = created_at + interval '40 days' WHERE id = 3; "
                + "INSERT INTO orders (id, note, created_at) VALUES (1000, 'kept', '2026-07-01')",
            name + "_kept"
        );
        await PrepareAsync(session, "DELETE FROM orders WHERE id = 4", name + "_lost");
        await stage.OpenAsync("cutover");
        Task watching = stage.RunToAsync(RunState.Watching);
        await WaitUntilNamedAsync(stage, watching, "cut-over");
        await stage.ExecuteAsync($"COMMIT PREPARED '{name}_kept'");
        await stage.ExecuteAsync($"ROLLBACK PREPARED '{name}_lost'");
        await watching;

        Assert.Equal(0L, await stage.CountDifferencesAsync("orders", "orders__drover_old"));
        Assert.Equal(
            "1 before,2 kept,4 ,1000 kept",
            await stage.ScalarAsync<string>(
                "SELECT string_agg(id || ' ' || coalesce(note, ''), ',' ORDER BY id) FROM orders "
                    + "WHERE note IS NOT NULL OR id = 4"
            )
        );
    }

    private static async Task PrepareAsync(NpgsqlConnection session, string sql, string name)
    {
        await MirrorStage.Run(session, $"BEGIN; {sql}");
        await MirrorStage.Run(session, $"PREPARE TRANSACTION '{name}'");
    }

    private static async Task WaitUntilNamedAsync(ConversionStage stage, Task running, string step)
    {
        long started = TimeProvider.System.GetTimestamp();
        while (
            !await stage.ScalarAsync<bool>(
                $"""
                SELECT EXISTS (SELECT FROM drover.events WHERE kind = 'lock-wait' AND step = '{step}'
                  AND message LIKE '%a prepared transaction%')
                """
            )
        )
        {
            if (running.IsCompleted)
            {
                await running;
            }
            Assert.True(
                TimeProvider.System.GetElapsedTime(started) < s_patience,
                $"{step} names no prepared transaction"
            );
            await Task.Delay(50, TestContext.Current.CancellationToken);
        }
    }
}
