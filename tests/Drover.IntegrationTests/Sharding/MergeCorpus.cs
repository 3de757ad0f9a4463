// Reads of several shards: those that the proxy puts together, and those that it must not.
using System.Globalization;

namespace Drover.IntegrationTests.Sharding;

internal static class MergeCorpus
{
    private const int Things = 240;

    private static readonly string[] s_columns =
    [
        .. (string[])["b", "i2", "i4", "i8", "o", "n", "n2", "d", "ts", "tz", "u", "t", "v", "c"],
    ];

    private static readonly string[] s_signs = ["a", "B", "b", "ä", "Z", "é", " ", "-", "😀", "ﬀ"];

    private static readonly string[] s_endings = ["", "00000000", ".5", ".05", ".12345678901234567890"];

    private static readonly string[] s_asBinary = ["f4", "f8", "y"];

    /// <summary>The tables, but for what <c>table shard</c> and <c>table reference</c> say of them.</summary>
    public const string Schema = """
        CREATE TYPE mood AS ENUM ('sad', 'glad');
        CREATE DOMAIN small AS int CHECK (VALUE < 100);
        CREATE TABLE kinds (id int PRIMARY KEY, name text NOT NULL);
        CREATE TABLE things (
            id bigint PRIMARY KEY, kind int, b bool, i2 smallint, i4 int, i8 bigint, o oid, f4 real,
            f8 double precision, n numeric, n2 numeric(12, 4), d date, ts timestamp, tz timestamptz, u uuid,
            y bytea, t text, v varchar(40),
            c text COLLATE "C", e text COLLATE "en-x-icu", p char(6), j jsonb, m mood, s small, iv interval
        );
        CREATE TABLE parts (thing bigint NOT NULL, no int, name text, amount numeric(10, 2), PRIMARY KEY (thing, no));
        CREATE TABLE plain (id bigint PRIMARY KEY, a int, t text);
        CREATE AGGREGATE odd(int) (SFUNC = int4pl, STYPE = int, INITCOND = '0');
        CREATE AGGREGATE odd(bigint) (SFUNC = int8pl, STYPE = bigint, INITCOND = '0');
        CREATE SCHEMA app;
        CREATE AGGREGATE app.count(int) (SFUNC = int4pl, STYPE = int, INITCOND = '0');
        CREATE VIEW seen_kinds AS SELECT id, LOCALTIMESTAMP > '2020-01-01' AS seen FROM kinds
        """;

    /// <summary>Answered by putting rows together, in every form that a client can ask for.</summary>
    public static IReadOnlyList<string> Statements { get; } = [.. s_columns.SelectMany(Ordered), .. Written];

    /// <summary>The same where values are asked for in binary: as text they do not tell their order.</summary>
    public static IReadOnlyList<string> BinaryOnly { get; } = [.. s_asBinary.SelectMany(Ordered)];

    /// <summary>Rows, and so many that each shard has some.</summary>
    public static IEnumerable<string> Fill()
    {
        Random random = new(20_261_126);
        yield return "INSERT INTO kinds VALUES (0, 'none'), (1, 'one'), (2, 'two'), (3, 'three')";
        for (int first = 1; first <= Things; first += 40)
        {
            IEnumerable<string> rows = Enumerable.Range(first, 40).Select(id => Thing(id, random));
            yield return "INSERT INTO things VALUES " + string.Join(", ", rows);
            IEnumerable<string> parts = Enumerable
                .Range(first, 40)
                .SelectMany(id => Enumerable.Range(1, random.Next(1, 4)).Select(no => (id, no)))
                .Select(part => $"({part.id}, {part.no}, 'part {random.Next(50)}', {random.Next(-5000, 5000) / 100m})");
            yield return "INSERT INTO parts VALUES " + string.Join(", ", parts);
            IEnumerable<string> plain = Enumerable.Range(first, 40).Select(id => $"({id}, {id % 7}, 'p{id % 11}')");
            yield return "INSERT INTO plain VALUES " + string.Join(", ", plain);
        }
        yield return "DELETE FROM parts WHERE thing % 5 = 0";
    }

