// An index that is younger than the time without a scan is not called unused, where anything tells that it is.
using Drover.Advice;
using Drover.Advice.Building;
using Drover.Advice.Findings;
using Drover.App.LocalPostgres;
using Drover.IntegrationTests.LocalPostgres;
using Npgsql;

namespace Drover.IntegrationTests.Advice;

public sealed class IndexAgeTests(PostgresFixture fixture)
{
    private const string Old = """
        SELECT pg_stat_reset();
        CREATE SCHEMA shop;
        CREATE TABLE shop.orders (a int, b int);
        CREATE INDEX older ON shop.orders (a);
        """;

    private const string Fresh = "CREATE INDEX fresh ON shop.orders (b)";
    private static readonly TimeSpan s_between = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan s_slack = TimeSpan.FromSeconds(12);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Commit_timestamps_tell_young_indexes_from_old_ones(int major)
    {
        await using LocalPostgresCluster cluster = await LocalPostgresCluster.StartNewAsync(
            new LocalPostgresOptions
            {
                Major = major,
                Settings = new Dictionary<string, string> { ["track_commit_timestamp"] = "on" },
            },
            Token
        );
        await using NpgsqlConnection connection = await StageAsync(cluster, "postgres");
        // Its row in pg_class is new; those of its columns are not.
        await cluster.ExecuteAsync("ALTER INDEX shop.older RENAME TO renamed", Token);
        (IReadOnlyList<Recommendation> advice, IReadOnlyList<YoungIndex> young) = await AdviseAsync(connection);
        YoungIndex fresh = Assert.Single(young);
        Assert.Equal("shop.fresh", fresh.Index);
        Assert.Equal("by commit timestamps", fresh.Age.Source);
        Recommendation unused = Assert.Single(advice, static one => one.Code == "unused-index");
        Assert.Equal("shop.renamed", unused.Subject);
        Assert.DoesNotContain("not known", unused.Risk, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task What_no_source_knows_is_said_and_what_drover_built_is_known(int major)
    {
        (LocalPostgresCluster cluster, string database) = await fixture.CreateDatabaseAsync(major, Token);
        await using NpgsqlConnection connection = await StageAsync(cluster, database);
        // Without the schema drover nothing is noted.
        Assert.False(await BuiltIndexes.AddAsync(connection, "shop.fresh", Token));
        (IReadOnlyList<Recommendation> advice, IReadOnlyList<YoungIndex> young) = await AdviseAsync(connection);
        Assert.Empty(young);
        Recommendation[] unused = [.. advice.Where(static one => one.Code == "unused-index")];
        Assert.Equal(2, unused.Length);
        Assert.All(unused, static one => Assert.Contains("track_commit_timestamp = on", one.Risk, Ordinal));

        await cluster.ExecuteAsync("CREATE SCHEMA drover", Token, database);
        Assert.True(await BuiltIndexes.AddAsync(connection, "shop.fresh", Token));
        (advice, young) = await AdviseAsync(connection);
        Assert.Equal("shop.fresh", Assert.Single(young).Index);
        Assert.Equal("shop.older", Assert.Single(advice, static one => one.Code == "unused-index").Subject);
    }

    private const StringComparison Ordinal = StringComparison.Ordinal;

    private static async Task<NpgsqlConnection> StageAsync(LocalPostgresCluster cluster, string database)
    {
        await cluster.ExecuteAsync(Old, Token, database);
        await Task.Delay(s_between, Token);
        await cluster.ExecuteAsync(Fresh, Token, database);
        NpgsqlConnection connection = new(cluster.ConnectionStringTo(database));
        await connection.OpenAsync(Token);
        return connection;
    }

    /// <summary>With a threshold between the ages of the two.</summary>
    private static Task<(IReadOnlyList<Recommendation> Advice, IReadOnlyList<YoungIndex> Young)> AdviseAsync(
        NpgsqlConnection connection
    ) =>
        Inspector.AdviseOnIndexesAsync(
            connection,
            [],
            new AdviceLimits { SmallBytes = 0, UnusedAfter = s_slack },
            TimeProvider.System,
            Token
        );
}
