// Random keys of a type, how the server hashes them, and statements that name one.
using System.Globalization;
using Drover.Topology;
using Drover.Topology.Keys;

namespace Drover.IntegrationTests.Routing;

/// <summary>One key type.</summary>
/// <param name="Type">The type.</param>
/// <param name="Table">A table with such a key.</param>
/// <param name="Column">The key.</param>
/// <param name="Slot">The server's slot of a text k.</param>
/// <param name="Key">A random key as text.</param>
internal sealed record KeyForm(KeyType Type, string Table, string Column, string Slot, Func<Random, string> Key)
{
    private const string Letters = "abcdefghij'\\é%_ $";

    public static KeyForm[] All { get; } =
    [
        new(KeyType.Bigint, "orders", "customer_id", "hashint8extended(k::int8, 0) & 4095", Integer),
        new(KeyType.Bigint, "items", "customer_id", "hashint4extended(k::int4, 0) & 4095", Small),
        new(KeyType.Text, "notes", "tenant", "hashtextextended(k, 0) & 4095", Word),
        new(KeyType.PaddedText, "codes", "code", "hashbpcharextended(k::bpchar, 0) & 4095", Word),
        new(
            KeyType.Uuid,
            "files",
            "owner",
            "uuid_hash_extended(k::uuid, 0) & 4095",
            random =>
            {
                byte[] bytes = new byte[16];
                random.NextBytes(bytes);
                return new Guid(bytes).ToString();
            }
        ),
        new(
            KeyType.Numeric,
            "prices",
            "price",
            "hash_numeric_extended(k::numeric, 0) & 4095",
            random => (random.Next(-100_000, 100_000) / 100m).ToString(CultureInfo.InvariantCulture)
        ),
        new(
            KeyType.Date,
            "days",
            "day",
            "hashint4extended(k::date - date '2000-01-01', 0) & 4095",
            random => new DateOnly(1990, 1, 1).AddDays(random.Next(20_000)).ToString("yyyy-MM-dd", null)
        ),
    ];

    public ColocationGroup Group(TopologySnapshot map) => map.Groups.Values.Single(group => group.KeyType == Type);

    /// <summary>A statement that needs the rows of one key.</summary>
    public string Statement(Random random, string key)
    {
        string value = Literal(random, key);
        return random.Next(12) switch
        {
            0 => $"SELECT * FROM {Table} WHERE {Column} = {value}",
            1 => $"SELECT count(*) FROM {Table} t WHERE ({value}) = t.{Column} AND 1 = 1",
            2 => $"SELECT * FROM public.{Table} WHERE {Column} IN ({value}, NULL, {value}) ORDER BY 1 LIMIT 3",
            3 => $"SELECT * FROM {Table} WHERE {Column} = ANY (ARRAY[{value}])",
            4 => $"INSERT INTO {Table} ({Column}) VALUES ({value}), ({value})",
            5 => $"UPDATE {Table} SET {Column} = {value} WHERE {Column} = {value}",
            6 => $"DELETE FROM {Table} WHERE ({Column}, 1) = ({value}, 1)",
            7 => $"SELECT * FROM {Table} a JOIN {Table} b USING ({Column}) WHERE {Column} = {value}",
            8 => $"WITH w AS (SELECT {Column} AS k FROM {Table}) SELECT * FROM w WHERE k = {value}",
            9 => $"SELECT * FROM (SELECT DISTINCT {Column} FROM {Table}) s (k) WHERE s.k = {value}",
            10 => $"SELECT * FROM {Table} WHERE {Column} IN (SELECT {Column} FROM {Table} b WHERE {Column} = {value})",
            _ => $"INSERT INTO {Table} ({Column}) SELECT {Column} FROM {Table} WHERE {Column} = {value}",
        };
    }

    private string Literal(Random random, string key)
    {
        bool isNumber = Type is KeyType.Bigint or KeyType.Numeric;
        string quoted = key.Replace("'", "''", StringComparison.Ordinal);
        return random.Next(5) switch
        {
            0 when isNumber => key,
            1 when isNumber => $"({key})",
            2 => $"E'{quoted.Replace("\\", "\\\\", StringComparison.Ordinal)}'",
            3 => $"$k${key}$k$",
            4 when Type is not KeyType.Text and not KeyType.PaddedText =>
                $"'{quoted}'::{(Type == KeyType.Bigint ? "bigint" : Type.ToString().ToLowerInvariant())}",
            _ => $"'{quoted}'",
        };
    }

    private static string Integer(Random random) =>
        random.NextInt64(long.MinValue, long.MaxValue).ToString(CultureInfo.InvariantCulture);

    private static string Small(Random random) =>
        random.Next(int.MinValue, int.MaxValue).ToString(CultureInfo.InvariantCulture);

    private static string Word(Random random) =>
        new([.. Enumerable.Range(0, 1 + random.Next(9)).Select(_ => Letters[random.Next(Letters.Length - 1)])]);
}
