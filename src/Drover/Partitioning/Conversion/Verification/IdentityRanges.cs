// Cuts a table into ranges of identities, one behind the other, so that nothing lies between two of them.
using System.Collections.Immutable;
using System.Globalization;
using Drover.Operations.Connections;
using Drover.Partitioning.Catalog;
using Npgsql;

namespace Drover.Partitioning.Conversion.Verification;

/// <summary>A range of identities: above the first, up to and with the last. Null: open, so nothing lies
/// outside.</summary>
/// <param name="After">The identity before the range, each column's value as text.</param>
/// <param name="To">The last identity of the range.</param>
internal sealed record IdentityRange(ImmutableArray<string>? After, ImmutableArray<string>? To);

/// <summary>Ranges in the order of the identity's index.</summary>
/// <param name="layout">Says what identifies a row.</param>
/// <param name="table">The table whose rows are counted off.</param>
internal sealed class IdentityRanges(ConversionLayout layout, QualifiedName table)
{
    // Where the identities come to lie denser, a range has so many times the rows that were wanted.
    private const double SpreadMax = 3;

    /// <summary>
    /// The range that begins behind <paramref name="after"/> and has about <paramref name="rows"/> of the table's
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
        return new IdentityRange(
            after,
            await CountOffAsync(connection, new IdentityRange(after, null), rows, cancellationToken)
        );
    }

    /// <summary>The same, row by row, and never beyond <paramref name="last"/>.</summary>
    public async Task<IdentityRange> NextAsync(
        NpgsqlConnection connection,
        ImmutableArray<string>? after,
        ImmutableArray<string>? last,
        long rows,
        CancellationToken cancellationToken
    ) => new(after, await CountOffAsync(connection, new IdentityRange(after, last), rows, cancellationToken) ?? last);

    /// <summary>The highest identity; null: there is no row.</summary>
    public Task<ImmutableArray<string>?> LastAsync(NpgsqlConnection connection, CancellationToken cancellationToken) =>
        FindAsync(
            connection,
            $"ORDER BY {string.Join(", ", layout.Identity.Select(name => $"s.{SqlText.Name(name)} DESC"))} LIMIT 1",
            cancellationToken
        );

    private Task<ImmutableArray<string>?> CountOffAsync(
        NpgsqlConnection connection,
        IdentityRange range,
        long rows,
        CancellationToken cancellationToken
    ) =>
        FindAsync(
            connection,
            $"WHERE {Condition("s", range)} ORDER BY {ConversionSql.List(layout.Identity, "s")} "
                + string.Create(CultureInfo.InvariantCulture, $"OFFSET {Math.Max(rows, 1) - 1} LIMIT 1"),
            cancellationToken
        );

    // Only the one that is wanted is made a text, not all that are passed over.
    private async Task<ImmutableArray<string>?> FindAsync(
        NpgsqlConnection connection,
        string which,
        CancellationToken cancellationToken
    )
    {
        string texts = string.Join(", ", layout.Identity.Select(name => $"x.{SqlText.Name(name)}::text"));
        string sql =
            $"SELECT {texts} FROM (SELECT {ConversionSql.List(layout.Identity, "s")} FROM {table} AS s {which}) AS x";
        await using NpgsqlCommand command = new(sql, connection);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? ReadIdentity(reader) : null;
    }

    /// <summary>
    /// How far apart two identities of a range are on average, where they are whole numbers; else 0. They are unique,
    /// so a range holds no more rows than numbers, and its end need not be looked for row by row.
    /// </summary>
    public double Spread(IdentityRange range, long rows) =>
        Number(range.After) is { } from && Number(range.To) is { } to && rows > 0
            ? Math.Max(1, ((double)to - from) / rows)
            : 0;

    private string IdentityType => layout.Column(layout.Identity[0]).BaseType;

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
            $"SELECT EXISTS (SELECT FROM {table} AS s WHERE {Condition("s", range)})",
            [],
            cancellationToken
        )
            is true;

    /// <summary>The table's row lies in the range.</summary>
    public string Condition(string alias, IdentityRange range)
    {
        string columns = $"({ConversionSql.List(layout.Identity, alias)})";
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
            identity.Zip(layout.Identity, (text, name) => $"{SqlText.Literal(text)}::{layout.Column(name).Type}")
        );

    /// <summary>The identity in a row's first columns, which are texts.</summary>
    public ImmutableArray<string> ReadIdentity(NpgsqlDataReader reader) =>
        [.. layout.Identity.Select((_, index) => reader.GetString(index))];
}
