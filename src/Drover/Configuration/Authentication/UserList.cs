// PgBouncer's userlist.txt: "user" "secret", one a line.
using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Drover.Configuration.Authentication;

/// <summary>What form a stored secret has.</summary>
internal enum SecretKind
{
    /// <summary>The password itself; empty means that there is none.</summary>
    Plain,

    /// <summary><c>md5</c> and 32 hexadecimal digits.</summary>
    Md5,

    /// <summary><c>SCRAM-SHA-256$rounds:salt$stored:server</c>.</summary>
    ScramSha256,
}

/// <summary>A user of the list. The secret never shows in text.</summary>
/// <param name="Name">The user's name.</param>
/// <param name="Secret">Password or hash.</param>
internal sealed record UserListEntry(string Name, string Secret)
{
    /// <summary>What form the secret has.</summary>
    public SecretKind Kind =>
        Secret.StartsWith("SCRAM-SHA-256$", StringComparison.Ordinal) && Secret.Count(c => c == '$') == 2
            ? SecretKind.ScramSha256
        : Secret.Length == 35
        && Secret.StartsWith("md5", StringComparison.Ordinal)
        && Secret[3..].All(char.IsAsciiHexDigit)
            ? SecretKind.Md5
        : SecretKind.Plain;

    /// <summary>Name and kind.</summary>
    public override string ToString() => $"UserListEntry {{ Name = {Name}, Kind = {Kind} }}";
}

/// <summary>The users of a user list.</summary>
internal sealed class UserList
{
    private readonly FrozenDictionary<string, UserListEntry> _users;

    private UserList(Dictionary<string, UserListEntry> users)
    {
        _users = users.ToFrozenDictionary(StringComparer.Ordinal);
        SecretCount = _users.Values.Count(static user => user.Secret.Length > 0);
        ScramCount = _users.Values.Count(static user => user.Kind == SecretKind.ScramSha256);
    }

    /// <summary>No users.</summary>
    public static UserList Empty { get; } = new([]);

    /// <summary>Users with a secret.</summary>
    public int SecretCount { get; }

    /// <summary>Users whose secret is SCRAM's.</summary>
    public int ScramCount { get; }

    /// <summary>All users.</summary>
    public IReadOnlyCollection<UserListEntry> All => _users.Values;

    /// <summary>Finds a user by name.</summary>
    public bool TryFind(string name, [NotNullWhen(true)] out UserListEntry? user) => _users.TryGetValue(name, out user);

    /// <summary>
    /// Reads a user list. Lines that start with <c>;</c> are comments; what follows the second text of a line is left
    /// out; of two lines for a user the later one counts.
    /// </summary>
    /// <param name="text">The file's contents.</param>
    /// <param name="broken">Called with number and problem of each broken line, never with a secret.</param>
    public static UserList Parse(string text, Action<int, string> broken)
    {
        Dictionary<string, UserListEntry> users = new(StringComparer.Ordinal);
        int number = 0;
        foreach (string line in text.Split('\n'))
        {
            number++;
            int at = SkipBlanks(line, 0);
            if (at == line.Length || line[at] == ';')
            {
                continue;
            }
            string? name = ReadQuoted(line, ref at);
            at = SkipBlanks(line, at);
            string? secret = name is null ? null : ReadQuoted(line, ref at);
            if (name is null || secret is null)
            {
                broken(number, "expected \"user\" \"password\", both in double quotes");
                continue;
            }
            users[name] = new UserListEntry(name, secret);
        }
        return new UserList(users);
    }

    /// <summary>A line for a user, with quotes written twice.</summary>
    public static string FormatLine(string name, string secret) =>
        $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\" "
        + $"\"{secret.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    private static string? ReadQuoted(string line, ref int at)
    {
        if (at == line.Length || line[at] != '"')
        {
            return null;
        }
        StringBuilder text = new();
        for (at++; at < line.Length; at++)
        {
            if (line[at] == '"')
            {
                if (at + 1 == line.Length || line[at + 1] != '"')
                {
                    at++;
                    return text.ToString();
                }
                at++;
            }
            text.Append(line[at]);
        }
        return null;
    }

    private static int SkipBlanks(string line, int at)
    {
        while (at < line.Length && char.IsWhiteSpace(line[at]))
        {
            at++;
        }
        return at;
    }
}
