// Reads how to reach a server: a postgres:// URI or libpq's key=value words, completed by the PG* environment.
using System.Buffers;
using System.Text;
using Npgsql;

namespace Drover.Operations.Connections;

/// <summary>
/// Connection strings as psql takes them; see "Connection Strings" and "Environment Variables" in the manual's chapter
/// on libpq. No problem and no description ever holds a password.
/// </summary>
internal static class ConnectionText
{
    /// <summary>The application name that a server's pg_stat_activity shows, unless the text gives another.</summary>
    public const string ApplicationName = "drover";

    /// <summary>
    /// Variables that stand in for words which the text does not have; Npgsql reads PGPASSWORD itself.
    /// </summary>
    private static readonly (string Variable, string Key)[] s_environment =
    [
        ("PGHOST", "host"),
        ("PGPORT", "port"),
        ("PGDATABASE", "dbname"),
        ("PGUSER", "user"),
        ("PGPASSWORD", "password"),
        ("PGSSLMODE", "sslmode"),
        ("PGSSLROOTCERT", "sslrootcert"),
        ("PGSSLCERT", "sslcert"),
        ("PGSSLKEY", "sslkey"),
        ("PGCONNECT_TIMEOUT", "connect_timeout"),
        ("PGOPTIONS", "options"),
        ("PGPASSFILE", "passfile"),
        ("PGTARGETSESSIONATTRS", "target_session_attrs"),
    ];

    private static readonly SearchValues<char> s_wordEnds = SearchValues.Create("= \t\r\n");

    private static readonly SearchValues<char> s_uriMarks = SearchValues.Create("/:@");

    /// <summary>Reads the text.</summary>
    /// <param name="text">A URI, key=value words, a database's name, or null for the environment alone.</param>
    /// <param name="environment">A variable's value or null.</param>
    /// <param name="problem">What is wrong, when the result is null.</param>
    public static NpgsqlConnectionStringBuilder? Parse(
        string? text,
        Func<string, string?> environment,
        out string problem
    )
    {
        Dictionary<string, string> words = [];
        problem = Read(text?.Trim() ?? "", words);
        if (problem.Length > 0)
        {
            return null;
        }
        foreach ((string variable, string key) in s_environment)
        {
            if (!words.ContainsKey(key) && environment(variable) is { Length: > 0 } value)
            {
                words[key] = value;
            }
        }
        return Build(words, environment, out problem);
    }

    /// <summary>The server, database and user, for a person.</summary>
    public static string Describe(NpgsqlConnectionStringBuilder target) =>
        $"{target.Host}:{target.Port}/{target.Database} as {target.Username}";

    private static string Read(string text, Dictionary<string, string> words)
    {
        if (
            text.StartsWith("postgres://", StringComparison.Ordinal)
            || text.StartsWith("postgresql://", StringComparison.Ordinal)
        )
        {
            return ConnectionUri.Read(text, words);
        }
        // A URI that is written wrong would be a database's name to libpq. It is not shown: it may have a password.
        string first = text.AsSpan().IndexOfAny(s_wordEnds) is var end and >= 0 ? text[..end] : text;
        if (first.AsSpan().IndexOfAny(s_uriMarks) >= 0)
        {
            return "connection string: a URI is written postgres://USER@HOST:PORT/DATABASE, words as in "
                + "'host=db1 dbname=shop'; a name with a slash, a colon or an @ goes behind dbname=";
        }
        if (text.Contains('=', StringComparison.Ordinal))
        {
            return ReadWords(text, words);
        }
        if (text.Length > 0)
        {
            words["dbname"] = text;
        }
        return "";
    }

    // Blanks around =, single quotes around values, a backslash before a quote or a backslash.
    private static string ReadWords(string text, Dictionary<string, string> words)
    {
        for (int at = SkipBlanks(text, 0); at < text.Length; at = SkipBlanks(text, at))
        {
            int equals = text.IndexOf('=', at);
            string key = equals < 0 ? "" : text[at..equals].Trim();
            if (key.Length == 0 || key.Any(char.IsWhiteSpace))
            {
                return $"connection string: expected name=value at character {at + 1}";
            }
            at = SkipBlanks(text, equals + 1);
            if (ReadValue(text, ref at) is not { } value)
            {
                return $"connection string: the quoted value of {key} does not end";
            }
            words[key] = value;
        }
        return "";
    }

