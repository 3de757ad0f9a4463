// Statements about schemas that are whole on one shard: which of four they go to.
using System.Collections.Frozen;
using Drover.Topology;

namespace Drover.Tests.Routing;

/// <summary>Schema acme is on shard 3, globex on 2, local on the first.</summary>
public sealed class SchemaRouteTests
{
    private static TopologySnapshot Map { get; } =
        RoutingStage.ShopMap with
        {
            Schemas = new Dictionary<string, int>
            {
                ["acme"] = 3,
                ["globex"] = 2,
                ["local"] = 1,
            }.ToFrozenDictionary(),
        };

    [Theory]
    [InlineData("SELECT * FROM acme.bills", "one 3")]
    [InlineData("SELECT * FROM acme.nobody_knows", "one 3")]
    [InlineData("SELECT * FROM local.bills", "home")]
    [InlineData("SELECT * FROM globex.bills WHERE id = 7", "one 2")]
    [InlineData("SELECT * FROM acme.bills b JOIN acme.lines l ON l.bill = b.id", "one 3")]
    [InlineData("SELECT * FROM acme.bills b JOIN products p ON p.id = b.product", "one 3")]
    [InlineData("SELECT * FROM acme.open_bills", "one 3")]
    [InlineData("SELECT * FROM acme.catalog", "one 3")]
    [InlineData("INSERT INTO acme.bills VALUES (1, 2)", "one 3")]
    [InlineData("INSERT INTO acme.bills SELECT id, 1 FROM products", "one 3")]
    [InlineData("UPDATE acme.bills SET product = 3", "one 3")]
    [InlineData("DELETE FROM globex.bills", "one 2")]
    [InlineData("SELECT * FROM acme.bills FOR UPDATE", "one 3")]
    [InlineData("SELECT * FROM acme.bills b JOIN products p ON p.id = b.product FOR UPDATE OF b", "one 3")]
    [InlineData("DECLARE c CURSOR FOR SELECT * FROM acme.bills", "one 3")]
    [InlineData("EXPLAIN SELECT * FROM acme.bills", "one 3")]
    [InlineData("COPY acme.bills FROM STDIN", "one 3")]
    [InlineData("COPY (SELECT * FROM acme.bills) TO STDOUT", "one 3")]
    [InlineData("TRUNCATE acme.bills, acme.lines", "one 3")]
    [InlineData("SELECT nextval('acme.bills_id_seq')", "one 3")]
    [InlineData("SELECT nextval('acme.bills_id_seq'::regclass)", "one 3")]
    [InlineData("SELECT setval('acme.bills_id_seq', 5), currval('acme.bills_id_seq')", "one 3")]
    [InlineData("INSERT INTO acme.bills VALUES (nextval('acme.bills_id_seq'), 1)", "one 3")]
    [InlineData("SELECT acme.slug('x')", "one 3")]
    [InlineData("SELECT relname FROM pg_catalog.pg_class JOIN acme.bills ON true", "one 3")]
    [InlineData("SELECT * FROM orders o JOIN acme.bills b ON b.id = o.id WHERE o.customer_id = 5", "same 5")]
    [InlineData("PREPARE p AS SELECT * FROM acme.bills", "one 3")]
    public async Task Statement_about_one_schema_goes_to_its_shard(string sql, string expected)
    {
        using RoutingStage stage = new(Map, new TenantFacts());
        string route = await stage.RouteOfAsync(sql);
        if (expected.StartsWith("same", StringComparison.Ordinal))
        {
            bool isThere = stage.ShardsOf(expected[5..]) == "one 3";
            Assert.True(isThere ? route == "one 3" : route.StartsWith("refused", StringComparison.Ordinal), route);
            return;
        }
        Assert.Equal(expected, route);
    }

