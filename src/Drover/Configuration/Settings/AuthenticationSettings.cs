// Settings of how clients prove who they are, and of TLS on both sides.

namespace Drover.Configuration.Settings;

/// <summary>Authentication and TLS.</summary>
internal static class AuthenticationSettings
{
    private static readonly SettingGroup<ProxyOptions, AuthenticationOptions> Authentication = new(
        o => o.Authentication,
        (o, g) => o with { Authentication = g }
    );

    private static readonly SettingGroup<ProxyOptions, TlsOptions> ClientTls = new(
        o => o.ClientTls,
        (o, g) => o with { ClientTls = g }
    );

    private static readonly SettingGroup<ProxyOptions, TlsOptions> ServerTls = new(
        o => o.ServerTls,
        (o, g) => o with { ServerTls = g }
    );

    /// <summary>How clients prove who they are.</summary>
    public static Setting<ProxyOptions>[] Clients { get; } =
    [
        Authentication.Choice(
            "auth_type",
            Words.AuthTypes,
            g => g.AuthType,
            (g, v) => g with { AuthType = v },
            "How clients prove who they are; hba leaves it to the rules in auth_hba_file. "
                + "Users have to be in auth_file or be found by auth_query, with trust and cert too; "
                + "any ignores the name and takes only entries with a user."
        ),
        Authentication.Text(
            "auth_file",
            g => g.AuthFile,
            (g, v) => g with { AuthFile = v },
            "File of users and their passwords or secrets (userlist.txt)."
        ),
        Authentication.Text(
            "auth_hba_file",
            g => g.AuthHbaFile,
            (g, v) => g with { AuthHbaFile = v },
            "File of rules in the form of pg_hba.conf, for auth_type hba."
        ),
        Authentication.Text(
            "auth_ident_file",
            g => g.AuthIdentFile,
            (g, v) => g with { AuthIdentFile = v },
            "File of user name maps in the form of pg_ident.conf, for rules with map=."
        ),
        Authentication.Text(
            "auth_user",
            g => g.AuthUser,
            (g, v) => g with { AuthUser = v },
            "User who asks auth_query for users that auth_file does not have; when empty it is not asked."
        ),
        Authentication.Text(
            "auth_query",
            g => g.AuthQuery,
            (g, v) => g with { AuthQuery = v },
            "Query that finds the secret of the user named in $1: one row with name and secret."
        ),
        Authentication.Text(
            "auth_dbname",
            g => g.AuthDbname,
            (g, v) => g with { AuthDbname = v },
            "Database entry in which auth_query is asked; when empty, the one the client connects to."
        ),
        Authentication.Text(
            "auth_ldap_options",
            g => g.AuthLdapOptions,
            (g, v) => g with { AuthLdapOptions = v },
            "Options for LDAP."
        ) with
        {
            IsSecret = true,
            NoEffect = "Drover does not speak LDAP",
        },
        Authentication.Integer(
            "scram_iterations",
            g => g.ScramIterations,
            (g, v) => g with { ScramIterations = v },
            "Rounds of hashing when a SCRAM secret is made from a plain password.",
            min: 1,
            max: 10_000_000
        ),
    ];

