// A table and a partitioned one beside it, whose names are exchanged with all that depends on them.
using Drover.IntegrationTests.LocalPostgres;
using Drover.Operations;
using Drover.Partitioning.Catalog;
using Drover.Partitioning.Dependents;
using Npgsql;

namespace Drover.IntegrationTests.Partitioning.Dependents;

/// <summary>
/// The old table holds one row with the note <c>old</c>, the new one a row with the note <c>new</c>: what reads the
/// table shows by its rows which one it is bound to.
/// </summary>
internal sealed class SwapStage : IAsyncDisposable
{
    private const string Tables = """
        CREATE TABLE orders (id bigint NOT NULL, created_at date NOT NULL, note text, total numeric);
        ALTER TABLE orders ADD PRIMARY KEY (id, created_at);
        INSERT INTO orders VALUES (1, '2025-01-01', 'old', 1);
        """;

    private const string NewTable = """
        CREATE TABLE orders__drover_new (LIKE orders INCLUDING ALL EXCLUDING COMMENTS) PARTITION BY RANGE (created_at);
        GRANT SELECT ON orders__drover_new TO app, "App 2";
        CREATE TABLE orders_default PARTITION OF orders__drover_new DEFAULT;
        INSERT INTO orders__drover_new VALUES (1, '2025-01-01', 'new', 2);
        """;

    // Definitions, owners, grants and states of everything in the database but the tables and Drover's own names.
    private const string Everything = """
        SELECT line FROM (
            SELECT concat_ws('|', relname, CASE relkind WHEN 'v' THEN oid END, pg_get_viewdef(oid), reloptions,
                             ARRAY(SELECT unnest(relacl)::text ORDER BY 1),
                             relowner::regrole, obj_description(oid, 'pg_class'), relispopulated) AS line
            FROM pg_class WHERE relkind IN ('v', 'm') AND relnamespace = 'public'::regnamespace
            UNION ALL
            SELECT concat_ws('|', c.relname, a.attname, a.attnum, format_type(a.atttypid, a.atttypmod),
                             ARRAY(SELECT unnest(a.attacl)::text ORDER BY 1),
                             col_description(c.oid, a.attnum), pg_get_expr(d.adbin, d.adrelid), a.attstattarget)
            FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
            LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
            WHERE relkind IN ('v', 'm') AND relnamespace = 'public'::regnamespace
            UNION ALL
            SELECT concat_ws('|', p.proname, CASE WHEN p.prosqlbody IS NOT NULL THEN p.oid END,
                             pg_get_functiondef(p.oid),
                             ARRAY(SELECT unnest(p.proacl)::text ORDER BY 1), p.proowner::regrole,
                             obj_description(p.oid, 'pg_proc'))
            FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace
              AND p.oid::regprocedure::text !~ '__drover_'
            UNION ALL
            SELECT concat_ws('|', p.polname, p.oid, p.polrelid::regclass, p.polcmd, p.polroles, p.polpermissive,
                             pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid))
            FROM pg_policy p
            UNION ALL
            SELECT concat_ws('|', w.rulename, pg_get_ruledef(w.oid), w.ev_enabled, obj_description(w.oid, 'pg_rewrite'))
            FROM pg_rewrite w WHERE w.rulename <> '_RETURN'
            UNION ALL
            SELECT concat_ws('|', p.pubname, r.prrelid::regclass, pg_get_expr(r.prqual, r.prrelid), r.prattrs)
            FROM pg_publication p JOIN pg_publication_rel r ON r.prpubid = p.oid
            UNION ALL
            SELECT concat_ws('|', i.indexrelid::regclass, pg_get_indexdef(i.indexrelid), i.indisvalid)
            FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid AND c.relkind = 'm') AS e
        WHERE line !~ '__drover_' ORDER BY line
        """;

    private readonly TableStage _stage;

    private SwapStage(TableStage stage, TableDescription table, RebindPlan plan) =>
        (_stage, Table, Plan) = (stage, table, plan);

    public TableDescription Table { get; }

    public RebindPlan Plan { get; }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>The tables with the given dependents, all done that is done before a swap.</summary>
    public static async Task<SwapStage> StartAsync(PostgresFixture postgres, int major, string dependents)
    {
        TableStage stage = await TableStage.StartAsync(postgres, major, Tables);
        await stage.RunAsync(dependents);
        await stage.RunAsync(NewTable);
        TableDescription table = await stage.DescribeAsync();
        QualifiedName newTable = table.Name.WithName("orders__drover_new");
        SwapStage swap = new(stage, table, RebindPlan.For(table, newTable, table.Name.WithName("orders__drover_old")));
        // As Drover works: no name is looked up by a search_path.
        await stage.RunAsync("SET search_path = ''");
        await swap.InTransactionAsync(swap.Plan.Stage);
        foreach (AutocommitStatement statement in swap.Plan.Build)
        {
            await stage.RunAsync(statement.Sql);
        }
        Assert.Equal("t", await stage.AskAsync(swap.Plan.StagedWhen));
        return swap;
    }

    public Task<string> AskAsync(string sql) => _stage.AskAsync(sql);

    public Task RunAsync(string sql) => _stage.RunAsync(sql);

    public NpgsqlConnection Connection => _stage.Connection;

    public Task<string> ListEverythingAsync() => _stage.AskAsync(Everything);

    public Task SwapAsync() =>
        InTransactionAsync([
            .. Plan.Lock,
            "LOCK TABLE public.orders, public.orders__drover_new",
            "ALTER TABLE public.orders RENAME TO orders__drover_old",
            "ALTER TABLE public.orders__drover_new RENAME TO orders",
            .. Plan.Forward,
        ]);

    public Task SwapBackAsync() =>
        InTransactionAsync([
            .. Plan.Lock,
            "LOCK TABLE public.orders, public.orders__drover_old",
            "ALTER TABLE public.orders RENAME TO orders__drover_new",
            "ALTER TABLE public.orders__drover_old RENAME TO orders",
            .. Plan.Backward,
        ]);

    /// <summary>The old table goes, without CASCADE: nothing may need it any more.</summary>
    public Task FinishAsync() => InTransactionAsync([.. Plan.Finish, "DROP TABLE public.orders__drover_old"]);

    /// <summary>The new table goes, without CASCADE.</summary>
    public Task AbandonAsync() => InTransactionAsync([.. Plan.Abandon, "DROP TABLE public.orders__drover_new"]);

    public ValueTask DisposeAsync() => _stage.DisposeAsync();

    private async Task InTransactionAsync(IEnumerable<string> statements)
    {
        await using NpgsqlTransaction transaction = await _stage.Connection.BeginTransactionAsync(Token);
        await _stage.RunAsync(statements);
        await transaction.CommitAsync(Token);
    }
}
