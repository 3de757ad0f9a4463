// Whole conversions under traffic: there, back, there again, and to the end.
using Drover.IntegrationTests.LocalPostgres;
using Drover.Operations.Plans;

namespace Drover.IntegrationTests.Partitioning.Conversion;

public sealed class ConversionTests(PostgresFixture postgres)
{
    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Table_under_traffic_is_converted_rolled_back_converted_and_finished_without_a_lost_write(
        int major
    )
    {
        await using ConversionStage stage = await ConversionStage.StartAsync(postgres, major, OrderWriters.Schema);
        await using OrderWriters writers = await OrderWriters.StartAsync(stage, 3);
        await stage.PlanAsync("orders", ConversionStage.Monthly());
        await stage.RunToAsync(RunState.Ready);
        await writers.WorkAsync(50);
        await stage.OpenAsync("cutover");
        await stage.RunToAsync(RunState.Watching);
        Assert.Equal('p', await stage.ScalarAsync<char>("SELECT relkind FROM pg_class WHERE oid = 'orders'::regclass"));
        await writers.WorkAsync(50);
        await stage.RequestAsync("rollback");
        await stage.RunToAsync(RunState.Ready);
        Assert.Equal('r', await stage.ScalarAsync<char>("SELECT relkind FROM pg_class WHERE oid = 'orders'::regclass"));
        await writers.WorkAsync(50);
        await stage.OpenAsync("cutover");
        await stage.RunToAsync(RunState.Watching);
        await writers.WorkAsync(50);
        await writers.StopAsync();
        await writers.AssertBooksAsync(stage);
        await stage.RunToAsync(RunState.Watching);
        await stage.OpenAsync("finish");
        await stage.RunToAsync(RunState.Finished);
        await writers.AssertBooksAsync(stage);
        Assert.Equal(0L, await stage.ScalarAsync<long>("SELECT count(*) FROM orders_default"));
        Assert.Equal(
            "orders_customer_id_idx,orders_pkey",
            await stage.ScalarAsync<string>(
                "SELECT string_agg(indexrelid::regclass::text, ',' ORDER BY indexrelid::regclass::text "
                    + "COLLATE \"C\") FROM pg_index WHERE indrelid = 'orders'::regclass AND indisvalid"
            )
        );
        Assert.Equal(
            0L,
            await stage.ScalarAsync<long>(
                "SELECT count(*) FROM pg_class WHERE relname LIKE '%drover\\_%' OR relname LIKE 'keys_%'"
            )
        );
    }
}
