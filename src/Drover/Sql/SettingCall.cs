// A call of set_config(): whether it outlives its transaction, and which parameter it sets.
namespace Drover.Sql;

/// <summary>
/// What a call's arguments tell (https://www.postgresql.org/docs/18/functions-admin.html#FUNCTIONS-ADMIN-SET).
/// </summary>
internal readonly ref struct SettingCall
{
    private SettingCall(ReadOnlySpan<byte> name, bool isNamed, bool isLocal)
    {
        Name = name;
        IsNamed = isNamed;
        IsLocal = isLocal;
    }

    /// <summary>The first argument when it is a literal.</summary>
    public ReadOnlySpan<byte> Name { get; }

    /// <summary>The first argument is a literal, or a parameter of the message whose value is seen elsewhere.</summary>
    public bool IsNamed { get; }

    /// <summary>The last argument is <c>true</c>: the value is gone with the transaction.</summary>
    public bool IsLocal { get; }

    /// <summary>Reads the arguments of the call whose name the tokens stand on.</summary>
    public static SettingCall Read(SqlTokens tokens, bool seesParameters)
    {
        if (!tokens.Next() || (tokens.Kind == SqlTokenKind.QuotedName && !tokens.Next()) || !tokens.IsSymbol('('))
        {
            // Only mentioned; nothing is known of it.
            return new SettingCall(default, isNamed: false, isLocal: false);
        }
        ReadOnlySpan<byte> name = default;
        bool isNamed = false;
        bool isLast = false;
        int argument = 0;
        int place = 0;
        int depth = 0;
        while (tokens.Next())
        {
            if (depth == 0 && tokens.IsSymbol(')'))
            {
                break;
            }
            depth +=
                tokens.IsSymbol('(') ? 1
                : tokens.IsSymbol(')') ? -1
                : 0;
            if (depth == 0 && tokens.IsSymbol(','))
            {
                argument++;
                place = 0;
                continue;
            }
            if (argument == 0 && place == 0 && tokens.Kind is SqlTokenKind.Literal or SqlTokenKind.Parameter)
            {
                name = tokens.Kind == SqlTokenKind.Literal ? tokens.Text : default;
                isNamed = tokens.Kind == SqlTokenKind.Literal || seesParameters;
            }
            else if (argument == 0 && (tokens.IsSymbol('|') || tokens.IsSymbol('(')))
            {
                isNamed = false;
            }
            isLast = argument == 2 && place == 0 && tokens.IsWord("true"u8);
            place++;
        }
        return new SettingCall(name, isNamed, isLast);
    }

    /// <summary>Whether a statement sets a parameter whose name is seen nowhere: computed, or from a table.</summary>
    public static bool IsUnnamedIn(ReadOnlySpan<byte> sql)
    {
        SqlTokens tokens = new(sql);
        while (tokens.Next())
        {
            if (
                tokens.IsWord("set_config"u8)
                && Read(tokens, seesParameters: true) is { IsNamed: false, IsLocal: false }
            )
            {
                return true;
            }
        }
        return false;
    }
}
