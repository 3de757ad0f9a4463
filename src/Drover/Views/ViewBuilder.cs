// Makes a materialized view, and makes it anew when what it reads has changed.
using Drover.Operations;
using Drover.Operations.Connections;
using Npgsql;

namespace Drover.Views;

/// <summary>
/// A view is there with its rows and its unique index, or not at all. One that is made anew is made beside the old one,
/// which is read meanwhile; in a short transaction it takes the old one's name, indexes, owner, grants and comment.
/// </summary>
/// <remarks>https://www.postgresql.org/docs/18/sql-creatematerializedview.html</remarks>
internal static class ViewBuilder
{
    private const string SwapLockTimeout = "2s";
    private const int SwapAttempts = 5;

    /// <summary>Makes a view in the caller's transaction.</summary>
    /// <param name="connection">In a transaction.</param>
    /// <param name="name">The name that it gets.</param>
    /// <param name="view">What it is.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="OperationException">The query does not run, or its rows are not told apart.</exception>
    public static async Task MakeAsync(
        NpgsqlConnection connection,
        ViewName name,
        ManagedView view,
        CancellationToken cancellationToken
    )
    {
        try
        {
            await connection.ExecuteAsync(
                "SELECT pg_catalog.set_config('search_path', $1, true)",
                [view.SearchPath],
                cancellationToken
            );
            // A comment at the query's end must not swallow what follows.
            string sql = $"CREATE MATERIALIZED VIEW {name.Quoted} AS\n{ViewText.Read(view.Sql)}\nWITH DATA";
            await connection.ExecuteAsync(sql, [], cancellationToken);
            await connection.ExecuteAsync("SET LOCAL search_path = ''", [], cancellationToken);
        }
        catch (PostgresException wrong) when (wrong.SqlState.StartsWith("42", StringComparison.Ordinal))
        {
            throw new OperationException($"the query does not run: {wrong.MessageText}", wrong);
        }
        await MakeUniqueAsync(connection, name, view, cancellationToken);
        await connection.ExecuteAsync($"ANALYZE {name.Quoted}", [], cancellationToken);
    }

    /// <summary>Makes a view anew, and keeps what was bound to it.</summary>
    /// <exception cref="OperationException">It cannot be: another relation depends on the old one.</exception>
    public static async Task RemakeAsync(
        NpgsqlConnection connection,
        ManagedView view,
        TimeProvider time,
        CancellationToken cancellationToken
    )
    {
        ViewName next = new(view.Name.Schema, Shorten(view.Name.Name, "_drover_new"));
        await connection.ExecuteAsync("BEGIN", [], cancellationToken);
        await connection.ExecuteAsync($"DROP MATERIALIZED VIEW IF EXISTS {next.Quoted}", [], cancellationToken);
        bool isThere = await ViewCatalog.KindAsync(connection, view.Name, cancellationToken) is not null;
        await MakeAsync(connection, isThere ? next : view.Name, view, cancellationToken);
        await connection.ExecuteAsync("COMMIT", [], cancellationToken);
        if (isThere)
        {
            await SwapAsync(connection, view.Name, next, time, cancellationToken);
        }
    }

    private static async Task MakeUniqueAsync(
        NpgsqlConnection connection,
        ViewName name,
        ManagedView view,
        CancellationToken cancellationToken
    )
    {
        string columns = string.Join(", ", view.Unique.Select(ViewName.Quote));
        try
        {
            await connection.ExecuteAsync($"CREATE UNIQUE INDEX ON {name.Quoted} ({columns})", [], cancellationToken);
        }
        catch (PostgresException wrong) when (wrong.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            // The server's detail has values of a row.
            throw new OperationException(
                $"several rows of the query have the same {string.Join(", ", view.Unique)}: name columns by --unique "
                    + "that tell every row apart",
                OperationOutcome.Refused
            );
        }
        catch (PostgresException wrong) when (wrong.SqlState == PostgresErrorCodes.UndefinedColumn)
        {
            throw new OperationException(
                $"{wrong.MessageText}: --unique names columns of the query's result",
                OperationOutcome.Usage
            );
        }
    }

