// Differences of every kind are found, shown without values, and repaired.
using System.Collections.Immutable;
using Drover.IntegrationTests.LocalPostgres;
using Drover.Partitioning.Conversion;

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

    [Fact]
    public async Task Ranges_meet_and_have_open_ends()
    {
        await using MirrorStage stage = await MirrorStage.StartAsync(postgres, 18);
        await stage.CopyAsync();
        List<long> rows = [];
        IdentityRange range = await stage.Verification.NextAsync(stage.Admin, null, 3, Cancellation);
        while (true)
        {
            rows.Add((await stage.Verification.CompareAsync(stage.Admin, range, Cancellation)).Leader.Rows);
            if (range.To is null)
            {
                break;
            }
            range = await stage.Verification.NextAsync(stage.Admin, range.To, 3, Cancellation);
        }
        Assert.Equal([3, 1], rows);
        await MirrorStage.Run(stage.Admin, "INSERT INTO item__drover_new VALUES (1000, '2024-01-01')");
        Assert.False((await stage.Verification.CompareAsync(stage.Admin, range, Cancellation)).IsEqual);
    }
}
