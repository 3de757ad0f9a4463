// pgbouncer.ini is read as PgBouncer reads it.
using Drover.Configuration;
using Drover.Configuration.Settings;
using Drover.Pooling;

namespace Drover.Tests.Configuration;

public sealed class PgBouncerIniTests : IDisposable
{
    private readonly ConfigurationFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Empty_main_section_gives_PgBouncers_defaults()
    {
        DroverOptions options = await _folder.ValidIniAsync("[pgbouncer]\n");

        Assert.Equal(new ProxyOptions(), options.Proxy);
        Assert.Equal(6432, options.Proxy.Listen.ListenPort);
        Assert.Equal(PoolMode.Session, options.Proxy.Pool.PoolMode);
        Assert.Equal(TimeSpan.FromSeconds(120), options.Proxy.Timeouts.QueryWaitTimeout);
    }

    [Fact]
    public async Task Web_shops_file_is_read_whole()
    {
        _folder.Write("userlist.txt", "\"web\" \"SCRAM-SHA-256$4096:c2FsdA==$c3RvcmVk:c2VydmVy\"\n");
        DroverOptions options = await _folder.ValidIniAsync(
            $"""
            ;; shop in production
            [databases]
            shop = host=10.0.0.5,10.0.0.6 port=5433 dbname=shop_prod pool_mode=transaction load_balance_hosts=disable
            reports=host=h7 password='it''s secret' connect_query='SET work_mem = ''64MB''' reserve_pool=3
            "with space" = host=/var/run/postgresql
            * = host=10.0.0.9 auth_user=lookup

            [users]
            batch = pool_mode=session max_user_connections=5 query_timeout=90.5
            # the process
            [pgbouncer]
            listen_addr = 0.0.0.0 , ::
            listen_port=7000
            auth_type = SCRAM-SHA-256
            auth_file = {_folder.PathOf("userlist.txt")}
            max_client_conn = 0x400
            default_pool_size = 25
            server_idle_timeout = 0.25
            unix_socket_dir =
            unix_socket_mode = 0770
            ignore_startup_parameters = extra_float_digits,options
            server_check_query = SELECT 1
            tcp_user_timeout = 1500
            [peers]
            1 = host=/tmp/one
            2 = host=h2 port=7001 pool_size=9
            """
        );

        Assert.Equal(["shop", "reports", "with space"], options.Databases.Select(d => d.Name));
        DatabaseOptions shop = options.Databases[0];
        Assert.Equal(["10.0.0.5", "10.0.0.6"], shop.Host);
        Assert.Equal((5433, "shop_prod"), (shop.Port, shop.Dbname));
        Assert.Equal((PoolMode.Transaction, LoadBalanceHosts.Disable), (shop.PoolMode, shop.LoadBalanceHosts));
        Assert.Equal("it's secret", options.Databases[1].Password);
        Assert.Equal("SET work_mem = '64MB'", options.Databases[1].ConnectQuery);
        Assert.Equal(3, options.Databases[1].ReservePoolSize);
        Assert.Equal("lookup", options.FallbackDatabase?.AuthUser);
        Assert.Equal(TimeSpan.FromSeconds(90.5), options.Users[0].QueryTimeout);
        Assert.Equal(["0.0.0.0", "::"], options.Proxy.Listen.ListenAddr);
        Assert.Equal(AuthType.ScramSha256, options.Proxy.Authentication.AuthType);
        Assert.Equal(1024, options.Proxy.Pool.MaxClientConn);
        Assert.Equal(TimeSpan.FromMilliseconds(250), options.Proxy.Server.ServerIdleTimeout);
        Assert.Equal("", options.Proxy.Listen.UnixSocketDir);
        Assert.Equal(Convert.ToInt32("770", 8), options.Proxy.Listen.UnixSocketMode);
        Assert.Equal("SELECT 1", options.Proxy.Server.ServerCheckQuery);
        Assert.Equal(TimeSpan.FromMilliseconds(1500), options.Proxy.Network.TcpUserTimeout);
        Assert.Equal([1, 2], options.Peers.Select(peer => peer.PeerId));
        Assert.True(options.AuthenticationFiles.Users.TryFind("web", out _));
        Assert.Empty(options.Warnings);
    }

