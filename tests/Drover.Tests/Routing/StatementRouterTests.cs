// The router: known statements cost nothing, and a new map or new catalogs make all statements new.
using System.Text;
using Drover.Routing;
using Drover.Routing.Keys;
using Drover.Routing.Transactions;
using Drover.Sql.Parsing;
using Drover.Sql.Statements;
using Drover.Topology.Keys;
using Microsoft.Extensions.Time.Testing;

namespace Drover.Tests.Routing;

public sealed class StatementRouterTests : IDisposable
{
    private const string Path = "public";

    private readonly RoutingStage _stage = new();

    public StatementRouterTests() => Assert.SkipUnless(PgQueryLibrary.Instance is not null, PgQueryLibrary.Remedy);

    public void Dispose() => _stage.Dispose();

    [Fact]
    public async Task Statement_is_known_once_it_was_learnt_and_each_text_has_its_own_route()
    {
        StatementRouter router = _stage.Router;
        Assert.False(router.TryRoute(Sql("SELECT * FROM orders WHERE customer_id = 1"), Path, default, out _, out _));
        await router.LearnAsync(Sql("SELECT * FROM orders WHERE customer_id = 1"), Path);
        for (int key = 1; key < 50; key++)
        {
            byte[] sql = Sql($"SELECT * FROM orders WHERE customer_id = {key}");
            for (int time = 0; time < 3; time++)
            {
                Assert.True(router.TryRoute(sql, Path, default, out _, out Route route));
                Assert.Equal(Route.One(_stage.ShardOf(KeyType.Bigint, $"{key}")), route);
            }
        }
    }

    [Fact]
    public async Task New_map_and_new_catalogs_are_gone_by_at_once()
    {
        byte[] sql = Sql("SELECT * FROM orders WHERE customer_id = 1");
        LearntStatement before = await _stage.Router.LearnAsync(sql, Path);
        _stage.Router.Publish(RoutingStage.MapOf(1));
        Assert.False(_stage.Router.TryRoute(sql, Path, default, out _, out _));
        await _stage.Router.LearnAsync(sql, Path);
        Assert.True(_stage.Router.TryRoute(sql, Path, default, out _, out Route route));
        Assert.Equal(Route.Home(1), route);
        Assert.Equal(4, before.Plan.Map.Shards.Length);
        _stage.Router.Publish(new ShopFacts());
        Assert.False(_stage.Router.TryRoute(sql, Path, default, out _, out _));
    }

    [Fact]
    public async Task Hit_allocates_nothing()
    {
        string[] texts =
        [
            "SELECT * FROM orders WHERE customer_id = {0}",
            "SELECT * FROM notes WHERE tenant = 'it''s {0}'",
            "INSERT INTO orders (id, customer_id) VALUES ({0}, 42), ({0}, 42)",
            "SELECT * FROM orders WHERE status = '{0}'",
        ];
        byte[][] statements =
        [
            .. texts.SelectMany(text => Enumerable.Range(1, 200).Select(i => Sql(string.Format(null, text, i)))),
        ];
        byte[] bound = Sql("SELECT * FROM orders o JOIN items i USING (customer_id) WHERE customer_id = $1");
        BindText bind = new("20b8:42");
        foreach (byte[] sql in (IEnumerable<byte[]>)[.. statements, bound])
        {
            await _stage.Router.LearnAsync(sql, Path);
        }
        RouteAll(statements, bound, bind);
        long before = GC.GetAllocatedBytesForCurrentThread();
        int found = RouteAll(statements, bound, bind);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(statements.Length + 1, found);
    }

    [Fact]
    public async Task Unknown_name_waits_for_one_look_at_the_catalogs()
    {
        FakeTimeProvider time = new();
        using ParserThreads threads = new(1);
        ShardedDatabaseState state = new(new PostgresParser(PgQueryLibrary.Instance, threads), time);
        state.Publish(RoutingStage.ShopMap);
        state.Publish(NoCatalogFacts.Instance);
        byte[] sql = Sql("SELECT * FROM settings");
        state.Refresh.Begin().SetResult();
        Task<LearntStatement> learning = state.Router.LearnAsync(sql, Path).AsTask();
        await state.Refresh.WaitAsync(TimeSpan.Zero, TimeSpan.FromDays(1), TestContext.Current.CancellationToken);
        Assert.False(learning.IsCompleted);
        TaskCompletionSource look = state.Refresh.Begin();
        state.Publish(new ShopFacts());
        look.SetResult();
        Assert.Equal(RouteKind.Home, (await learning).Resolve(sql, default).Kind);

        // Nobody looks: it is refused, and not for ever waited for.
        state.Publish(NoCatalogFacts.Instance);
        learning = state.Router.LearnAsync(sql, Path).AsTask();
        await state.Refresh.WaitAsync(TimeSpan.Zero, TimeSpan.FromDays(1), TestContext.Current.CancellationToken);
        time.Advance(ShardedDatabaseState.FactsWaitMax);
        Assert.Equal(RouteKind.Refused, (await learning).Resolve(sql, default).Kind);
    }

