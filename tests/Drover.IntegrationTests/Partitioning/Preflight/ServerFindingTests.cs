// TRAPS 32, 36 and what is missing: the server's state and the role's rights are looked at.
using Drover.App.LocalPostgres;
using Drover.IntegrationTests.LocalPostgres;
using Drover.Operations.Plans;
using Drover.Partitioning.Bounds;
using Drover.Partitioning.Preflight;
using Npgsql;

namespace Drover.IntegrationTests.Partitioning.Preflight;

public sealed class ServerFindingTests(PostgresFixture postgres)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Old_transactions_prepared_ones_and_slots_are_named(int major)
    {
        LocalPostgresOptions options = new()
        {
            Major = major,
            Settings = new Dictionary<string, string>
            {
                ["wal_level"] = "logical",
                ["max_prepared_transactions"] = "5",
            },
        };
        await using LocalPostgresCluster cluster = await LocalPostgresCluster.StartNewAsync(options, Token);
        await using NpgsqlConnection operatorConnection = await ConnectAsync(cluster);
        await RunAsync(operatorConnection, PreflightStage.Clean);
        await using NpgsqlConnection idle = await ConnectAsync(cluster);
        await RunAsync(idle, "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1");
        await using NpgsqlConnection preparing = await ConnectAsync(cluster);
        await RunAsync(preparing, "BEGIN; UPDATE orders SET note = 'p' WHERE id = 1; PREPARE TRANSACTION 'undecided'");
        await RunAsync(operatorConnection, "SELECT pg_create_physical_replication_slot('left_behind', true)");
        PreflightRequest request = PreflightStage.Request() with { OldTransactionAge = TimeSpan.Zero };

        IReadOnlyList<Finding> findings = await CheckAsync(operatorConnection, request);

        Assert.Contains(
            findings,
            finding =>
                finding.Code == "old-transaction" && finding.Subject.Contains("idle in", StringComparison.Ordinal)
        );
        Assert.StartsWith("undecided", findings.Single(finding => finding.Code == "prepared-transaction").Subject);
        Finding slot = findings.Single(finding => finding.Code == "inactive-slot");
        Assert.Equal((FindingSeverity.Consent, "left_behind (physical)"), (slot.Severity, slot.Subject));

        // And not found when they are gone.
        await RunAsync(idle, "ROLLBACK");
        await RunAsync(operatorConnection, "ROLLBACK PREPARED 'undecided'");
        await RunAsync(operatorConnection, "SELECT pg_drop_replication_slot('left_behind')");
        findings = await CheckAsync(operatorConnection, request);
        Assert.DoesNotContain(
            findings,
            finding => finding.Code is "old-transaction" or "prepared-transaction" or "inactive-slot"
        );
    }

    [Fact]
    public async Task Statements_are_read_from_pg_stat_statements_where_it_is()
    {
        LocalPostgresOptions options = new()
        {
            Settings = new Dictionary<string, string> { ["shared_preload_libraries"] = "pg_stat_statements" },
        };
        await using LocalPostgresCluster cluster = await LocalPostgresCluster.StartNewAsync(options, Token);
        await using NpgsqlConnection connection = await ConnectAsync(cluster);
        await RunAsync(connection, PreflightStage.Clean);
        await RunAsync(connection, "ALTER TABLE orders DROP CONSTRAINT orders_pkey, ADD PRIMARY KEY (id)");
        await RunAsync(connection, "CREATE SCHEMA ext; CREATE EXTENSION pg_stat_statements SCHEMA ext");
        await RunAsync(connection, "INSERT INTO orders (id, created_at) VALUES (1, now()) ON CONFLICT (id) DO NOTHING");

        IReadOnlyList<Finding> findings = await CheckAsync(connection, PreflightStage.Request());

        Finding finding = findings.Single(finding => finding.Code == "conflict-target");
        Assert.Equal(Consent.LoseConflictTargets, finding.ConsentFlag);
        Assert.DoesNotContain(findings, finding => finding.Code == "statements-unknown");
    }

    [Fact]
    public async Task Server_with_too_few_locks_for_so_many_partitions_is_refused()
    {
        LocalPostgresOptions options = new()
        {
            MaxConnections = 10,
            Settings = new Dictionary<string, string> { ["max_locks_per_transaction"] = "10" },
        };
        await using LocalPostgresCluster cluster = await LocalPostgresCluster.StartNewAsync(options, Token);
        await using NpgsqlConnection connection = await ConnectAsync(cluster);
        await RunAsync(connection, PreflightStage.Clean);
        Assert.True(PartitionInterval.TryParse("day", out PartitionInterval day, out _));

        IReadOnlyList<Finding> byMonth = await CheckAsync(connection, PreflightStage.Request());
        IReadOnlyList<Finding> byDay = await CheckAsync(connection, PreflightStage.Request(interval: day));

        Assert.DoesNotContain(byMonth, finding => finding.Code == "lock-table-too-small");
        Assert.Contains(
            byDay,
            finding => finding is { Code: "lock-table-too-small", Severity: FindingSeverity.Refuse }
        );
        Assert.Contains(byDay, finding => finding.Code == "locks-per-query");
    }

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Missing_rights_are_named_with_their_grant_and_enough_when_granted(int major)
    {
        await using TableStage stage = await PreflightStage.StartAsync(
            postgres,
            major,
            """
            CREATE TABLE customers (id bigint PRIMARY KEY); ALTER TABLE orders ADD customer bigint REFERENCES customers;
            CREATE VIEW v AS SELECT note FROM orders; ALTER TABLE orders FORCE ROW LEVEL SECURITY;
            REVOKE CREATE ON SCHEMA public FROM app
            """
        );
        await using NpgsqlConnection app = await stage.ConnectAsync("app");

        IReadOnlyList<Finding> nothing = await stage.CheckAsync(connection: app, request: Uncounted());
        await stage.RunAsync(
            $"""
            ALTER TABLE orders OWNER TO app; ALTER VIEW v OWNER TO app; GRANT REFERENCES ON customers TO app;
            GRANT CREATE ON SCHEMA public TO app; ALTER TABLE orders NO FORCE ROW LEVEL SECURITY;
            GRANT CREATE ON DATABASE {await stage.AskAsync("SELECT current_database()")} TO app;
            """
        );
        IReadOnlyList<Finding> everything = await stage.CheckAsync(connection: app);

        Dictionary<string, string> missing = nothing
            .Where(finding => finding.Severity == FindingSeverity.Refuse)
            .ToDictionary(finding => finding.Code, finding => finding.Remedy);
        Assert.Equal("GRANT postgres TO app", missing["not-owner"]);
        Assert.StartsWith("GRANT CREATE ON DATABASE test_", missing["no-journal"]);
        Assert.Equal("GRANT REFERENCES ON public.customers TO app", missing["no-references"]);
        Assert.Equal("ALTER ROLE app BYPASSRLS", missing["forced-row-security"]);
        Assert.DoesNotContain(everything, finding => finding.Severity == FindingSeverity.Refuse);
        Assert.Contains(everything, finding => finding.Code == "statistics-hidden");
    }

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Owner_without_create_in_the_schema_or_execute_on_a_triggers_function_is_told_both(int major)
    {
        await using TableStage stage = await PreflightStage.StartAsync(
            postgres,
            major,
            """
            CREATE SCHEMA closed; ALTER TABLE orders SET SCHEMA closed; GRANT USAGE ON SCHEMA closed TO app;
            CREATE TRIGGER t AFTER INSERT ON closed.orders EXECUTE FUNCTION touch();
            REVOKE EXECUTE ON FUNCTION touch() FROM PUBLIC; ALTER TABLE closed.orders OWNER TO app
            """
        );
        await using NpgsqlConnection app = await stage.ConnectAsync("app");

        IReadOnlyList<Finding> before = await stage.CheckAsync(connection: app, name: "closed.orders");
        await stage.RunAsync("GRANT CREATE ON SCHEMA closed TO app; GRANT EXECUTE ON FUNCTION touch() TO app");
        IReadOnlyList<Finding> after = await stage.CheckAsync(connection: app, name: "closed.orders");

        Assert.Equal(
            "GRANT CREATE ON SCHEMA closed TO app",
            before.Single(finding => finding.Code == "no-create-in-schema").Remedy
        );
        Assert.Equal(
            "GRANT EXECUTE ON FUNCTION public.touch() TO app",
            before.Single(finding => finding.Code == "no-execute").Remedy
        );
        Assert.DoesNotContain(after, finding => finding.Code is "no-create-in-schema" or "no-execute");
    }

    // The role may not read the table, so there is nothing to count.
    private static PreflightRequest Uncounted() => PreflightStage.Request() with { Scheme = null };

    private static async Task<NpgsqlConnection> ConnectAsync(LocalPostgresCluster cluster)
    {
        NpgsqlConnection connection = new(cluster.ConnectionString + ";Pooling=false");
        await connection.OpenAsync(Token);
        return connection;
    }

    private static async Task RunAsync(NpgsqlConnection connection, string sql)
    {
        await using NpgsqlCommand command = new(sql, connection);
        await command.ExecuteNonQueryAsync(Token);
    }

    private static async Task<IReadOnlyList<Finding>> CheckAsync(NpgsqlConnection connection, PreflightRequest request)
    {
        uint oid = (await Drover.Partitioning.Catalog.TableCatalog.FindAsync(connection, "orders", Token))!.Value;
        PreflightReport report = await PartitioningPreflight.CheckAsync(
            connection,
            (await Drover.Partitioning.Catalog.TableCatalog.ReadAsync(connection, oid, Token))!,
            request,
            Token
        );
        return report.Findings;
    }
}
