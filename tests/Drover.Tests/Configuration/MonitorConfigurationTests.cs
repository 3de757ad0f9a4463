// [monitor] and [monitor.servers.NAME] are read, written and checked.
using Drover.Configuration;
using Drover.Configuration.Files;

namespace Drover.Tests.Configuration;

public sealed class MonitorConfigurationTests : IDisposable
{
    private const string Toml = """
        [monitor]
        interval = "30s"
        retention = 7
        sample_statements = 20
        history = "host=h password=hidden"
        [monitor.servers.shop]
        connection = "postgres://drover:hidden@db1/shop"
        node_exporter = "http://db1:9100/metrics"
        [monitor.servers."the other"]
        connection = "host=db2"
        """;

    private readonly ConfigurationFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Servers_are_read_in_order_and_written_again()
    {
        DroverOptions options = (await LoadAsync(Toml)).Options!;
        Assert.Equal((TimeSpan.FromSeconds(30), 7), (options.Monitor.Interval, options.Monitor.Retention));
        Assert.Equal("host=h password=hidden", options.Monitor.History);
        Assert.Equal(20, options.Monitor.SampleStatements);
        Assert.Equal(["shop", "the other"], options.MonitoredServers.Select(server => server.Name));
        Assert.Equal("http://db1:9100/metrics", options.MonitoredServers[0].NodeExporter);
        StringWriter written = new();
        TomlConfigurationWriter.Write(options, written);
        Assert.Equal(options, (await _folder.LoadTomlAsync(written.ToString())).Options);
        Assert.NotEqual(options, (await LoadAsync(Toml.Replace("db2", "db3", StringComparison.Ordinal))).Options);
    }

    [Fact]
    public async Task Without_the_section_nothing_is_measured()
    {
        DroverOptions options = (await LoadAsync("")).Options!;
        Assert.Empty(options.MonitoredServers);
        Assert.Equal((TimeSpan.FromSeconds(10), 30), (options.Monitor.Interval, options.Monitor.Retention));
        Assert.Equal(100, options.Monitor.SampleStatements);
    }

    [Theory]
    [InlineData("[monitor]\ninterval = \"100ms\"", "samples can be 1 s apart at least")]
    [InlineData("[monitor]\nretention = 0", "retention: '0'")]
    [InlineData("[monitor]\nsample_statements = -1", "sample_statements: '-1'")]
    [InlineData("[monitor]\nintervall = 5", "did you mean interval?")]
    [InlineData("[monitor]\nservers = 5", "unknown name 'monitor.servers'")]
    [InlineData("[monitor.server.a]\nconnection = \"host=h\"", "unknown name 'monitor.server.a'")]
    [InlineData("[monitor.servers.a]\nnode_exporter = \"http://h\"", "server 'a' has no connection")]
    [InlineData("[monitor.servers.a]\nconnection = \"host=h\"\nnode_exporter = \"h:9100\"", "is not a URL")]
    [InlineData("[monitor.servers.a]\nconection = \"host=h\"", "did you mean connection?")]
    public async Task Misfit_is_refused(string toml, string expected)
    {
        ConfigurationResult result = await LoadAsync(toml);
        Assert.Contains(result.Errors, error => error.Message.Contains(expected, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Passwords_are_in_no_error()
    {
        ConfigurationResult result = await LoadAsync("[monitor.servers.a]\nconnection = [\"hidden\"]\n");
        Assert.NotEmpty(result.Errors);
        Assert.DoesNotContain(result.Errors, error => error.Message.Contains("hidden", StringComparison.Ordinal));
    }

    private Task<ConfigurationResult> LoadAsync(string toml) =>
        _folder.LoadTomlAsync("[proxy]\nunix_socket_dir = \"\"\nlisten_addr = \"127.0.0.1\"\n" + toml);
}
