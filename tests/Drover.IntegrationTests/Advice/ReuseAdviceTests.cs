// What could be kept: views and caches are advised for what is asked again and is the same, and for nothing else.
using System.Diagnostics;
using Drover.Advice;
using Drover.App.LocalPostgres;
using Drover.IntegrationTests.LocalPostgres;

namespace Drover.IntegrationTests.Advice;

public sealed class ReuseAdviceTests(MeasuredPostgresFixture fixture)
{
    private const string Tables = """
        CREATE EXTENSION pg_stat_statements;
        CREATE SCHEMA shop;
        CREATE TABLE shop.customers (id bigint PRIMARY KEY, name text, region text);
        INSERT INTO shop.customers SELECT n, 'c' || n, 'r' || n % 5 FROM generate_series(1, 2000) n;
        CREATE TABLE shop.orders (id bigint PRIMARY KEY, customer_id bigint, total int, ref int);
        INSERT INTO shop.orders SELECT n, 1 + n % 2000, n % 100, n % 5000 FROM generate_series(1, 30000) n;
        CREATE INDEX ON shop.orders (customer_id);
        CREATE TABLE shop.rates (code text PRIMARY KEY, rate int);
        INSERT INTO shop.rates SELECT 'x' || n, n FROM generate_series(1, 5) n;
        CREATE TABLE shop.counters (code text PRIMARY KEY, n int);
        INSERT INTO shop.counters SELECT 'x' || n, n FROM generate_series(1, 5) n;
        CREATE TABLE shop.secrets (region text, n int);
        INSERT INTO shop.secrets SELECT 'r' || n % 5, n FROM generate_series(1, 20000) n;
        ALTER TABLE shop.secrets ENABLE ROW LEVEL SECURITY;
        ANALYZE;
        SELECT pg_stat_force_next_flush()
        """;

    // As if they had been loaded long ago.
    private const string Loaded = """
        SELECT pg_stat_reset_single_table_counters(c::regclass)
        FROM unnest('{shop.customers,shop.orders,shop.rates,shop.counters}'::text[]) c
        """;

    private const string ByRegion = """
        SELECT c.region, sum(o.total) AS total FROM shop.orders o JOIN shop.customers c ON c.id = o.customer_id
        WHERE c.region = 'r1' GROUP BY c.region
        """;

    private static readonly AdviceLimits s_limits = new()
    {
        ViewMilliseconds = 0.5,
        CachedCallsPerHour = 20,
        IndexGainShare = 0,
    };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Views_and_caches_are_advised_for_what_is_the_same_again(int major)
    {
        (LocalPostgresCluster cluster, string database) = await StartAsync(major);
        await RunAsync(
            cluster,
            database,
            ByRegion,
            // Another answer for each of 5,000; one for each call; locked rows; a bound that may be anything.
            "SELECT c.region, sum(o.total) FROM shop.orders o JOIN shop.customers c ON c.id = o.customer_id "
                + "WHERE o.ref = 7 GROUP BY c.region",
            "SELECT c.region, sum(o.total + random()) FROM shop.orders o JOIN shop.customers c ON c.id = o.customer_id "
                + "GROUP BY c.region",
            "SELECT c.id FROM shop.orders o JOIN shop.customers c ON c.id = o.customer_id WHERE o.id = 3 FOR SHARE",
            "SELECT o.id FROM shop.orders o JOIN shop.customers c ON c.id = o.customer_id WHERE o.total > 98",
            // Another for another role; what not everybody sees; nearly all rows; lists, of which 18 keeps one value.
            Joined("c.region, sum(o.total)", "WHERE c.name <> current_user GROUP BY c.region"),
            Joined("c.region, sum(o.total)", "WHERE current_setting('application_name') <> '' GROUP BY c.region"),
            "SELECT region, count(*) FROM shop.secrets GROUP BY region",
            Joined("c.id, o.total", ""),
            Joined("c.region, sum(o.total)", "WHERE c.region IN ('r1', 'r2', 'r3') GROUP BY c.region"),
            Joined("c.region, sum(o.total)", "WHERE c.region = ANY ('{r1,r2}'::text[]) GROUP BY c.region"),
            Joined("c.region, sum(o.total)", "WHERE c.region = current_date::text AND c.name LIKE 'c%' GROUP BY 1"),
            "SELECT rate FROM shop.rates WHERE code = 'x1'",
            "SELECT n FROM shop.counters WHERE code = 'x1'",
            "UPDATE shop.counters SET n = n + 1 WHERE code = 'x1'"
        );
        Recommendation[] all =
        [
            .. (await PathologyStage.InspectAsync(cluster, database, s_limits)).Recommendations.Where(static one =>
                one.Code is "materialized-view" or "cache-statement"
            ),
        ];
        Recommendation view = Assert.Single(all, static one => one.Code == "materialized-view");
        Assert.StartsWith("shop.orders_customers_", view.Subject, StringComparison.Ordinal);
        Assert.Contains("--unique region --refresh 1h", view.Do, StringComparison.Ordinal);
        Assert.Contains("put your values in the place of $1", view.Risk, StringComparison.Ordinal);
        Recommendation[] cached = [.. all.Where(static one => one.Code == "cache-statement")];
        Assert.Contains(cached, static one => one.Subject.StartsWith("shop.rates ", StringComparison.Ordinal));
        Assert.Contains(
            "for about 5 different answer(s), while 0 rows",
            cached.Single(static one => one.Subject.StartsWith("shop.rates ", StringComparison.Ordinal)).Evidence,
            StringComparison.Ordinal
        );
        Assert.DoesNotContain(cached, static one => one.Subject.Contains("counters", StringComparison.Ordinal));
        string[] never = ["random", "current_", "secrets", " IN (", "ANY", "FOR SHARE"];
        Assert.All(
            cached,
            one => Assert.All(never, word => Assert.DoesNotContain(word, one.Evidence, StringComparison.Ordinal))
        );
        await TakeAdviceAsync(cluster, database, view);
    }

