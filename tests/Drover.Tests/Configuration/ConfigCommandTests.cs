// The verbs of `drover config`: what they write and how they exit.
using System.CommandLine;
using System.Text.Json;
using Drover.App.Commands;

namespace Drover.Tests.Configuration;

public sealed class ConfigCommandTests : IDisposable
{
    private readonly ConfigurationFolder _folder = new();
    private readonly StringWriter _output = new();
    private readonly StringWriter _error = new();

    public void Dispose() => _folder.Dispose();

    private Task<int> RunAsync(params string[] arguments) =>
        new RootCommand { ConfigCommand.Create() }
            .Parse(["config", .. arguments])
            .InvokeAsync(
                new InvocationConfiguration { Output = _output, Error = _error },
                TestContext.Current.CancellationToken
            );

    [Fact]
    public async Task Check_of_a_good_file_exits_with_0()
    {
        string path = _folder.Write("a.ini", "[databases]\na = host=h\n[pgbouncer]\n");

        Assert.Equal(0, await RunAsync("check", path));
        Assert.EndsWith($"{path}: valid\n", _output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Check_of_a_bad_file_exits_with_1_and_names_every_line()
    {
        string path = _folder.Write("a.ini", "[pgbouncer]\nlisten_port = x\npool_mode = y\n");

        Assert.Equal(1, await RunAsync("check", path));
        Assert.Contains($"error: {path}:2: listen_port: 'x'", _error.ToString(), StringComparison.Ordinal);
        Assert.Contains($"error: {path}:3: pool_mode: 'y'", _error.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a.toml")]
    [InlineData("a.ini")]
    public async Task Check_of_a_file_that_is_not_there_says_that_and_nothing_else(string name)
    {
        string path = _folder.PathOf(name);

        Assert.Equal(1, await RunAsync("check", path));
        Assert.Equal($"error: {path}: cannot read '{path}': there is no such file\n", _error.ToString());
    }

    [Fact]
    public async Task Check_writes_json_with_places()
    {
        string path = _folder.Write("a.toml", "[proxy]\nlisten_prot = 1\n");

        Assert.Equal(1, await RunAsync("check", path, "--json"));
        using JsonDocument json = JsonDocument.Parse(_output.ToString());
        Assert.False(json.RootElement.GetProperty("valid").GetBoolean());
        Assert.Equal(2, json.RootElement.GetProperty("errors")[0].GetProperty("line").GetInt32());
    }

    [Fact]
    public async Task Convert_writes_a_file_for_its_owner_only_and_never_over_another()
    {
        string ini = _folder.Write("a.ini", "[databases]\na = host=h password=p\n[pgbouncer]\n");
        string toml = _folder.PathOf("a.toml");

        Assert.Equal(0, await RunAsync("convert", ini, "-o", toml));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, new FileInfo(toml).UnixFileMode);
        Assert.Equal(1, await RunAsync("convert", ini, "-o", toml));
        Assert.Equal(0, await RunAsync("check", toml));
    }

    [Fact]
    public async Task Convert_of_a_bad_file_writes_nothing_and_exits_with_1()
    {
        string ini = _folder.Write("a.ini", "[pgbouncer]\nlisten_port = x\n");

        Assert.Equal(1, await RunAsync("convert", ini));
        Assert.Equal("", _output.ToString());
    }

    [Fact]
    public async Task Docs_writes_the_reference()
    {
        Assert.Equal(0, await RunAsync("docs"));
        Assert.StartsWith("# Configuration\n", _output.ToString(), StringComparison.Ordinal);
    }
}
