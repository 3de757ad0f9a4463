// Takes a postgres:// URI apart into libpq's words.
namespace Drover.Operations.Connections;

/// <summary>
/// <c>postgresql://user:password@host:port,host:port/database?name=value</c>, each part percent-encoded. Not
/// System.Uri:
/// it knows neither several hosts nor sockets' folders.
/// </summary>
internal static class ConnectionUri
{
    /// <summary>Reads all parts into words. Returns what is wrong, or an empty text.</summary>
    public static string Read(string uri, Dictionary<string, string> words)
    {
        string rest = uri[(uri.IndexOf("://", StringComparison.Ordinal) + 3)..];
        int question = rest.IndexOf('?', StringComparison.Ordinal);
        string query = question < 0 ? "" : rest[(question + 1)..];
        rest = question < 0 ? rest : rest[..question];
        int slash = rest.IndexOf('/', StringComparison.Ordinal);
        string database = slash < 0 ? "" : rest[(slash + 1)..];
        string authority = slash < 0 ? rest : rest[..slash];
        int at = authority.LastIndexOf('@');
        if (at >= 0)
        {
            string[] login = authority[..at].Split(':', 2);
            Put(words, "user", login[0]);
            Put(words, "password", login.Length > 1 ? login[1] : "");
        }
        Put(words, "dbname", database);
        ReadHosts(authority[(at + 1)..], words);
        foreach (string pair in query.Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] parts = pair.Split('=', 2);
            if (parts.Length != 2 || parts[0].Length == 0)
            {
                return "connection string: after ? come name=value pairs, with & between them";
            }
            Put(words, parts[0] == "ssl" ? "sslmode" : parts[0], parts[0] == "ssl" ? "require" : parts[1]);
        }
        return "";
    }

    private static void ReadHosts(string text, Dictionary<string, string> words)
    {
        List<string> hosts = [];
        List<string> ports = [];
        foreach (string place in text.Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            // An IPv6 address stands in brackets, so that its colons are not a port's.
            int colon = place.LastIndexOf(':');
            bool hasPort = colon > place.LastIndexOf(']');
            hosts.Add(hasPort ? place[..colon] : place);
            ports.Add(hasPort ? place[(colon + 1)..] : "5432");
        }
        Put(words, "host", string.Join(',', hosts.Select(host => host.Trim('[', ']'))));
        if (text.Contains(':', StringComparison.Ordinal) && hosts.Any(host => host.Length > 0))
        {
            Put(words, "port", ports.Distinct().Count() == 1 ? ports[0] : string.Join(',', ports));
        }
    }

    private static void Put(Dictionary<string, string> words, string key, string value)
    {
        if (value.Length > 0)
        {
            words[key] = Uri.UnescapeDataString(value);
        }
    }
}
