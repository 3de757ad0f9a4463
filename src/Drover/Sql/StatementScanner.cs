// Finds in a statement's text what may outlive its transaction. A scan over tokens, not a parse: it may say yes too
// often, and then costs one look at the session; what it cannot see (a function that sets something) ParameterStatus
// shows.
using System.Runtime.CompilerServices;

namespace Drover.Sql;

/// <summary>
/// A scanner over PostgreSQL's lexical rules (https://www.postgresql.org/docs/18/sql-syntax-lexical.html) that looks at
/// the first words of each statement and at a few telling names anywhere. Allocates nothing; time is linear.
/// </summary>
internal static class StatementScanner
{
    /// <summary>The same, by the names too that tell in this database; null when there are none.</summary>
    public static StatementTraits Scan(ReadOnlySpan<byte> sql, TellingNames? names) =>
        names is null ? Scan(sql) : Scan(sql) | names.Scan(sql);

    /// <summary>Scans the text of a simple query or of a Parse, without its terminating zero.</summary>
    public static StatementTraits Scan(ReadOnlySpan<byte> sql) =>
        PlainText.Is(sql) ? StatementTraits.None : ScanWords(sql);

    /// <summary>Whether anything stands behind the first semicolon, wherever that stands.</summary>
    public static bool MayBeSeveral(ReadOnlySpan<byte> sql)
    {
        int semicolon = sql.IndexOf((byte)';');
        return semicolon >= 0 && sql[(semicolon + 1)..].TrimStart(" \t\r\n;\0"u8).Length > 0;
    }

    /// <summary>Whether the first thing in a text is a word that says nothing about the session.</summary>
    internal static bool BeginsHarmlessly(ReadOnlySpan<byte> sql)
    {
        int i = 0;
        while (i < sql.Length && sql[i] is (byte)' ' or (byte)'\t' or (byte)'\n' or (byte)'\r')
        {
            i++;
        }
        ReadOnlySpan<byte> word = sql[i..WordEnd(sql, i)];
        return !word.IsEmpty && IsWordStart(word[0]) && FirstWord(word) == StatementTraits.None && !Is(word, "set"u8);
    }

    /// <summary>The scan itself; the quick look before it is held against it in tests.</summary>
    internal static StatementTraits ScanWords(ReadOnlySpan<byte> sql)
    {
        StatementTraits traits = StatementTraits.None;
        bool atStart = true;
        SetPlace place = SetPlace.Elsewhere;
        int i = 0;
        while (i < sql.Length)
        {
            byte c = sql[i];
            if (IsWordStart(c))
            {
                i = ScanWord(sql, i, ref atStart, ref place, ref traits);
                continue;
            }
            switch (c)
            {
                case (byte)' ' or (byte)'\t' or (byte)'\n' or (byte)'\r' or (byte)'\f' or (byte)'\v':
                    i++;
                    break;
                case (byte)';':
                    atStart = true;
                    i++;
                    break;
                case (byte)'\'':
                    int end = SkipQuoted(sql, i, '\'', escapes: false);
                    // Where a backslash stands before a quote, what the literal is depends on
                    // standard_conforming_strings and on a literal before it: nobody knows what was passed over.
                    traits |= sql[i..end].IndexOf("\\'"u8) >= 0 ? Unpredictable : StatementTraits.None;
                    i = end;
                    atStart = false;
                    break;
                case (byte)'"':
                    int close = SkipQuoted(sql, i, '"', escapes: false);
                    ReadOnlySpan<byte> name = sql[(i + 1)..Math.Max(i + 1, close - 1)];
                    traits |= AnyWord(name);
                    traits |= place == SetPlace.BehindSet ? StatementTraits.TouchesSession : SetLocally(name, place);
                    place = SetPlace.Elsewhere;
                    i = close;
                    break;
                case (byte)'-' when i + 1 < sql.Length && sql[i + 1] == '-':
                    int line = sql[i..].IndexOfAny((byte)'\n', (byte)'\r');
                    i = line < 0 ? sql.Length : i + line;
                    break;
                case (byte)'/' when i + 1 < sql.Length && sql[i + 1] == '*':
                    i = SkipComment(sql, i);
                    break;
                case (byte)'$':
                    i = SkipDollar(sql, i);
                    atStart = false;
                    break;
                default:
                    i = c is >= (byte)'0' and <= (byte)'9' ? WordEnd(sql, i) : i + 1;
                    atStart = false;
                    break;
            }
        }
        return traits;
    }