    [Fact]
    public async Task Zero_of_an_entry_leaves_the_limit_to_the_proxy_as_PgBouncer_does()
    {
        DroverOptions options = await _folder.ValidIniAsync(
            """
            [databases]
            a = server_lifetime=0 max_db_connections=0 max_db_client_connections=0 pool_size=0
            [users]
            u = query_timeout=0 idle_transaction_timeout=0 transaction_timeout=0 client_idle_timeout=0 pool_size=0
            v = max_user_connections=0 max_user_client_connections=0
            [pgbouncer]
            query_timeout = 7
            max_db_connections = 9
            """
        );

        Assert.Equal(new DatabaseOptions { Name = "a", PoolSize = 0 }, options.Databases[0]);
        Assert.Equal(new UserOptions { Name = "u", PoolSize = 0 }, options.Users[0]);
        Assert.Equal(new UserOptions { Name = "v" }, options.Users[1]);
        PoolConfiguration pool = new(options, options.Databases[0], options.Users[0]);
        Assert.Equal((TimeSpan.FromSeconds(7), 9), (pool.QueryTimeout, pool.DatabaseConnectionsMax));
    }

    [Fact]
    public async Task Unknown_names_are_warnings_with_file_line_and_what_was_meant()
    {
        DroverOptions options = await _folder.ValidIniAsync(
            "[databases]\na = host=h hots=x\n[pgbouncer]\nlisten_prot = 1\nzzz = 1\n[databses]\nb = host=h\n"
        );

        string file = _folder.PathOf("pgbouncer.ini");
        Assert.Equal(
            [
                $"{file}:2: unknown setting 'hots' of database 'a' is left out; is it 'host'?",
                $"{file}:4: unknown setting 'listen_prot' is left out; is it 'listen_port'?",
                $"{file}:5: unknown setting 'zzz' is left out",
                $"{file}:6: unknown section [databses] is left out; is it [databases]?",
            ],
            options.Warnings.Select(w => w.ToString()).Where(w => w.Contains("unknown", StringComparison.Ordinal))
        );
    }

    [Fact]
    public async Task Every_error_is_reported_at_once_with_its_line()
    {
        ConfigurationResult result = await _folder.LoadIniAsync(
            """
            early = 1
            [databases]
            a = host=h port=99999
            b = host
            c = password='open
            pgbouncer = host=h
            my db = host=h
            [pgbouncer]
            pool_mode = pooled
            max_client_conn = many
            query_timeout = -1
            query_wait_timeout = 5s
            auth_type = hba
            client_tls_sslmode = require
            [peers]
            0 = host=h
            3 = port=1
            """
        );

        Assert.False(result.IsValid);
        Assert.Equal([1, 3, 4, 5, 6, 7, 9, 10, 11, 12, 16, 17, 13, 14], result.Errors.Select(error => error.Line));
    }

