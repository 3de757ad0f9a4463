// When two plans are the same, what is said of two that are not, and that no constant is kept.
using System.Text.Json;
using Drover.Advice.Plans;

namespace Drover.Tests.Advice;

public sealed class PlanShapeTests
{
    [Theory]
    [InlineData("(a = 'secret'::text)", "(a = ?::text)")]
    [InlineData("(a = 'it''s a secret'::text)", "(a = ?::text)")]
    [InlineData("(a = E'secret\\'s more'::text)", "(a = ?::text)")]
    [InlineData("(a ~ 'secret\\'::text)", "(a ~ ?::text)")]
    [InlineData("(name = $1)", "(name = $1)")]
    [InlineData("(a = 4711)", "(a = ?)")]
    [InlineData("(a > '-4711'::integer)", "(a > ?::integer)")]
    [InlineData("(a > 1.5e-10)", "(a > ?)")]
    [InlineData("(t_2.col1 = (a)::numeric(10,2))", "(t_2.col1 = (a)::numeric(?,?))")]
    [InlineData("(\"Größe 42\" = $2)", "(\"Größe 42\" = $2)")]
    [InlineData("(\"a\"\"1\" = 1)", "(\"a\"\"1\" = ?)")]
    [InlineData("(a = ANY ('{1,2,3}'::integer[]))", "(a = ANY (?::integer[]))")]
    [InlineData("(a IS NOT NULL) AND active", "(a IS NOT NULL) AND active")]
    [InlineData("(größe1 = 'x'::text)", "(größe1 = ?::text)")]
    [InlineData("(a = 'never ended", "(a = ?")]
    public void No_constant_is_left_of_an_expression(string expression, string plain)
    {
        Assert.Equal(plain, PlanRedaction.Redact(expression));
        Assert.Equal(plain, PlanRedaction.Redact(plain));
    }

    [Theory]
    [InlineData("SELECT a FROM t WHERE b = $1  AND c = $2", "SELECT a FROM t WHERE b = $1 AND c = $2")]
    [InlineData("SELECT a FROM t WHERE b = 'secret' AND c=4711", "SELECT a FROM t WHERE b = ? AND c=?")]
    [InlineData("SELECT E'se\\'cret', $x$secret$x$, 1.5, B'01', X'ff'", "SELECT ?, ?, ?, ?, ?")]
    [InlineData("/* secret */ SELECT 1 -- secret", "SELECT ?")]
    [InlineData(
        "SELECT a, sum(b) FROM t GROUP BY 1, 2 ORDER BY 2 DESC, 1 LIMIT 4711",
        "SELECT a, sum(b) FROM t GROUP BY 1, 2 ORDER BY 2 DESC, 1 LIMIT ?"
    )]
    [InlineData("SELECT a FROM t ORDER BY f(a, 4711), b = 4711", "SELECT a FROM t ORDER BY f(a, ?), b = ?")]
    [InlineData("SELECT a FROM t ORDER BY 2, 4711 % a", "SELECT a FROM t ORDER BY 2, ? % a")]
    [InlineData(
        "SELECT a FROM t ORDER BY 1 NULLS LAST, 4711 IN (a)",
        "SELECT a FROM t ORDER BY 1 NULLS LAST, ? IN (a)"
    )]
    [InlineData("SELECT a FROM t GROUP BY 1 HAVING a > 4711", "SELECT a FROM t GROUP BY 1 HAVING a > ?")]
    [InlineData("SELECT a FROM t ORDER BY 4711 'cut", "SELECT a FROM t ORDER BY ?")]
    [InlineData(
        "SELECT a FROM (SELECT 1 ORDER BY 1) t ORDER BY 1 ",
        "SELECT a FROM (SELECT ? ORDER BY 1) t ORDER BY 1"
    )]
    [InlineData("SELECT a FROM \"T 1\" WHERE b = 'secret that is cut", "SELECT a FROM \"T 1\" WHERE b =")]
    public void No_constant_is_left_of_a_statement(string text, string plain) =>
        Assert.Equal(plain, StatementText.WithoutValues(text));

    [Fact]
    public void Costs_rows_and_conditions_are_no_other_shape()
    {
        PlanNode before = Read(Scan("Index Scan", "orders_created_idx", "(id = 1)", cost: 8));
        PlanNode after = Read(Scan("Index Scan", "orders_created_idx", "(id = 2)", cost: 8000));
        Assert.Equal(PlanShape.Of(before), PlanShape.Of(after));
        Assert.NotEqual(PlanShape.Of(before), PlanShape.Of(Read(Scan("Index Scan", "another_idx", "", 8))));
        Assert.NotEqual(PlanShape.Of(before), PlanShape.Of(Read(Scan("Seq Scan", null, "", 8))));
    }

    [Fact]
    public void What_was_written_has_the_shape_of_what_was_read_and_no_value()
    {
        string join = Step(
            "Hash Join",
            "\"Join Type\":\"Left\",\"Hash Cond\":\"(a.id = b.id)\",\"Join Filter\":\"(a.x > 4711)\"",
            Step("Sort", "\"Sort Key\":[\"(lower('secret'::text))\",\"a.at DESC\"]", Scan("Seq Scan", null, "", 5)),
            Step("Aggregate", "\"Strategy\":\"Hashed\",\"Group Key\":[\"b.id\"]", Scan("Seq Scan", null, "", 5))
        );
        PlanNode plan = Read(join);
        string json = plan.Write();
        PlanNode again = PlanNode.Read(json);
        Assert.Equal(PlanShape.TreeOf(plan), PlanShape.TreeOf(again));
        Assert.Equal(plan.Lines(), again.Lines());
        Assert.DoesNotContain("secret", json, StringComparison.Ordinal);
        Assert.DoesNotContain("4711", json, StringComparison.Ordinal);
        Assert.Contains(
            plan.Lines(),
            static line => line.Contains("Hash Cond: (a.id = b.id)", StringComparison.Ordinal)
        );
        Assert.Contains("Hash Join (Left)", plan.Describe(), StringComparison.Ordinal);
    }