    /// <summary>Reads the word at a position; gives the position behind it.</summary>
    private static int ScanWord(
        ReadOnlySpan<byte> sql,
        int i,
        ref bool atStart,
        ref SetPlace place,
        ref StatementTraits traits
    )
    {
        int end = WordEnd(sql, i);
        if (end < sql.Length && sql[end] == '\'' && end - i == 1)
        {
            // E'…', B'…', X'…', N'…': the prefix decides how the literal ends. A longer word is one: DO'…'.
            atStart = false;
            return SkipQuoted(sql, end, '\'', (sql[i] | 0x20) == 'e');
        }
        ReadOnlySpan<byte> word = sql[i..end];
        if (place == SetPlace.BehindSet)
        {
            // SET TRANSACTION and SET CONSTRAINTS end with the transaction as well.
            bool isLocal = Is(word, "local"u8);
            bool outlives = !isLocal && !Is(word, "transaction"u8) && !Is(word, "constraints"u8);
            traits |= outlives ? StatementTraits.TouchesSession : StatementTraits.None;
            place = isLocal ? SetPlace.BehindLocal : SetPlace.Elsewhere;
        }
        else if (place == SetPlace.BehindLocal)
        {
            traits |= SetLocally(word, place);
            place = SetPlace.Elsewhere;
        }
        else if (atStart && Is(word, "set"u8))
        {
            place = SetPlace.BehindSet;
        }
        else
        {
            traits |= atStart ? FirstWord(word) | AnyWord(word) : AnyWord(word);
        }
        atStart = false;
        return end;
    }

    /// <summary>SET LOCAL SCHEMA is another word for search_path.</summary>
    private static StatementTraits SetLocally(ReadOnlySpan<byte> name, SetPlace place) =>
        place == SetPlace.BehindLocal && (Is(name, "search_path"u8) || Is(name, "schema"u8))
            ? StatementTraits.SetsLocalPath
            : StatementTraits.None;

    internal static StatementTraits FirstWord(ReadOnlySpan<byte> word)
    {
        switch (word.Length)
        {
            case 2:
                return Is(word, "do"u8) ? Unpredictable : StatementTraits.None;
            case 4:
                return Is(word, "call"u8) ? Unpredictable
                    : Is(word, "load"u8) ? StatementTraits.TouchesSession
                    : Is(word, "drop"u8) ? StatementTraits.ChangesCatalog
                    : StatementTraits.None;
            case 5:
                return Is(word, "reset"u8) ? Resetting
                    : Is(word, "alter"u8) ? StatementTraits.ChangesCatalog
                    : StatementTraits.None;
            case 6:
                return Is(word, "listen"u8) ? StatementTraits.TouchesSession
                    : Is(word, "create"u8) ? StatementTraits.ChangesCatalog
                    : StatementTraits.None;
            case 7:
                return Is(word, "discard"u8) ? Resetting | StatementTraits.ForgetsStatements
                    : Is(word, "prepare"u8) || Is(word, "declare"u8) ? StatementTraits.TouchesSession
                    : Is(word, "execute"u8) ? Unpredictable
                    : StatementTraits.None;
            case 8:
                return Is(word, "unlisten"u8) ? StatementTraits.TouchesSession : StatementTraits.None;
            case 10:
                return Is(word, "deallocate"u8)
                    ? StatementTraits.TouchesSession | StatementTraits.ForgetsStatements
                    : StatementTraits.None;
            default:
                return StatementTraits.None;
        }
    }

