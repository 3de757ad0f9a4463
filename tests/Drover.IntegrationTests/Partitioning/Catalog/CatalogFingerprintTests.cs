// A change between the plan and the cut-over is noticed and named; what does not matter is not.
using Drover.IntegrationTests.LocalPostgres;
using Drover.Partitioning.Catalog;
using Npgsql;

namespace Drover.IntegrationTests.Partitioning.Catalog;

public sealed class CatalogFingerprintTests(PostgresFixture postgres)
{
    private const string Orders = """
        CREATE TABLE orders (id bigserial PRIMARY KEY, note text, total numeric);
        CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
        CREATE VIEW v AS SELECT * FROM orders; CREATE MATERIALIZED VIEW mv AS SELECT id FROM orders;
        CREATE TRIGGER t BEFORE UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION touch();
        """;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("CREATE INDEX added ON orders (note)", "index added was added: CREATE INDEX added ON public.orders")]
    [InlineData("ALTER TABLE orders ADD extra int", "column extra was added")]
    [InlineData("ALTER TABLE orders DROP total CASCADE", "column total was dropped")]
    [InlineData("DROP VIEW v; ALTER TABLE orders ALTER total TYPE numeric(12, 2)", "column total was changed")]
    [InlineData("ALTER TABLE orders ALTER note SET NOT NULL", "column note was changed")]
    [InlineData("ALTER TABLE orders ALTER note SET DEFAULT 'x'", "column note was changed")]
    [InlineData("ALTER TABLE orders ADD CONSTRAINT c CHECK (id > 0)", "constraint c was added")]
    [InlineData("ALTER TABLE orders DISABLE TRIGGER t", "trigger t was changed")]
    [InlineData("GRANT SELECT ON orders TO app", "grants was changed")]
    [InlineData("GRANT SELECT (note) ON orders TO app", "column note was changed")]
    [InlineData("ALTER TABLE orders OWNER TO app", "owner was changed from postgres to app")]
    [InlineData("COMMENT ON TABLE orders IS 'x'", "comment was changed")]
    [InlineData("ALTER TABLE orders SET (fillfactor = 50)", "storage options was changed")]
    [InlineData("ALTER TABLE orders REPLICA IDENTITY FULL", "replica identity was changed")]
    [InlineData("ALTER TABLE orders ENABLE ROW LEVEL SECURITY", "row security was changed")]
    [InlineData("CREATE POLICY p ON orders USING (true)", "policy p was added")]
    [InlineData("CREATE PUBLICATION pub FOR TABLE orders", "publication pub (Table) was added")]
    [InlineData("CREATE STATISTICS s ON id, note FROM orders", "statistics public.s was added")]
    [InlineData("CREATE VIEW v2 AS SELECT id FROM orders", "view public.v2 was added")]
    [InlineData("ALTER VIEW v SET (security_invoker)", "view public.v was changed")]
    [InlineData("CREATE INDEX ON mv (id)", "view public.mv was changed")]
    [InlineData("CREATE TABLE l (o bigint REFERENCES orders)", "foreign key l_o_fkey of public.l was added")]
    [InlineData("ALTER SEQUENCE orders_id_seq INCREMENT 2", "sequence public.orders_id_seq was changed")]
    [InlineData("CREATE RULE r AS ON DELETE TO orders DO INSTEAD NOTHING", "rule r was added")]
    [InlineData("CREATE TABLE kid () INHERITS (orders)", "children was changed")]
    public async Task Change_is_named(string change, string sentence)
    {
        foreach (int major in new[] { 15, 18 })
        {
            await using TableStage stage = await TableStage.StartAsync(postgres, major, Orders);
            TableDescription before = await stage.DescribeAsync();

            await stage.RunAsync(change);
            TableDescription after = await stage.DescribeAsync();

            IReadOnlyList<string> difference = CatalogFingerprint.Difference(before, after);
            Assert.Contains(difference, line => line.StartsWith(sentence, StringComparison.Ordinal));
            Assert.NotEqual(CatalogFingerprint.Of(before), CatalogFingerprint.Of(after));
        }
    }

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Rows_statistics_and_Drovers_own_objects_change_nothing(int major)
    {
        await using TableStage stage = await TableStage.StartAsync(postgres, major, Orders);
        TableDescription before = await stage.DescribeAsync();

        await stage.RunAsync("INSERT INTO orders (note) SELECT 'x' FROM generate_series(1, 1000)");
        await stage.RunAsync("VACUUM ANALYZE orders");
        await stage.RunAsync(
            """
            CREATE TRIGGER "!drover_mirror" AFTER UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION touch();
            ALTER TABLE orders ADD CONSTRAINT orders__drover_range CHECK (id > 0) NOT VALID;
            """
        );
        TableDescription after = await stage.DescribeAsync();

        Assert.Empty(CatalogFingerprint.Difference(before, after));
        Assert.Equal(CatalogFingerprint.Of(before), CatalogFingerprint.Of(after));
        Assert.True(after.Size.EstimatedRows >= 1000 && after.Size.Blocks > 0);
    }

    [Fact]
    public async Task Fingerprint_within_a_callers_transaction_is_the_same_and_leaves_its_settings()
    {
        await using TableStage stage = await TableStage.StartAsync(postgres, 18, Orders);
        TableDescription outside = await stage.DescribeAsync();

        await using NpgsqlTransaction transaction = await stage.Connection.BeginTransactionAsync(Token);
        await stage.RunAsync("SET LOCAL search_path = public, pg_catalog");
        TableDescription inside = (await TableCatalog.ReadWithinAsync(stage.Connection, outside.Oid, Token))!;

        Assert.Equal(CatalogFingerprint.Of(outside), CatalogFingerprint.Of(inside));
        Assert.Equal("public, pg_catalog", await stage.AskAsync("SHOW search_path"));
    }
}
