// What shards are asked in the place of a statement whose rows are combined.
using System.Text;
using Drover.Routing.Merging;
using Drover.Routing.Merging.Gathering;

namespace Drover.Tests.Routing;

public sealed class CombineTextTests
{
    [Theory]
    [InlineData("SELECT avg(a) FROM t", "SELECT avg(a), pg_catalog.sum(a), pg_catalog.count(a) FROM t")]
    [InlineData("select AVG (a)x from t;", "select AVG (a)x, pg_catalog.sum(a), pg_catalog.count(a) from t;")]
    [InlineData(
        "SELECT \"avg\"(a) AS from FROM t",
        "SELECT \"avg\"(a) AS from, pg_catalog.sum(a), pg_catalog.count(a) FROM t"
    )]
    [InlineData(
        "WITH s AS (SELECT 1 FROM u) SELECT avg(a -- , FROM )\n) /* FROM */ FROM t",
        "WITH s AS (SELECT 1 FROM u) SELECT avg(a -- , FROM )\n), pg_catalog.sum(a -- , FROM )\n), "
            + "pg_catalog.count(a -- , FROM )\n) /* FROM */ FROM t"
    )]
    [InlineData(
        "SELECT avg(f(a, ')')) FILTER (WHERE b IS DISTINCT FROM 1) \"filter\" FROM t",
        "SELECT avg(f(a, ')')) FILTER (WHERE b IS DISTINCT FROM 1) \"filter\", "
            + "pg_catalog.sum(f(a, ')')) FILTER (WHERE b IS DISTINCT FROM 1), "
            + "pg_catalog.count(f(a, ')')) FILTER (WHERE b IS DISTINCT FROM 1) FROM t"
    )]
    public void Sum_and_count_of_an_average_come_behind_the_select_list(string sql, string expected) =>
        Assert.Equal(expected, Of(sql, Plan("", CombineKind.Average)));

    [Fact]
    public void Columns_that_only_the_proxy_sees_have_a_name_that_nobody_means()
    {
        byte[] made = CombineText.Of("SELECT avg(a) FROM t"u8, Plan("", CombineKind.Average), conforming: true)!;
        Assert.Equal(
            "SELECT avg(a), pg_catalog.sum(a) AS \"?drover?\", pg_catalog.count(a) AS \"?drover?\" FROM t",
            Encoding.UTF8.GetString(made)
        );
    }

    [Theory]
    [InlineData("SELECT count(*), a FROM t GROUP BY a", "SELECT count(*), a FROM t GROUP BY a ORDER BY 2 ")]
    [InlineData("SELECT count(*), a FROM t GROUP BY a -- ;", "SELECT count(*), a FROM t GROUP BY a ORDER BY 2  -- ;")]
    [InlineData(
        "SELECT count(*), a FROM t WHERE t.limit > 1 GROUP BY (a)LIMIT 3",
        "SELECT count(*), a FROM t WHERE t.limit > 1 GROUP BY (a) ORDER BY 2 LIMIT 3"
    )]
    [InlineData(
        "SELECT count(*), b IS DISTINCT FROM c FROM t GROUP BY 2 OFFSET 3;",
        "SELECT count(*), b IS DISTINCT FROM c FROM t GROUP BY 2 ORDER BY 2  OFFSET 3;"
    )]
    public void Order_of_the_groups_comes_before_limit_and_offset(string sql, string expected) =>
        Assert.Equal(expected, Of(sql, Plan("2", CombineKind.Sum, CombineKind.Kept)));

    [Theory]
    [InlineData("(SELECT count(*) FROM t)")]
    [InlineData("SELECT count(*), 2 FROM t")]
    [InlineData("SELECT count(*)")]
    [InlineData("SELECT count(*) FROM t WHERE (")]
    [InlineData("SELECT count(*) FROM t WHERE a = 'x")]
    public void Text_of_another_form_than_its_tree_is_left_alone(string sql) =>
        Assert.Null(Of(sql, Plan("", CombineKind.Sum)));

    [Theory]
    [InlineData(
        "SELECT string_agg(a, ', ' ORDER BY b.desc DESC NULLS LAST, f(c, 1)) FILTER (WHERE d OR e) x FROM t",
        "SELECT string_agg(a, ', ' ORDER BY b.desc DESC NULLS LAST, f(c, 1)) FILTER (WHERE d OR e) x, "
            + "( ', ')::pg_catalog.text, pg_catalog.array_agg(a ORDER BY  b.desc DESC NULLS LAST, f(c, 1)) "
            + "FILTER (WHERE (a) IS NOT NULL AND ( d OR e)), pg_catalog.array_agg( b.desc ORDER BY  b.desc DESC NULLS "
            + "LAST, f(c, 1)) FILTER (WHERE (a) IS NOT NULL AND ( d OR e)), pg_catalog.array_agg( f(c, 1) ORDER BY  "
            + "b.desc DESC NULLS LAST, f(c, 1)) FILTER (WHERE (a) IS NOT NULL AND ( d OR e)) FROM t"
    )]
    [InlineData("SELECT string_agg(a, ', ' ORDER BY b) FROM t", null)]
    [InlineData("SELECT string_agg(a ORDER BY b, c) FROM t", null)]
    public void Values_and_keys_of_what_is_gathered_in_an_order_are_arrays(string sql, string? expected)
    {
        GatherKey key = new(SortOrder.Int4, IsByBytes: false, IsDescending: false, HasNullsFirst: false);
        GatherPlan gather = new(GatherForm.Text, [key, key], IsDistinct: false);
        Assert.Equal(expected, Of(sql, Plan("", new CombinedColumn(CombineKind.Gathered) { Gather = gather })));
    }

    [Theory]
    [InlineData("SELECT count(DISTINCT a) FROM t", "SELECT count(DISTINCT a) FROM t GROUP BY t.a ")]
    [InlineData(
        "SELECT count(DISTINCT a) FROM t GROUP BY b-- c",
        "SELECT count(DISTINCT a) FROM t GROUP BY b, t.a -- c"
    )]
    [InlineData(
        "SELECT count(DISTINCT a) FROM t GROUP BY t.order ORDER BY 1",
        "SELECT count(DISTINCT a) FROM t GROUP BY t.order, t.a  ORDER BY 1"
    )]
    public void Value_that_is_counted_once_is_a_key_more_of_the_groups(string sql, string expected) =>
        Assert.Equal(
            expected,
            Of(sql, Plan("", new CombinedColumn(CombineKind.DistinctCount)) with { DistinctKey = "t.a" })
        );

    [Fact]
    public void Aggregate_within_coalesce_comes_behind_the_select_list() =>
        Assert.Equal(
            "SELECT coalesce(avg(f(a, b)), 0), avg(f(a, b)), pg_catalog.sum(f(a, b)), pg_catalog.count(f(a, b)) FROM t",
            Of(
                "SELECT coalesce(avg(f(a, b)), 0) FROM t",
                Plan("", new CombinedColumn(CombineKind.Average) { IsCoalesced = true })
            )
        );

    private static CombinePlan Plan(string orderBy, CombinedColumn column) =>
        new([column], [], orderBy, HasOrderBy: false);

    private static CombinePlan Plan(string orderBy, params CombineKind[] kinds) =>
        new([.. kinds.Select(static kind => new CombinedColumn(kind))], [], orderBy, HasOrderBy: false);

    private static string? Of(string sql, CombinePlan plan) =>
        CombineText.Of(Encoding.UTF8.GetBytes(sql), plan, conforming: true) is { } made
            ? Encoding.UTF8.GetString(made).Replace(" AS \"?drover?\"", "", StringComparison.Ordinal)
            : null;
}