    [Theory]
    [InlineData("SELECT * FROM bills", "acme, public", "one 3")]
    [InlineData("SELECT * FROM bills", "globex, public", "one 2")]
    [InlineData("SELECT * FROM bills", "\"$user\", acme, public", "one 3")]
    [InlineData("SELECT * FROM settings", "acme, public", "home")]
    [InlineData("SELECT * FROM products", "acme, public", "any")]
    [InlineData("SELECT * FROM products WHERE id IN (SELECT id FROM bills)", "acme, public", "one 3")]
    [InlineData("SELECT 1", "acme, public", "any")]
    [InlineData("SELECT now()", "acme, public", "one 3")]
    [InlineData("SELECT slug('x')", "acme, public", "one 3")]
    [InlineData("SELECT nextval('bills_id_seq')", "acme, public", "one 3")]
    [InlineData("SELECT nextval('solo')", "acme, public", "home")]
    [InlineData("SELECT pg_advisory_lock(1)", "acme, public", "home")]
    [InlineData("SELECT relname FROM pg_class", "acme, public", "one 3")]
    [InlineData("SELECT relname FROM pg_class", "public", "home")]
    [InlineData("SELECT * FROM nobody_knows", "acme, public", "one 3")]
    [InlineData("CREATE TEMP TABLE t (x int)", "acme, public", "one 3")]
    [InlineData("SELECT * FROM orders WHERE customer_id = 42", "acme, public", "key 42")]
    [InlineData("UPDATE public.products SET title = 'x'", "acme, public", "all")]
    public async Task Names_without_schema_are_found_by_search_path(string sql, string path, string expected)
    {
        using RoutingStage stage = new(Map, new TenantFacts());
        expected = expected.StartsWith("key", StringComparison.Ordinal) ? stage.ShardsOf(expected[4..]) : expected;
        Assert.Equal(expected, await stage.RouteOfAsync(sql, path));
    }

