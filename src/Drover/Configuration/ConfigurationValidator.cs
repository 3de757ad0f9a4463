// What must hold between settings; each setting's own range is checked when it is read.
using System.Globalization;
using System.Net;
using Drover.Configuration.Prices;

namespace Drover.Configuration;

/// <summary>Checks a draft as a whole.</summary>
internal static class ConfigurationValidator
{
    /// <summary>Adds an error or a warning for everything that does not fit together.</summary>
    public static void Check(ConfigurationDraft draft)
    {
        CheckListening(draft);
        CheckAuthentication(draft);
        CheckClientTls(draft);
        CheckServerTls(draft);
        CheckEndpoints(draft);
        WebValidator.Check(draft);
        CheckDatabases(draft);
        ShardedDatabaseValidator.Check(draft);
        MonitorValidator.Check(draft);
        PriceValidator.Check(draft);
    }

    private static void CheckListening(ConfigurationDraft draft)
    {
        ListenOptions listen = draft.Proxy.Listen;
        string folder = listen.UnixSocketDir;
        if (listen.ListenAddr.Count == 0 && folder.Length == 0)
        {
            draft.Error(
                draft.PlaceOf("listen_addr"),
                "there is nowhere to listen: set listen_addr, or unix_socket_dir, or both"
            );
        }
        if (folder.Length == 0 || folder[0] == '@')
        {
            return;
        }
        if (!Directory.Exists(folder))
        {
            draft.Error(
                draft.PlaceOf("unix_socket_dir"),
                $"unix_socket_dir: there is no folder '{folder}': make it, or leave the value empty for no Unix socket"
            );
        }
        int length = $"{folder}/.s.PGSQL.{listen.ListenPort}".Length;
        if (length > ConfigurationLimits.UnixSocketPathMax)
        {
            draft.Error(
                draft.PlaceOf("unix_socket_dir"),
                $"unix_socket_dir: the socket's path would have {length} characters, "
                    + $"{ConfigurationLimits.UnixSocketPathMax} are possible: choose a shorter folder"
            );
        }
    }

    private static void CheckAuthentication(ConfigurationDraft draft)
    {
        AuthenticationOptions options = draft.Proxy.Authentication;
        SourcePlace place = draft.PlaceOf("auth_type");
        switch (options.AuthType)
        {
            case AuthType.Ldap or AuthType.Pam:
                draft.Error(
                    place,
                    "auth_type: ldap and pam are not supported: use scram-sha-256 with auth_query, or hba"
                );
                break;
            case AuthType.Hba when options.AuthHbaFile.Length == 0:
                draft.Error(place, "auth_type hba needs auth_hba_file: name the file of rules");
                break;
            case AuthType.Cert
                when draft.Proxy.ClientTls.Sslmode != TlsMode.VerifyFull || draft.Proxy.ClientTls.CaFile.Length == 0:
                draft.Error(place, "auth_type cert needs client_tls_sslmode = verify-full and client_tls_ca_file");
                break;
            case AuthType.Md5
            or AuthType.Plain
            or AuthType.ScramSha256
            or AuthType.Cert
            or AuthType.Hba
            or AuthType.Trust when options.AuthFile.Length == 0 && !draft.HasAuthUser:
                draft.Warn(place, "nobody can log in: set auth_file, or auth_user for auth_query");
                break;
        }
        if (options.AuthType == AuthType.Plain && draft.Proxy.ClientTls.Sslmode < TlsMode.Require)
        {
            draft.Warn(place, "auth_type plain is served over TLS only: set client_tls_sslmode to require");
        }
    }

    private static void CheckClientTls(ConfigurationDraft draft)
    {
        TlsOptions tls = draft.Proxy.ClientTls;
        if (tls.Sslmode == TlsMode.Disable)
        {
            return;
        }
        if (tls.KeyFile.Length == 0 || tls.CertFile.Length == 0)
        {
            draft.Error(
                draft.PlaceOf("client_tls_sslmode"),
                "client_tls_sslmode needs client_tls_key_file and client_tls_cert_file: set both"
            );
        }
        CheckFiles(draft, "client_tls", tls);
        CheckCiphers(draft, "client_tls", tls);
    }

