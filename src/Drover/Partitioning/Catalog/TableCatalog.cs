// Reads a table's description from the catalogs.
using System.Collections.Immutable;
using System.Data;
using System.Runtime.CompilerServices;
using Drover.Partitioning.Catalog.Reading;
using Npgsql;

namespace Drover.Partitioning.Catalog;

/// <summary>
/// The way from a name to a <see cref="TableDescription"/>. It needs no privilege on the table: catalogs are readable
/// for everybody.
/// </summary>
internal static class TableCatalog
{
    /// <summary>How often a read is tried again that met a concurrent DROP in the middle.</summary>
    private const int AttemptsMax = 5;

    // What decides how pg_get_expr and its kin print names and constants.
    private static readonly ImmutableArray<(string Name, string Value)> Settings =
    [
        ("search_path", ""),
        ("DateStyle", "ISO, YMD"),
        ("IntervalStyle", "postgres"),
        ("TimeZone", "UTC"),
        ("extra_float_digits", "1"),
        ("bytea_output", "hex"),
        ("quote_all_identifiers", "off"),
    ];

    // What the last read on a connection has asked: the next one asks it in one message, of the same table or of the
    // one that has taken its place.
    private static readonly ConditionalWeakTable<NpgsqlConnection, IReadOnlyList<CatalogQuestion>> s_asked = [];

    /// <summary>
    /// The OID behind a name as a person writes it: with or without schema, quoted where it must be, looked up along
    /// the connection's <c>search_path</c>. Null: there is no such relation.
    /// </summary>
    /// <exception cref="PostgresException">The name is malformed.</exception>
    public static async Task<uint?> FindAsync(
        NpgsqlConnection connection,
        string name,
        CancellationToken cancellationToken
    )
    {
        await using NpgsqlCommand command = new("SELECT to_regclass($1)::oid", connection);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = name });
        return await command.ExecuteScalarAsync(cancellationToken) as uint?;
    }

    /// <summary>
    /// Reads in a REPEATABLE READ transaction of its own, so that all parts fit together. Null: there is no such
    /// relation. The texts of expressions come from PostgreSQL's caches and not from the snapshot; where DDL runs
    /// at the same moment, they may be newer than the rest, and the next read's fingerprint shows it.
    /// </summary>
    public static async Task<TableDescription?> ReadAsync(
        NpgsqlConnection connection,
        uint oid,
        CancellationToken cancellationToken
    )
    {
        for (int attempt = 1; ; attempt++)
        {
            await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(
                IsolationLevel.RepeatableRead,
                cancellationToken
            );
            try
            {
                TableDescription? table = await ReadWithinAsync(connection, oid, cancellationToken);
                await transaction.CommitAsync(cancellationToken);
                return table;
            }
            // "cache lookup failed", or a NULL where an object was dropped since the snapshot.
            catch (Exception failure)
                when (attempt < AttemptsMax
                    && failure is PostgresException { SqlState: "XX000" or "42P01" } or InvalidCastException
                )
            {
                await transaction.RollbackAsync(cancellationToken);
            }
        }
    }

    /// <summary>
    /// Reads in the caller's transaction, whose settings it puts back afterwards: for a cut-over that holds the locks.
    /// </summary>
    public static async Task<TableDescription?> ReadWithinAsync(
        NpgsqlConnection connection,
        uint oid,
        CancellationToken cancellationToken
    )
    {
        string[] before = await ApplySettingsAsync(connection, [.. Settings.Select(s => s.Value)], cancellationToken);
        s_asked.TryGetValue(connection, out IReadOnlyList<CatalogQuestion>? asked);
        IEnumerable<CatalogQuestion> expected = (asked ?? []).Select(question =>
            question.Oid == asked![0].Oid ? question with { Oid = oid } : question
        );
        TableDescription? table;
        await using (CatalogQuery query = new(connection, [.. expected], cancellationToken))
        {
            table = await ReadAsync(query, oid);
            s_asked.AddOrUpdate(connection, query.Asked);
        }
        await ApplySettingsAsync(connection, before, cancellationToken);
        return table;
    }

    private static async Task<TableDescription?> ReadAsync(CatalogQuery query, uint oid)
    {
        TableDescription? table = await TableReader.FindAsync(query, oid);
        if (table is not null)
        {
            ILookup<string, Grant> grants = await AccessReader.ReadColumnsAsync(query, oid);
            table = table with
            {
                Access = await AccessReader.ReadRelationAsync(query, oid),
                Columns =
                [
                    .. (await ColumnReader.ListAsync(query, oid)).Select(column =>
                        column with
                        {
                            Grants = [.. grants[column.Name]],
                        }
                    ),
                ],
                Constraints = await ConstraintReader.ListAsync(query, oid),
                Indexes = await IndexReader.ListAsync(query, oid),
                IncomingForeignKeys = await ConstraintReader.ListIncomingAsync(query, oid),
                Triggers = await TriggerReader.ListAsync(query, oid),
                Rules = await TriggerReader.ListRulesAsync(query, oid),
                Policies = await AccessReader.ListPoliciesAsync(query, oid),
                Publications = await PublicationReader.ListAsync(query, oid),
                Statistics = await PublicationReader.ListStatisticsAsync(query, oid),
                Sequences = await SequenceReader.ListAsync(query, oid),
                Dependents = await DependentReader.ReadAsync(query, oid),
            };
        }
        return table;
    }

    // Returns what they were.
    private static async Task<string[]> ApplySettingsAsync(
        NpgsqlConnection connection,
        string[] values,
        CancellationToken cancellationToken
    )
    {
        // Evaluated in the list's order: the old value first.
        string list = string.Join(
            ", ",
            Settings.Select(
                (setting, at) => $"current_setting('{setting.Name}'), set_config('{setting.Name}', ${at + 1}, true)"
            )
        );
        await using NpgsqlCommand command = new($"SELECT {list}", connection);
        foreach (string value in values)
        {
            command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = value });
        }
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return [.. Settings.Select((_, at) => reader.GetString(2 * at))];
    }
}
