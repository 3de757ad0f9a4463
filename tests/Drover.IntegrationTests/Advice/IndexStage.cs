// A database with a workload that lacks an index, counted from its beginning.
using Drover.App.LocalPostgres;
using Drover.IntegrationTests.LocalPostgres;

namespace Drover.IntegrationTests.Advice;

internal static class IndexStage
{
    /// <summary>A table in two levels of partitions, one of them with a name that needs quotes.</summary>
    public const string Parts = """
        CREATE TABLE shop.parts (day int NOT NULL, device int NOT NULL, text text) PARTITION BY RANGE (day);
        CREATE TABLE shop.parts_1 PARTITION OF shop.parts FOR VALUES FROM (0) TO (10);
        CREATE TABLE shop.parts_2 PARTITION OF shop.parts FOR VALUES FROM (10) TO (20) PARTITION BY RANGE (day);
        CREATE TABLE shop."Parts 3" PARTITION OF shop.parts_2 FOR VALUES FROM (10) TO (15);
        CREATE TABLE shop.parts_4 PARTITION OF shop.parts_2 FOR VALUES FROM (15) TO (20);
        INSERT INTO shop.parts SELECT n % 20, n * 7919 % 20000, repeat('p', 100) FROM generate_series(1, 100000) n;
        """;

    /// <summary>Reads all partitions, for want of an index.</summary>
    public const string OfDevice = "SELECT text FROM shop.parts WHERE device = 77";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>A new database of some tables, where each statement was called 300 times.</summary>
    public static async Task<(LocalPostgresCluster Cluster, string Database)> StartAsync(
        MeasuredPostgresFixture fixture,
        int major,
        string tables,
        params string[] traffic
    )
    {
        (LocalPostgresCluster cluster, string database) = await fixture.CreateDatabaseAsync(major, Token);
        await cluster.ExecuteAsync(tables, Token, database);
        await cluster.ExecuteAsync("VACUUM ANALYZE", Token, database);
        await cluster.ExecuteAsync(
            "SELECT pg_stat_statements_reset(0, oid, 0), pg_stat_reset() FROM pg_database "
                + "WHERE datname = current_database()",
            Token,
            database
        );
        for (int i = 0; i < 300; i++)
        {
            await cluster.ExecuteAsync(string.Join("; ", traffic), Token, database);
        }
        return (cluster, database);
    }
}
