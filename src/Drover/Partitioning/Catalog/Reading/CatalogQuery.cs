// Asks the catalogs on one connection and makes records of the answers.
using System.Collections.Immutable;
using Npgsql;

namespace Drover.Partitioning.Catalog.Reading;

/// <summary>A connection in a transaction whose <c>search_path</c> is empty.</summary>
internal sealed class CatalogQuery(NpgsqlConnection connection, CancellationToken cancellationToken)
{
    /// <summary>15 to 18.</summary>
    public int ServerMajor => connection.PostgreSqlVersion.Major;

    /// <summary>All rows; <c>$1</c> is the OID.</summary>
    public async Task<ImmutableArray<T>> ListAsync<T>(string sql, uint oid, Func<NpgsqlDataReader, T> read)
    {
        ImmutableArray<T>.Builder rows = ImmutableArray.CreateBuilder<T>();
        await using NpgsqlCommand command = new(sql, connection);
        command.Parameters.Add(
            new NpgsqlParameter<uint> { TypedValue = oid, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Oid }
        );
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            rows.Add(read(reader));
        }
        return rows.ToImmutable();
    }

    /// <summary>The only row, or the default where there is none.</summary>
    public async Task<T?> FindAsync<T>(string sql, uint oid, Func<NpgsqlDataReader, T> read) =>
        (await ListAsync(sql, oid, read)).FirstOrDefault();
}

/// <summary>Columns by position, NULL as null.</summary>
internal static class CatalogRow
{
    public static string? TextOrNull(this NpgsqlDataReader row, int column) =>
        row.IsDBNull(column) ? null : row.GetString(column);

    public static int? IntOrNull(this NpgsqlDataReader row, int column) =>
        row.IsDBNull(column) ? null : row.GetInt32(column);

    /// <summary>A <c>text[]</c>; NULL is empty.</summary>
    public static ImmutableArray<string> Texts(this NpgsqlDataReader row, int column) =>
        row.IsDBNull(column) ? [] : [.. row.GetFieldValue<string[]>(column)];

    /// <summary>A <c>text[]</c> with NULLs in it.</summary>
    public static ImmutableArray<string?> TextsOrNulls(this NpgsqlDataReader row, int column) =>
        row.IsDBNull(column) ? [] : [.. row.GetFieldValue<string?[]>(column)];

    public static QualifiedName Name(this NpgsqlDataReader row, int schema, int name) =>
        new(row.GetString(schema), row.GetString(name));

    public static Persistence Persistence(this NpgsqlDataReader row, int column) =>
        row.GetString(column) switch
        {
            "u" => Catalog.Persistence.Unlogged,
            "t" => Catalog.Persistence.Temporary,
            _ => Catalog.Persistence.Permanent,
        };

    public static EnabledState Enabled(this NpgsqlDataReader row, int column) =>
        row.GetString(column) switch
        {
            "D" => EnabledState.Disabled,
            "R" => EnabledState.Replica,
            "A" => EnabledState.Always,
            _ => EnabledState.Origin,
        };
}
