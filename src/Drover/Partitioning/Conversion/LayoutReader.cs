// Finds what identifies the rows of a table, and how the values of each column are hashed.
using System.Collections.Immutable;
using Drover.Operations;
using Drover.Partitioning.Catalog;
using Npgsql;

namespace Drover.Partitioning.Conversion;

/// <summary>Makes a layout from a table's description and the catalog of types.</summary>
internal static class LayoutReader
{
    // Bytes, which are hashed as they are. The common types have their own way in RowHash.
    private static readonly HashSet<string> s_exact = ["bytea", "name"];

    /// <summary>Reads the layout of a table that is to be partitioned by <paramref name="key"/>.</summary>
    /// <exception cref="OperationException">Nothing identifies the table's rows.</exception>
    public static async Task<ConversionLayout> ReadAsync(
        NpgsqlConnection connection,
        TableDescription table,
        string key,
        CancellationToken cancellationToken
    )
    {
        IndexDescription identity =
            FindIdentity(table)
            ?? throw new OperationException(
                $"{table.Name} has no primary key and no other unique key without holes, so its rows cannot "
                    + $"be told apart: add "
                    + "one (CREATE UNIQUE INDEX CONCURRENTLY over columns that are NOT NULL)",
                OperationOutcome.Refused
            );
        Dictionary<uint, string> senders = await ReadSendersAsync(connection, table, cancellationToken);
        return new ConversionLayout
        {
            Table = table.Name,
            Oid = table.Oid,
            Owner = table.Owner,
            Columns = [.. table.Columns.Select(column => Column(column, senders))],
            Identity = [.. identity.Keys.Select(name => name!)],
            Key = key,
            UniqueColumns = await ReadUniqueColumnsAsync(connection, table.Oid, cancellationToken),
        };
    }

    /// <summary>The index that identifies rows: the primary key's, or the first that does as well.</summary>
    public static IndexDescription? FindIdentity(TableDescription table) =>
        table
            .Indexes.Where(index =>
                index.IsPlainUnique && index.Keys.All(name => table.FindColumn(name!) is { IsNotNull: true })
            )
            .OrderBy(index => index.IsPrimary ? 0 : 1)
            .ThenBy(index => index.Keys.Length)
            .ThenBy(index => index.Name.Name, StringComparer.Ordinal)
            .FirstOrDefault();

    private static ConversionColumn Column(ColumnDescription column, Dictionary<uint, string> senders) =>
        new()
        {
            Name = column.Name,
            Type = column.Type,
            IsGenerated = column.IsGenerated,
            IsVirtual = column.Generation == Generation.Virtual,
            IsIdentityAlways = column.Identity == IdentityKind.Always,
            BaseType = column.BaseType,
            IsNullable = !column.IsNotNull,
            Digest =
                s_exact.Contains(column.BaseType) ? "{0}"
                : senders.TryGetValue(column.TypeOid, out string? send) ? $"{send}({{0}})"
                : "({0})::pg_catalog.text COLLATE pg_catalog.\"C\"",
        };

    // The binary form that a type sends tells 1.0 from 1.00 and -0 from 0, and is cheaper than its text.
    private static async Task<Dictionary<uint, string>> ReadSendersAsync(
        NpgsqlConnection connection,
        TableDescription table,
        CancellationToken cancellationToken
    )
    {
        await using NpgsqlCommand command = new(
            """
            SELECT t.oid, quote_ident(n.nspname) || '.' || quote_ident(p.proname)
            FROM pg_type AS t JOIN pg_proc AS p ON p.oid = t.typsend JOIN pg_namespace AS n ON n.oid = p.pronamespace
            WHERE t.oid = ANY ($1::text::oid[])
            """,
            connection
        )
        {
            Parameters =
            {
                new NpgsqlParameter<string>
                {
                    TypedValue = $"{{{string.Join(',', table.Columns.Select(column => column.TypeOid))}}}",
                },
            },
        };
        Dictionary<uint, string> senders = [];
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            senders[reader.GetFieldValue<uint>(0)] = reader.GetString(1).Replace("{", "{{", StringComparison.Ordinal);
        }
        return senders;
    }

    // Of expressions and predicates too: pg_depend knows what they read.
    private static async Task<ImmutableArray<string>> ReadUniqueColumnsAsync(
        NpgsqlConnection connection,
        uint table,
        CancellationToken cancellationToken
    )
    {
        await using NpgsqlCommand command = new(
            """
            SELECT DISTINCT a.attname::text
            FROM pg_index AS i
            JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum > 0 AND NOT a.attisdropped
            WHERE i.indrelid = $1 AND (i.indisunique OR i.indisexclusion)
              AND (a.attnum = ANY (i.indkey) OR EXISTS (
                SELECT FROM pg_depend AS d
                WHERE d.classid = 'pg_class'::regclass AND d.objid = i.indexrelid AND d.refclassid =
                  'pg_class'::regclass
                  AND d.refobjid = i.indrelid AND d.refobjsubid = a.attnum))
            ORDER BY 1
            """,
            connection
        )
        {
            Parameters =
            {
                new() { Value = table, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Oid },
            },
        };
        ImmutableArray<string>.Builder names = ImmutableArray.CreateBuilder<string>();
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            names.Add(reader.GetString(0));
        }
        return names.ToImmutable();
    }
}
