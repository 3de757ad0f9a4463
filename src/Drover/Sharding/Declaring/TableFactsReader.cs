// Catalogs of one shard → facts about one table.
using Drover.Operations.Connections;
using Drover.Topology;
using Npgsql;

namespace Drover.Sharding.Declaring;

/// <summary>Reads what the rules of declaring a table ask for. The session's search_path is empty.</summary>
internal static class TableFactsReader
{
    private const string Table = """
        SELECT n.nspname, c.relname, c.relkind::text, c.relpersistence = 't', c.relispartition OR EXISTS
            (SELECT FROM pg_inherits i WHERE i.inhrelid = c.oid), c.relkind <> 'p' AND EXISTS
            (SELECT FROM pg_inherits i WHERE i.inhparent = c.oid), format('%I.%I', n.nspname, c.relname),
            ARRAY(SELECT attname::text FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped
                ORDER BY attnum)
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = $1::text::regclass
        """;

    // Object names rather than identifiers, which differ from server to server.
    private const string Fingerprint = """
        SELECT md5(concat_ws(E'\n',
            (SELECT string_agg(concat_ws(' ', attname, format_type(atttypid, atttypmod), attnotnull, attidentity,
                attgenerated, attcollation::regcollation, pg_get_expr(adbin, adrelid)), E'\n' ORDER BY a.attnum)
             FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
             WHERE a.attrelid = $1::text::regclass AND a.attnum > 0 AND NOT a.attisdropped),
            (SELECT string_agg(conname || ' ' || pg_get_constraintdef(oid), E'\n' ORDER BY conname)
             FROM pg_constraint WHERE conrelid = $1::text::regclass AND contype <> 'n'),
            (SELECT string_agg(pg_get_indexdef(indexrelid), E'\n' ORDER BY indexrelid::regclass::text)
             FROM pg_index WHERE indrelid = $1::text::regclass AND indisunique)))
        """;

    private const string Key = """
        SELECT a.attname::text, a.atttypid, format_type(a.atttypid, a.atttypmod), a.atttypmod, a.attnotnull,
            a.attgenerated <> '', coalesce(o.collisdeterministic, true), a.attcollation = 0 OR CASE o.collprovider
                WHEN 'd' THEN db.datlocprovider = 'b'
                    OR (db.datlocprovider = 'c' AND db.datcollate IN ('C', 'POSIX'))
                ELSE o.collprovider = 'b' OR (o.collprovider = 'c' AND o.collcollate IN ('C', 'POSIX')) END
        FROM pg_attribute a LEFT JOIN pg_collation o ON o.oid = a.attcollation
        JOIN pg_database db ON db.datname = current_database()
        WHERE a.attrelid = $1::text::regclass AND a.attname = $2 AND a.attnum > 0 AND NOT a.attisdropped
        """;

    private const string Unique = """
        SELECT i.indexrelid::regclass::text, EXISTS (
            SELECT FROM generate_series(0, i.indnkeyatts - 1) AS p
            JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[p] AND a.attname = $2
            WHERE NOT i.indisexclusion OR (SELECT oprname = '=' FROM pg_operator
                WHERE oid = (SELECT x.conexclop[p + 1] FROM pg_constraint x
                             WHERE x.conindid = i.indexrelid AND x.contype = 'x')))
        FROM pg_index i WHERE i.indrelid = $1::text::regclass AND (i.indisunique OR i.indisexclusion)
        ORDER BY i.indexrelid::regclass::text
        """;

    private const string ForeignKeys = """
        SELECT f.conname::text, n.nspname::text, c.relname::text, f.here, f.there FROM (
            SELECT conname, CASE WHEN $2 THEN confrelid ELSE conrelid END AS other,
                CASE WHEN $2 THEN conrelid ELSE confrelid END AS self,
                CASE WHEN $2 THEN own ELSE foreign_ END AS here, CASE WHEN $2 THEN foreign_ ELSE own END AS there
            FROM pg_constraint
            CROSS JOIN LATERAL (SELECT ARRAY(SELECT a.attname::text FROM unnest(conkey) WITH ORDINALITY k(n, o)
                JOIN pg_attribute a ON a.attrelid = conrelid AND a.attnum = k.n ORDER BY k.o) AS own,
                ARRAY(SELECT a.attname::text FROM unnest(confkey) WITH ORDINALITY k(n, o)
                JOIN pg_attribute a ON a.attrelid = confrelid AND a.attnum = k.n ORDER BY k.o) AS foreign_) l
            WHERE contype = 'f' AND conparentid = 0) f
        JOIN pg_class c ON c.oid = f.other JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE f.self = $1::text::regclass ORDER BY 1
        """;

