// SQL of two 64-bit hashes of a row that cover the image of every column.
using Drover.Partitioning.Catalog;

namespace Drover.Partitioning.Conversion.Verification;

/// <summary>
/// A chain: each column's value is hashed with the hash of those before it as the seed, so that no two rows can swap a
/// value unnoticed. PostgreSQL's hash of bigint folds 64 bits into 32 (0 and 4294967297 are one to it, by any seed),
/// and a double does not tell the largest ones apart; so one hash takes the first way and the other the second, and no
/// two numbers look alike to both. What has no cheap way of its own is hashed as a record, by its digest.
/// </summary>
/// <param name="columns">The columns that have a place on disk.</param>
internal sealed class RowHash(IEnumerable<ConversionColumn> columns)
{
    // Bits of one number that say which columns are NULL.
    private const int NullsPerLink = 30;

    private const string Origin = "2000-01-01";

    private readonly List<(ConversionColumn Column, Link Link)> _links =
    [
        .. columns.SelectMany(static column => Links(column.BaseType).Select(link => (column, link))),
    ];

    private readonly List<ConversionColumn> _others = [.. columns.Where(static column => Links(column.BaseType) is [])];

    /// <summary>The columns of a subquery that <see cref="Hash"/> reads.</summary>
    /// <param name="alias">Of the table.</param>
    public string Values(string alias)
    {
        string Name(ConversionColumn column) => $"{alias}.{SqlText.Name(column.Name)}";
        List<string> values = [.. _links.Select((item, at) => $"{Value(item, Name(item.Column))} AS v{at}")];
        values.AddRange(
            Nullable()
                .Select(
                    (group, at) =>
                        $"{string.Join(" + ", group.Select((column, bit) =>
                $"({Name(column)} IS NULL)::int4 * {1 << bit}"))} AS n{at}"
                )
        );
        if (_others.Count > 0)
        {
            IEnumerable<string> digests = _others.Select(column => string.Format(null, column.Digest, Name(column)));
            values.Add($"(ROW({string.Join(", ", digests)}))::record AS r");
        }
        return string.Join(", ", values);
    }

    /// <summary>The first (1) or the second (2) hash, a bigint that is never NULL.</summary>
    public string Hash(int which)
    {
        string hash = _others.Count > 0 ? $"hash_record_extended(r, {which})" : $"{which}::int8";
        foreach (int at in Enumerable.Range(0, Nullable().Count()))
        {
            hash = $"hashint4extended(n{at}, {hash})";
        }
        for (int at = 0; at < _links.Count; at++)
        {
            string? step = which == 1 ? _links[at].Link.First : _links[at].Link.Second;
            hash = step is null ? hash : string.Format(null, step, $"v{at}", hash);
        }
        // A record's hash alone is a sum over its columns, and so would be the sum of such sums.
        return _links.Count == 0 ? $"hash_numeric_extended({hash}::numeric, {which})" : hash;
    }

    private IEnumerable<ConversionColumn[]> Nullable() =>
        _links
            .Select(static item => item.Column)
            .Where(static column => column.IsNullable)
            .Distinct()
            .Chunk(NullsPerLink);

    private static string Value((ConversionColumn Column, Link Link) item, string name)
    {
        string value = string.Format(null, item.Link.Value, name);
        return item.Column.IsNullable ? $"COALESCE({value}, {item.Link.Zero})" : value;
    }

    // The cheapest way from a moment to a number is how a range's index measures it: a double of seconds, exact to the
    // microsecond for 272 years around its origin, not beyond.
    private static Link[] Links(string type) =>
        type switch
        {
            "boolean" or "smallint" or "integer" => [Both("hashint4extended({0}, {1})", "({0})::int4", "0")],
            "oid" => [Both("hashint8extended({0}, {1})", "({0})::int8", "0")],
            "bigint" => [new("({0})::int8", "0", "hashint8extended({0}, {1})", "hashfloat8extended({0}::float8, {1})")],
            "date" =>
            [
                Both("hashfloat8extended({0}, {1})", $"daterange_subdiff(({{0}})::date, '{Origin}'::date)", "0"),
            ],
            "time without time zone" => [Both("hashfloat8extended({0}, {1})", "date_part('epoch', ({0})::time)", "0")],
            "timestamp without time zone" => Moment("timestamp", "tsrange_subdiff"),
            "timestamp with time zone" => Moment("timestamptz", "tstzrange_subdiff"),
            "uuid" => [Both("uuid_hash_extended({0}, {1})", "({0})::uuid", $"'{Guid.Empty}'::uuid")],
            "text" or "character varying" or "numeric" =>
            [
                Both("hashtextextended({0}, {1})", "({0})::text COLLATE pg_catalog.\"C\"", "''"),
            ],
            _ => [],
        };

    private static Link[] Moment(string type, string distance) =>
        [
            Both("hashfloat8extended({0}, {1})", $"{distance}(({{0}})::{type}, '{Origin}'::{type})", "0"),
            new(
                $"CASE WHEN {{0}} >= '1730-01-01'::{type} AND {{0}} < '2270-01-01'::{type} THEN 0 "
                    + $"ELSE COALESCE(date_part('microseconds', ({{0}})::{type}), -1) END",
                "-1",
                "hashfloat8extended({0}, {1})",
                null
            ),
        ];

    private static Link Both(string step, string value, string zero) => new(value, zero, step, step);

    /// <param name="Value">What is hashed, with <c>{0}</c> for the column; computed once.</param>
    /// <param name="Zero">In place of NULL.</param>
    /// <param name="First">The first hash, with <c>{0}</c> for the value and <c>{1}</c> for the seed.</param>
    /// <param name="Second">The second; null: it does without.</param>
    private sealed record Link(string Value, string Zero, string First, string? Second);
}
