// drover index apply of a partitioned table: what ends midway says what it built and how that goes.
using Drover.App.LocalPostgres;
using Drover.IntegrationTests.LocalPostgres;

namespace Drover.IntegrationTests.Advice;

public sealed class PartitionedIndexTests(MeasuredPostgresFixture fixture)
{
    private const string Shop = $"CREATE SCHEMA shop; {IndexStage.Parts} CREATE EXTENSION pg_stat_statements";

    private const StringComparison Ordinal = StringComparison.Ordinal;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Build_that_ends_midway_names_the_commands_that_drop_what_it_built(int major)
    {
        (LocalPostgresCluster cluster, string database) = await StageAsync(major);
        string[] words = ["index", "apply", "--all", "-d", InspectProgram.Url(cluster, database)];
        // 1. A leaf fails: two have theirs, and nothing joins them.
        await FailAsync(cluster, database, "CREATE INDEX", "%ON shop.parts_1 %");
        string[] undo = await LeftOfAsync(words, Goes);
        Assert.Equal(2, undo.Length);
        Assert.All(undo, static one => Assert.StartsWith("DROP INDEX CONCURRENTLY shop.", one, Ordinal));
        Assert.Contains(undo, static one => one.StartsWith("DROP INDEX CONCURRENTLY shop.\"Parts 3", Ordinal));
        await AllGoAsync(cluster, database, undo);
        // 2. The last leaf is not joined: the others go with the root's, and it by itself.
        await FailAsync(cluster, database, "ALTER INDEX", "%ATTACH PARTITION shop.parts_1_%");
        undo = await LeftOfAsync(words, Goes);
        Assert.Contains("DROP INDEX shop.parts_device_idx", undo);
        Assert.Contains(undo, static one => one.StartsWith("DROP INDEX CONCURRENTLY shop.parts_1_", Ordinal));
        await AllGoAsync(cluster, database, undo);
        // 3. Or it is finished by hand: with all leaves built nothing is missing any more, and it is not advised.
        string[] joins = await LeftOfAsync(words, "What does it:");
        await cluster.ExecuteAsync("DROP EVENT TRIGGER fails", Token, database);
        foreach (string join in joins.TakeWhile(static line => !line.Contains(Goes, Ordinal)))
        {
            await cluster.ExecuteAsync(join, Token, database);
        }
        Assert.Equal(5L, await InspectProgram.ScalarAsync(cluster, database, Count + " AND i.indisvalid"));
    }

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Build_that_failed_in_a_partition_goes_on_there(int major)
    {
        (LocalPostgresCluster cluster, string database) = await StageAsync(major);
        string[] words = ["index", "apply", "--all", "-d", InspectProgram.Url(cluster, database)];
        await FailAsync(cluster, database, "CREATE INDEX", "%ON shop.parts_1 %");
        _ = await LeftOfAsync(words, "the same verb goes on where it was");
        await cluster.ExecuteAsync("DROP EVENT TRIGGER fails", Token, database);
        ProgramAnswer built = await TestedProgram.RunAsync(words);
        Assert.True(built.ExitCode == 0, built.ToString());
        Assert.True(built.Output.Split("is there already").Length - 1 == 2, built.ToString());
        Assert.Equal(5L, await InspectProgram.ScalarAsync(cluster, database, Count + " AND i.indisvalid"));
    }

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Another_index_of_a_name_is_refused_before_anything_is_built(int major)
    {
        (LocalPostgresCluster cluster, string database) = await StageAsync(major);
        await cluster.ExecuteAsync("CREATE INDEX parts_device_idx ON ONLY shop.parts (day)", Token, database);
        ProgramAnswer refused = await TestedProgram.RunAsync([
            "index",
            "apply",
            "--all",
            "-d",
            InspectProgram.Url(cluster, database),
        ]);
        Assert.True(refused.ExitCode == 3, refused.ToString());
        Assert.Contains("shop.parts_device_idx is another index, (day) and not (device)", refused.Error, Ordinal);
        Assert.Contains("or DROP INDEX shop.parts_device_idx if nobody needs it", refused.Error, Ordinal);
        Assert.DoesNotContain("DROP INDEX", refused.Output, Ordinal);
        Assert.Equal(1L, await InspectProgram.ScalarAsync(cluster, database, Count));
    }

    private const string Count =
        "SELECT count(*) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid "
        + "WHERE c.relnamespace = 'shop'::regnamespace";

    private const string Goes = "What is built goes by:";

    /// <summary>Applies, which fails, and takes what it says behind a line.</summary>
    private static async Task<string[]> LeftOfAsync(string[] words, string title)
    {
        ProgramAnswer failed = await TestedProgram.RunAsync(words);
        Assert.True(failed.ExitCode == 1, failed.ToString());
        Assert.Contains("planted", failed.Error, Ordinal);
        string[] lines = failed.Output.Split('\n');
        int at = Array.FindIndex(lines, line => line.Contains(title, Ordinal));
        Assert.True(at >= 0, failed.ToString());
        return [.. lines[(at + 1)..].Select(static line => line.Trim()).Where(static line => line.Length > 0)];
    }

    private static async Task AllGoAsync(LocalPostgresCluster cluster, string database, string[] commands)
    {
        foreach (string command in commands)
        {
            await cluster.ExecuteAsync(command, Token, database);
        }
        Assert.Equal(0L, await InspectProgram.ScalarAsync(cluster, database, Count));
    }

    /// <summary>Commands of a tag that are like a pattern fail from now on, and no others.</summary>
    private static Task FailAsync(LocalPostgresCluster cluster, string database, string tag, string pattern) =>
        cluster.ExecuteAsync(
            $"""
            DROP EVENT TRIGGER IF EXISTS fails;
            CREATE OR REPLACE FUNCTION public.fails() RETURNS event_trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF current_query() LIKE '{pattern}' THEN RAISE EXCEPTION 'planted'; END IF;
            END $$;
            CREATE EVENT TRIGGER fails ON ddl_command_start WHEN TAG IN ('{tag}') EXECUTE FUNCTION public.fails()
            """,
            Token,
            database
        );

    private Task<(LocalPostgresCluster Cluster, string Database)> StageAsync(int major) =>
        IndexStage.StartAsync(fixture, major, Shop, IndexStage.OfDevice);
}
