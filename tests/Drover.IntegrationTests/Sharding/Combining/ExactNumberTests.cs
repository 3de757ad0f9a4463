// Numbers that the proxy adds and divides: the digits, and the bytes, that the server's own numeric has.
using System.Globalization;
using System.Numerics;
using System.Text;
using Drover.App.LocalPostgres;
using Drover.IntegrationTests.LocalPostgres;
using Drover.Routing.Merging;
using Npgsql;

namespace Drover.IntegrationTests.Sharding.Combining;

public sealed class ExactNumberTests(PostgresFixture postgres)
{
    private const int Numbers = 20_000;

    private static readonly string[] s_special =
    [
        "NaN",
        "Infinity",
        "-Infinity",
        "0",
        "0.000",
        "-0.5",
        "1e-30",
        "9999",
    ];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(15)]
    [InlineData(18)]
    public async Task Sums_and_quotients_are_those_of_the_server(int major)
    {
        (LocalPostgresCluster cluster, string database) = await postgres.CreateDatabaseAsync(major, Token);
        await using NpgsqlConnection server = await cluster.OpenAsync(database, Token);
        Random random = new(20_261_126);
        string[] ones = [.. Enumerable.Range(0, Numbers).Select(_ => Number(random))];
        string[] others = [.. Enumerable.Range(0, Numbers).Select(_ => Number(random))];
        long[] counts = [.. Enumerable.Range(0, Numbers).Select(_ => random.NextInt64(1, 1L << random.Next(1, 62)))];
        await using NpgsqlCommand command = new(
            """
            SELECT one::text, other::text, count, (one + other)::text, (one / count)::text,
                numeric_send(one), numeric_send(one + other), numeric_send(one / count)
            FROM unnest($1::text::numeric[], $2::text::numeric[], $3::text::int8[]) AS x (one, other, count)
            """,
            server
        );
        command.Parameters.Add(new() { Value = $"{{{string.Join(',', ones)}}}" });
        command.Parameters.Add(new() { Value = $"{{{string.Join(',', others)}}}" });
        command.Parameters.Add(new() { Value = $"{{{string.Join(',', counts)}}}" });
        await using NpgsqlDataReader row = await command.ExecuteReaderAsync(Token);
        int read = 0;
        while (await row.ReadAsync(Token))
        {
            read++;
            ExactNumber one = Read(row.GetString(0));
            ExactNumber sum = one + Read(row.GetString(1));
            ExactNumber quotient = one.DividedBy(new BigInteger(row.GetInt64(2)));
            string what = $"{row.GetString(0)}, {row.GetString(1)}, {row.GetInt64(2)}";
            Assert.Equal($"{what}: {row.GetString(3)}", $"{what}: {Text(sum)}");
            Assert.Equal($"{what}: {row.GetString(4)}", $"{what}: {Text(quotient)}");
            Assert.Equal(row.GetFieldValue<byte[]>(6), ExactNumberText.Write(sum, isBinary: true));
            Assert.Equal(row.GetFieldValue<byte[]>(7), ExactNumberText.Write(quotient, isBinary: true));
            Assert.True(
                ExactNumberText.TryRead(SortOrder.Numeric, true, row.GetFieldValue<byte[]>(5), out ExactNumber binary)
            );
            Assert.Equal(one, binary);
        }
        Assert.Equal(Numbers, read);
    }

    private static ExactNumber Read(string text)
    {
        Assert.True(ExactNumberText.TryRead(SortOrder.Numeric, false, Encoding.ASCII.GetBytes(text), out var number));
        return number;
    }

    private static string Text(ExactNumber number) =>
        Encoding.ASCII.GetString(ExactNumberText.Write(number, isBinary: false));

    private static string Number(Random random)
    {
        if (random.Next(20) == 0)
        {
            return s_special[random.Next(s_special.Length)];
        }
        string whole = Digits(random, random.Next(0, 40));
        string fraction = Digits(random, random.Next(3) == 0 ? 0 : random.Next(0, 40));
        string zeros = new('0', random.Next(4) == 0 ? random.Next(0, 9) : 0);
        string sign = random.Next(2) == 0 ? "-" : "";
        return string.Create(CultureInfo.InvariantCulture, $"{sign}0{whole}{zeros}.{zeros}{fraction}0");
    }

    private static string Digits(Random random, int count) =>
        string.Concat(Enumerable.Range(0, count).Select(_ => (char)('0' + random.Next(10))));
}
