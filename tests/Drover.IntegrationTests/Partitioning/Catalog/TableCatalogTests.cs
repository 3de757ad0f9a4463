// What the catalogs say of a table arrives in its description: TRAPS 25, 26, 29 and 37 are lost here first.
using Drover.IntegrationTests.LocalPostgres;
using Drover.Partitioning.Catalog;
using Npgsql;

namespace Drover.IntegrationTests.Partitioning.Catalog;

public sealed class TableCatalogTests(PostgresFixture postgres)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Columns_keep_types_collation_defaults_storage_and_comments(int major)
    {
        await using TableStage stage = await TableStage.StartAsync(
            postgres,
            major,
            """
            CREATE TYPE mood AS ENUM ('glad', 'sad');
            CREATE DOMAIN stamp AS timestamptz; CREATE DOMAIN stamp2 AS stamp;
            CREATE TABLE orders (
                id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, gone int,
                status varchar(50) COLLATE "C" DEFAULT 'new', total numeric(10, 2) NOT NULL,
                created_at stamp2 NOT NULL DEFAULT '2020-01-01 00:00+00'::timestamptz, note text,
                twice numeric GENERATED ALWAYS AS (total * 2) STORED, "Mood" mood[]);
            ALTER TABLE orders DROP COLUMN gone;
            ALTER TABLE orders ALTER note SET STORAGE EXTERNAL, ALTER note SET STATISTICS 500,
                ALTER note SET (n_distinct = -0.5), ALTER note SET COMPRESSION pglz;
            COMMENT ON COLUMN orders.note IS 'it''s';
            GRANT UPDATE (note) ON orders TO "App 2";
            """
        );
        await stage.RunAsync("SET DateStyle = 'German'; SET TimeZone = 'Asia/Tokyo'");

        TableDescription table = await stage.DescribeAsync();

        Assert.Equal(
            ["id", "status", "total", "created_at", "note", "twice", "Mood"],
            table.Columns.Select(column => column.Name)
        );
        Assert.Equal(IdentityKind.Always, table.FindColumn("id")!.Identity);
        ColumnDescription status = table.FindColumn("status")!;
        Assert.Equal(
            ("character varying(50)", "pg_catalog.\"C\"", "'new'::character varying", false),
            (status.Type, status.Collation, status.Default, status.IsNotNull)
        );
        ColumnDescription created = table.FindColumn("created_at")!;
        Assert.Equal(
            ("public.stamp2", "timestamp with time zone", true),
            (created.Type, created.BaseType, created.IsNotNull)
        );
        Assert.Equal("'2020-01-01 00:00:00+00'::timestamp with time zone", created.Default);
        ColumnDescription note = table.FindColumn("note")!;
        Assert.Equal(
            ("EXTERNAL", "pglz", 500, "it's"),
            (note.Storage, note.Compression, note.StatisticsTarget, note.Comment)
        );
        Assert.Equal(["n_distinct=-0.5"], note.Options);
        Assert.Equal([new Grant("App 2", "UPDATE", false, "postgres")], note.Grants);
        ColumnDescription twice = table.FindColumn("twice")!;
        Assert.Equal(
            (Generation.Stored, "(total * (2)::numeric)", null),
            (twice.Generation, twice.GenerationExpression, twice.Default)
        );
        Assert.Equal("public.mood[]", table.FindColumn("Mood")!.Type);
        Assert.Null(table.FindColumn("total")!.StatisticsTarget);
        Assert.Equal("German, DMY", await stage.AskAsync("SHOW DateStyle"));
    }

    [Fact]
    public async Task Virtual_columns_and_not_null_constraints_of_18_are_told_apart()
    {
        await using TableStage stage = await TableStage.StartAsync(
            postgres,
            18,
            """
            CREATE TABLE orders (
                id bigint PRIMARY KEY, twice bigint GENERATED ALWAYS AS (id * 2) VIRTUAL, a int, b int,
                CONSTRAINT b_is_there NOT NULL b, CONSTRAINT later CHECK (b > 0) NOT ENFORCED);
            ALTER TABLE orders ADD CONSTRAINT a_will_be NOT NULL a NOT VALID;
            """
        );

        TableDescription table = await stage.DescribeAsync();

        Assert.Equal(Generation.Virtual, table.FindColumn("twice")!.Generation);
        Assert.False(table.FindColumn("a")!.IsNotNull);
        Assert.True(table.FindColumn("b")!.IsNotNull);
        ConstraintDescription notNull = table.Constraints.Single(constraint => constraint.Name == "b_is_there");
        Assert.Equal((ConstraintKind.NotNull, "NOT NULL b"), (notNull.Kind, notNull.Definition));
        Assert.False(table.Constraints.Single(constraint => constraint.Name == "a_will_be").IsValidated);
        Assert.False(table.Constraints.Single(constraint => constraint.Name == "later").IsEnforced);
    }

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Indexes_and_constraints_can_be_made_again_from_their_description(int major)
    {
        await using TableStage stage = await TableStage.StartAsync(
            postgres,
            major,
            """
            CREATE TABLE customers (id bigint PRIMARY KEY);
            CREATE TABLE orders (
                id bigint PRIMARY KEY, customer_id bigint REFERENCES customers, note text, total numeric,
                UNIQUE NULLS NOT DISTINCT (note, total) DEFERRABLE,
                EXCLUDE USING gist (box(point(id, id), point(1, 1)) WITH &&));
            ALTER TABLE orders ADD CONSTRAINT named CHECK (note <> '') NOT VALID;
            CREATE INDEX "Odd one" ON orders USING btree (lower(note) DESC, id) INCLUDE (total) WITH (fillfactor = 70)
                WHERE note <> ' WHERE x';
            ALTER INDEX "Odd one" ALTER COLUMN 1 SET STATISTICS 300;
            COMMENT ON INDEX "Odd one" IS 'odd'; COMMENT ON CONSTRAINT named ON orders IS 'a check';
            CREATE UNIQUE INDEX partial ON orders (note) WHERE total > 5;
            CREATE TABLE lines (order_id bigint REFERENCES orders ON DELETE CASCADE);
            ALTER TABLE orders REPLICA IDENTITY USING INDEX orders_pkey; CLUSTER orders USING orders_pkey;
            CREATE TABLE copy (LIKE orders);
            """
        );

        TableDescription table = await stage.DescribeAsync();

        IndexDescription odd = table.FindIndex("Odd one")!;
        await stage.RunAsync(odd.DefinitionOn("Odd two", "public.copy"));
        string definition = await stage.AskAsync("""SELECT pg_get_indexdef('"Odd one"'::regclass)""");
        string again = await stage.AskAsync("""SELECT pg_get_indexdef('"Odd two"'::regclass)""");
        Assert.Equal(definition, again.Replace("Odd two", "Odd one").Replace("public.copy", "public.orders"));
        Assert.Equal([null, "id"], odd.Keys);
        Assert.Equal(["total"], odd.IncludedColumns);
        Assert.Equal([new IndexStatistics(1, 300)], odd.StatisticsTargets);
        Assert.Equal("odd", odd.Comment);
        Assert.True(table.FindIndex("partial") is { IsUnique: true, IsPlainUnique: false });
        Assert.True(
            table.FindIndex("orders_pkey") is { IsPlainUnique: true, IsReplicaIdentity: true, IsClustered: true }
        );
        IndexDescription unique = table.FindIndex("orders_note_total_key")!;
        Assert.Equal(
            (false, false, "orders_note_total_key"),
            (unique.AreNullsDistinct, unique.IsImmediate, unique.ConstraintName)
        );
        Assert.Equal("PRIMARY KEY (id)", table.PrimaryKey!.Definition);
        ConstraintDescription named = table.Constraints.Single(constraint => constraint.Name == "named");
        Assert.Equal((false, "a check", ConstraintKind.Check), (named.IsValidated, named.Comment, named.Kind));
        ConstraintDescription outgoing = table.Constraints.Single(c => c.Kind == ConstraintKind.ForeignKey);
        Assert.Equal(new QualifiedName("public", "customers"), outgoing.ReferencedTable);
        Assert.Contains(table.Constraints, constraint => constraint.Kind == ConstraintKind.Exclusion);
        IncomingForeignKey incoming = Assert.Single(table.IncomingForeignKeys);
        Assert.Equal(("public.lines", "lines_order_id_fkey"), (incoming.Table.ToString(), incoming.Name));
        Assert.Equal(ReplicaIdentity.Index, table.ReplicaIdentity);
    }

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Triggers_rules_policies_grants_publications_statistics_and_sequences_are_there(int major)
    {
        await using TableStage stage = await TableStage.StartAsync(
            postgres,
            major,
            """
            CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
            CREATE TABLE orders (id bigserial PRIMARY KEY, note text, total numeric) WITH (fillfactor = 80);
            COMMENT ON TABLE orders IS 'all of them';
            CREATE TRIGGER quiet BEFORE UPDATE OF note, total ON orders FOR EACH ROW
                WHEN (OLD.note IS DISTINCT FROM ' ON public.orders ') EXECUTE FUNCTION touch('x');
            CREATE TRIGGER "!drover_mirror" AFTER UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION touch();
            CREATE CONSTRAINT TRIGGER late AFTER INSERT ON orders DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
                EXECUTE FUNCTION touch();
            ALTER TABLE orders ENABLE ALWAYS TRIGGER late, DISABLE TRIGGER quiet;
            CREATE RULE never AS ON DELETE TO orders WHERE OLD.id < 0 DO INSTEAD NOTHING;
            ALTER TABLE orders ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
            CREATE POLICY mine ON orders AS RESTRICTIVE FOR SELECT TO app, "App 2" USING (id > 0);
            ALTER TABLE orders OWNER TO app;
            GRANT SELECT ON orders TO PUBLIC; GRANT INSERT ON orders TO "App 2" WITH GRANT OPTION;
            CREATE PUBLICATION pub FOR TABLE orders (id, note) WHERE (id > 5) WITH (publish_via_partition_root);
            CREATE STATISTICS pairs (ndistinct) ON note, (lower(note)) FROM orders;
            ALTER STATISTICS pairs SET STATISTICS 77;
            """
        );

        TableDescription table = await stage.DescribeAsync();

        Assert.Equal(["late", "quiet"], table.Triggers.Select(trigger => trigger.Name));
        TriggerDescription late = table.Triggers[0];
        Assert.Equal((EnabledState.Always, true, true), (late.Enabled, late.IsConstraint, late.OnInsert));
        TriggerDescription quiet = table.Triggers[1];
        Assert.Equal((EnabledState.Disabled, TriggerTiming.Before), (quiet.Enabled, quiet.Timing));
        Assert.Equal(["note", "total"], quiet.UpdateColumns);
        await stage.RunAsync("SET search_path = ''");
        Assert.Equal(
            await stage.AskAsync("SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgname = 'quiet'"),
            quiet.DefinitionOn(table.Name)
        );
        Assert.Equal("never", Assert.Single(table.Rules).Name);
        PolicyDescription policy = Assert.Single(table.Policies);
        Assert.Equal(("SELECT", false, "(id > 0)"), (policy.Command, policy.IsPermissive, policy.Using));
        Assert.Equal(["app", "App 2"], policy.Roles);
        Assert.True(
            table is { IsRowSecurityEnabled: true, IsRowSecurityForced: true, Owner: "app", Comment: "all of them" }
        );
        Assert.Equal(["fillfactor=80"], table.Options);
        Assert.Contains(new Grant(null, "SELECT", false, "app"), table.Access.Grants);
        Assert.Contains(new Grant("App 2", "INSERT", true, "app"), table.Access.Grants);
        PublicationMembership publication = Assert.Single(table.Publications);
        Assert.Equal((true, "(id > 5)"), (publication.ViaRoot, publication.RowFilter));
        Assert.Equal(["id", "note"], publication.Columns!.Value);
        StatisticsDescription statistics = Assert.Single(table.Statistics);
        Assert.Equal(("(ndistinct) ON note, lower(note)", 77), (statistics.Body, statistics.Target));
        SequenceDescription sequence = Assert.Single(table.Sequences);
        Assert.Equal(("orders_id_seq", "id", false), (sequence.Name.Name, sequence.OwnedByColumn, sequence.IsIdentity));
        Assert.Equal(["id"], sequence.UsedByColumns);
    }

    [Fact]
    public async Task Name_is_looked_up_as_the_connection_would_and_a_wrong_one_is_null()
    {
        await using TableStage stage = await TableStage.StartAsync(
            postgres,
            18,
            """CREATE SCHEMA "My"; CREATE TABLE "My"."Orders" (id int); SET search_path = "My" """
        );

        TableDescription table = await stage.DescribeAsync("\"Orders\"");

        Assert.Equal("\"My\".\"Orders\"", table.Name.ToString());
        Assert.Null(await TableCatalog.FindAsync(stage.Connection, "orders", Token));
        Assert.Null(await TableCatalog.ReadAsync(stage.Connection, 1, Token));
    }

    [Fact]
    public async Task Bare_names_are_exactly_those_that_the_server_leaves_bare()
    {
        foreach (int major in new[] { 15, 18 })
        {
            await using TableStage stage = await TableStage.StartAsync(postgres, major, "SELECT 1");
            await using NpgsqlCommand command = new(
                "SELECT w, quote_ident(w) FROM (SELECT word FROM pg_get_keywords() UNION VALUES "
                    + "('a b'), ('A'), ('a\"'), ('1a'), ('_a1'), ('ä'), ('a$')) t(w)",
                stage.Connection
            );
            await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(Token);
            while (await reader.ReadAsync(Token))
            {
                string quoted = SqlText.Name(reader.GetString(0));
                // A word that another version reserves may be quoted; one that this version reserves must be.
                Assert.True(quoted == reader.GetString(1) || quoted == $"\"{reader.GetString(0)}\"", quoted);
            }
        }
    }
}
