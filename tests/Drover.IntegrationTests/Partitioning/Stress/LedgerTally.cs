// What one writer knows to be in the table: its own keys, and how often it counted up the hot rows.
namespace Drover.IntegrationTests.Partitioning.Stress;

/// <summary>
/// A tally is exact. A transaction whose answer was lost is settled by its own rows: all of it happened, or nothing.
/// </summary>
internal sealed class LedgerTally
{
    private readonly Dictionary<long, LedgerRow> _rows = [];
    private readonly long[] _keys;
    private int _tokens;

    /// <summary>A tally of <paramref name="count"/> keys, three quarters of which are in the table.</summary>
    public LedgerTally(int writer, int writers, int count, Random random)
    {
        Writer = writer;
        _keys = [.. Enumerable.Range(0, count).Select(i => ((long)i * writers) + writer + 1)];
        foreach (long id in _keys.Where(_ => random.Next(4) > 0))
        {
            _rows.Add(id, LedgerRow.Random(random, NextToken()));
        }
    }

    /// <summary>The number of the writer.</summary>
    public int Writer { get; }

    /// <summary>All keys of this writer.</summary>
    public IReadOnlyList<long> Keys => _keys;

    /// <summary>The rows that must be there, and no others of these keys.</summary>
    public IReadOnlyDictionary<long, LedgerRow> Rows => _rows;

    /// <summary>Acknowledged counts by hot row.</summary>
    public long[] Hot { get; } = new long[Ledger.HotRows];

    /// <summary>A value for the unique column that nobody has used.</summary>
    public string NextToken() => $"w{Writer}-{++_tokens}";

    /// <summary>Takes a committed transaction in.</summary>
    public void Commit(LedgerTransaction transaction)
    {
        foreach ((long id, LedgerRow? row) in transaction.After)
        {
            if (row is null)
            {
                _rows.Remove(id);
            }
            else
            {
                _rows[id] = row;
            }
        }
        if (transaction.Hot is { } hot)
        {
            Hot[hot - 1]++;
        }
    }

    /// <summary>
    /// Whether a transaction whose answer was lost has happened, by the rows of its keys; null: it has in part.
    /// </summary>
    public bool? Settle(LedgerTransaction transaction, IReadOnlyList<FoundRow> found)
    {
        bool AllAre(Func<long, LedgerRow?> expected) =>
            transaction.After.Keys.All(id => Is(expected(id), [.. found.Where(row => row.Id == id)]));
        return AllAre(id => transaction.After[id]) ? true
            : AllAre(id => _rows.GetValueOrDefault(id)) ? false
            : null;
    }

    private static bool Is(LedgerRow? expected, FoundRow[] found) =>
        expected is null ? found is [] : found is [var row] && !expected.Differences(row.Row).Any();
}

/// <summary>What a transaction does, statement by statement, as long as it is not committed.</summary>
/// <param name="tally">What it begins with.</param>
internal sealed class LedgerTransaction(LedgerTally tally)
{
    /// <summary>Keys with their rows after it; null: no row.</summary>
    public Dictionary<long, LedgerRow?> After { get; private init; } = [];

    /// <summary>The hot row that it counts up.</summary>
    public int? Hot { get; set; }

    /// <summary>A key's row, as this transaction sees it.</summary>
    public LedgerRow? this[long id]
    {
        get => After.TryGetValue(id, out LedgerRow? row) ? row : tally.Rows.GetValueOrDefault(id);
        set => After[id] = value;
    }

    /// <summary>The same, for a savepoint.</summary>
    public LedgerTransaction Copy() => new(tally) { After = new(After), Hot = Hot };
}
