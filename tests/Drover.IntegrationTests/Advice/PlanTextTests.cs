// A plan in text is the same plan as in JSON, for every kind of step that a statement here can be made to have.
using System.Text.Json;
using Drover.Advice.Plans;
using Drover.App.LocalPostgres;
using Drover.IntegrationTests.LocalPostgres;
using Npgsql;

namespace Drover.IntegrationTests.Advice;

public sealed class PlanTextTests(PostgresFixture fixture)
{
    private const string Tables = """
        CREATE SCHEMA "My. shop";
        SET search_path = "My. shop";
        CREATE TABLE orders (id int PRIMARY KEY, customer int, code text, total int);
        CREATE TABLE "the ""odd"" one" (id int, "Name" text);
        CREATE INDEX "odd idx" ON "the ""odd"" one" ("Name");
        CREATE INDEX ON orders (customer, total);
        CREATE TABLE days (id int, at date) PARTITION BY RANGE (at);
        CREATE TABLE days_1 PARTITION OF days FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
        CREATE TABLE days_2 PARTITION OF days FOR VALUES FROM ('2026-02-01') TO ('2026-03-01');
        INSERT INTO orders SELECT n, n % 50, 'code ' || n, n % 7 FROM generate_series(1, 5000) n;
        INSERT INTO "the ""odd"" one" SELECT n, 'n' || n FROM generate_series(1, 3000) n;
        ANALYZE;
        """;

