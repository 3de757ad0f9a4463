// What hangs on a table, and what it is made of, is there under its old name afterwards; and again after a rollback.
using Drover.IntegrationTests.LocalPostgres;
using Drover.Operations.Plans;

namespace Drover.IntegrationTests.Partitioning.Conversion;

public sealed class CarriedOverTests(PostgresFixture postgres)
{
    private const string Rich = """
        CREATE TABLE customer (id int PRIMARY KEY, name text);
        INSERT INTO customer SELECT i, 'c' || i FROM generate_series(1, 10) AS i;
        CREATE TABLE audit (id bigint, what text);
        CREATE FUNCTION note_audit() RETURNS trigger LANGUAGE plpgsql AS
          'BEGIN INSERT INTO public.audit VALUES (coalesce(NEW.id, OLD.id), TG_OP); RETURN NULL; END';
        CREATE TABLE sale (
          id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
          number serial,
          customer_id int REFERENCES customer ON DELETE CASCADE,
          price numeric(12,2) CHECK (price >= 0),
          twice numeric GENERATED ALWAYS AS (price * 2) STORED,
          "when" timestamptz NOT NULL DEFAULT now(),
          note text COLLATE "C" DEFAULT 'none');
        CREATE INDEX ON sale (customer_id);
        CREATE INDEX sale_late ON sale ("when") WHERE price > 5;
        CREATE STATISTICS sale_stats ON customer_id, price FROM sale;
        COMMENT ON TABLE sale IS 'what was sold';
        COMMENT ON COLUMN sale.price IS 'in euros';
        INSERT INTO sale (customer_id, price, "when") SELECT 1 + i % 10, i, '2024-02-01'::timestamptz + i *
          interval '6 hours'
          FROM generate_series(1, 500) AS i;
        CREATE TRIGGER sale_audit AFTER INSERT OR UPDATE OR DELETE ON sale FOR EACH ROW EXECUTE FUNCTION note_audit();
        CREATE VIEW cheap AS SELECT id, price FROM sale WHERE price < 10;
        CREATE VIEW cheaper AS SELECT id FROM cheap WHERE price < 5;
        CREATE MATERIALIZED VIEW per_customer AS SELECT customer_id, sum(price) AS total FROM sale GROUP BY customer_id;
        CREATE UNIQUE INDEX per_customer_key ON per_customer (customer_id);
        GRANT SELECT, INSERT ON sale TO PUBLIC;
        ANALYZE sale;
        """;

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Everything_is_carried_over_and_back(int major)
    {
        await using ConversionStage stage = await ConversionStage.StartAsync(postgres, major, Rich);
        await stage.PlanAsync("sale", ConversionStage.Monthly("when"));
        await stage.RunToAsync(RunState.Ready);
        await WriteAsync(stage, 501);
        await stage.OpenAsync("cutover");
        await stage.RunToAsync(RunState.Watching);
        Assert.Equal("p", await KindAsync(stage));
        await WriteAsync(stage, 502);
        await AssertWorksAsync(stage);
        // A cascade of the partitions' own foreign keys, and the mirror takes the old table's rows away.
        await stage.ExecuteAsync("DELETE FROM customer WHERE id = 10");
        Assert.Equal(0L, await stage.CountDifferencesAsync("sale", "sale__drover_old"));
        await stage.RequestAsync("rollback");
        await stage.RunToAsync(RunState.Ready);
        Assert.Equal("r", await KindAsync(stage));
        await WriteAsync(stage, 503);
        await AssertWorksAsync(stage);
        await stage.OpenAsync("cutover");
        await stage.RunToAsync(RunState.Watching);
        await WriteAsync(stage, 504);
        await AssertWorksAsync(stage);
        await stage.OpenAsync("finish");
        await stage.RunToAsync(RunState.Finished);
        await WriteAsync(stage, 505);
        await AssertWorksAsync(stage);
        Assert.True(
            await stage.ScalarAsync<bool>(
                "SELECT count(*) = 1 AND bool_and(convalidated) FROM pg_constraint WHERE conrelid = "
                    + "'sale'::regclass AND contype = 'f'"
            )
        );
    }

    [Fact]
    public async Task Trigger_of_the_application_fires_once_per_write_whichever_table_has_the_name()
    {
        await using ConversionStage stage = await ConversionStage.StartAsync(postgres, 18, Rich);
        await stage.PlanAsync("sale", ConversionStage.Monthly("when"));
        await stage.RunToAsync(RunState.Ready);
        await stage.OpenAsync("cutover");
        await stage.RunToAsync(RunState.Watching);
        await stage.ExecuteAsync(
            "INSERT INTO sale (customer_id, price) VALUES (1, 1); UPDATE sale SET price = 2 WHERE id > 500"
        );
        Assert.Equal("INSERT,UPDATE", await stage.ScalarAsync<string>("SELECT string_agg(what, ',') FROM audit"));
    }

