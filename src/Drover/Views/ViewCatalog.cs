// What the server's catalogs say of materialized views.
using Drover.Operations.Connections;
using Npgsql;

namespace Drover.Views;

/// <summary>Questions to the catalogs.</summary>
internal static class ViewCatalog
{
    // A relation that a view reads, by its number, its name and its columns: a table that was renamed, and one that was
    // put in its place, differ, and so does one that has got a column.
    private const string SignatureOf = """
        WITH RECURSIVE reads (oid) AS (
            SELECT $1::text::regclass::oid
            UNION
            SELECT d.refobjid FROM reads o JOIN pg_catalog.pg_rewrite r ON r.ev_class = o.oid
            JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.objid = r.oid
                AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid <> o.oid
        )
        SELECT coalesce(md5(string_agg(format('%s %I.%I %s', c.oid, n.nspname, c.relname, (
            SELECT string_agg(format('%s %I %s %s', a.attnum, a.attname, a.atttypid, a.atttypmod), ','
                ORDER BY a.attnum)
            FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        )), ';' ORDER BY c.oid)), '')
        FROM reads o JOIN pg_catalog.pg_class c ON c.oid = o.oid
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE c.oid <> $1::text::regclass::oid
        """;

    // Ordinary views in between are followed; a materialized view is an end.
    private const string ReadsOf = """
        WITH RECURSIVE reads (reader, oid, is_end) AS (
            SELECT c.oid, c.oid, false FROM pg_catalog.pg_class c WHERE c.relkind = 'm'
            UNION
            SELECT o.reader, d.refobjid, c.relkind = 'm' FROM reads o
            JOIN pg_catalog.pg_rewrite r ON r.ev_class = o.oid
            JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.objid = r.oid
                AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid <> o.oid
            JOIN pg_catalog.pg_class c ON c.oid = d.refobjid AND c.relkind IN ('v', 'm')
            WHERE NOT o.is_end
        )
        SELECT rn.nspname, rc.relname, n.nspname, c.relname FROM reads o
        JOIN pg_catalog.pg_class rc ON rc.oid = o.reader JOIN pg_catalog.pg_namespace rn ON rn.oid = rc.relnamespace
        JOIN pg_catalog.pg_class c ON c.oid = o.oid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE o.is_end
        """;

    private const string DependentsOf = """
        SELECT DISTINCT c.oid::regclass::text FROM pg_catalog.pg_depend d
        JOIN pg_catalog.pg_rewrite r ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND r.oid = d.objid
        JOIN pg_catalog.pg_class c ON c.oid = r.ev_class
        WHERE d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid = pg_catalog.to_regclass($1)
            AND c.oid <> d.refobjid
        UNION
        SELECT p.oid::regprocedure::text FROM pg_catalog.pg_depend d
        JOIN pg_catalog.pg_proc p ON d.classid = 'pg_catalog.pg_proc'::regclass AND p.oid = d.objid
        JOIN pg_catalog.pg_type t ON d.refclassid = 'pg_catalog.pg_type'::regclass AND t.oid = d.refobjid
        WHERE t.typrelid = pg_catalog.to_regclass($1)
        ORDER BY 1
        """;

    // Whoever owns what a query reads can have it call functions of theirs.
    private const string OwnersOf = """
        WITH RECURSIVE reads (oid) AS (
            SELECT $1::text::regclass::oid
            UNION
            SELECT d.refobjid FROM reads o JOIN pg_catalog.pg_rewrite r ON r.ev_class = o.oid
            JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.objid = r.oid
                AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid <> o.oid
        )
        SELECT DISTINCT c.relowner::regrole::text FROM reads o JOIN pg_catalog.pg_class c ON c.oid = o.oid
        JOIN pg_catalog.pg_roles r ON r.oid = c.relowner
        WHERE c.oid <> $1::text::regclass::oid AND r.rolname <> current_user AND NOT r.rolsuper
        ORDER BY 1
        """;

    private const string ColumnsOf = """
        SELECT format('%I %s %s', a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), a.attcollation)
        FROM pg_catalog.pg_attribute a
        WHERE a.attrelid = pg_catalog.to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
        """;

