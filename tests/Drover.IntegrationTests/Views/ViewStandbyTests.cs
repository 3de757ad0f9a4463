// Materialized views beside a real standby: made on the primary alone, and refreshed by nobody on the standby.
using Drover.App.LocalPostgres;
using Drover.IntegrationTests.Advice;
using Drover.IntegrationTests.LocalPostgres;
using Drover.IntegrationTests.Partitioning.Stress;
using Drover.Operations.Connections;
using Drover.Views;
using Npgsql;

namespace Drover.IntegrationTests.Views;

public sealed class ViewStandbyTests
{
    private const StringComparison Ordinal = StringComparison.Ordinal;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task View_is_not_made_on_a_standby_nor_refreshed_there(int major)
    {
        await using LocalPostgresCluster primary = await LocalPostgresCluster.StartNewAsync(
            new LocalPostgresOptions { Major = major },
            Token
        );
        await primary.ExecuteAsync("CREATE TABLE t AS SELECT 1 AS id", Token);
        await using StandbyServer standby = await StandbyServer.StartAsync(primary, "reader");
        string there = $"host={standby.SocketFolder} port={primary.Port} user=postgres dbname=postgres";
        ProgramAnswer refused = await CreateAsync(there);
        Assert.Equal(3, refused.ExitCode);
        Assert.Contains(
            "this server is a standby: views are made and refreshed on its primary",
            refused.Error,
            Ordinal
        );
        ProgramAnswer made = await CreateAsync(InspectProgram.Url(primary, "postgres"));
        Assert.True(made.ExitCode == 0, made.ToString());
        await primary.ExecuteAsync(
            "UPDATE drover.views SET refreshed_at = refreshed_at - interval '1 hour'; INSERT INTO t VALUES (2)",
            Token
        );
        await using ServerAccess access = new(
            new NpgsqlConnectionStringBuilder(
                $"Host={standby.SocketFolder};Port={primary.Port};Username=postgres;Database=postgres;Pooling=false"
            )
        );
        await using NpgsqlConnection reader = await access.OpenAsync(Token);
        await using NpgsqlCommand rows = new("SELECT count(*) FROM public.t", reader);
        await Eventually.HoldsAsync(
            async () => (long)(await rows.ExecuteScalarAsync(Token))! == 2,
            TimeSpan.FromSeconds(30),
            "the standby does not follow"
        );
        ViewService service = new(reader, TimeProvider.System);
        Assert.Equal("public.v", Assert.Single(await service.ListAsync(Token)).Name.ToString());
        Assert.Empty(await service.RefreshDueAsync(Token));
        await using ServerAccess own = new(new NpgsqlConnectionStringBuilder(primary.ConnectionStringTo("postgres")));
        await using NpgsqlConnection writer = await own.OpenAsync(Token);
        Assert.Null(Assert.Single(await new ViewService(writer, TimeProvider.System).RefreshDueAsync(Token)).Problem);
    }

    private static async Task<ProgramAnswer> CreateAsync(string database)
    {
        string file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(file, "SELECT id FROM public.t", Token);
            string[] words = ["view", "create", "v", "--sql", file, "--unique", "id", "--refresh", "5m"];
            return await TestedProgram.RunAsync([.. words, "-d", database]);
        }
        finally
        {
            File.Delete(file);
        }
    }
}