    private static string? ReadValue(string text, ref int at)
    {
        bool quoted = at < text.Length && text[at] == '\'';
        StringBuilder value = new();
        for (at += quoted ? 1 : 0; at < text.Length; at++)
        {
            if (quoted ? text[at] == '\'' : char.IsWhiteSpace(text[at]))
            {
                at++;
                return value.ToString();
            }
            at += text[at] == '\\' && at + 1 < text.Length ? 1 : 0;
            value.Append(text[at]);
        }
        return quoted ? null : value.ToString();
    }

    private static int SkipBlanks(string text, int at)
    {
        while (at < text.Length && char.IsWhiteSpace(text[at]))
        {
            at++;
        }
        return at;
    }

    private static NpgsqlConnectionStringBuilder? Build(
        Dictionary<string, string> words,
        Func<string, string?> environment,
        out string problem
    )
    {
        string user = words.GetValueOrDefault("user") ?? environment("USER") ?? Environment.UserName;
        NpgsqlConnectionStringBuilder target = new()
        {
            Host = "/var/run/postgresql",
            Username = user,
            Database = words.GetValueOrDefault("dbname") ?? user,
            ApplicationName = ApplicationName,
            Pooling = false,
            // A runner's batches have limits of their own, on the server.
            CommandTimeout = 0,
            // A peer that is gone without a word is noticed; a lease must not outlive its holder by hours.
            TcpKeepAlive = true,
            TcpKeepAliveTime = 30,
            TcpKeepAliveInterval = 10,
            IncludeErrorDetail = false,
        };
        foreach ((string key, string value) in words)
        {
            problem = Apply(target, key, value);
            if (problem.Length > 0)
            {
                return null;
            }
        }
        // The options of TCP are an error on a Unix socket.
        target.TcpKeepAlive = !target.Host!.Split(',').Any(static host => host.StartsWith('/'));
        if (!target.TcpKeepAlive)
        {
            target.Remove("Tcp Keepalive Time");
            target.Remove("Tcp Keepalive Interval");
        }
        problem = "";
        return target;
    }

    private static string Apply(NpgsqlConnectionStringBuilder target, string key, string value)
    {
        try
        {
            switch (key)
            {
                case "user" or "dbname":
                    break;
                case "host" or "hostaddr":
                    target.Host = value;
                    break;
                case "port":
                    return ApplyPort(target, value);
                case "password":
                    target.Password = value;
                    break;
                case "connect_timeout":
                    target.Timeout = int.Parse(value, null);
                    break;
                case "sslmode":
                    return ApplySslMode(target, value);
                case "sslrootcert":
                    target.RootCertificate = value;
                    break;
                case "sslcert":
                    target.SslCertificate = value;
                    break;
                case "sslkey":
                    target.SslKey = value;
                    break;
                case "application_name":
                    target.ApplicationName = value;
                    break;
                case "options":
                    target.Options = value;
                    break;
                case "passfile":
                    target.Passfile = value;
                    break;
                case "target_session_attrs":
                    target.TargetSessionAttributes = value;
                    break;
                case "client_encoding" or "fallback_application_name" or "gssencmode" or "channel_binding":
                    break;
                default:
                    return $"connection string: {key} is not known here";
            }
            return "";
        }
        catch (Exception wrong) when (wrong is ArgumentException or FormatException or OverflowException)
        {
            return $"connection string: {key} cannot have that value";
        }
    }

    private static string ApplySslMode(NpgsqlConnectionStringBuilder target, string value)
    {
        // A number is one of an enumeration's values to its parser, whatever it is.
        string name = value.Replace("-", "", StringComparison.Ordinal);
        if (!name.All(char.IsAsciiLetter) || !Enum.TryParse(name, true, out SslMode mode))
        {
            return "connection string: sslmode is disable, allow, prefer, require, verify-ca or verify-full";
        }
        target.SslMode = mode;
        return "";
    }

    // Several hosts may have a port each: Npgsql takes them as host:port.
    private static string ApplyPort(NpgsqlConnectionStringBuilder target, string value)
    {
        string[] ports = value.Split(',');
        if (!ports.All(port => int.TryParse(port, out int number) && number is > 0 and <= 65535))
        {
            return "connection string: port is a number from 1 to 65535";
        }
        if (ports.Length == 1)
        {
            target.Port = int.Parse(ports[0], null);
            return "";
        }
        string[] hosts = target.Host!.Split(',');
        if (hosts.Length != ports.Length)
        {
            return $"connection string: {hosts.Length} host(s) and {ports.Length} ports";
        }
        target.Host = string.Join(',', hosts.Zip(ports, (host, port) => $"{host}:{port}"));
        return "";
    }
}