    [Fact]
    public async Task Errors_never_hold_a_password()
    {
        ConfigurationResult result = await _folder.LoadIniAsync(
            "[databases]\na = password='hunter2 port=1\nb = password=hunter2 port=hunter\n[pgbouncer]\n"
        );

        Assert.Equal(2, result.Errors.Length);
        Assert.DoesNotContain(result.Errors, error => error.Message.Contains("hunter2", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Included_file_continues_the_section_and_its_lines_are_named_by_its_path()
    {
        string inner = _folder.Write("inner.ini", "default_pool_size = 7\nmin_pool_size = x\n");

        ConfigurationResult result = await _folder.LoadIniAsync($"[pgbouncer]\n%include {inner}\n");

        Assert.Equal($"{inner}:2", result.Errors[0].ToString()[..(inner.Length + 2)]);
        _folder.Write("inner.ini", "default_pool_size = 7\n");
        DroverOptions options = await _folder.ValidIniAsync($"[pgbouncer]\n%include {inner}\nlisten_port = 5\n");
        Assert.Equal((7, 5), (options.Proxy.Pool.DefaultPoolSize, options.Proxy.Listen.ListenPort));
    }

    [Fact]
    public async Task File_that_includes_itself_is_an_error()
    {
        ConfigurationResult result = await _folder.LoadIniAsync($"%include {_folder.PathOf("pgbouncer.ini")}\n");

        Assert.Contains(result.Errors, e => e.Message.Contains("include each other", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("%include /nowhere/x.ini\n[pgbouncer]\n", 1)]
    [InlineData("[databases]\n", 0)]
    [InlineData("[pgbouncer\n[pgbouncer]\n", 1)]
    [InlineData("[databases] a = host=h\n[pgbouncer] ; comment\n", 1)]
    [InlineData("[pgbouncer]\n%import x\n", 2)]
    [InlineData("[databases]\n\"open = host=h\n[pgbouncer]\n", 2)]
    public async Task Broken_file_is_refused(string text, int line)
    {
        ConfigurationResult result = await _folder.LoadIniAsync(text);

        Assert.Equal(line, Assert.Single(result.Errors).Line);
    }

    [Fact]
    public async Task Missing_file_is_an_error_and_no_exception()
    {
        ConfigurationResult result = await ConfigurationLoader.LoadAsync(
            _folder.PathOf("none.ini"),
            ConfigurationKind.PgBouncerIni,
            TestContext.Current.CancellationToken
        );

        Assert.Contains("cannot read", Assert.Single(result.Errors).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Of_two_entries_for_a_database_the_later_counts()
    {
        DroverOptions options = await _folder.ValidIniAsync(
            "[databases]\na = host=x port=1\na = host=y\n[pgbouncer]\n"
        );

        Assert.Equal(new DatabaseOptions { Name = "a", Host = ["y"] }, Assert.Single(options.Databases));
    }

    [Fact]
    public async Task Comment_signs_inside_a_value_belong_to_it()
    {
        DroverOptions options = await _folder.ValidIniAsync("[databases]\na = password=a;b#c\n[pgbouncer]\n");

        Assert.Equal("a;b#c", options.Databases[0].Password);
    }

    [Theory]
    [InlineData("", null)]
    [InlineData("<empty>", "")]
    [InlineData("SELECT 1", "SELECT 1")]
    public async Task Check_query_tells_no_check_from_an_empty_query(string text, string? query)
    {
        DroverOptions options = await _folder.ValidIniAsync($"[pgbouncer]\nserver_check_query = {text}\n");

        Assert.Equal(query, options.Proxy.Server.ServerCheckQuery);
    }

    [Theory]
    [InlineData("secure", "secure")]
    [InlineData("tlsv1.3", "tlsv1.3")]
    [InlineData("TLSv1.2, tlsv1.0", "tlsv1.0,tlsv1.2")]
    [InlineData("tlsv1.0:tlsv1.1:tlsv1.2:tlsv1.3", "all")]
    public async Task Tls_versions_are_read(string text, string expected)
    {
        DroverOptions options = await _folder.ValidIniAsync($"[pgbouncer]\nserver_tls_protocols = {text}\n");

        Assert.Equal(expected, TlsProtocolText.Format(options.Proxy.ServerTls.Protocols));
    }

    [Fact]
    public async Task Setting_without_effect_is_said_so_when_it_is_set()
    {
        DroverOptions options = await _folder.ValidIniAsync("[pgbouncer]\nresolv_conf = /etc/other\n");

        Assert.Contains(
            options.Warnings,
            w => w.Message.StartsWith("resolv_conf has no effect", StringComparison.Ordinal)
        );
    }

    [Fact]
    public async Task Minus_one_means_not_set_for_sizes_of_an_entry()
    {
        DroverOptions options = await _folder.ValidIniAsync("[databases]\na = pool_size=-1\n[pgbouncer]\n");

        Assert.Null(options.Databases[0].PoolSize);
    }
}
