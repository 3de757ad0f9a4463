// Reads /proc: whose child a process is, and how much memory it takes.
using System.Globalization;

namespace Drover.App.LocalPostgres;

/// <summary>Facts on processes from /proc; a process that ended meanwhile is left out.</summary>
internal static class ProcessTree
{
    /// <summary>The ids of a process's children.</summary>
    public static IReadOnlyList<int> ChildrenOf(int parent)
    {
        List<int> children = [];
        foreach (string folder in Directory.EnumerateDirectories("/proc"))
        {
            if (
                int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out int process)
                && ReadParent(folder) == parent
            )
            {
                children.Add(process);
            }
        }
        return children;
    }

    /// <summary>Whether a process exists and is no zombie.</summary>
    public static bool IsAlive(int process) => ReadStatus(process) is { } status && status[0] is not ("Z" or "X");

    /// <summary>
    /// Bytes of memory that the process takes for itself: its proportional set size without shared memory segments.
    /// Null if unreadable.
    /// </summary>
    public static long? ReadOwnMemory(int process)
    {
        try
        {
            long kilobytes = 0;
            foreach (string line in File.ReadLines($"/proc/{process}/smaps_rollup"))
            {
                string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
                if (words[0] is "Pss_Anon:" or "Pss_File:")
                {
                    kilobytes += long.Parse(words[1], CultureInfo.InvariantCulture);
                }
            }
            return kilobytes * 1024;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static int? ReadParent(string folder)
    {
        int process = int.Parse(Path.GetFileName(folder), CultureInfo.InvariantCulture);
        return ReadStatus(process) is { } status ? int.Parse(status[1], CultureInfo.InvariantCulture) : null;
    }

    // What follows the program's name, which is in parentheses and may itself hold anything: state, parent, …
    private static string[]? ReadStatus(int process)
    {
        try
        {
            string text = File.ReadAllText($"/proc/{process}/stat");
            return text[(text.LastIndexOf(')') + 2)..].Split(' ');
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
