// What does not fit together is refused; secrets do not show; a reload keeps what needs a restart.
using Drover.Configuration;
using Drover.Configuration.Settings;

namespace Drover.Tests.Configuration;

public sealed class ValidationTests : IDisposable
{
    private readonly ConfigurationFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("unix_socket_dir =", "nowhere to listen")]
    [InlineData("unix_socket_dir = /nowhere/at/all", "there is no folder")]
    [InlineData("auth_type = hba", "needs auth_hba_file")]
    [InlineData("auth_type = pam", "not supported")]
    [InlineData("auth_type = cert", "verify-full")]
    [InlineData("client_tls_sslmode = require", "client_tls_key_file and client_tls_cert_file")]
    [InlineData("server_tls_ca_file = /nowhere", "there is no file")]
    [InlineData("server_tls_ciphers = NO-SUCH-SUITE", "selects no cipher suite")]
    [InlineData("server_tls13_ciphers = HIGH", "selects no cipher suite")]
    [InlineData("metrics_listen = 9127", "address:port")]
    [InlineData("otlp_endpoint = collector", "not a URL")]
    [InlineData("web_listen = 6480", "web_listen: '6480' is not address:port")]
    [InlineData("web_listen = 0.0.0.0:6480", "needs web_token_file, web_tls_cert_file and web_tls_key_file")]
    [InlineData("web_listen = *:6480", "can be reached from other machines")]
    [InlineData("web_listen = [::]:6480", "can be reached from other machines")]
    [InlineData("web_listen = 127.0.0.1:6480\nweb_token_file = /nowhere", "there is no file '/nowhere'")]
    [InlineData("auth_file = /nowhere", "cannot read '/nowhere'")]
    [InlineData("listen_port = 0", "from 1 to 65535")]
    [InlineData("peer_id = 16384", "from 0 to 16383")]
    [InlineData("unix_socket_mode = 888", "file mode")]
    public async Task Misfit_is_refused_at_its_line(string line, string expected)
    {
        ConfigurationResult result = await _folder.LoadIniAsync($"[pgbouncer]\n{line}\n");

        ConfigurationError error = Assert.Single(result.Errors);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        int expectedLine = 2 + line.Count(static letter => letter == '\n');
        Assert.True(error.Line == expectedLine || line == "unix_socket_dir =", error.ToString());
    }

    [Theory]
    [InlineData("web_token_file")]
    [InlineData("web_tls_cert_file", "web_tls_key_file")]
    public async Task Page_for_other_machines_needs_both_a_token_and_TLS(params string[] given)
    {
        string file = _folder.Write("file", "");
        string lines = string.Concat(given.Select(name => $"{name} = {file}\n"));

        ConfigurationResult result = await _folder.LoadIniAsync($"[pgbouncer]\nweb_listen = 192.0.2.1:6480\n{lines}");
        ConfigurationResult here = await _folder.LoadIniAsync($"[pgbouncer]\nweb_listen = [::1]:6480\n{lines}");

        Assert.Contains("so it needs web_token_file", Assert.Single(result.Errors).Message, StringComparison.Ordinal);
        Assert.Empty(here.Errors);
    }

    [Theory]
    [InlineData("auth_dbname = other", "no database entry 'other'")]
    [InlineData("auth_type = any", "database 'a' has no user")]
    [InlineData("auth_type = md5", "nobody can log in")]
    [InlineData("auth_type = plain", "over TLS only")]
    public async Task Doubtful_setting_that_PgBouncer_starts_with_is_a_warning(string line, string expected)
    {
        DroverOptions options = await _folder.ValidIniAsync($"[databases]\na = host=h\n[pgbouncer]\n{line}\n");

        Assert.Contains(options.Warnings, w => w.Message.Contains(expected, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Missing_auth_file_is_a_warning_when_users_can_be_looked_up()
    {
        DroverOptions options = await _folder.ValidIniAsync("[pgbouncer]\nauth_file = /nowhere\nauth_user = u\n");

        Assert.Contains(options.Warnings, w => w.Message.Contains("cannot read", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Broken_rules_and_users_refuse_the_configuration_with_their_own_lines()
    {
        string hba = _folder.Write("hba.conf", "local all all trust\nbroken\n");
        string users = _folder.Write("users.txt", "\"a\" \"b\"\n\nbroken\n");

        ConfigurationResult result = await _folder.LoadIniAsync(
            $"[pgbouncer]\nauth_type = hba\nauth_hba_file = {hba}\nauth_file = {users}\n"
        );

        Assert.Equal([(users, 3), (hba, 2)], result.Errors.Select(e => (e.File, e.Line)));
    }

    [Fact]
    public void Secrets_do_not_show_in_text_or_on_the_console()
    {
        DatabaseOptions database = new() { Name = "a", Password = "hunter2" };
        ProxyOptions proxy = new() { Authentication = new() { AuthLdapOptions = "hunter2" } };
        DroverOptions options = new()
        {
            Proxy = proxy,
            Databases = [database],
            FallbackDatabase = database,
        };

        Assert.DoesNotContain("hunter2", options.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", database.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(
            SettingConsole.Show(proxy),
            row => row.Value.Contains("hunter2", StringComparison.Ordinal)
        );
        Assert.Equal("***", SettingCatalog.Databases.Find("password")?.Show(database));
    }

    [Fact]
    public async Task Reload_changes_what_it_can_and_names_what_needs_a_restart()
    {
        DroverOptions running = await _folder.ValidIniAsync("[pgbouncer]\n");
        DroverOptions loaded = await _folder.ValidIniAsync("[pgbouncer]\nlisten_port = 7\ndefault_pool_size = 9\n");

        ConfigurationReload reload = ConfigurationReload.Plan(running, loaded);

        Assert.Equal(["default_pool_size"], reload.Changed);
        Assert.Equal(["listen_port"], reload.NeedRestart);
        Assert.Equal(6432, reload.Options.Proxy.Listen.ListenPort);
        Assert.Equal(9, reload.Options.Proxy.Pool.DefaultPoolSize);
    }

    [Fact]
    public void Every_default_is_a_value_that_its_setting_accepts()
    {
        ProxyOptions defaults = new();
        Assert.All(
            SettingCatalog.Proxy.All,
            setting => Assert.Equal(defaults, setting.Set(defaults, setting.Format(defaults) ?? "", out _))
        );
    }

    [Fact]
    public void Console_sets_what_can_change_and_refuses_the_rest()
    {
        ProxyOptions options = new();

        Assert.Equal(5, SettingConsole.Set(options, "default_pool_size", "5", out _)?.Pool.DefaultPoolSize);
        Assert.Null(SettingConsole.Set(options, "listen_port", "5", out string restart));
        Assert.Contains("restart", restart, StringComparison.Ordinal);
        Assert.Null(SettingConsole.Set(options, "defualt_pool_size", "5", out string unknown));
        Assert.Contains("did you mean default_pool_size?", unknown, StringComparison.Ordinal);
        Assert.Null(SettingConsole.Set(options, "query_timeout", "soon", out string wrong));
        Assert.Contains("length of time", wrong, StringComparison.Ordinal);
    }

    [Fact]
    public void Console_lists_settings_by_name()
    {
        List<string> names = [.. SettingConsole.Show(new ProxyOptions()).Select(row => row.Key)];

        Assert.Equal(names.Order(StringComparer.Ordinal), names);
        Assert.Equal("admin_users", names[0]);
    }
}