    private static IEnumerable<string> Ordered(string column) =>
        [
            $"SELECT {column}, id FROM things ORDER BY {column}, id",
            $"SELECT id, {column} FROM things ORDER BY {column} DESC, id DESC",
            $"SELECT {column} AS k, id FROM things ORDER BY k NULLS FIRST, 2",
            $"SELECT id, x.{column} FROM things x ORDER BY x.{column} DESC NULLS LAST, id LIMIT 7 OFFSET 3",
        ];

    private static string[] Written =>
        [
            "SELECT * FROM plain",
            "SELECT plain.*, a + 1 FROM plain",
            "SELECT id FROM things",
            "SELECT id, n * 2, upper(t), coalesce(v, '-') FROM things",
            "SELECT id FROM things WHERE i4 > 0",
            "SELECT id FROM things WHERE id IN (1, 2, 3, 4, 5, 6, 7)",
            "SELECT id FROM things WHERE id = ANY ('{10,20,30,40}')",
            "SELECT id FROM things WHERE id BETWEEN 5 AND 90 AND b",
            "SELECT id FROM things WHERE false",
            "SELECT FROM things WHERE i4 IS NOT NULL",
            "SELECT 1 FROM plain",
            "SELECT NULL FROM plain",
            "SELECT plain.id, k.name FROM plain JOIN kinds k ON k.id = plain.a",
            "SELECT plain.id, k.name FROM plain LEFT JOIN kinds k ON k.id = plain.a",
            "SELECT plain.id, k.id FROM plain, kinds k",
            "SELECT k.name, plain.t FROM kinds k JOIN plain ON plain.a = k.id WHERE k.name <> 'two'",
            "SELECT x.id, p.no, p.name FROM things x JOIN parts p ON p.thing = x.id",
            "SELECT x.id, p.no, p.amount FROM things x LEFT JOIN parts p ON p.thing = x.id",
            "SELECT p.thing, p.no, p.amount FROM parts p JOIN parts q ON q.thing = p.thing AND q.no < p.no",
            "SELECT x.id FROM things x WHERE EXISTS (SELECT FROM parts p WHERE p.thing = x.id AND p.amount > 0)",
            "SELECT x.id FROM things x WHERE NOT EXISTS (SELECT FROM parts p WHERE p.thing = x.id)",
            "SELECT x.id FROM things x WHERE x.id IN (SELECT thing FROM parts WHERE amount < 0)",
            "SELECT x.id FROM things x WHERE x.kind IN (SELECT id FROM kinds WHERE name LIKE 't%')",
            "SELECT x.id, (SELECT count(*) FROM parts p WHERE p.thing = x.id) FROM plain x",
            "SELECT x.id, (SELECT sum(p.amount) FROM parts p WHERE p.thing = x.id) FROM plain x",
            "SELECT x.id, l.no FROM plain x CROSS JOIN LATERAL (SELECT no FROM parts p WHERE p.thing = x.id "
                + "ORDER BY no LIMIT 1) l",
            "SELECT id, generate_series(1, 2) FROM plain",
            "SELECT id, a > 3 AND t LIKE 'p1%' FROM plain",
            "SELECT id, CASE WHEN a = 1 THEN 'x' ELSE t END FROM plain",
            "SELECT id, to_char(tz, 'YYYY-MM-DD') AS c FROM things",
            "SELECT id, date_trunc('day', ts), extract(year FROM d) FROM things",
            "WITH k AS (SELECT * FROM kinds WHERE id > 0) SELECT p.id, k.name FROM plain p JOIN k ON k.id = p.a",
            "SELECT p.id FROM plain p /* LIMIT 3 */ WHERE p.a = 2 -- OFFSET 5",
            "SELECT id FROM plain ORDER BY id",
            "SELECT id FROM plain ORDER BY 1 DESC",
            "SELECT a, t, id FROM plain ORDER BY t DESC, a, id",
            "SELECT * FROM plain ORDER BY id",
            "SELECT * FROM plain ORDER BY 2, 3, 1",
            "SELECT p.* FROM plain p ORDER BY p.t, p.id",
            "SELECT a AS id, id AS a FROM plain ORDER BY id, a",
            "SELECT a AS \"limit\", id AS offset FROM plain ORDER BY \"limit\", 2 LIMIT 4 OFFSET 2",
            "SELECT id, t FROM plain ORDER BY t COLLATE \"C\" DESC, id LIMIT 20",
            "SELECT id, e FROM things ORDER BY e COLLATE \"C\", id",
            "SELECT x.id, p.no, p.amount FROM things x JOIN parts p ON p.thing = x.id ORDER BY p.amount, 1, 2",
            "SELECT x.id, p.amount FROM things x LEFT JOIN parts p ON p.thing = x.id AND p.no = 1 "
                + "ORDER BY p.amount DESC, x.id LIMIT 15",
            "SELECT id FROM plain ORDER BY id LIMIT 5",
            "SELECT id FROM plain ORDER BY id LIMIT 0",
            "SELECT id FROM plain ORDER BY id LIMIT ALL",
            "SELECT id FROM plain ORDER BY id LIMIT NULL OFFSET 230",
            "SELECT id FROM plain ORDER BY id OFFSET 235",
            "SELECT id FROM plain ORDER BY id OFFSET 235 ROWS",
            "SELECT id FROM plain ORDER BY id OFFSET 3 LIMIT 4",
            "SELECT id FROM plain ORDER BY id LIMIT 4 OFFSET 3;",
            "SELECT id FROM plain ORDER BY id LIMIT 9999 OFFSET 500",
            "SELECT id FROM plain ORDER BY id FETCH FIRST 6 ROWS ONLY",
            "SELECT 1 FROM plain LIMIT 9",
            "SELECT 1 FROM plain LIMIT 9 OFFSET 3",
            "SELECT 1 FROM plain OFFSET 100",
            "SELECT a FROM plain WHERE a = 3 LIMIT 1000",
            "SELECT id, count(*) FROM plain GROUP BY id",
            "SELECT thing, count(*), sum(amount), avg(amount), min(name), max(no) FROM parts GROUP BY thing",
            "SELECT thing, array_agg(no ORDER BY no), string_agg(name, ',' ORDER BY no) FROM parts GROUP BY thing",
            "SELECT thing, count(DISTINCT name) FROM parts GROUP BY 1 HAVING count(*) > 1",
            "SELECT thing AS k, count(*) AS n FROM parts GROUP BY thing ORDER BY n DESC, k LIMIT 10",
            "SELECT thing, count(*) FROM parts GROUP BY thing ORDER BY 2, 1",
            "SELECT thing, no, sum(amount) FROM parts GROUP BY thing, no",
            "SELECT x.id, count(p.no) FROM things x LEFT JOIN parts p ON p.thing = x.id GROUP BY x.id ORDER BY x.id",
            "SELECT x.id, x.t, count(*) FROM plain x JOIN parts p ON p.thing = x.id GROUP BY x.id ORDER BY 3, 1",
            "SELECT DISTINCT thing FROM parts",
            "SELECT DISTINCT thing, name FROM parts ORDER BY thing, name",
            "SELECT id, 1 / (a - 3) FROM plain",
            "SELECT id FROM plain WHERE t::int > 5",
            "SELECT id FROM plain ORDER BY id LIMIT 3",
        ];

