// All of it by the table's owner: a role without superuser, as managed servers give.
using Drover.IntegrationTests.LocalPostgres;
using static Drover.IntegrationTests.Partitioning.Maintenance.MaintenanceStage;

namespace Drover.IntegrationTests.Partitioning.Maintenance;

public sealed class OwnerTests(PostgresFixture fixture)
{
    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task An_owner_without_superuser_makes_moves_mends_archives_and_restores(int major)
    {
        using TemporaryFolder folder = new();
        MaintenanceStage stage = await WithOrdersAsync(fixture, major, -4, 0);
        string owner = $"owner_{Guid.NewGuid():N}"[..20];
        await stage.ExecuteAsync(
            $"""
            CREATE ROLE {owner} LOGIN;
            DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO {owner}', current_database()); END $$;
            GRANT CREATE ON SCHEMA public TO {owner};
            CREATE TABLE orders_default PARTITION OF orders DEFAULT;
            CREATE INDEX orders_amount_idx ON ONLY orders (amount);
            ALTER TABLE orders OWNER TO {owner}; ALTER TABLE orders_default OWNER TO {owner};
            ALTER TABLE {Name(-4)} OWNER TO {owner}; ALTER TABLE {Name(0)} OWNER TO {owner};
            INSERT INTO orders (created_at, amount) VALUES ('{Day(-4)}', 1), ('{Day(0)}', 2), ('{Day(1)}', 3);
            """
        );
        stage.User = owner;
        string[] set = ["policy", "set", "orders", "--interval", "month", "--premake", "1", "--retention", "2 months"];
        await stage.DoAsync([.. set, "--retention-action", "archive", "--archive-folder", folder.Path]);
        await stage.DoAsync("maintain", "orders");
        Assert.Equal($"orders_default {Name(0)} {Name(1)}", await stage.PartitionsAsync());

        await stage.DoAsync("attach-archive", Directory.GetFiles(folder.Path, "*.manifest.json").Single());
        Assert.Equal("6.00", await stage.QueryAsync("SELECT sum(amount) FROM orders"));
        Assert.Equal("0", await stage.QueryAsync("SELECT count(*) FROM orders_default"));
        Assert.Equal("0", await stage.QueryAsync("SELECT count(*) FROM pg_index WHERE NOT indisvalid"));
        await stage.DoAsync("release", "orders");
    }
}
