// Every fault that drover inspect knows, planted; and a database without any, of which it has nothing to say.
using Drover.Advice;
using Drover.App.LocalPostgres;
using Drover.IntegrationTests.LocalPostgres;

namespace Drover.IntegrationTests.Advice;

public sealed class PathologyTests(PathologyStage stage)
{
    private static readonly (string Code, string Subject, string Evidence)[] s_faults =
    [
        ("abandoned-slot", "forgotten", "nobody reads"),
        ("archiving-fails", "archive_command", "has not worked"),
        ("autovacuum-disabled", "shop.unvacuumed", "autovacuum is off"),
        ("bloated-index", "shop.bloated_pkey", "are empty by estimate"),
        ("bloated-table", "shop.bloated", "are empty by estimate"),
        ("cache-misses", "shared_buffers", "were found in shared_buffers"),
        ("cache-statement", "shop.scanned", "for about 1 different answer(s), while 0 rows"),
        ("covered-index", "shop.orders_at", "begins with the same columns"),
        ("dangerous-setting", "autovacuum", "autovacuum = off"),
        ("dangerous-setting", "fsync", "fsync = off"),
        ("dangerous-setting", "full_page_writes", "full_page_writes = off"),
        ("dead-rows", "shop.churned", "105,000 dead rows"),
        ("deadlocks", "log_lock_waits", "1 deadlocks"),
        ("duplicate-index", "shop.orders_note_too", "is the same index"),
        ("frequent-checkpoints", "max_wal_size", "max_wal_size = 32MB"),
        ("idle-in-transaction", "idle_in_transaction_session_timeout", "do nothing"),
        ("invalid-index", "shop.broken", "failed CREATE INDEX"),
        ("key-exhaustion", "shop.old_keys.id", "2,100,000,000"),
        ("lock-pile-up", "pid ", "2 session(s) wait for pid"),
        ("long-transaction", "pid ", "(active) has been in one transaction"),
        ("many-rollbacks", "pg_stat_database", "were rolled back"),
        ("materialized-view", "shop.orders_customers_", "SELECT o.shop_id, max(o.at)"),
        ("missing-index", "shop.orders (customer_id", "would use it"),
        ("no-primary-key", "shop.keyless", "has no primary key"),
        ("not-valid-constraint", "shop.unchecked", "long_enough"),
        ("partition-table", "shop.orders", "order of insertion"),
        ("pool-connections", "max_connections", "connections are open"),
        ("prepared-transaction", "forgotten too", "nobody has finished it"),
        ("repeated-statement", "queryid ", "SELECT name FROM shop.customers WHERE id = $1"),
        ("sequence-exhaustion", "shop.lines.id", "of type integer"),
        ("sequence-exhaustion", "shop.tickets.id", "990,000 of 1,000,000"),
        ("sequential-scans", "shop.scanned", "was read whole"),
        ("skewed-tenant", "shop.orders.shop_id", "of the rows of shop.orders"),
        ("stale-statistics", "shop.stale", "30,000 rows"),
        ("unfit-setting", "effective_cache_size", "8 MB is less than"),
        ("unfit-setting", "random_page_cost", "as for disks that turn"),
        ("unfit-setting", "shared_buffers", "16 MB"),
        ("unfit-setting", "track_io_timing", "off"),
        ("unfit-setting", "work_mem", "2 GB"),
        ("unindexed-foreign-key", "shop.lines.lines_order_id_fkey", "begins with (order_id)"),
        ("unlogged-table", "shop.unlogged", "empty after a crash"),
        ("unused-index", "shop.never", "no scan"),
        ("work-mem-spills", "work_mem", "temporary files"),
        ("wraparound", "shop.customers", "last frozen"),
    ];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<int, string, string> Faults()
    {
        TheoryData<int, string, string> all = [];
        foreach (int major in (int[])[15, 18])
        {
            foreach ((string code, string subject, _) in s_faults)
            {
                all.Add(major, code, subject);
            }
        }
        return all;
    }

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task Planted_fault_is_found_with_evidence_gain_price_risk_and_command(
        int major,
        string code,
        string subject
    )
    {
        Inspection inspection = await stage.SickAsync(major);
        Recommendation[] all =
        [
            .. inspection.Recommendations.Where(one =>
                one.Code == code && one.Subject.StartsWith(subject, StringComparison.Ordinal)
            ),
        ];
        Assert.True(
            all.Length > 0,
            string.Join(
                '\n',
                inspection.Recommendations.Select(static one => $"{one.Code} {one.Subject} {one.Evidence}")
            )
        );
        Recommendation found = all[0];
        string evidence = s_faults.Single(one => one.Code == code && one.Subject == subject).Evidence;
        Assert.Contains(evidence, found.Evidence, StringComparison.Ordinal);
        Assert.All(
            [found.Expected, found.Price, found.Risk, found.Do],
            static text => Assert.False(string.IsNullOrWhiteSpace(text))
        );
    }

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Blocking_tree_names_who_waits_for_whom(int major)
    {
        Inspection inspection = await stage.SickAsync(major);
        Recommendation tree = inspection.Recommendations.Single(static one => one.Code == "lock-pile-up");
        Assert.Matches(@"pid \d+ \(idle in transaction\), > pid \d+ \(active\), > > pid \d+ \(active\)", tree.Evidence);
    }

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Healthy_database_yields_nothing(int major)
    {
        await using LocalPostgresCluster cluster = await LocalPostgresCluster.StartNewAsync(
            new LocalPostgresOptions
            {
                Major = major,
                Fsync = true,
                Settings = new Dictionary<string, string>
                {
                    ["shared_preload_libraries"] = "pg_stat_statements",
                    ["track_io_timing"] = "on",
                    ["random_page_cost"] = "1.1",
                    ["full_page_writes"] = "on",
                    ["synchronous_commit"] = "off",
                },
            },
            Token
        );
        await cluster.ExecuteAsync("CREATE DATABASE sound", Token);
        await cluster.ExecuteAsync(
            """
            CREATE EXTENSION pg_stat_statements;
            CREATE TABLE customers (id bigint PRIMARY KEY, name text);
            INSERT INTO customers SELECT n, 'c' || n || repeat('x', 50) FROM generate_series(1, 30000) n;
            CREATE TABLE orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                customer_id bigint NOT NULL REFERENCES customers, at timestamptz NOT NULL, note text);
            INSERT INTO orders (customer_id, at, note)
                SELECT 1 + n * 7919 % 30000, now() - n * interval '1 minute', 'n' || n
                FROM generate_series(1, 100000) n;
            CREATE INDEX ON orders (customer_id, at)
            """,
            Token,
            "sound"
        );
        await cluster.ExecuteAsync("VACUUM ANALYZE", Token, "sound");
        for (int i = 0; i < 300; i++)
        {
            await cluster.ExecuteAsync(
                $"""
                SELECT * FROM orders WHERE customer_id = {i} ORDER BY at DESC LIMIT 10;
                SELECT o.note, c.name FROM orders o JOIN customers c ON c.id = o.customer_id WHERE o.id = {i};
                UPDATE customers SET name = 'n' WHERE id = {i}
                """,
                Token,
                "sound"
            );
        }
        Inspection inspection = await PathologyStage.InspectAsync(cluster, "sound", new AdviceLimits());
        Assert.Empty(inspection.Recommendations.Select(static one => $"{one.Code} {one.Subject}: {one.Evidence}"));
    }
}
