// PostgreSQL refuses to run as root: which user it runs as instead, and how a command becomes that user.
namespace Drover.App.LocalPostgres;

/// <summary>The user that a server runs as when we are root.</summary>
internal sealed record UnprivilegedUser(string Name, uint UserId, uint GroupId)
{
    private static readonly string[] s_candidates = ["postgres", "nobody"];

    /// <summary>Null when we are an ordinary user already, otherwise <c>postgres</c> or else <c>nobody</c>.</summary>
    /// <exception cref="LocalPostgresException">We are root and neither user exists.</exception>
    public static UnprivilegedUser? Find()
    {
        if (!Environment.IsPrivilegedProcess)
        {
            return null;
        }
        List<string[]> entries = [.. File.ReadLines("/etc/passwd").Select(static line => line.Split(':'))];
        foreach (string name in s_candidates)
        {
            if (entries.Find(entry => entry.Length > 3 && entry[0] == name) is { } entry)
            {
                return new UnprivilegedUser(name, ParseId(entry[2]), ParseId(entry[3]));
            }
        }
        throw new LocalPostgresException("PostgreSQL does not run as root, and there is no user postgres or nobody");
    }

    /// <summary>The command as this user. The program keeps the process id, as each wrapper replaces itself.</summary>
    /// <exception cref="LocalPostgresException">Neither setpriv nor runuser is installed.</exception>
    public IReadOnlyList<string> Wrap(IReadOnlyList<string> command)
    {
        if (FindProgram("setpriv") is { } setpriv)
        {
            return [setpriv, $"--reuid={UserId}", $"--regid={GroupId}", "--clear-groups", "--", .. command];
        }
        if (FindProgram("runuser") is { } runuser)
        {
            return [runuser, "-u", Name, "--", .. command];
        }
        throw new LocalPostgresException("setpriv or runuser is missing: apt-get install util-linux");
    }

    private static uint ParseId(string text) => uint.Parse(text, System.Globalization.CultureInfo.InvariantCulture);

    private static string? FindProgram(string name)
    {
        string[] folders = ["/usr/bin", "/usr/sbin", "/bin", "/sbin"];
        return folders.Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);
    }
}
