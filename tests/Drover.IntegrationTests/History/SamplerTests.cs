// Another server behind the same name begins anew: its counters are not subtracted from those of the one before.
using Drover.App.LocalPostgres;
using Drover.History.Sampling;
using Drover.IntegrationTests.LocalPostgres;
using Npgsql;

namespace Drover.IntegrationTests.History;

public sealed class SamplerTests(PostgresFixture fixture)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(15, 18)]
    [InlineData(18, 15)]
    [InlineData(18, 18)]
    public async Task Rates_begin_anew_where_another_server_or_database_answers(int before, int after)
    {
        (LocalPostgresCluster one, string first) = await fixture.CreateDatabaseAsync(before, Token);
        (LocalPostgresCluster other, string second) = await fixture.CreateDatabaseAsync(after, Token);
        using HostFeed host = new("", TimeSpan.FromSeconds(1));
        ServerSampler sampler = new(host, null, MonitorStage.Limits, TimeProvider.System);
        await using NpgsqlConnection old = await one.OpenAsync(first, Token);
        await sampler.TakeAsync(old, Token);
        ServerSample rated = await sampler.TakeAsync(old, Token);
        Assert.True(rated.Values.ContainsKey("transactions") && rated.Values.ContainsKey("wal_rate"));
        await using NpgsqlConnection changed = await other.OpenAsync(second, Token);
        ServerSample anew = await sampler.TakeAsync(changed, Token);
        Assert.NotEqual(rated.Identity, anew.Identity);
        Assert.Equal(TimeSpan.Zero, anew.Parts.Elapsed);
        Assert.Empty(anew.Databases);
        string[] rates = ["transactions", "wal_rate", "deadlock_rate", "cache_hit_rate", "cpu_usage", "calls"];
        Assert.DoesNotContain(anew.Values.Keys, name => rates.Contains(name));
        ServerSample again = await sampler.TakeAsync(changed, Token);
        Assert.True(again.Values.ContainsKey("transactions"));
        Assert.InRange(again.Values["transactions"], 0, 100_000);
    }
}