    [Theory]
    [InlineData("SELECT * FROM acme.bills, globex.bills")]
    [InlineData("SELECT * FROM acme.bills, settings")]
    [InlineData("SELECT * FROM acme.bills, orders")]
    [InlineData("SELECT * FROM acme.bills WHERE id = (SELECT max(id) FROM globex.bills)")]
    [InlineData("INSERT INTO acme.bills SELECT id, product FROM globex.bills")]
    [InlineData("INSERT INTO products SELECT id, 'x' FROM acme.bills")]
    [InlineData("SELECT pg_notify('c', 'x') FROM acme.bills")]
    [InlineData("SELECT * FROM acme.bills b JOIN products p ON p.id = b.product FOR UPDATE")]
    [InlineData("SELECT acme.total()")]
    [InlineData("SELECT setval('solo', 5)")]
    [InlineData("SET search_path = acme; SELECT * FROM bills")]
    [InlineData("SELECT set_config('search_path', 'acme', false); SELECT * FROM settings")]
    [InlineData("CREATE VIEW v AS SELECT * FROM acme.bills")]
    [InlineData("CREATE VIEW acme.v AS SELECT * FROM globex.bills")]
    [InlineData("CREATE VIEW acme.v AS SELECT * FROM orders")]
    [InlineData("CREATE VIEW acme.v AS SELECT * FROM settings")]
    [InlineData("CREATE TABLE acme.t (x int REFERENCES settings)")]
    [InlineData("CREATE TABLE acme.t (x int REFERENCES orders)")]
    [InlineData("CREATE TABLE t (x int REFERENCES acme.bills)")]
    [InlineData("ALTER TABLE acme.bills ADD FOREIGN KEY (id) REFERENCES globex.bills")]
    [InlineData("ALTER TABLE settings ADD FOREIGN KEY (customer_id) REFERENCES acme.bills")]
    [InlineData("ALTER TABLE acme.bills SET SCHEMA public")]
    [InlineData("ALTER TABLE settings SET SCHEMA acme")]
    [InlineData("ALTER FUNCTION acme.total() SET SCHEMA public")]
    [InlineData("ALTER SCHEMA acme RENAME TO other")]
    [InlineData("CREATE EXTENSION hstore SCHEMA acme")]
    [InlineData("DROP TABLE acme.bills, globex.bills")]
    [InlineData("DROP TABLE acme.bills, products")]
    [InlineData("TRUNCATE acme.bills, settings")]
    public async Task What_no_shard_has_whole_is_refused(string sql)
    {
        using RoutingStage stage = new(Map, new TenantFacts());
        Assert.StartsWith("refused: ", await stage.RouteOfAsync(sql), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("CREATE TABLE acme.t (x int)", "public", "one 3")]
    [InlineData("CREATE TABLE t (x int)", "acme, public", "one 3")]
    [InlineData("CREATE TABLE settings (x int)", "acme, public", "one 3")]
    [InlineData("CREATE TABLE t (x int)", "public, acme", "home")]
    [InlineData("CREATE TABLE t (x int)", "nowhere, acme", "one 3")]
    [InlineData(
        "CREATE TABLE t (x int)",
        "\"$user\", acme",
        "refused: a table's name is not certain to mean one table."
    )]
    [InlineData("CREATE TABLE public.t (x int)", "acme, public", "home")]
    [InlineData("CREATE TABLE acme.t (p bigint REFERENCES products, b int REFERENCES acme.bills)", "public", "one 3")]
    [InlineData("CREATE TABLE t (b int REFERENCES bills)", "acme, public", "one 3")]
    [InlineData("CREATE TABLE acme.p1 PARTITION OF acme.bills FOR VALUES IN (1)", "public", "one 3")]
    [InlineData("CREATE INDEX ON acme.bills (product)", "public", "one 3")]
    [InlineData("CREATE INDEX CONCURRENTLY ON bills (product)", "acme", "one 3")]
    [InlineData("CREATE VIEW acme.v AS SELECT * FROM acme.bills JOIN products USING (id)", "public", "one 3")]
    [InlineData("CREATE VIEW v AS WITH x AS (SELECT * FROM bills) SELECT * FROM x", "acme, public", "one 3")]
    [InlineData("CREATE TABLE acme.t AS SELECT * FROM acme.bills", "public", "one 3")]
    [InlineData("CREATE MATERIALIZED VIEW v AS SELECT * FROM bills", "acme, public", "one 3")]
    [InlineData("CREATE SEQUENCE acme.s", "public", "one 3")]
    [InlineData("CREATE FUNCTION acme.f() RETURNS int LANGUAGE sql AS 'SELECT 1'", "public", "one 3")]
    [InlineData("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'", "acme, public", "one 3")]
    [InlineData("CREATE FUNCTION public.f() RETURNS int LANGUAGE sql AS 'SELECT 1'", "acme, public", "all")]
    [InlineData("CREATE TYPE acme.mood AS ENUM ('a')", "public", "one 3")]
    [InlineData("CREATE TYPE pair AS (a int, b int)", "acme, public", "one 3")]
    [InlineData("CREATE DOMAIN acme.d AS int", "public", "one 3")]
    [InlineData("ALTER TABLE acme.bills ADD COLUMN n int", "public", "one 3")]
    [InlineData("ALTER TABLE bills RENAME TO bills2", "acme, public", "one 3")]
    [InlineData("ALTER SEQUENCE acme.bills_id_seq RESTART", "public", "one 3")]
    [InlineData("DROP TABLE acme.bills", "public", "one 3")]
    [InlineData("DROP TABLE IF EXISTS nobody_knows", "acme, public", "one 3")]
    [InlineData("DROP VIEW acme.open_bills", "public", "one 3")]
    [InlineData("DROP FUNCTION acme.total()", "public", "one 3")]
    [InlineData("DROP FUNCTION total()", "acme, public", "one 3")]
    [InlineData("DROP FUNCTION total_of(int)", "acme, public", "all")]
    [InlineData(
        "DROP FUNCTION slug(text)",
        "acme, public",
        "refused: a table's name is not certain to mean one table."
    )]
    [InlineData("COMMENT ON TABLE acme.bills IS 'x'", "public", "one 3")]
    [InlineData("GRANT SELECT ON acme.bills TO PUBLIC", "public", "one 3")]
    [InlineData("GRANT EXECUTE ON FUNCTION acme.total() TO PUBLIC", "public", "one 3")]
    [InlineData("GRANT SELECT ON ALL TABLES IN SCHEMA acme TO PUBLIC", "public", "all")]
    [InlineData("VACUUM acme.bills", "public", "one 3")]
    [InlineData("ANALYZE bills", "acme, public", "one 3")]
    [InlineData("REINDEX SCHEMA acme", "public", "one 3")]
    [InlineData("CREATE SCHEMA IF NOT EXISTS acme", "public", "all")]
    [InlineData("DROP SCHEMA acme CASCADE", "public", "all")]
    [InlineData("CREATE TRIGGER t BEFORE INSERT ON acme.bills EXECUTE FUNCTION public.f()", "public", "one 3")]
    [InlineData("LOCK TABLE acme.bills, acme.lines", "public", "one 3")]
    public async Task Changes_of_a_schema_go_to_its_shard(string sql, string path, string expected)
    {
        using RoutingStage stage = new(Map, new TenantFacts());
        string route = await stage.RouteOfAsync(sql, path);
        Assert.StartsWith(expected, route, StringComparison.Ordinal);
    }
}