    /// <summary>What looks at rows of several shards together, or depends on more than what is on the wire.</summary>
    public static IReadOnlyList<string> Others { get; } =
    [
        "SELECT DISTINCT ON (a) a, id FROM plain ORDER BY a, id",
        "SELECT id, e FROM things ORDER BY e, id",
        "SELECT id, p FROM things ORDER BY p, id",
        "SELECT id, iv FROM things ORDER BY iv, id",
        "SELECT id, m FROM things ORDER BY m, id",
        "SELECT id, m FROM things ORDER BY id",
        "SELECT * FROM things ORDER BY id",
        "SELECT id, s FROM things ORDER BY id",
        "SELECT id, j FROM things ORDER BY j, id",
        "SELECT id FROM plain ORDER BY t, id",
        "SELECT id FROM plain ORDER BY -id",
        "SELECT t FROM plain ORDER BY lower(t)",
        "SELECT a::text FROM plain ORDER BY a",
        "SELECT id::text AS id FROM plain ORDER BY plain.id",
        "SELECT id FROM plain ORDER BY id USING >",
        "SELECT a FROM plain ORDER BY a FETCH FIRST 1 ROW WITH TIES",
        "SELECT id FROM plain ORDER BY id FETCH FIRST ROW ONLY",
        "SELECT id, 'sad'::mood FROM plain ORDER BY id",
        "SELECT id, coalesce(m, NULL) FROM things ORDER BY id",
        "SELECT id, max(m) FROM things GROUP BY id ORDER BY id",
        "SELECT id FROM plain ORDER BY id LIMIT 1 + 1",
        "SELECT id FROM plain ORDER BY id LIMIT (SELECT 3)",
        "SELECT id FROM plain ORDER BY id LIMIT '4'",
        "SELECT id FROM plain ORDER BY id LIMIT 2.5",
        "SELECT id FROM plain ORDER BY id OFFSET 2 FETCH NEXT 3 ROWS ONLY",
        "SELECT id, row_number() OVER (ORDER BY id) FROM plain",
        "SELECT id, sum(a) OVER w FROM plain WINDOW w AS (PARTITION BY a)",
        "SELECT (SELECT max(x.id)) FROM plain x",
        "SELECT (SELECT max(x.id) FROM kinds) FROM plain x",
        "SELECT (SELECT max(a)) FROM plain",
        "SELECT sum((SELECT max(k.id) FROM kinds k)) FROM plain",
        "SELECT 1 FROM plain HAVING count(*) > 5",
        "SELECT id FROM plain UNION ALL SELECT thing FROM parts",
        "SELECT id FROM (SELECT id FROM plain ORDER BY id LIMIT 5) x ORDER BY id",
        "SELECT x.id FROM plain x JOIN parts p ON p.no = x.a",
        "SELECT x.id FROM plain x WHERE x.a = (SELECT max(no) FROM parts)",
        "SELECT p.id FROM plain p RIGHT JOIN kinds k ON k.id = p.a",
        "SELECT p.id, k.id FROM plain p FULL JOIN kinds k ON k.id = p.a",
        "SELECT k.id FROM kinds k WHERE EXISTS (SELECT FROM plain p WHERE p.a = k.id)",
        "SELECT id FROM plain WHERE id IN (SELECT no FROM parts)",
        "SELECT thing, count(*) FROM parts GROUP BY GROUPING SETS ((thing), ())",
        "SELECT x.id FROM (SELECT id, row_number() OVER (ORDER BY id DESC) AS r FROM plain) x WHERE x.r < 4",
        "SELECT p FROM plain p",
        "SELECT row(p.id, p.t) FROM plain p ORDER BY p.id",
        "SELECT id FROM plain WHERE now() > '2020-01-01'",
        "SELECT CURRENT_DATE > '2020-01-01', id FROM plain",
        // The same table twice in FROM, by way of WITH; and a column that is NULL where its query has no row.
        "WITH c AS (SELECT id FROM kinds) SELECT p.id, a.id FROM plain p JOIN c a ON a.id = p.a "
            + "JOIN c b ON b.id = p.id % 4 ORDER BY b.id, p.id LIMIT 1",
        "SELECT s.pid FROM plain p LEFT JOIN LATERAL (SELECT p.id AS pid FROM parts q WHERE q.thing = p.id) s ON true "
            + "ORDER BY p.id LIMIT 1",
        "SELECT s.pid, count(*) FROM plain p "
            + "LEFT JOIN LATERAL (SELECT p.id AS pid FROM parts q WHERE q.thing = p.id) s ON true GROUP BY s.pid",
        "SELECT (SELECT count(*) FILTER (WHERE x.a > 3)) FROM plain x",
        "SELECT id FROM plain WHERE a = (SELECT id FROM kinds ORDER BY id LIMIT 1)",
        "SELECT p.id, k.id FROM plain p CROSS JOIN (SELECT id FROM kinds ORDER BY id LIMIT 1) k",
        "SELECT p.id, (SELECT string_agg(name, ',' ORDER BY name) FROM kinds) FROM plain p",
        "SELECT id FROM things WHERE ts < 'now'",
        "SELECT id, (jsonb_each(j)).* FROM things ORDER BY id",
        "SELECT p.id, v.seen FROM plain p JOIN seen_kinds v ON v.id = p.a",
    ];

