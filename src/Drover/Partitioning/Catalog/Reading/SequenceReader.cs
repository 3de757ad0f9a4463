// Sequences that the table owns, or that its defaults draw from.
using System.Collections.Immutable;

namespace Drover.Partitioning.Catalog.Reading;

internal static class SequenceReader
{
    private const string Sequences = """
        WITH owned AS (
            SELECT d.objid AS id, d.refobjsubid AS number, d.deptype = 'i' AS is_identity
            FROM pg_depend d JOIN pg_class c ON c.oid = d.objid AND c.relkind = 'S'
            WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = $1
              AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i')),
        used AS (
            SELECT d.refobjid AS id, a.adnum AS number
            FROM pg_attrdef a JOIN pg_depend d ON d.classid = 'pg_attrdef'::regclass AND d.objid = a.oid
            JOIN pg_class c ON c.oid = d.refobjid AND c.relkind = 'S'
            WHERE a.adrelid = $1 AND d.refclassid = 'pg_class'::regclass)
        SELECT c.oid, n.nspname, c.relname, pg_get_userbyid(c.relowner)::text,
               (SELECT t.attname::text FROM owned o JOIN pg_attribute t ON t.attrelid = $1 AND t.attnum = o.number
                WHERE o.id = c.oid),
               coalesce((SELECT o.is_identity FROM owned o WHERE o.id = c.oid), false),
               (SELECT array_agg(DISTINCT t.attname::text)
                FROM used u JOIN pg_attribute t ON t.attrelid = $1 AND t.attnum = u.number WHERE u.id = c.oid),
               format_type(s.seqtypid, NULL), s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache, s.seqcycle,
               c.relpersistence::text, obj_description(c.oid, 'pg_class')
        FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.oid IN (SELECT id FROM owned UNION SELECT id FROM used) ORDER BY 2, 3
        """;

    public static async Task<ImmutableArray<SequenceDescription>> ListAsync(CatalogQuery query, uint table)
    {
        ImmutableArray<SequenceDescription> sequences = await query.ListAsync(
            Sequences,
            table,
            row => new SequenceDescription
            {
                Oid = row.GetFieldValue<uint>(0),
                Name = row.Name(1, 2),
                Owner = row.GetString(3),
                OwnedByColumn = row.TextOrNull(4),
                IsIdentity = row.GetBoolean(5),
                UsedByColumns = row.Texts(6),
                DataType = row.GetString(7),
                Start = row.GetInt64(8),
                Increment = row.GetInt64(9),
                Minimum = row.GetInt64(10),
                Maximum = row.GetInt64(11),
                Cache = row.GetInt64(12),
                IsCycling = row.GetBoolean(13),
                Persistence = row.Persistence(14),
                Comment = row.TextOrNull(15),
                Access = new AccessList(IsDefault: true, []),
            }
        );
        ImmutableArray<SequenceDescription>.Builder whole = ImmutableArray.CreateBuilder<SequenceDescription>();
        foreach (SequenceDescription sequence in sequences)
        {
            AccessList access = await AccessReader.ReadRelationAsync(query, sequence.Oid, isSequence: true);
            whole.Add(sequence with { Access = access });
        }
        return whole.ToImmutable();
    }
}
