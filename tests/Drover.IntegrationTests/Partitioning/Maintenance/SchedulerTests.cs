// The scheduler of drover serve: one runner per database, by a clock that the test moves; never on a standby.
using Drover.App.Hosting;
using Drover.Configuration;
using Drover.IntegrationTests.LocalPostgres;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Npgsql;
using static Drover.IntegrationTests.Partitioning.Maintenance.MaintenanceStage;

namespace Drover.IntegrationTests.Partitioning.Maintenance;

public sealed class SchedulerTests(PostgresFixture fixture)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Partitions_are_made_when_the_period_is_over_and_not_while_another_runner_is_at_work()
    {
        MaintenanceStage stage = await WithOrdersAsync(fixture, 18, 0);
        await stage.DoAsync("policy", "set", "orders", "--interval", "month", "--premake", "1");
        FakeTimeProvider time = new(TimeProvider.System.GetUtcNow());
        MaintenanceOptions options = new()
        {
            MaintenanceDatabases = [stage.ConnectionString],
            MaintenancePeriod = TimeSpan.FromHours(1),
        };
        MaintenanceLoop loop = new(options, time, NullLogger.Instance);
        await using (NpgsqlConnection other = await stage.OpenAsync())
        {
            await using NpgsqlCommand take = new(
                "SELECT pg_advisory_lock(hashtextextended('drover partition maintain', 0))",
                other
            );
            await take.ExecuteNonQueryAsync(Token);
            await loop.MaintainAsync(stage.ConnectionString, Token);
            Assert.Equal(Name(0), await stage.PartitionsAsync());
            await using NpgsqlCommand release = new("SELECT pg_advisory_unlock_all()", other);
            await release.ExecuteNonQueryAsync(Token);
        }
        using CancellationTokenSource end = CancellationTokenSource.CreateLinkedTokenSource(Token);
        Task running = loop.RunAsync(end.Token);
        using CancellationTokenSource deadline = new(TimeSpan.FromSeconds(60));
        while (await stage.PartitionsAsync() != $"{Name(0)} {Name(1)}")
        {
            Assert.False(deadline.IsCancellationRequested, "no partition was made in 60 s");
            time.Advance(TimeSpan.FromSeconds(4));
            await Task.Delay(50, Token);
        }
        await end.CancelAsync();
        await running;
    }

    [Fact]
    public async Task What_a_partition_opens_more_than_its_table_is_logged()
    {
        MaintenanceStage stage = await WithOrdersAsync(fixture, 18, 0);
        await stage.DoAsync("policy", "set", "orders", "--interval", "month", "--premake", "1");
        await stage.ExecuteAsync($"ALTER TABLE orders ENABLE ROW LEVEL SECURITY; GRANT DELETE ON {Name(0)} TO reader");
        Lines log = new();
        await new MaintenanceLoop(new MaintenanceOptions(), TimeProvider.System, log).MaintainAsync(
            stage.ConnectionString,
            Token
        );
        Assert.Contains(
            log,
            line => line.Contains($"REVOKE DELETE ON public.{Name(0)} FROM reader (partition-privileges)")
        );
        Assert.Contains(
            log,
            line => line.Contains($"{Name(0)}: row security is off") && line.Contains("(partition-row-")
        );
    }

    private sealed class Lines : List<string>, ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter
        ) => Add($"{logLevel} {eventId.Id} {formatter(state, exception)}");
    }

    [Fact]
    public async Task A_database_that_cannot_be_reached_ends_nothing()
    {
        MaintenanceLoop loop = new(new MaintenanceOptions(), TimeProvider.System, NullLogger.Instance);
        long before = Telemetry.ControlPlane.MaintenanceCounters.Failed;
        await loop.MaintainAsync("host=127.0.0.1 port=1 user=x dbname=x", Token);
        Assert.Equal(before + 1, Telemetry.ControlPlane.MaintenanceCounters.Failed);
    }
}
