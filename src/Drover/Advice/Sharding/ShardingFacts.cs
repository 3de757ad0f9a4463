// What decides whether a database can be sharded by a column: tables, their keys, how they refer to one another.
using Drover.Operations.Connections;
using Drover.Topology;
using Npgsql;

namespace Drover.Advice.Sharding;

/// <summary>A column that could be a sharding key.</summary>
/// <param name="Name">Its name.</param>
/// <param name="TypeOid">Its type.</param>
/// <param name="TypeModifier">Its type modifier; -1 for none.</param>
internal sealed record KeyColumn(string Name, uint TypeOid, int TypeModifier);

/// <summary>A table of the user's.</summary>
/// <param name="Name">Its name; a partitioned table stands for its partitions.</param>
/// <param name="Bytes">With indexes and TOAST.</param>
/// <param name="Rows">By estimate.</param>
/// <param name="Columns">Those of types that can be hashed.</param>
internal sealed record TableShape(TableName Name, long Bytes, double Rows, IReadOnlyList<KeyColumn> Columns)
{
    /// <summary>The column of a name, if it can be a key.</summary>
    public KeyColumn? Column(string name) => Columns.FirstOrDefault(column => column.Name == name);
}

/// <summary>A foreign key.</summary>
/// <param name="From">The table that refers.</param>
/// <param name="Columns">Its columns.</param>
/// <param name="To">The table that is referred to.</param>
/// <param name="Referenced">Its columns.</param>
/// <param name="Name">The constraint.</param>
internal sealed record Reference(
    TableName From,
    IReadOnlyList<string> Columns,
    TableName To,
    IReadOnlyList<string> Referenced,
    string Name
);

/// <summary>A primary key, a unique constraint or a unique index.</summary>
/// <param name="Table">The table.</param>
/// <param name="Name">The index.</param>
/// <param name="IsPrimary">It is the primary key.</param>
/// <param name="Columns">Its columns; empty if it is on an expression.</param>
internal sealed record UniqueKey(TableName Table, string Name, bool IsPrimary, IReadOnlyList<string> Columns);

/// <summary>A statement as pg_stat_statements has it, whole.</summary>
/// <param name="Text">Normalised: constants are $1, $2 ….</param>
/// <param name="Calls">Executions.</param>
/// <param name="Milliseconds">Time in all of them.</param>
internal sealed record StatementLoad(string Text, long Calls, double Milliseconds);

/// <summary>How a column's values are spread.</summary>
/// <param name="Table">In which table.</param>
/// <param name="Values">How many there are, by estimate.</param>
/// <param name="LargestShare">The share of rows with the most frequent one; 0 if it is not known.</param>
internal sealed record KeySpread(TableShape Table, double Values, double LargestShare);

