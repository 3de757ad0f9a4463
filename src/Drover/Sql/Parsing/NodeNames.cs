// The names of nodes and members, each once in memory: trees consist of little else.
using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;

namespace Drover.Sql.Parsing;

internal static class NodeNames
{
    /// <summary>PostgreSQL 15 has some 700; beyond this many, new ones are not kept.</summary>
    private const int CountMax = 4_096;

    private static readonly ConcurrentDictionary<string, string> Names = new(StringComparer.Ordinal);

    /// <summary>The name on which a reader stands. No name is escaped or has letters beyond ASCII.</summary>
    public static string Intern(ref Utf8JsonReader json)
    {
        Span<char> text = stackalloc char[128];
        if (json.ValueSpan.Length > text.Length)
        {
            return json.GetString()!;
        }
        int length = Encoding.ASCII.GetChars(json.ValueSpan, text);
        ReadOnlySpan<char> name = text[..length];
        if (Names.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(name, out string? known))
        {
            return known;
        }
        string made = new(name);
        return Names.Count < CountMax ? Names.GetOrAdd(made, made) : made;
    }
}
