// Advice that somebody does not want to see: silent for everybody, until it is asked for again.
using System.Text.Json;
using Drover.Advice;
using Drover.App.LocalPostgres;
using Drover.History;
using Drover.IntegrationTests.History;
using Drover.IntegrationTests.LocalPostgres;

namespace Drover.IntegrationTests.Advice;

public sealed class SilenceTests(PostgresFixture fixture)
{
    private const string Duplicates = """
        CREATE TABLE t (id bigint PRIMARY KEY, a text);
        INSERT INTO t SELECT n, repeat('a', 100) || n FROM generate_series(1, 20000) n;
        CREATE INDEX one ON t (a); CREATE INDEX two ON t (a)
        """;

    private const string IsKept = "SELECT to_regclass('drover.silenced_advice') IS NOT NULL";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Silenced_advice_is_counted_and_not_shown_to_anybody(int major)
    {
        (LocalPostgresCluster cluster, string database) = await fixture.CreateDatabaseAsync(major, Token);
        await cluster.ExecuteAsync(Duplicates, Token, database);
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

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Page_does_not_show_it_either_until_it_is_asked_for_again(int major)
    {
        (LocalPostgresCluster cluster, string database) = await fixture.CreateDatabaseAsync(major, Token);
        await cluster.ExecuteAsync(Duplicates, Token, database);
        await using MonitorStage stage = await MonitorStage.StartAsync(
            MonitorStage.Options("", (MonitorStage.Server, MonitorStage.Url(cluster, database)))
        );
        await stage.UntilAsync(static status => Shown(status).Length == 1);
        string id = Shown(stage.Monitor.Latest(MonitorStage.Server))[0].Id;
        await InspectAsync(cluster, database, "--silence", id);
        await stage.UntilAsync(static status => status.Recommendations.Count > 0 && Shown(status).Length == 0);
        await InspectAsync(cluster, database, "--unsilence", id);
        await stage.UntilAsync(static status => Shown(status).Length == 1);

        static Recommendation[] Shown(MonitorStatus status) =>
            [.. status.Recommendations.Where(static one => one.Code == "duplicate-index")];
    }

    private static JsonElement Single(JsonElement all, string code) =>
        all.GetProperty("recommendations").EnumerateArray().Single(one => one.GetProperty("code").GetString() == code);

    private static Task<JsonElement> InspectAsync(
        LocalPostgresCluster cluster,
        string database,
        params string[] options
    ) => InspectProgram.JsonAsync(cluster, database, LocalPostgresCluster.Superuser, options);
}
