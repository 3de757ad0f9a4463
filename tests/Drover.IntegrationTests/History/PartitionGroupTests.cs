// What the monitor knows of partitions.
using Drover.App.LocalPostgres;
using Drover.IntegrationTests.LocalPostgres;

namespace Drover.IntegrationTests.History;

public sealed class PartitionGroupTests(PostgresFixture fixture)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Partition_of_any_depth_is_told_with_the_table_at_the_root(int major)
    {
        (LocalPostgresCluster cluster, string database) = await fixture.CreateDatabaseAsync(major, Token);
        await cluster.ExecuteAsync(
            """
            CREATE SCHEMA "My shop";
            CREATE TABLE "My shop".events (at date, kind int) PARTITION BY RANGE (at);
            CREATE TABLE "My shop".e1 PARTITION OF "My shop".events DEFAULT PARTITION BY LIST (kind);
            CREATE TABLE public.e2 PARTITION OF "My shop".e1 DEFAULT;
            CREATE TABLE plain (id int);
            CREATE TABLE child () INHERITS (plain);
            """,
            Token,
            database
        );
        await using MonitorStage stage = await MonitorStage.StartAsync(
            MonitorStage.Options("", (MonitorStage.Server, MonitorStage.Url(cluster, database)))
        );
        await stage.SettleAsync();
        IReadOnlyDictionary<string, string> partitions = stage.Monitor.Latest(MonitorStage.Server).Partitions;
        Assert.Equal("\"My shop\".events", partitions["public.e2"]);
        Assert.DoesNotContain("public.child", partitions.Keys);
        Assert.DoesNotContain(partitions.Keys, static name => name.Contains("My shop", StringComparison.Ordinal));
    }
}
