// Reads whose answer has rows made of several shards' rows: those that the proxy makes, and those that it must not.
namespace Drover.IntegrationTests.Sharding.Combining;

/// <summary>Over the tables of <see cref="MergeCorpus"/>.</summary>
internal static class CombineCorpus
{
    private static readonly string[] s_exact = ["i2", "i4", "i8", "n", "n2"];

    private static readonly string[] s_ordered = ["i2", "i4", "i8", "o", "n2", "d", "ts", "tz", "c"];

    private static readonly string[] s_values =
    [
        .. (string[])["b", "i4", "i8", "n", "f8", "y", "d", "ts", "tz", "u", "t", "v", "e", "p", "j", "iv"],
    ];

    private static readonly string[] s_counted =
    [
        .. (string[])["b", "i4", "i8", "n", "n2", "o", "d", "ts", "tz", "u", "t", "v", "c", "e"],
    ];

    private static readonly string[] s_keys = ["b", "i4", "kind", "d", "ts", "tz", "u", "t", "v", "c", "e", "o"];

    /// <summary>Put together by the proxy, in every form that a client can ask for.</summary>
    public static IReadOnlyList<string> Statements { get; } =
    [
        .. s_exact.SelectMany(Summed),
        .. s_exact.SelectMany(Spread),
        .. Filtered,
        .. s_ordered.SelectMany(Extremes),
        .. s_keys.SelectMany(Grouped),
        .. s_ordered.SelectMany(Gathered),
        .. s_ordered.Where(static column => column != "n2").SelectMany(GatheredOnce),
        .. s_values.SelectMany(Values),
        .. Together,
        .. s_counted.SelectMany(Counted),
        .. CountedOnce,
        .. Instead,
        .. Written,
        .. Named,
        .. Groups,
        .. Limited,
    ];

    private static IEnumerable<string> Summed(string column) =>
        [
            $"SELECT sum({column}), avg({column}), count({column}) FROM things",
            $"SELECT avg({column}) AS a, sum({column}) FROM things WHERE {column} > 0",
            $"SELECT kind, avg({column}), sum({column}) FROM things GROUP BY kind",
            $"SELECT avg({column} * 3 - 1), sum(-{column}) FILTER (WHERE {column} < 0) FROM things WHERE id % 3 = 1",
            $"SELECT avg({column}), sum({column}) FROM things WHERE id < 0",
            $"SELECT sum({column}), avg({column}) FROM things WHERE id IN (3, 5, 7, 11, 13, 17, 19, 23)",
        ];

    private static IEnumerable<string> Spread(string column) =>
        [
            $"SELECT stddev({column}), variance({column}), var_pop({column}), stddev_pop({column}) FROM things",
            $"SELECT kind, stddev_samp({column}), count(*), var_samp({column}) FROM things GROUP BY kind",
            $"SELECT stddev({column} * 7 - 2) FILTER (WHERE {column} <> 0) AS f, var_pop(ALL {column}) FROM things",
            $"SELECT stddev({column}), stddev_pop({column}), var_samp({column}) FROM things WHERE id = 5 OR id < 0",
            $"SELECT stddev({column}), var_pop({column}) FROM things WHERE id IN (3, 5, 7, 11)",
            $"SELECT id % 2 = 0 AND b AS k, b, stddev({column} + 1e-20) FROM things GROUP BY b, id % 2 = 0 AND b, id",
        ];

