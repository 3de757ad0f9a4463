// The name in a statement that is a DEALLOCATE and nothing else.
using System.Text;

namespace Drover.Sql;

internal static class DeallocateText
{
    /// <summary>
    /// Reads <c>DEALLOCATE [PREPARE] name</c>. False for DEALLOCATE ALL and for anything more
    /// (https://www.postgresql.org/docs/18/sql-deallocate.html).
    /// </summary>
    public static bool TryReadName(ReadOnlySpan<byte> sql, out byte[] name)
    {
        name = [];
        SqlTokens tokens = new(sql);
        if (!tokens.Next() || !tokens.IsWord("deallocate"u8) || !tokens.Next())
        {
            return false;
        }
        if (tokens.IsWord("prepare"u8))
        {
            SqlTokens behind = tokens;
            if (behind.Next() && behind.Kind is SqlTokenKind.Word or SqlTokenKind.QuotedName)
            {
                tokens = behind;
            }
        }
        bool isClosed = sql.Count((byte)'"') % 2 == 0;
        if (!isClosed || tokens.IsWord("all"u8) || !TryReadName(tokens, out name))
        {
            return false;
        }
        while (tokens.Next())
        {
            if (!tokens.IsSymbol(';'))
            {
                return false;
            }
        }
        return true;
    }

    private static bool TryReadName(SqlTokens token, out byte[] name)
    {
        name = [];
        switch (token.Kind)
        {
            case SqlTokenKind.Word:
                name = token.Text.ToArray();
                foreach (ref byte c in name.AsSpan())
                {
                    // Only ASCII: PostgreSQL leaves other letters as they are.
                    c |= (byte)(c is >= (byte)'A' and <= (byte)'Z' ? 0x20 : 0);
                }
                return true;
            case SqlTokenKind.QuotedName when !token.Text.IsEmpty:
                string text = Encoding.UTF8.GetString(token.Text);
                name = Encoding.UTF8.GetBytes(text.Replace("\"\"", "\"", StringComparison.Ordinal));
                return true;
            default:
                return false;
        }
    }
}
