// TRAPS 25: everything that is bound to the table by OID is found, and nothing else.
using Drover.IntegrationTests.LocalPostgres;
using Drover.Partitioning.Catalog;

namespace Drover.IntegrationTests.Partitioning.Catalog;

public sealed class DependencyTests(PostgresFixture postgres)
{
    private const string Orders = "CREATE TABLE orders (id bigint PRIMARY KEY, note text, total numeric);";

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Views_are_found_to_any_depth_each_after_those_that_it_reads(int major)
    {
        await using TableStage stage = await TableStage.StartAsync(
            postgres,
            major,
            $"""
            {Orders}
            CREATE VIEW z1 WITH (security_barrier, check_option = local) AS SELECT * FROM orders;
            ALTER VIEW z1 ALTER note SET DEFAULT 'v'; COMMENT ON VIEW z1 IS 'first'; GRANT SELECT ON z1 TO app;
            CREATE VIEW y2 AS SELECT id, note FROM z1;
            CREATE VIEW x3 AS SELECT y2.id FROM y2 JOIN orders USING (id);
            CREATE VIEW grouped AS SELECT id, note, count(*) FROM orders GROUP BY id;
            CREATE MATERIALIZED VIEW mv AS SELECT note, sum(total) FROM orders GROUP BY 1;
            CREATE UNIQUE INDEX ON mv (note);
            CREATE VIEW a_over_mv AS SELECT * FROM mv;
            CREATE VIEW whole AS SELECT o FROM orders o;
            CREATE TABLE others (id int); CREATE VIEW unrelated AS SELECT * FROM others;
            """
        );

        DependentObjects found = (await stage.DescribeAsync()).Dependents;

        Dictionary<string, ViewDescription> views = found.Views.ToDictionary(view => view.Name.Name);
        Assert.Equal(["a_over_mv", "grouped", "mv", "whole", "x3", "y2", "z1"], views.Keys.Order());
        List<string> order = [.. found.Views.Select(view => view.Name.Name)];
        Assert.True(order.IndexOf("z1") < order.IndexOf("y2") && order.IndexOf("y2") < order.IndexOf("x3"));
        Assert.True(order.IndexOf("mv") < order.IndexOf("a_over_mv"));
        Assert.Equal(["y2"], found.Views.Where(view => !view.IsBound).Select(view => view.Name.Name));
        Assert.Equal(["orders_pkey"], views["grouped"].Constraints);
        Assert.Equal(["whole"], found.Views.Where(view => view.UsesRowType).Select(view => view.Name.Name));
        Assert.Equal(["security_barrier=true", "check_option=local"], views["z1"].Options);
        Assert.Equal(("first", "'v'::text"), (views["z1"].Comment, views["z1"].Columns[1].Default));
        Assert.Contains(new Grant("app", "SELECT", false, "postgres"), views["z1"].Access.Grants);
        Assert.True(views["mv"] is { IsMaterialized: true, IsPopulated: true });
        Assert.Equal("mv_note_idx", Assert.Single(views["mv"].Indexes).Name.Name);
        Assert.Empty(found.Others);
    }

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Functions_rules_policies_and_row_types_elsewhere_are_found(int major)
    {
        await using TableStage stage = await TableStage.StartAsync(
            postgres,
            major,
            $"""
            {Orders}
            CREATE FUNCTION label(o orders) RETURNS text LANGUAGE sql AS 'SELECT o.note';
            CREATE FUNCTION every() RETURNS SETOF orders LANGUAGE sql AS 'SELECT * FROM orders';
            CREATE FUNCTION total_of(i bigint) RETURNS numeric LANGUAGE sql
                RETURN (SELECT sum(total) FROM orders WHERE id = i);
            CREATE FUNCTION by_text() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM orders';
            CREATE VIEW labels AS SELECT label(o) FROM orders o;
            CREATE VIEW over_every AS SELECT id FROM every();
            CREATE TABLE others (id int CHECK (total_of(id) > 0), one orders, many orders[]);
            ALTER TABLE others ENABLE ROW LEVEL SECURITY;
            CREATE POLICY known ON others USING (EXISTS (SELECT FROM orders o WHERE o.id = others.id));
            CREATE RULE also AS ON INSERT TO others DO ALSO INSERT INTO orders VALUES (1);
            CREATE DOMAIN order_domain AS orders;
            """
        );

        DependentObjects found = (await stage.DescribeAsync()).Dependents;

        Dictionary<string, FunctionDescription> functions = found.Functions.ToDictionary(f => f.Name.Name);
        Assert.Equal(["every", "label", "total_of"], functions.Keys.Order());
        Assert.True(functions["label"] is { TakesRow: true, ReturnsRow: false, HasParsedBody: false });
        Assert.True(functions["every"] is { TakesRow: false, ReturnsRow: true });
        Assert.True(functions["total_of"] is { TakesRow: false, ReturnsRow: false, HasParsedBody: true });
        Assert.Equal(["labels", "over_every"], found.Views.Select(view => view.Name.Name).Order());
        Assert.All(found.Views, view => Assert.True(view.IsBound));
        Assert.Equal("public.others", Assert.Single(found.Policies).Table.ToString());
        Assert.Equal("also", Assert.Single(found.Rules).Name);
        Assert.Equal(
            ["column many of table public.others", "column one of table public.others", "type public.order_domain"],
            found.Others.Select(other => other.Description)
        );
    }

    [Fact]
    public async Task What_belongs_to_the_table_itself_is_no_dependent()
    {
        await using TableStage stage = await TableStage.StartAsync(
            postgres,
            18,
            """
            CREATE TABLE orders (
                id bigserial PRIMARY KEY, parent bigint REFERENCES orders, number int GENERATED ALWAYS AS IDENTITY,
                note text DEFAULT 'x' CHECK (note <> ''), twice bigint GENERATED ALWAYS AS (id * 2) STORED);
            CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
            CREATE TRIGGER t BEFORE UPDATE OF note ON orders FOR EACH ROW EXECUTE FUNCTION touch();
            CREATE RULE r AS ON INSERT TO orders WHERE NEW.id < 0 DO INSTEAD NOTHING;
            CREATE POLICY p ON orders USING (id > (SELECT min(id) FROM orders));
            CREATE STATISTICS s ON note, id FROM orders;
            CREATE PUBLICATION pub FOR TABLE orders (id) WHERE (id > 5);
            CREATE TABLE kid () INHERITS (orders); CREATE TABLE lines (order_id bigint REFERENCES orders);
            """
        );

        TableDescription table = await stage.DescribeAsync();

        Assert.Equal(
            (0, 0, 0, 0, 0),
            (
                table.Dependents.Views.Length,
                table.Dependents.Rules.Length,
                table.Dependents.Policies.Length,
                table.Dependents.Functions.Length,
                table.Dependents.Others.Length
            )
        );
        Assert.Equal(["public.kid"], table.Children.Select(child => child.ToString()));
    }
}