    private static string[] Filtered =>
        [
            "SELECT count(*) FROM plain HAVING count(*) > 5",
            "SELECT count(*) FROM plain HAVING count(*) < 5",
            "SELECT a, count(*) FROM plain GROUP BY a HAVING count(*) > 5",
            "SELECT a FROM plain GROUP BY a HAVING 5 < count(*) ORDER BY a DESC",
            "SELECT a, t FROM plain GROUP BY a, t HAVING sum(id) >= 100 AND avg(id) < 60.5 ORDER BY a, t;",
            "SELECT a FROM plain GROUP BY a HAVING NOT (count(*) = 4 OR (max(id) <> 17 AND min(id) <= 3))",
            "SELECT kind FROM things GROUP BY kind HAVING stddev(n2) > 10 OR sum(i4) FILTER (WHERE b) > -3",
            "SELECT kind, sum(i8) FROM things GROUP BY kind HAVING sum(i4) > 0 OR avg(n) > 1.50",
            "SELECT b FROM things GROUP BY b, kind HAVING kind > 2 AND 1 <= count(i2)",
            "SELECT kind FROM things GROUP BY kind HAVING sum(i4) FILTER (WHERE i4 > 1000000) > 0",
            "SELECT kind FROM things GROUP BY kind HAVING NOT sum(i4) FILTER (WHERE i4 > 1000000) > 0",
            "SELECT kind FROM things GROUP BY kind HAVING NOT (sum(i4) FILTER (WHERE i4 > 99999) > 0 AND count(*) < 0)",
            "SELECT t, avg(a) FROM plain GROUP BY t HAVING/* a > 3 ORDER */avg(a)>-1.5 AND t<>'p3'ORDER BY t",
            "SELECT a AS having, count(*) FROM plain GROUP BY a HAVING count(DISTINCT id) >= 3",
            "SELECT count(*)FROM plain HAVING count(*)>5",
            "SELECT a,count(*)FROM plain GROUP BY a HAVING 3<=count(*)AND avg(id)<28",
            "SELECT 1 FROM plain p GROUP BY p.a HAVING max(p.a) = 2",
            "SELECT min(n) FROM things HAVING min(n) < 9999999999",
            "SELECT a, sum(id) FROM plain GROUP BY a HAVING sum(1 / (a - 3)) > 0",
            "SELECT k.name FROM plain p JOIN kinds k ON k.id = p.a GROUP BY k.name HAVING var_pop(p.id) > 1e1",
        ];

    private static IEnumerable<string> Extremes(string column) =>
        [
            $"SELECT min({column}), max({column}) FROM things",
            $"SELECT max({column}), kind, min({column}) FILTER (WHERE b) FROM things GROUP BY kind",
            $"SELECT min({column}) FROM things WHERE id < 0",
        ];

    private static IEnumerable<string> Grouped(string column) =>
        [
            $"SELECT {column}, count(*) FROM things GROUP BY {column}",
            $"SELECT count(*), sum(i4) FROM things x GROUP BY x.{column}",
            $"SELECT {column}, b, avg(i8) FROM things GROUP BY 2, 1",
        ];

    private static IEnumerable<string> Gathered(string column) =>
        [
            $"SELECT array_agg(id ORDER BY {column}, id) FROM things",
            $"SELECT kind, array_agg({column} ORDER BY {column} DESC NULLS LAST) FROM things GROUP BY kind ORDER BY 1",
            $"SELECT string_agg(t, '; ' ORDER BY {column} NULLS FIRST, id DESC) FROM things WHERE i4 > 0",
            $"SELECT jsonb_agg(b ORDER BY {column} DESC, id) FILTER (WHERE kind > 1) AS \"filter\" FROM things",
        ];

    private static IEnumerable<string> GatheredOnce(string column) =>
        [
            $"SELECT array_agg(DISTINCT {column}), array_agg(DISTINCT {column} ORDER BY {column} DESC) FROM things",
            $"SELECT kind, array_agg(DISTINCT {column} ORDER BY {column} NULLS FIRST), count(*) FROM things GROUP BY 1",
        ];

    private static IEnumerable<string> Values(string column) =>
        [
            $"SELECT array_agg({column} ORDER BY id) FROM things",
            $"SELECT kind, json_agg({column} ORDER BY id DESC) FROM things GROUP BY kind",
            $"SELECT jsonb_agg({column} ORDER BY id) FROM things x WHERE x.id > 30",
            $"SELECT array_agg({column}), json_agg({column}), jsonb_agg({column}) FROM things WHERE id = 7",
            $"SELECT json_object_agg(id, {column}) FROM things WHERE id = 11",
            $"SELECT array_agg({column}), json_agg({column}), array_agg({column} ORDER BY id) FROM things WHERE id < 0",
        ];