    [Fact]
    public void The_difference_is_told_in_words()
    {
        PlanNode index = Read(Scan("Index Scan", "orders_created_idx", "", 8));
        PlanNode whole = Read(Scan("Seq Scan", null, "", 8));
        Assert.Equal(
            "Index Scan using orders_created_idx → Seq Scan on public.orders",
            PlanShape.Difference(index, whole)
        );
        PlanNode nested = Read(Step("Nested Loop", "", Scan("Seq Scan", null, "", 1), Scan("Seq Scan", null, "", 1)));
        PlanNode hashed = Read(
            Step(
                "Sort",
                "\"Sort Key\":[\"id\"]",
                Step(
                    "Hash Join",
                    "\"Join Type\":\"Inner\"",
                    Scan("Seq Scan", null, "", 1),
                    Step("Hash", "", Scan("Seq Scan", null, "", 1))
                )
            )
        );
        Assert.Equal("Nested Loop → Hash Join; Sort by id added", PlanShape.Difference(nested, hashed));
        Assert.Equal("Hash Join → Nested Loop; Sort by id gone", PlanShape.Difference(hashed, nested));
        PlanNode bitmap = Read(
            Step(
                "Bitmap Heap Scan",
                "\"Relation Name\":\"orders\",\"Schema\":\"public\"",
                Step(
                    "BitmapOr",
                    "",
                    Step("Bitmap Index Scan", "\"Index Name\":\"a\""),
                    Step("Bitmap Index Scan", "\"Index Name\":\"b\"")
                )
            )
        );
        Assert.Equal("Seq Scan → Bitmap Heap Scan using a, b on public.orders", PlanShape.Difference(whole, bitmap));
        Assert.Equal("public", bitmap.All().Last().Schema);
    }

    [Fact]
    public void A_join_the_other_way_round_is_told()
    {
        string other = Step("Seq Scan", "\"Relation Name\":\"lines\",\"Schema\":\"public\"");
        PlanNode one = Read(Step("Nested Loop", "", Scan("Seq Scan", null, "", 1), other));
        PlanNode two = Read(Step("Nested Loop", "", other, Scan("Seq Scan", null, "", 1)));
        Assert.NotEqual(PlanShape.Of(one), PlanShape.Of(two));
        Assert.Equal("the same steps in another order: orders, lines → lines, orders", PlanShape.Difference(one, two));
    }

    [Fact]
    public void A_plan_of_many_levels_is_kept()
    {
        string deep = Scan("Seq Scan", null, "", 1);
        for (int level = 0; level < 200; level++)
        {
            deep = Step("Nested Loop", "", deep);
        }
        PlanNode plan = PlanNode.Read(deep);
        Assert.Equal(201, PlanNode.Read(plan.Write()).All().Count());
    }

    [Fact]
    public void One_partition_more_is_no_other_plan()
    {
        PlanNode three = Roots(Partitions(3));
        PlanNode many = Roots(Partitions(400));
        Assert.Equal(PlanShape.Of(three), PlanShape.Of(many));
        PlanNode member = Assert.Single(many.Children);
        Assert.Equal(("events", "events_at_idx", 400), (member.Relation, member.Index, member.Alike));
        Assert.Equal(400, PlanNode.Read(many.Write()).Children[0].Alike);
        Assert.NotEqual(PlanShape.Of(Read(Partitions(3))), PlanShape.Of(Read(Partitions(4))));

        static PlanNode Roots(string json) =>
            PlanShape.AtRoots(
                Read(json),
                static (schema, name) =>
                    new PlanName(
                        schema,
                        name.Replace("_p", "", StringComparison.Ordinal).TrimEnd([.. "0123456789"]),
                        ""
                    )
            );

        static string Partitions(int count) =>
            Step(
                "Append",
                "",
                [
                    .. Enumerable
                        .Range(0, count)
                        .Select(static i =>
                            Step(
                                "Index Scan",
                                $"\"Relation Name\":\"events_p{i}\",\"Schema\":\"public\","
                                    + $"\"Index Name\":\"events_at_idx{i}\""
                            )
                        ),
                ]
            );
    }

    private static PlanNode Read(string step)
    {
        using JsonDocument document = JsonDocument.Parse($"[{{\"Plan\":{step}}}]");
        return PlanNode.Read(document.RootElement)!;
    }

    private static string Scan(string type, string? index, string condition, double cost) =>
        Step(
            type,
            "\"Relation Name\":\"orders\",\"Schema\":\"public\",\"Alias\":\"o\","
                + (index is null ? "" : $"\"Index Name\":\"{index}\",")
                + $"\"Filter\":\"{condition}\",\"Plan Rows\":{cost},\"Total Cost\":{cost}"
        );

    private static string Step(string type, string members, params string[] children) =>
        $"{{\"Node Type\":\"{type}\"{(members.Length > 0 ? "," : "")}{members}"
        + $"{(children.Length > 0 ? $",\"Plans\":[{string.Join(',', children)}]" : "")}}}";
}
