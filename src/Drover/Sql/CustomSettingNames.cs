// Finds in a text what may be the name of a custom setting (app.tenant): PostgreSQL lists no such settings, so who
// wants to know their values must know their names.
using System.Text;

namespace Drover.Sql;

/// <summary>
/// Names with a dot (https://www.postgresql.org/docs/18/runtime-config-custom.html), quoted or not, wherever they
/// stand: behind SET, in a literal for set_config(), in the body of a DO block, in a parameter's value. Most are
/// columns; asking the server tells.
/// </summary>
internal static class CustomSettingNames
{
    /// <summary>Names that one session may have at a time.</summary>
    public const int CountMax = 256;

    private const int NameBytesMax = 127;

    public static void Collect(ReadOnlySpan<byte> text, HashSet<string> names)
    {
        int dot = 0;
        while (names.Count < CountMax)
        {
            int next = text[dot..].IndexOf((byte)'.');
            if (next < 0)
            {
                return;
            }
            dot += next;
            int start = dot;
            while (start > 0 && IsWord(text[start - 1]))
            {
                start--;
            }
            int end = dot + 1;
            while (end < text.Length && (IsWord(text[end]) || (text[end] == '.' && IsWord(text[end - 1]))))
            {
                end++;
            }
            bool isName = start < dot && end > dot + 1 && !IsDigit(text[start]) && !IsDigit(text[dot + 1]);
            if (isName && end - start <= NameBytesMax)
            {
                string name = Encoding.UTF8.GetString(text[start..end]).Replace("\"", "", StringComparison.Ordinal);
                names.Add(name.TrimEnd('.').ToLowerInvariant());
            }
            dot = end;
        }
    }

    private static bool IsDigit(byte c) => c is >= (byte)'0' and <= (byte)'9';

    private static bool IsWord(byte c) =>
        (uint)((c | 0x20) - 'a') <= 'z' - 'a' || c is (byte)'_' or (byte)'$' or (byte)'"' or >= 0x80 || IsDigit(c);
}