    private static string[] Together =>
        [
            "SELECT array_agg(a) FROM plain WHERE a = 3",
            "SELECT a, array_agg(a), json_agg(a), jsonb_agg(a), string_agg(t, ', ') FROM plain WHERE t = 'p2' "
                + "GROUP BY a",
            "SELECT json_object_agg(t, a) FROM plain WHERE t = 'p2' AND a = 4",
            "SELECT string_agg(t, '') FROM plain WHERE t = 'p1'",
            "SELECT string_agg(t, NULL) FROM plain WHERE t = 'p1'",
            "SELECT string_agg(t, E'\\'\\n,' ORDER BY id) AS order FROM plain",
            "SELECT string_agg(ALL t, ',' ORDER BY p.a DESC NULLS LAST, id) FILTER (WHERE (a > 1)) AS \"filter\" "
                + "FROM plain p",
            "SELECT string_agg(DISTINCT c, '|') FROM things",
            "SELECT string_agg(DISTINCT c, '|' ORDER BY c DESC) FROM things",
            "SELECT array_agg(a + 1 ORDER BY id), array_agg(a::text ORDER BY id) FROM plain",
            "SELECT json_agg(json_build_object('a', a, 't', t) ORDER BY id) FROM plain",
            "SELECT a, jsonb_agg(jsonb_build_array(id, t) ORDER BY id) FROM plain GROUP BY a ORDER BY a LIMIT 3",
            "SELECT array_agg(x.t ORDER BY x.id), string_agg(k.name, ',' ORDER BY x.id) FROM plain x "
                + "JOIN kinds k ON k.id = x.a",
            "SELECT a, array_agg(id ORDER BY id), avg(id), max(a) FROM plain GROUP BY a HAVING count(*) > 5 ORDER BY a",
            "SELECT array_agg(t ORDER BY id) FROM things WHERE t ~ '[{}\",\\\\ ]' OR t IS NULL OR t = ''",
        ];

    private static IEnumerable<string> Counted(string column) =>
        [
            $"SELECT count(DISTINCT {column}) FROM things",
            $"SELECT kind, count(DISTINCT {column}), count(*), avg(i4) FROM things GROUP BY kind ORDER BY kind",
            $"SELECT count(DISTINCT x.{column}) FROM things x JOIN parts p ON p.thing = x.id",
            $"SELECT count(DISTINCT {column}), count(*), sum(i4) FROM things WHERE id < 0",
        ];

    private static string[] CountedOnce =>
        [
            "SELECT count(DISTINCT a) FROM plain",
            "SELECT count(DISTINCT a) FILTER (WHERE id > 30) AS some, count(DISTINCT a), count(a) FROM plain",
            "SELECT t, count(DISTINCT a)FROM plain GROUP BY t-- all\n",
            "SELECT t, count(DISTINCT a), string_agg(t, ',') FROM plain WHERE t <> 'p1' GROUP BY (t)ORDER BY t DESC;",
            "SELECT count(DISTINCT a), count(*) FROM plain GROUP BY t HAVING count(DISTINCT a) > 3 AND sum(id) > 100",
            "SELECT b, kind, count(DISTINCT i2), stddev(n), array_agg(id ORDER BY id) FROM things GROUP BY b, kind",
            "SELECT count(DISTINCT t), bool_or(a > 3), bit_xor(a), min(t), var_pop(a) FROM plain",
            "SELECT count(DISTINCT k.name) FROM plain p JOIN kinds k ON k.id = p.a",
            "SELECT count(DISTINCT a) AS n, count(*) FROM plain WHERE a IS NULL",
        ];

    private static string[] Instead =>
        [
            "SELECT coalesce(sum(a), 0), COALESCE(max(a), -1), coalesce(avg(a), 0.5) FROM plain",
            "SELECT coalesce(sum(a), 0), coalesce(max(a), -1), coalesce(avg(a), 0.5), count(*) FROM plain WHERE id < 0",
            "SELECT a, coalesce(sum(id) FILTER (WHERE id > 40), 0) AS big FROM plain GROUP BY a ORDER BY a",
            "SELECT coalesce(string_agg(t, ',' ORDER BY id), 'none') FROM plain WHERE a > 3",
            "SELECT coalesce(string_agg(t, ',' ORDER BY id), 'none') FROM plain WHERE a > 3000",
            "SELECT coalesce(sum(i2), 0), coalesce(sum(n), 0.0), coalesce(sum(n2 * i4), 1.5), coalesce(max(i2), '7'), "
                + "coalesce(min(i4), 0), coalesce(max(i8), NULL, 3) FROM things WHERE id < 0",
            "SELECT coalesce(count(DISTINCT a), 0), coalesce(min(a), 1), t FROM plain GROUP BY t",
            "SELECT coalesce(stddev(n2), 0), coalesce(min(c), 'z'), coalesce(bool_or(b), false) FROM things",
            "SELECT coalesce(json_agg(a ORDER BY id), '[]'), coalesce(count(*), 7) FROM plain WHERE id < 0",
            "SELECT coalesce(sum(a), NULL, 3) FROM plain WHERE a > 99",
        ];

