// Where drover inspect --json writes to: a file, or standard output, as it did before it took a file.
using System.Text.Json;
using Drover.App.LocalPostgres;
using Drover.IntegrationTests.History;
using Drover.IntegrationTests.LocalPostgres;

namespace Drover.IntegrationTests.Advice;

public sealed class InspectJsonTests(PostgresFixture fixture) : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("drover-inspect-").FullName;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("URL --json")]
    [InlineData("--json URL")]
    [InlineData("URL --json -")]
    [InlineData("--json - URL")]
    public async Task Standard_output_has_nothing_but_JSON(string words)
    {
        ProgramAnswer answer = await RunAsync(words);
        Assert.True(answer.ExitCode == 0, answer.ToString());
        using JsonDocument document = JsonDocument.Parse(answer.Output);
        Assert.NotEmpty(document.RootElement.GetProperty("metrics").EnumerateArray());
    }

    [Theory]
    [InlineData("URL --json FOLDER/report.json")]
    [InlineData("--json FOLDER/report.json URL")]
    [InlineData("URL --json FOLDER/report")]
    public async Task File_has_the_JSON_and_standard_output_the_text(string words)
    {
        ProgramAnswer answer = await RunAsync(words);
        Assert.True(answer.ExitCode == 0, answer.ToString());
        Assert.Contains("lock contention", answer.Output, StringComparison.Ordinal);
        string file = Assert.Single(Directory.GetFiles(_folder));
        using JsonDocument document = JsonDocument.Parse(await File.ReadAllTextAsync(file, Token));
        Assert.NotEmpty(document.RootElement.GetProperty("metrics").EnumerateArray());
    }

    [Fact]
    public async Task File_that_cannot_be_written_is_said_and_the_exit_code_is_1()
    {
        ProgramAnswer answer = await RunAsync("URL --json FOLDER/no/such/folder.json");
        Assert.Equal(1, answer.ExitCode);
        Assert.Contains("drover: --json: ", answer.Error, StringComparison.Ordinal);
    }

    private async Task<ProgramAnswer> RunAsync(string words)
    {
        (LocalPostgresCluster cluster, string database) = await fixture.CreateDatabaseAsync(18, Token);
        string url = MonitorStage.Url(cluster, database);
        IEnumerable<string> options = words
            .Split(' ')
            .Select(word => word == "URL" ? url : word.Replace("FOLDER", _folder, StringComparison.Ordinal));
        return await TestedProgram.RunAsync(["inspect", "--seconds", "1", .. options]);
    }
}
