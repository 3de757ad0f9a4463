// What only a server of one's own can be brought to: standbys, little WAL, vacuum against wraparound.
using Drover.App.LocalPostgres;
using Drover.IntegrationTests.LocalPostgres;
using Drover.Operations.Plans;
using Drover.Partitioning.Catalog;
using Drover.Partitioning.Preflight;
using Npgsql;
using Npgsql.Replication;
using NpgsqlTypes;

namespace Drover.IntegrationTests.Partitioning.Preflight;

public sealed class ServerStateTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(2);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Table_larger_than_the_wal_and_a_wal_that_restores_nothing_are_named(int major)
    {
        await using LocalPostgresCluster cluster = await StartAsync(
            major,
            new()
            {
                ["wal_level"] = "minimal",
                ["max_wal_senders"] = "0",
                ["max_wal_size"] = "32MB",
            }
        );
        IReadOnlyList<Finding> small = await CheckAsync(cluster);
        await cluster.ExecuteAsync(
            "ALTER TABLE orders ALTER note SET STORAGE EXTERNAL; " + "UPDATE orders SET note = repeat('x', 500000)",
            Token
        );

        IReadOnlyList<Finding> large = await CheckAsync(cluster);

        Assert.DoesNotContain(small, finding => finding.Code == "max-wal-size");
        Assert.Equal("32 MB", large.Single(finding => finding.Code == "max-wal-size").Subject);
        Assert.Equal("minimal", large.Single(finding => finding.Code == "wal-level").Subject);
    }

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Standby_is_refused(int major)
    {
        await using LocalPostgresCluster cluster = await StartAsync(major, []);
        await cluster.StopAsync(immediate: false, Token);
        await File.WriteAllTextAsync(Path.Combine(cluster.DataFolder, "standby.signal"), "", Token);
        await cluster.StartAsync(Token);

        IReadOnlyList<Finding> findings = await CheckAsync(cluster);

        Assert.Contains(findings, finding => finding is { Code: "standby", Severity: FindingSeverity.Refuse });
    }

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Vacuum_against_wraparound_is_named_when_it_is_near_and_while_it_runs(int major)
    {
        await using LocalPostgresCluster cluster = await StartAsync(
            major,
            new()
            {
                ["autovacuum_freeze_max_age"] = "100000",
                ["autovacuum_naptime"] = "1s",
                ["autovacuum_vacuum_cost_delay"] = "0",
            }
        );
        // Here a vacuum of five pages takes minutes; the catalogs before it must not.
        await cluster.ExecuteAsync(
            "ALTER TABLE orders SET (autovacuum_vacuum_cost_delay = 100, autovacuum_vacuum_cost_limit = 1)",
            Token
        );
        IReadOnlyList<Finding> young = await CheckAsync(cluster);
        await cluster.ExecuteAsync(
            "INSERT INTO orders SELECT i, now(), repeat('y', 400), 1 FROM generate_series(1000, 9000) AS i; "
                + Aged(95_000),
            Token
        );

        Assert.Contains(await CheckAsync(cluster), finding => finding.Code == "wraparound-vacuum-near");
        await cluster.ExecuteAsync(Aged(150_000), Token);
        IReadOnlyList<Finding> running = await CheckUntilAsync(cluster, "wraparound-vacuum-running");

        Assert.StartsWith("process ", running.Single(finding => finding.Code == "wraparound-vacuum-running").Subject);
        Assert.DoesNotContain(young, finding => finding.Code.StartsWith("wraparound", StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Standby_that_follows_and_its_slot_are_named_and_need_no_consent(int major)
    {
        await using LocalPostgresCluster cluster = await StartAsync(major, []);
        NpgsqlConnectionStringBuilder builder = new(cluster.ConnectionString) { ApplicationName = "follower" };
        await using PhysicalReplicationConnection standby = new(builder.ConnectionString);
        await standby.Open(Token);
        PhysicalReplicationSlot slot = await standby.CreateReplicationSlot("its_slot", false, true, Token);
        string? begin = await cluster.QueryAsync("SELECT restart_lsn FROM pg_replication_slots", Token);
        using CancellationTokenSource enough = CancellationTokenSource.CreateLinkedTokenSource(Token);
        Task following = FollowAsync(standby, slot, NpgsqlLogSequenceNumber.Parse(begin!), enough.Token);

        IReadOnlyList<Finding> findings = await CheckUntilAsync(cluster, "slot");
        await enough.CancelAsync();
        await following;

        Finding follows = findings.Single(finding => finding.Code == "standby-follows");
        Finding read = findings.Single(finding => finding.Code == "slot");
        Assert.StartsWith("follower (", follows.Subject);
        Assert.Equal("its_slot (physical)", read.Subject);
        Assert.Equal((FindingSeverity.Info, FindingSeverity.Info), (follows.Severity, read.Severity));
    }

    private static async Task FollowAsync(
        PhysicalReplicationConnection standby,
        PhysicalReplicationSlot slot,
        NpgsqlLogSequenceNumber begin,
        CancellationToken cancellationToken
    )
    {
        try
        {
            await foreach (var message in standby.StartReplication(slot, begin, cancellationToken))
            {
                standby.SetReplicationStatus(message.WalEnd);
            }
        }
        catch (OperationCanceledException)
        {
            // Enough.
        }
    }

    // XIDs are a circle: so many before the present one.
    private static string Aged(int xids) =>
        $"UPDATE pg_class SET relfrozenxid = ((txid_current() + 4294967296 - {xids}) % 4294967296)::text::xid "
        + "WHERE oid = 'orders'::regclass";

    private static async Task<LocalPostgresCluster> StartAsync(int major, Dictionary<string, string> settings)
    {
        LocalPostgresOptions options = new() { Major = major, Settings = settings };
        LocalPostgresCluster cluster = await LocalPostgresCluster.StartNewAsync(options, Token);
        await cluster.ExecuteAsync(PreflightStage.Clean, Token);
        return cluster;
    }

    private static async Task<IReadOnlyList<Finding>> CheckUntilAsync(LocalPostgresCluster cluster, string code)
    {
        long started = TimeProvider.System.GetTimestamp();
        while (true)
        {
            IReadOnlyList<Finding> findings = await CheckAsync(cluster);
            if (findings.Any(finding => finding.Code == code))
            {
                return findings;
            }
            Assert.True(TimeProvider.System.GetElapsedTime(started) < s_patience, $"{code} was not found");
            await Task.Delay(100, Token);
        }
    }

    private static async Task<IReadOnlyList<Finding>> CheckAsync(LocalPostgresCluster cluster)
    {
        await using NpgsqlConnection connection = new(cluster.ConnectionString + ";Pooling=false");
        await connection.OpenAsync(Token);
        uint oid = (await TableCatalog.FindAsync(connection, "orders", Token))!.Value;
        TableDescription table = (await TableCatalog.ReadAsync(connection, oid, Token))!;
        PreflightReport report = await PartitioningPreflight.CheckAsync(
            connection,
            table,
            PreflightStage.Request(),
            Token
        );
        return report.Findings;
    }
}