    private static void CheckServerTls(ConfigurationDraft draft)
    {
        TlsOptions tls = draft.Proxy.ServerTls;
        if (tls.Sslmode == TlsMode.Disable)
        {
            return;
        }
        if (tls.Negotiation == TlsNegotiation.Direct && tls.Sslmode < TlsMode.Require)
        {
            draft.Error(
                draft.PlaceOf("server_tls_negotiation"),
                "server_tls_negotiation direct needs server_tls_sslmode require, verify-ca or verify-full"
            );
        }
        if (tls.KeyFile.Length == 0 != (tls.CertFile.Length == 0))
        {
            string given = tls.KeyFile.Length == 0 ? "server_tls_cert_file" : "server_tls_key_file";
            draft.Error(draft.PlaceOf(given), "server_tls_key_file and server_tls_cert_file go together: set both");
        }
        CheckFiles(draft, "server_tls", tls);
        CheckCiphers(draft, "server_tls", tls);
    }

    private static void CheckCiphers(ConfigurationDraft draft, string prefix, TlsOptions tls)
    {
        (string Name, string? Problem)[] settings =
        [
            ($"{prefix}_ciphers", TlsCiphers.FindProblem(tls.Ciphers, is13: false)),
            ($"{prefix}13_ciphers", TlsCiphers.FindProblem(tls.Tls13Ciphers, is13: true)),
        ];
        foreach ((string name, string? problem) in settings)
        {
            if (problem is not null)
            {
                draft.Error(draft.PlaceOf(name), $"{name}: {problem}");
            }
        }
        if ((tls.Protocols & TlsProtocols.Secure) == TlsProtocols.None)
        {
            draft.Error(
                draft.PlaceOf($"{prefix}_protocols"),
                $"{prefix}_protocols: TLS 1.0 and 1.1 are not spoken: add tlsv1.2 or tlsv1.3, or write secure"
            );
        }
    }

    private static void CheckFiles(ConfigurationDraft draft, string prefix, TlsOptions tls)
    {
        (string Name, string File)[] files =
        [
            ($"{prefix}_key_file", tls.KeyFile),
            ($"{prefix}_cert_file", tls.CertFile),
            ($"{prefix}_ca_file", tls.CaFile),
        ];
        foreach ((string name, string file) in files)
        {
            if (file.Length > 0 && !File.Exists(file))
            {
                draft.Error(draft.PlaceOf(name), $"{name}: there is no file '{file}'");
            }
        }
    }

    private static void CheckEndpoints(ConfigurationDraft draft)
    {
        AdminOptions admin = draft.Proxy.Admin;
        if (admin.MetricsListen.Length > 0 && !IsEndpoint(admin.MetricsListen))
        {
            draft.Error(
                draft.PlaceOf("metrics_listen"),
                $"metrics_listen: '{admin.MetricsListen}' is not address:port: write for example 127.0.0.1:9127"
            );
        }
        bool isUrl =
            Uri.TryCreate(admin.OtlpEndpoint, UriKind.Absolute, out Uri? url) && url.Scheme is "http" or "https";
        if (admin.OtlpEndpoint.Length > 0 && !isUrl)
        {
            draft.Error(
                draft.PlaceOf("otlp_endpoint"),
                $"otlp_endpoint: '{admin.OtlpEndpoint}' is not a URL: write for example http://127.0.0.1:4317"
            );
        }
    }

    /// <summary>Whether it is address:port, the address * for all.</summary>
    internal static bool IsEndpoint(string text)
    {
        int colon = text.LastIndexOf(':');
        return colon >= 0
            && int.TryParse(text[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out int port)
            && port is > 0 and < 65_536
            && (text[..colon] is "*" or "" or "localhost" || IPAddress.TryParse(text[..colon].Trim('[', ']'), out _));
    }

    private static void CheckDatabases(ConfigurationDraft draft)
    {
        DroverOptions options = draft.ToOptions();
        if (options.Databases.IsEmpty && options.FallbackDatabase is null)
        {
            draft.Warn(new SourcePlace(draft.File), "no databases are configured: clients can reach the console only");
        }
        IEnumerable<DatabaseOptions> all = options.FallbackDatabase is { } fallback
            ? options.Databases.Append(fallback)
            : options.Databases;
        foreach (DatabaseOptions database in all)
        {
            SourcePlace place = draft.PlaceOf(database);
            if (options.Proxy.Authentication.AuthType == AuthType.Any && database.User is null)
            {
                draft.Warn(place, $"database '{database.Name}' has no user: with auth_type any nobody can use it");
            }
            if (database.AuthDbname is { } other && !Exists(options, other))
            {
                draft.Warn(place, $"auth_dbname: there is no database entry '{other}': add one");
            }
        }
        if (options.Proxy.Authentication.AuthDbname is { Length: > 0 } name && !Exists(options, name))
        {
            draft.Warn(draft.PlaceOf("auth_dbname"), $"auth_dbname: there is no database entry '{name}': add one");
        }
    }

    private static bool Exists(DroverOptions options, string name) =>
        options.FallbackDatabase is not null || options.Databases.Any(database => database.Name == name);
}