    private static async Task SwapAsync(
        NpgsqlConnection connection,
        ViewName name,
        ViewName next,
        TimeProvider time,
        CancellationToken cancellationToken
    )
    {
        List<string> carried = await CarriedAsync(connection, name, next, cancellationToken);
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                await connection.ExecuteAsync(
                    $"BEGIN; SET LOCAL lock_timeout = '{SwapLockTimeout}'",
                    [],
                    cancellationToken
                );
                await connection.ExecuteAsync($"DROP MATERIALIZED VIEW {name.Quoted}", [], cancellationToken);
                await connection.ExecuteAsync(
                    $"ALTER MATERIALIZED VIEW {next.Quoted} RENAME TO {ViewName.Quote(name.Name)}",
                    [],
                    cancellationToken
                );
                foreach (string statement in carried)
                {
                    await connection.ExecuteAsync(statement, [], cancellationToken);
                }
                await connection.ExecuteAsync("COMMIT", [], cancellationToken);
                return;
            }
            catch (PostgresException busy)
                when (busy.SqlState == PostgresErrorCodes.LockNotAvailable && attempt < SwapAttempts)
            {
                await connection.ExecuteAsync("ROLLBACK", [], cancellationToken);
                await Task.Delay(TimeSpan.FromSeconds(attempt), time, cancellationToken);
            }
            catch (PostgresException bound) when (bound.SqlState == PostgresErrorCodes.DependentObjectsStillExist)
            {
                await connection.ExecuteAsync("ROLLBACK", [], CancellationToken.None);
                await connection.ExecuteAsync($"DROP MATERIALIZED VIEW {next.Quoted}", [], CancellationToken.None);
                string dependents = await ViewCatalog.DependentsAsync(connection, name, CancellationToken.None);
                throw new OperationException(
                    $"what {name} reads has changed, and it cannot be made anew while {dependents} depends on it: drop "
                        + "that, refresh, and make it again",
                    bound
                );
            }
        }
    }

    /// <summary>What makes the new one as the old one is, run after it has the old one's name.</summary>
    private static async Task<List<string>> CarriedAsync(
        NpgsqlConnection connection,
        ViewName name,
        ViewName next,
        CancellationToken cancellationToken
    )
    {
        List<string> statements = await connection.ListAsync(
            """
            SELECT pg_catalog.format('ALTER INDEX %s RENAME TO %I', made.oid::regclass, was.relname)
            FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class was ON was.oid = i.indexrelid
            JOIN pg_catalog.pg_index m ON m.indrelid = pg_catalog.to_regclass($2) AND m.indisunique
            JOIN pg_catalog.pg_class made ON made.oid = m.indexrelid
            WHERE i.indrelid = pg_catalog.to_regclass($1) AND i.indisunique AND i.indkey::text = m.indkey::text
                AND i.indpred IS NULL
            ORDER BY i.indexrelid LIMIT 1
            """,
            [name.Quoted, next.Quoted],
            static row => row.GetString(0),
            cancellationToken
        );
        statements.AddRange(
            await connection.ListAsync(
                """
                SELECT sql FROM (
                    SELECT 1 AS place, pg_catalog.pg_get_indexdef(i.indexrelid) AS sql FROM pg_catalog.pg_index i
                    WHERE i.indrelid = pg_catalog.to_regclass($1) AND i.indexrelid <> coalesce((
                        SELECT u.indexrelid FROM pg_catalog.pg_index u WHERE u.indrelid = i.indrelid AND u.indisunique
                            AND u.indpred IS NULL AND u.indkey::text IN (SELECT m.indkey::text
                                FROM pg_catalog.pg_index m WHERE m.indrelid = pg_catalog.to_regclass($2))
                        ORDER BY u.indexrelid LIMIT 1), 0)
                    UNION ALL
                    SELECT 2, pg_catalog.format('GRANT %s ON %s TO %s%s', a.privilege_type, $1, CASE a.grantee
                        WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END,
                        CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
                    FROM pg_catalog.pg_class c, pg_catalog.aclexplode(c.relacl) a
                    WHERE c.oid = pg_catalog.to_regclass($1) AND a.grantee <> c.relowner
                    UNION ALL
                    SELECT 3, pg_catalog.format('COMMENT ON MATERIALIZED VIEW %s IS %L', $1, d.description)
                    FROM pg_catalog.pg_description d WHERE d.classoid = 'pg_catalog.pg_class'::regclass
                        AND d.objoid = pg_catalog.to_regclass($1) AND d.objsubid = 0
                    UNION ALL
                    SELECT 4, pg_catalog.format('ALTER MATERIALIZED VIEW %s OWNER TO %s', $1, c.relowner::regrole)
                    FROM pg_catalog.pg_class c WHERE c.oid = pg_catalog.to_regclass($1)
                        AND c.relowner <> (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = current_user)
                ) carried ORDER BY place
                """,
                [name.Quoted, next.Quoted],
                static row => row.GetString(0),
                cancellationToken
            )
        );
        return statements;
    }

    /// <summary>A name with an ending, within the 63 bytes of a name.</summary>
    private static string Shorten(string name, string ending)
    {
        const int NameBytesMax = 63;
        while (System.Text.Encoding.UTF8.GetByteCount(name) + ending.Length > NameBytesMax)
        {
            name = name[..^1];
        }
        return name + ending;
    }
}
