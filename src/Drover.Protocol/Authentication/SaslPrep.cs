// SASLprep: one spelling of a password, whichever keyboard it was typed on.
using System.Buffers;
using System.Text;

namespace Drover.Protocol.Authentication;

/// <summary>
/// SASLprep (RFC 4013) as PostgreSQL applies it: ASCII stays as it is, and so does what is no UTF-8, is prohibited or
/// mixes directions of writing. See https://www.postgresql.org/docs/18/sasl-authentication.html.
/// </summary>
public static class SaslPrep
{
    /// <summary>
    /// The bytes that a SCRAM key is derived from. The array is new and belongs to the caller, who overwrites it.
    /// </summary>
    public static byte[] Prepare(ReadOnlySpan<byte> password)
    {
        if (Ascii.IsValid(password) || !TryDecode(password, out List<int> codes))
        {
            return password.ToArray();
        }
        SaslPrepTables tables = SaslPrepTables.Instance;
        Map(codes, tables);
        return codes.Count == 0 || !IsAllowed(codes, tables)
            ? password.ToArray()
            : Encode(CompatibilityComposition.Normalize(codes, tables));
    }

    private static bool TryDecode(ReadOnlySpan<byte> utf8, out List<int> codes)
    {
        codes = new List<int>(utf8.Length);
        while (!utf8.IsEmpty)
        {
            if (Rune.DecodeFromUtf8(utf8, out Rune rune, out int used) != OperationStatus.Done)
            {
                return false;
            }
            codes.Add(rune.Value);
            utf8 = utf8[used..];
        }
        return true;
    }

    private static void Map(List<int> codes, SaslPrepTables tables)
    {
        for (int i = 0; i < codes.Count; i++)
        {
            codes[i] = tables.IsSpace(codes[i]) ? ' ' : codes[i];
        }
        codes.RemoveAll(tables.IsMappedToNothing);
    }

    /// <summary>Judges the characters before normalization, as PostgreSQL does.</summary>
    private static bool IsAllowed(List<int> codes, SaslPrepTables tables)
    {
        if (codes.Exists(tables.IsProhibited))
        {
            return false;
        }
        return !codes.Exists(tables.IsRightToLeft)
            || (
                !codes.Exists(tables.IsLeftToRight) && tables.IsRightToLeft(codes[0]) && tables.IsRightToLeft(codes[^1])
            );
    }

    private static byte[] Encode(List<int> codes)
    {
        int length = 0;
        foreach (int code in codes)
        {
            length += new Rune(code).Utf8SequenceLength;
        }
        byte[] utf8 = new byte[length];
        int at = 0;
        foreach (int code in codes)
        {
            at += new Rune(code).EncodeToUtf8(utf8.AsSpan(at));
        }
        return utf8;
    }
}