    // Identity and serial depend on the column, a default that names any sequence on the sequence.
    private const string Sequences = """
        SELECT DISTINCT s.oid::regclass::text, a.attname::text, format_type(a.atttypid, NULL) = 'bigint'
        FROM pg_attribute a
        LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        JOIN pg_depend p ON
            (p.classid = 'pg_attrdef'::regclass AND p.objid = d.oid AND p.refclassid = 'pg_class'::regclass)
            OR (p.classid = 'pg_class'::regclass AND p.refclassid = 'pg_class'::regclass AND p.refobjid = a.attrelid
                AND p.refobjsubid = a.attnum AND p.deptype = 'i')
        JOIN pg_class s ON s.relkind = 'S' AND s.oid = CASE WHEN p.deptype = 'i' AND p.classid = 'pg_class'::regclass
            THEN p.objid ELSE p.refobjid END
        WHERE a.attrelid = $1::text::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY 1, 2
        """;

    /// <summary>The facts; null when there is no such table.</summary>
    /// <param name="connection">A session on the shard.</param>
    /// <param name="table">Schema and name, quoted.</param>
    /// <param name="key">The column that is to be the key; null for a reference table.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task<TableFacts?> ReadAsync(
        NpgsqlConnection connection,
        string table,
        string? key,
        CancellationToken cancellationToken
    )
    {
        if (await connection.ScalarAsync("SELECT to_regclass($1) IS NULL", [table], cancellationToken) is true)
        {
            return null;
        }
        TableFacts facts = (
            await connection.ListAsync(
                Table,
                [table],
                row => new TableFacts
                {
                    Name = new TableName(row.GetString(0), row.GetString(1)),
                    Kind = row.GetString(2)[0],
                    IsTemporary = row.GetBoolean(3),
                    IsChild = row.GetBoolean(4),
                    HasHeirs = row.GetBoolean(5),
                    Quoted = row.GetString(6),
                    Columns = row.GetFieldValue<string[]>(7),
                    HasRows = false,
                    Fingerprint = "",
                },
                cancellationToken
            )
        )[0];
        if (facts.Kind is not ('r' or 'p'))
        {
            return facts;
        }
        return await CompleteAsync(connection, facts, table, key, cancellationToken);
    }

    private static async Task<TableFacts> CompleteAsync(
        NpgsqlConnection connection,
        TableFacts facts,
        string table,
        string? key,
        CancellationToken cancellationToken
    ) =>
        facts with
        {
            HasRows =
                await connection.ScalarAsync($"SELECT EXISTS (SELECT FROM {facts.Quoted})", [], cancellationToken)
                    is true,
            Fingerprint = (string)(await connection.ScalarAsync(Fingerprint, [table], cancellationToken))!,
            Key = key is null ? null : await KeyAsync(connection, table, key, cancellationToken),
            Unique =
            [
                .. await connection.ListAsync(
                    Unique,
                    [table, key ?? ""],
                    row => new UniqueFacts(row.GetString(0), row.GetBoolean(1)),
                    cancellationToken
                ),
            ],
            ForeignKeys = await ForeignKeysAsync(connection, table, isOwn: true, cancellationToken),
            Incoming = await ForeignKeysAsync(connection, table, isOwn: false, cancellationToken),
            Sequences =
            [
                .. await connection.ListAsync(
                    Sequences,
                    [table],
                    row => new SequenceFacts(row.GetString(0), row.GetString(1), row.GetBoolean(2)),
                    cancellationToken
                ),
            ],
        };

    private static async Task<KeyColumnFacts?> KeyAsync(
        NpgsqlConnection connection,
        string table,
        string key,
        CancellationToken cancellationToken
    ) =>
        (
            await connection.ListAsync(
                Key,
                [table, key],
                row => new KeyColumnFacts(
                    row.GetString(0),
                    row.GetFieldValue<uint>(1),
                    row.GetString(2),
                    row.GetInt32(3),
                    row.GetBoolean(4),
                    row.GetBoolean(5),
                    row.GetBoolean(6),
                    row.GetBoolean(7)
                ),
                cancellationToken
            )
        ).FirstOrDefault();

    private static async Task<ForeignKeyFacts[]> ForeignKeysAsync(
        NpgsqlConnection connection,
        string table,
        bool isOwn,
        CancellationToken cancellationToken
    ) =>
        [
            .. await connection.ListAsync(
                ForeignKeys,
                [table, isOwn],
                row => new ForeignKeyFacts(
                    row.GetString(0),
                    new TableName(row.GetString(1), row.GetString(2)),
                    [.. row.GetFieldValue<string[]>(3).Zip(row.GetFieldValue<string[]>(4))]
                ),
                cancellationToken
            ),
        ];
}