    private static string Thing(int id, Random random) =>
        string.Join(
            ", ",
            [
                $"({id}",
                Maybe(random, () => Number(random.Next(4))),
                Maybe(random, () => random.Next(2) == 0 ? "true" : "false"),
                Maybe(random, () => Number(random.Next(short.MinValue, short.MaxValue))),
                Maybe(random, () => Number(random.Next(-50, 50))),
                Maybe(random, () => Number(random.NextInt64())) is var big && random.Next(2) == 0 ? big : $"-{big}",
                Maybe(random, () => Number(random.NextInt64(uint.MaxValue))),
                Maybe(random, () => Float(random)),
                Maybe(random, () => Float(random)),
                Maybe(random, () => Numeric(random)),
                Maybe(random, () => Number(random.Next(-100_000, 100_000)) + "." + Number(random.Next(10_000))),
                Maybe(random, () => Date(random)),
                Maybe(random, () => Time(random, "")),
                Maybe(random, () => Time(random, Pick(random, "", "+02", "-11:30", "+05:45"))),
                Maybe(
                    random,
                    () => $"'{new Guid(Enumerable.Range(0, 16).Select(_ => (byte)random.Next(256)).ToArray())}'"
                ),
                Maybe(random, () => $"'\\x{Convert.ToHexString(Bytes(random))}'"),
                Maybe(random, () => Words(random)),
                Maybe(random, () => Words(random)),
                Maybe(random, () => Words(random)),
                Maybe(random, () => Words(random)),
                Maybe(random, () => $"'{random.Next(1000)}'"),
                Maybe(random, () => $"'{{\"a\": {random.Next(9)}}}'"),
                Maybe(random, () => Pick(random, "'sad'", "'glad'")),
                Maybe(random, () => Number(random.Next(100))),
                Maybe(random, () => $"'{random.Next(400)} hours'") + ")",
            ]
        );

