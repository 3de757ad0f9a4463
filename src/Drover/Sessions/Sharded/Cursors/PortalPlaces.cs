// On which server of a transaction a portal is: rows that were not taken yet can come from there alone.
using System.Text;

namespace Drover.Sessions.Sharded.Cursors;

/// <summary>
/// Portals of the protocol and cursors of SQL share their names, as in PostgreSQL. Nothing is allocated for the portal
/// without a name. One per session; empty outside of a transaction.
/// </summary>
internal sealed class PortalPlaces
{
    private readonly Dictionary<string, int> _named = [];
    private int? _unnamed;

    /// <summary>A portal was made.</summary>
    /// <param name="name">Its name; empty for the one without.</param>
    /// <param name="shard">The shard's number.</param>
    public void Note(ReadOnlySpan<byte> name, int shard)
    {
        if (name.IsEmpty)
        {
            _unnamed = shard;
        }
        else
        {
            _named[Encoding.UTF8.GetString(name)] = shard;
        }
    }

    /// <summary>A cursor was declared.</summary>
    public void Note(string name, int shard) => _named[name] = shard;

    /// <summary>The shard that has a portal; null if that is not known.</summary>
    public int? Find(ReadOnlySpan<byte> name) =>
        name.IsEmpty ? _unnamed
        : _named.Count > 0 ? Find(Encoding.UTF8.GetString(name))
        : null;

    /// <summary>The shard that has a cursor; null if that is not known.</summary>
    public int? Find(string name) => _named.TryGetValue(name, out int shard) ? shard : null;

    /// <summary>One with a name is on another shard than this one.</summary>
    public bool AreElsewhere(int shard) => _named.Values.Any(place => place != shard);

    /// <summary>The transaction is over, and its portals with it.</summary>
    public void Clear()
    {
        _unnamed = null;
        _named.Clear();
    }
}
