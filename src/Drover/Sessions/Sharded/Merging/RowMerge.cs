// Ordered rows of several shards → the rows of all in that order.
using Drover.Routing.Merging;

namespace Drover.Sessions.Sharded.Merging;

/// <summary>
/// Holds those shards that have a row waiting, the least row's first. One who has used its row is put in again with its
/// next one: as many comparisons as the logarithm of their number.
/// </summary>
internal sealed class RowMerge(RowOrder order)
{
    private readonly List<ShardRows> _waiting = [];
    private readonly SortValue[] _last = new SortValue[order.Count];
    private byte[] _lastRow = [];
    private bool _hasLast;

    /// <summary>Shards whose row waits.</summary>
    public int Count => _waiting.Count;

    /// <summary>Values that the order is by.</summary>
    public int Values => order.Count;

    /// <summary>Takes in one whose next row has come. False if it is no row that can be compared.</summary>
    public bool TryAdd(ShardRows rows)
    {
        if (rows.Values.Length == 0)
        {
            rows.Values = new SortValue[order.Count];
        }
        if (!order.TryRead(rows.Row, rows.Values))
        {
            return false;
        }
        int first = 0;
        int end = _waiting.Count;
        while (first < end)
        {
            int middle = (first + end) / 2;
            if (Compare(_waiting[middle], rows) <= 0)
            {
                first = middle + 1;
            }
            else
            {
                end = middle;
            }
        }
        _waiting.Insert(first, rows);
        return true;
    }

    /// <summary>
    /// Takes out the one with the least row. Null if that row belongs before one that was taken out earlier: a shard
    /// sorts otherwise than it is known to.
    /// </summary>
    /// <param name="same">How many values of the order, from the first on, are as those of the row before.</param>
    public ShardRows? TakeLeast(out int same)
    {
        ShardRows least = _waiting[0];
        _waiting.RemoveAt(0);
        same = 0;
        int step = _hasLast ? order.Compare(_lastRow, _last, least.Row, least.Values, out same) : -1;
        if (step > 0)
        {
            return null;
        }
        _hasLast = true;
        least.Values.CopyTo(_last.AsSpan());
        if (order.HasBytes)
        {
            if (_lastRow.Length < least.RowLength)
            {
                _lastRow = new byte[Math.Max(least.RowLength, _lastRow.Length * 2)];
            }
            least.Row.CopyTo(_lastRow);
        }
        return least;
    }

    /// <summary>Lets all go.</summary>
    public void Clear() => _waiting.Clear();

    private int Compare(ShardRows one, ShardRows other) => order.Compare(one.Row, one.Values, other.Row, other.Values);
}
