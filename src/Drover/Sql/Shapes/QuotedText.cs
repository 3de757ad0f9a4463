// Where strings, names and comments end.
namespace Drover.Sql.Shapes;

/// <summary>Positions are in the text; -1 says that the end is missing.</summary>
internal static class QuotedText
{
    /// <summary>The position behind the closing quote of the string whose opening quote stands here.</summary>
    /// <param name="sql">The text.</param>
    /// <param name="quote">Where the opening quote is.</param>
    /// <param name="kind">What string it is: in strings of bits two quotes are an end and a beginning.</param>
    /// <param name="conforming">The session's standard_conforming_strings.</param>
    public static int EndOfString(ReadOnlySpan<byte> sql, int quote, LexemeKind kind, bool conforming)
    {
        bool escapes = kind == LexemeKind.EscapeString || (kind == LexemeKind.String && !conforming);
        bool doubles = kind is not (LexemeKind.BitString or LexemeKind.HexString);
        int i = quote + 1;
        while (i < sql.Length)
        {
            int found = escapes ? sql[i..].IndexOfAny((byte)'\'', (byte)'\\') : sql[i..].IndexOf((byte)'\'');
            if (found < 0)
            {
                return -1;
            }
            i += found;
            bool isDouble = doubles && sql[i] == '\'' && i + 1 < sql.Length && sql[i + 1] == '\'';
            if (sql[i] == '\'' && !isDouble)
            {
                return i + 1;
            }
            i += 2;
        }
        return -1;
    }

    /// <summary>The opening quote of the next piece of a string that ended here; -1 if there is none.</summary>
    public static int Continuation(ReadOnlySpan<byte> sql, int end)
    {
        bool sawLineEnd = false;
        int i = end;
        while (i < sql.Length)
        {
            if (SqlBytes.IsSpace(sql[i]))
            {
                sawLineEnd |= sql[i] is (byte)'\n' or (byte)'\r';
                i++;
            }
            else if (sql[i..].StartsWith("--"u8))
            {
                int length = sql[i..].IndexOfAny((byte)'\n', (byte)'\r');
                if (length < 0)
                {
                    return -1;
                }
                i += length;
            }
            else
            {
                return sawLineEnd && sql[i] == '\'' ? i : -1;
            }
        }
        return -1;
    }

    /// <summary>The position behind the closing quote of the name whose opening quote stands here.</summary>
    public static int EndOfName(ReadOnlySpan<byte> sql, int quote)
    {
        int i = quote + 1;
        while (i < sql.Length)
        {
            int found = sql[i..].IndexOf((byte)'"');
            if (found < 0)
            {
                return -1;
            }
            i += found + 1;
            if (i >= sql.Length || sql[i] != '"')
            {
                return i;
            }
            i++;
        }
        return -1;
    }

    /// <summary>The length of the dollar tag that begins here, both dollars counted; 0 if none does.</summary>
    public static int DollarTag(ReadOnlySpan<byte> sql, int start)
    {
        int i = start + 1;
        if (i < sql.Length && SqlBytes.IsWordStart(sql[i]))
        {
            while (i < sql.Length && (SqlBytes.IsWordStart(sql[i]) || SqlBytes.IsDigit(sql[i])))
            {
                i++;
            }
        }
        return i < sql.Length && sql[i] == '$' ? i + 1 - start : 0;
    }

    /// <summary>The length of the comment that a text begins with; comments nest.</summary>
    public static int EndOfBlockComment(ReadOnlySpan<byte> sql)
    {
        int depth = 1;
        int i = 2;
        while (i + 1 < sql.Length)
        {
            int found = sql[i..].IndexOfAny((byte)'*', (byte)'/');
            if (found < 0 || i + found + 1 >= sql.Length)
            {
                return -1;
            }
            i += found;
            if (sql[i] == '*' && sql[i + 1] == '/')
            {
                i += 2;
                if (--depth == 0)
                {
                    return i;
                }
            }
            else if (sql[i] == '/' && sql[i + 1] == '*')
            {
                depth++;
                i += 2;
            }
            else
            {
                i++;
            }
        }
        return -1;
    }
}
