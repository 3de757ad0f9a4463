// The classes of SQLSTATE, numbered, so that errors are counted in a small array.
namespace Drover.Telemetry;

/// <summary>
/// The first two characters of an SQLSTATE as an index; see PostgreSQL's manual, appendix "PostgreSQL Error Codes".
/// </summary>
internal static class SqlStateClass
{
    private const int Letters = 36;

    private static readonly string[] Classes =
    [
        "other",
        "00",
        "01",
        "02",
        "03",
        "08",
        "09",
        "0A",
        "0B",
        "0F",
        "0L",
        "0P",
        "0Z",
        "10",
        "20",
        "21",
        "22",
        "23",
        "24",
        "25",
        "26",
        "27",
        "28",
        "2B",
        "2D",
        "2F",
        "34",
        "38",
        "39",
        "3B",
        "3D",
        "3F",
        "40",
        "42",
        "44",
        "53",
        "54",
        "55",
        "57",
        "58",
        "72",
        "F0",
        "HV",
        "P0",
        "XX",
    ];

    private static readonly byte[] IndexByPair = BuildIndex();

    /// <summary>How many classes are told apart, the one for unknown codes included.</summary>
    public static int Count => Classes.Length;

    /// <summary>The class's two characters, or <c>other</c>.</summary>
    public static string Name(int index) => Classes[index];

    /// <summary>
    /// The index for the first two bytes of <paramref name="sqlState"/>; 0 for what is not a known class.
    /// </summary>
    public static int IndexOf(ReadOnlySpan<byte> sqlState)
    {
        if (sqlState.Length < 2)
        {
            return 0;
        }
        int first = Digit(sqlState[0]);
        int second = Digit(sqlState[1]);
        return first < 0 || second < 0 ? 0 : IndexByPair[(first * Letters) + second];
    }

    private static int Digit(byte character) =>
        character switch
        {
            >= (byte)'0' and <= (byte)'9' => character - '0',
            >= (byte)'A' and <= (byte)'Z' => character - 'A' + 10,
            _ => -1,
        };

    private static byte[] BuildIndex()
    {
        byte[] index = new byte[Letters * Letters];
        for (int i = 1; i < Classes.Length; i++)
        {
            string name = Classes[i];
            index[(Digit((byte)name[0]) * Letters) + Digit((byte)name[1])] = (byte)i;
        }
        return index;
    }
}
