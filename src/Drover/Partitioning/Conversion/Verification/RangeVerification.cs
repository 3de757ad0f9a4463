// Compares both tables exactly, range of identities by range.
using System.Collections.Immutable;
using System.Text.Json;
using Drover.Partitioning.Catalog;
using Npgsql;

namespace Drover.Partitioning.Conversion.Verification;

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
        Ranges = new IdentityRanges(layout, leader);
        _hash = new RowHash(layout.Columns.Where(column => !column.IsVirtual));
    }

    /// <summary>The ranges of the leader.</summary>
    public IdentityRanges Ranges { get; }

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
            found.Add(new RowDifference(Ranges.ReadIdentity(reader), kind, [.. names]));
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

    private IEnumerable<string> Stored() =>
        _layout.Columns.Where(column => !column.IsVirtual).Select(column => column.Name);

    private static string Record(string name, string alias) => ConversionSql.Record([name], alias);

    private string Differing(IdentityRange range)
    {
        string on = ConversionSql.Match(_layout.Place, "l", "f");
        string same =
            $"{ConversionSql.Record(Stored(), "l")} OPERATOR(pg_catalog.*=) {ConversionSql.Record(Stored(), "f")}";
        return $"""
            FROM (SELECT TRUE AS drover_there, s.* FROM {_leader} AS s WHERE {Ranges.Condition(
                "s",
                range
            )} AND {NotDue()}) AS l
            FULL JOIN (SELECT TRUE AS drover_there, s.* FROM {_follower} AS s WHERE {Ranges.Condition(
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
            FROM (SELECT {_hash.Values("s")} FROM {table} AS s WHERE {Ranges.Condition("s", range)}{and} OFFSET 0) AS x)
            """;

    private string NotDue() => $"NOT EXISTS (SELECT FROM {_layout.KeyLog} AS due WHERE {_layout.MatchLog("s", "due")})";
}
