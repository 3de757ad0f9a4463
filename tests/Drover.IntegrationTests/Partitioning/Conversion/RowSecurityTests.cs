// Row security cannot be walked around through the tables that a conversion makes.
using Drover.IntegrationTests.LocalPostgres;
using Drover.Operations.Plans;

namespace Drover.IntegrationTests.Partitioning.Conversion;

public sealed class RowSecurityTests(PostgresFixture postgres)
{
    private const string Table = """
        CREATE TABLE orders (id bigserial PRIMARY KEY, tenant int NOT NULL, created_at timestamptz NOT NULL);
        INSERT INTO orders (tenant, created_at)
            SELECT n % 7, timestamptz '2026-06-01' + n * interval '3 hours' FROM generate_series(1, 700) AS n;
        ALTER TABLE orders ENABLE ROW LEVEL SECURITY;
        CREATE POLICY own ON orders TO reader USING (tenant = 3);
        GRANT SELECT ON orders TO reader;
        """;

    // Rows of others that the role sees in any table that it may name.
    private const string Others = """
        SET ROLE reader;
        SELECT coalesce(sum((xpath('/table/row/n/text()', query_to_xml(
            format('SELECT count(*) AS n FROM %s WHERE tenant <> 3', c.oid::regclass), true, false, ''
        )))[1]::text::bigint), -1)
        FROM pg_class c WHERE c.relkind IN ('r', 'p') AND c.relname LIKE 'orders\_%'
          AND has_table_privilege(c.oid, 'SELECT');
        RESET ROLE
        """;

    private const string Own = "SET ROLE reader; SELECT count(*) FROM orders; RESET ROLE";

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Reader_sees_his_rows_and_those_of_others_by_no_name_of_the_table_or_its_partitions(int major)
    {
        await using ConversionStage stage = await ConversionStage.StartAsync(postgres, major, Table);
        await stage.PlanAsync("orders", ConversionStage.Monthly());
        await stage.RunToAsync(RunState.Ready);
        await AssertHiddenAsync(stage);
        await stage.OpenAsync("cutover");
        await stage.RunToAsync(RunState.Watching);
        await AssertHiddenAsync(stage);
        await stage.RequestAsync("rollback");
        await stage.RunToAsync(RunState.Ready);
        await AssertHiddenAsync(stage);
        await stage.OpenAsync("cutover");
        await stage.RunToAsync(RunState.Watching);
        await AssertHiddenAsync(stage);
        Assert.True(await stage.ScalarAsync<bool>("SELECT count(*) = 700 FROM orders"));
    }

    private static async Task AssertHiddenAsync(ConversionStage stage)
    {
        Assert.Equal(100L, await stage.ScalarAsync<long>(Own));
        Assert.Equal(0L, (long)await stage.ScalarAsync<decimal>(Others));
    }
}
