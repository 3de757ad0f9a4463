// The page's server with figures that move, for a browser to look at.
using System.Globalization;
using Drover.App.Dashboard;
using Drover.App.Dashboard.Api;
using Drover.Configuration;
using Drover.Telemetry;
using Drover.Tests.Dashboard;

namespace Drover.IntegrationTests.Dashboard;

internal sealed class BrowserStage : IAsyncDisposable
{
    private readonly DashboardStage _stage;
    private readonly CancellationTokenSource _over = new();
    private readonly Task _traffic;

    private BrowserStage(DashboardStage stage)
    {
        _stage = stage;
        Address = stage.Server.Address;
        _traffic = MoveAsync();
    }

    public Uri Address { get; }

    public DashboardStage Stage => _stage;

    /// <summary>With measured servers and a journal, or with neither.</summary>
    public static async Task<BrowserStage> StartAsync(bool isEmpty = false, WebOptions? options = null)
    {
        TimeProvider time = TimeProvider.System;
        DashboardStage stage = await DashboardStage.StartAsync(
            options,
            time,
            isEmpty ? null : new FakeHistory(time),
            isEmpty ? null : new FakeJournals(time)
        );
        FillHistory(stage.Parts.Feed, time.GetUtcNow());
        return new BrowserStage(stage);
    }

    /// <summary>May be called twice.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_over.IsCancellationRequested)
        {
            return;
        }
        await _over.CancelAsync();
        await _traffic;
        await _stage.DisposeAsync();
    }

    /// <summary>Half an hour as a shop has it: waves, and one minute in which clients waited.</summary>
    private static void FillHistory(LiveFeed feed, DateTimeOffset now)
    {
        LiveAnswer live = feed.Current.Live;
        for (int i = 895; i >= 1; i--)
        {
            double wave = Wave(i);
            bool isBusy = i is > 300 and < 335;
            feed.History.Add(
                live with
                {
                    At = now.AddSeconds(-2 * i),
                    QueriesPerSecond = 4000 + (700 * wave),
                    TransactionsPerSecond = 1900 + (320 * wave),
                    ErrorsPerSecond = i % 97 == 0 ? 12 : 0,
                    QueryP50Ms = 0.9 + (0.1 * wave),
                    QueryP99Ms = 4 + wave + (isBusy ? 9 : 0),
                    Clients = (int)(430 + (18 * wave)),
                    ClientsWaiting = isBusy ? (int)(30 * Math.Sin((i - 300) / 35.0 * Math.PI)) : 0,
                    Servers = 32,
                    ServersActive = isBusy ? 31 : (int)(21 + (5 * wave)),
                }
            );
        }
    }

    private static double Wave(int i) =>
        (0.6 * Math.Sin(i / 90.0)) + (0.25 * Math.Sin(i / 13.0)) + (0.15 * Math.Sin(i / 2.3));

    private async Task MoveAsync()
    {
        try
        {
            for (int i = 0; !_over.IsCancellationRequested; i++)
            {
                foreach (PoolTraffic pool in _stage.Proxy.TrafficList)
                {
                    int queries = pool.User == "app" ? 380 : 14;
                    for (int query = 0; query < queries; query++)
                    {
                        pool.Counters.RecordQuery(query % 90 == 0 ? 4_400 : 700 + query);
                    }
                    for (int transaction = 0; transaction < queries / 2; transaction++)
                    {
                        pool.Counters.RecordTransaction(2_000);
                    }
                }
                await Task.Delay(100, _over.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // It is over.
        }
    }

    public static string PathOf(string page) =>
        page == "overview" ? "/" : string.Create(CultureInfo.InvariantCulture, $"/{page}");
}
