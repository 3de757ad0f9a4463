// Tables of pg_partman, 4.7 itself and 5 by its tables, are taken over and handed back.
using Drover.IntegrationTests.LocalPostgres;
using static Drover.IntegrationTests.Partitioning.Maintenance.MaintenanceStage;

namespace Drover.IntegrationTests.Partitioning.Maintenance;

public sealed class AdoptionTests(PostgresFixture fixture)
{
    [Fact]
    public async Task A_table_of_pg_partman_4_is_adopted_kept_and_released()
    {
        MaintenanceStage stage = await StartAsync(
            fixture,
            15,
            """
            CREATE TABLE orders (id bigint, created_at timestamptz NOT NULL) PARTITION BY RANGE (created_at);
            """
        );
        if (await stage.QueryAsync("SELECT count(*) FROM pg_available_extensions WHERE name = 'pg_partman'") == "0")
        {
            Assert.Skip("postgresql-15-partman is not installed");
        }
        await stage.ExecuteAsync(
            """
            CREATE SCHEMA partman; CREATE EXTENSION pg_partman SCHEMA partman;
            SELECT partman.create_parent('public.orders', 'created_at', 'native', 'monthly', p_premake => 2);
            UPDATE partman.part_config SET retention = '12 months', retention_keep_table = false;
            """
        );
        string text = await stage.DoAsync("adopt", "orders");
        Assert.Contains(
            "by month of created_at in UTC, 2 ahead, kept 12 months, then drop",
            text,
            StringComparison.Ordinal
        );
        Assert.Equal("off", await stage.QueryAsync("SELECT automatic_maintenance FROM partman.part_config"));

        await stage.DoAsync("policy", "set", "orders", "--premake", "4");
        await stage.DoAsync("maintain", "orders");
        Assert.Contains(Name(4), await stage.PartitionsAsync(), StringComparison.Ordinal);

        Assert.Contains(
            "pg_partman keeps it again",
            await stage.DoAsync("release", "orders"),
            StringComparison.Ordinal
        );
        Assert.Equal("on", await stage.QueryAsync("SELECT automatic_maintenance FROM partman.part_config"));
        await stage.ExecuteAsync("SELECT partman.run_maintenance('public.orders')");
    }

    [Theory]
    [InlineData(15)]
    [InlineData(18)]
    public async Task A_table_of_pg_partman_5_is_adopted_and_released(int major)
    {
        MaintenanceStage stage = await WithOrdersAsync(fixture, major, -1, 0);
        await stage.ExecuteAsync(Partman5("range", "1 mon"));
        string text = await stage.DoAsync("adopt", "orders");
        Assert.Contains("3 ahead, kept 6 months, then detach", text, StringComparison.Ordinal);
        Assert.Contains("template_table public.template", text, StringComparison.Ordinal);

        Assert.Contains(
            "pg_partman keeps it again",
            await stage.DoAsync("release", "orders"),
            StringComparison.Ordinal
        );
        Assert.Equal("none", await stage.QueryAsync("SELECT automatic_maintenance FROM pm.part_config"));
        Assert.Equal("0", await stage.QueryAsync("SELECT count(*) FROM drover.partition_policies"));
    }

    [Theory]
    [InlineData("list", "1 mon", "partition_type is list")]
    [InlineData("range", "01:00:00", "partition_interval is 01:00:00")]
    public async Task What_cannot_be_gone_on_with_is_refused_and_partman_stays_on(string type, string span, string why)
    {
        MaintenanceStage stage = await WithOrdersAsync(fixture, 18, 0);
        await stage.ExecuteAsync(Partman5(type, span));
        VerbResult result = await stage.RunAsync("adopt", "orders");

        Assert.Equal(3, result.ExitCode);
        Assert.Contains(why, result.Error, StringComparison.Ordinal);
        Assert.Equal("none", await stage.QueryAsync("SELECT automatic_maintenance FROM pm.part_config"));
    }

    [Fact]
    public async Task A_table_that_nobody_keeps_is_adopted_by_its_bounds()
    {
        MaintenanceStage stage = await StartAsync(
            fixture,
            18,
            """
            CREATE TABLE logs (at timestamptz NOT NULL) PARTITION BY RANGE (at);
            CREATE TABLE a PARTITION OF logs FOR VALUES FROM ('2026-11-01 00:00+01') TO ('2026-12-01 00:00+01');
            CREATE TABLE b PARTITION OF logs FOR VALUES FROM ('2026-07-01 00:00+02') TO ('2026-08-01 00:00+02');
            CREATE TABLE c PARTITION OF logs FOR VALUES FROM (MINVALUE) TO ('2026-07-01 00:00+02');
            """
        );
        string text = await stage.DoAsync("adopt", "logs", "--zone", "Europe/Berlin", "--dry-run");
        Assert.Contains("by month of at in Europe/Berlin", text, StringComparison.Ordinal);
        Assert.Contains("1 of 3 partitions are not on the grid", text, StringComparison.Ordinal);
        Assert.Equal("", await stage.QueryAsync("SELECT coalesce(to_regclass('drover.partition_policies')::text, '')"));
    }

    // The columns of part_config in pg_partman 5.2 that say something about the partitions.
    private static string Partman5(string type, string span) =>
        $"""
            CREATE SCHEMA pm;
            CREATE TABLE pm.part_config (parent_table text NOT NULL PRIMARY KEY, control text NOT NULL,
            time_encoder text,
                time_decoder text, partition_interval text NOT NULL, partition_type text NOT NULL,
                premake int NOT NULL DEFAULT 4, automatic_maintenance text NOT NULL DEFAULT 'on', template_table text,
                retention text, retention_schema text, retention_keep_index boolean NOT NULL DEFAULT true,
                retention_keep_table boolean NOT NULL DEFAULT true, epoch text NOT NULL DEFAULT 'none',
                constraint_cols text[], infinite_time_partitions boolean NOT NULL DEFAULT false);
            INSERT INTO pm.part_config (parent_table, control, partition_interval, partition_type, premake,
                automatic_maintenance, template_table, retention)
            VALUES ('public.orders', 'created_at', '{span}', '{type}', 3, 'none', 'public.template', '6 months');
            """;
}
