// Runs all cases that are asked for, several at a time, while the tests wait for their own.
using System.Collections.Concurrent;
using Drover.IntegrationTests.LocalPostgres;

namespace Drover.IntegrationTests.Partitioning.Cases;

/// <summary>
/// A class fixture: theories run row after row, and a case waits mostly for its server, so the rows are run here, ahead
/// of their tests.
/// </summary>
public sealed class CaseRuns : IAsyncDisposable
{
    private const int AtOnce = 6;

    private static readonly TimeSpan s_timeLimit = TimeSpan.FromMinutes(10);

    private readonly PostgresFixture _postgres;
    private readonly ConcurrentDictionary<(string Name, int Major), Lazy<Task>> _runs = new();
    private readonly SemaphoreSlim _places = new(AtOnce);
    private readonly CancellationTokenSource _stop = new();

    public CaseRuns(PostgresFixture postgres) => _postgres = postgres;

    /// <summary>All cases on all their versions.</summary>
    public static TheoryData<string, int> All
    {
        get
        {
            TheoryData<string, int> all = [];
            foreach (ConversionCase @case in ConversionCase.All)
            {
                foreach (int major in @case.Versions)
                {
                    all.Add(@case.Name, major);
                }
            }
            return all;
        }
    }

    /// <summary>Starts all cases, if this is the first one, and waits for one.</summary>
    public Task RunAsync(string name, int major)
    {
        Task mine = Start(name, major);
        if (mine.IsCompleted)
        {
            return mine;
        }
        foreach (ConversionCase other in ConversionCase.All.Where(one => !one.IsPassedOver))
        {
            foreach (int version in other.Versions)
            {
                _ = Start(other.Name, version);
            }
        }
        return mine;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        foreach (Lazy<Task> run in _runs.Values)
        {
            await run.Value.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        _places.Dispose();
        _stop.Dispose();
    }

    private Task Start(string name, int major) =>
        _runs
            .GetOrAdd((name, major), key => new Lazy<Task>(() => Task.Run(() => RunOneAsync(key.Name, key.Major))))
            .Value;

    private async Task RunOneAsync(string name, int major)
    {
        await _places.WaitAsync(_stop.Token);
        try
        {
            using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
            limit.CancelAfter(s_timeLimit);
            await CaseRun.RunAsync(_postgres, major, name, limit.Token);
        }
        finally
        {
            _places.Release();
        }
    }
}
