// Documents are held against the code: what they name exists, and what they list is all there is.
using Drover.App.Hosting;
using Drover.Telemetry;
using Drover.Tests.Tidy;

namespace Drover.Tests.Documents;

public sealed class DocumentTests
{
    private const string Operations = "docs/operations.md";
    private const string Architecture = "docs/ARCHITECTURE.md";

    public static TheoryData<string> Documents() =>
        [.. WorkingTree.Files.Where(path => path.EndsWith(".md", StringComparison.Ordinal))];

    [Theory]
    [MemberData(nameof(Documents))]
    public void Every_path_that_a_document_names_exists(string document) =>
        Report(NamedThings.MissingPaths(document, WorkingTree.Read(document)));

    [Fact]
    public void Every_type_that_the_architecture_names_exists() =>
        Report(NamedThings.MissingTypes(Architecture, WorkingTree.Read(Architecture)));

    [Fact]
    public void Every_metric_is_listed()
    {
        string text = WorkingTree.Read(Operations);
        Report(
            MetricCatalog
                .All.Select(family => $"| `{PrometheusText.NameOf(family)}` | {Kind(family)} | {family.Help} |")
                .Where(line => !text.Contains(line, StringComparison.Ordinal))
        );
    }

    [Fact]
    public void Every_error_of_the_proxy_is_listed_with_its_SQLSTATE()
    {
        string[] lines = WorkingTree.Read(Operations).Split('\n');
        Report(
            from file in WorkingTree.Sources
            where file.Path.StartsWith("src/Drover/", StringComparison.Ordinal)
            from error in ProxyErrors.In(file)
            where !lines.Any(line => IsAbout(line, error.SqlState, error.Message))
            select $"{file.Path}: {error.SqlState} {error.Message}"
        );
    }

    [Fact]
    public void A_path_that_does_not_exist_is_seen() =>
        Assert.Equal(2, NamedThings.MissingPaths("docs/x.md", "`src/Nowhere.cs` and [this](nowhere.md#part)").Count());

    [Fact]
    public void A_type_that_does_not_exist_is_seen() =>
        Assert.Equal(2, NamedThings.MissingTypes("x", "`ClientSession.Nothing`, `Jabberwock`, `Inbox.Park`").Count());

    [Theory]
    [InlineData("new SessionEnd(\"no luck\", SqlState.TooManyConnections)", "53300", "no luck")]
    [InlineData(
        "new PoolFailure(Protocol.SqlState.ConnectionFailure, $\"host {x} is\" + \" gone\")",
        "08006",
        "host … is gone"
    )]
    [InlineData("SessionEnd.Violation($\"odd {x}\")", "08P01", "odd …")]
    public void An_error_is_read_from_the_source(string expression, string state, string message) =>
        Assert.Equal(
            [(state, message)],
            ProxyErrors.In(new SourceFile("x.cs", $"class C {{ object M() => {expression}; }}"))
        );

    private static bool IsAbout(string line, string state, string message) =>
        line.StartsWith($"| {state} |", StringComparison.Ordinal)
        && (
            line.Contains($"`{message}`", StringComparison.Ordinal)
            || (message.EndsWith('…') && line.Contains($"`{message}", StringComparison.Ordinal))
            || line.Split('`')
                .Any(part => part.EndsWith('…') && message.StartsWith(part[..^1], StringComparison.Ordinal))
        );

    private static string Kind(MetricFamily family) =>
        family.Kind switch
        {
            MetricKind.Counter => "counter",
            MetricKind.Gauge => "gauge",
            _ => "histogram",
        };

    private static void Report(IEnumerable<string> findings)
    {
        string[] all = [.. findings];
        Assert.True(all.Length == 0, string.Join('\n', all));
    }
}
