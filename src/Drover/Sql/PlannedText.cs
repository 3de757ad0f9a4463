// Whether a statement is one that PostgreSQL plans, and so one whose result it holds to its first shape.
namespace Drover.Sql;

internal static class PlannedText
{
    private static readonly string[] Words =
    [
        "select",
        "with",
        "insert",
        "update",
        "delete",
        "merge",
        "values",
        "table",
    ];

    /// <summary>
    /// False for EXECUTE, FETCH, SHOW and the like: what they return is settled when they run, and never "must not
    /// change".
    /// </summary>
    public static bool IsPlanned(ReadOnlySpan<byte> sql)
    {
        for (int start = 0; start < sql.Length; start++)
        {
            byte c = sql[start];
            if ((uint)((c | 0x20) - 'a') <= 'z' - 'a')
            {
                return StartsWithAny(sql[start..]);
            }
            if (c == '-' && sql[start..].StartsWith("--"u8))
            {
                int length = sql[start..].IndexOfAny((byte)'\n', (byte)'\r');
                start = length < 0 ? sql.Length : start + length;
            }
            else if (c == '/' && sql[start..].StartsWith("/*"u8))
            {
                start = StatementScanner.SkipComment(sql, start) - 1;
            }
        }
        return false;
    }

    private static bool StartsWithAny(ReadOnlySpan<byte> text)
    {
        int length = 0;
        while (length < text.Length && (uint)((text[length] | 0x20) - 'a') <= 'z' - 'a')
        {
            length++;
        }
        foreach (string word in Words)
        {
            if (System.Text.Ascii.EqualsIgnoreCase(text[..length], word))
            {
                return true;
            }
        }
        return false;
    }
}
