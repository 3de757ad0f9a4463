// Drover and the server put keys in the same order, and find the same keys equal: in both formats, on every version.
using System.Text;
using Drover.App.LocalPostgres;
using Drover.IntegrationTests.LocalPostgres;
using Drover.Topology.Keys;
using Npgsql;

namespace Drover.IntegrationTests.Topology;

public sealed class KeyOrderTests(PostgresFixture postgres)
{
    private const int ValuesPerType = 30_000;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<int, string> TypesByVersion()
    {
        TheoryData<int, string> data = [];
        foreach (int major in (int[])[15, 18])
        {
            foreach (string type in (string[])["int2", "int4", "int8", "text", "varchar", "uuid", "numeric", "date"])
            {
                data.Add(major, type);
            }
        }
        return data;
    }

    [Theory]
    [MemberData(nameof(TypesByVersion))]
    public async Task Keys_are_in_the_servers_order_in_text_and_in_binary(int major, string type)
    {
        LocalPostgresCluster cluster = await postgres.GetAsync(major);
        await using NpgsqlConnection connection = await cluster.OpenAsync("postgres", Token);
        KeyType keyType = KeyTypes.Of(await ScalarAsync<uint>(connection, $"SELECT '{type}'::regtype::oid"))!.Value;
        string send = await ScalarAsync<string>(
            connection,
            $"SELECT typsend::regproc::text FROM pg_type WHERE oid = '{type}'::regtype"
        );
        string collation = keyType == KeyType.Text ? "COLLATE \"C\"" : "";
        string[] values = KeyValues.Of(type, ValuesPerType, new Random(major));
        await using NpgsqlCommand command = new(
            $"SELECT s, {send}(s::{type}), dense_rank() OVER (ORDER BY s::{type} {collation}) "
                + "FROM string_to_table($1, chr(1)) AS s ORDER BY 3",
            connection
        )
        {
            Parameters = { new() { Value = string.Join('\u0001', values) } },
        };
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(Token);
        (byte[] Key, long Rank, string Text)? before = null;
        int count = 0;
        while (await reader.ReadAsync(Token))
        {
            string text = reader.GetString(0);
            byte[] ofText = Key(keyType, Encoding.UTF8.GetBytes(text), isBinary: false);
            byte[] ofBinary = Key(keyType, (byte[])reader[1], isBinary: true);
            Assert.True(ofText.AsSpan().SequenceEqual(ofBinary), $"{text}: text and binary differ");
            long rank = reader.GetInt64(2);
            int expected = before is null ? -1 : before.Value.Rank.CompareTo(rank);
            int actual = before is null ? -1 : Math.Sign(before.Value.Key.AsSpan().SequenceCompareTo(ofText));
            Assert.True(expected == actual, $"{before?.Text} and {text}: the server has {expected}, Drover {actual}");
            before = (ofText, rank, text);
            count++;
        }
        Assert.Equal(values.Length, count);
    }

    private static byte[] Key(KeyType type, byte[] value, bool isBinary)
    {
        if (type == KeyType.Text)
        {
            return value;
        }
        byte[] key = new byte[KeyOrder.BytesMax];
        bool isKey = isBinary
            ? KeyOrder.TryOfBinary(type, value, key, out int length)
            : KeyOrder.TryOfText(type, value, key, out length);
        Assert.True(isKey);
        return key[..length];
    }

    private static async Task<T> ScalarAsync<T>(NpgsqlConnection connection, string sql)
    {
        await using NpgsqlCommand command = new(sql, connection);
        return (T)(await command.ExecuteScalarAsync(Token))!;
    }
}