    // With the settings that make the planner choose what it would not for so few rows.
    private static readonly (string Settings, string[] Statements)[] s_groups =
    [
        (
            "",
            [
                "SELECT * FROM orders",
                "SELECT * FROM orders WHERE id = 3 AND code <> 'a: b'",
                "SELECT id FROM orders ORDER BY id DESC LIMIT 3",
                "SELECT * FROM orders WHERE customer IN (3, 4) AND total > 5",
                "SELECT * FROM orders WHERE id < 3 OR customer = 4",
                "SELECT * FROM orders WHERE ctid = '(0,1)'",
                "SELECT * FROM orders WHERE ctid > '(0,1)' AND ctid < '(1,1)'",
                "SELECT * FROM orders TABLESAMPLE SYSTEM (10)",
                "SELECT \"Name\" FROM \"the \"\"odd\"\" one\" x WHERE \"Name\" = 'n3'",
                "SELECT * FROM \"the \"\"odd\"\" one\" a JOIN orders o USING (id)",
                "SELECT * FROM orders o LEFT JOIN \"the \"\"odd\"\" one\" a ON a.id = o.id AND a.\"Name\" > o.code",
                "SELECT * FROM orders o FULL JOIN \"the \"\"odd\"\" one\" a ON a.id = o.customer",
                "SELECT * FROM orders o WHERE EXISTS (SELECT FROM \"the \"\"odd\"\" one\" a WHERE a.id = o.customer)",
                "SELECT * FROM orders o WHERE NOT EXISTS (SELECT FROM \"the \"\"odd\"\" one\" a WHERE a.id = o.total)",
                "SELECT customer, count(*) FROM orders GROUP BY customer",
                "SELECT customer, array_agg(id ORDER BY id) FROM orders GROUP BY customer ORDER BY customer",
                "SELECT customer, total, count(*) FROM orders GROUP BY GROUPING SETS ((customer), (total))",
                "SELECT count(*), max(id) FROM orders",
                "SELECT DISTINCT customer FROM orders",
                "SELECT DISTINCT ON (total) * FROM orders ORDER BY total, id",
                "SELECT id, rank() OVER (PARTITION BY customer ORDER BY total) FROM orders",
                "SELECT id FROM orders EXCEPT SELECT id FROM \"the \"\"odd\"\" one\"",
                "SELECT id FROM orders INTERSECT ALL SELECT id FROM \"the \"\"odd\"\" one\"",
                "SELECT id FROM orders UNION SELECT id FROM \"the \"\"odd\"\" one\"",
                "SELECT * FROM days WHERE at > '2026-01-10' ORDER BY at",
                "SELECT generate_series(1, total) FROM orders",
                "SELECT * FROM generate_series(1, 10) g JOIN orders ON g = id",
                "SELECT * FROM (VALUES (1), (2)) v (n) JOIN orders ON n = id",
                "SELECT *, (SELECT max(id) FROM orders), "
                    + "(SELECT \"Name\" FROM \"the \"\"odd\"\" one\" a WHERE a.id = o.id) FROM orders o",
                "SELECT * FROM orders WHERE total NOT IN (SELECT id FROM \"the \"\"odd\"\" one\")",
                "WITH w AS MATERIALIZED (SELECT * FROM orders) SELECT * FROM w a JOIN w b ON a.id = b.customer",
                "WITH RECURSIVE r (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 9) SELECT * FROM r",
                "SELECT * FROM (SELECT * FROM orders ORDER BY total LIMIT 10) s WHERE s.id > 3",
                "SELECT * FROM xmltable('/a' PASSING '<a/>' COLUMNS b text)",
                "SELECT 1 WHERE current_setting('a.b', true) IS NULL",
                "INSERT INTO orders SELECT id + 9000, 1, 'x', 1 FROM \"the \"\"odd\"\" one\" ON CONFLICT DO NOTHING",
                "UPDATE orders SET total = 3 WHERE customer = 4",
                "UPDATE days SET id = 3 WHERE at = '2026-01-10'",
                "DELETE FROM orders USING \"the \"\"odd\"\" one\" a WHERE a.id = orders.id",
                "MERGE INTO orders o USING \"the \"\"odd\"\" one\" a ON a.id = o.id WHEN MATCHED THEN DELETE",
                "SELECT * FROM orders WHERE id = 3 FOR UPDATE",
            ]
        ),
        (
            "SET enable_hashjoin = off; SET enable_nestloop = off; SET enable_hashagg = off",
            [
                "SELECT * FROM \"the \"\"odd\"\" one\" a JOIN orders o USING (id)",
                "SELECT * FROM orders o LEFT JOIN \"the \"\"odd\"\" one\" a ON a.id = o.id",
                "SELECT customer, count(*) FROM orders GROUP BY customer",
                "SELECT total, customer FROM orders GROUP BY total, customer ORDER BY total, customer",
                "SELECT id FROM orders EXCEPT SELECT id FROM \"the \"\"odd\"\" one\"",
                "SELECT DISTINCT code FROM orders",
                "SELECT customer, total, code FROM orders ORDER BY customer, total, code",
                "SELECT * FROM days a JOIN days b USING (at) ORDER BY at",
            ]
        ),
        (
            "SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; "
                + "SET min_parallel_index_scan_size = 0; SET enable_memoize = on",
            [
                "SELECT count(*) FROM orders",
                "SELECT customer, count(*) FROM orders GROUP BY customer ORDER BY 1",
                "SELECT * FROM orders o LEFT JOIN \"the \"\"odd\"\" one\" a ON a.id = o.customer ORDER BY o.code",
                "SELECT count(*) FROM days",
                "SELECT count(*) FROM orders WHERE customer = 4 OR id < 100",
            ]
        ),
        (
            "SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_seqscan = off",
            [
                "SELECT * FROM \"the \"\"odd\"\" one\" a JOIN orders o ON o.id = a.id",
                "SELECT * FROM orders o LEFT JOIN \"the \"\"odd\"\" one\" a ON a.\"Name\" = o.code",
                "SELECT * FROM orders o WHERE EXISTS (SELECT FROM \"the \"\"odd\"\" one\" a WHERE a.\"Name\" = o.code)",
            ]
        ),
    ];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Plans_in_text_are_the_plans_in_json(int major)
    {
        (LocalPostgresCluster cluster, string database) = await fixture.CreateDatabaseAsync(major, Token);
        await cluster.ExecuteAsync(Tables, Token, database);
        HashSet<string> kinds = [];
        List<string> differences = [];
        foreach ((string settings, string[] statements) in s_groups)
        {
            await using NpgsqlConnection connection = new(cluster.ConnectionStringTo(database));
            await connection.OpenAsync(Token);
            await RunAsync(connection, $"SET search_path = \"My. shop\"; {settings}");
            foreach (string statement in statements)
            {
                foreach (string form in (string[])["VERBOSE", "COSTS"])
                {
                    string json = await RunAsync(connection, $"EXPLAIN (FORMAT JSON, {form}) {statement}");
                    string text = await RunAsync(connection, $"EXPLAIN ({form}) {statement}");
                    using JsonDocument document = JsonDocument.Parse(json);
                    PlanNode expected = PlanNode.Read(document.RootElement)!;
                    // As in the log, behind a statement that looks like a plan.
                    PlanNode? read = PlanText.Read(
                        $"Query Text: {statement}\nSeq Scan on x  (cost=0.00..1.00 rows=1 width=4)\n{text}"
                    );
                    string found = read is null ? "" : $"{PlanShape.TreeOf(read)}{Details(read)}";
                    if (found != $"{PlanShape.TreeOf(expected)}{Details(expected)}")
                    {
                        differences.Add($"{statement}\n{json}\n{text}\n{found}");
                    }
                    kinds.UnionWith(expected.All().Select(static step => step.Describe().Split(" on ")[0]));
                }
            }
        }
        Assert.True(differences.Count == 0, string.Join("\n\n", differences));
        Assert.True(kinds.Count >= 40, $"{kinds.Count} kinds of steps: {string.Join(", ", kinds)}");
    }

    private static string Details(PlanNode plan) =>
        string.Concat(
            plan.All()
                .Select(static step => $"{step.Cost} {step.Rows} {string.Join("; ", step.Conditions)} {step.Schema}\n")
        );

    private static async Task<string> RunAsync(NpgsqlConnection connection, string sql)
    {
        await using NpgsqlCommand command = new(sql, connection);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(Token);
        List<string> lines = [];
        while (await reader.ReadAsync(Token))
        {
            lines.Add(reader.GetString(0));
        }
        return string.Join('\n', lines);
    }
}
