// Whom a cut-over waits for: whoever holds a snapshot and may read with it, and nobody else.
using Drover.IntegrationTests.LocalPostgres;
using Drover.Partitioning.Conversion;
using Npgsql;
using Npgsql.Replication;

namespace Drover.IntegrationTests.Partitioning.Conversion;

public sealed class OldSnapshotTests(PostgresFixture postgres)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Role_that_sees_no_other_sessions_waits_for_snapshots_and_for_no_idle_transaction(int major)
    {
        await using ConversionStage stage = await ConversionStage.StartAsync(postgres, major, "SELECT 1");
        NpgsqlConnection idle = await stage.ConnectAsync();
        NpgsqlConnection reader = await stage.ConnectAsync();
        // A SELECT's portal would keep its snapshot until the next statement.
        await MirrorStage.Run(idle, "BEGIN; SELECT 1; SET LOCAL work_mem = '4MB'");
        await MirrorStage.Run(reader, "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1");
        await stage.ExecuteAsync("SET ROLE app");

        string waited = Assert.Single(await OldSnapshots.ListAsync(stage.Admin, Cancellation));

        Assert.EndsWith($":{reader.ProcessID}", waited, StringComparison.Ordinal);
        await MirrorStage.Run(reader, "COMMIT");
        Assert.Empty(await OldSnapshots.ListAsync(stage.Admin, Cancellation));
    }

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Walsender_is_waited_for_while_it_holds_the_snapshot_of_a_new_slot_and_not_when_it_streams(
        int major
    )
    {
        await using ConversionStage stage = await ConversionStage.StartAsync(
            postgres,
            major,
            "CREATE TABLE orders (id int PRIMARY KEY); CREATE PUBLICATION published FOR TABLE orders"
        );
        await using LogicalReplicationConnection sender = new(stage.Admin.ConnectionString);
        await sender.Open(Cancellation);
        string slot = $"snapshot_{major}";
        await sender.CreatePgOutputReplicationSlot(
            slot,
            temporarySlot: true,
            slotSnapshotInitMode: LogicalSlotSnapshotInitMode.Export,
            cancellationToken: Cancellation
        );

        Assert.Single(await OldSnapshots.ListAsync(stage.Admin, Cancellation));

        using CancellationTokenSource enough = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        await using IAsyncEnumerator<object> stream = sender
            .StartReplication(
                new(slot),
                new Npgsql.Replication.PgOutput.PgOutputReplicationOptions(
                    "published",
                    Npgsql.Replication.PgOutput.PgOutputProtocolVersion.V1
                ),
                enough.Token
            )
            .GetAsyncEnumerator(enough.Token);
        await stage.ExecuteAsync("INSERT INTO orders VALUES (1)");
        Assert.True(await stream.MoveNextAsync());
        await Eventually.HoldsAsync(
            async () => (await OldSnapshots.ListAsync(stage.Admin, Cancellation)).Length == 0,
            TimeSpan.FromMinutes(1)
        );
        await enough.CancelAsync();
    }
}
