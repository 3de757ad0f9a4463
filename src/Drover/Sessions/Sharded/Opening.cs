// How a transaction began: what has to be repeated on a shard that it comes to later.
using Drover.Sessions.Sharded.Units;
using Drover.Sql.Statements;

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
    private bool _setsPath;
    private bool _hasSavepoint;
    private bool _setsBehindSavepoint;

    /// <summary>Nothing is to be repeated: no transaction has begun, or how is not known.</summary>
    public bool IsEmpty => _ends.Count == 0;

    /// <summary>Something was done that a text cannot say again.</summary>
    public bool CannotRepeat { get; set; }

    /// <summary>The search_path that was set last; null if none was, or it is not known.</summary>
    public string? SearchPath { get; private set; }

    /// <summary>Where names without a schema are looked for was set, and is not known.</summary>
    public bool HasLostPath => _setsPath && SearchPath is null;

    /// <summary>Who the session is was set: "$user" on search_path means another schema then.</summary>
    public bool SetsRole { get; private set; }

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
        if (_ends.Count > 1)
        {
            NotePath(text);
        }
    }

    /// <summary>Something sets search_path that is no SET, or sets it to what is not known.</summary>
    public void LosePath()
    {
        _setsPath = true;
        SearchPath = null;
    }

    public void Clear()
    {
        _ends.Clear();
        _length = 0;
        CannotRepeat = false;
        _setsPath = false;
        _hasSavepoint = false;
        _setsBehindSavepoint = false;
        SearchPath = null;
        SetsRole = false;
    }

    /// <summary>Whether names without a schema cannot be told.</summary>
    /// <param name="facts">A schema with a role's name is what "$user" can mean.</param>
    public bool HidesNames(ICatalogFacts facts) => HasLostPath || (SetsRole && facts.RoleSchemas.Length > 0);

    private void NotePath(ReadOnlySpan<byte> text)
    {
        if (PathSetting.IsShow(text))
        {
            return;
        }
        Span<byte> set = text.Length <= 256 ? stackalloc byte[text.Length] : new byte[text.Length];
        for (int i = 0; i < text.Length; i++)
        {
            set[i] = text[i] is >= (byte)'A' and <= (byte)'Z' ? (byte)(text[i] | 0x20) : text[i];
        }
        SetsRole |= HasWord(set, "role"u8) || HasWord(set, "authorization"u8);
        // SET SCHEMA is another word for it, and RESET ALL does it too.
        // A quoted name with escapes may be any setting's.
        if (
            Has(set, "search_path"u8)
            || Has(set, "u&"u8)
            || Has(set, "schema"u8)
            || (Has(set, "reset"u8) && Has(set, "all"u8))
        )
        {
            _setsPath = true;
            SearchPath = PathSetting.Read(text);
            _setsBehindSavepoint |= _hasSavepoint;
        }
        else if (Has(set, "rollback"u8))
        {
            // To the path that was at the savepoint.
            SearchPath = _setsBehindSavepoint ? null : SearchPath;
        }
        else
        {
            _hasSavepoint |= Has(set, "savepoint"u8);
        }
    }

    private static bool HasWord(ReadOnlySpan<byte> lower, ReadOnlySpan<byte> word)
    {
        for (int from = 0; from < lower.Length && lower[from..].IndexOf(word) is var at and >= 0; from += at + 1)
        {
            ReadOnlySpan<byte> before = lower[..(from + at)];
            ReadOnlySpan<byte> behind = lower[(from + at + word.Length)..];
            if (
                (before.IsEmpty || !(before[^1] == (byte)'.' || IsOfName(before[^1])))
                && (behind.IsEmpty || !IsOfName(behind[0]))
            )
            {
                return true;
            }
        }
        return false;
    }

    private static bool IsOfName(byte letter) =>
        letter
            is (>= (byte)'a' and <= (byte)'z')
                or (>= (byte)'0' and <= (byte)'9')
                or (byte)'_'
                or (byte)'$'
                or >= 128;

    private static bool Has(ReadOnlySpan<byte> lower, ReadOnlySpan<byte> word) => lower.IndexOf(word) >= 0;
}
