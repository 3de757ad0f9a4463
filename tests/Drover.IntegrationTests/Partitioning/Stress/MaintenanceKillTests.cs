// kill -9 while the maintenance moves rows out of the default partition, archives partitions and attaches them again:
// no row is lost, none is there twice, and the next run ends what was begun.
using Drover.App.LocalPostgres;
using Drover.IntegrationTests.LocalPostgres;
using Drover.IntegrationTests.Partitioning.Maintenance;

namespace Drover.IntegrationTests.Partitioning.Stress;

public sealed class MaintenanceKillTests(PostgresFixture postgres) : IDisposable
{
    // Of every row of orders, wherever it lies.
    private const string Sum = "SELECT count(*) || ' ' || sum(hashtextextended(o::text, 0)) FROM orders AS o";

    private readonly string _folder = Directory.CreateTempSubdirectory("drover-archive-").FullName;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Rows_of_the_default_partition_are_moved_once_whenever_the_mover_is_killed(int major)
    {
        (LocalPostgresCluster cluster, string database, DroverProgram program) = await CreateAsync(major, 0);
        await RunAsync("CREATE TABLE orders_default PARTITION OF orders DEFAULT");
        await program.ExpectAsync(0, "policy set orders --interval month --premake 4");
        await RunAsync(
            $"""
            INSERT INTO orders (created_at, status, amount)
            SELECT timestamptz '{MaintenanceStage.Month(1):yyyy-MM-dd} 12:00Z' + n % 110 * interval '1 day', 'moved', n
            FROM generate_series(1, 1100) AS n
            """
        );
        string? before = await AskAsync(Sum);

        int kills = await KillAtEveryCommitAsync(program, "maintain orders", () => EqualAsync(before));

        Assert.InRange(kills, 4, 100);
        Assert.Equal("0", await AskAsync("SELECT count(*) FROM ONLY orders_default"));
        Assert.Equal("1100 1100", await AskAsync("SELECT count(*) || ' ' || count(DISTINCT id) FROM orders"));

        Task RunAsync(string sql) => cluster.ExecuteAsync(sql, Token, database);
        Task<string?> AskAsync(string sql) => cluster.QueryAsync(sql, Token, database);
        async Task EqualAsync(string? expected) => Assert.Equal(expected, await AskAsync(Sum));
    }

    [Theory]
    [InlineData(15, false)]
    [InlineData(18, false)]
    [InlineData(18, true)]
    public async Task Archived_partitions_are_in_the_table_or_in_their_files_whenever_somebody_is_killed(
        int major,
        bool hasDefault
    )
    {
        (LocalPostgresCluster cluster, string database, DroverProgram program) = await CreateAsync(
            major,
            -5,
            -4,
            -3,
            0
        );
        await RunAsync(hasDefault ? "CREATE TABLE orders_default PARTITION OF orders DEFAULT" : "SELECT 1");
        foreach (int month in (int[])[-5, -4, -3, 0])
        {
            await RunAsync(Rows(month));
        }
        string before = (await AskAsync(Sum))!;
        await program.ExpectAsync(
            0,
            "policy set orders --interval month --premake 1 --retention-action archive "
                + $"--archive-folder {_folder} --retention 2~months"
        );

        int kills = await KillAtEveryCommitAsync(program, "maintain orders", NothingIsLostAsync);
        Assert.InRange(kills, 3, 100);
        string[] manifests = [.. Directory.GetFiles(_folder, "*.manifest.json").Order()];
        Assert.Equal(3, manifests.Length);
        Assert.Equal("300", await AskAsync("SELECT count(*) FROM orders"));
        foreach (string manifest in manifests)
        {
            kills = await KillAtEveryCommitAsync(program, $"attach-archive {manifest}", () => Task.CompletedTask);
            Assert.InRange(kills, 3, 20);
        }

        Assert.Equal(before, await AskAsync(Sum));
        Assert.Equal("1200", await AskAsync("SELECT count(DISTINCT id) FROM orders"));
        Assert.Equal("", await AskAsync(Unattached));

        Task RunAsync(string sql) => cluster.ExecuteAsync(sql, Token, database);
        Task<string?> AskAsync(string sql) => cluster.QueryAsync(sql, Token, database);

        // Each of the three old months is a partition with all its rows, or a table with them, or a complete archive.
        async Task NothingIsLostAsync()
        {
            foreach (int month in (int[])[-5, -4, -3])
            {
                string name = MaintenanceStage.Name(month);
                bool isArchived = Directory.GetFiles(_folder, $"public.{name}.*.manifest.json").Length == 1;
                string? rows = await AskAsync($"SELECT to_regclass('{name}')") is null
                    ? null
                    : await AskAsync($"SELECT count(*) FROM {name}");
                Assert.True(rows == "300" || (rows is null && isArchived), $"{name}: {rows ?? "no"} rows, no archive");
            }
        }
    }

    private static string Rows(int month) =>
        $"INSERT INTO orders (created_at, status, amount) SELECT timestamptz '{MaintenanceStage.Day(month)}' "
        + $"+ n * interval '1 minute', E'tab\\t{month}', n FROM generate_series(1, 300) AS n";

    // Tables that look like partitions and are none.
    private const string Unattached = """
        SELECT coalesce(string_agg(relname, ' '), '') FROM pg_class
        WHERE relname LIKE 'orders_p%' AND relkind = 'r' AND NOT relispartition
        """;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private async Task<(LocalPostgresCluster Cluster, string Database, DroverProgram Program)> CreateAsync(
        int major,
        params int[] months
    )
    {
        (LocalPostgresCluster cluster, string database) = await postgres.CreateDatabaseAsync(major, Token);
        await cluster.ExecuteAsync(MaintenanceStage.Orders(months), Token, database);
        return (cluster, database, new DroverProgram(() => cluster.Port, database));
    }

    /// <summary>
    /// Kills programs before, during and after their first COMMIT, then their second, and so on, until one lives to its
    /// end.
    /// </summary>
    private static async Task<int> KillAtEveryCommitAsync(DroverProgram program, string verb, Func<Task> check)
    {
        int kills = 0;
        for (int commit = 1; ; commit++)
        {
            foreach (KillMoment moment in Enum.GetValues<KillMoment>())
            {
                ProgramEnd end = await RunWhenFreeAsync(program, verb, new KillPoint(KillPoint.Commit, moment, commit));
                await check();
                if (!end.WasKilled)
                {
                    bool isThere = end.Output.Contains("holds the place", StringComparison.Ordinal);
                    Assert.True(end.ExitCode == 0 || isThere, end.ToString());
                    return kills;
                }
                kills++;
            }
        }
    }

    // The session of the one who was killed holds the runner's lock until the server sees that it is gone.
    private static async Task<ProgramEnd> RunWhenFreeAsync(DroverProgram program, string verb, KillPoint point)
    {
        ProgramEnd end;
        while (
            (end = await program.RunAsync(verb, point)) is { WasKilled: false, ExitCode: 1 }
            && end.Output.Contains("another maintenance", StringComparison.Ordinal)
        )
        {
            await Task.Delay(50, Token);
        }
        return end;
    }
}