/// <summary>All that is read of a database.</summary>
internal sealed record ShardingFacts(
    IReadOnlyList<TableShape> Tables,
    IReadOnlyList<Reference> References,
    IReadOnlyList<UniqueKey> Uniques,
    IReadOnlyList<StatementLoad> Statements,
    string SearchPath
)
{
    /// <summary>The role may see what other roles run.</summary>
    public bool SeesAll { get; init; } = true;

    private const string User = """
        n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'drover')
            AND c.relkind IN ('r', 'p') AND NOT c.relispartition
        """;

    private const string TablesSql = $"""
        SELECT n.nspname::text, c.relname::text,
            coalesce((SELECT sum(pg_total_relation_size(t.relid)) FROM pg_partition_tree(c.oid) t),
                pg_total_relation_size(c.oid))::bigint,
            coalesce((SELECT sum(greatest(p.reltuples, 0)) FROM pg_partition_tree(c.oid) t
                JOIN pg_class p ON p.oid = t.relid AND t.isleaf), greatest(c.reltuples, 0))::float8,
            ARRAY(SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0
                AND NOT a.attisdropped ORDER BY a.attnum),
            ARRAY(SELECT a.atttypid FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0
                AND NOT a.attisdropped ORDER BY a.attnum),
            ARRAY(SELECT a.atttypmod FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0
                AND NOT a.attisdropped ORDER BY a.attnum)
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {User} ORDER BY 1, 2
        """;

    private const string ReferencesSql = $"""
        SELECT n.nspname::text, c.relname::text,
            ARRAY(SELECT a.attname::text FROM unnest(o.conkey) WITH ORDINALITY k (n, i)
                JOIN pg_attribute a ON a.attrelid = o.conrelid AND a.attnum = k.n ORDER BY k.i),
            tn.nspname::text, t.relname::text,
            ARRAY(SELECT a.attname::text FROM unnest(o.confkey) WITH ORDINALITY k (n, i)
                JOIN pg_attribute a ON a.attrelid = o.confrelid AND a.attnum = k.n ORDER BY k.i), o.conname::text
        FROM pg_constraint o JOIN pg_class c ON c.oid = o.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_class t ON t.oid = o.confrelid JOIN pg_namespace tn ON tn.oid = t.relnamespace
        WHERE o.contype = 'f' AND o.conparentid = 0 AND {User}
        """;

    private const string UniquesSql = $"""
        SELECT n.nspname::text, c.relname::text, ic.relname::text, i.indisprimary, CASE WHEN i.indexprs IS NULL THEN
            ARRAY(SELECT a.attname::text FROM unnest(i.indkey::int2[]) WITH ORDINALITY k (n, o)
                JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.n WHERE k.o <= i.indnkeyatts ORDER BY k.o)
            ELSE ARRAY[]::text[] END
        FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_class ic ON ic.oid = i.indexrelid WHERE i.indisunique AND {User}
        """;

    private const string SpreadSql = """
        SELECT n_distinct::float8, coalesce(most_common_freqs[1], 0)::float8 FROM pg_stats
        WHERE schemaname = $1 AND tablename = $2 AND attname = $3 ORDER BY inherited DESC LIMIT 1
        """;

    /// <summary>Reads them.</summary>
    /// <param name="connection">The database's.</param>
    /// <param name="statementsMax">Statements at the most, those with the most time.</param>
    /// <param name="cancellation">Ends it.</param>
    public static async Task<ShardingFacts> ReadAsync(
        NpgsqlConnection connection,
        int statementsMax,
        CancellationToken cancellation
    )
    {
        await connection.ExecuteAsync("RESET search_path", [], cancellation);
        string path = (string)(await connection.ScalarAsync("SHOW search_path", [], cancellation))!;
        await connection.ExecuteAsync("SET search_path = pg_catalog", [], cancellation);
        return new ShardingFacts(
            await connection.ListAsync(TablesSql, [], Table, cancellation),
            await connection.ListAsync(ReferencesSql, [], ReferenceOf, cancellation),
            await connection.ListAsync(UniquesSql, [], Unique, cancellation),
            await StatementsAsync(connection, statementsMax, cancellation),
            path
        )
        {
            SeesAll =
                await connection.ScalarAsync(
                    "SELECT pg_has_role(current_user, 'pg_read_all_stats', 'USAGE')",
                    [],
                    cancellation
                )
                    is true,
        };
    }

    /// <summary>How a key's values are spread, as ANALYZE has seen it.</summary>
    public static async Task<KeySpread?> SpreadAsync(
        NpgsqlConnection connection,
        TableShape table,
        string column,
        CancellationToken cancellation
    )
    {
        List<KeySpread> found = await connection.ListAsync(
            SpreadSql,
            [table.Name.Schema, table.Name.Name, column],
            row => new KeySpread(
                table,
                row.GetDouble(0) < 0 ? -row.GetDouble(0) * table.Rows : row.GetDouble(0),
                row.GetDouble(1)
            ),
            cancellation
        );
        return found.FirstOrDefault();
    }

    private static async Task<List<StatementLoad>> StatementsAsync(
        NpgsqlConnection connection,
        int statementsMax,
        CancellationToken cancellation
    )
    {
        string? schema =
            await connection.ScalarAsync(
                """
                SELECT format('%I', n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
                WHERE e.extname = 'pg_stat_statements'
                """,
                [],
                cancellation
            ) as string;
        return schema is null
            ? []
            : await connection.ListAsync(
                $"""
                SELECT query, sum(calls)::bigint, sum(total_exec_time) FROM {schema}.pg_stat_statements
                WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
                    AND query ~* '^\s*(select|insert|update|delete|merge|with|values)\y'
                GROUP BY query ORDER BY 3 DESC LIMIT $1
                """,
                [statementsMax],
                static row => new StatementLoad(row.GetString(0), row.GetInt64(1), row.GetDouble(2)),
                cancellation
            );
    }

    private static TableShape Table(NpgsqlDataReader row)
    {
        string[] names = row.GetFieldValue<string[]>(4);
        uint[] types = row.GetFieldValue<uint[]>(5);
        int[] modifiers = row.GetFieldValue<int[]>(6);
        return new TableShape(
            new TableName(row.GetString(0), row.GetString(1)),
            row.GetInt64(2),
            row.GetDouble(3),
            [
                .. names
                    .Select((name, i) => new KeyColumn(name, types[i], modifiers[i]))
                    .Where(static column => Topology.Keys.KeyTypes.Of(column.TypeOid) is not null),
            ]
        );
    }

    private static Reference ReferenceOf(NpgsqlDataReader row) =>
        new(
            new TableName(row.GetString(0), row.GetString(1)),
            row.GetFieldValue<string[]>(2),
            new TableName(row.GetString(3), row.GetString(4)),
            row.GetFieldValue<string[]>(5),
            row.GetString(6)
        );

    private static UniqueKey Unique(NpgsqlDataReader row) =>
        new(
            new TableName(row.GetString(0), row.GetString(1)),
            row.GetString(2),
            row.GetBoolean(3),
            row.GetFieldValue<string[]>(4)
        );
}
