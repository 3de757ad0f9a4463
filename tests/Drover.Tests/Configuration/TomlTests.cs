// drover.toml is read strictly, and what the converter writes is equal to what it read.
using System.Globalization;
using Drover.Configuration;
using Drover.Configuration.Files;
using Drover.Configuration.Settings;

namespace Drover.Tests.Configuration;

public sealed class TomlTests : IDisposable
{
    private readonly ConfigurationFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Tables_dotted_keys_and_inline_tables_mean_the_same()
    {
        DroverOptions options = await _folder.ValidTomlAsync(
            """
            databases.a = { host = ["h1", "h2"], pool_size = 3 }

            [proxy]
            unix_socket_dir = ""
            listen_addr = "127.0.0.1"

            [databases."*"]
            host = "h3"
            [users.alice]
            pool_mode = "session"
            [peers.2]
            host = "p"
            """
        );

        Assert.Equal(["h1", "h2"], options.Databases[0].Host);
        Assert.Equal(3, options.Databases[0].PoolSize);
        Assert.Equal(["h3"], options.FallbackDatabase?.Host);
        Assert.Equal(PoolMode.Session, options.Users[0].PoolMode);
        Assert.Equal(2, options.Peers[0].PeerId);
    }

    [Theory]
    [InlineData("\"15s\"", 15_000)]
    [InlineData("\"500ms\"", 500)]
    [InlineData("\"2min\"", 120_000)]
    [InlineData("\"1h\"", 3_600_000)]
    [InlineData("\"1.5 s\"", 1_500)]
    [InlineData("15", 15_000)]
    [InlineData("0.25", 250)]
    [InlineData("\"0\"", 0)]
    public async Task Durations_carry_a_unit_or_are_seconds(string text, int milliseconds)
    {
        DroverOptions options = await _folder.ValidTomlAsync($"[proxy]\nquery_timeout = {text}\n");

        Assert.Equal(TimeSpan.FromMilliseconds(milliseconds), options.Proxy.Timeouts.QueryTimeout);
    }