    private static string[] Written =>
        [
            "SELECT count(*) FROM plain",
            "SELECT count(*), count(*) FROM plain WHERE a > 2",
            "SELECT count(*) FROM plain WHERE id < 0",
            "SELECT pg_catalog.count(*), pg_catalog.avg(a) FROM plain",
            "SELECT \"avg\"(a) FROM plain",
            "SELECT avg(a)FROM plain",
            "SELECT avg(/* , FROM */ a -- )\n) FROM plain -- GROUP BY",
            "SELECT avg(a) AS from FROM plain",
            "SELECT avg(ALL a), count(ALL t) FROM plain;",
            "SELECT avg(a) FILTER (WHERE t <> 'p1') AS few, 'x', count(*) FROM plain LIMIT 0",
            "SELECT 'x' AS k, 1, NULL, count(*) FROM plain",
            "SELECT count(id), count(t), count(NULL) FROM plain",
            "SELECT count(DISTINCT id) FROM plain",
            "SELECT count(DISTINCT id), a FROM plain GROUP BY a",
            "SELECT count(DISTINCT p.thing) FROM things x JOIN parts p ON p.thing = x.id WHERE p.amount > 0",
            "SELECT bool_and(b), bool_or(b), every(b IS NOT NULL) FROM things",
            "SELECT bool_and(i4 > 0), bool_or(i4 > 48) FROM things WHERE id < 0",
            "SELECT kind, bool_and(b), bool_or(b) FROM things GROUP BY kind",
            "SELECT bit_and(i4), bit_or(i8), bit_xor(i2) FROM things",
            "SELECT sum(amount), avg(amount), min(amount), max(amount) FROM parts",
            "SELECT sum(amount * no), avg(amount / no), sum(amount % 7) FROM parts",
            "SELECT sum(coalesce(i4, 0)), avg(CASE WHEN b THEN i4 ELSE n2 END) FROM things",
            "SELECT sum(CASE WHEN b THEN 1 END), sum(CASE WHEN b THEN 1 ELSE 0 END) FROM things",
            "SELECT sum(t::int), avg(f8::numeric(20, 3)), sum(v::numeric) FROM things WHERE id < 0",
            "SELECT avg(f8::numeric(20, 3)) FROM things WHERE abs(f8) < 1000000",
            "SELECT sum(1), avg(2.50), sum(9999999999) FROM plain",
            "SELECT sum(9223372036854775807) FROM plain",
            "SELECT sum(a::bigint * 9000000000000000000 / 9) FROM plain",
            "SELECT sum(i8) FROM things WHERE 1 / (kind - 3) >= 0",
            "SELECT sum(x.i4), avg(p.amount), count(p.no) FROM things x LEFT JOIN parts p ON p.thing = x.id",
            "SELECT sum(x.a * k.id) FROM plain x JOIN kinds k ON k.id = x.a",
            "SELECT count(*) FROM plain x, kinds k",
            "SELECT count(*) FROM things x WHERE EXISTS (SELECT FROM parts p WHERE p.thing = x.id AND p.amount > 0)",
            "SELECT count(*) FROM plain ORDER BY 1",
            "SELECT min(a) AS m FROM plain ORDER BY m DESC",
        ];

