// How far back statements ask, in many forms of text and parameters.
using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Drover.Advice.Ages;
using Drover.Sql.Parsing;

namespace Drover.Tests.Advice.Ages;

public sealed class AgeReaderTests : IDisposable
{
    private static readonly DateTimeOffset s_now = new(2026, 11, 27, 12, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset s_origin = new(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);

    // 100,000 keys in 1,000 days that end now.
    private static readonly AgedTable[] s_tables =
    [
        new(
            "public",
            "orders",
            "public.orders",
            "created_at",
            IsZoned: true,
            "id",
            [
                .. Enumerable
                    .Range(0, 101)
                    .Select(n => (s_now.AddDays((10 * n) - 1000) - DateTimeOffset.UnixEpoch).TotalSeconds),
            ],
            [.. Enumerable.Range(0, 101).Select(n => 1000.0 * n)]
        ),
        new("public", "events", "public.events", "day", IsZoned: false, "", [], []),
        new("public", "we\"ird", "public.\"we\"\"ird\"", "at", IsZoned: true, "", [], []),
        // PostgreSQL's years end with 294276, and begin with 4714 before ours.
        new("public", "ages", "public.ages", "at", IsZoned: true, "id", [-2e11, 0, 9e12], [1, 2, 3]),
    ];

    private readonly StatementAges _ages = new();

    public void Dispose() => _ages.Dispose();

    [Theory]
    // Lower limits.
    [InlineData("created_at >= '2026-11-25'", nameof(AccessAge.Week))]
    [InlineData("created_at > timestamptz '2026-11-25 10:00:00+02'", nameof(AccessAge.Week))]
    [InlineData("'2026-11-01'::date <= o.created_at", nameof(AccessAge.Month))]
    [InlineData("orders.created_at >= '2026-11-01'", nameof(AccessAge.All))]
    [InlineData("created_at BETWEEN '2026-09-20' AND '2026-11-20'", nameof(AccessAge.Quarter))]
    [InlineData("created_at = '2026-01-01'", nameof(AccessAge.Older))]
    [InlineData("created_at IN ('2026-11-26', '2026-10-01')", nameof(AccessAge.Quarter))]
    [InlineData("created_at > now() - interval '7 days'", nameof(AccessAge.Week))]
    [InlineData("created_at > now() - '30 days'::interval", nameof(AccessAge.Month))]
    [InlineData("created_at > CURRENT_TIMESTAMP - interval '1 month 1 day'", nameof(AccessAge.Quarter))]
    [InlineData("created_at > now() - 3 * interval '1 month'", nameof(AccessAge.Older))]
    [InlineData("created_at > now() - interval '1.5 months'", nameof(AccessAge.Quarter))]
    [InlineData("created_at >= current_date - 7", nameof(AccessAge.Week))]
    [InlineData("created_at >= current_date - 8", nameof(AccessAge.Month))]
    [InlineData("created_at >= date_trunc('month', now())", nameof(AccessAge.Month))]
    [InlineData("created_at >= date_trunc('year', now())", nameof(AccessAge.Older))]
    [InlineData("created_at::date = current_date", nameof(AccessAge.Week))]
    [InlineData("date_trunc('day', created_at) >= current_date - 40", nameof(AccessAge.Quarter))]
    // The narrowest of several holds; an upper one limits nothing.
    [InlineData("created_at >= '2020-01-01' AND created_at >= '2026-11-25'", nameof(AccessAge.Week))]
    [InlineData("created_at < now() - interval '90 days'", nameof(AccessAge.All))]
    [InlineData("created_at >= '2026-11-25' AND created_at < '2026-11-26' AND status = 'new'", nameof(AccessAge.Week))]
    // Without a limit.
    [InlineData("status = 'new'", nameof(AccessAge.All))]
    // What need not hold, or is not understood.
    [InlineData("created_at >= '2026-11-25' OR status = 'new'", nameof(AccessAge.Unknown))]
    [InlineData("NOT created_at >= '2026-11-25'", nameof(AccessAge.Unknown))]
    [InlineData("created_at <> '2026-11-25'", nameof(AccessAge.Unknown))]
    [InlineData("created_at NOT BETWEEN '2026-11-25' AND '2026-11-26'", nameof(AccessAge.Unknown))]
    [InlineData("created_at >= f()", nameof(AccessAge.Unknown))]
    [InlineData("created_at >= $1", nameof(AccessAge.Unknown))]
    [InlineData("created_at >= now() - $1", nameof(AccessAge.Unknown))]
    [InlineData("created_at >= now() - interval '7' month", nameof(AccessAge.Unknown))]
    [InlineData("created_at >= now() - interval '7 days ago'", nameof(AccessAge.Unknown))]
    [InlineData("created_at >= '27.11.2026'", nameof(AccessAge.Unknown))]
    [InlineData("created_at >= '-infinity'", nameof(AccessAge.Unknown))]
    [InlineData("created_at + interval '1 year' >= now()", nameof(AccessAge.Unknown))]
    // A key, by the histograms.
    [InlineData("id = 99950", nameof(AccessAge.Week))]
    [InlineData("id = 98000", nameof(AccessAge.Month))]
    [InlineData("id IN (99999, 92000)", nameof(AccessAge.Quarter))]
    [InlineData("id = '5'", nameof(AccessAge.Older))]
    [InlineData("id > 98000 AND status = 'new'", nameof(AccessAge.Month))]
    [InlineData("id < 500", nameof(AccessAge.All))]
    [InlineData("id = 1 + 1", nameof(AccessAge.Unknown))]
    public async Task Condition_has_its_class(string condition, string expected)
    {
        Assert.SkipUnless(_ages.CanRead, PgQueryLibrary.Remedy);
        string sql = $"SELECT * FROM orders o WHERE {condition}";
        Assert.Equal(expected, (await ReadAsync(sql))["public.orders"].ToString());
    }

    [Theory]
    [InlineData("SELECT 1", "")]
    [InlineData("INSERT INTO orders (created_at) VALUES (now())", "")]
    [InlineData("EXPLAIN SELECT * FROM orders", "")]
    [InlineData("CREATE VIEW v AS SELECT * FROM orders", "")]
    [InlineData("SELECT * FROM other.orders", "")]
    [InlineData("WITH orders AS (SELECT 1) SELECT * FROM orders", "")]
    [InlineData("SELEC * FROM orders", "")]
    [InlineData("SELECT * FROM public.orders", "public.orders All")]
    [InlineData("UPDATE orders SET status = 'x' WHERE created_at > now() - interval '1 day'", "public.orders Week")]
    [InlineData("DELETE FROM orders WHERE created_at < '2020-01-01'", "public.orders All")]
    [InlineData("INSERT INTO x SELECT * FROM orders WHERE created_at > '2026-11-26'", "public.orders Week")]
    [InlineData("SELECT * FROM orders ORDER BY created_at DESC LIMIT 10", "public.orders Unknown")]
    [InlineData("SELECT * FROM orders ORDER BY status LIMIT 10", "public.orders All")]
    // ON limits what an inner join gives, not what an outer one keeps.
    [InlineData("SELECT * FROM c JOIN orders o ON o.created_at > '2026-11-26'", "public.orders Week")]
    [InlineData("SELECT * FROM orders o LEFT JOIN c ON o.created_at > '2026-11-26'", "public.orders All")]
    [InlineData("SELECT * FROM c LEFT JOIN orders o ON o.created_at > '2026-11-26'", "public.orders Week")]
    [InlineData("SELECT * FROM orders o RIGHT JOIN c ON o.created_at > '2026-11-26'", "public.orders Week")]
    [InlineData("SELECT * FROM c RIGHT JOIN orders o ON o.created_at > '2026-11-26'", "public.orders All")]
    [InlineData("SELECT * FROM c FULL JOIN orders o ON o.created_at > '2026-11-26'", "public.orders All")]
    [InlineData(
        "SELECT * FROM c LEFT JOIN (orders o JOIN d ON o.d = d.id) ON o.created_at > '2026-11-26'",
        "public.orders Week"
    )]
    [InlineData("SELECT * FROM \"we\"\"ird\" WHERE at > '2026-11-26'", "public.\"we\"\"ird\" Week")]
    // Several uses: the widest. A name of two tables is nobody's.
    [InlineData(
        "SELECT 1 FROM orders WHERE created_at > '2026-11-26' UNION "
            + "SELECT 1 FROM orders WHERE created_at > '2026-10-01'",
        "public.orders Quarter"
    )]
    [InlineData("SELECT * FROM orders a, orders b WHERE created_at > '2026-11-26'", "public.orders All")]
    [InlineData(
        "SELECT 1 FROM orders WHERE created_at > '2026-11-26' AND id IN "
            + "(SELECT 1 FROM events WHERE day >= '2026-11-01')",
        "public.events Month, public.orders Week"
    )]
    [InlineData(
        "WITH n AS (SELECT * FROM orders WHERE created_at > '2026-11-26') SELECT * FROM n",
        "public.orders Week"
    )]
    public async Task Statement_asks_its_tables(string sql, string expected)
    {
        Assert.SkipUnless(_ages.CanRead, PgQueryLibrary.Remedy);
        string found = string.Join(
            ", ",
            (await ReadAsync(sql))
                .OrderBy(static one => one.Key, StringComparer.Ordinal)
                .Select(static one => $"{one.Key} {one.Value}")
        );
        Assert.Equal(expected, found);
    }

    [Fact]
    public async Task Parameters_are_read_in_both_formats()
    {
        Assert.SkipUnless(_ages.CanRead, PgQueryLibrary.Remedy);
        const string Since = "SELECT * FROM orders WHERE created_at >= $1";
        const string Key = "SELECT * FROM orders WHERE id = $1";
        const string Day = "SELECT * FROM events WHERE day >= $1";
        const string Back = "SELECT * FROM orders WHERE created_at >= now() - $1::interval";
        DateTimeOffset at = s_now.AddDays(-20);
        byte[] micros = new byte[8];
        BinaryPrimitives.WriteInt64BigEndian(micros, (at - s_origin).Ticks / 10);
        byte[] days = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(days, (int)(at - s_origin).TotalDays);
        byte[] interval = new byte[16];
        BinaryPrimitives.WriteInt32BigEndian(interval.AsSpan(8), 20);
        byte[] key = new byte[8];
        BinaryPrimitives.WriteInt64BigEndian(key, 98_000);
        await MonthAsync(Since, Bound(true, micros), "public.orders");
        await MonthAsync(Since, Bound(true, days), "public.orders");
        await MonthAsync(Since, Bound(false, Encoding.UTF8.GetBytes("2026-11-07 13:00:00+01")), "public.orders");
        await MonthAsync(Since, Bound(false, "2026-11-07T12:00:00.5Z"u8.ToArray()), "public.orders");
        await MonthAsync(Day, Bound(true, days), "public.events");
        await MonthAsync(Day, Bound(true, micros), "public.events");
        await MonthAsync(Day, Bound(false, "2026-11-07"u8.ToArray()), "public.events");
        await MonthAsync(Back, Bound(true, interval), "public.orders");
        await MonthAsync(Back, Bound(false, "20 days"u8.ToArray()), "public.orders");
        await MonthAsync(Key, Bound(true, key), "public.orders");
        await MonthAsync(Key, Bound(true, key[4..]), "public.orders");
        await MonthAsync(Key, Bound(false, "98000"u8.ToArray()), "public.orders");
        byte[] infinite = new byte[8];
        BinaryPrimitives.WriteInt64BigEndian(infinite, long.MinValue);
        Assert.Equal(AccessAge.Unknown, (await ReadAsync(Since, Bound(true, infinite)))["public.orders"]);
        Assert.Equal(AccessAge.Unknown, (await ReadAsync(Since, Bound(true, [1, 2])))["public.orders"]);
        Assert.Equal(AccessAge.Unknown, (await ReadAsync(Since, [0, 9]))["public.orders"]);

        async Task MonthAsync(string sql, byte[] bound, string table) =>
            Assert.Equal(AccessAge.Month, (await ReadAsync(sql, bound))[table]);
    }

    [Fact]
    public async Task A_time_without_a_zone_is_read_in_the_servers()
    {
        Assert.SkipUnless(_ages.CanRead, PgQueryLibrary.Remedy);
        // Midnight in Auckland is 11:00 of the day before in UTC: 8 days and an hour before now.
        TimeZoneInfo zone = TimeZoneInfo.FindSystemTimeZoneById("Pacific/Auckland");
        const string Sql = "SELECT * FROM orders WHERE created_at >= '2026-11-20 00:00'";
        Assert.Equal(AccessAge.Month, (await ReadAsync(Sql, [], zone))["public.orders"]);
        Assert.Equal(AccessAge.Week, (await ReadAsync(Sql))["public.orders"]);
        const string Zoned = "SELECT * FROM orders WHERE created_at >= '2026-11-20 00:00+00'";
        Assert.Equal(AccessAge.Week, (await ReadAsync(Zoned, [], zone))["public.orders"]);
    }

    [Theory]
    [InlineData("created_at >= '0001-01-01'", nameof(AccessAge.Older))]
    [InlineData("created_at >= '0001-01-01 00:00:00+02'", nameof(AccessAge.Older))]
    [InlineData("created_at BETWEEN '0001-01-01' AND '9999-12-31 23:59:59.999999'", nameof(AccessAge.Older))]
    [InlineData("created_at < '9999-12-31 23:59:59.999999999-02'", nameof(AccessAge.All))]
    [InlineData("created_at >= date_trunc('week', timestamptz '0001-01-01')", nameof(AccessAge.Older))]
    public async Task The_first_and_the_last_day_are_read_in_any_zone(string condition, string expected)
    {
        Assert.SkipUnless(_ages.CanRead, PgQueryLibrary.Remedy);
        foreach (string name in (string[])["Pacific/Auckland", "Europe/Berlin", "America/Los_Angeles", "UTC"])
        {
            TimeZoneInfo zone = TimeZoneInfo.FindSystemTimeZoneById(name);
            string sql = $"SELECT * FROM orders WHERE {condition}";
            Assert.Equal(expected, (await ReadAsync(sql, [], zone))["public.orders"].ToString());
        }
    }

    [Theory]
    [InlineData(1, nameof(AccessAge.Older))]
    [InlineData(3, nameof(AccessAge.Week))]
    public async Task A_key_of_a_year_that_only_PostgreSQL_has_is_read(int key, string expected)
    {
        Assert.SkipUnless(_ages.CanRead, PgQueryLibrary.Remedy);
        string sql = string.Create(CultureInfo.InvariantCulture, $"SELECT * FROM ages WHERE id = {key}");
        Assert.Equal(expected, (await ReadAsync(sql))["public.ages"].ToString());
    }

    [Fact]
    public async Task No_class_is_younger_than_the_oldest_row_asked_for()
    {
        Assert.SkipUnless(_ages.CanRead, PgQueryLibrary.Remedy);
        Random random = new(20261127);
        for (int i = 0; i < 2_000; i++)
        {
            (string Sql, double Days)[] limits =
            [
                .. Enumerable
                    .Range(0, random.Next(1, 4))
                    .Select(_ => Form(random.Next(0, 200), random.Next(0, 24), random.Next(0, 6))),
            ];
            bool isOr = random.Next(2) == 0;
            string sql = string.Join(isOr ? " OR " : " AND ", limits.Select(static one => one.Sql));
            double oldest = isOr ? limits.Max(static one => one.Days) : limits.Min(static one => one.Days);
            AccessAge age = (await ReadAsync($"SELECT * FROM orders WHERE {sql}"))["public.orders"];
            Assert.True(age >= AccessCounts.ClassOf(TimeSpan.FromDays(oldest)), $"{age}: {sql}");
            Assert.True(isOr && limits.Length > 1 || age < AccessAge.All, $"{age}: {sql}");
        }
    }

    [Theory]
    [InlineData(7, 2)]
    [InlineData(30, 3)]
    [InlineData(90, 5)]
    public void A_window_lies_in_no_more_calendar_months_than_are_kept(int days, int months)
    {
        int most = 0;
        for (DateTime end = new(2023, 1, 1); end < new DateTime(2029, 1, 1); end = end.AddDays(1))
        {
            DateTime start = end.AddDays(-days);
            most = Math.Max(most, (12 * (end.Year - start.Year)) + end.Month - start.Month + 1);
        }
        Assert.Equal(months, most);
        Assert.Equal(months, AccessCounts.MonthsOf(days));
    }

    [Fact]
    public void The_storys_shares_keep_30_days_hot()
    {
        AccessCounts story = new(78, 18, 3, 1, 0, 0, 5000);
        Assert.Equal((30, 90), (story.HotDays(0.95), story.HotDays(0.99)));
        Assert.Equal(7, story.HotDays(0.7));
        Assert.Null(story.HotDays(0.995));
        Assert.Null((story with { All = 20 }).HotDays(0.95));
        Assert.Null(default(AccessCounts).HotDays(0.95));
        Assert.Equal(0.0115, story.ErrorOf(0.78), 4);
    }

    private static (string Sql, double Days) Form(int days, int hours, int form)
    {
        DateTimeOffset at = s_now.AddDays(-days).AddHours(-hours);
        double age = (s_now - at).TotalDays;
        string utc = at.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);
        string ahead = at.ToOffset(TimeSpan.FromHours(5.5))
            .ToString("yyyy-MM-ddTHH:mm:sszzz", CultureInfo.InvariantCulture);
        return form switch
        {
            0 => ($"created_at >= '{utc}'", age),
            1 => ($"created_at > '{ahead}'::timestamptz", age),
            2 => ($"created_at >= now() - interval '{days} days {hours}:00'", age),
            3 => ($"created_at BETWEEN '{utc}Z' AND now()", age),
            4 => (
                $"'{at:yyyy-MM-dd}' <= created_at::date",
                (s_now - new DateTimeOffset(at.Date, TimeSpan.Zero)).TotalDays
            ),
            _ => ($"created_at >= current_date - {days}", days + 0.5),
        };
    }

    // A Bind's rest with one value.
    private static byte[] Bound(bool isBinary, byte[] value)
    {
        byte[] rest = new byte[2 + 2 + 2 + 4 + value.Length + 2];
        BinaryPrimitives.WriteInt16BigEndian(rest, 1);
        BinaryPrimitives.WriteInt16BigEndian(rest.AsSpan(2), (short)(isBinary ? 1 : 0));
        BinaryPrimitives.WriteInt16BigEndian(rest.AsSpan(4), 1);
        BinaryPrimitives.WriteInt32BigEndian(rest.AsSpan(6), value.Length);
        value.CopyTo(rest.AsSpan(10));
        return rest;
    }

    private Task<IReadOnlyDictionary<string, AccessAge>> ReadAsync(
        string sql,
        byte[]? bound = null,
        TimeZoneInfo? zone = null
    ) => _ages.ReadAsync(Encoding.UTF8.GetBytes(sql), bound ?? [], s_tables, s_now, zone ?? TimeZoneInfo.Utc);
}
