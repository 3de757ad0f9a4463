// The reference in docs/ is the one that the setting tables give, and no setting of PgBouncer 1.25 is missing.
using Drover.Configuration.Settings;

namespace Drover.Tests.Configuration;

public sealed class SettingReferenceTests
{
    private const string PgBouncerNames = """
        admin_users application_name_add_host auth_dbname auth_file auth_hba_file auth_ident_file auth_ldap_options
        auth_query auth_type auth_user autodb_idle_timeout cancel_wait_timeout client_idle_timeout
        client_login_timeout client_tls13_ciphers client_tls_ca_file client_tls_cert_file client_tls_ciphers
        client_tls_dheparams client_tls_ecdhcurve client_tls_key_file client_tls_protocols client_tls_sslmode
        conffile default_pool_size disable_pqexec dns_max_ttl dns_nxdomain_ttl dns_zone_check_period
        idle_transaction_timeout ignore_startup_parameters job_name listen_addr listen_backlog listen_port
        log_connections log_disconnections log_pooler_errors log_stats logfile max_client_conn
        max_db_client_connections max_db_connections max_packet_size max_prepared_statements
        max_user_client_connections max_user_connections min_pool_size peer_id pidfile pkt_buf pool_mode
        query_timeout query_wait_notify query_wait_timeout reserve_pool_size reserve_pool_timeout resolv_conf
        sbuf_loopcnt scram_iterations server_check_delay server_check_query server_connect_timeout
        server_fast_close server_idle_timeout server_lifetime server_login_retry server_reset_query
        server_reset_query_always server_round_robin server_tls13_ciphers server_tls_ca_file
        server_tls_cert_file server_tls_ciphers server_tls_key_file server_tls_protocols server_tls_sslmode
        service_name so_reuseport stats_period stats_users suspend_timeout syslog syslog_facility syslog_ident
        tcp_defer_accept tcp_keepalive tcp_keepcnt tcp_keepidle tcp_keepintvl tcp_socket_buffer
        tcp_user_timeout track_extra_parameters transaction_timeout unix_socket_dir unix_socket_group
        unix_socket_mode user verbose
        """;

    [Fact]
    public void Every_setting_of_PgBouncer_is_known() =>
        Assert.All(
            PgBouncerNames.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries),
            name => Assert.NotNull(SettingCatalog.Proxy.Find(name))
        );

    [Fact]
    public void Every_other_setting_is_marked_as_Drovers() =>
        Assert.Equal(
            SettingCatalog.Proxy.All.Select(s => s.Name).Except(PgBouncerNames.Split((char[]?)null)),
            SettingCatalog.Proxy.All.Where(s => s.Origin == SettingOrigin.Drover).Select(s => s.Name)
        );

    [Fact]
    public void Reference_in_docs_is_the_one_that_the_tables_give()
    {
        StringWriter expected = new();
        SettingReference.Write(expected);

        string path = Path.Combine(RepositoryRoot(), "docs", "configuration.md");
        Assert.True(
            expected.ToString() == File.ReadAllText(path),
            "docs/configuration.md is out of date: run `drover config docs > docs/configuration.md`"
        );
    }

    private static string RepositoryRoot()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Drover.slnx")))
        {
            folder = folder.Parent;
        }
        return folder?.FullName ?? throw new InvalidOperationException("not inside the repository");
    }
}