    /// <summary>Names as the proxy's own columns would have, and calls in parentheses.</summary>
    private static string[] Named =>
        [
            "SELECT avg(a) AS sum FROM plain ORDER BY sum",
            "SELECT a AS count, avg(id) FROM plain GROUP BY count ORDER BY count",
            "SELECT a AS t, avg(id) FROM plain p WHERE p.t = 'p1' GROUP BY a, p.t ORDER BY t",
            "SELECT t AS a, count(DISTINCT plain.a) FROM plain GROUP BY t ORDER BY a",
            "SELECT array_agg(id ORDER BY a, id) FROM plain ORDER BY array_agg",
            "SELECT coalesce(sum(a), 0) AS coalesce, sum(a) FROM plain ORDER BY coalesce",
            "SELECT a AS \"?column?\", count(*) FROM plain GROUP BY a HAVING avg(id) > 20 ORDER BY \"?column?\"",
            "SELECT (avg(a)), ((stddev(a))) AS s, (count(*)), (array_agg(DISTINCT a)) FROM plain",
            "SELECT ( /* ( */ string_agg(t, ')' ORDER BY id) FILTER (WHERE (a) > 1)), (coalesce((avg(a)), 0)) "
                + "FROM plain",
        ];

    private static string[] Groups =>
        [
            "SELECT a, count(*) FROM plain GROUP BY a ORDER BY a",
            "SELECT a, count(*) FROM plain GROUP BY a ORDER BY 1 DESC",
            "SELECT a AS k, count(*) FROM plain GROUP BY k ORDER BY k",
            "SELECT count(*), a, t FROM plain GROUP BY t, a ORDER BY a DESC, t",
            "SELECT count(*) AS n, c FROM things GROUP BY c ORDER BY c NULLS FIRST",
            "SELECT t, count(*) FROM things GROUP BY t ORDER BY t COLLATE \"C\" DESC",
            "SELECT kind, b, count(*) FROM things GROUP BY kind, b ORDER BY b DESC NULLS LAST, kind",
            "SELECT a, a, a + 1, a > 3 AS big, count(*) FROM plain GROUP BY a",
            "SELECT upper(t), length(t), count(*) FROM plain GROUP BY t",
            "SELECT a FROM plain GROUP BY a",
            "SELECT a FROM plain GROUP BY a, t ORDER BY a",
            "SELECT count(*) FROM plain WHERE a > 2 GROUP BY a",
            "SELECT k.name, count(*), sum(p.a) FROM plain p JOIN kinds k ON k.id = p.a GROUP BY k.name",
            "SELECT k.id, k.name, count(*) FROM plain p JOIN kinds k ON k.id = p.a GROUP BY k.id, k.name ORDER BY k.id",
            "SELECT k.name, count(p.id) FROM plain p LEFT JOIN kinds k ON k.id = p.a GROUP BY k.name",
            "SELECT x.kind, p.no, sum(p.amount) FROM things x JOIN parts p ON p.thing = x.id GROUP BY x.kind, p.no",
            "SELECT p.no, count(*), avg(p.amount) FROM parts p GROUP BY p.no ORDER BY 1",
            "SELECT name, count(*), max(amount) FROM parts GROUP BY name",
            "SELECT date_trunc('year', ts) AS yr, count(*) FROM things GROUP BY yr",
            "SELECT date_trunc('month', d), count(*), avg(n2) FROM things GROUP BY 1 ORDER BY 1",
            "SELECT date_trunc('day', tz) AS day, b, count(*) FROM things GROUP BY day, b ORDER BY day DESC, b",
            "SELECT ts::date AS day, count(*) FROM things GROUP BY 1 ORDER BY day",
            "SELECT i4::bool, count(*) FROM things GROUP BY 1",
            "SELECT DISTINCT a FROM plain",
            "SELECT DISTINCT a FROM plain ORDER BY a DESC",
            "SELECT DISTINCT a, c FROM things JOIN plain USING (id)",
            "SELECT DISTINCT b, kind AS k FROM things ORDER BY k, b",
            "SELECT DISTINCT b FROM things WHERE id < 0",
            "SELECT DISTINCT ts::date FROM things ORDER BY 1 LIMIT 5",
            "SELECT DISTINCT s.pid FROM plain p "
                + "LEFT JOIN LATERAL (SELECT p.id AS pid FROM parts q WHERE q.thing = p.id) s ON true",
            "SELECT a, sum(1 / (a - 3)) FROM plain GROUP BY a",
        ];

