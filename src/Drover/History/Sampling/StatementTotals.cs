// The counters of every statement, and what each did between two samples.
using System.Text.RegularExpressions;

namespace Drover.History.Sampling;

/// <summary>What pg_stat_statements counts of one statement, over all users.</summary>
internal readonly record struct StatementTotals(long Calls, double TotalMs, long Rows, long BlocksHit, long BlocksRead)
{
    /// <summary>
    /// What was done since an earlier sample of the same run of the server. Fewer calls than before are a reset, or a
    /// statement that was pushed out and came back: all that was counted since happened in between.
    /// </summary>
    public StatementTotals Since(StatementTotals earlier) =>
        Calls < earlier.Calls
            ? this
            : new StatementTotals(
                Calls - earlier.Calls,
                Math.Max(0, TotalMs - earlier.TotalMs),
                Math.Max(0, Rows - earlier.Rows),
                Math.Max(0, BlocksHit - earlier.BlocksHit),
                Math.Max(0, BlocksRead - earlier.BlocksRead)
            );

    /// <summary>Both together.</summary>
    public static StatementTotals operator +(StatementTotals a, StatementTotals b) =>
        new(
            a.Calls + b.Calls,
            a.TotalMs + b.TotalMs,
            a.Rows + b.Rows,
            a.BlocksHit + b.BlocksHit,
            a.BlocksRead + b.BlocksRead
        );
}

/// <summary>A row of pg_stat_statements without its text.</summary>
/// <param name="Id">queryid; 0 where the role may not see it.</param>
/// <param name="User">The role's oid; counters are per role.</param>
/// <param name="Totals">What it counts.</param>
internal readonly record struct StatementRow(long Id, uint User, StatementTotals Totals);

/// <summary>
/// Turns counters of statements into what happened between two looks. Reads and writes count, as in drover inspect:
/// utility commands are left out, since their text is not normalised and may hold a password. Not safe for several
/// threads.
/// </summary>
internal sealed partial class StatementChanges
{
    private const int TextsMin = 100;

    private readonly Dictionary<long, string?> _texts = [];
    private Dictionary<(long Id, uint User), StatementTotals>? _before;

    /// <summary>How many texts are remembered.</summary>
    public int TextCount => _texts.Count;

    /// <summary>Statements of which it is not known yet whether they count.</summary>
    public long[] Unknown(IReadOnlyList<StatementRow> rows) =>
        [.. rows.Select(static row => row.Id).Where(id => id != 0 && !_texts.ContainsKey(id)).Distinct()];

    /// <summary>
    /// Tells the texts of statements; one without text is one that may not be seen, and does not count.
    /// </summary>
    public void Learn(IEnumerable<long> asked, IReadOnlyDictionary<long, string> texts)
    {
        foreach (long id in asked)
        {
            _texts[id] = texts.TryGetValue(id, out string? text) && IsCounted(text) ? text : null;
        }
    }

    /// <summary>The text of a statement that counts; null for one that does not.</summary>
    public string? TextOf(long id) => _texts.GetValueOrDefault(id);

    /// <summary>What was done since the last call; null at the first one, and after <see cref="Forget"/>.</summary>
    public Dictionary<long, StatementTotals>? Advance(IReadOnlyList<StatementRow> rows)
    {
        Prune(rows);
        Dictionary<(long, uint), StatementTotals> now = new(rows.Count);
        foreach (StatementRow row in rows)
        {
            if (TextOf(row.Id) is not null)
            {
                now[(row.Id, row.User)] = now.GetValueOrDefault((row.Id, row.User)) + row.Totals;
            }
        }
        Dictionary<(long, uint), StatementTotals>? before = _before;
        _before = now;
        if (before is null)
        {
            return null;
        }
        Dictionary<long, StatementTotals> done = [];
        foreach (((long id, uint user), StatementTotals totals) in now)
        {
            StatementTotals change = totals.Since(before.GetValueOrDefault((id, user)));
            if (change.Calls > 0)
            {
                done[id] = done.GetValueOrDefault(id) + change;
            }
        }
        return done;
    }

    /// <summary>Begins anew: the counters are those of another run of the server, or could not be read.</summary>
    public void Forget()
    {
        _before = null;
        _texts.Clear();
    }

    // Statements that were pushed out are forgotten, or ever new ones would fill the memory.
    private void Prune(IReadOnlyList<StatementRow> rows)
    {
        if (_texts.Count <= (2 * rows.Count) + TextsMin)
        {
            return;
        }
        HashSet<long> present = [.. rows.Select(static row => row.Id)];
        foreach (long id in _texts.Keys.Where(id => !present.Contains(id)).ToArray())
        {
            _texts.Remove(id);
        }
    }

    private static bool IsCounted(string text) => Counted().IsMatch(text);

    [GeneratedRegex(
        @"^\s*(/\*.*?\*/\s*|--[^\n]*\n\s*)*\(?\s*(select|insert|update|delete|merge|with|values)\b",
        RegexOptions.IgnoreCase | RegexOptions.Singleline | RegexOptions.CultureInvariant
    )]
    private static partial Regex Counted();
}
