// Rows that come to the mirror out of order are equal when their writer commits; what may have been seen wrong counts.
using Drover.IntegrationTests.LocalPostgres;
using Drover.Partitioning.Conversion;
using Npgsql;

namespace Drover.IntegrationTests.Partitioning.Conversion;

public sealed class SettledNotesTests(PostgresFixture postgres)
{
    // Changes the row and its neighbour again, so that the neighbour's later version comes to the mirror first.
    private const string Nested = """
        CREATE FUNCTION again() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN IF pg_trigger_depth() < 2 THEN
           UPDATE item SET price = price + 1 WHERE id IN (NEW.id, NEW.id + 1); END IF;
         RETURN NULL; END';
        CREATE TRIGGER again AFTER INSERT OR UPDATE ON item FOR EACH ROW EXECUTE FUNCTION again();
        """;

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Noted_row_is_equal_as_soon_as_its_writer_has_committed(int major)
    {
        await using MirrorStage stage = await StartAsync(major);
        await MirrorStage.Run(stage.Admin, Nested);

        await MirrorStage.Run(stage.Admin, "UPDATE item SET note = 'n' WHERE id < 4");

        Assert.NotEqual("", await stage.NotedAsync());
        Assert.Equal("", await stage.DifferenceAsync());
        SweepResult sweep = await stage.SweepAsync();
        Assert.True(sweep.HasOnlyCleared, $"{sweep}");
        Assert.Equal("", await stage.NotedAsync());
    }

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Row_that_a_later_writer_has_made_equal_counts_as_written_since_it_was_wrong_in_between(int major)
    {
        await using MirrorStage stage = await StartAsync(major);
        NpgsqlConnection earlier = await stage.ConnectAsync();
        await MirrorStage.Run(earlier, "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT FROM item");
        await MirrorStage.Run(
            stage.Admin,
            "WITH gone AS (DELETE FROM item__drover_new WHERE id = 2 RETURNING *) "
                + "INSERT INTO item__drover_new SELECT id, day + 400, note, price FROM gone; "
                + "UPDATE item__drover_new SET day = day - 400 WHERE id = 2"
        );
        await MirrorStage.Run(earlier, "UPDATE item SET note = 'unseen' WHERE id = 2; COMMIT");
        Assert.NotEqual("", await stage.DifferenceAsync());

        await MirrorStage.Run(stage.Admin, "UPDATE item SET price = 9 WHERE id = 2");
        Assert.Equal("", await stage.DifferenceAsync());
        SweepResult sweep = await stage.SweepAsync();

        Assert.Equal(sweep.Taken, sweep.Cleared);
        Assert.False(sweep.HasOnlyCleared, $"{sweep}");
    }

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Noted_row_is_made_equal_under_the_replica_role_too(int major)
    {
        await using MirrorStage stage = await StartAsync(major);
        await MirrorStage.Run(stage.Admin, Nested);
        await MirrorStage.Run(stage.Admin, "ALTER TABLE item ENABLE ALWAYS TRIGGER again");

        await MirrorStage.Run(
            stage.Admin,
            "SET session_replication_role = replica; UPDATE item SET note = 'n' WHERE id < 4; "
                + "RESET session_replication_role"
        );

        Assert.NotEqual("", await stage.NotedAsync());
        Assert.Equal("", await stage.DifferenceAsync());
        SweepResult sweep = await stage.SweepAsync();
        Assert.True(sweep.HasOnlyCleared, $"{sweep}");
    }

    [Fact]
    public async Task Rows_beyond_a_transactions_share_are_left_to_the_sweep_and_count_as_written()
    {
        await using MirrorStage stage = await StartAsync(18);
        await MirrorStage.Run(stage.Admin, Nested);

        await MirrorStage.Run(
            stage.Admin,
            "INSERT INTO item SELECT i, '2024-06-01', 'note', i FROM generate_series(10, 1500) AS i"
        );

        Assert.Equal(
            1000L,
            await MirrorStage.Scalar(stage.Admin, $"SELECT count(*) FROM {stage.Layout.KeyLog} WHERE settles")
        );
        Assert.NotEqual("", await stage.DifferenceAsync());
        await stage.AssertConvergesAsync();
    }

    private async Task<MirrorStage> StartAsync(int major)
    {
        MirrorStage stage = await MirrorStage.StartAsync(postgres, major);
        await MirrorStage.Run(stage.Admin, string.Join("; ", new KeyLog(stage.Layout).SettleTrigger()));
        await stage.CopyAsync();
        await stage.MirrorAsync(MirrorMode.Following);
        return stage;
    }
}
