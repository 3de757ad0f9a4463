// How log lines name a connection.
using System.Globalization;

namespace Drover.Telemetry;

/// <summary>Names of connections in the log, in the manner of PgBouncer: <c>C-12: app/joe@10.0.0.9:5000</c>.</summary>
internal static class LogLabel
{
    /// <summary>A client; what is not known yet is null.</summary>
    public static string Client(long id, string? database, string? user, string address, int port) =>
        Of('C', id, database ?? "(nodb)", user ?? "(nouser)", address, port);

    /// <summary>A server.</summary>
    public static string Server(long id, string database, string user, string address, int port) =>
        Of('S', id, database, user, address, port);

    private static string Of(char side, long id, string database, string user, string address, int port)
    {
        string host = address.Contains(':', StringComparison.Ordinal) ? $"[{address}]" : address;
        return string.Create(CultureInfo.InvariantCulture, $"{side}-{id}: {database}/{user}@{host}:{port}");
    }
}
