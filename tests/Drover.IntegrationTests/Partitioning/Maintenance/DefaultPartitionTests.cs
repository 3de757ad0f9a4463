// Rows in the default partition get a partition of their own, while the application writes on.
using Drover.IntegrationTests.LocalPostgres;
using Npgsql;
using static Drover.IntegrationTests.Partitioning.Maintenance.MaintenanceStage;

namespace Drover.IntegrationTests.Partitioning.Maintenance;

public sealed class DefaultPartitionTests(PostgresFixture fixture)
{
    private const int Writers = 4;
    private const int Rounds = 150;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Rows_are_moved_and_what_has_no_place_is_left_and_told(int major)
    {
        MaintenanceStage stage = await WithDefaultAsync(major);
        await stage.ExecuteAsync(
            $"""
            CREATE TABLE seen (what text);
            CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS
                'BEGIN INSERT INTO seen VALUES (TG_OP); RETURN NULL; END';
            CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON orders FOR EACH ROW EXECUTE FUNCTION note();
            INSERT INTO orders (created_at, amount) VALUES ('{Day(1)}', 1), ('{Day(1)}', 2), ('{Day(2)}', 3),
                ('infinity', 4), ('1970-01-01', 5);
            TRUNCATE seen;
            """
        );
        string text = await stage.DoAsync("maintain", "orders");

        Assert.Contains("2 rows moved", text, StringComparison.Ordinal);
        Assert.Contains("infinite", text, StringComparison.Ordinal);
        Assert.Equal(
            $"orders_default 2, {Name(1)} 2, {Name(2)} 1",
            await stage.QueryAsync(
                """
                SELECT string_agg(part || ' ' || rows, ', ' ORDER BY part)
                FROM (SELECT tableoid::regclass::text AS part, count(*) AS rows FROM orders GROUP BY 1) AS counts
                """
            )
        );
        Assert.Equal("15.00 30.00", await stage.QueryAsync("SELECT sum(amount) || ' ' || sum(doubled) FROM orders"));
        Assert.Equal("0", await stage.QueryAsync("SELECT count(*) FROM seen"));
        await stage.ExecuteAsync("UPDATE orders SET amount = 6 WHERE created_at = '1970-01-01'");
        Assert.Equal("1", await stage.QueryAsync("SELECT count(*) FROM seen"));
    }

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task No_write_is_lost_while_rows_are_moved(int major)
    {
        MaintenanceStage stage = await WithDefaultAsync(major);
        await stage.ExecuteAsync(
            $"""
            INSERT INTO orders (created_at, status, amount)
            SELECT timestamptz '{Day(1)}' + n % 20 * interval '1 hour', 'w' || n % {Writers}, 0
            FROM generate_series(1, 2000) AS n
            """
        );
        Task<long>[] writers = [.. Enumerable.Range(0, Writers).Select(number => WriteAsync(stage, number))];
        string text = await stage.DoAsync("maintain", "orders");
        long[] written = await Task.WhenAll(writers);

        Assert.Contains("rows moved", text, StringComparison.Ordinal);
        Assert.Equal(
            $"{2000 + (Writers * Rounds)} {written.Sum()}",
            await stage.QueryAsync("SELECT count(*) || ' ' || sum(amount)::bigint FROM orders")
        );
        Assert.Equal("0", await stage.QueryAsync("SELECT count(*) FROM orders_default"));
    }

    [Fact]
    public async Task More_rows_than_one_transaction_may_move_are_refused_with_what_to_do()
    {
        MaintenanceStage stage = await WithDefaultAsync(18);
        await stage.ExecuteAsync(
            $"INSERT INTO orders (created_at) SELECT timestamptz '{Day(1)}' FROM generate_series(1, 11)"
        );
        VerbResult refused = await stage.RunAsync("maintain", "orders", "--move-rows-max", "10");
        Assert.Equal(3, refused.ExitCode);
        Assert.Contains("--move-rows-max", refused.Output, StringComparison.Ordinal);
        Assert.Equal("11", await stage.QueryAsync("SELECT count(*) FROM orders_default"));
        await stage.DoAsync("maintain", "orders", "--move-rows-max", "11");
    }

    [Fact]
    public async Task Rows_that_a_foreign_key_points_to_are_not_moved()
    {
        MaintenanceStage stage = await WithDefaultAsync(18);
        await stage.ExecuteAsync(
            $"""
            CREATE TABLE lines (order_id bigint, at timestamptz, FOREIGN KEY (order_id, at)
                REFERENCES orders (id, created_at) ON DELETE CASCADE);
            INSERT INTO orders (created_at) VALUES ('{Day(1)}');
            INSERT INTO lines SELECT id, created_at FROM orders;
            """
        );
        Assert.Equal(3, (await stage.RunAsync("maintain", "orders")).ExitCode);
        Assert.Equal("1", await stage.QueryAsync("SELECT count(*) FROM lines"));
    }

    // Each writer adds one to all its rows again and again, and inserts; what was acknowledged is its tally.
    private static async Task<long> WriteAsync(MaintenanceStage stage, int number)
    {
        await using NpgsqlConnection connection = await stage.OpenAsync();
        long written = 0;
        for (int i = 0; i < Rounds; i++)
        {
            await using NpgsqlCommand update = new(
                $"UPDATE orders SET amount = amount + 1 WHERE status = 'w{number}' AND id % 10 = {i % 10}",
                connection
            );
            int updated = await update.ExecuteNonQueryAsync(Token);
            written += updated;

            // Of the ids 1 to 2000, 100 are of this writer and end in this digit, or none: no row is ever out of sight.
            Assert.Equal(i % 2 == number % 2 ? 100 : 0, updated);
            await using NpgsqlCommand insert = new(
                $"INSERT INTO orders (created_at, status, amount) VALUES ('{Day(1, 20)}', 'new', 1)",
                connection
            );
            written += await insert.ExecuteNonQueryAsync(Token);
        }
        return written;
    }

    private async Task<MaintenanceStage> WithDefaultAsync(int major)
    {
        MaintenanceStage stage = await WithOrdersAsync(fixture, major, 0);
        await stage.ExecuteAsync("CREATE TABLE orders_default PARTITION OF orders DEFAULT");
        await stage.DoAsync("policy", "set", "orders", "--interval", "month", "--premake", "2");
        return stage;
    }
}
