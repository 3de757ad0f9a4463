// Sees in a few vector steps that a statement's text has nothing telling in it, which is true of nearly every one.
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Drover.Sql;

/// <summary>
/// The quick look before <see cref="StatementScanner"/>: it says no too often, never yes too often. A telling word that
/// may stand anywhere is known by three or four of its letters, in a row, wherever they are.
/// </summary>
internal static class PlainText
{
    /// <summary>Letters of the longest piece that is looked for.</summary>
    private const int PieceBytes = 4;

    /// <summary>
    /// Whether this is one statement that begins with a harmless word and holds none of the pieces. False for texts too
    /// short to be looked at in whole vectors.
    /// </summary>
    public static bool Is(ReadOnlySpan<byte> sql)
    {
        ReadOnlySpan<byte> text = sql;
        while (!text.IsEmpty && text[^1] is (byte)';' or (byte)' ' or (byte)'\n')
        {
            text = text[..^1];
        }
        if (text.Length < Vector128<byte>.Count + PieceBytes - 1 || !StatementScanner.BeginsHarmlessly(text))
        {
            return false;
        }
        ref byte start = ref MemoryMarshal.GetReference(text);
        int last = text.Length - Vector128<byte>.Count - (PieceBytes - 1);
        Vector128<byte> found = PiecesAt(ref start, (nuint)last);
        for (int i = 0; i < last; i += Vector128<byte>.Count)
        {
            found |= PiecesAt(ref start, (nuint)i);
        }
        return found == Vector128<byte>.Zero && !HasTellingEnd(text);
    }

    /// <summary>
    /// Whether one of the last places, which are in no vector, has a telling sign; no word fits there.
    /// </summary>
    private static bool HasTellingEnd(ReadOnlySpan<byte> text) => text[^3..].ContainsAny((byte)';', (byte)'\\');

    /// <summary>
    /// Marks where a piece begins among sixteen places: temp(orary), (de)fau(lt), (se)t_co(nfig), (a)dvi(sory),
    /// ts_s(tat), ts_r(ewrite), (query_to)_xml, (p)g_se(ttings); a quote behind a backslash, which ends a literal or
    /// not; and a semicolon, behind which another statement may begin.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> PiecesAt(ref byte start, nuint offset)
    {
        // Letters become small ones; what else this changes can only lead to a second look.
        Vector128<byte> small = Vector128.Create((byte)0x20);
        Vector128<byte> a = Vector128.LoadUnsafe(ref start, offset) | small;
        Vector128<byte> b = Vector128.LoadUnsafe(ref start, offset + 1) | small;
        Vector128<byte> c = Vector128.LoadUnsafe(ref start, offset + 2) | small;
        Vector128<byte> d = Vector128.LoadUnsafe(ref start, offset + 3) | small;
        Vector128<byte> beginsWithT = Is(a, 't');
        return (beginsWithT & Is(b, 'e') & Is(c, 'm') & Is(d, 'p'))
            | (beginsWithT & Is(b, '_') & Is(c, 'c') & Is(d, 'o'))
            | (beginsWithT & Is(b, 's') & Is(c, '_') & (Is(d, 's') | Is(d, 'r')))
            | (Is(a, '_') & Is(b, 'x') & Is(c, 'm') & Is(d, 'l'))
            | (Is(a, '\\') & Is(b, '\''))
            | (Is(a, 'f') & Is(b, 'a') & Is(c, 'u'))
            | (Is(a, 'd') & Is(b, 'v') & Is(c, 'i'))
            | (Is(a, 'g') & Is(b, '_') & Is(c, 's') & Is(d, 'e'))
            | Is(a, ';');
    }

    private static Vector128<byte> Is(Vector128<byte> bytes, char letter) =>
        Vector128.Equals(bytes, Vector128.Create((byte)(letter | 0x20)));
}
