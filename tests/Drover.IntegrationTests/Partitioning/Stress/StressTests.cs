// Many writers, an operator who is killed, a server that restarts: at the end no acknowledged write is lost, and none
// that was undone is there.
using System.Collections.Concurrent;
using System.Globalization;
using Drover.App.LocalPostgres;
using Drover.IntegrationTests.LocalPostgres;

namespace Drover.IntegrationTests.Partitioning.Stress;

/// <summary>
/// Some seconds for each version in the usual run; ten minutes with DROVER_LONG, or the seconds of
/// DROVER_STRESS_SECONDS. Then a transaction stands idle while the operator goes on: some seconds, ten minutes with
/// DROVER_LONG, or the seconds of DROVER_STRESS_IDLE_SECONDS.
/// DROVER_STRESS_SEED gives the same choices again, though not the same interleaving.
/// </summary>
public sealed class StressTests
{
    private const int Writers = 4;
    private const int Keys = 350;
    private const int ShortSeconds = 10;
    private const int LongSeconds = 600;
    private const int ShortIdleSeconds = 5;
    private const int LongIdleSeconds = 600;
    private const int KillsMin = 3;
    private const int RestartsMin = 1;
    private const int PatienceSeconds = 45;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task No_acknowledged_write_is_lost_and_none_comes_back_whatever_is_killed(int major)
    {
        int seed = Number("DROVER_STRESS_SEED") ?? Random.Shared.Next();
        bool isLong = Environment.GetEnvironmentVariable("DROVER_LONG") is { Length: > 0 };
        int seconds = Number("DROVER_STRESS_SECONDS") ?? (isLong ? LongSeconds : ShortSeconds);
        await using LocalPostgresCluster cluster = await LocalPostgresCluster.StartNewAsync(
            new LocalPostgresOptions { Major = major },
            Token
        );
        ConcurrentQueue<string> findings = [];
        Ledger ledger = new(cluster, "postgres");
        LedgerTally[] tallies =
        [
            .. Enumerable.Range(0, Writers).Select(w => new LedgerTally(w, Writers, Keys, new(seed + w))),
        ];
        await ledger.CreateAsync(tallies);
        ConversionLoop loop = new(ledger, seed, findings);
        TimeSpan idle = TimeSpan.FromSeconds(
            Number("DROVER_STRESS_IDLE_SECONDS") ?? (isLong ? LongIdleSeconds : ShortIdleSeconds)
        );
        LedgerWriter[] writers =
        [
            .. tallies.Select(tally => new LedgerWriter(ledger, tally, seed + (tally.Writer * 100), findings)),
        ];

        Disturbances disturbances = new(ledger, seed, () => writers.Sum(writer => writer.Committed), findings);
        using CancellationTokenSource stopWriting = new();
        using CancellationTokenSource stopDisturbing = new();
        Task[] writing = [.. writers.Select(writer => Task.Run(() => writer.RunAsync(stopWriting.Token), Token))];
        Task disturbing = Task.Run(() => disturbances.RunAsync(stopDisturbing.Token), Token);
        long started = TimeProvider.System.GetTimestamp();
        double Elapsed() => TimeProvider.System.GetElapsedTime(started).TotalSeconds;
        bool HasSeenEnough() => loop.Kills >= KillsMin && disturbances.Restarts >= RestartsMin;
        // On a machine that is busy with other tests it takes longer until something has happened, but not for ever.
        await loop.RunAsync(() => Elapsed() > seconds && (HasSeenEnough() || Elapsed() > seconds + PatienceSeconds));
        await loop.RunBesideAsync(idle, disturbances);
        await stopDisturbing.CancelAsync();
        await disturbing;
        await loop.FinishAsync();
        await stopWriting.CancelAsync();
        await Task.WhenAll(writing);

        string runs = await loop.FiguresAsync();
        string figures = string.Create(
            CultureInfo.InvariantCulture,
            $"seed {seed}: {runs}; {disturbances.Restarts} restarts, {disturbances.Changes} columns "
                + $"added, {disturbances.Idlers} idle transactions; {writers.Sum(w => w.Committed)} transactions, "
                + $"{writers.Sum(w => w.Settled)} settled, answers lost, {writers.Sum(w => w.Overtaken)} overtaken, "
                + $"{writers.Sum(w => w.Deadlocks)} of them by deadlock"
        );
        TestContext.Current.TestOutputHelper?.WriteLine(figures);
        Assert.True(findings.IsEmpty, $"{figures}\n{string.Join('\n', findings.Take(20))}");
        List<string> wrong = await LedgerAudit.CheckAsync(ledger, tallies);
        Assert.True(wrong.Count == 0, $"{figures}\n{wrong.Count} wrong:\n{string.Join('\n', wrong.Take(20))}");
        Assert.True(writers.All(writer => writer.Committed > 0), $"a writer got nothing done; {figures}");
        await PlantedCorruption.AssertAllAreFoundAsync(ledger, tallies);
        Assert.Equal("p", await ledger.QueryAsync("SELECT relkind FROM pg_class WHERE oid = 'ledger'::regclass"));
    }

    private static int? Number(string variable) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), CultureInfo.InvariantCulture, out int number)
            ? number
            : null;
}
