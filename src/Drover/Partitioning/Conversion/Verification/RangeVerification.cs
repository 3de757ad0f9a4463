// Compares both tables exactly, range of identities by range.
using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using Drover.Operations.Connections;
using Drover.Partitioning.Catalog;
using Npgsql;

namespace Drover.Partitioning.Conversion.Verification;

/// <summary>A range of identities: above the first, up to and with the last. Null: open, so nothing lies
/// outside.</summary>
/// <param name="After">The identity before the range, each column's value as text.</param>
/// <param name="To">The last identity of the range.</param>
internal sealed record IdentityRange(ImmutableArray<string>? After, ImmutableArray<string>? To);

/// <summary>What one table has in a range.</summary>
/// <param name="Rows">How many rows.</param>
/// <param name="First">The sum of the first hash of every row, exact.</param>
/// <param name="Second">The sum of the second.</param>
internal sealed record RangeSum(long Rows, string First, string Second);

/// <summary>Both tables' sums over one range, of one snapshot.</summary>
internal sealed record RangeComparison(RangeSum Leader, RangeSum Follower)
{
    /// <summary>Equal counts, and two equal sums.</summary>
    public bool IsEqual => Leader == Follower;
}

/// <summary>A row that differs; no values.</summary>
/// <param name="Identity">The identity, each column's value as text.</param>
/// <param name="Kind"><c>missing</c> in the follower, <c>extra</c> there, or <c>different</c>.</param>
/// <param name="Columns">Columns that differ, for a different one.</param>
internal sealed record RowDifference(ImmutableArray<string> Identity, string Kind, ImmutableArray<string> Columns);

/// <summary>
/// One statement reads both tables, so both are of one snapshot, and writes go on. Identities in the key log are known
/// to be due: they may differ.
/// </summary>
internal sealed class RangeVerification
{
    // Where the identities come to lie denser, a range has so many times the rows that were wanted.
    private const double SpreadMax = 3;

    private readonly ConversionLayout _layout;
    private readonly QualifiedName _leader;
    private readonly QualifiedName _follower;
    private readonly RowHash _hash;

    /// <summary>A verification of <paramref name="follower"/> against <paramref name="leader"/>.</summary>
    public RangeVerification(ConversionLayout layout, QualifiedName leader, QualifiedName follower)
    {
        _layout = layout;
        _leader = leader;
        _follower = follower;
        _hash = new RowHash(layout.Columns.Where(column => !column.IsVirtual));
    }