    /// <summary>Whether the server is a standby, which cannot refresh.</summary>
    public static async Task<bool> IsStandbyAsync(NpgsqlConnection connection, CancellationToken cancellationToken) =>
        await connection.ScalarAsync("SELECT pg_catalog.pg_is_in_recovery()", [], cancellationToken) is true;

    /// <summary>The name that a person means: the schema, if none is said, is the role's first.</summary>
    /// <returns>Null if it is no name, or the schema is not there.</returns>
    public static async Task<ViewName?> NameAsync(
        NpgsqlConnection connection,
        string text,
        CancellationToken cancellationToken
    )
    {
        await connection.ExecuteAsync("RESET search_path", [], cancellationToken);
        try
        {
            List<ViewName> names = await connection.ListAsync(
                """
                SELECT n.nspname, name[pg_catalog.cardinality(name)]
                FROM pg_catalog.parse_ident($1) name
                JOIN pg_catalog.pg_namespace n ON n.nspname = CASE pg_catalog.cardinality(name)
                    WHEN 1 THEN pg_catalog.current_schema() WHEN 2 THEN name[1] END
                """,
                [text],
                static row => new ViewName(row.GetString(0), row.GetString(1)),
                cancellationToken
            );
            return names.FirstOrDefault();
        }
        catch (PostgresException wrong) when (wrong.SqlState == PostgresErrorCodes.InvalidParameterValue)
        {
            return null;
        }
        finally
        {
            await connection.ExecuteAsync("SET search_path = ''", [], cancellationToken);
        }
    }

    /// <summary>What kind of relation has a name: as pg_class.relkind; null if none has.</summary>
    public static async Task<char?> KindAsync(
        NpgsqlConnection connection,
        ViewName name,
        CancellationToken cancellationToken
    ) =>
        await connection.ScalarAsync(
            "SELECT relkind::text FROM pg_catalog.pg_class WHERE oid = pg_catalog.to_regclass($1)",
            [name.Quoted],
            cancellationToken
        )
            is string kind
            ? kind[0]
            : null;

    /// <summary>The columns of a relation with their types; none if it is not there.</summary>
    public static Task<List<string>> ColumnsAsync(
        NpgsqlConnection connection,
        string quoted,
        CancellationToken cancellationToken
    ) => connection.ListAsync(ColumnsOf, [quoted], static row => row.GetString(0), cancellationToken);

    /// <summary>What the relations that a view reads look like.</summary>
    public static async Task<string> SignatureAsync(
        NpgsqlConnection connection,
        string quoted,
        CancellationToken cancellationToken
    ) => (string)(await connection.ScalarAsync(SignatureOf, [quoted], cancellationToken))!;

    /// <summary>Who owns what a view reads, other than this session's role and superusers.</summary>
    public static Task<List<string>> OwnersAsync(
        NpgsqlConnection connection,
        string quoted,
        CancellationToken cancellationToken
    ) => connection.ListAsync(OwnersOf, [quoted], static row => row.GetString(0), cancellationToken);

    /// <summary>What would have to go with a view: relations that read it, and functions of its row type.</summary>
    public static async Task<string> DependentsAsync(
        NpgsqlConnection connection,
        ViewName name,
        CancellationToken cancellationToken
    )
    {
        List<string> names = await connection.ListAsync(
            DependentsOf,
            [name.Quoted],
            static row => row.GetString(0),
            cancellationToken
        );
        return names.Count == 0 ? "something" : string.Join(", ", names);
    }

    /// <summary>Which materialized view reads which.</summary>
    public static Task<List<(ViewName Reader, ViewName Read)>> ReadsAsync(
        NpgsqlConnection connection,
        CancellationToken cancellationToken
    ) =>
        connection.ListAsync(
            ReadsOf,
            [],
            static row =>
                (new ViewName(row.GetString(0), row.GetString(1)), new ViewName(row.GetString(2), row.GetString(3))),
            cancellationToken
        );
}
