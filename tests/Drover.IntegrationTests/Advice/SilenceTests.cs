// Advice that somebody does not want to see: silent for everybody, until it is asked for again.
using System.Text.Json;
using Drover.App.LocalPostgres;
using Drover.IntegrationTests.LocalPostgres;

namespace Drover.IntegrationTests.Advice;

public sealed class SilenceTests(PostgresFixture fixture)
{
    private const string IsKept = "SELECT to_regclass('drover.silenced_advice') IS NOT NULL";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Silenced_advice_is_counted_and_not_shown_to_anybody(int major)
    {
        (LocalPostgresCluster cluster, string database) = await fixture.CreateDatabaseAsync(major, Token);
        await cluster.ExecuteAsync(
            """
            CREATE TABLE t (id bigint PRIMARY KEY, a text);
            INSERT INTO t SELECT n, repeat('a', 100) || n FROM generate_series(1, 20000) n;
            CREATE INDEX one ON t (a); CREATE INDEX two ON t (a)
            """,
            Token,
            database
        );
        JsonElement first = await InspectAsync(cluster, database);
        JsonElement duplicate = Single(first, "duplicate-index");
        Assert.Equal(false, await InspectProgram.ScalarAsync(cluster, database, IsKept));
        string id = duplicate.GetProperty("id").GetString()!;

        JsonElement silenced = await InspectAsync(cluster, database, "--silence", id);
        Assert.Equal(1, silenced.GetProperty("silenced").GetInt32());
        Assert.DoesNotContain("duplicate-index", silenced.ToString(), StringComparison.Ordinal);
        JsonElement other = await InspectProgram.JsonAsync(cluster, database, "app");
        Assert.DoesNotContain("duplicate-index", other.ToString(), StringComparison.Ordinal);
        string[] words = ["inspect", InspectProgram.Url(cluster, database), "--seconds", "1"];
        ProgramAnswer text = await TestedProgram.RunAsync(words);
        Assert.Contains("1 silenced: --all shows them.", text.Output, StringComparison.Ordinal);
        JsonElement all = await InspectAsync(cluster, database, "--all");
        Assert.True(Single(all, "duplicate-index").GetProperty("silenced").GetBoolean());

        JsonElement again = await InspectAsync(cluster, database, "--unsilence", id);
        Assert.False(Single(again, "duplicate-index").GetProperty("silenced").GetBoolean());
        ProgramAnswer unknown = await TestedProgram.RunAsync([.. words, "--silence", "nothing"]);
        Assert.Equal(3, unknown.ExitCode);
        ProgramAnswer notSilenced = await TestedProgram.RunAsync([.. words, "--unsilence", id]);
        Assert.Equal(3, notSilenced.ExitCode);
    }

    private static JsonElement Single(JsonElement all, string code) =>
        all.GetProperty("recommendations").EnumerateArray().Single(one => one.GetProperty("code").GetString() == code);

    private static Task<JsonElement> InspectAsync(
        LocalPostgresCluster cluster,
        string database,
        params string[] options
    ) => InspectProgram.JsonAsync(cluster, database, LocalPostgresCluster.Superuser, options);
}
