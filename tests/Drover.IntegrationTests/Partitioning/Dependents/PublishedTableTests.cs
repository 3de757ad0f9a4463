// A publication of all tables carries what a conversion makes too: nobody's UPDATE or DELETE may fail for it.
using Drover.IntegrationTests.LocalPostgres;
using Drover.IntegrationTests.Partitioning.Conversion;
using Drover.Operations.Plans;

namespace Drover.IntegrationTests.Partitioning.Dependents;

public sealed class PublishedTableTests(PostgresFixture postgres)
{
    private const string Rows = """
        INSERT INTO orders (id, created_at)
          SELECT n, timestamptz '2026-06-01' + n * interval '3 hours' FROM generate_series(1, 300) AS n;
        """;

    private const string Columns = "note text, created_at timestamptz NOT NULL";

    public static TheoryData<int, string> Tables =>
        new MatrixTheoryData<int, string>(
            [15, 18],
            [
                $"CREATE TABLE orders (id bigint PRIMARY KEY, {Columns});",
                $"CREATE TABLE orders (id bigint PRIMARY KEY, {Columns}); {Rows}",
                $"CREATE TABLE orders (id bigint PRIMARY KEY, {Columns}); {Rows} "
                    + "ALTER TABLE orders REPLICA IDENTITY FULL;",
                $"CREATE TABLE orders (id bigint NOT NULL UNIQUE, {Columns}); {Rows} "
                    + "ALTER TABLE orders REPLICA IDENTITY FULL;",
                $"CREATE TABLE orders (id bigint NOT NULL, {Columns}); CREATE UNIQUE INDEX orders_id ON orders (id); "
                    + $"{Rows} ALTER TABLE orders REPLICA IDENTITY USING INDEX orders_id;",
            ]
        );

    [Theory]
    [MemberData(nameof(Tables))]
    public async Task Table_of_a_publication_of_all_tables_is_written_all_the_while(int major, string table)
    {
        await using ConversionStage stage = await ConversionStage.StartAsync(postgres, major, table);
        await stage.ExecuteAsync("CREATE PUBLICATION everything FOR ALL TABLES");
        await WriteAsync(stage, 1001);
        await stage.PlanAsync("orders", ConversionStage.Monthly());
        await stage.RunToAsync(RunState.Ready);
        await WriteAsync(stage, 1002);
        await stage.OpenAsync("cutover");
        await stage.RunToAsync(RunState.Watching);
        await WriteAsync(stage, 1003);
        Assert.Equal(0L, await stage.CountDifferencesAsync("orders", "orders__drover_old"));
        await stage.RequestAsync("rollback");
        await stage.RunToAsync(RunState.Ready);
        await WriteAsync(stage, 1004);
        await stage.OpenAsync("cutover");
        await stage.RunToAsync(RunState.Watching);
        await stage.OpenAsync("finish");
        await stage.RunToAsync(RunState.Finished);
        await WriteAsync(stage, 1005);
        Assert.Equal(5L, await stage.ScalarAsync<long>("SELECT count(*) FROM orders WHERE note = 'again'"));
    }

    private static Task WriteAsync(ConversionStage stage, int id) =>
        stage.ExecuteAsync(
            $"""
            INSERT INTO orders VALUES ({id}, 'new', '2026-07-01'), (-{id}, 'gone', '2026-07-02');
            UPDATE orders SET note = 'again' WHERE id = {id};
            UPDATE orders SET created_at = created_at + interval '40 days' WHERE id IN ({id}, 17);
            DELETE FROM orders WHERE id = -{id};
            """
        );
}
