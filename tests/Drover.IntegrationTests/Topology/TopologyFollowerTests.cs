// A running proxy has a changed map within a second, and goes on with what it has when the catalog is gone.
using Drover.IntegrationTests.LocalPostgres;
using Drover.Sharding;
using Drover.Telemetry.ControlPlane;
using Drover.Topology;
using Microsoft.Extensions.Logging.Abstractions;

namespace Drover.IntegrationTests.Topology;

public sealed class TopologyFollowerTests(PostgresFixture postgres)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Console_shows_the_map_that_is_in_force()
    {
        await using ShardingStage stage = await ShardingStage.StartAsync(postgres, 18, shards: 2);
        await stage.SetUpAsync("shard init");
        await stage.OnShardsAsync("CREATE TABLE t (tenant int NOT NULL); CREATE TABLE r (id int)");
        await using ShardedProxy proxy = await stage.ServeAsync();
        Assert.Equal(["1", "1"], (await proxy.ShowAsync("SHARDS", Token)).Select(static row => row.Split(' ')[^1]));
        Assert.Empty(await proxy.ShowAsync("TABLES", Token));

        await stage.SetUpAsync("table shard t --key tenant");
        await stage.SetUpAsync("table reference r");
        await Eventually.HoldsAsync(
            async () => (await proxy.ShowAsync("TABLES", Token)).Length == 2,
            TimeSpan.FromSeconds(10)
        );
        Assert.Equal(
            ["shop public.r reference   ", "shop public.t sharded tenant bigint "],
            await proxy.ShowAsync("TABLES", Token)
        );
        string[] shards = await proxy.ShowAsync("SHARDS", Token);
        Assert.Equal(2, shards.Length);
        Assert.StartsWith("shop 1 s1 127.0.0.1 ", shards[0], StringComparison.Ordinal);
        Assert.EndsWith(" bigint 2048 3", shards[1], StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Change_is_known_within_a_second_and_a_lost_notification_or_catalog_only_delays_it(int major)
    {
        await using ShardingStage stage = await ShardingStage.StartAsync(postgres, major, shards: 2);
        await stage.SetUpAsync("shard init");
        await stage.OnShardsAsync("CREATE TABLE t (tenant int NOT NULL); CREATE TABLE r (id int)");
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        await using ShardServers servers = ShardServers.Open(await stage.OptionsAsync(), null);
        TopologyFollower follower = new(
            servers,
            static _ => { },
            static () => { },
            TimeProvider.System,
            NullLogger.Instance
        );
        Task following = follower.RunAsync(stop.Token);
        await Eventually.HoldsAsync(() => follower.Current?.Epoch == 1, TimeSpan.FromSeconds(30));

        // Told at once. The command itself takes longer than a second, so it is the commit that counts.
        await stage.ToCatalogAsync("UPDATE drover.topology SET epoch = 7; NOTIFY drover_topology, '7'");
        await Eventually.HoldsAsync(() => follower.Current?.Epoch == 7, TimeSpan.FromSeconds(1));

        // Not told, and asked.
        await stage.ToCatalogAsync("UPDATE drover.topology SET epoch = 8");
        await Eventually.HoldsAsync(
            () => follower.Current?.Epoch == 8,
            TopologyFollower.Period + TimeSpan.FromSeconds(5)
        );

        // Its session ends, and the catalog refuses new ones for a while: the old map stays, then comes the new one.
        await stage.LockCatalogAsync(isLocked: true);
        TopologySnapshot kept = follower.Current!;
        await stage.ToCatalogAsync("UPDATE drover.topology SET epoch = 9");
        await Eventually.HoldsAsync(
            () => TopologyReadings.Samples(Followed).Single().Value == 0,
            TimeSpan.FromSeconds(10)
        );
        Assert.Same(kept, follower.Current);
        await stage.LockCatalogAsync(isLocked: false);
        await Eventually.HoldsAsync(() => follower.Current?.Epoch == 9, TimeSpan.FromSeconds(5));

        await stage.SetUpAsync("table reference r");
        await Eventually.HoldsAsync(() => follower.Current?.ReferenceTables.Count == 1, TimeSpan.FromSeconds(1));
        await stop.CancelAsync();
        await following;
    }

    private static double Followed(TopologyReading reading) => reading.IsFollowed ? 1 : 0;
}