    private static string Joined(string columns, string rest) =>
        $"SELECT {columns} FROM shop.orders o JOIN shop.customers c ON c.id = o.customer_id {rest}";

    /// <summary>The commands are typed as they stand, with the connection and the value.</summary>
    private static async Task TakeAdviceAsync(LocalPostgresCluster cluster, string database, Recommendation view)
    {
        string uri = $"postgres://postgres@{LocalPostgresCluster.Host}:{cluster.Port}/{database}";
        await ShellAsync(view.Do.Replace("$1", "'\\''r1'\\''", StringComparison.Ordinal), uri);
        Assert.Equal("1", await cluster.QueryAsync($"SELECT count(*) FROM {view.Subject}", Token, database));
        await ShellAsync(view.Undo, uri);
        Assert.Equal(
            "",
            await cluster.QueryAsync($"SELECT coalesce(to_regclass('{view.Subject}')::text, '')", Token, database)
        );
    }

    private static async Task ShellAsync(string command, string uri)
    {
        string line = command
            .Replace("-d URI", $"-d {uri}", StringComparison.Ordinal)
            .Replace("drover view", $"{TestedProgram.Path} view", StringComparison.Ordinal);
        using Process shell = Process.Start(
            new ProcessStartInfo("bash", ["-c", line]) { RedirectStandardError = true, RedirectStandardOutput = true }
        )!;
        string output = await shell.StandardOutput.ReadToEndAsync(Token);
        string error = await shell.StandardError.ReadToEndAsync(Token);
        await shell.WaitForExitAsync(Token);
        Assert.True(shell.ExitCode == 0, $"{line}\n{output}{error}");
    }

    private async Task<(LocalPostgresCluster Cluster, string Database)> StartAsync(int major)
    {
        (LocalPostgresCluster cluster, string database) = await fixture.CreateDatabaseAsync(major, Token);
        await cluster.ExecuteAsync(Tables, Token, database);
        await cluster.ExecuteAsync(Loaded, Token, database);
        return (cluster, database);
    }

    private static async Task RunAsync(LocalPostgresCluster cluster, string database, params string[] statements)
    {
        await cluster.ExecuteAsync(
            "SELECT pg_stat_statements_reset(0, oid, 0) FROM pg_database WHERE datname = current_database()",
            Token,
            database
        );
        for (int i = 0; i < 30; i++)
        {
            foreach (string statement in statements)
            {
                await cluster.ExecuteAsync($"SELECT pg_stat_force_next_flush(); {statement}", Token, database);
            }
        }
    }
}
