// The names that tell: functions that may leave something in the session, and tables, views and types that call them.
using System.IO.Hashing;
using System.Text;

namespace Drover.Sql;

/// <summary>
/// Immutable; made from a database's catalogs. Names are kept as hashes of their lower-case spelling, without schema:
/// it may say yes too often, and then costs one look at the session.
/// </summary>
internal sealed class TellingNames
{
    /// <summary>Bytes of a name that PostgreSQL keeps (NAMEDATALEN less one).</summary>
    private const int NameBytesMax = 63;

    private readonly Dictionary<ulong, StatementTraits> _always = [];
    private readonly Dictionary<ulong, StatementTraits> _onWrite = [];
    private readonly bool _isEverything;
    private bool _hasForeignLetters;

    private TellingNames(bool isEverything) => _isEverything = isEverything;

    /// <summary>Nothing is known of the database: every statement may do anything.</summary>
    public static TellingNames Everything { get; } = new(isEverything: true);

    /// <summary>No name tells.</summary>
    public static TellingNames None { get; } = new(isEverything: false);

    /// <summary>Custom settings that its functions may set.</summary>
    public IReadOnlyCollection<string> Settings { get; private init; } = [];

    public bool IsEmpty => !_isEverything && _always.Count == 0 && _onWrite.Count == 0;

    /// <summary>Any statement may do anything; what may be set by a name of its own is known.</summary>
    public static TellingNames EverythingWith(IReadOnlyCollection<string> settings) =>
        new(isEverything: true) { Settings = settings };

    /// <summary>Makes a set.</summary>
    /// <param name="names">Each with what it tells, and whether it does in a statement that writes only.</param>
    /// <param name="settings">Custom settings that the functions may set.</param>
    public static TellingNames From(
        IEnumerable<(string Name, StatementTraits Traits, bool OnWrite)> names,
        IReadOnlyCollection<string> settings
    )
    {
        TellingNames made = new(isEverything: false) { Settings = settings };
        foreach ((string name, StatementTraits traits, bool onWrite) in names)
        {
            byte[] bytes = Encoding.UTF8.GetBytes(name);
            made._hasForeignLetters |= !Ascii.IsValid(name);
            Dictionary<ulong, StatementTraits> target = onWrite ? made._onWrite : made._always;
            ulong hash = Hash(bytes);
            target[hash] = target.GetValueOrDefault(hash) | traits;
        }
        return made;
    }

    /// <summary>What a statement may do by the names in it. Allocates nothing; time is linear.</summary>
    public StatementTraits Scan(ReadOnlySpan<byte> sql)
    {
        if (_isEverything)
        {
            return StatementScanner.Unpredictable;
        }
        StatementTraits always = StatementTraits.None;
        StatementTraits onWrite = StatementTraits.None;
        bool writes = false;
        SqlTokens tokens = new(sql);
        while (tokens.Next())
        {
            if (tokens.Kind is SqlTokenKind.Word or SqlTokenKind.QuotedName)
            {
                always |= Find(tokens.Text, tokens.Kind, out StatementTraits whenWritten);
                onWrite |= whenWritten;
                writes |= tokens.Kind == SqlTokenKind.Word && IsWrite(tokens.Text);
            }
        }
        return writes ? always | onWrite : always;
    }

    /// <summary>What one name tells, anywhere and in a statement that writes.</summary>
    public StatementTraits Find(ReadOnlySpan<byte> name, SqlTokenKind kind, out StatementTraits onWrite)
    {
        // A name that PostgreSQL cuts, or spells in another way than it stands here, may be any.
        bool isUnreadable =
            name.Length > NameBytesMax
            || (kind == SqlTokenKind.QuotedName && name.IndexOfAny((byte)'\\', (byte)'"') >= 0)
            || (_hasForeignLetters && !Ascii.IsValid(name));
        if (isUnreadable)
        {
            onWrite = StatementTraits.None;
            return StatementScanner.Unpredictable;
        }
        ulong hash = Hash(name);
        onWrite = _onWrite.GetValueOrDefault(hash);
        return _always.GetValueOrDefault(hash);
    }

    private static ulong Hash(ReadOnlySpan<byte> name)
    {
        Span<byte> lower = stackalloc byte[NameBytesMax];
        name = name[..Math.Min(name.Length, NameBytesMax)];
        for (int i = 0; i < name.Length; i++)
        {
            lower[i] = name[i] is >= (byte)'A' and <= (byte)'Z' ? (byte)(name[i] | 0x20) : name[i];
        }
        return XxHash3.HashToUInt64(lower[..name.Length]);
    }

    internal static bool IsWrite(ReadOnlySpan<byte> word) =>
        word.Length switch
        {
            4 => StatementScanner.Is(word, "copy"u8),
            5 => StatementScanner.Is(word, "merge"u8),
            6 => StatementScanner.Is(word, "insert"u8)
                || StatementScanner.Is(word, "update"u8)
                || StatementScanner.Is(word, "delete"u8),
            8 => StatementScanner.Is(word, "truncate"u8),
            _ => false,
        };
}
