// Asks the catalogs on one connection and makes records of the answers.
using System.Collections.Immutable;
using Npgsql;

namespace Drover.Partitioning.Catalog.Reading;

/// <summary>
/// A connection in a transaction whose <c>search_path</c> is empty. A read that asks what an earlier one on this
/// connection has asked gets all answers in one round trip: under a cut-over's locks each is the application's wait.
/// </summary>
/// <param name="connection">The connection.</param>
/// <param name="expected">The questions of the earlier read, in order; a different one ends the advantage.</param>
/// <param name="cancellationToken">Ends the read.</param>
internal sealed class CatalogQuery(
    NpgsqlConnection connection,
    IReadOnlyList<CatalogQuestion> expected,
    CancellationToken cancellationToken
) : IAsyncDisposable
{
    private readonly List<CatalogQuestion> _asked = [];
    private NpgsqlBatch? _ahead;
    private NpgsqlDataReader? _answers;

    /// <summary>15 to 18.</summary>
    public int ServerMajor => connection.PostgreSqlVersion.Major;

    /// <summary>What was asked, in order.</summary>
    public IReadOnlyList<CatalogQuestion> Asked => _asked;

    /// <summary>All rows; <c>$1</c> is the OID.</summary>
    public async Task<ImmutableArray<T>> ListAsync<T>(string sql, uint oid, Func<NpgsqlDataReader, T> read)
    {
        CatalogQuestion question = new(sql, oid);
        int at = _asked.Count;
        _asked.Add(question);
        bool isExpected = at < expected.Count && expected[at] == question && (at == 0 || _answers is not null);
        if (!isExpected)
        {
            await DisposeAsync();
            await using NpgsqlCommand command = new(sql, connection);
            command.Parameters.Add(Parameter(oid));
            await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
            return await ReadAsync(reader, read);
        }
        if (_answers is null)
        {
            _answers = await AskAllAsync();
        }
        else
        {
            await _answers.NextResultAsync(cancellationToken);
        }
        ImmutableArray<T> rows = await ReadAsync(_answers, read);
        if (at == expected.Count - 1)
        {
            await DisposeAsync();
        }
        return rows;
    }

    /// <summary>The only row, or the default where there is none.</summary>
    public async Task<T?> FindAsync<T>(string sql, uint oid, Func<NpgsqlDataReader, T> read) =>
        (await ListAsync(sql, oid, read)).FirstOrDefault();

    /// <summary>Leaves answers that nobody asks for any more.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_answers is { } answers)
        {
            _answers = null;
            await answers.DisposeAsync();
            await _ahead!.DisposeAsync();
        }
    }

    private async Task<NpgsqlDataReader> AskAllAsync()
    {
        _ahead = new NpgsqlBatch(connection);
        foreach (CatalogQuestion question in expected)
        {
            _ahead.BatchCommands.Add(new NpgsqlBatchCommand(question.Sql) { Parameters = { Parameter(question.Oid) } });
        }
        return await _ahead.ExecuteReaderAsync(cancellationToken);
    }

    private async Task<ImmutableArray<T>> ReadAsync<T>(NpgsqlDataReader reader, Func<NpgsqlDataReader, T> read)
    {
        ImmutableArray<T>.Builder rows = ImmutableArray.CreateBuilder<T>();
        while (await reader.ReadAsync(cancellationToken))
        {
            rows.Add(read(reader));
        }
        return rows.ToImmutable();
    }

    private static NpgsqlParameter<uint> Parameter(uint oid) =>
        new() { TypedValue = oid, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Oid };
}

/// <summary>A statement and its only parameter.</summary>
internal readonly record struct CatalogQuestion(string Sql, uint Oid);

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
