// The character classes and normal forms that SASLprep needs, read once from an embedded file.
using System.Globalization;
using System.Reflection;

namespace Drover.Protocol.Authentication;

/// <summary>
/// Tables of RFC 3454 and of NFKC. Own ones, because the program runs with invariant globalization, where
/// <see cref="string.Normalize()"/> leaves everything but ASCII as it is. <c>Unicode/saslprep.py</c> made the file.
/// Loaded with the first password that is not ASCII.
/// </summary>
internal sealed class SaslPrepTables
{
    private const string ResourceName = "saslprep.txt";

    private static readonly Lazy<SaslPrepTables> Loaded = new(Load);

    private readonly List<CodeRange> _spaces = [];
    private readonly List<CodeRange> _nothing = [];
    private readonly List<CodeRange> _prohibited = [];
    private readonly List<CodeRange> _rightToLeft = [];
    private readonly List<CodeRange> _leftToRight = [];
    private readonly Dictionary<int, int> _combiningClasses = [];
    private readonly Dictionary<int, int[]> _decompositions = [];
    private readonly Dictionary<(int First, int Second), int> _compositions = [];

    private SaslPrepTables() { }

    internal static SaslPrepTables Instance => Loaded.Value;

    /// <summary>Other spaces than ASCII's (C.1.2): become one of that.</summary>
    internal bool IsSpace(int code) => Contains(_spaces, code);

    /// <summary>Characters that are left out (B.1).</summary>
    internal bool IsMappedToNothing(int code) => Contains(_nothing, code);

    /// <summary>
    /// Characters that make a password stay as it is: C.1.2 to C.9, and A.1, unassigned in Unicode 3.2.
    /// </summary>
    internal bool IsProhibited(int code) => Contains(_prohibited, code);

    /// <summary>Characters written from right to left (D.1).</summary>
    internal bool IsRightToLeft(int code) => Contains(_rightToLeft, code);

    /// <summary>Characters written from left to right (D.2).</summary>
    internal bool IsLeftToRight(int code) => Contains(_leftToRight, code);

    /// <summary>Canonical combining class; 0 for characters that begin a new cluster.</summary>
    internal int CombiningClass(int code) => _combiningClasses.GetValueOrDefault(code);

    /// <summary>The full compatibility decomposition; empty if the character is its own.</summary>
    internal ReadOnlySpan<int> Decomposition(int code) => _decompositions.GetValueOrDefault(code);

    /// <summary>The character that two others make together; 0 if there is none.</summary>
    internal int Composition(int first, int second) => _compositions.GetValueOrDefault((first, second));

    private static SaslPrepTables Load()
    {
        using Stream stream =
            Assembly.GetExecutingAssembly().GetManifestResourceStream(ResourceName)
            ?? throw new InvalidOperationException($"The resource {ResourceName} is missing.");
        using StreamReader reader = new(stream);
        SaslPrepTables tables = new();
        while (reader.ReadLine() is { } line)
        {
            string[] words = line.Split(' ');
            int[] codes = Array.ConvertAll(words[1..], word => int.Parse(word, NumberStyles.HexNumber, null));
            tables.Add(words[0][0], codes);
        }
        return tables;
    }

    private void Add(char kind, int[] codes)
    {
        switch (kind)
        {
            case 'c':
                _combiningClasses.Add(codes[0], codes[1]);
                break;
            case 'd':
                _decompositions.Add(codes[0], codes[1..]);
                break;
            case 'p':
                _compositions.Add((codes[0], codes[1]), codes[2]);
                break;
            default:
                RangesOf(kind).Add(new CodeRange(codes[0], codes[1]));
                break;
        }
    }

    private List<CodeRange> RangesOf(char kind) =>
        kind switch
        {
            's' => _spaces,
            'n' => _nothing,
            'x' => _prohibited,
            'r' => _rightToLeft,
            'l' => _leftToRight,
            _ => throw new InvalidOperationException($"The resource {ResourceName} has a line of kind '{kind}'."),
        };

    private static bool Contains(List<CodeRange> ranges, int code)
    {
        int low = 0;
        int high = ranges.Count - 1;
        while (low <= high)
        {
            int middle = (low + high) / 2;
            CodeRange range = ranges[middle];
            if (code >= range.First && code <= range.Last)
            {
                return true;
            }
            (low, high) = code < range.First ? (low, middle - 1) : (middle + 1, high);
        }
        return false;
    }

    private readonly record struct CodeRange(int First, int Last);
}
