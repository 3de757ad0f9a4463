// "Did you mean": the nearest of some names.
namespace Drover.Configuration.Settings;

/// <summary>Finds the name that a mistyped one most likely means.</summary>
internal static class Spelling
{
    /// <summary>The candidate with the fewest edits, if there are few; null otherwise.</summary>
    public static string? Nearest(string name, IEnumerable<string> candidates)
    {
        string? best = null;
        int fewest = Math.Max(2, name.Length / 3) + 1;
        foreach (string candidate in candidates)
        {
            int edits = Edits(name, candidate);
            if (edits < fewest)
            {
                (best, fewest) = (candidate, edits);
            }
        }
        return best;
    }

    private static int Edits(string from, string to)
    {
        int[] above = [.. Enumerable.Range(0, to.Length + 1)];
        int[] row = new int[to.Length + 1];
        for (int i = 1; i <= from.Length; i++)
        {
            row[0] = i;
            for (int j = 1; j <= to.Length; j++)
            {
                int replaced = above[j - 1] + (from[i - 1] == to[j - 1] ? 0 : 1);
                row[j] = Math.Min(replaced, Math.Min(above[j], row[j - 1]) + 1);
            }
            (above, row) = (row, above);
        }
        return above[to.Length];
    }
}
