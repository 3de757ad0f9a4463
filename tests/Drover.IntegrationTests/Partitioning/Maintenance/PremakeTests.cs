// Partitions that are made ahead are like their table; what differs between partitions is mended without a strong lock.
using Drover.IntegrationTests.LocalPostgres;
using Drover.Operations.Connections;
using Npgsql;
using static Drover.IntegrationTests.Partitioning.Maintenance.MaintenanceStage;

namespace Drover.IntegrationTests.Partitioning.Maintenance;

public sealed class PremakeTests(PostgresFixture fixture)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task A_partition_made_ahead_has_what_its_table_and_its_neighbours_have(int major)
    {
        MaintenanceStage stage = await WithOrdersAsync(fixture, major, 0);
        string suffix = $"{major}_{Guid.NewGuid():N}"[..12];
        // Neither can be in a transaction.
        await using (NpgsqlConnection superuser = await stage.OpenAsync())
        {
            await superuser.ExecuteAsync("SET allow_in_place_tablespaces = on", [], Token);
            await superuser.ExecuteAsync($"CREATE TABLESPACE space_{suffix} LOCATION ''", [], Token);
            await superuser.ExecuteAsync($"ALTER TABLE orders SET TABLESPACE space_{suffix}", [], Token);
        }
        await stage.ExecuteAsync(
            $"""
            CREATE ROLE owner_{suffix}; CREATE ROLE reader_{suffix}; CREATE ROLE stranger_{suffix};
            CREATE TABLE customers (id bigint PRIMARY KEY);
            ALTER TABLE orders ADD COLUMN customer bigint REFERENCES customers;
            ALTER TABLE orders OWNER TO owner_{suffix}; ALTER TABLE {Name(0)} OWNER TO owner_{suffix};
            GRANT ALL ON SCHEMA public TO owner_{suffix}; ALTER TABLE customers OWNER TO owner_{suffix};
            GRANT SELECT ON orders TO reader_{suffix}; GRANT UPDATE (status) ON orders TO reader_{suffix};
            ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO stranger_{suffix};
            ALTER TABLE orders REPLICA IDENTITY FULL; ALTER TABLE {Name(0)} REPLICA IDENTITY FULL;
            ALTER TABLE orders ENABLE ROW LEVEL SECURITY;
            ALTER TABLE {Name(0)} SET (fillfactor = 70); COMMENT ON TABLE {Name(0)} IS 'a month';
            ALTER TABLE orders ADD CONSTRAINT positive CHECK (amount > 0);
            """
        );
        await stage.DoAsync("policy", "set", "orders", "--interval", "month", "--premake", "2");
        await stage.DoAsync("maintain", "orders");

        Assert.Equal($"{Name(0)} {Name(1)} {Name(2)}", await stage.PartitionsAsync());
        string? facts = await stage.QueryAsync(
            $"""
            SELECT concat_ws('|', pg_get_userbyid(relowner) = 'owner_{suffix}', relreplident, relrowsecurity,
                reloptions, obj_description(c.oid, 'pg_class'), has_table_privilege('reader_{suffix}', c.oid, 'SELECT'),
                has_column_privilege('reader_{suffix}', c.oid, 'status', 'UPDATE'),
                has_table_privilege('reader_{suffix}', c.oid, 'DELETE'),
                has_table_privilege('stranger_{suffix}', c.oid, 'SELECT'),
                (SELECT count(*) FROM pg_index WHERE indrelid = c.oid),
                (SELECT string_agg(contype::text, '' ORDER BY contype) FROM pg_constraint WHERE conrelid = c.oid
                    AND contype <> 'n'),
                (SELECT spcname FROM pg_tablespace s WHERE s.oid = c.reltablespace))
            FROM pg_class c WHERE oid = '{Name(2)}'::regclass
            """
        );
        Assert.Equal($"t|f|t|{{fillfactor=70}}|a month|t|t|f|f|2|cfp|space_{suffix}", facts);
        Assert.Contains("nothing to do", await stage.DoAsync("maintain", "orders"), StringComparison.Ordinal);
        await stage.ExecuteAsync($"INSERT INTO orders (created_at, amount) VALUES ('{Day(2)}', 1)");
    }

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task A_partition_made_ahead_has_what_only_partitions_have(int major)
    {
        MaintenanceStage stage = await WithOrdersAsync(fixture, major, 0);
        await stage.ExecuteAsync(
            $"""
            CREATE TABLE customers (id bigint PRIMARY KEY);
            ALTER TABLE orders ADD COLUMN customer bigint;
            ALTER TABLE {Name(0)} ADD CONSTRAINT of_customer FOREIGN KEY (customer) REFERENCES customers NOT VALID;
            ALTER TABLE {Name(0)} ALTER status SET STATISTICS 700, ALTER status SET (n_distinct = 3),
                SET (toast.autovacuum_enabled = false);
            """
        );
        await stage.DoAsync("policy", "set", "orders", "--interval", "month", "--premake", "1");
        await stage.DoAsync("maintain", "orders");

        string? facts = await stage.QueryAsync(
            $$"""
            SELECT concat_ws('|', a.attstattarget, array_to_string(a.attoptions, ',') ~ 'n_distinct=3', t.reloptions,
                (SELECT string_agg(conname, ',') FROM pg_constraint WHERE conrelid = c.oid AND contype = 'f'))
            FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'status'
            JOIN pg_class t ON t.oid = c.reltoastrelid WHERE c.oid = '{{Name(1)}}'::regclass
            """
        );
        Assert.Equal("700|t|{autovacuum_enabled=false}|of_customer", facts);
    }

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task A_dry_run_changes_nothing_and_shows_each_lock(int major)
    {
        MaintenanceStage stage = await WithOrdersAsync(fixture, major, 0);
        await stage.DoAsync("policy", "set", "orders", "--interval", "month", "--premake", "1");
        string text = await stage.DoAsync("maintain", "--dry-run");

        Assert.Contains($"ATTACH PARTITION public.{Name(1)}", text, StringComparison.Ordinal);
        Assert.Contains("locks public.orders: SHARE UPDATE EXCLUSIVE", text, StringComparison.Ordinal);
        Assert.Equal(Name(0), await stage.PartitionsAsync());
        Assert.Equal([$"premake public.{Name(1)}"], await stage.PlanAsync("orders"));
    }

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Readers_and_writers_are_not_stopped_while_a_partition_is_made(int major)
    {
        MaintenanceStage stage = await WithOrdersAsync(fixture, major, 0);
        await stage.DoAsync("policy", "set", "orders", "--interval", "month", "--premake", "1");
        await using NpgsqlConnection busy = await stage.OpenAsync();
        await using NpgsqlTransaction transaction = await busy.BeginTransactionAsync(Token);
        await using NpgsqlCommand write = new(
            $"INSERT INTO orders (created_at, amount) VALUES ('{Day(0)}', 1); SELECT count(*) FROM orders",
            busy
        );
        await write.ExecuteNonQueryAsync(Token);

        await stage.DoAsync("maintain", "orders");
        await transaction.CommitAsync(Token);
        Assert.Equal($"{Name(0)} {Name(1)}", await stage.PartitionsAsync());
    }

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Indexes_that_differ_are_mended(int major)
    {
        MaintenanceStage stage = await WithOrdersAsync(fixture, major, -2, -1, 0, 1);
        await stage.ExecuteAsync(
            $"""
            CREATE INDEX orders_amount_idx ON ONLY orders (amount);
            CREATE INDEX ready ON {Name(0)} (amount);
            CREATE INDEX a ON {Name(-2)} (id, status); CREATE INDEX b ON {Name(0)} (id, status);
            UPDATE pg_index SET indisvalid = false WHERE indexrelid = '{Name(1)}_status_idx'::regclass;
            """
        );
        await stage.DoAsync("policy", "set", "orders", "--interval", "month", "--premake", "1");
        await stage.DoAsync("maintain", "orders");

        Assert.Equal(
            "0|t|4",
            await stage.QueryAsync(
                $"""
                SELECT concat_ws('|', (SELECT count(*) FROM pg_index WHERE NOT indisvalid),
                    (SELECT indisvalid FROM pg_index WHERE indexrelid = 'orders_amount_idx'::regclass),
                    (SELECT count(*) FROM pg_index WHERE indrelid = '{Name(-1)}'::regclass))
                """
            )
        );
        // The hole in the middle has the index that both sides have; the partition after the last holder does not.
        Assert.Equal(
            "1 0",
            await stage.QueryAsync(
                $"""
                SELECT (SELECT count(*) FROM pg_indexes WHERE tablename = '{Name(
                    -1
                )}' AND indexdef LIKE '%(id, status)')
                    || ' ' || (SELECT count(*) FROM pg_indexes WHERE tablename = '{Name(
                    1
                )}' AND indexdef LIKE '%(id, status)')
                """
            )
        );
        Assert.Contains("nothing to do", await stage.DoAsync("maintain", "orders"), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Partitions_that_open_more_than_their_table_are_told_with_what_ends_it(int major)
    {
        MaintenanceStage stage = await WithOrdersAsync(fixture, major, -2, -1, 0);
        string role = $"reader_{major}_{Guid.NewGuid():N}"[..16];
        await stage.ExecuteAsync(
            $"""
            CREATE ROLE {role}; GRANT SELECT, UPDATE (status) ON orders TO {role};
            GRANT SELECT, UPDATE (status) ON {Name(0)} TO {role};
            GRANT SELECT, DELETE, UPDATE (amount) ON {Name(-1)} TO {role}; GRANT DELETE ON {Name(-2)} TO PUBLIC;
            """
        );
        await stage.DoAsync("policy", "set", "orders", "--interval", "month", "--premake", "1");
        string more = await stage.DoAsync("maintain", "orders");
        string[] ends =
        [
            $"REVOKE DELETE, UPDATE (amount) ON public.{Name(-1)} FROM {role}",
            $"REVOKE DELETE ON public.{Name(-2)} FROM PUBLIC",
        ];
        Assert.Equal(2, more.Split("which public.orders does not give").Length - 1);
        Assert.All(ends, end => Assert.Contains(end, more, StringComparison.Ordinal));
        await stage.ExecuteAsync(string.Join(';', ends));
        Assert.Contains("nothing to do", await stage.DoAsync("maintain", "orders"), StringComparison.Ordinal);

        await stage.ExecuteAsync($"ALTER TABLE orders ENABLE ROW LEVEL SECURITY; REVOKE ALL ON {Name(-1)} FROM {role}");
        string bare = await stage.DoAsync("maintain", "orders", "--dry-run");
        Assert.Contains($"note: public.{Name(0)} and 1 more: row security is off", bare, StringComparison.Ordinal);
        await stage.ExecuteAsync(
            $"ALTER TABLE {Name(0)} ENABLE ROW LEVEL SECURITY; ALTER TABLE {Name(1)} ENABLE ROW LEVEL SECURITY"
        );
        Assert.Contains("nothing to do", await stage.DoAsync("maintain", "orders"), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Ids_and_uuids_are_kept_as_times_are(int major)
    {
        MaintenanceStage stage = await StartAsync(
            fixture,
            major,
            """
            CREATE TABLE by_id (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY) PARTITION BY RANGE (id);
            CREATE TABLE by_uuid (id uuid PRIMARY KEY) PARTITION BY RANGE (id);
            CREATE TABLE by_id_p0 PARTITION OF by_id FOR VALUES FROM (0) TO (1000);
            SELECT setval('by_id_id_seq', 900);
            """
        );
        await stage.DoAsync("policy", "set", "by_id", "--interval", "1000", "--premake", "2");
        await stage.DoAsync(
            "policy",
            "set",
            "by_uuid",
            "--interval",
            "month",
            "--premake",
            "1",
            "--zone",
            "Asia/Tokyo"
        );
        await stage.DoAsync("maintain");

        Assert.Equal("by_id_p0 by_id_p1000 by_id_p2000", await stage.PartitionsAsync("by_id"));
        await stage.ExecuteAsync($"INSERT INTO by_uuid VALUES ('{Guid.CreateVersion7()}')");
        Assert.Contains("by_id_p1000", await stage.DoAsync("list", "by_id"), StringComparison.Ordinal);
        Assert.Contains("by_uuid", await stage.DoAsync("policy", "list"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("orders", 3, "has no policy")]
    [InlineData("nowhere", 3, "there is no table nowhere")]
    [InlineData("plain", 3, "drover partition plan converts")]
    public async Task A_table_that_cannot_be_kept_is_refused_with_what_to_do(string table, int exitCode, string why)
    {
        MaintenanceStage stage = await WithOrdersAsync(fixture, 18, 0);
        await stage.ExecuteAsync("CREATE TABLE plain (id bigint)");
        VerbResult result = await stage.RunAsync("maintain", table);

        Assert.Equal(exitCode, result.ExitCode);
        Assert.Contains(why, result.Error, StringComparison.Ordinal);
    }
}
