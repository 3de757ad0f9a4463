// Statements about schemas of tenants, in the order in which they are run on both sides.
namespace Drover.IntegrationTests.Sharding.Schemas;

internal static class TenantCorpus
{
    /// <summary>On all servers, before anything is declared.</summary>
    public const string Schema = """
        CREATE TABLE products (id bigint PRIMARY KEY, name text NOT NULL);
        CREATE TABLE orders (id bigint, customer_id bigint NOT NULL, PRIMARY KEY (customer_id, id));
        CREATE TABLE settings (k text PRIMARY KEY, v text);
        CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS
            'BEGIN NEW.note := NEW.note || ''!''; RETURN NEW; END'
        """;

    /// <summary>Statements that one server answers and the sharded database may refuse, and no others.</summary>
    public static IReadOnlySet<string> Refusable { get; } =
        new HashSet<string>
        {
            "CREATE VIEW v AS SELECT * FROM acme.bills",
            "ALTER TABLE acme.bills SET SCHEMA public",
            "CREATE VIEW acme.both AS SELECT * FROM acme.bills UNION ALL SELECT * FROM globex.bills",
        };

    /// <summary>Up to here all tenants have what they were given.</summary>
    public const string FirstDrop = "DROP VIEW acme.catalog";

    public static IEnumerable<string> Statements =>
        [.. Made, .. Written, .. Read, .. ByPath, .. InTransactions, .. Changed, .. Dropped];

    private static string[] Made =>
        [
            "INSERT INTO products VALUES (1, 'tea'), (2, 'milk'), (3, 'salt')",
            "INSERT INTO orders VALUES (1, 1), (2, 2), (3, 3), (4, 42)",
            "INSERT INTO settings VALUES ('a', 'b')",
            .. ((string[])["acme", "globex", "initech"]).SelectMany(OfTenant),
            "CREATE VIEW v AS SELECT * FROM acme.bills",
            "CREATE VIEW acme.both AS SELECT * FROM acme.bills UNION ALL SELECT * FROM globex.bills",
            "CREATE SCHEMA IF NOT EXISTS acme",
        ];

    private static IEnumerable<string> OfTenant(string schema) =>
        [
            $"CREATE TYPE {schema}.state AS ENUM ('open', 'paid')",
            $"CREATE SEQUENCE {schema}.numbers START 100",
            $"""
                CREATE TABLE {schema}.bills (id bigserial PRIMARY KEY, product bigint REFERENCES products,
                    number bigint DEFAULT nextval('{schema}.numbers'), state {schema}.state DEFAULT 'open',
                    note text UNIQUE)
                """,
            $"""
                CREATE TABLE {schema}.lines (id int GENERATED ALWAYS AS IDENTITY, bill bigint
                    REFERENCES {schema}.bills ON DELETE CASCADE, price numeric(10, 2))
                """,
            $"CREATE INDEX ON {schema}.lines (bill)",
            $"CREATE INDEX CONCURRENTLY lines_price ON {schema}.lines (price)",
            $"CREATE VIEW {schema}.named AS SELECT b.id, b.note, p.name "
                + $"FROM {schema}.bills b JOIN products p ON p.id = product",
            $"CREATE VIEW {schema}.catalog AS SELECT name FROM products",
            $"CREATE FUNCTION {schema}.twice(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 * 2'",
            $"CREATE FUNCTION {schema}.total() RETURNS bigint LANGUAGE sql STABLE "
                + $"AS 'SELECT count(*) FROM {schema}.bills'",
            $"CREATE TRIGGER marked BEFORE INSERT ON {schema}.bills FOR EACH ROW EXECUTE FUNCTION public.stamp()",
            $"CREATE TABLE {schema}.events (at date, what text) PARTITION BY RANGE (at)",
            $"CREATE TABLE {schema}.events_1 PARTITION OF {schema}.events "
                + "FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')",
            $"COMMENT ON TABLE {schema}.bills IS 'what {schema} owes'",
            $"GRANT SELECT ON {schema}.bills TO PUBLIC",
        ];