    /// <summary>
    /// The range that begins behind <paramref name="after"/> and has about <paramref name="rows"/> of the leader's
    /// rows.
    /// </summary>
    /// <param name="connection">The transaction's.</param>
    /// <param name="after">The last identity before it; null: there is none.</param>
    /// <param name="rows">How many rows are wanted.</param>
    /// <param name="spread">How far apart two identities are, by <see cref="Spread"/>; 0: not known.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public async Task<IdentityRange> NextAsync(
        NpgsqlConnection connection,
        ImmutableArray<string>? after,
        long rows,
        double spread,
        CancellationToken cancellationToken
    )
    {
        if (spread is > 0 and <= SpreadMax && Number(after) is { } from)
        {
            long to = from + (long)Math.Ceiling(Math.Max(rows, 1) * spread);
            bool isBeyond = to < from || to > NumberMax();
            IdentityRange rest = new([to.ToString(CultureInfo.InvariantCulture)], null);
            return isBeyond || !await IsAnyAsync(connection, rest, cancellationToken)
                ? new IdentityRange(after, null)
                : new IdentityRange(after, rest.After);
        }
        string order = ConversionSql.List(_layout.Identity, "s");
        string texts = string.Join(", ", _layout.Identity.Select(name => $"x.{SqlText.Name(name)}::text"));
        // Only the last one is made a text, not all that are passed over.
        string sql = $"""
            SELECT {texts} FROM (
              SELECT {order} FROM {_leader} AS s WHERE {Condition("s", new IdentityRange(after, null))}
              ORDER BY {order} OFFSET {Math.Max(rows, 1) - 1} LIMIT 1) AS x
            """;
        await using NpgsqlCommand command = new(sql, connection);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        return new IdentityRange(after, await reader.ReadAsync(cancellationToken) ? ReadIdentity(reader, 0) : null);
    }

    /// <summary>
    /// How far apart two identities of a range are on average, where they are whole numbers; else 0. They are unique,
    /// so a range holds no more rows than numbers, and its end need not be looked for row by row.
    /// </summary>
    public double Spread(IdentityRange range, long rows) =>
        Number(range.After) is { } from && Number(range.To) is { } to && rows > 0
            ? Math.Max(1, ((double)to - from) / rows)
            : 0;

    /// <summary>
    /// Compares both tables over a range: first all of it, since mostly what is due is equal too, or nothing is; only
    /// where that differs, without what is due.
    /// </summary>
    public async Task<RangeComparison> CompareAsync(
        NpgsqlConnection connection,
        IdentityRange range,
        CancellationToken cancellationToken
    )
    {
        RangeComparison whole = await CompareAsync(connection, range, "", cancellationToken);
        return whole.IsEqual ? whole : await CompareAsync(connection, range, $" AND {NotDue()}", cancellationToken);
    }

    private async Task<RangeComparison> CompareAsync(
        NpgsqlConnection connection,
        IdentityRange range,
        string and,
        CancellationToken cancellationToken
    )
    {
        string sql = $"{Sums(_leader, range, and)} UNION ALL {Sums(_follower, range, and)}";
        await using NpgsqlCommand command = new(sql, connection);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        RangeSum[] sums = new RangeSum[2];
        for (int index = 0; index < 2; index++)
        {
            await reader.ReadAsync(cancellationToken);
            sums[index] = new RangeSum(reader.GetInt64(0), reader.GetString(1), reader.GetString(2));
        }
        return new RangeComparison(sums[0], sums[1]);
    }

    /// <summary>The rows of a range that differ now, at most <paramref name="limit"/>.</summary>
    public async Task<ImmutableArray<RowDifference>> FindAsync(
        NpgsqlConnection connection,
        IdentityRange range,
        int limit,
        CancellationToken cancellationToken
    )
    {
        string identity = string.Join(
            ", ",
            _layout.Identity.Select(name => $"COALESCE(l.{SqlText.Name(name)}, f.{SqlText.Name(name)})::text")
        );
        string columns = string.Join(
            ", ",
            Stored()
                .Select(name =>
                    $"CASE WHEN NOT {Record(name, "l")} OPERATOR(pg_catalog.*=) {Record(name, "f")} THEN "
                    + $"{SqlText.Literal(name)} END"
                )
        );
        string sql = $"""
            SELECT {identity}, CASE WHEN f.drover_there IS NULL THEN 'missing' WHEN l.drover_there IS NULL THEN 'extra'
              ELSE 'different' END, array_to_json(array_remove(ARRAY[{columns}]::text[], NULL))::text
            {Differing(range)} LIMIT {limit}
            """;
        await using NpgsqlCommand command = new(sql, connection);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        ImmutableArray<RowDifference>.Builder found = ImmutableArray.CreateBuilder<RowDifference>();
        int width = _layout.Identity.Length;
        while (await reader.ReadAsync(cancellationToken))
        {
            string kind = reader.GetString(width);
            string[] names =
                kind == "different"
                    ? JsonSerializer.Deserialize(reader.GetString(width + 1), ConversionJson.Default.StringArray)!
                    : [];
            found.Add(new RowDifference(ReadIdentity(reader, 0), kind, [.. names]));
        }
        return found.ToImmutable();
    }

    /// <summary>
    /// Notes the identities of a range that differ in the key log, so that the next sweeps make them equal. Returns how
    /// many.
    /// </summary>
    public async Task<int> NoteAsync(
        NpgsqlConnection connection,
        IdentityRange range,
        CancellationToken cancellationToken
    )
    {
        string identity = string.Join(
            ", ",
            _layout.Identity.Select(name => $"COALESCE(l.{SqlText.Name(name)}, f.{SqlText.Name(name)})")
        );
        string sql = $"""
            INSERT INTO {_layout.KeyLog} ({ConversionSql.List(_layout.LogColumns)})
            SELECT DISTINCT {identity} {Differing(range)}
            """;
        await using NpgsqlCommand command = new(sql, connection);
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private string IdentityType => _layout.Column(_layout.Identity[0]).BaseType;

    private long? Number(ImmutableArray<string>? identity) =>
        identity is [var text] && IdentityType is "smallint" or "integer" or "bigint"
            ? long.Parse(text, CultureInfo.InvariantCulture)
            : null;

    private long NumberMax() =>
        IdentityType switch
        {
            "smallint" => short.MaxValue,
            "integer" => int.MaxValue,
            _ => long.MaxValue,
        };

    private async Task<bool> IsAnyAsync(
        NpgsqlConnection connection,
        IdentityRange range,
        CancellationToken cancellationToken
    ) =>
        await connection.ScalarAsync(
            $"SELECT EXISTS (SELECT FROM {_leader} AS s WHERE {Condition("s", range)})",
            [],
            cancellationToken
        )
            is true;

    private IEnumerable<string> Stored() =>
        _layout.Columns.Where(column => !column.IsVirtual).Select(column => column.Name);

    private static string Record(string name, string alias) => ConversionSql.Record([name], alias);

    private string Differing(IdentityRange range)
    {
        string on = ConversionSql.Match(_layout.Place, "l", "f");
        string same =
            $"{ConversionSql.Record(Stored(), "l")} OPERATOR(pg_catalog.*=) {ConversionSql.Record(Stored(), "f")}";
        return $"""
            FROM (SELECT TRUE AS drover_there, s.* FROM {_leader} AS s WHERE {Condition(
                "s",
                range
            )} AND {NotDue()}) AS l
            FULL JOIN (SELECT TRUE AS drover_there, s.* FROM {_follower} AS s WHERE {Condition(
                "s",
                range
            )} AND {NotDue()}) AS f
              ON {on}
            WHERE l.drover_there IS NULL OR f.drover_there IS NULL OR NOT {same}
            """;
    }

    // OFFSET 0 keeps the planner from computing each value once more for the second hash.
    private string Sums(QualifiedName table, IdentityRange range, string and) =>
        $"""
            (SELECT count(*), COALESCE(sum({_hash.Hash(1)}), 0)::text, COALESCE(sum({_hash.Hash(2)}), 0)::text
            FROM (SELECT {_hash.Values("s")} FROM {table} AS s WHERE {Condition("s", range)}{and} OFFSET 0) AS x)
            """;

    private string NotDue() => $"NOT EXISTS (SELECT FROM {_layout.KeyLog} AS due WHERE {_layout.MatchLog("s", "due")})";

    private string Condition(string alias, IdentityRange range)
    {
        string columns = $"({ConversionSql.List(_layout.Identity, alias)})";
        List<string> parts = ["TRUE"];
        if (range.After is { } after)
        {
            parts.Add($"{columns} > ({Values(after)})");
        }
        if (range.To is { } to)
        {
            parts.Add($"{columns} <= ({Values(to)})");
        }
        return string.Join(" AND ", parts);
    }

    private string Values(ImmutableArray<string> identity) =>
        string.Join(
            ", ",
            identity.Zip(_layout.Identity, (text, name) => $"{SqlText.Literal(text)}::{_layout.Column(name).Type}")
        );

    private ImmutableArray<string> ReadIdentity(NpgsqlDataReader reader, int first) =>
        [.. _layout.Identity.Select((_, index) => reader.GetString(first + index))];
}
