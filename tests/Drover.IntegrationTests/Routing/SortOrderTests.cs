// The order that is read from bytes is PostgreSQL's own, for every type whose rows are merged.
using Drover.App.LocalPostgres;
using Drover.IntegrationTests.LocalPostgres;
using Drover.Routing.Merging;
using Npgsql;

namespace Drover.IntegrationTests.Routing;

public sealed class SortOrderTests(PostgresFixture postgres)
{
    private const int Values = 1_500;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Type, what sends it, how values are made of random(), and some that are made of nothing.</summary>
    public static TheoryData<string, string, string, string> Types { get; } =
        new()
        {
            { "bool", "boolsend", "random() < 0.5", "" },
            { "int2", "int2send", "(random() * 65535 - 32768)::int", "-32768, 32767, 0" },
            { "int4", "int4send", "(random() * 4e9 - 2e9)::int", "-2147483648, 2147483647, -1, 0, 1" },
            { "int8", "int8send", "(random() * 1.8e19 - 9e18)::int8", "-9223372036854775808, 9223372036854775807" },
            { "oid", "oidsend", "(random() * 4294967295)::int8", "0, 4294967295" },
            {
                "float4",
                "float4send",
                "((random() - 0.5) * 10 ^ (random() * 60 - 30))::float4",
                "'NaN', 'Infinity', '-Infinity', 0, '-0', 1e-45, 3.4e38"
            },
            {
                "float8",
                "float8send",
                "(random() - 0.5) * 10 ^ (random() * 400 - 200)",
                "'NaN', 'Infinity', '-Infinity', 0, '-0', 5e-324, 1.7e308"
            },
            {
                "numeric",
                "numeric_send",
                "round(((random() - 0.5) * 10 ^ (random() * 30 - 10))::numeric, (random() * 12)::int)",
                "'NaN', 'Infinity', '-Infinity', 0, 0.000, -0.5, -0.50, 10, 10.0, 9999, 10000, 10000.0001, 1e40, 1e-40"
            },
            {
                "date",
                "date_send",
                "date '0001-01-01' + (random() * 1800000 - 900000)::int",
                "'infinity', '-infinity', '4713-01-01 BC', '0001-12-31 BC', '0001-01-01', '5874897-12-31', '2000-02-29'"
            },
            {
                "timestamp",
                "timestamp_send",
                "timestamp '2000-01-01' + (random() * 3e6 - 1.5e6) * interval '1 day'",
                "'infinity', '-infinity', '4713-01-01 BC', '294276-12-31 23:59:59.999999', '0001-01-01 00:00:00.1'"
            },
            {
                "timestamptz",
                "timestamptz_send",
                "timestamptz '2020-01-01' + (random() * 200000 - 100000) * interval '1 day'",
                "'infinity', '-infinity', '2024-10-27 02:30+02', '2024-10-27 02:30+01', '1890-01-01', '0044-03-15 BC'"
            },
            { "uuid", "uuid_send", "gen_random_uuid()", "'00000000-0000-0000-0000-000000000000'" },
            {
                "bytea",
                "byteasend",
                "substr(uuid_send(gen_random_uuid()), 1, (random() * 5)::int)",
                "'', '\\x00', '\\xff'"
            },
            {
                "text",
                "textsend",
                "translate(substr(gen_random_uuid()::text, 1, (random() * 5)::int), '1234', 'äßZ ')",
                "'', ' ', 'a', 'A', 'ab', 'é', '😀', 'ﬀ', E'\\t'"
            },
        };

    [Theory]
    [MemberData(nameof(Types))]
    public async Task Order_of_bytes_is_the_servers(string type, string send, string make, string some)
    {
        (LocalPostgresCluster cluster, string database) = await postgres.CreateDatabaseAsync(18, Token);
        await using NpgsqlConnection server = await cluster.OpenAsync(database, Token);
        string extra = some.Length == 0 ? "" : $" UNION ALL SELECT unnest(ARRAY[{some}]::{type}[])";
        string order = type == "text" ? "v COLLATE \"C\"" : "v";
        await using NpgsqlCommand command = new(
            $"""
            SET TimeZone = 'Europe/Berlin'; SELECT setseed(0.26);
            WITH made AS MATERIALIZED (SELECT ({make})::{type} AS v FROM generate_series(1, {Values}){extra})
            SELECT '{type}'::regtype::oid::int8, v::text, {send}(v), dense_rank() OVER (ORDER BY {order}) FROM made
            """,
            server
        );
        List<(byte[] Text, byte[] Binary, long Rank)> values = [];
        uint oid = 0;
        await using (NpgsqlDataReader reader = await command.ExecuteReaderAsync(Token))
        {
            await reader.NextResultAsync(Token);
            while (await reader.ReadAsync(Token))
            {
                oid = (uint)reader.GetInt64(0);
                string text = type == "bool" ? reader.GetString(1)[..1] : reader.GetString(1);
                values.Add((System.Text.Encoding.UTF8.GetBytes(text), (byte[])reader[2], reader.GetInt64(3)));
            }
        }
        Assert.True(values.Count >= Values);
        values.Sort(static (one, other) => one.Rank.CompareTo(other.Rank));
        Random random = new(42);
        for (int i = 0; i < values.Count * 4; i++)
        {
            // Neighbours, and any two.
            int first = i % values.Count;
            int second = i < values.Count ? Math.Min(first + 1, values.Count - 1) : random.Next(values.Count);
            (byte[] Text, byte[] Binary, long Rank) one = values[first];
            (byte[] Text, byte[] Binary, long Rank) other = values[second];
            int expected = Math.Sign(one.Rank.CompareTo(other.Rank));
            Assert.Equal(
                (expected, Show(one), Show(other)),
                (Compare(oid, true, one.Binary, other.Binary), Show(one), Show(other))
            );
            if (SortOrder.IsKnownAsText(oid))
            {
                Assert.Equal(
                    (expected, Show(one), Show(other)),
                    (Compare(oid, false, one.Text, other.Text), Show(one), Show(other))
                );
            }
        }
    }

    private static string Show((byte[] Text, byte[] Binary, long Rank) value) =>
        System.Text.Encoding.UTF8.GetString(value.Text);

    private static int Compare(uint type, bool isBinary, byte[] one, byte[] other)
    {
        if (!SortOrder.IsNumber(type))
        {
            Assert.True(SortOrder.IsValue(type, isBinary, one));
            return Math.Sign(SortOrder.Compare(type, isBinary, one, other));
        }
        Assert.True(SortOrder.TryNumber(type, isBinary, one, out long first));
        Assert.True(SortOrder.TryNumber(type, isBinary, other, out long second));
        return first.CompareTo(second);
    }
}
