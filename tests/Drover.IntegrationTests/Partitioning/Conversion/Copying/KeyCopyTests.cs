// The copy in the order of the identity: what is written above it, behind it and across it.
using Drover.IntegrationTests.LocalPostgres;
using Drover.Partitioning.Conversion.Copying;
using Npgsql;

namespace Drover.IntegrationTests.Partitioning.Conversion.Copying;

public sealed class KeyCopyTests(PostgresFixture postgres)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static async Task<KeyBatch> BatchAsync(
        MirrorStage stage,
        KeyCursor? cursor,
        long rowsMax,
        NpgsqlConnection? connection = null,
        long bytesMax = 1 << 20
    )
    {
        connection ??= stage.Admin;
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(Cancellation);
        KeyBatch batch = await new KeyCopy(stage.Layout).RunAsync(connection, cursor, bytesMax, rowsMax, Cancellation);
        await transaction.CommitAsync(Cancellation);
        return batch;
    }

    private async Task<MirrorStage> StartAsync(int rows, int major = 18)
    {
        MirrorStage stage = await MirrorStage.StartAsync(postgres, major);
        await MirrorStage.Run(
            stage.Admin,
            $"INSERT INTO item SELECT i, '2024-01-01' FROM generate_series(5, {rows}) AS i; ANALYZE item"
        );
        await MirrorStage.Run(stage.Admin, "TRUNCATE item__drover_new");
        return stage;
    }

    [Theory]
    [InlineData(1, 1 << 20)]
    [InlineData(7, 1 << 20)]
    [InlineData(100, 1 << 20)]
    [InlineData(1 << 20, 1000)]
    public async Task Batches_hold_no_more_than_they_may_and_all_rows_together(long rowsMax, long bytesMax)
    {
        await using MirrorStage stage = await StartAsync(150);
        KeyCursor? cursor = null;
        long rows = 0;
        while (cursor is not { IsDone: true })
        {
            KeyBatch batch = await BatchAsync(stage, cursor, rowsMax, bytesMax: bytesMax);
            Assert.True(batch.Rows <= Math.Min(rowsMax, 100), $"{batch.Rows} rows");
            Assert.True(batch.Bytes > 0);
            Assert.InRange(batch.Cursor.Progress, cursor?.Progress ?? 0, 1);
            (cursor, rows) = (batch.Cursor, rows + batch.Rows);
        }
        Assert.Equal(150, rows);
        Assert.Equal("", await stage.DifferenceAsync());
    }

    [Fact]
    public async Task Row_above_the_highest_is_left_to_the_mirror_however_many_come()
    {
        await using MirrorStage stage = await StartAsync(20);
        // Not a whole number of batches: the last one would reach beyond the highest.
        KeyCursor cursor = (await BatchAsync(stage, null, 6)).Cursor;
        int next = 21;
        while (!cursor.IsDone)
        {
            await MirrorStage.Run(
                stage.Admin,
                $"INSERT INTO item SELECT i, '2025-01-01' FROM generate_series({next}, {next + 9}) AS i"
            );
            next += 10;
            cursor = (await BatchAsync(stage, cursor, 6)).Cursor;
            Assert.True(next < 100, "the copy runs after the writer");
        }
        Assert.Equal("", await stage.DifferenceAsync());
    }

    [Theory]
    [InlineData("UPDATE item SET id = -id WHERE id = 15")]
    [InlineData("UPDATE item SET id = 40 WHERE id = 2")]
    [InlineData("UPDATE item SET id = 12 + 1000 WHERE id = 12; UPDATE item SET id = 1 + 11 WHERE id = 1")]
    [InlineData("DELETE FROM item WHERE id = 20")]
    [InlineData("DELETE FROM item WHERE id > 5")]
    [InlineData("DELETE FROM item")]
    [InlineData("TRUNCATE item; INSERT INTO item VALUES (3, '2025-01-01'), (18, '2025-01-01')")]
    public async Task Row_that_crosses_the_line_between_copied_and_not_is_made_good(string write)
    {
        await using MirrorStage stage = await StartAsync(20);
        KeyCursor cursor = (await BatchAsync(stage, null, 5)).Cursor;
        await MirrorStage.Run(stage.Admin, write);
        for (int batch = 0; !cursor.IsDone; batch++)
        {
            Assert.True(batch < 20, "the copy does not end");
            cursor = (await BatchAsync(stage, cursor, 5)).Cursor;
        }
        await stage.AssertConvergesAsync();
    }

    [Theory]
    [InlineData("DELETE FROM item WHERE id = 3")]
    [InlineData("UPDATE item SET day = '2025-03-03' WHERE id = 3")]
    [InlineData("DELETE FROM item WHERE id = 5")]
    [InlineData("UPDATE item SET id = 6 WHERE id = 5")]
    [InlineData("DELETE FROM item WHERE id = 3; INSERT INTO item VALUES (3, '2025-06-01', 'elsewhere')")]
    public async Task Row_changed_behind_the_copys_snapshot_is_made_good(string write)
    {
        await using MirrorStage stage = await MirrorStage.StartAsync(postgres, 15);
        // The mirror has brought it; the copy reads it too.
        await MirrorStage.Run(stage.Admin, "INSERT INTO item VALUES (5, '2025-02-02')");
        NpgsqlConnection holder = await stage.ConnectAsync();
        NpgsqlConnection copier = await stage.ConnectAsync();
        NpgsqlConnection writer = await stage.ConnectAsync();
        await MirrorStage.Run(holder, "BEGIN; INSERT INTO item__drover_new VALUES (1, '2024-06-01')");
        Task<KeyBatch> copy = BatchAsync(stage, null, 100, copier);
        await stage.WaitsForLockAsync(copier);
        await MirrorStage.Run(writer, write);
        await MirrorStage.Run(holder, "ROLLBACK");
        await copy;
        await stage.AssertConvergesAsync();
    }

    [Fact]
    public async Task Empty_table_is_copied_at_once()
    {
        await using MirrorStage stage = await MirrorStage.StartAsync(postgres, 18);
        await MirrorStage.Run(stage.Admin, "DELETE FROM item");
        Assert.True((await BatchAsync(stage, null, 5)).Cursor.IsDone);
    }

    [Fact]
    public async Task Table_written_anew_in_the_middle_goes_on_where_it_was()
    {
        await using MirrorStage stage = await StartAsync(200);
        KeyCursor cursor = (await BatchAsync(stage, null, 50)).Cursor;
        await MirrorStage.Run(stage.Admin, "CREATE INDEX down ON item (id DESC); CLUSTER item USING down");
        long rows = 50;
        while (!cursor.IsDone)
        {
            KeyBatch batch = await BatchAsync(stage, cursor, 50);
            (cursor, rows) = (batch.Cursor, rows + batch.Rows);
        }
        Assert.Equal(200, rows);
        Assert.Equal("", await stage.DifferenceAsync());
    }
}
