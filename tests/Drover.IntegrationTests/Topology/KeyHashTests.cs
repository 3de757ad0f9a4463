// Drover and the server agree on every key's hash: millions of values, in both formats, on every version.
using System.Globalization;
using System.Text;
using Drover.App.LocalPostgres;
using Drover.IntegrationTests.LocalPostgres;
using Drover.Topology.Keys;
using Npgsql;

namespace Drover.IntegrationTests.Topology;

public sealed class KeyHashTests(PostgresFixture postgres)
{
    private const int ValuesPerType = 150_000;

    public static TheoryData<int, string> TypesByVersion()
    {
        TheoryData<int, string> data = [];
        foreach (int major in (int[])[15, 16, 17, 18])
        {
            foreach (
                string type in (string[])
                    ["int2", "int4", "int8", "text", "varchar", "bpchar", "uuid", "numeric", "date"]
            )
            {
                data.Add(major, type);
            }
        }
        return data;
    }

    [Theory]
    [MemberData(nameof(TypesByVersion))]
    public async Task Hash_of_a_key_is_the_servers_in_text_and_in_binary(int major, string type)
    {
        LocalPostgresCluster cluster = await postgres.GetAsync(major);
        await using NpgsqlConnection connection = await cluster.OpenAsync(
            "postgres",
            TestContext.Current.CancellationToken
        );
        KeyType keyType = KeyTypes.Of(await ScalarAsync<uint>(connection, $"SELECT '{type}'::regtype::oid"))!.Value;
        string hash = await HashFunctionAsync(connection, type);
        string send = await ScalarAsync<string>(
            connection,
            $"SELECT typsend::regproc::text FROM pg_type WHERE oid = '{type}'::regtype"
        );
        Random random = new(major);
        string[] values = [.. Edges(type), .. Enumerable.Range(0, ValuesPerType).Select(_ => Value(type, random))];
        // Before 18, dates are hashed by what integers have, which takes no date when it is called by name.
        string argument = hash == "hashint4extended" && type == "date" ? "s::date - date '2000-01-01'" : $"s::{type}";
        await using NpgsqlCommand command = new(
            $"SELECT s, {send}(s::{type}), {hash}({argument}, 0), s::{type}::text "
                + "FROM string_to_table($1, chr(1)) AS s",
            connection
        )
        {
            Parameters = { new() { Value = string.Join('\u0001', values) } },
        };
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(TestContext.Current.CancellationToken);
        int count = 0;
        while (await reader.ReadAsync(TestContext.Current.CancellationToken))
        {
            string text = reader.GetString(0);
            ulong expected = (ulong)reader.GetInt64(2);
            AssertHash(
                expected,
                KeyHash.TryOfText(keyType, Encoding.UTF8.GetBytes(text), out ulong ofText),
                ofText,
                text
            );
            byte[] binary = (byte[])reader[1];
            AssertHash(expected, KeyHash.TryOfBinary(keyType, binary, out ulong ofBinary), ofBinary, text);
            string printed = reader.GetString(3);
            AssertHash(
                expected,
                KeyHash.TryOfText(keyType, Encoding.UTF8.GetBytes(printed), out ulong ofPrinted),
                ofPrinted,
                printed
            );
            count++;
        }
        Assert.Equal(values.Length, count);
    }

    // The function that hash partitioning of this type would use: the second of its hash operator class.
    private static Task<string> HashFunctionAsync(NpgsqlConnection connection, string type) =>
        ScalarAsync<string>(
            connection,
            $"""
            SELECT amproc::regproc::text FROM pg_opclass c JOIN pg_am a ON a.oid = c.opcmethod AND a.amname = 'hash'
            JOIN pg_amproc p ON p.amprocfamily = c.opcfamily AND p.amproclefttype = c.opcintype AND p.amprocnum = 2
            WHERE c.opcdefault AND c.opcintype = (SELECT CASE WHEN '{type}'::regtype = 'varchar'::regtype
                THEN 'text'::regtype ELSE '{type}'::regtype END)
            """
        );

    private static void AssertHash(ulong expected, bool isHashed, ulong actual, string value)
    {
        Assert.True(isHashed, $"not hashed: {value}");
        Assert.True(expected == actual, $"{value}: the server has {expected}, Drover {actual}");
    }

    private static async Task<T> ScalarAsync<T>(NpgsqlConnection connection, string sql)
    {
        await using NpgsqlCommand command = new(sql, connection);
        return (T)(await command.ExecuteScalarAsync(TestContext.Current.CancellationToken))!;
    }

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