    [Fact]
    public async Task Every_error_is_reported_at_once_with_line_and_column()
    {
        ConfigurationResult result = await _folder.LoadTomlAsync(
            """
            listen_port = 1
            [proxy]
            pool_mod = "session"
            max_client_conn = "many"
            so_reuseport = 1
            query_timeout = "15 parsecs"
              pool_mode = "pooled"
            [database.a]
            host = "h"
            [users.u]
            pool_sise = 1
            [peers.x]
            host = "h"
            """
        );

        Assert.Equal(
            [(1, 1), (3, 1), (4, 1), (5, 1), (6, 1), (7, 3), (8, 1), (9, 1), (11, 1), (12, 1)],
            result.Errors.Select(error => (error.Line, error.Column))
        );
        Assert.Contains("below [proxy]", result.Errors[0].Message, StringComparison.Ordinal);
        Assert.Contains("did you mean pool_mode?", result.Errors[1].Message, StringComparison.Ordinal);
        Assert.Contains("did you mean databases?", result.Errors[6].Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("[proxy]\nlisten_port = \n", 2)]
    [InlineData("[proxy]\nlisten_port = 1\nlisten_port = 2\n", 3)]
    [InlineData("[[databases]]\nhost = \"h\"\n", 1)]
    public async Task What_is_not_toml_is_refused_with_its_line(string text, int line)
    {
        ConfigurationResult result = await _folder.LoadTomlAsync(text);

        Assert.NotEmpty(result.Errors);
        Assert.Equal(line, result.Errors[0].Line);
    }

    [Fact]
    public async Task Converted_file_loads_to_equal_options()
    {
        string ini = _folder.Write(
            "full.ini",
            """"
            [databases]
            shop = host=h1,h2 port=5433 pool_mode=statement password='a''b "c" \d' connect_query='select 1'
            "odd ""name""" = dbname=x client_encoding=UTF8 server_lifetime=0.5
            * = auth_user=bob
            [users]
            "o'neil" = transaction_timeout=1.5 pool_size=0
            [peers]
            7 = host=@abstract
            [pgbouncer]
            listen_addr = *
            unix_socket_mode = 0750
            server_check_query =
            server_tls_protocols = tlsv1.2
            track_extra_parameters = search_path, IntervalStyle
            tcp_user_timeout = 250
            query_wait_notify = 0
            """"
        );

        await AssertConvertsAsync(ini);
    }

    [Fact]
    public async Task Every_setting_survives_the_converter_with_another_value_than_its_default()
    {
        string ini = _folder.Write(
            "all.ini",
            "[databases]\na = "
                + AllPairs(SettingCatalog.Databases, new DatabaseOptions { Name = "a" })
                + "\n[users]\nu = "
                + AllPairs(SettingCatalog.Users, new UserOptions { Name = "u" })
                + "\n[pgbouncer]\n"
                + string.Concat(
                    SettingCatalog.Proxy.All.Select(s => $"{s.Name} = {Other(s, s.Format(new ProxyOptions()))}\n")
                )
        );

        DroverOptions options = await AssertConvertsAsync(ini);

        ProxyOptions defaults = new();
        Assert.All(SettingCatalog.Proxy.All, s => Assert.NotEqual(s.Format(defaults), s.Format(options.Proxy)));
    }

    /// <summary>Texts of all that quoting could stumble over; numbers and times of every size.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Whatever_a_valid_file_says_survives_the_converter(int seed)
    {
        Random random = new(seed);
        for (int round = 0; round < 40; round++)
        {
            string ini = _folder.Write(
                "random.ini",
                $"[databases]\n{IniLine.FormatKey(Text(random, 1))} = "
                    + Pairs(random, SettingCatalog.Databases, new DatabaseOptions { Name = "x" })
                    + $"\n* = {Pairs(random, SettingCatalog.Databases, new DatabaseOptions { Name = "*" })}"
                    + $"\n[users]\n{IniLine.FormatKey(Text(random, 1))} = "
                    + Pairs(random, SettingCatalog.Users, new UserOptions { Name = "x" })
                    + $"\n[peers]\n{random.Next(1, 16384)} = host=h "
                    + Pairs(random, SettingCatalog.Peers, new PeerOptions { PeerId = 1 })
                    + "\n[pgbouncer]\n"
                    + string.Concat(
                        Values(random, SettingCatalog.Proxy, new ProxyOptions(), 0)
                            .Select(static pair => $"{pair.Name} = {pair.Value}\n")
                    )
            );
            await AssertConvertsAsync(ini);
        }
    }

    private static string Pairs<T>(Random random, SettingTable<T> table, T defaults)
        where T : class =>
        string.Join(
            ' ',
            Values(random, table, defaults, 1).Select(pair => ConnectionString.Format(pair.Name, pair.Value))
        );

    /// <summary>About half of the settings, each with a value that it takes.</summary>
    private static IEnumerable<(string Name, string Value)> Values<T>(
        Random random,
        SettingTable<T> table,
        T defaults,
        int lengthMin
    )
        where T : class =>
        table
            .All.Where(_ => random.Next(2) == 0)
            .Select(setting => (setting.Name, Value: Value(random, setting, lengthMin)))
            .Where(pair => table.Find(pair.Name)!.Set(defaults, pair.Value, out _) is not null);

    private static string Value<T>(Random random, Setting<T> setting, int lengthMin)
        where T : class =>
        setting.Kind switch
        {
            SettingKind.Integer => random.Next(4) switch
            {
                0 => "0",
                1 => "-1",
                2 => $"{random.Next(1, 100)}",
                _ => $"{random.Next()}",
            },
            SettingKind.Duration => random.Next(3) switch
            {
                0 => "0",
                1 => $"{random.Next(1, 1_000_000)}",
                _ => string.Create(CultureInfo.InvariantCulture, $"{random.Next(1, 1_000_000) / 1000m}"),
            },
            SettingKind.Boolean => $"{random.Next(2)}",
            SettingKind.FileMode => $"0{random.Next(8)}{random.Next(8)}{random.Next(8)}",
            SettingKind.Choice => setting.Words[random.Next(setting.Words.Count)],
            _ => Text(random, lengthMin),
        };

    private static string Text(Random random, int lengthMin)
    {
        const string Letters = "aZ0 '\"\\#;=%[]{}.,:*$@\t\u0001\u007fé漢\u2028";
        string text = new([
            .. Enumerable.Range(0, random.Next(lengthMin, 12)).Select(_ => Letters[random.Next(Letters.Length)]),
        ]);
        return random.Next(5) == 0 ? text + "😀" : text;
    }

    private static string AllPairs<T>(SettingTable<T> table, T defaults)
        where T : class =>
        string.Join(' ', table.All.Select(s => ConnectionString.Format(s.Name, Other(s, s.Format(defaults)))));

    private static string Other<T>(Setting<T> setting, string? value)
        where T : class =>
        setting.Kind switch
        {
            SettingKind.Integer => value == "4097" ? "5000"
            : setting.Name is "verbose" ? "2"
            : setting.Name is "event_loops" ? "3"
            : "4097",
            SettingKind.Duration => "0.125",
            SettingKind.Boolean => value == "0" ? "1" : "0",
            SettingKind.FileMode => "0640",
            SettingKind.Choice => setting.Words.Last(word => word != value),
            SettingKind.List => setting.Name.EndsWith("protocols", StringComparison.Ordinal) ? "tlsv1.3" : "x,y",
            _ => "it's \"so\" \\ text",
        };

    private async Task<DroverOptions> AssertConvertsAsync(string ini)
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        DroverOptions before = ConfigurationFolder.Valid(
            await ConfigurationLoader.LoadSettingsAsync(ini, ConfigurationKind.PgBouncerIni, cancellation)
        );
        StringWriter toml = new();
        TomlConfigurationWriter.Write(before, toml);
        string path = _folder.Write("converted.toml", toml.ToString());
        DroverOptions after = ConfigurationFolder.Valid(
            await ConfigurationLoader.LoadSettingsAsync(path, ConfigurationKind.Toml, cancellation)
        );
        Assert.Equal(before, after);
        return before;
    }
}