    private static string[] Written =>
        [
            "INSERT INTO acme.bills (product, note) VALUES (1, 'a1'), (2, 'a2'), (3, 'a3') RETURNING id, number, note",
            "INSERT INTO globex.bills (product, note) VALUES (1, 'g1'), (2, 'g2') RETURNING id, number, state",
            "INSERT INTO initech.bills (product, note) SELECT id, name FROM products ORDER BY id",
            "INSERT INTO acme.bills (product, note) VALUES (9, 'nothing')",
            "INSERT INTO acme.bills (product, note) VALUES (1, 'a1')",
            "INSERT INTO acme.bills (id, product, note) VALUES (1, 1, 'x') ON CONFLICT (id) DO UPDATE SET note = 'up'",
            "INSERT INTO acme.lines (bill, price) SELECT id, id * 1.5 FROM acme.bills",
            "INSERT INTO globex.lines (bill, price) VALUES (1, 2.5), (2, 3.5), (2, 4.5)",
            "INSERT INTO acme.events VALUES ('2024-05-05', 'x')",
            "INSERT INTO acme.events VALUES ('2025-05-05', 'x')",
            "UPDATE acme.bills SET state = 'paid' WHERE id = 2 RETURNING note",
            "UPDATE acme.bills b SET note = p.name FROM products p WHERE p.id = b.product AND b.id = 3",
            "DELETE FROM globex.bills WHERE id = 1",
            "DELETE FROM products WHERE id = 3",
            "MERGE INTO acme.lines l USING acme.bills b ON l.bill = b.id AND b.id = 1 "
                + "WHEN MATCHED THEN UPDATE SET price = 9",
            "SELECT nextval('acme.numbers')",
            "SELECT nextval('globex.numbers'::regclass)",
            "SELECT setval('initech.numbers', 500)",
            "SELECT nextval('initech.numbers')",
            "TRUNCATE initech.lines",
        ];

    private static string[] Read =>
        [
            "SELECT * FROM acme.bills ORDER BY id",
            "SELECT * FROM globex.bills",
            "SELECT count(*), sum(price) FROM acme.lines",
            "SELECT b.note, p.name FROM acme.bills b JOIN products p ON p.id = b.product ORDER BY 1",
            "SELECT * FROM acme.named ORDER BY id",
            "SELECT * FROM acme.catalog ORDER BY 1",
            "SELECT acme.twice(21), globex.twice(4)",
            "SELECT acme.twice(21)",
            "SELECT acme.total()",
            "SELECT 'paid'::acme.state, id FROM acme.bills WHERE state = 'paid'",
            "SELECT a.note, g.note FROM acme.bills a JOIN globex.bills g ON g.product = a.product",
            "SELECT count(*) FROM (SELECT id FROM acme.bills UNION ALL SELECT id FROM globex.bills "
                + "UNION ALL SELECT id FROM initech.bills) a",
            "SELECT o.id FROM orders o JOIN acme.bills b ON b.id = o.id ORDER BY 1",
            "SELECT v, note FROM settings, acme.bills ORDER BY 2",
            "SELECT * FROM orders WHERE customer_id = 42",
            "SELECT count(*) FROM orders",
            "SELECT * FROM acme.nothing",
            "SELECT note FROM acme.bills WHERE id = 1 FOR UPDATE",
            "WITH gone AS (DELETE FROM acme.lines WHERE bill = 2 RETURNING price) SELECT * FROM gone",
            "SELECT tablename FROM pg_tables WHERE schemaname = 'nobodys'",
        ];

    private static string[] ByPath =>
        [
            "SET search_path = acme, public",
            "SELECT note FROM bills ORDER BY id",
            "SELECT note, name FROM bills JOIN products ON products.id = product ORDER BY 1",
            "INSERT INTO bills (product, note) VALUES (2, 'by path') RETURNING id, number",
            "SELECT twice(5)",
            "SELECT nextval('numbers')",
            "SELECT 1",
            "SELECT current_schema()",
            "SELECT count(*) FROM pg_class WHERE relname = 'named' AND relnamespace = 'acme'::regnamespace",
            "SELECT v FROM settings",
            "SELECT count(*) FROM orders",
            "CREATE TABLE notes (id serial, body text)",
            "INSERT INTO notes (body) VALUES ('x'), ('y') RETURNING id",
            "CREATE TABLE public.plain (x int)",
            "INSERT INTO public.plain VALUES (1)",
            "CREATE TYPE mood AS ENUM ('a')",
            "ALTER TYPE mood ADD VALUE 'b'",
            "CREATE TABLE moods (m mood)",
            "INSERT INTO moods VALUES ('b')",
            "SELECT m FROM moods",
            "DROP TABLE moods",
            "DROP TYPE mood",
            "SELECT * FROM nothing",
            "SET search_path = globex, public",
            "SELECT note FROM bills ORDER BY id",
            "SELECT body FROM notes",
            "INSERT INTO bills (product, note) VALUES (2, 'globex by path')",
            "SET search_path = initech",
            "SELECT note FROM bills ORDER BY id",
            "SELECT note FROM acme.bills ORDER BY id",
            "RESET search_path",
            "SELECT note FROM bills",
        ];

