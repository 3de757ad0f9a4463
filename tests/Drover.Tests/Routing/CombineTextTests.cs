// What shards are asked in the place of a statement whose rows are combined.
using System.Text;
using Drover.Routing.Merging;

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

    private static CombinePlan Plan(string orderBy, params CombineKind[] kinds) =>
        new([.. kinds.Select(static kind => new CombinedColumn(kind))], [], orderBy, HasOrderBy: false);

    private static string? Of(string sql, CombinePlan plan) =>
        CombineText.Of(Encoding.UTF8.GetBytes(sql), plan, conforming: true) is { } made
            ? Encoding.UTF8.GetString(made)
            : null;
}
