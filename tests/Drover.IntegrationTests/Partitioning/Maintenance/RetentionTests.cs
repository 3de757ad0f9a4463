// Partitions past their retention: detached, dropped, archived and brought back; and what keeps them where they are.
using Drover.IntegrationTests.LocalPostgres;
using Npgsql;
using static Drover.IntegrationTests.Partitioning.Maintenance.MaintenanceStage;

namespace Drover.IntegrationTests.Partitioning.Maintenance;

public sealed class RetentionTests(PostgresFixture fixture)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Old_partitions_are_detached_and_stay_as_tables(int major)
    {
        MaintenanceStage stage = await OldAsync(major, "detach");
        await stage.DoAsync("maintain", "orders");

        Assert.Equal($"{Name(-1)} {Name(0)} {Name(1)}", await stage.PartitionsAsync());
        Assert.Equal("3", await stage.QueryAsync($"SELECT count(*) FROM {Name(-4)}"));
        Assert.Contains("nothing to do", await stage.DoAsync("maintain", "orders"), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Beside_a_default_partition_old_partitions_are_dropped_too(int major)
    {
        MaintenanceStage stage = await OldAsync(major, "drop");
        await stage.ExecuteAsync("CREATE TABLE orders_default PARTITION OF orders DEFAULT");
        await stage.DoAsync("maintain", "orders");

        Assert.Equal($"orders_default {Name(-1)} {Name(0)} {Name(1)}", await stage.PartitionsAsync());
        Assert.Equal("", await stage.QueryAsync($"SELECT coalesce(to_regclass('{Name(-4)}')::text, '')"));
    }

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task An_archive_is_verified_dropped_and_attached_again_with_the_same_rows(int major)
    {
        using TemporaryFolder folder = new();
        MaintenanceStage stage = await OldAsync(major, "archive", "--archive-folder", folder.Path);
        await stage.ExecuteAsync(
            $"INSERT INTO orders (created_at, status) VALUES ('{Day(-4)}', E'tab\\t line\\n back\\\\ quote'' \\u00e4')"
        );
        const string Sum = "SELECT count(*) || ' ' || sum(hashtextextended(o::text, 0)) FROM orders o";
        string? before = await stage.QueryAsync(Sum);
        await stage.DoAsync("maintain", "orders");
        Assert.Equal($"{Name(-1)} {Name(0)} {Name(1)}", await stage.PartitionsAsync());
        Assert.Equal("", await stage.QueryAsync($"SELECT coalesce(to_regclass('{Name(-4)}')::text, '')"));

        string[] manifests = Directory.GetFiles(folder.Path, "*.manifest.json");
        Assert.Equal(2, manifests.Length);
        Assert.Equal(4, Directory.GetFiles(folder.Path).Length);
        foreach (string manifest in manifests)
        {
            await stage.DoAsync("attach-archive", manifest);
        }
        Assert.Equal(before, await stage.QueryAsync(Sum));

        // Restored on somebody's word: retention leaves them alone.
        Assert.Contains("nothing to do", await stage.DoAsync("maintain", "orders"), StringComparison.Ordinal);
        VerbResult again = await stage.RunAsync("attach-archive", manifests[0]);
        Assert.Equal(3, again.ExitCode);
        Assert.Contains("holds the place", again.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_damaged_archive_is_not_attached(bool isCut)
    {
        using TemporaryFolder folder = new();
        MaintenanceStage stage = await OldAsync(18, "archive", "--archive-folder", folder.Path);
        await stage.DoAsync("maintain", "orders");
        string data = Directory.GetFiles(folder.Path, $"*{Name(-4)}*.copy.gz").Single();
        byte[] bytes = await File.ReadAllBytesAsync(data, Token);
        if (isCut)
        {
            bytes = bytes[..(bytes.Length / 2)];
        }
        else
        {
            bytes[bytes.Length / 2] ^= 0x55;
        }
        await File.WriteAllBytesAsync(data, bytes, Token);

        VerbResult result = await stage.RunAsync("attach-archive", data);
        Assert.Equal(1, result.ExitCode);
        Assert.Equal($"{Name(-1)} {Name(0)} {Name(1)}", await stage.PartitionsAsync());
        Assert.Equal("", await stage.QueryAsync($"SELECT coalesce(to_regclass('{Name(-4)}')::text, '')"));
    }

    [Fact]
    public async Task A_folder_that_cannot_be_written_keeps_the_table_and_the_next_run_goes_on()
    {
        using TemporaryFolder folder = new();
        string blocked = Path.Combine(folder.Path, "file");
        await File.WriteAllTextAsync(blocked, "", Token);
        MaintenanceStage stage = await OldAsync(18, "archive", "--archive-folder", blocked);
        VerbResult failed = await stage.RunAsync("maintain", "orders");
        Assert.Equal(1, failed.ExitCode);
        Assert.Equal("3", await stage.QueryAsync($"SELECT count(*) FROM {Name(-4)}"));

        await stage.DoAsync("policy", "set", "orders", "--archive-folder", Path.Combine(folder.Path, "other"));
        await stage.DoAsync("maintain", "orders");
        Assert.Equal("", await stage.QueryAsync($"SELECT coalesce(to_regclass('{Name(-4)}')::text, '')"));
        Assert.Equal(2, Directory.GetFiles(Path.Combine(folder.Path, "other"), "*.manifest.json").Length);
    }

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task An_interrupted_concurrent_detach_is_finished(int major)
    {
        MaintenanceStage stage = await OldAsync(major, "detach");
        await using NpgsqlConnection reader = await stage.OpenAsync();
        await using (NpgsqlTransaction old = await reader.BeginTransactionAsync(Token))
        {
            await using NpgsqlCommand read = new("SELECT count(*) FROM orders", reader);
            await read.ExecuteScalarAsync(Token);
            await using NpgsqlConnection dying = await stage.OpenAsync();
            await using NpgsqlCommand detach = new(
                $"ALTER TABLE orders DETACH PARTITION {Name(-4)} CONCURRENTLY",
                dying
            );
            await using (NpgsqlCommand limit = new("SET statement_timeout = 300", dying))
            {
                await limit.ExecuteNonQueryAsync(Token);
            }
            await Assert.ThrowsAsync<PostgresException>(() => detach.ExecuteNonQueryAsync(Token));
        }
        Assert.Equal("1", await stage.QueryAsync("SELECT count(*) FROM pg_inherits WHERE inhdetachpending"));

        await stage.DoAsync("maintain", "orders");
        Assert.Equal($"{Name(-1)} {Name(0)} {Name(1)}", await stage.PartitionsAsync());
    }

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task A_foreign_key_in_the_way_is_said_and_not_forced(int major)
    {
        MaintenanceStage stage = await OldAsync(major, "drop");
        await stage.ExecuteAsync(
            """
            CREATE TABLE lines (order_id bigint, at timestamptz,
                CONSTRAINT lines_fk FOREIGN KEY (order_id, at) REFERENCES orders (id, created_at))
            """
        );
        VerbResult result = await stage.RunAsync("maintain", "orders");

        Assert.Equal(3, result.ExitCode);
        Assert.Contains("lines_fk", result.Output, StringComparison.Ordinal);
        Assert.Contains(Name(-4), await stage.PartitionsAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_whose_clock_ran_ahead_since_the_last_run_retires_nothing_unless_told_to()
    {
        MaintenanceStage stage = await OldAsync(18, "drop");
        await stage.ExecuteAsync("UPDATE drover.partition_policies SET seen_at = now() - interval '60 days'");
        VerbResult doubted = await stage.RunAsync("maintain", "orders");
        Assert.Equal(3, doubted.ExitCode);
        Assert.Contains("--accept-clock", doubted.Output, StringComparison.Ordinal);
        Assert.Contains(Name(-4), await stage.PartitionsAsync(), StringComparison.Ordinal);

        await stage.DoAsync("maintain", "orders", "--accept-clock");
        Assert.Equal($"{Name(-1)} {Name(0)} {Name(1)}", await stage.PartitionsAsync());
    }

    // Five months of orders, three rows in each; two months are kept.
    private async Task<MaintenanceStage> OldAsync(int major, string action, params string[] more)
    {
        MaintenanceStage stage = await WithOrdersAsync(fixture, major, -4, -3, -1, 0, 1);
        await stage.ExecuteAsync(
            "INSERT INTO orders (created_at, status, amount) SELECT at, 'paid', n FROM generate_series(1, 3) AS n, "
                + $"(VALUES (timestamptz '{Day(-4)}'), ('{Day(-3)}'), ('{Day(-1)}'), ('{Day(0)}')) AS days (at)"
        );
        string[] set = ["policy", "set", "orders", "--interval", "month", "--premake", "1", "--retention", "2 months"];
        await stage.DoAsync([.. set, "--retention-action", action, .. more]);
        return stage;
    }
}

/// <summary>A folder that goes with the test.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("drover-archive-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
