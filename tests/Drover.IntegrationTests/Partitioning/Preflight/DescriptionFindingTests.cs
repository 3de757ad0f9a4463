// Each thing that the catalogs alone give away is found, and is not found on a table that has nothing of it.
using Drover.IntegrationTests.LocalPostgres;
using Drover.Operations.Plans;

namespace Drover.IntegrationTests.Partitioning.Preflight;

public sealed class DescriptionFindingTests(PostgresFixture postgres)
{
    /// <summary>Numbers are those of TRAPS.</summary>
    public static TheoryData<string, string, string> Cases =>
        new()
        {
            // 25: bound by OID.
            { "view", "Info", "CREATE VIEW v AS SELECT note FROM orders" },
            { "view-on-view", "Info", "CREATE VIEW v AS SELECT note FROM orders; CREATE VIEW w AS SELECT * FROM v" },
            { "materialized-view", "Info", "CREATE MATERIALIZED VIEW v AS SELECT note FROM orders" },
            { "view-with-row-column", "Refuse", "CREATE VIEW v AS SELECT o FROM orders o" },
            { "temporary-view", "Refuse", "CREATE TEMP VIEW v AS SELECT note FROM orders" },
            {
                "view-groups-by-key",
                "Refuse",
                "ALTER TABLE orders DROP CONSTRAINT orders_pkey, ADD PRIMARY KEY (id); "
                    + "CREATE VIEW v AS SELECT id, note FROM orders GROUP BY id"
            },
            {
                "function-body",
                "Info",
                "CREATE FUNCTION f() RETURNS bigint LANGUAGE sql RETURN (SELECT count(*) FROM orders)"
            },
            {
                "function-over-rows",
                "Info",
                "CREATE FUNCTION f(o orders) RETURNS text LANGUAGE sql AS 'SELECT o.note'"
            },
            {
                "function",
                "Refuse",
                "CREATE FUNCTION f(o orders, p orders) RETURNS orders LANGUAGE sql AS 'SELECT o'; "
                    + "CREATE AGGREGATE a (orders) (SFUNC = f, STYPE = orders)"
            },
            {
                "materialized-view-over-rows",
                "Refuse",
                "CREATE FUNCTION f(o orders) RETURNS text LANGUAGE sql AS 'SELECT o.note'; "
                    + "CREATE MATERIALIZED VIEW v AS SELECT f(o) FROM orders o"
            },
            {
                "extension-view",
                "Refuse",
                "CREATE EXTENSION postgres_fdw; CREATE VIEW v AS SELECT note FROM orders; "
                    + "ALTER EXTENSION postgres_fdw ADD VIEW v"
            },
            {
                "function",
                "Refuse",
                "CREATE EXTENSION postgres_fdw; "
                    + "CREATE FUNCTION f(o orders) RETURNS text LANGUAGE sql AS 'SELECT o.note'; "
                    + "ALTER EXTENSION postgres_fdw ADD FUNCTION f(orders)"
            },
            { "row-type", "Refuse", "CREATE TABLE others (o orders)" },
            {
                "policy-elsewhere",
                "Info",
                "CREATE TABLE others (id bigint); CREATE POLICY p ON others USING (id IN (SELECT id FROM orders))"
            },
            {
                "rule-elsewhere",
                "Info",
                "CREATE TABLE others (id bigint); CREATE RULE r AS ON DELETE TO others DO ALSO DELETE FROM orders"
            },
            { "rule", "Info", "CREATE RULE r AS ON DELETE TO orders DO INSTEAD NOTHING" },
            { "extended-statistics", "Info", "CREATE STATISTICS s ON id, note FROM orders" },
            { "row-security", "Info", "CREATE POLICY p ON orders USING (true)" },
            // 26: what the new table has otherwise.
            {
                "access-method",
                "Info",
                "CREATE ACCESS METHOD other TYPE TABLE HANDLER heap_tableam_handler; "
                    + "ALTER TABLE orders SET ACCESS METHOD other"
            },
            { "clustered", "Info", "CLUSTER orders USING orders_pkey" },
            { "sequence", "Info", "ALTER TABLE orders ADD number bigserial" },
            {
                "security-label",
                "Info",
                // No label provider is among PostgreSQL's own modules; the catalog's row is what counts.
                "INSERT INTO pg_seclabel VALUES ('orders'::regclass, 'pg_class'::regclass, 0, 'selinux', 'secret')"
            },
            // 25: a subscription knows the table by its OID, and skips rows of one that it does not know.
            { "subscribed", "Refuse", "INSERT INTO pg_subscription_rel VALUES (1, 'orders'::regclass, 'r', NULL)" },
            {
                "row-type",
                "Refuse",
                "ALTER TABLE orders ADD number bigint GENERATED ALWAYS AS IDENTITY; "
                    + "CREATE TABLE others (id bigint DEFAULT nextval('orders_number_seq'))"
            },
            {
                "grantor",
                "Info",
                "GRANT SELECT ON orders TO writer WITH GRANT OPTION; SET ROLE writer; "
                    + "GRANT SELECT ON orders TO reader; RESET ROLE"
            },
            { "replica-identity", "Info", "ALTER TABLE orders REPLICA IDENTITY FULL" },
            {
                "replica-identity-index",
                "Consent",
                "CREATE UNIQUE INDEX other ON orders (id); ALTER TABLE orders REPLICA IDENTITY USING INDEX other"
            },
            { "replica-identity-index", "Info", "ALTER TABLE orders REPLICA IDENTITY USING INDEX orders_pkey" },
            // 27: keys.
            {
                "unique-key-without-partition-key",
                "Consent",
                "ALTER TABLE orders ADD CONSTRAINT one UNIQUE (note, id)"
            },
            { "unique-key-without-partition-key", "Consent", "CREATE UNIQUE INDEX one ON orders (lower(note), id)" },
            {
                "unique-key-without-partition-key",
                "Consent",
                "ALTER TABLE orders ADD number bigserial, ADD CONSTRAINT one UNIQUE (number)"
            },
            {
                "unique-key-without-partition-key",
                "Consent",
                "ALTER TABLE orders ADD number bigint GENERATED BY DEFAULT AS IDENTITY, "
                    + "ADD CONSTRAINT one UNIQUE (number)"
            },
            {
                "unique-key-without-partition-key",
                "Consent",
                "ALTER TABLE orders ADD number bigint GENERATED ALWAYS AS IDENTITY (CYCLE), "
                    + "ADD CONSTRAINT one UNIQUE (number)"
            },
            {
                "unique-key-kept-by-identity",
                "Info",
                "ALTER TABLE orders ADD number bigint GENERATED ALWAYS AS IDENTITY, ADD CONSTRAINT one UNIQUE (number)"
            },
            {
                "incoming-foreign-key",
                "Consent",
                "CREATE TABLE lines (a bigint, b timestamptz, FOREIGN KEY (a, b) REFERENCES orders)"
            },
            { "exclusion-constraint", "Refuse", "ALTER TABLE orders ADD EXCLUDE (id WITH =)" },
            { "no-identity", "Refuse", "ALTER TABLE orders DROP CONSTRAINT orders_pkey" },
            {
                "no-primary-key",
                "Info",
                "ALTER TABLE orders DROP CONSTRAINT orders_pkey; CREATE UNIQUE INDEX u ON orders (id, created_at)"
            },
            // 28: the key.
            { "no-key-column", "Refuse", "ALTER TABLE orders RENAME created_at TO made_at" },
            { "key-type", "Refuse", "ALTER TABLE orders ALTER created_at TYPE text" },
            {
                "nullable-key",
                "Consent",
                "ALTER TABLE orders DROP CONSTRAINT orders_pkey, ADD PRIMARY KEY (id), ALTER created_at DROP NOT NULL"
            },
            { "key-check", "Info", "ALTER TABLE orders ADD CHECK (created_at > '2000-01-01')" },
            {
                "generated-key",
                "Refuse",
                "DROP TABLE orders; CREATE TABLE orders (id int PRIMARY KEY, a timestamp, "
                    + "created_at timestamp GENERATED ALWAYS AS (a) STORED)"
            },
            { "before-trigger-sets-key", "Refuse", Trigger("NEW.created_at := now(); RETURN NEW;") },
            {
                "before-trigger-sets-key",
                "Refuse",
                Trigger("IF true THEN NEW.\"created_at\" = now(); END IF; RETURN NEW;")
            },
            { "before-trigger-sets-key", "Refuse", Trigger("SELECT now() INTO NEW.created_at; RETURN NEW;") },
            { "before-trigger", "Consent", Trigger("NEW := jsonb_populate_record(NEW, ''{}''); RETURN NEW;") },
            {
                "before-trigger",
                "Consent",
                "CREATE TRIGGER t BEFORE UPDATE ON orders FOR EACH ROW "
                    + "EXECUTE FUNCTION suppress_redundant_updates_trigger()"
            },
            // 29 and 30: triggers beside the mirror.
            {
                "row-trigger-with-transition-table",
                "Refuse",
                "CREATE TRIGGER t AFTER INSERT ON orders REFERENCING NEW TABLE AS n FOR EACH ROW EXECUTE FUNCTION "
                    + "touch()"
            },
            {
                "trigger-before-mirror",
                "Info",
                "CREATE TRIGGER \" first\" AFTER INSERT ON orders FOR EACH ROW EXECUTE FUNCTION touch()"
            },
            { "truncate-trigger", "Info", "CREATE TRIGGER t AFTER TRUNCATE ON orders EXECUTE FUNCTION touch()" },
            {
                "trigger-state",
                "Info",
                "CREATE TRIGGER t AFTER INSERT ON orders EXECUTE FUNCTION touch(); ALTER TABLE orders ENABLE "
                    + "ALWAYS TRIGGER t"
            },
            // 37: publications.
            { "publication-via-root", "Consent", "CREATE PUBLICATION p FOR TABLE orders" },
            { "publication", "Info", "CREATE PUBLICATION p FOR TABLE orders WITH (publish_via_partition_root)" },
            { "publication-of-all", "Consent", "CREATE PUBLICATION p FOR ALL TABLES" },
            { "publication-of-all", "Consent", "CREATE PUBLICATION p FOR TABLES IN SCHEMA public" },
            {
                "publication-columns",
                "Refuse",
                "ALTER TABLE orders DROP CONSTRAINT orders_pkey, ADD PRIMARY KEY (id); "
                    + "CREATE PUBLICATION p FOR TABLE orders (id, note)"
            },
            // The table itself.
            { "unlogged-table", "Refuse", "ALTER TABLE orders SET UNLOGGED" },
            { "inherited", "Refuse", "CREATE TABLE kid () INHERITS (orders)" },
            { "inherits", "Refuse", "CREATE TABLE parent (note text); ALTER TABLE orders INHERIT parent" },
            {
                "inherits",
                "Refuse",
                "CREATE TABLE parent (LIKE orders) PARTITION BY RANGE (created_at); "
                    + "ALTER TABLE parent ATTACH PARTITION orders FOR VALUES FROM ('2000-01-01') TO ('2100-01-01')"
            },
            {
                "already-partitioned",
                "Refuse",
                "DROP TABLE orders; CREATE TABLE orders (id bigint, created_at timestamptz) PARTITION BY RANGE "
                    + "(created_at)"
            },
            {
                "temporary-table",
                "Refuse",
                "DROP TABLE orders; CREATE TEMP TABLE orders (id bigint, created_at timestamptz)"
            },
            {
                "typed-table",
                "Refuse",
                "DROP TABLE orders; CREATE TYPE o AS (id bigint, created_at timestamptz); CREATE TABLE orders OF o"
            },
            {
                "foreign-table",
                "Refuse",
                "DROP TABLE orders; CREATE EXTENSION IF NOT EXISTS postgres_fdw; "
                    + "CREATE SERVER s FOREIGN DATA WRAPPER postgres_fdw; "
                    + "CREATE FOREIGN TABLE orders (id bigint, created_at timestamptz) SERVER s"
            },
            { "not-a-table", "Refuse", "DROP TABLE orders; CREATE VIEW orders AS SELECT 1 AS id" },
            {
                "extension-member",
                "Refuse",
                "CREATE EXTENSION postgres_fdw; ALTER EXTENSION postgres_fdw ADD TABLE orders"
            },
            { "no-inherit-check", "Refuse", "ALTER TABLE orders ADD CHECK (id > 0) NO INHERIT" },
            { "large-object", "Info", "ALTER TABLE orders ADD picture oid" },
            {
                "invalid-index",
                "Info",
                "CREATE INDEX bad ON orders (note); UPDATE pg_index SET indisvalid = false "
                    + "WHERE indexrelid = 'bad'::regclass"
            },
        };

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Case_is_found_with_its_severity(string code, string severity, string sql)
    {
        foreach (int major in new[] { 15, 18 })
        {
            await using TableStage stage = await PreflightStage.StartAsync(postgres, major, sql);

            IReadOnlyList<Finding> findings = await stage.CheckAsync();

            Finding finding = Assert.Single(findings.Where(finding => finding.Code == code).Take(1));
            Assert.Equal(severity, finding.Severity.ToString());
            Assert.Equal(finding.Severity == FindingSeverity.Consent, finding.ConsentFlag is not null);
            Assert.NotEmpty(finding.Subject);
            Assert.NotEmpty(finding.Consequence);
            Assert.NotEmpty(finding.Remedy);
        }
    }