    private static string[] Limited =>
        [
            "SELECT a, count(*) FROM plain GROUP BY a ORDER BY a LIMIT 3",
            "SELECT a, count(*) FROM plain GROUP BY a ORDER BY a DESC LIMIT 3 OFFSET 2",
            "SELECT a, avg(id) FROM plain GROUP BY a ORDER BY a OFFSET 4",
            "SELECT a, avg(id) FROM plain GROUP BY (a)ORDER BY a LIMIT 3",
            "SELECT a, avg(id) FROM plain GROUP BY a ORDER BY a OFFSET 40",
            "SELECT t, count(*) FROM plain GROUP BY t ORDER BY t",
            "SELECT DISTINCT t, a FROM plain ORDER BY t, a OFFSET 3",
            "SELECT a, avg(id) FROM plain GROUP BY a ORDER BY a LIMIT 0",
            "SELECT a, avg(id) FROM plain GROUP BY a ORDER BY a FETCH FIRST 2 ROWS ONLY",
            "SELECT a, count(*) FROM plain GROUP BY a LIMIT 100",
            "SELECT t, a, avg(id) FROM plain WHERE a < 3 GROUP BY t, a LIMIT 1000 OFFSET 0",
            "SELECT 1 FROM plain GROUP BY a LIMIT 4",
            "SELECT 1 FROM plain GROUP BY t OFFSET 4 LIMIT 5",
            "SELECT count(*) FROM plain LIMIT 1",
            "SELECT count(*) FROM plain LIMIT 0",
            "SELECT count(*) FROM plain OFFSET 1",
            "SELECT avg(a) FROM plain LIMIT 5 OFFSET 0",
            "SELECT DISTINCT t FROM plain ORDER BY t COLLATE \"C\" LIMIT 3",
        ];

    /// <summary>With values of Bind: the statement, and the values as text.</summary>
    public static IReadOnlyList<(string Sql, string[] Values)> WithValues { get; } =
    [
        ("SELECT count(*) FROM plain WHERE a > $1", ["3"]),
        ("SELECT avg(a + $1::int), sum(a * $1::int) FROM plain WHERE id > $2", ["4", "17"]),
        ("SELECT avg(a) FILTER (WHERE a <> $1), $2::text FROM plain", ["2", "x"]),
        ("SELECT a, avg(id) FROM plain WHERE t <> $1 GROUP BY a ORDER BY a LIMIT $2 OFFSET $3", ["p3", "3", "2"]),
        ("SELECT a, count(*) FROM plain GROUP BY a ORDER BY a OFFSET $1", ["5"]),
        (
            "SELECT a, count(*) FROM plain WHERE id < $2 GROUP BY a HAVING count(*) > $1 AND avg(id) <= $3",
            ["2", "70", "35"]
        ),
        ("SELECT a FROM plain GROUP BY a HAVING $1 < sum(id) ORDER BY a", ["120"]),
        ("SELECT a FROM plain GROUP BY a HAVING a > $1 AND stddev(id) > $2", ["1", "3"]),
        ("SELECT count(DISTINCT a) FILTER (WHERE id > $1), count(*) FROM plain WHERE id <> $2", ["20", "7"]),
        ("SELECT string_agg(t, $1 ORDER BY id) FROM plain WHERE a > $2", ["--", "2"]),
        ("SELECT coalesce(sum(a) FILTER (WHERE id < $1), $2) FROM plain", ["0", "42"]),
        ("SELECT array_agg(a + $1::int ORDER BY id), json_agg(t ORDER BY id) FROM plain", ["5"]),
        ("SELECT date_trunc($1, ts) AS yr, count(*) FROM things GROUP BY yr", ["century"]),
    ];

