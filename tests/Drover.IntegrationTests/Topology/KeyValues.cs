// Values of each type that a sharding key can have: edges, and many at random.
using System.Globalization;

namespace Drover.IntegrationTests.Topology;

internal static class KeyValues
{
    /// <summary>The edges, and as many others.</summary>
    public static string[] Of(string type, int others, Random random) =>
        [.. Edges(type), .. Enumerable.Range(0, others).Select(_ => Value(type, random))];

    private static string[] Edges(string type) =>
        type switch
        {
            "int2" => ["0", "-0", "+7", " 12\t", "-32768", "32767", "007"],
            "int4" => ["0", "-1", "+7", "\n12 ", "-2147483648", "2147483647", "0000000000000000000012"],
            "int8" => ["0", "-1", "9223372036854775807", "-9223372036854775808", "4294967296", "-4294967296"],
            "text" or "varchar" => ["", " ", "a", "a ", "é", "日本語", "twelve bytes", "thirteen byte", "'quoted'"],
            "bpchar" => ["", "   ", "a", "a  ", "  a ", "é ", "twelve bytes  "],
            "uuid" =>
            [
                "00000000-0000-0000-0000-000000000000",
                "{FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF}",
                "a0eebc999c0b4ef8bb6d6bb9bd380a11",
                "a0ee-bc99-9c0b-4ef8-bb6d-6bb9-bd38-0a11",
            ],
            "numeric" =>
            [
                "0",
                "-0",
                "0.000",
                "1",
                "1.0",
                "1.00",
                "-1",
                "+1",
                ".5",
                "5.",
                "0.0001",
                "0.00001",
                "0.00010",
                "10000",
                "9999",
                "99990000",
                "1e4",
                "1E-4",
                "1e+10",
                "1234e-2",
                "NaN",
                "nan",
                "Infinity",
                "-Infinity",
                "inf",
                " 7 ",
                "100000000000000000000000000000000",
                "0.00000000000000000000000000000000001",
                "00012.3400",
                "0e7",
                "1e200",
            ],
            _ => ["2000-01-01", "0001-01-01", "9999-12-31", "1970-01-01", "2024-02-29", " 2026-11-26 "],
        };

    private static string Value(string type, Random random)
    {
        CultureInfo culture = CultureInfo.InvariantCulture;
        return type switch
        {
            "int2" => ((short)random.Next(short.MinValue, short.MaxValue + 1)).ToString(culture),
            "int4" => random.Next(int.MinValue, int.MaxValue).ToString(culture),
            "int8" => (random.NextInt64(long.MinValue, long.MaxValue) >> random.Next(64)).ToString(culture),
            "uuid" => new Guid(Enumerable.Range(0, 16).Select(_ => (byte)random.Next(256)).ToArray()).ToString(),
            "numeric" => Number(random),
            "date" => DateOnly.FromDayNumber(random.Next(DateOnly.MaxValue.DayNumber)).ToString("yyyy-MM-dd", culture),
            _ => Words(random),
        };
    }

    private static string Words(Random random) =>
        string.Concat(
            Enumerable
                .Range(0, random.Next(40))
                .Select(_ =>
                    random.Next(6) switch
                    {
                        0 => " ",
                        1 => "é",
                        2 => "日",
                        3 => char.ConvertFromUtf32(random.Next(0x1F600, 0x1F640)),
                        _ => ((char)random.Next('!', '~')).ToString(),
                    }
                )
        );

    private static string Number(Random random)
    {
        string Digits(int most) => string.Concat(Enumerable.Range(0, random.Next(most)).Select(_ => random.Next(10)));
        string sign = random.Next(3) == 0 ? "-" : "";
        string zeros = new('0', random.Next(6));
        string exponent = random.Next(4) == 0 ? $"e{random.Next(-60, 60)}" : "";
        return $"{sign}{Digits(30)}{zeros}{random.Next(10)}.{zeros}{Digits(30)}{zeros}{exponent}";
    }
}