    [Fact]
    public async Task System_table_is_refused()
    {
        await using TableStage stage = await PreflightStage.StartAsync(postgres, 18, "SELECT 1");

        IReadOnlyList<Finding> findings = await stage.CheckAsync(name: "pg_catalog.pg_class");

        Assert.Contains(findings, finding => finding is { Code: "system-table", Severity: FindingSeverity.Refuse });
    }

    [Fact]
    public async Task Temporal_key_of_18_is_refused()
    {
        await using TableStage stage = await PreflightStage.StartAsync(
            postgres,
            18,
            "ALTER TABLE orders ADD number int4range, ADD span tstzrange; "
                + "ALTER TABLE orders ADD UNIQUE (number, span WITHOUT OVERLAPS)"
        );

        IReadOnlyList<Finding> findings = await stage.CheckAsync();

        Assert.Contains(findings, finding => finding is { Code: "temporal-key", Severity: FindingSeverity.Refuse });
    }

    // What the cases above find, a clean table has not.
    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Clean_table_needs_no_consent_and_is_not_refused(int major)
    {
        await using TableStage stage = await PreflightStage.StartAsync(
            postgres,
            major,
            "CREATE TRIGGER t BEFORE INSERT OR UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION touch(); "
                + "CREATE TABLE unrelated (id int PRIMARY KEY); CREATE VIEW v AS SELECT * FROM unrelated"
        );

        IReadOnlyList<Finding> findings = await stage.CheckAsync();

        string[] always = ["space", "statements-unknown", "wal-volume"];
        // Sessions, slots and standbys of other tests on the shared server are none of this table's.
        string[] others = ["old-transaction", "prepared-transaction", "slot", "inactive-slot", "standby-follows"];
        Assert.Equal(always, findings.Select(finding => finding.Code).Except(others).Order());
    }

    [Fact]
    public async Task Trigger_that_only_reads_the_key_is_left_alone()
    {
        await using TableStage stage = await PreflightStage.StartAsync(
            postgres,
            18,
            Trigger(
                "IF NEW.created_at = OLD.created_at OR NEW.created_at > now() THEN NEW.note := ''y''; END IF; "
                    + "/* NEW.created_at := now(); */ RETURN NEW;"
            )
        );

        IReadOnlyList<Finding> findings = await stage.CheckAsync();

        Assert.DoesNotContain(findings, finding => finding.Code.StartsWith("before-trigger", StringComparison.Ordinal));
    }

    private static string Trigger(string body) =>
        $"CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN {body} END'; "
        + "CREATE TRIGGER t BEFORE UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION f()";
}
