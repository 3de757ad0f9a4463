// Whether a database behind the proxy and a measured one are the same.
using System.Globalization;
using Drover.Configuration;
using Npgsql;

namespace Drover.History;

/// <summary>By what the configuration says: host, port and name of the database. No name is resolved.</summary>
internal static class ServerAddress
{
    private const string ThisMachine = "127.0.0.1";

    /// <summary>Whether one of the database's hosts is one of the target's.</summary>
    public static bool IsOf(DatabaseOptions database, NpgsqlConnectionStringBuilder target)
    {
        if ((database.Dbname ?? database.Name) != target.Database)
        {
            return false;
        }
        string[] targets = [.. (target.Host ?? "").Split(',').Select(one => Normal(one, target.Port))];
        return database.Host.Any(host => targets.Contains(Normal(host, database.Port)));
    }

    private static string Normal(string host, int port)
    {
        string name = host.Trim();
        int colon = name.LastIndexOf(':');
        if (
            colon > 0
            && name.IndexOf(':') == colon
            && int.TryParse(name.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int own)
        )
        {
            (name, port) = (name[..colon], own);
        }
        bool isHere = name is "localhost" or "::1" or "[::1]";
        return string.Create(CultureInfo.InvariantCulture, $"{(isHere ? ThisMachine : name)} {port}");
    }
}
