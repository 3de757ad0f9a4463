// Constraints of the table, and foreign keys that point to it.
using System.Collections.Immutable;
using Npgsql;

namespace Drover.Partitioning.Catalog.Reading;

internal static class ConstraintReader
{
    // conenforced and conperiod exist since PostgreSQL 18, hence the way through jsonb.
    private const string Own = """
        SELECT c.oid, c.conname, c.contype::text, pg_get_constraintdef(c.oid), keys.names,
               c.condeferrable, c.condeferred, c.convalidated,
               coalesce((to_jsonb(c) ->> 'conenforced')::bool, true), c.connoinherit, c.conislocal,
               i.relname::text, fn.nspname::text, f.relname::text, fkeys.names,
               coalesce((to_jsonb(c) ->> 'conperiod')::bool, false), obj_description(c.oid, 'pg_constraint')
        FROM pg_constraint c
        LEFT JOIN pg_class i ON i.oid = c.conindid AND c.contype IN ('p', 'u', 'x')
        LEFT JOIN pg_class f ON f.oid = c.confrelid LEFT JOIN pg_namespace fn ON fn.oid = f.relnamespace
        LEFT JOIN LATERAL (
            SELECT array_agg(a.attname::text ORDER BY k.n) AS names FROM unnest(c.conkey) WITH ORDINALITY k(number, n)
            JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.number) keys ON true
        LEFT JOIN LATERAL (
            SELECT array_agg(a.attname::text ORDER BY k.n) AS names FROM unnest(c.confkey) WITH ORDINALITY k(number, n)
            JOIN pg_attribute a ON a.attrelid = c.confrelid AND a.attnum = k.number) fkeys ON true
        WHERE c.conrelid = $1 AND c.contype IN ('p', 'u', 'c', 'f', 'x', 'n')
        ORDER BY c.contype, c.conname
        """;

    private const string Incoming = """
        SELECT n.nspname, r.relname, c.conrelid, c.conname, keys.names, fkeys.names, pg_get_constraintdef(c.oid),
               c.convalidated, obj_description(c.oid, 'pg_constraint')
        FROM pg_constraint c JOIN pg_class r ON r.oid = c.conrelid JOIN pg_namespace n ON n.oid = r.relnamespace
        CROSS JOIN LATERAL (
            SELECT array_agg(a.attname::text ORDER BY k.n) AS names FROM unnest(c.conkey) WITH ORDINALITY k(number, n)
            JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.number) keys
        CROSS JOIN LATERAL (
            SELECT array_agg(a.attname::text ORDER BY k.n) AS names FROM unnest(c.confkey) WITH ORDINALITY k(number, n)
            JOIN pg_attribute a ON a.attrelid = c.confrelid AND a.attnum = k.number) fkeys
        WHERE c.confrelid = $1 AND c.contype = 'f' AND c.conparentid = 0
        ORDER BY 1, 2, 4
        """;

    public static Task<ImmutableArray<ConstraintDescription>> ListAsync(CatalogQuery query, uint table) =>
        query.ListAsync(Own, table, Read);

    public static Task<ImmutableArray<IncomingForeignKey>> ListIncomingAsync(CatalogQuery query, uint table) =>
        query.ListAsync(
            Incoming,
            table,
            row => new IncomingForeignKey
            {
                Table = row.Name(0, 1),
                TableOid = row.GetFieldValue<uint>(2),
                Name = row.GetString(3),
                Columns = row.Texts(4),
                ReferencedColumns = row.Texts(5),
                Definition = row.GetString(6),
                IsValidated = row.GetBoolean(7),
                Comment = row.TextOrNull(8),
            }
        );

    private static ConstraintDescription Read(NpgsqlDataReader row) =>
        new()
        {
            Oid = row.GetFieldValue<uint>(0),
            Name = row.GetString(1),
            Kind = row.GetString(2) switch
            {
                "p" => ConstraintKind.PrimaryKey,
                "u" => ConstraintKind.Unique,
                "f" => ConstraintKind.ForeignKey,
                "x" => ConstraintKind.Exclusion,
                "n" => ConstraintKind.NotNull,
                _ => ConstraintKind.Check,
            },
            Definition = row.GetString(3),
            Columns = row.Texts(4),
            IsDeferrable = row.GetBoolean(5),
            IsInitiallyDeferred = row.GetBoolean(6),
            IsValidated = row.GetBoolean(7),
            IsEnforced = row.GetBoolean(8),
            IsNoInherit = row.GetBoolean(9),
            IsLocal = row.GetBoolean(10),
            IndexName = row.TextOrNull(11),
            ReferencedTable = row.IsDBNull(12) ? null : row.Name(12, 13),
            ReferencedColumns = row.Texts(14),
            IsTemporal = row.GetBoolean(15),
            Comment = row.TextOrNull(16),
        };
}
