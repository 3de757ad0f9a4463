// How a transaction began: what has to be repeated on a shard that it comes to later.
using System.Text;

namespace Drover.Sessions.Sharded;

/// <summary>
/// BEGIN with its isolation level, and every SET, SAVEPOINT and the like since, as texts in the client's encoding. Kept
/// in one buffer that is used again for the next transaction.
/// </summary>
internal sealed class Opening
{
    private readonly List<int> _ends = [];
    private byte[] _bytes = new byte[64];
    private int _length;

    /// <summary>Nothing is to be repeated: no transaction has begun, or how is not known.</summary>
    public bool IsEmpty => _ends.Count == 0;

    /// <summary>Something was done that a text cannot say again.</summary>
    public bool CannotRepeat { get; set; }

    /// <summary>It sets where names without a schema are looked for.</summary>
    public bool SetsSearchPath { get; private set; }

    public int Count => _ends.Count;

    /// <summary>The texts, in order.</summary>
    public ReadOnlySpan<byte> this[int index]
    {
        get
        {
            int start = index == 0 ? 0 : _ends[index - 1];
            return _bytes.AsSpan(start, _ends[index] - start);
        }
    }

    public void Add(ReadOnlySpan<byte> text)
    {
        if (_bytes.Length < _length + text.Length)
        {
            Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, _length + text.Length));
        }
        text.CopyTo(_bytes.AsSpan(_length));
        _length += text.Length;
        _ends.Add(_length);
        SetsSearchPath |= _ends.Count > 1 && Encoding.UTF8.GetString(text) is var set && MaySetPath(set);
    }

    public void Clear()
    {
        _ends.Clear();
        _length = 0;
        CannotRepeat = false;
        SetsSearchPath = false;
    }

    /// <summary>SET SCHEMA is another word for it.</summary>
    private static bool MaySetPath(string set) =>
        set.Contains("search_path", StringComparison.OrdinalIgnoreCase)
        || set.Contains("schema", StringComparison.OrdinalIgnoreCase);
}
