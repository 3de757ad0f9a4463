// What a function's body may do to the session of who calls it.
using System.Text;

namespace Drover.Sql;

/// <summary>
/// Reads a body in SQL or PL/pgSQL word by word (https://www.postgresql.org/docs/18/plpgsql.html), by the rules of <see
/// cref="StatementScanner"/>; where a statement begins is known from the words in front of it. A body that builds
/// statements at run time may do anything; so may one in another language, if it can reach the server at all.
/// </summary>
internal static class FunctionBody
{
    private static readonly string[] StartAfter = ["begin", "then", "else", "loop", "atomic"];

    /// <summary>How a language spells its way to the server; a body without it cannot get there.</summary>
    private static readonly Dictionary<string, string> Doors = new(StringComparer.Ordinal)
    {
        ["plpython3u"] = "plpy",
        ["plpython2u"] = "plpy",
        ["plpythonu"] = "plpy",
        ["plperl"] = "spi_",
        ["plperlu"] = "spi_",
        ["pltcl"] = "spi_",
        ["pltclu"] = "spi_",
        ["plv8"] = "plv8",
    };

    /// <summary>Reads a body.</summary>
    /// <param name="language">As pg_language has it.</param>
    /// <param name="body">The source, or the C symbol.</param>
    /// <param name="names">What is telling so far.</param>
    /// <param name="settings">Gets the custom settings that it may set.</param>
    public static StatementTraits Scan(string language, string body, TellingNames names, HashSet<string> settings)
    {
        switch (language)
        {
            case "sql" or "plpgsql":
                return ScanText(Encoding.UTF8.GetBytes(body), names, settings);
            case "c":
                return StatementTraits.TouchesSession | StatementTraits.ResetsSettings;
            case "internal":
                return
                    body.Contains("set_config", StringComparison.Ordinal)
                    || body.Contains("advisory", StringComparison.Ordinal)
                    || body.Contains("_to_xml", StringComparison.Ordinal)
                    ? StatementTraits.TouchesSession
                    : StatementTraits.None;
            default:
                return ScanOther(language, body, settings);
        }
    }

    private static StatementTraits ScanOther(string language, string body, HashSet<string> settings)
    {
        if (Doors.TryGetValue(language, out string? door) && !body.Contains(door, StringComparison.Ordinal))
        {
            return StatementTraits.None;
        }
        int known = settings.Count;
        CustomSettingNames.Collect(Encoding.UTF8.GetBytes(body), settings);
        bool isNameless = settings.Count == known && Has(body, "set_config");
        return StatementScanner.Unpredictable | (isNameless ? StatementTraits.SetsUnknownName : StatementTraits.None);
    }

    private static bool Has(string body, string word) => body.Contains(word, StringComparison.OrdinalIgnoreCase);

    /// <summary>Reads a body in SQL or PL/pgSQL.</summary>
    public static StatementTraits ScanText(ReadOnlySpan<byte> body, TellingNames names, HashSet<string> settings)
    {
        StatementTraits traits = StatementTraits.None;
        StatementTraits onWrite = StatementTraits.None;
        bool atStart = true;
        bool builds = false;
        bool writes = false;
        SqlTokens tokens = new(body);
        SqlTokens before = default;
        while (tokens.Next())
        {
            bool startsHere = atStart;
            atStart = tokens.IsSymbol(';') || (tokens.IsSymbol('>') && before.IsSymbol('>'));
            before = tokens;
            if (tokens.Kind is SqlTokenKind.Word or SqlTokenKind.QuotedName)
            {
                traits |= names.Find(tokens.Text, tokens.Kind, out StatementTraits written);
                onWrite |= written;
            }
            if (tokens.Kind == SqlTokenKind.Word)
            {
                traits |= ScanWord(tokens, startsHere, settings);
                builds |= tokens.IsWord("execute"u8);
                writes |= TellingNames.IsWrite(tokens.Text);
                atStart |= IsOneOf(tokens, StartAfter);
            }
        }
        if (builds)
        {
            traits |= StatementScanner.Unpredictable | ScanLiterals(body, settings);
        }
        traits &= ~StatementTraits.ChangesCatalog;
        return writes || builds ? traits | onWrite : traits;
    }

    private static StatementTraits ScanWord(SqlTokens word, bool startsHere, HashSet<string> settings)
    {
        if (word.IsWord("set_config"u8))
        {
            SettingCall call = SettingCall.Read(word, seesParameters: false);
            CustomSettingNames.Collect(call.Name, settings);
            return call.IsLocal ? StatementTraits.None
                : call.IsNamed ? StatementTraits.TouchesSession
                : StatementTraits.TouchesSession | StatementTraits.SetsUnknownName;
        }
        if (word.IsWord("hold"u8))
        {
            return StatementTraits.TouchesSession;
        }
        if (!startsHere || word.IsWord("declare"u8) || word.IsWord("call"u8) || word.IsWord("execute"u8))
        {
            return StatementScanner.AnyWord(word.Text);
        }
        return word.IsWord("set"u8)
            ? ScanSet(word, settings)
            : StatementScanner.FirstWord(word.Text) | StatementScanner.AnyWord(word.Text);
    }

    /// <summary>A statement that begins with SET; one for its transaction only leaves nothing.</summary>
    private static StatementTraits ScanSet(SqlTokens tokens, HashSet<string> settings)
    {
        if (!tokens.Next() || tokens.IsWord("local"u8) || tokens.IsWord("constraints"u8))
        {
            return StatementTraits.None;
        }
        if (tokens.IsWord("session"u8) && !tokens.Next())
        {
            return StatementTraits.TouchesSession;
        }
        ReadOnlySpan<byte> prefix = tokens.Text;
        bool isNamed = tokens.Kind is SqlTokenKind.Word or SqlTokenKind.QuotedName;
        if (isNamed && tokens.Next() && tokens.IsSymbol('.') && tokens.Next())
        {
            CustomSettingNames.Collect([.. prefix, (byte)'.', .. tokens.Text], settings);
        }
        return isNamed
            ? StatementTraits.TouchesSession
            : StatementTraits.TouchesSession | StatementTraits.SetsUnknownName;
    }

    /// <summary>The literals of a body that builds statements: what is built of them may set something.</summary>
    private static StatementTraits ScanLiterals(ReadOnlySpan<byte> body, HashSet<string> settings)
    {
        StatementTraits traits = StatementTraits.None;
        SqlTokens tokens = new(body);
        while (tokens.Next())
        {
            if (tokens.Kind == SqlTokenKind.Literal)
            {
                CustomSettingNames.Collect(tokens.Text, settings);
                traits |= ScanLiteral(tokens.Text, settings);
            }
        }
        return traits;
    }

    private static StatementTraits ScanLiteral(ReadOnlySpan<byte> literal, HashSet<string> settings)
    {
        StatementTraits traits = StatementTraits.None;
        bool isFirst = true;
        SqlTokens tokens = new(literal);
        while (tokens.Next())
        {
            if (isFirst && tokens.IsWord("set"u8))
            {
                traits |= ScanSet(tokens, settings);
            }
            isFirst = tokens.IsSymbol(';');
        }
        bool isNameless = SettingCall.IsUnnamedIn(literal) && literal.IndexOf((byte)'.') < 0;
        return traits | (isNameless ? StatementTraits.SetsUnknownName : StatementTraits.None);
    }

    private static bool IsOneOf(SqlTokens token, string[] words)
    {
        foreach (string word in words)
        {
            if (Ascii.EqualsIgnoreCase(token.Text, word))
            {
                return true;
            }
        }
        return false;
    }
}
