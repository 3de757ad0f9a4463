// Unicode's normal form KC, for passwords.
namespace Drover.Protocol.Authentication;

/// <summary>NFKC of a list of code points, see https://www.unicode.org/reports/tr15/; Hangul is computed.</summary>
internal static class CompatibilityComposition
{
    private const int SyllableFirst = 0xAC00;
    private const int LeadFirst = 0x1100;
    private const int VowelFirst = 0x1161;
    private const int TailBase = 0x11A7;
    private const int LeadCount = 19;
    private const int VowelCount = 21;
    private const int TailCount = 28;
    private const int SyllableCount = LeadCount * VowelCount * TailCount;

    internal static List<int> Normalize(List<int> codes, SaslPrepTables tables)
    {
        List<int> decomposed = Decompose(codes, tables);
        Order(decomposed, tables);
        return Compose(decomposed, tables);
    }

    private static List<int> Decompose(List<int> codes, SaslPrepTables tables)
    {
        List<int> result = new(codes.Count);
        foreach (int code in codes)
        {
            int syllable = code - SyllableFirst;
            ReadOnlySpan<int> parts = tables.Decomposition(code);
            if (syllable is >= 0 and < SyllableCount)
            {
                result.Add(LeadFirst + syllable / (VowelCount * TailCount));
                result.Add(VowelFirst + syllable % (VowelCount * TailCount) / TailCount);
                if (syllable % TailCount != 0)
                {
                    result.Add(TailBase + syllable % TailCount);
                }
            }
            else if (parts.IsEmpty)
            {
                result.Add(code);
            }
            else
            {
                result.AddRange(parts);
            }
        }
        return result;
    }

    /// <summary>Sorts each run of combining characters by class; equal classes keep their order.</summary>
    private static void Order(List<int> codes, SaslPrepTables tables)
    {
        int[] run = codes.ToArray();
        int start = 0;
        while (start < run.Length)
        {
            int end = start + 1;
            while (end < run.Length && tables.CombiningClass(run[end]) != 0)
            {
                end++;
            }
            int from = tables.CombiningClass(run[start]) == 0 ? start + 1 : start;
            int index = from;
            foreach (int code in run[from..end].OrderBy(tables.CombiningClass))
            {
                codes[index++] = code;
            }
            start = end;
        }
    }

    private static List<int> Compose(List<int> codes, SaslPrepTables tables)
    {
        List<int> result = new(codes.Count);
        int starterAt = -1;
        int lastClass = -1;
        foreach (int code in codes)
        {
            int combiningClass = tables.CombiningClass(code);
            int composed =
                starterAt >= 0 && lastClass < combiningClass ? ComposePair(result[starterAt], code, tables) : 0;
            if (composed != 0)
            {
                result[starterAt] = composed;
                continue;
            }
            if (combiningClass == 0)
            {
                starterAt = result.Count;
                lastClass = -1;
            }
            else
            {
                lastClass = combiningClass;
            }
            result.Add(code);
        }
        return result;
    }

    private static int ComposePair(int first, int second, SaslPrepTables tables)
    {
        int lead = first - LeadFirst;
        int vowel = second - VowelFirst;
        if (lead is >= 0 and < LeadCount && vowel is >= 0 and < VowelCount)
        {
            return SyllableFirst + (lead * VowelCount + vowel) * TailCount;
        }
        int syllable = first - SyllableFirst;
        int tail = second - TailBase;
        if (syllable is >= 0 and < SyllableCount && syllable % TailCount == 0 && tail is > 0 and < TailCount)
        {
            return first + tail;
        }
        return tables.Composition(first, second);
    }
}
