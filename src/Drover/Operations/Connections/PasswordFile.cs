// Passwords of a .pgpass file, for connections that Npgsql does not make.
using System.Globalization;
using Npgsql;

namespace Drover.Operations.Connections;

/// <summary>
/// Lines of host:port:database:user:password, * for any; see "The Password File" in the manual's chapter on libpq. Like
/// libpq, leaves a file alone that others may read.
/// </summary>
internal static class PasswordFile
{
    private const int Fields = 5;

    /// <summary>The password of a target: its own, else that of the file; null when there is none.</summary>
    public static string? PasswordOf(NpgsqlConnectionStringBuilder target)
    {
        if (!string.IsNullOrEmpty(target.Password))
        {
            return target.Password;
        }
        string path = string.IsNullOrEmpty(target.Passfile)
            ? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".pgpass")
            : target.Passfile;
        const UnixFileMode Others =
            UnixFileMode.GroupRead
            | UnixFileMode.GroupWrite
            | UnixFileMode.GroupExecute
            | UnixFileMode.OtherRead
            | UnixFileMode.OtherWrite
            | UnixFileMode.OtherExecute;
        try
        {
            bool isPrivate = OperatingSystem.IsWindows() || (File.GetUnixFileMode(path) & Others) == 0;
            return isPrivate ? Find(File.ReadLines(path), target) : null;
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>The password on the first line that fits.</summary>
    public static string? Find(IEnumerable<string> lines, NpgsqlConnectionStringBuilder target)
    {
        string host = target.Host is { } name && !name.StartsWith('/') ? name : "localhost";
        string[] wanted =
        [
            host,
            target.Port.ToString(CultureInfo.InvariantCulture),
            target.Database!,
            target.Username!,
        ];
        foreach (string line in lines.Where(static line => !line.StartsWith('#')))
        {
            string[] fields = Split(line);
            if (
                fields.Length == Fields
                && wanted.Zip(fields).All(static one => one.Second == "*" || one.First == one.Second)
            )
            {
                return fields[^1];
            }
        }
        return null;
    }

    // A backslash before a colon or a backslash; what is behind the fourth colon is the password, colons and all.
    private static string[] Split(string line)
    {
        List<string> fields = [];
        System.Text.StringBuilder field = new();
        for (int i = 0; i < line.Length; i++)
        {
            if (line[i] == ':' && fields.Count < Fields - 1)
            {
                fields.Add(field.ToString());
                field.Clear();
                continue;
            }
            i += line[i] == '\\' && i + 1 < line.Length ? 1 : 0;
            field.Append(line[i]);
        }
        fields.Add(field.ToString());
        return [.. fields];
    }
}