    private static string Maybe(Random random, Func<string> value)
    {
        string made = value();
        return random.Next(9) == 0 ? "NULL" : made;
    }

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Pick(Random random, params string[] of) => of[random.Next(of.Length)];

    private static byte[] Bytes(Random random)
    {
        byte[] bytes = new byte[random.Next(6)];
        random.NextBytes(bytes);
        return bytes;
    }

    private static string Words(Random random) =>
        $"'{string.Concat(Enumerable.Range(0, random.Next(6)).Select(_ => Pick(random, s_signs)))}'";

    private static string Float(Random random) =>
        Pick(random, "'NaN'", "'Infinity'", "'-Infinity'", "0", "'-0'") is var special && random.Next(6) == 0
            ? special
            : (random.NextDouble() * Math.Pow(10, random.Next(-20, 20)) * (random.Next(2) == 0 ? 1 : -1)).ToString(
                "R",
                CultureInfo.InvariantCulture
            );

    private static string Numeric(Random random) =>
        Pick(
            random,
            "'NaN'",
            "'Infinity'",
            "'-Infinity'",
            "0",
            "0.000",
            "-0.5",
            "10",
            "10.00",
            "9999",
            "10000",
            "1e-20"
        )
            is var special
        && random.Next(3) == 0
            ? special
            : $"{Pick(random, "", "-")}{Number(random.NextInt64(1_000_000))}{Pick(random, s_endings)}";

    private static string Date(Random random) =>
        Pick(
            random,
            "'infinity'",
            "'-infinity'",
            "'0044-03-15 BC'",
            "'4713-01-01 BC'",
            "'5874897-12-31'",
            "'12024-02-29'"
        )
            is var special
        && random.Next(5) == 0
            ? special
            : $"'{random.Next(1, 3000):0000}-{random.Next(1, 13):00}-{random.Next(1, 29):00}'";

    private static string Time(Random random, string zone) =>
        Pick(
            random,
            "'infinity'",
            "'-infinity'",
            "'0044-03-15 12:00 BC'",
            "'294276-12-31 23:59:59.999999'",
            "'0001-01-01'"
        )
            is var special
        && random.Next(5) == 0
            ? special
            : $"'{random.Next(1900, 2100)}-{random.Next(1, 13):00}-{random.Next(1, 29):00} {random.Next(24):00}:"
                + $"{random.Next(60):00}:{random.Next(60):00}{Pick(random, "", ".5", ".000001", ".25")}{zone}'";
}
