// Writes at every moment of a copy: before its snapshot, behind it, and before its commit.
using Drover.IntegrationTests.LocalPostgres;
using Drover.Partitioning.Conversion.Copying;
using Npgsql;

namespace Drover.IntegrationTests.Partitioning.Conversion;

public sealed class CopyInterleavingTests(PostgresFixture postgres)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>
    /// The copy has its snapshot and waits at row 1, whose place somebody holds; what the writer does comes between the
    /// snapshot and the copying of the other rows.
    /// </summary>
    private static async Task DuringCopyAsync(MirrorStage stage, string write)
    {
        NpgsqlConnection holder = await stage.ConnectAsync();
        NpgsqlConnection copier = await stage.ConnectAsync();
        NpgsqlConnection writer = await stage.ConnectAsync();
        await MirrorStage.Run(holder, "BEGIN; INSERT INTO item__drover_new VALUES (1, '2024-06-01')");
        Task copy = stage.CopyAsync(copier);
        await stage.WaitsForLockAsync(copier);
        await MirrorStage.Run(writer, write);
        await MirrorStage.Run(holder, "ROLLBACK");
        await copy;
    }

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Row_deleted_behind_the_copys_snapshot_does_not_stay(int major)
    {
        await using MirrorStage stage = await MirrorStage.StartAsync(postgres, major);
        await DuringCopyAsync(stage, "DELETE FROM item WHERE id = 3");
        Assert.Equal("+(3,2024-06-01,\"note 3\",3)", await stage.DifferenceAsync());
        await stage.AssertConvergesAsync();
    }

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Row_that_the_mirror_brought_and_took_away_is_not_brought_back_by_the_copy(int major)
    {
        await using MirrorStage stage = await MirrorStage.StartAsync(postgres, major);
        await MirrorStage.Run(stage.Admin, "INSERT INTO item VALUES (5, '2025-02-02')");
        await DuringCopyAsync(stage, "DELETE FROM item WHERE id = 5");
        Assert.Equal("+(5,2025-02-02,,)", await stage.DifferenceAsync());
        Assert.Equal("5", await stage.NotedAsync());
        await stage.AssertConvergesAsync();
    }

    [Theory]
    [InlineData("UPDATE item SET note = 'new' WHERE id = 3")]
    [InlineData("UPDATE item SET day = '2025-03-03' WHERE id = 3")]
    [InlineData("UPDATE item SET day = '2025-03-03' WHERE id IN (3, 5)")]
    [InlineData("UPDATE item SET id = 6 WHERE id = 5")]
    [InlineData("UPDATE item SET id = 33 WHERE id = 3")]
    [InlineData("DELETE FROM item WHERE id = 3; INSERT INTO item VALUES (3, '2024-06-01', 'again')")]
    [InlineData("DELETE FROM item WHERE id = 3; INSERT INTO item VALUES (3, '2025-06-01', 'elsewhere')")]
    [InlineData("DELETE FROM item WHERE id IN (3, 5); INSERT INTO item VALUES (5, '2024-06-01', 'note 3')")]
    [InlineData("BEGIN; DELETE FROM item; ROLLBACK")]
    [InlineData("UPDATE item SET note = NULL; UPDATE item SET note = 'back'")]
    [InlineData("INSERT INTO item VALUES (3, '2024-06-01') ON CONFLICT (id) DO UPDATE SET note = 'upserted'")]
    [InlineData("BEGIN; UPDATE item SET id = -id; UPDATE item SET id = -id, price = price + 1; COMMIT")]
    public async Task Row_changed_behind_the_copys_snapshot_is_made_good(string write)
    {
        await using MirrorStage stage = await MirrorStage.StartAsync(postgres, 18);
        await MirrorStage.Run(stage.Admin, "INSERT INTO item VALUES (5, '2025-02-02')");
        await DuringCopyAsync(stage, write);
        await stage.AssertConvergesAsync();
    }

    [Fact]
    public async Task Write_to_a_row_that_is_copied_but_not_committed_waits_for_nobody_and_is_noted()
    {
        await using MirrorStage stage = await MirrorStage.StartAsync(postgres, 18);
        NpgsqlConnection writer = await stage.ConnectAsync();
        await using NpgsqlTransaction copying = await stage.Admin.BeginTransactionAsync(Cancellation);
        await new BlockCopy(stage.Layout).RunAsync(stage.Admin, null, 1 << 20, 1 << 20, Cancellation);
        await MirrorStage.Run(
            writer,
            """
            UPDATE item SET note = 'new' WHERE id = 1; DELETE FROM item WHERE id = 2;
            UPDATE item SET day = '2025-01-01' WHERE id = 3; UPDATE item SET id = 44 WHERE id = 4
            """
        );
        await copying.CommitAsync(Cancellation);
        Assert.Equal("1,2,3,4,44", await stage.NotedAsync());
        await stage.AssertConvergesAsync();
    }

    [Fact]
    public async Task Copy_leaves_alone_what_the_mirror_has_put_there()
    {
        await using MirrorStage stage = await MirrorStage.StartAsync(postgres, 18);
        await MirrorStage.Run(
            stage.Admin,
            "UPDATE item SET note = 'noted' WHERE id = 1; INSERT INTO item VALUES (9, '1999-01-01')"
        );
        await stage.CopyAsync();
        await stage.AssertConvergesAsync();
    }

    [Fact]
    public async Task Table_written_anew_in_the_middle_is_copied_from_its_beginning()
    {
        await using MirrorStage stage = await MirrorStage.StartAsync(postgres, 18);
        await MirrorStage.Run(
            stage.Admin,
            "INSERT INTO item SELECT i, '2024-01-01', repeat('x', 500) FROM generate_series(10, 200) AS i"
        );
        await MirrorStage.Run(stage.Admin, "TRUNCATE item__drover_new");
        BlockCopy copy = new(stage.Layout);
        CopyCursor? cursor = null;
        for (int batch = 0; cursor is not { IsDone: true }; batch++)
        {
            await using NpgsqlTransaction transaction = await stage.Admin.BeginTransactionAsync(Cancellation);
            cursor = (await copy.RunAsync(stage.Admin, cursor, 8192, 1 << 20, Cancellation)).Cursor;
            await transaction.CommitAsync(Cancellation);
            if (batch == 3)
            {
                // The rows that were copied move to the end of the new file, those that were not to its beginning.
                await MirrorStage.Run(stage.Admin, "CREATE INDEX down ON item (id DESC); CLUSTER item USING down");
            }
        }
        await stage.AssertConvergesAsync();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(100)]
    public async Task Batches_may_end_within_a_block(long rowsMax)
    {
        await using MirrorStage stage = await MirrorStage.StartAsync(postgres, 18);
        await MirrorStage.Run(
            stage.Admin,
            "INSERT INTO item SELECT i, '2024-01-01' FROM generate_series(10, 500) AS i"
        );
        await MirrorStage.Run(stage.Admin, "TRUNCATE item__drover_new");
        BlockCopy copy = new(stage.Layout);
        CopyCursor? cursor = null;
        long rows = 0;
        while (cursor is not { IsDone: true })
        {
            await using NpgsqlTransaction transaction = await stage.Admin.BeginTransactionAsync(Cancellation);
            CopyBatch batch = await copy.RunAsync(stage.Admin, cursor, 1 << 20, rowsMax, Cancellation);
            Assert.True(batch.Rows <= rowsMax || rowsMax == 100);
            cursor = batch.Cursor;
            rows += batch.Rows;
            await transaction.CommitAsync(Cancellation);
        }
        Assert.Equal(495, rows);
        await stage.AssertConvergesAsync();
    }
}
