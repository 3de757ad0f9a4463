// SQL of two 64-bit hashes of a row that cover the image of every column.
using System.Globalization;
using Drover.Partitioning.Catalog;

namespace Drover.Partitioning.Conversion.Verification;

/// <summary>
/// A chain: each value is hashed with the hash of those before it as the seed, so that no two rows can swap a value
/// unnoticed. PostgreSQL's hash of bigint folds 64 bits into 32 (0 and 4294967297 are one to it), but a seed keeps all
/// of them: so a number is laid over the seed of the next value's hash (XOR), and one call covers both. The two chains
/// begin with seeds of their own and share nothing but the values. A moment has no cheap way to a number: one chain
/// takes its double of seconds, which does not tell the furthest apart, the other its folded microseconds, and no two
/// moments look alike to both. What has no cheap way of its own is hashed as a record, by its digest.
/// </summary>
internal sealed class RowHash
{
    // Bits of one number that say which columns are NULL.
    private const int NullsPerNumber = 30;

    private const string Scale = "COALESCE(scale({0}), hashtext(({0})::text COLLATE pg_catalog.\"C\"))";

    private const string Origin = "2000-01-01";

    // Far from each other, and from what could lie between the first numbers of two rows.
    private static readonly long[] s_seeds = [7046029254386353131, 1609587929392839161];

    private readonly List<Func<string, string>> _values = [];
    private readonly List<Func<string, string>> _digests = [];
    private readonly List<Placed> _weak = [];
    private readonly List<Placed> _strong = [];
    private readonly Queue<int> _laid = [];

    /// <summary>The hashes of a row of these columns.</summary>
    /// <param name="columns">The columns that have a place on disk.</param>
    public RowHash(IEnumerable<ConversionColumn> columns)
    {
        List<ConversionColumn> nullable = [];
        Queue<Placed> small = [];
        foreach (ConversionColumn column in columns)
        {
            string name = SqlText.Name(column.Name);
            Link[] links = Links(column.BaseType);
            foreach (Link link in links)
            {
                Place(link, alias => ValueOf(link, $"{alias}.{name}", column.IsNullable), small);
            }
            if (links.Length == 0)
            {
                _digests.Add(alias => string.Format(null, column.Digest, $"{alias}.{name}"));
            }
            else if (column.IsNullable)
            {
                nullable.Add(column);
            }
        }
        foreach (ConversionColumn[] group in nullable.Chunk(NullsPerNumber))
        {
            Place(
                s_small,
                alias => string.Join(" + ", group.Select((column, bit) => NullBit(column, alias, bit))),
                small
            );
        }
        Share(small);
    }

    private static readonly Link s_small = new(Role.Small, "({0})::int4", "0", "hashint4extended({0}, {1})");

    /// <summary>What a link's value does in a chain.</summary>
    private enum Role
    {
        /// <summary>64 bits, laid over a seed.</summary>
        Laid,

        /// <summary>32 bits, which can be hashed or laid over a seed.</summary>
        Small,

        /// <summary>Hashed; the hash depends on every bit of the seed, whatever the value.</summary>
        Strong,

        /// <summary>Hashed, but some values hand the seed on as it is: nothing may be laid over that.</summary>
        Weak,
    }

    /// <summary>The columns of a subquery that <see cref="Hash"/> reads.</summary>
    /// <param name="alias">Of the table.</param>
    public string Values(string alias)
    {
        List<string> values = [.. _values.Select((value, at) => $"{value(alias)} AS v{at}")];
        if (_digests.Count > 0)
        {
            values.Add($"(ROW({string.Join(", ", _digests.Select(digest => digest(alias)))}))::record AS r");
        }
        return string.Join(", ", values);
    }

    /// <summary>The first (1) or the second (2) hash, a bigint that is never NULL.</summary>
    public string Hash(int which)
    {
        string hash = string.Create(CultureInfo.InvariantCulture, $"{s_seeds[which - 1]}::int8");
        hash = _digests.Count > 0 ? $"hash_record_extended(r, {hash})" : hash;
        foreach (Placed weak in _weak)
        {
            hash = weak.Call(which, hash);
        }
        Queue<int> laid = new(_laid);
        foreach (Placed strong in _strong)
        {
            hash = strong.Call(which, Over(laid, hash));
        }
        // A record's hash alone is a sum over its columns, and so would be the sum of such sums; nor may the last be
        // laid over a hash that nothing hashes again.
        bool isHashed = _strong.Count > 0;
        while (laid.Count > 0 || !isHashed)
        {
            hash = $"hashint4extended(0, {Over(laid, hash)})";
            isHashed = true;
        }
        return hash;
    }