    internal static StatementTraits AnyWord(ReadOnlySpan<byte> word)
    {
        switch (word.Length)
        {
            case 4:
                return Is(word, "temp"u8) ? StatementTraits.TouchesSession : StatementTraits.None;
            case 7:
                if (Is(word, "ts_stat"u8))
                {
                    return Unpredictable;
                }
                // SET x TO DEFAULT and SET x = DEFAULT; also column defaults, where it costs one look too many.
                return Is(word, "default"u8) ? StatementTraits.ResetsSettings
                    : Is(word, "pg_temp"u8) ? StatementTraits.TouchesSession
                    : StatementTraits.None;
            case 9:
                return Is(word, "temporary"u8) ? StatementTraits.TouchesSession : StatementTraits.None;
            case 10:
                return Is(word, "set_config"u8) || Is(word, "ts_rewrite"u8)
                    ? StatementTraits.TouchesSession
                    : StatementTraits.None;
            case 11:
                // Who updates this view sets what he updates.
                return Is(word, "pg_settings"u8) ? StatementTraits.TouchesSession : StatementTraits.None;
            case >= 12 when StartsWith(word, "query_to_xml"u8):
                return Unpredictable;
            case >= 16:
                return
                    StartsWith(word, "pg_advisory_lock"u8)
                    || StartsWith(word, "pg_try_advisory_lock"u8)
                    || StartsWith(word, "pg_advisory_unlock"u8)
                    ? StatementTraits.TouchesSession
                    : StatementTraits.None;
            default:
                return StatementTraits.None;
        }
    }

    private enum SetPlace
    {
        Elsewhere,
        BehindSet,
        BehindLocal,
    }

    private const StatementTraits Resetting = StatementTraits.TouchesSession | StatementTraits.ResetsSettings;

    internal const StatementTraits Unpredictable = Resetting | StatementTraits.ForgetsStatements;

    internal static bool Is(ReadOnlySpan<byte> word, ReadOnlySpan<byte> lower) =>
        word.Length == lower.Length && StartsWith(word, lower);

    private static bool StartsWith(ReadOnlySpan<byte> word, ReadOnlySpan<byte> lower)
    {
        if (word.Length < lower.Length)
        {
            return false;
        }
        for (int i = 0; i < lower.Length; i++)
        {
            byte c = word[i];
            if ((c is >= (byte)'A' and <= (byte)'Z' ? c | 0x20 : c) != lower[i])
            {
                return false;
            }
        }
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool IsWordStart(byte c) => (uint)((c | 0x20) - 'a') <= 'z' - 'a' || c == '_' || c >= 0x80;

    /// <summary>Which bytes may stand in an unquoted word; anything beyond ASCII is a letter.</summary>
    private static ReadOnlySpan<bool> IsWordByte => WordBytes;

    private static readonly bool[] WordBytes =
    [
        .. Enumerable
            .Range(0, 256)
            .Select(static value => value >= 0x80 || value is '_' or '$' || char.IsAsciiLetterOrDigit((char)value)),
    ];

    internal static int WordEnd(ReadOnlySpan<byte> sql, int i)
    {
        ReadOnlySpan<bool> isWordByte = IsWordByte;
        while (i < sql.Length && isWordByte[sql[i]])
        {
            i++;
        }
        return i;
    }

    internal static int SkipQuoted(ReadOnlySpan<byte> sql, int i, char quote, bool escapes)
    {
        i++;
        while (i < sql.Length)
        {
            if (sql[i] == quote)
            {
                if (i + 1 >= sql.Length || sql[i + 1] != quote)
                {
                    return i + 1;
                }
                i++;
            }
            else if (escapes && sql[i] == '\\')
            {
                i++;
            }
            i++;
        }
        return sql.Length;
    }

    internal static int SkipComment(ReadOnlySpan<byte> sql, int i)
    {
        int depth = 1;
        i += 2;
        while (i + 1 < sql.Length && depth > 0)
        {
            if (sql[i] == '/' && sql[i + 1] == '*')
            {
                depth++;
                i += 2;
            }
            else if (sql[i] == '*' && sql[i + 1] == '/')
            {
                depth--;
                i += 2;
            }
            else
            {
                i++;
            }
        }
        return depth == 0 ? i : sql.Length;
    }

    internal static int SkipDollar(ReadOnlySpan<byte> sql, int i)
    {
        int tagEnd = i + 1;
        while (tagEnd < sql.Length && (IsWordStart(sql[tagEnd]) || sql[tagEnd] is >= (byte)'0' and <= (byte)'9'))
        {
            tagEnd++;
        }
        bool isTag = tagEnd < sql.Length && sql[tagEnd] == '$' && (tagEnd == i + 1 || IsWordStart(sql[i + 1]));
        if (!isTag)
        {
            return i + 1;
        }
        ReadOnlySpan<byte> tag = sql[i..(tagEnd + 1)];
        int close = sql[(tagEnd + 1)..].IndexOf(tag);
        return close < 0 ? sql.Length : tagEnd + 1 + close + tag.Length;
    }
}