    /// <summary>What is not exact, or not proved to be.</summary>
    public static IReadOnlyList<string> Others { get; } =
    [
        "SELECT sum(f8) FROM things",
        "SELECT avg(f4) FROM things",
        "SELECT max(f8) FROM things",
        "SELECT sum(f8 + 1) FROM things",
        "SELECT sum(i4 * 1.5::float8) FROM things",
        "SELECT sum(abs(i4)) FROM things",
        "SELECT sum(iv) FROM things",
        "SELECT max(e) FROM things",
        "SELECT max(p) FROM things",
        "SELECT min(m) FROM things",
        "SELECT max(s) FROM things",
        "SELECT sum(s) FROM things",
        "SELECT min(lower(c)) FROM things",
        "SELECT stddev(f8), variance(f4) FROM things",
        "SELECT stddev(DISTINCT i4) FROM things",
        "SELECT count(DISTINCT a), count(DISTINCT t) FROM plain",
        "SELECT count(DISTINCT a), count(DISTINCT id) FROM plain",
        "SELECT a, count(DISTINCT a) FROM plain GROUP BY a",
        "SELECT count(DISTINCT a), 7 FROM plain",
        "SELECT count(DISTINCT a) FROM plain LIMIT 1",
        "SELECT t, count(DISTINCT a) FROM plain GROUP BY t LIMIT 100",
        "SELECT count(DISTINCT a) FROM plain HAVING count(*) > 1",
        "SELECT count(DISTINCT a + 1) FROM plain",
        "SELECT coalesce(sum(a), 0.5) FROM plain",
        "SELECT coalesce(max(i2), 0), coalesce(bit_or(i2), 0) FROM things",
        "SELECT coalesce(max(a), 5000000000) FROM plain",
        "SELECT count(DISTINCT (a, t)) FROM plain",
        "SELECT count(DISTINCT p) FROM things",
        "SELECT count(DISTINCT j), count(DISTINCT m) FROM things",
        "SELECT sum(DISTINCT a) FROM plain",
        "SELECT avg(DISTINCT id) FROM plain",
        "SELECT sum(a ORDER BY id) FROM plain",
        "SELECT array_agg(a ORDER BY abs(a), id) FROM plain",
        "SELECT array_agg(t ORDER BY e, id) FROM things",
        "SELECT array_agg(ARRAY[a] ORDER BY id) FROM plain",
        "SELECT array_agg(m ORDER BY id) FROM things",
        "SELECT json_agg(p ORDER BY id) FROM plain p",
        "SELECT jsonb_object_agg(t, a) FROM plain WHERE t = 'p1' AND a = 1",
        "SELECT json_object_agg(id, a ORDER BY id) FROM plain",
        "SELECT string_agg(t, t ORDER BY id) FROM plain",
        "SELECT string_agg(y, '\\x00' ORDER BY id) FROM things",
        "SELECT json_agg(DISTINCT a) FROM plain",
        "SELECT array_agg(id ORDER BY c COLLATE \"C\", id) FROM things",
        "SELECT coalesce(sum(a), max(a)) FROM plain",
        "SELECT coalesce(sum(a), 0) + 1 FROM plain",
        "SELECT coalesce(NULL, sum(a)) FROM plain",
        "SELECT count(*) + 1 FROM plain",
        "SELECT sum(a) / count(*) FROM plain",
        "SELECT round(avg(a), 2) FROM plain",
        "SELECT a, count(*) FROM plain GROUP BY a HAVING (count(*)) > 5",
        "SELECT a, count(*) FROM plain GROUP BY a HAVING count(*) > 5 LIMIT 1000",
        "SELECT a, count(*) FROM plain GROUP BY a HAVING count(*) + 1 > 5",
        "SELECT a, count(*) FROM plain GROUP BY a HAVING count(*) > sum(a)",
        "SELECT a, count(*) FROM plain GROUP BY a HAVING count(*) > '5'",
        "SELECT a, count(*) FROM plain GROUP BY a HAVING count(*) BETWEEN 3 AND 5",
        "SELECT a, count(*) FROM plain GROUP BY a HAVING sum(id) IS NOT NULL",
        "SELECT a, count(*) FROM plain GROUP BY a HAVING max(t) > 'p1'",
        "SELECT kind FROM things GROUP BY kind HAVING sum(f8) > 1",
        "SELECT kind FROM things GROUP BY kind HAVING bool_or(b)",
        "SELECT a FROM plain GROUP BY a HAVING a % 2 = 0",
        "SELECT a FROM plain GROUP BY a HAVING count(*) > (SELECT 1)",
        "SELECT DISTINCT 1 FROM plain HAVING count(*) > 5",
        "SELECT a, count(*) FROM plain GROUP BY a ORDER BY count(*) DESC, a",
        "SELECT a, count(*) AS n FROM plain GROUP BY a ORDER BY n, a LIMIT 2",
        "SELECT e, count(*) FROM things GROUP BY e ORDER BY e",
        "SELECT count(*) FROM plain GROUP BY a ORDER BY a",
        "SELECT n, count(*) FROM things GROUP BY n",
        "SELECT p, count(*) FROM things GROUP BY p",
        "SELECT iv, count(*) FROM things GROUP BY iv",
        "SELECT j, count(*) FROM things GROUP BY j",
        "SELECT m, count(*) FROM things GROUP BY m",
        "SELECT s, count(*) FROM things GROUP BY s",
        "SELECT lower(t), count(*) FROM plain GROUP BY lower(t)",
        "SELECT lower(t) AS l, count(*) FROM plain GROUP BY l",
        "SELECT a % 2, count(*) FROM plain GROUP BY a % 2",
        "SELECT a, count(*) FROM plain GROUP BY ROLLUP (a)",
        "SELECT a, count(*) FROM plain GROUP BY CUBE (a)",
        "SELECT a, grouping(a), count(*) FROM plain GROUP BY a",
        "SELECT a, count(*), sum(count(*)) OVER () FROM plain GROUP BY a",
        "SELECT a, generate_series(1, a), count(*) FROM plain GROUP BY a",
        "SELECT a, (SELECT max(id) FROM kinds), count(*) FROM plain GROUP BY a",
        "SELECT count(*), (SELECT 1) FROM plain",
        "SELECT DISTINCT a FROM plain GROUP BY a, t",
        "SELECT DISTINCT count(*) FROM plain GROUP BY a",
        "SELECT DISTINCT count(*) FROM plain",
        "SELECT DISTINCT e FROM things",
        "SELECT DISTINCT n FROM things",
        "SELECT DISTINCT ON (a) a, t FROM plain ORDER BY a, id",
        "SELECT DISTINCT a + 1 FROM plain",
        "SELECT count(*) FROM plain p FULL JOIN kinds k ON k.id = p.a",
        "SELECT k.id, count(p.id) FROM kinds k LEFT JOIN plain p ON p.a = k.id GROUP BY k.id",
        "SELECT k.name, count(*) FROM plain p JOIN kinds k ON k.id = p.a GROUP BY k.id",
        "SELECT s.pid, count(*) FROM plain p "
            + "LEFT JOIN LATERAL (SELECT p.id AS pid FROM parts q WHERE q.thing = p.id) s ON true GROUP BY s.pid",
        "SELECT count(*) FROM (SELECT a FROM plain GROUP BY a) s",
        "SELECT count(*) FROM (SELECT a FROM plain ORDER BY id LIMIT 7) s",
        "SELECT max(n) FROM (SELECT a, count(*) AS n FROM plain GROUP BY a) s",
        "SELECT count(*) FROM (SELECT id, a FROM plain WHERE a > 1) s",
        "SELECT sum(s.a), avg(s.a), max(s.a) FROM (SELECT id, a FROM plain WHERE a > 1) s",
        "WITH s AS (SELECT * FROM plain WHERE a > 1) SELECT count(*), avg(a) FROM s",
        "SELECT s.a, count(*) FROM (SELECT id, a FROM plain WHERE a > 1) s GROUP BY 1",
        "SELECT count(*) FROM plain AS p (a, id, t) GROUP BY id",
        "(SELECT count(*) FROM plain)",
        "SELECT a, count(*) FROM plain GROUP BY a ORDER BY a OFFSET 2 FETCH NEXT 3 ROWS ONLY",
        "SELECT count(*) FROM plain LIMIT 1 + 1",
        "SELECT count(*) FROM plain UNION ALL SELECT count(*) FROM parts",
        "SELECT a, count(*) FROM plain WHERE now() > '2020-01-01' GROUP BY a",
        "SELECT count(a) FROM plain WHERE a = (SELECT max(no) FROM parts)",
    ];

    /// <summary>
    /// The same, and the coordinator cannot answer it either, or as well as another server: -0 and 0 are one group.
    /// </summary>
    public static IReadOnlyList<string> Refused { get; } =
    [
        "SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY a) FROM plain",
        "SELECT odd(a), odd(id) FROM plain",
        "SELECT array_agg(DISTINCT n) FROM things",
        "SELECT array_agg(DISTINCT f8 ORDER BY f8) FROM things",
    ];
}