    private static string[] InTransactions =>
        [
            "BEGIN",
            "UPDATE acme.bills SET note = 'both' WHERE id = 1",
            "UPDATE globex.bills SET note = 'both' WHERE id = 2",
            "INSERT INTO orders VALUES (9, 9)",
            "UPDATE settings SET v = 'both'",
            "SELECT note FROM acme.bills WHERE id = 1",
            "COMMIT",
            "SELECT note FROM globex.bills WHERE id = 2",
            "SELECT v FROM settings",
            "BEGIN",
            "DELETE FROM acme.lines",
            "DELETE FROM globex.bills",
            "ROLLBACK",
            "SELECT (SELECT count(*) FROM acme.lines), (SELECT count(*) FROM globex.bills)",
            "BEGIN",
            "CREATE TABLE acme.later (x int)",
            "INSERT INTO acme.later VALUES (1)",
            "UPDATE globex.bills SET note = 'later' WHERE id = 2",
            "COMMIT",
            "SELECT * FROM acme.later",
            "BEGIN",
            "SET LOCAL search_path = acme, public",
            "SELECT note FROM bills ORDER BY id",
            "SHOW search_path",
            "INSERT INTO bills (product, note) VALUES (2, 'local') RETURNING number",
            "SAVEPOINT a",
            "SELECT nextval('numbers')",
            "ROLLBACK TO a",
            "SELECT count(*) FROM bills",
            "SET LOCAL search_path TO globex",
            "SELECT count(*) FROM bills",
            "SELECT twice(3)",
            "CREATE TABLE of_path (x int)",
            "COMMIT",
            "SELECT count(*) FROM bills",
            "SELECT * FROM globex.of_path",
            "DROP TABLE globex.of_path",
            "BEGIN",
            "SET search_path TO 'globex'",
            "SELECT count(*) FROM bills",
            "COMMIT",
            "SELECT count(*) FROM bills",
            "RESET search_path",
            "BEGIN",
            "DECLARE c CURSOR FOR SELECT id FROM acme.bills ORDER BY id",
            "FETCH 2 FROM c",
            "SELECT count(*) FROM globex.bills",
            "FETCH ALL FROM c",
            "COMMIT",
        ];

    private static string[] Changed =>
        [
            "ALTER TABLE acme.bills ADD COLUMN extra int DEFAULT 5",
            "SELECT extra FROM acme.bills LIMIT 1",
            "ALTER TABLE acme.bills RENAME COLUMN extra TO more",
            "SELECT max(more) FROM acme.bills",
            "ALTER TABLE acme.later RENAME TO latest",
            "SELECT * FROM acme.latest",
            "ALTER TABLE acme.bills SET SCHEMA public",
            "CREATE OR REPLACE VIEW acme.catalog AS SELECT name, id FROM products",
            "SELECT * FROM acme.catalog ORDER BY 1",
            "CREATE TABLE acme.copied AS SELECT id, note FROM acme.bills",
            "SELECT count(*) FROM acme.copied",
            "CREATE MATERIALIZED VIEW acme.kept AS SELECT count(*) FROM acme.bills",
            "REFRESH MATERIALIZED VIEW acme.kept",
            "SELECT * FROM acme.kept",
            "VACUUM acme.bills",
            "ANALYZE acme.bills",
            "REINDEX TABLE acme.bills",
            "ALTER SEQUENCE acme.numbers RESTART 1000",
            "SELECT nextval('acme.numbers')",
            "CREATE UNIQUE INDEX ON acme.copied (id)",
            "CREATE POLICY own ON acme.copied USING (id > 1)",
            "DROP POLICY own ON acme.copied",
            "SELECT a.note FROM acme.bills a LEFT JOIN globex.bills g USING (note) WHERE g.note IS NULL ORDER BY 1",
        ];

    private static string[] Dropped =>
        [
            FirstDrop,
            "DROP FUNCTION acme.twice(int)",
            "DROP TABLE acme.copied, acme.latest",
            "SELECT * FROM acme.latest",
            "DROP TABLE IF EXISTS acme.latest",
            "DROP SCHEMA acme",
            "DROP SCHEMA acme CASCADE",
            "SELECT * FROM acme.bills",
            "SELECT count(*) FROM globex.bills",
        ];
}
