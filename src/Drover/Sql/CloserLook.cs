// A second look at a statement that may touch its session: does it set what nobody can name, or change the catalogs.
namespace Drover.Sql;

/// <summary>Taken only where the first look found something, so it may take its time.</summary>
internal static class CloserLook
{
    /// <summary>Literals within literals that are looked into; what is deeper counts as found.</summary>
    private const int DepthMax = 4;

    /// <summary>What is to be added to what the first look found.</summary>
    /// <param name="sql">The statement.</param>
    /// <param name="traits">What is known of it.</param>
    public static StatementTraits At(ReadOnlySpan<byte> sql, StatementTraits traits)
    {
        if (!traits.HasFlag(StatementTraits.TouchesSession))
        {
            return StatementTraits.None;
        }
        StatementTraits more = SettingCall.IsUnnamedIn(sql) ? StatementTraits.SetsUnknownName : StatementTraits.None;
        if (!traits.HasFlag(StatementScanner.Unpredictable))
        {
            return more;
        }
        // DO: its literal is a body.
        HashSet<string> settings = [];
        bool isDo = false;
        SqlTokens tokens = new(sql);
        while (tokens.Next())
        {
            isDo |= tokens.IsWord("do"u8);
            if (isDo && tokens.Kind == SqlTokenKind.Literal)
            {
                StatementTraits body = FunctionBody.ScanText(tokens.Text, TellingNames.None, settings);
                more |= body & StatementTraits.SetsUnknownName;
                more |= Defines(tokens.Text) ? StatementTraits.ChangesCatalog : StatementTraits.None;
            }
        }
        return more;
    }

    /// <summary>Whether CREATE or ALTER stands anywhere, in the literals of a statement that is built too.</summary>
    private static bool Defines(ReadOnlySpan<byte> body, int depth = 0)
    {
        SqlTokens tokens = new(body);
        while (tokens.Next())
        {
            bool defines =
                tokens.IsWord("create"u8)
                || tokens.IsWord("alter"u8)
                || (tokens.Kind == SqlTokenKind.Literal && (depth == DepthMax || Defines(tokens.Text, depth + 1)));
            if (defines)
            {
                return true;
            }
        }
        return false;
    }
}
