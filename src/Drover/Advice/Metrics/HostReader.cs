// Reads /proc of the server's machine: through the server where it allows that, directly where it is this machine.
using System.Net;
using Drover.Operations.Connections;
using Npgsql;

namespace Drover.Advice.Metrics;

/// <summary>Where the host's figures come from; found at the first reading.</summary>
internal sealed class HostReader(NpgsqlConnection connection)
{
    private const string MayRead = """
        SELECT has_function_privilege('pg_catalog.pg_read_file(text)', 'EXECUTE')
           AND (pg_has_role('pg_read_server_files', 'USAGE') OR current_setting('is_superuser') = 'on')
        """;

    private static readonly string[] s_files = ["/proc/stat", "/proc/meminfo", "/proc/diskstats"];

    private bool? _throughServer;

    /// <summary>What gave the figures, for a person.</summary>
    public string Source => _throughServer == true ? "/proc, read by the server" : "/proc of this machine";

    /// <summary>Why there are none, and what would give them.</summary>
    public static string Remedy =>
        "the server is on another machine: GRANT pg_read_server_files and EXECUTE ON FUNCTION pg_read_file(text)";

    /// <summary>Reads once; null when the host's figures cannot be had.</summary>
    public async Task<HostCounters?> ReadAsync(CancellationToken cancellation)
    {
        _throughServer ??= await connection.ScalarAsync(MayRead, [], cancellation) is true;
        if (_throughServer == false && !IsLocal())
        {
            return null;
        }
        try
        {
            string[] texts = new string[s_files.Length];
            for (int i = 0; i < texts.Length; i++)
            {
                texts[i] =
                    _throughServer == true
                        ? (string?)await connection.ScalarAsync("SELECT pg_read_file($1)", [s_files[i]], cancellation)
                            ?? ""
                        : await File.ReadAllTextAsync(s_files[i], cancellation);
            }
            return HostCounters.Parse(texts[0], texts[1], texts[2]);
        }
        catch (Exception failure) when (failure is PostgresException or IOException or FormatException)
        {
            // Not Linux, or /proc is closed: no figures, and the metric says so.
            return null;
        }
    }

    private bool IsLocal()
    {
        string host = connection.Host ?? "";
        return host.StartsWith('/')
            || host is "localhost" or ""
            || (IPAddress.TryParse(host, out IPAddress? address) && IPAddress.IsLoopback(address));
    }
}
