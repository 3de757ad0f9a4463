// Before the old table takes its name back: whether it lacks anything that the new one has got since the cut-over.
using Drover.Operations;
using Drover.Operations.Connections;
using Npgsql;

namespace Drover.Partitioning.Conversion.Steps;

/// <summary>
/// Rows are mirrored, changes of the catalogs are not: the old table would come back without a column, and with the
/// privileges, policies, triggers, rules, defaults and checks that it had at the cut-over. Who may see what is nothing
/// to be turned back silently.
/// </summary>
/// <param name="layout">The tables.</param>
internal sealed class RollbackProof(ConversionLayout layout)
{
    // Expressions may name the table that they belong to.
    private const string Facts = """
        WITH side AS (
            SELECT c.oid, c.relowner, c.relacl, c.relrowsecurity, c.oid = to_regclass($1) AS is_new,
                   quote_ident(c.relname) || '.' AS name
            FROM pg_class AS c WHERE c.oid IN (to_regclass($1), to_regclass($2))),
        fact(is_new, text) AS (
            SELECT is_new, 'row security ' || CASE WHEN relrowsecurity THEN 'on' ELSE 'off' END FROM side
            UNION ALL
            SELECT s.is_new, format('%s for %s', a.privilege_type,
                CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END)
            FROM side AS s, aclexplode(s.relacl) AS a WHERE a.grantee <> s.relowner
            UNION ALL
            SELECT s.is_new, format('%s (%I) for %s', a.privilege_type, c.attname,
                CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END)
            FROM side AS s JOIN pg_attribute AS c ON c.attrelid = s.oid AND NOT c.attisdropped,
                aclexplode(c.attacl) AS a WHERE a.grantee <> s.relowner
            UNION ALL
            SELECT s.is_new, format('policy %I for %s to %s, permissive %s, using (%s) with check (%s)', p.polname,
                p.polcmd, ARRAY(SELECT r::regrole FROM unnest(p.polroles) AS r ORDER BY 1), p.polpermissive,
                replace(pg_get_expr(p.polqual, p.polrelid), s.name, ''),
                replace(pg_get_expr(p.polwithcheck, p.polrelid), s.name, ''))
            FROM side AS s JOIN pg_policy AS p ON p.polrelid = s.oid
            UNION ALL
            SELECT s.is_new, format('trigger %I', t.tgname)
            FROM side AS s JOIN pg_trigger AS t ON t.tgrelid = s.oid
            WHERE NOT t.tgisinternal AND t.tgname NOT LIKE '!drover\_%'
            UNION ALL
            SELECT s.is_new, format('rule %I', r.rulename) FROM side AS s JOIN pg_rewrite AS r ON r.ev_class = s.oid
            UNION ALL
            SELECT s.is_new, format('default of %I: %s', c.attname, pg_get_expr(d.adbin, d.adrelid))
            FROM side AS s JOIN pg_attrdef AS d ON d.adrelid = s.oid
            JOIN pg_attribute AS c ON c.attrelid = s.oid AND c.attnum = d.adnum AND c.attgenerated = ''
            UNION ALL
            SELECT s.is_new, format('check %I', k.conname)
            FROM side AS s JOIN pg_constraint AS k ON k.conrelid = s.oid WHERE k.contype = 'c')
        SELECT CASE WHEN bool_or(is_new) THEN 'new: ' ELSE 'gone: ' END || text
        FROM fact GROUP BY text HAVING bool_and(is_new) OR NOT bool_or(is_new) ORDER BY 1
        """;

    /// <summary>Under the locks of the swap.</summary>
    /// <exception cref="OperationException">Something would be lost.</exception>
    public async Task ProveAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        List<string> names = await connection.ListAsync(
            "SELECT attname::text FROM pg_attribute "
                + "WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped",
            [layout.Table.ToString()],
            row => row.GetString(0),
            cancellationToken
        );
        string[] added = [.. names.Except(layout.Columns.Select(column => column.Name))];
        if (added.Length > 0)
        {
            throw new OperationException(
                $"{string.Join(", ", added)} was added to {layout.Table} since the cut-over, and {layout.OldTable} "
                    + "does not have it: a rollback would lose what is in it. Drop it and roll back, or finish"
            );
        }
        List<string> changed = await connection.ListAsync(
            Facts,
            [layout.Table.ToString(), layout.OldTable.ToString()],
            row => row.GetString(0),
            cancellationToken
        );
        if (changed.Count > 0)
        {
            throw new OperationException(
                $"{layout.Table} was changed since the cut-over, and {layout.OldTable} was not: "
                    + $"{string.Join("; ", changed)}. A rollback would undo that: change {layout.OldTable} likewise "
                    + "and roll back again, or finish"
            );
        }
    }
}
