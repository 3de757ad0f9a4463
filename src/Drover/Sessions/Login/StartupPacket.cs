// What a client asks for when it begins: user, database, parameters, protocol version.
using System.Text;
using Drover.Configuration;
using Drover.Pooling;
using Drover.Protocol.Framing;
using Drover.Protocol.Messages.Frontend;
using Drover.Telemetry;

namespace Drover.Sessions.Login;

/// <summary>
/// A start-up packet, digested (https://www.postgresql.org/docs/18/protocol-message-formats.html). Parameters of
/// <c>options</c> are among <see cref="Parameters"/>, before those that the packet names itself, as PostgreSQL applies
/// them.
/// </summary>
internal sealed record StartupPacket
{
    public required string User { get; init; }

    public required string Database { get; init; }

    public required ParameterSet Parameters { get; init; }

    public ReplicationKind Replication { get; init; }

    /// <summary>The minor version to speak, and what the client has to be told first.</summary>
    public required int Protocol { get; init; }

    /// <summary>The client asked for a newer minor version, or for protocol options that are unknown.</summary>
    public bool NeedsNegotiation { get; init; }

    /// <summary>Protocol options that are unknown.</summary>
    public IReadOnlyList<string> UnknownOptions { get; init; } = [];

    /// <summary>Everything as it came, for a replication connection.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Raw { get; init; } = [];

    /// <summary>
    /// The same with the client's address and port behind its application_name, as PgBouncer adds them.
    /// </summary>
    public StartupPacket WithHost(string host)
    {
        string name = Parameters.TryFind("application_name", out string? given) ? given : "app";
        return this with { Parameters = Parameters.With("application_name", $"{name} - {host}") };
    }

    /// <summary>Reads it. Null with a reason when it cannot be served.</summary>
    public static StartupPacket? Read(
        StartupHeader header,
        ReadOnlySpan<byte> body,
        ProxyOptions options,
        out SessionEnd? refusal
    )
    {
        refusal = null;
        if (header.MajorVersion != 3)
        {
            refusal = new SessionEnd(
                $"unsupported frontend protocol {header.MajorVersion}.{header.MinorVersion}: "
                    + "server supports 3.0 to 3.2",
                Drover.Protocol.SqlState.FeatureNotSupported
            );
            return null;
        }
        if (!Startup.TryRead(body, out Startup startup))
        {
            refusal = SessionEnd.Violation("invalid startup packet layout: expected terminator as last byte");
            return null;
        }
        if (!startup.HasUser)
        {
            refusal = new SessionEnd(
                "no PostgreSQL user name specified in startup packet",
                Drover.Protocol.SqlState.InvalidAuthorizationSpecification
            );
            return null;
        }
        return Digest(header, startup, options, out refusal);
    }

    private static StartupPacket? Digest(
        StartupHeader header,
        Startup startup,
        ProxyOptions options,
        out SessionEnd? refusal
    )
    {
        List<KeyValuePair<string, string>> settings = [];
        List<KeyValuePair<string, string>> switches = [];
        List<KeyValuePair<string, string>> raw = [];
        List<string> unknown = [];
        ReplicationKind replication = ReplicationKind.None;
        refusal = null;
        foreach (Startup.Parameter parameter in startup)
        {
            string name = Encoding.UTF8.GetString(parameter.Name);
            string value = Encoding.UTF8.GetString(parameter.Value);
            if (name is "user")
            {
                continue;
            }
            if (name.StartsWith("_pq_.", StringComparison.Ordinal))
            {
                unknown.Add(name);
                continue;
            }
            raw.Add(new(name, value));
            if (name == "replication")
            {
                replication = ReadReplication(value);
            }
            else if (name == "options")
            {
                if (!StartupOptions.TryRead(value, switches, out string problem))
                {
                    refusal = new SessionEnd(problem, Drover.Protocol.SqlState.SyntaxError);
                    return null;
                }
            }
            else if (name != "database" && !IsIgnored(name, options))
            {
                settings.Add(new(name, value));
            }
        }
        settings.InsertRange(0, switches);
        settings.RemoveAll(setting => IsIgnored(setting.Key, options));
        int minor = header.MinorVersion >= 2 ? 2 : 0;
        return new StartupPacket
        {
            User = Encoding.UTF8.GetString(startup.User),
            Database = Encoding.UTF8.GetString(startup.Database),
            Parameters = ParameterSet.From(settings),
            Replication = replication,
            Protocol = (3 << 16) | minor,
            NeedsNegotiation = header.MinorVersion is 1 or > 2 || unknown.Count > 0,
            UnknownOptions = unknown,
            Raw = raw,
        };
    }

    private static bool IsIgnored(string name, ProxyOptions options) =>
        options.Session.IgnoreStartupParameters.Contains(name, StringComparer.OrdinalIgnoreCase);

    private static ReplicationKind ReadReplication(string value) =>
        value.ToLowerInvariant() switch
        {
            "database" => ReplicationKind.Logical,
            "true" or "on" or "yes" or "1" or "t" or "y" => ReplicationKind.Physical,
            _ => ReplicationKind.None,
        };
}
