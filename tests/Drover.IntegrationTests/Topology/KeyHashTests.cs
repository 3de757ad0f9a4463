// Drover and the server agree on every key's hash: millions of values, in both formats, on every version.
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
        string[] values = KeyValues.Of(type, ValuesPerType, random);
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
}
