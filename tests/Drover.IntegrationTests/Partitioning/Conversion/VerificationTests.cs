// Differences of every kind are found, shown without values, and repaired.
using System.Collections.Immutable;
using Drover.App.LocalPostgres;
using Drover.IntegrationTests.LocalPostgres;
using Drover.Partitioning.Conversion;
using Drover.Partitioning.Conversion.Verification;

namespace Drover.IntegrationTests.Partitioning.Conversion;

public sealed class VerificationTests(PostgresFixture postgres)
{
    private static readonly IdentityRange s_all = new(null, null);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("DELETE FROM item__drover_new WHERE id = 2", "2 missing")]
    [InlineData("INSERT INTO item__drover_new VALUES (-9, '2024-01-01')", "-9 extra")]
    [InlineData("UPDATE item__drover_new SET note = NULL WHERE id = 3", "3 different note")]
    [InlineData("UPDATE item__drover_new SET price = 1.0 WHERE id = 1", "1 different price")]
    [InlineData("UPDATE item__drover_new SET day = '2025-01-01' WHERE id = 1", "1 missing;1 extra")]
    // Two rows swap a value: sums over columns alone would not notice.
    [InlineData(
        "UPDATE item__drover_new SET price = 5 - price WHERE id IN (1, 4)",
        "1 different price;4 different price"
    )]
    [InlineData(
        "UPDATE item__drover_new SET note = 'note ' || 5 - id, price = 5 - price WHERE id IN (2, 3)",
        "2 different note,price;3 different note,price"
    )]
    public async Task Difference_is_found_shown_and_repaired(string corruption, string expected)
    {
        await using MirrorStage stage = await MirrorStage.StartAsync(postgres, 15);
        await stage.CopyAsync();
        RangeVerification verification = stage.Verification;
        Assert.True((await verification.CompareAsync(stage.Admin, s_all, Cancellation)).IsEqual);
        await MirrorStage.Run(stage.Admin, corruption);
        Assert.False((await verification.CompareAsync(stage.Admin, s_all, Cancellation)).IsEqual);
        ImmutableArray<RowDifference> rows = await verification.FindAsync(stage.Admin, s_all, 100, Cancellation);
        Assert.Equal(
            expected.Split(';').Order(),
            rows.Select(row => $"{row.Identity[0]} {row.Kind} {string.Join(',', row.Columns)}".TrimEnd()).Order()
        );
        await verification.NoteAsync(stage.Admin, s_all, Cancellation);
        Assert.True((await verification.CompareAsync(stage.Admin, s_all, Cancellation)).IsEqual);
        await stage.AssertConvergesAsync();
    }

    // What some hash of PostgreSQL's own takes for the same: bigint and moments are folded, doubles are short.
    [Theory]
    [InlineData("bigint", "0", "4294967297")]
    [InlineData("bigint", "9223372036854775807", "9223372036854775806")]
    [InlineData("bigint", "0", null)]
    [InlineData("boolean", "false", "true")]
    [InlineData("date", "infinity", "-infinity")]
    [InlineData("time without time zone", "00:00:00", "01:11:34.967297")]
    [InlineData("timestamp without time zone", "2000-01-01 00:00:00", "2000-01-01 01:11:34.967297")]
    [InlineData("timestamp with time zone", "2000-01-01 00:00:00+00", "2000-01-01 01:11:34.967297+00")]
    [InlineData("timestamp with time zone", "9999-12-31 23:59:59.999999+00", "9999-12-31 23:59:59.999998+00")]
    [InlineData("timestamp with time zone", "2026-01-01 00:00:00.000001+00", "2026-01-01 00:00:00.000002+00")]
    // Pairs that are one double, beyond what a double of seconds can tell apart.
    [InlineData("timestamp with time zone", "2272-06-01 00:00:00.000001+00", "2272-06-01 00:00:00.000002+00")]
    [InlineData("timestamp with time zone", "1727-01-01 00:00:00.000001+00", "1727-01-01 00:00:00.000002+00")]
    [InlineData("timestamp with time zone", "2269-12-31 23:59:59.999999+00", "2269-12-31 23:59:59.999998+00")]
    [InlineData("timestamp with time zone", "1730-01-01 00:00:00.000001+00", "1730-01-01 00:00:00+00")]
    [InlineData("timestamp with time zone", "1729-12-31 23:59:59.999999+00", "1730-01-01 00:00:00+00")]
    [InlineData("timestamp with time zone", "2000-01-01 00:00:00+00", null)]
    [InlineData("timestamp without time zone", "294276-12-31 23:59:59.999999", "infinity")]
    [InlineData("timestamp without time zone", "4714-11-24 00:00:00 BC", "-infinity")]
    [InlineData("date", "5874897-12-31", "infinity")]
    [InlineData("date", "2000-01-01", null)]
    [InlineData("timestamp with time zone", "infinity", null)]
    [InlineData("timestamp with time zone", "infinity", "-infinity")]
    [InlineData("numeric", "1.0", "1.00")]
    [InlineData("numeric", "NaN", "0")]
    [InlineData("numeric", "Infinity", "-Infinity")]
    [InlineData("numeric", "Infinity", "NaN")]
    [InlineData("numeric", "0", "0.0")]
    [InlineData("numeric", "-1.5", "1.5")]
    [InlineData("text", "", null)]
    [InlineData("uuid", "00000000-0000-0000-0000-000000000000", null)]
    [InlineData("double precision", "0", "-0")]
    public async Task Values_that_differ_have_different_hashes(string type, string one, string? other)
    {
        foreach (int major in (int[])[15, 18])
        {
            (LocalPostgresCluster cluster, string database) = await postgres.CreateDatabaseAsync(major, Cancellation);
            ConversionColumn column = new()
            {
                Name = "v",
                Type = type,
                BaseType = type,
                Digest = "({0})::text",
            };
            RowHash hash = new([column]);
            string Row(string? value) =>
                $"SELECT {hash.Hash(1)} AS a, {hash.Hash(2)} AS b FROM (SELECT {hash.Values("s")} FROM "
                + $"(SELECT {(value is null ? "NULL" : $"'{value}'")}::{type} AS v) AS s OFFSET 0) AS x";
            string? answer = await cluster.QueryAsync(
                $"SELECT count(DISTINCT (a, b)) || ' ' || count(a) || ' ' || count(b) "
                    + $"FROM ({Row(one)} UNION ALL {Row(other)} UNION ALL {Row(one)}) AS rows",
                Cancellation,
                database
            );
            Assert.Equal("2 3 3", answer);
        }
    }

    [Fact]
    public async Task Ends_of_dense_ranges_are_reckoned_and_leave_no_row_out()
    {
        await using MirrorStage stage = await MirrorStage.StartAsync(postgres, 18);
        await MirrorStage.Run(
            stage.Admin,
            "INSERT INTO item SELECT n, date '2024-01-01' FROM generate_series(101, 200) n UNION ALL "
                + "SELECT n * 1000, date '2024-01-01' FROM generate_series(1, 100) n"
        );
        await stage.CopyAsync();
        List<long> rows = [];
        IdentityRange range = new(null, ["100"]);
        double spread = 1;
        while (range.To is not null)
        {
            range = await stage.Verification.Ranges.NextAsync(stage.Admin, range.To, 20, spread, Cancellation);
            RangeComparison comparison = await stage.Verification.CompareAsync(stage.Admin, range, Cancellation);
            rows.Add(comparison.Leader.Rows);
            spread = stage.Verification.Ranges.Spread(range, comparison.Leader.Rows);
        }
        // The sixth is reckoned, and finds nothing; from then on the rows are counted.
        Assert.Equal([20, 20, 20, 20, 20, 0, 20, 20, 20, 20, 20, 0], rows);
        Assert.Equal(0, stage.Verification.Ranges.Spread(range, 1));
    }

    // A number is laid over another column's seed: what two rows have swapped must not cancel out in either sum.
    [Theory]
    [InlineData("bigint", "1", "2", "bigint", "1", "2")]
    [InlineData("bigint", "0", "4294967297", "text", "a", "b")]
    [InlineData("bigint", "4", "5", "numeric", "0", "NaN")]
    [InlineData("bigint", "4", "5", "numeric", "0", null)]
    [InlineData("bigint", "4", null, "integer", "0", "1")]
    [InlineData("numeric", "NaN", "0", "numeric", "0.0", "Infinity")]
    [InlineData("numeric", "1.0", "1.00", "numeric", "1", "-1")]
    [InlineData("boolean", "true", "false", "integer", "0", "1")]
    public async Task Swapped_values_do_not_cancel_out(
        string type,
        string one,
        string? other,
        string secondType,
        string secondOne,
        string? secondOther
    )
    {
        (LocalPostgresCluster cluster, string database) = await postgres.CreateDatabaseAsync(18, Cancellation);
        RowHash hash = new([
            new ConversionColumn
            {
                Name = "a",
                Type = type,
                BaseType = type,
            },
            new ConversionColumn
            {
                Name = "b",
                Type = secondType,
                BaseType = secondType,
            },
        ]);
        string Row(string? a, string? b) => $"({Value(a)}::{type}, {Value(b)}::{secondType})";
        string Sums(string rows) =>
            $"(SELECT ARRAY[sum({hash.Hash(1)}), sum({hash.Hash(2)})] FROM (SELECT {hash.Values("s")} "
            + $"FROM (VALUES {rows}) AS s (a, b) OFFSET 0) AS x)";
        string straight = Sums($"{Row(one, secondOne)}, {Row(other, secondOther)}");
        string swapped = Sums($"{Row(one, secondOther)}, {Row(other, secondOne)}");
        Assert.Equal("f", await cluster.QueryAsync($"SELECT {straight} && {swapped}", Cancellation, database));
    }

    private static string Value(string? value) => value is null ? "NULL" : $"'{value}'";

    [Fact]
    public async Task Ranges_meet_and_have_open_ends()
    {
        await using MirrorStage stage = await MirrorStage.StartAsync(postgres, 18);
        await stage.CopyAsync();
        List<long> rows = [];
        IdentityRange range = await stage.Verification.Ranges.NextAsync(stage.Admin, null, 3, 0, Cancellation);
        while (true)
        {
            rows.Add((await stage.Verification.CompareAsync(stage.Admin, range, Cancellation)).Leader.Rows);
            if (range.To is null)
            {
                break;
            }
            range = await stage.Verification.Ranges.NextAsync(stage.Admin, range.To, 3, 0, Cancellation);
        }
        Assert.Equal([3, 1], rows);
        await MirrorStage.Run(stage.Admin, "INSERT INTO item__drover_new VALUES (1000, '2024-01-01')");
        Assert.False((await stage.Verification.CompareAsync(stage.Admin, range, Cancellation)).IsEqual);
    }
}
