// TRAPS 28: keys that are NULL, infinite or out of range are counted exactly, or it is said that they were not.
using Drover.IntegrationTests.LocalPostgres;
using Drover.Operations.Plans;
using Drover.Partitioning.Bounds;
using Drover.Partitioning.Preflight;

namespace Drover.IntegrationTests.Partitioning.Preflight;

public sealed class KeyValueTests(PostgresFixture postgres)
{
    private const string Nullable =
        "ALTER TABLE orders DROP CONSTRAINT orders_pkey, ADD PRIMARY KEY (id), ALTER created_at DROP NOT NULL;";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(
        "null-keys",
        "Refuse",
        "3 of 103 rows",
        "INSERT INTO orders SELECT 1000 + i FROM generate_series(1, 3) i"
    )]
    [InlineData(
        "infinite-keys",
        "Consent",
        "2 of 102 rows",
        "INSERT INTO orders VALUES (-1, 'infinity'), (-2, '-infinity')"
    )]
    [InlineData("out-of-range-keys", "Consent", "1 of 101 rows", "INSERT INTO orders VALUES (-1, '0044-03-15 BC')")]
    [InlineData("out-of-range-keys", "Consent", "1 of 101 rows", "INSERT INTO orders VALUES (-1, '20000-01-01')")]
    [InlineData("future-keys", "Info", "1 of 101 rows", "INSERT INTO orders VALUES (-1, '2026-10-01 00:00+00')")]
    [InlineData("too-many-partitions", "Refuse", null, "INSERT INTO orders VALUES (-1, '0002-01-01')")]
    public async Task Keys_are_counted(string code, string severity, string? subject, string sql)
    {
        foreach (int major in new[] { 15, 18 })
        {
            await using TableStage stage = await PreflightStage.StartAsync(postgres, major, Nullable + sql);

            IReadOnlyList<Finding> findings = await stage.CheckAsync();

            Finding finding = findings.Single(finding => finding.Code == code);
            Assert.Equal(severity, finding.Severity.ToString());
            Assert.True(subject is null || subject == finding.Subject, finding.Subject);
        }
    }

    [Fact]
    public async Task Rows_outside_are_refused_where_the_policy_is_to_refuse_them()
    {
        await using TableStage stage = await PreflightStage.StartAsync(
            postgres,
            18,
            "INSERT INTO orders VALUES (-1, 'infinity')"
        );

        IReadOnlyList<Finding> findings = await stage.CheckAsync(
            PreflightStage.Request() with
            {
                RefusesRowsOutside = true,
            }
        );

        Assert.Equal(FindingSeverity.Refuse, findings.Single(finding => finding.Code == "infinite-keys").Severity);
    }

    [Fact]
    public async Task Count_that_takes_too_long_is_given_up_and_said_so()
    {
        await using TableStage stage = await PreflightStage.StartAsync(
            postgres,
            18,
            "INSERT INTO orders SELECT i, now(), repeat('x', 100) FROM generate_series(1000, 300000) i"
        );
        PreflightRequest hurried = PreflightStage.Request() with { CountTimeMax = TimeSpan.FromMilliseconds(1) };

        IReadOnlyList<Finding> findings = await stage.CheckAsync(hurried);

        Finding finding = findings.Single(finding => finding.Code == "keys-not-counted");
        Assert.Equal((FindingSeverity.Consent, Consent.UncountedKeys), (finding.Severity, finding.ConsentFlag));
        Assert.Equal("0", await stage.AskAsync("SHOW statement_timeout"));
    }

    [Theory]
    [InlineData("date", PartitionKeyKind.Date, "2026-01-02", "2026-04-11")]
    [InlineData("timestamp", PartitionKeyKind.Timestamp, "2026-01-02 00:00:00", "2026-04-11 00:00:00")]
    [InlineData("timestamptz(3)", PartitionKeyKind.TimestampTz, "2026-01-02 00:00:00+00", "2026-04-11 00:00:00+00")]
    public async Task Range_of_the_keys_is_read_in_utc(string type, object kind, string min, string max)
    {
        await using TableStage stage = await PreflightStage.StartAsync(
            postgres,
            18,
            $"SET TimeZone = 'UTC'; TRUNCATE orders; ALTER TABLE orders ALTER created_at TYPE {type}; "
                + "INSERT INTO orders SELECT i, '2026-01-01'::timestamp + i * interval '1 day' FROM "
                + "generate_series(1, 100) i; "
                + "SET TimeZone = 'Asia/Tokyo'; SET DateStyle = 'German'"
        );

        PreflightReport report = await PartitioningPreflight.CheckAsync(
            stage.Connection,
            await stage.DescribeAsync(),
            PreflightStage.Request((PartitionKeyKind)kind),
            Token
        );

        Assert.Equal(new KeyValues(100, 0, 0, 0, 0, min, max), report.Keys);
    }

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Uuids_of_another_version_are_out_of_range(int major)
    {
        await using TableStage stage = await PreflightStage.StartAsync(
            postgres,
            major,
            """
            DROP TABLE orders; CREATE TABLE orders (created_at uuid PRIMARY KEY);
            INSERT INTO orders VALUES ('019b76da-a800-7000-8000-000000000000'), ('9f3ac86e-1f0b-4c3e-8a51-5d4c1b2a3f40')
            """
        );

        IReadOnlyList<Finding> findings = await stage.CheckAsync(PreflightStage.Request(PartitionKeyKind.UuidV7));

        Assert.Equal("1 of 2 rows", findings.Single(finding => finding.Code == "out-of-range-keys").Subject);
    }

    [Fact]
    public async Task Refusal_of_rows_outside_is_said_to_begin_at_the_finish()
    {
        await using TableStage stage = await PreflightStage.StartAsync(postgres, 18, "SELECT 1");

        IReadOnlyList<Finding> findings = await stage.CheckAsync(
            PreflightStage.Request() with
            {
                RefusesRowsOutside = true,
            }
        );

        Finding finding = findings.Single(finding => finding.Code == "outside-refused-at-finish");
        Assert.Equal(FindingSeverity.Info, finding.Severity);
        Assert.DoesNotContain(await stage.CheckAsync(), finding => finding.Code == "outside-refused-at-finish");
    }
}