    /// <summary>TLS with clients.</summary>
    public static Setting<ProxyOptions>[] TowardsClients { get; } =
    [
        ClientTls.Choice(
            "client_tls_sslmode",
            Words.TlsModes,
            g => g.Sslmode,
            (g, v) => g with { Sslmode = v },
            "TLS from clients: not offered, offered, required, or required with a valid client certificate."
        ),
        ClientTls.Text(
            "client_tls_key_file",
            g => g.KeyFile,
            (g, v) => g with { KeyFile = v },
            "Private key that Drover shows to clients, in PEM."
        ),
        ClientTls.Text(
            "client_tls_cert_file",
            g => g.CertFile,
            (g, v) => g with { CertFile = v },
            "Certificate that Drover shows to clients, in PEM, with its chain."
        ),
        ClientTls.Text(
            "client_tls_ca_file",
            g => g.CaFile,
            (g, v) => g with { CaFile = v },
            "Authorities that certificates of clients are checked against, in PEM; when empty, those of the system."
        ),
        ClientTls.Protocols(
            "client_tls_protocols",
            g => g.Protocols,
            (g, v) => g with { Protocols = v },
            "Versions of TLS that may be spoken with clients: tlsv1.2, tlsv1.3 or secure (both); "
                + "older ones are read and never spoken."
        ),
        ClientTls.Text(
            "client_tls_ciphers",
            g => g.Ciphers,
            (g, v) => g with { Ciphers = v },
            "Ciphers for clients up to TLS 1.2, as OpenSSL's patterns select them; default, secure, fast and normal "
                + "leave the choice to the system, compat and all are PgBouncer's. @SECLEVEL has no effect."
        ),
        ClientTls.Text(
            "client_tls13_ciphers",
            g => g.Tls13Ciphers,
            (g, v) => g with { Tls13Ciphers = v },
            "Cipher suites for clients in TLS 1.3, with colons between them; when empty, those of the system."
        ),
        ClientTls.Text(
            "client_tls_ecdhcurve",
            g => g.Ecdhcurve,
            (g, v) => g with { Ecdhcurve = v },
            "Curve for the key exchange."
        ) with
        {
            NoEffect = "the system's TLS library chooses",
        },
        ClientTls.Text(
            "client_tls_dheparams",
            g => g.Dheparams,
            (g, v) => g with { Dheparams = v },
            "Kind of classic Diffie-Hellman exchange."
        ) with
        {
            NoEffect = "the system's TLS library chooses",
        },
    ];

    /// <summary>TLS with servers.</summary>
    public static Setting<ProxyOptions>[] TowardsServers { get; } =
    [
        ServerTls.Choice(
            "server_tls_sslmode",
            Words.TlsModes,
            g => g.Sslmode,
            (g, v) => g with { Sslmode = v },
            "TLS to servers, in the words of libpq's sslmode."
        ),
        ServerTls.Choice(
            "server_tls_negotiation",
            Words.TlsNegotiations,
            g => g.Negotiation,
            (g, v) => g with { Negotiation = v },
            "How TLS to servers begins: by asking, or at once (direct), which PostgreSQL 17 and later understand and "
                + "which needs server_tls_sslmode require or stricter."
        ) with
        {
            Origin = SettingOrigin.Drover,
        },
        ServerTls.Text(
            "server_tls_key_file",
            g => g.KeyFile,
            (g, v) => g with { KeyFile = v },
            "Private key that Drover shows to servers, in PEM."
        ),
        ServerTls.Text(
            "server_tls_cert_file",
            g => g.CertFile,
            (g, v) => g with { CertFile = v },
            "Certificate that Drover shows to servers, in PEM, with its chain."
        ),
        ServerTls.Text(
            "server_tls_ca_file",
            g => g.CaFile,
            (g, v) => g with { CaFile = v },
            "Authorities that certificates of servers are checked against, in PEM; when empty, those of the system."
        ),
        ServerTls.Protocols(
            "server_tls_protocols",
            g => g.Protocols,
            (g, v) => g with { Protocols = v },
            "Versions of TLS that may be spoken with servers: tlsv1.2, tlsv1.3 or secure (both); "
                + "older ones are read and never spoken."
        ),
        ServerTls.Text(
            "server_tls_ciphers",
            g => g.Ciphers,
            (g, v) => g with { Ciphers = v },
            "Ciphers for servers up to TLS 1.2, as OpenSSL's patterns select them; default, secure, fast and normal "
                + "leave the choice to the system, compat and all are PgBouncer's. @SECLEVEL has no effect."
        ),
        ServerTls.Text(
            "server_tls13_ciphers",
            g => g.Tls13Ciphers,
            (g, v) => g with { Tls13Ciphers = v },
            "Cipher suites for servers in TLS 1.3, with colons between them; when empty, those of the system."
        ),
    ];
}