    private static string Over(Queue<int> laid, string hash) =>
        laid.TryDequeue(out int at) ? $"(v{at}::int8 # {hash})" : hash;

    private void Place(Link link, Func<string, string> value, Queue<Placed> small)
    {
        Placed placed = new(_values.Count, link);
        _values.Add(value);
        switch (link.Role)
        {
            case Role.Laid:
                _laid.Enqueue(placed.At);
                break;
            case Role.Small:
                small.Enqueue(placed);
                break;
            case Role.Strong:
                _strong.Add(placed);
                break;
            case Role.Weak:
                _weak.Add(placed);
                break;
        }
    }

    // Half of the work is done when each call covers two values.
    private void Share(Queue<Placed> small)
    {
        while (small.TryDequeue(out Placed? placed))
        {
            if (_laid.Count < _strong.Count)
            {
                _laid.Enqueue(placed.At);
            }
            else
            {
                _strong.Add(placed);
            }
        }
    }

    private static string ValueOf(Link link, string name, bool isNullable)
    {
        string value = string.Format(null, link.Value, name);
        return isNullable ? $"COALESCE({value}, {link.Zero})" : value;
    }

    private static string NullBit(ConversionColumn column, string alias, int bit) =>
        $"({alias}.{SqlText.Name(column.Name)} IS NULL)::int4 * {1 << bit}";

    // The cheapest way from a moment to a number is how a range's index measures it: a double of seconds, exact to the
    // microsecond for 285 years around its origin, not beyond.
    private static Link[] Links(string type) =>
        type switch
        {
            "boolean" or "smallint" or "integer" => [s_small],
            "bigint" or "oid" => [new(Role.Laid, "({0})::int8", "0", "")],
            "date" =>
            [
                new(
                    Role.Strong,
                    $"daterange_subdiff(({{0}})::date, '{Origin}'::date)",
                    "0",
                    "hashfloat8extended({0}, {1})"
                ),
            ],
            "time without time zone" =>
            [
                new(Role.Strong, "date_part('epoch', ({0})::time)", "0", "hashfloat8extended({0}, {1})"),
            ],
            "timestamp without time zone" => [Moment("timestamp", "tsrange_subdiff", "{0}")],
            "timestamp with time zone" => [Moment("timestamptz", "tstzrange_subdiff", "timezone('0'::interval, {0})")],
            "uuid" => [new(Role.Strong, "({0})::uuid", $"'{Guid.Empty}'::uuid", "uuid_hash_extended({0}, {1})")],
            "text" or "character varying" =>
            [
                new(Role.Strong, "({0})::text COLLATE pg_catalog.\"C\"", "''", "hashtextextended({0}, {1})"),
            ],
            "numeric" => s_numeric,
            _ => [],
        };

    // The hash of a numeric is that of its value without the sign, and hands the seed on for 0 and NaN. Sign and scale
    // make the image complete; what has no scale (NaN, infinity) is told by its text.
    private static readonly Link[] s_numeric =
    [
        new(Role.Weak, "({0})::numeric", "0", "hash_numeric_extended({0}, {1})"),
        s_small with
        {
            Value = $"CASE WHEN ({{0}})::numeric < 0 THEN ~{Scale} ELSE {Scale} END",
        },
    ];

    private static Link Moment(string type, string distance, string folded) =>
        new(
            Role.Strong,
            $"({{0}})::{type}",
            $"'{Origin}'::{type}",
            $"hashfloat8extended({distance}({{0}}, '{Origin}'::{type}), {{1}})",
            $"timestamp_hash_extended({folded}, {{1}})"
        );

    /// <param name="Role">What the value does.</param>
    /// <param name="Value">With <c>{0}</c> for the column; computed once.</param>
    /// <param name="Zero">In place of NULL.</param>
    /// <param name="First">The first chain's hash, with <c>{0}</c> for the value and <c>{1}</c> for the seed.</param>
    /// <param name="Second">The second chain's, if it is another.</param>
    private sealed record Link(Role Role, string Value, string Zero, string First, string? Second = null);

    private sealed record Placed(int At, Link Link)
    {
        public string Call(int which, string seed) =>
            string.Format(null, which == 1 ? Link.First : Link.Second ?? Link.First, $"v{At}", seed);
    }
}