    [Fact]
    public async Task Partitions_that_are_made_later_lie_in_the_tablespace_of_the_table()
    {
        string space = $"space_{Guid.NewGuid():N}";
        await using ConversionStage stage = await ConversionStage.StartAsync(postgres, 18, "SELECT 1");
        await stage.ExecuteAsync("SET allow_in_place_tablespaces = on");
        await stage.ExecuteAsync($"CREATE TABLESPACE {space} LOCATION ''");
        await stage.ExecuteAsync(
            $"""
            CREATE TABLE sale (id bigint, price int, "when" timestamptz NOT NULL,
              PRIMARY KEY (id) USING INDEX TABLESPACE {space},
              CONSTRAINT one UNIQUE ("when", price) USING INDEX TABLESPACE {space}) TABLESPACE {space};
            INSERT INTO sale SELECT i, i, '2024-02-01'::timestamptz + i * interval '6 hours'
              FROM generate_series(1, 100) AS i
            """
        );
        await stage.PlanAsync("sale", ConversionStage.Monthly("when"));
        await stage.OpenAsync("cutover");
        await stage.RunToAsync(RunState.Watching);
        await stage.ExecuteAsync(
            "CREATE TABLE later PARTITION OF sale FOR VALUES FROM ('1999-01-01') TO ('1999-02-01')"
        );
        Assert.Equal(
            "",
            await stage.ScalarAsync<string>(
                $"""
                SELECT coalesce(string_agg(c.oid::regclass::text, ', '), '') FROM pg_class AS c
                LEFT JOIN pg_tablespace AS t ON t.oid = c.reltablespace
                WHERE c.relname ~ '^(sale|later|one)' AND c.relname !~ '__drover_'
                  AND t.spcname IS DISTINCT FROM '{space}'
                """
            )
        );
    }

    private static Task<string> KindAsync(ConversionStage stage) =>
        stage.ScalarAsync<string>("SELECT relkind::text FROM pg_class WHERE oid = 'sale'::regclass");

    // The serial goes on where it was, on whichever table; the identity behind that, and behind what the other table's
    // may still give.
    private static async Task WriteAsync(ConversionStage stage, long id) =>
        Assert.Equal(
            $"true,{id},{2 * id}.00",
            await stage.ScalarAsync<string>(
                $"INSERT INTO sale (customer_id, price) VALUES (1, {id}) RETURNING (id > (SELECT max(id) FROM sale) "
                    + "AND id <= 1 + (SELECT max(id) + 10 * current_setting('max_connections')::int FROM sale)) "
                    + "|| ',' || number || ',' || twice"
            )
        );

    private static async Task AssertWorksAsync(ConversionStage stage)
    {
        Assert.Equal(8L, await stage.ScalarAsync<long>("SELECT count(*) FROM cheap WHERE id <> 9"));
        Assert.Equal(4L, await stage.ScalarAsync<long>("SELECT count(*) FROM cheaper"));
        await stage.ExecuteAsync("REFRESH MATERIALIZED VIEW CONCURRENTLY per_customer");
        Assert.Equal(
            0L,
            await stage.ScalarAsync<long>(
                "SELECT count(*) FROM (SELECT customer_id, sum(price) FROM sale GROUP BY 1 EXCEPT SELECT * "
                    + "FROM per_customer) AS x"
            )
        );
        Assert.Equal("what was sold", await stage.ScalarAsync<string>("SELECT obj_description('sale'::regclass)"));
        Assert.Equal(
            "sale_customer_id_idx,sale_late,sale_pkey",
            await stage.ScalarAsync<string>(
                "SELECT string_agg(c.relname, ',' ORDER BY c.relname) FROM pg_index AS i JOIN pg_class AS c "
                    + "ON c.oid = i.indexrelid WHERE i.indrelid = 'sale'::regclass AND i.indisvalid"
            )
        );
        Assert.Equal(
            1L,
            await stage.ScalarAsync<long>(
                "SELECT count(*) FROM pg_statistic_ext WHERE stxname = 'sale_stats' AND stxrelid = 'sale'::regclass"
            )
        );
        Assert.True(await stage.ScalarAsync<bool>("SELECT has_table_privilege('pg_monitor', 'sale', 'INSERT')"));
    }
}
