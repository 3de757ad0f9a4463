// Sweeps beside writers: they wait for nobody, and what they clear is equal.
using Drover.IntegrationTests.LocalPostgres;
using Drover.Partitioning.Conversion;
using Npgsql;

namespace Drover.IntegrationTests.Partitioning.Conversion;

public sealed class SweepInterleavingTests(PostgresFixture postgres)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Row_that_somebody_holds_is_left_for_the_next_sweep()
    {
        await using MirrorStage stage = await MirrorStage.StartAsync(postgres, 18);
        NpgsqlConnection writer = await stage.ConnectAsync();
        await MirrorStage.Run(stage.Admin, "UPDATE item SET note = 'due'");
        await MirrorStage.Run(
            writer,
            "BEGIN; UPDATE item SET note = 'held' WHERE id IN (1, 2); DELETE FROM item WHERE id = 2"
        );
        SweepResult sweep = await stage.SweepAsync();
        Assert.Equal((4, 2), (sweep.Taken, sweep.Cleared));
        await MirrorStage.Run(writer, "COMMIT");
        Assert.Equal("1,2", await stage.NotedAsync());
        await stage.AssertConvergesAsync();
    }

    [Fact]
    public async Task Writer_that_takes_rows_in_the_other_order_never_meets_a_waiting_sweep()
    {
        await using MirrorStage stage = await MirrorStage.StartAsync(postgres, 18);
        NpgsqlConnection writer = await stage.ConnectAsync();
        await MirrorStage.Run(stage.Admin, "UPDATE item SET note = 'due'");
        await MirrorStage.Run(writer, "BEGIN; UPDATE item SET note = 'held' WHERE id = 4");
        await using NpgsqlTransaction transaction = await stage.Admin.BeginTransactionAsync(Cancellation);
        await stage.Sweep.RunAsync(stage.Admin, 0, 100, Cancellation);
        // The sweep holds row 1 and its transaction is still open; it did not wait for row 4.
        Task next = MirrorStage.Run(writer, "UPDATE item SET note = 'held too' WHERE id = 1");
        await transaction.CommitAsync(Cancellation);
        await next;
        await MirrorStage.Run(writer, "COMMIT");
        await stage.AssertConvergesAsync();
    }

    [Fact]
    public async Task Row_inserted_again_while_a_sweep_removes_its_ghost_stays()
    {
        await using MirrorStage stage = await MirrorStage.StartAsync(postgres, 18);
        NpgsqlConnection writer = await stage.ConnectAsync();
        await MirrorStage.Run(stage.Admin, "INSERT INTO item__drover_new SELECT * FROM item WHERE id = 3");
        await MirrorStage.Run(
            stage.Admin,
            "UPDATE item SET note = 'other' WHERE id = 3; DELETE FROM item WHERE id = 3"
        );
        await MirrorStage.Run(
            stage.Admin,
            "INSERT INTO item__drover_new VALUES (3, '2024-06-01', 'ghost') ON CONFLICT DO NOTHING"
        );
        await using (NpgsqlTransaction transaction = await stage.Admin.BeginTransactionAsync(Cancellation))
        {
            await stage.Sweep.RunAsync(stage.Admin, 0, 100, Cancellation);
            Task insert = MirrorStage.Run(writer, "INSERT INTO item VALUES (3, '2024-06-01', 'again')");
            await stage.CommitAfterWaitAsync(writer, transaction);
            await insert;
        }
        await MirrorStage.Run(
            stage.Admin,
            "DELETE FROM item__drover_new WHERE id IN (SELECT id FROM item__drover_new EXCEPT SELECT id FROM item)"
        );
        await stage.CopyAsync();
        await stage.AssertConvergesAsync();
    }

    [Fact]
    public async Task Row_inserted_over_a_ghost_and_not_committed_is_noted_and_survives_the_sweep()
    {
        await using MirrorStage stage = await MirrorStage.StartAsync(postgres, 18);
        NpgsqlConnection writer = await stage.ConnectAsync();
        await stage.CopyAsync();
        await stage.MirrorAsync(MirrorMode.Following);
        await stage.GhostAsync(7, "same");
        await MirrorStage.Run(writer, "BEGIN; INSERT INTO item VALUES (7, '2024-06-01', 'same')");
        await MirrorStage.Run(writer, "UPDATE item SET note = 'moved on' WHERE id = 7");
        // The ghost looked exactly like the new row, so it was moved; the insert had noted it all the same.
        await stage.SweepAsync();
        await MirrorStage.Run(writer, "COMMIT");
        Assert.Equal("7", await stage.NotedAsync());
        await stage.AssertConvergesAsync();
    }

    [Fact]
    public async Task Insert_in_repeatable_read_that_meets_a_ghost_behind_its_snapshot_is_noted_and_does_not_fail()
    {
        await using MirrorStage stage = await MirrorStage.StartAsync(postgres, 18);
        NpgsqlConnection writer = await stage.ConnectAsync();
        await stage.CopyAsync();
        await stage.MirrorAsync(MirrorMode.Following);
        await MirrorStage.Run(writer, "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT FROM item");
        await stage.GhostAsync(7, "ghost");
        await MirrorStage.Run(writer, "INSERT INTO item VALUES (7, '2024-06-01', 'mine'); COMMIT");
        Assert.Equal("7", await stage.NotedAsync());
        await stage.AssertConvergesAsync();
    }

    [Theory]
    [InlineData("REPEATABLE READ", "UPDATE item SET note = 'mine' WHERE id = 2")]
    [InlineData("REPEATABLE READ", "DELETE FROM item WHERE id = 2")]
    [InlineData("REPEATABLE READ", "UPDATE item SET day = '2025-05-05' WHERE id = 2")]
    public async Task Write_in_repeatable_read_whose_row_was_copied_or_swept_behind_its_snapshot_does_not_fail(
        string level,
        string write
    )
    {
        await using MirrorStage stage = await MirrorStage.StartAsync(postgres, 15);
        NpgsqlConnection early = await stage.ConnectAsync();
        NpgsqlConnection middle = await stage.ConnectAsync();
        await MirrorStage.Run(early, $"BEGIN ISOLATION LEVEL {level}; SELECT FROM item");
        await MirrorStage.Run(stage.Admin, "INSERT INTO item__drover_new VALUES (2, '2024-06-01', 'stale')");
        await MirrorStage.Run(middle, $"BEGIN ISOLATION LEVEL {level}; SELECT FROM item");
        await stage.NoteAsync(2);
        await stage.SweepAsync();
        await MirrorStage.Run(early, $"{write.Replace("id = 2", "id = 1", StringComparison.Ordinal)}; COMMIT");
        await MirrorStage.Run(middle, $"{write}; COMMIT");
        await stage.CopyAsync();
        await stage.AssertConvergesAsync();
    }

    [Fact]
    public async Task Unique_value_that_a_ghost_still_has_fails_no_write()
    {
        await using MirrorStage stage = await MirrorStage.StartAsync(postgres, 18, unique: true);
        await stage.CopyAsync();
        await stage.MirrorAsync(MirrorMode.Following);
        await stage.GhostAsync(7, "taken");
        await MirrorStage.Run(stage.Admin, "INSERT INTO item VALUES (8, '2024-06-01', 'taken')");
        await stage.AssertConvergesAsync();
        await stage.GhostAsync(9, "taken too");
        await MirrorStage.Run(stage.Admin, "UPDATE item SET note = 'taken too' WHERE id = 1");
        await stage.AssertConvergesAsync();
        await MirrorStage.Run(stage.Admin, "UPDATE item SET note = (ARRAY['a', 'b'])[id] WHERE id < 3");
        await MirrorStage.Run(
            stage.Admin,
            "BEGIN; UPDATE item SET note = 'c' WHERE id = 1; UPDATE item SET note = 'a' WHERE id = 2; "
                + "UPDATE item SET note = 'b' WHERE id = 1; COMMIT"
        );
        Assert.Equal("", await stage.NotedAsync());
        Assert.Equal("", await stage.DifferenceAsync());
    }
}