    [Fact]
    public async Task Backslash_is_not_guessed_at_where_it_may_escape()
    {
        byte[] sql = Sql("SELECT * FROM notes WHERE tenant = 'a\\n'");
        Route conforming = (await _stage.Router.LearnAsync(sql, Path)).Resolve(sql, default);
        Assert.Equal(Route.One(_stage.ShardOf(KeyType.Text, "a\\n")), conforming);
        LearntStatement loose = await _stage.Router.LearnAsync(sql, Path, conformingStrings: false);
        Assert.Equal(RouteKind.Refused, loose.Resolve(sql, default).Kind);
        byte[] plain = Sql("SELECT * FROM notes WHERE tenant = 'abc'");
        loose = await _stage.Router.LearnAsync(plain, Path, conformingStrings: false);
        Assert.Equal(Route.One(_stage.ShardOf(KeyType.Text, "abc")), loose.Resolve(plain, default));
    }

    [Theory]
    [InlineData("BEGIN", TransactionControl.Begin, false, false)]
    [InlineData("START TRANSACTION READ ONLY", TransactionControl.Begin, false, false)]
    [InlineData("END", TransactionControl.Commit, false, false)]
    [InlineData("ABORT", TransactionControl.Rollback, false, false)]
    [InlineData("SAVEPOINT a", TransactionControl.Savepoint, false, true)]
    [InlineData("ROLLBACK TO a", TransactionControl.RollbackTo, false, true)]
    [InlineData("RELEASE a", TransactionControl.Release, false, true)]
    [InlineData("PREPARE TRANSACTION 'a'", TransactionControl.Prepare, false, false)]
    [InlineData("COMMIT PREPARED 'a'", TransactionControl.CommitPrepared, false, false)]
    [InlineData("ROLLBACK PREPARED 'a'", TransactionControl.RollbackPrepared, false, false)]
    [InlineData("SET LOCAL work_mem = 5", TransactionControl.None, false, true)]
    [InlineData("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE", TransactionControl.None, false, true)]
    [InlineData("SET CONSTRAINTS ALL DEFERRED", TransactionControl.None, false, true)]
    [InlineData("SHOW work_mem", TransactionControl.None, false, true)]
    [InlineData("SELECT 1", TransactionControl.None, false, false)]
    [InlineData("SELECT * FROM orders FOR UPDATE", TransactionControl.None, true, false)]
    [InlineData("SELECT nextval('s')", TransactionControl.None, true, false)]
    [InlineData("WITH d AS (DELETE FROM orders RETURNING 1) SELECT 1", TransactionControl.None, true, false)]
    [InlineData("BEGIN; COMMIT", TransactionControl.None, false, false)]
    public async Task Plan_says_what_a_transaction_needs_to_know(
        string sql,
        object control,
        bool writes,
        bool isPrelude
    )
    {
        StatementPlan plan = (await _stage.Router.LearnAsync(Sql(sql), Path)).Plan;
        Assert.Equal((control, writes, isPrelude), (plan.Control, plan.Writes, plan.IsPrelude));
    }

    private int RouteAll(byte[][] statements, byte[] bound, BindText bind)
    {
        int found = 0;
        for (int time = 0; time < 3; time++)
        {
            found = 0;
            foreach (byte[] sql in statements)
            {
                found += _stage.Router.TryRoute(sql, Path, default, out _, out _) ? 1 : 0;
            }
            BoundValues values = new(bind.Remainder, bind.Types);
            found += _stage.Router.TryRoute(bound, Path, values, out _, out Route route) && route.Shard > 0 ? 1 : 0;
        }
        return found;
    }

    private static byte[] Sql(string text) => Encoding.UTF8.GetBytes(text);
}
