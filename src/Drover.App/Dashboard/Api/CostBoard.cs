// What the priced servers of the configuration cost, by what the monitor knows of them.
using Drover.Advice.Costs;
using Drover.App.Commands.Costs;
using Drover.Configuration;
using Drover.Configuration.Prices;
using Drover.History;
using Drover.Operations;

namespace Drover.App.Dashboard.Api;

/// <summary>Bills of a month; the prices are those of the last RELOAD.</summary>
/// <param name="options">The configuration in force.</param>
/// <param name="history">The measured servers.</param>
/// <param name="time">The clock.</param>
internal sealed class CostBoard(Func<DroverOptions> options, IServerHistory history, TimeProvider time)
{
    private static readonly TimeSpan s_span = TimeSpan.FromDays(7);

    /// <summary>The prices of a server, for its findings; null: none are known.</summary>
    public PricedAdvice? PricesOf(string server)
    {
        DroverOptions now = options();
        return now.ServerPrices.FirstOrDefault(one => one.Name == server) is { } price
            ? new PricedAdvice(price, now.Prices.Currency)
            : null;
    }

    /// <summary>The bills of all priced servers; empty when no price is known.</summary>
    public async Task<BillsAnswer> ReadAsync(CancellationToken cancellation)
    {
        DroverOptions now = options();
        List<PricedServer> servers = [];
        foreach (ServerPriceOptions price in now.ServerPrices)
        {
            bool isMeasured = history.Servers.Any(one => one.Name == price.Name);
            ServerUse use = isMeasured
                ? await UseAsync(price.Name, cancellation).ConfigureAwait(false)
                : new ServerUse(null, null, null, "not in [monitor.servers]");
            servers.Add(new PricedServer(price, use));
        }
        return BillsAnswer.Of(now.Prices.Currency, CostReport.Of(servers));
    }

    private async Task<ServerUse> UseAsync(string server, CancellationToken cancellation)
    {
        IReadOnlyDictionary<string, double> values = history.Latest(server).Values;
        decimal? gigabytes = values.TryGetValue("database_size", out double bytes) ? (decimal)bytes / 1e9m : null;
        try
        {
            DateTimeOffset to = time.GetUtcNow();
            IReadOnlyList<MetricSeries> series = await history
                .ReadAsync(server, ["calls"], to - s_span, to, s_span, cancellation)
                .ConfigureAwait(false);
            if (series is [{ Points.Count: > 0 } calls])
            {
                decimal mean = (decimal)calls.Points.Average(static point => point.Value);
                return new ServerUse(gigabytes, mean, null, "statements: mean of the last 7 days");
            }
        }
        catch (OperationException)
        {
            // The history cannot be read now: the last sample has to do.
        }
        return new ServerUse(
            gigabytes,
            values.TryGetValue("calls", out double rate) ? (decimal)rate : null,
            null,
            "statements: the last sample"
        );
    }
}

/// <summary>The bills of a month; what is unknown is null.</summary>
/// <param name="Currency">Of all amounts.</param>
/// <param name="HoursPerMonth">730.5.</param>
/// <param name="Month">All servers.</param>
/// <param name="PerTb">A month over TB of 10^12 bytes.</param>
/// <param name="PerQuery">A month over its statements.</param>
/// <param name="Servers">Each of [prices.servers], in the file's order.</param>
internal sealed record BillsAnswer(
    string Currency,
    decimal HoursPerMonth,
    decimal? Month,
    decimal? PerTb,
    decimal? PerQuery,
    IReadOnlyList<BillAnswer> Servers
)
{
    /// <summary>Of a report.</summary>
    public static BillsAnswer Of(string currency, CostReport report) =>
        new(
            currency,
            CostReport.HoursPerMonth,
            report.Month,
            report.PerTerabyte,
            report.PerQuery,
            [
                .. report.Servers.Zip(
                    report.Bills,
                    static (server, bill) =>
                        new BillAnswer(
                            bill.Name,
                            bill.Instance,
                            bill.Storage,
                            bill.Io,
                            bill.Backup,
                            bill.Month,
                            server.Use.Gigabytes,
                            server.Use.QueriesPerSecond,
                            server.Use.Source
                        )
                ),
            ]
        );
}

/// <summary>A server's bill of a month; what is unknown is null.</summary>
internal sealed record BillAnswer(
    string Name,
    decimal Instance,
    decimal? Storage,
    decimal? Io,
    decimal? Backup,
    decimal? Month,
    decimal? Gigabytes,
    decimal? QueriesPerSecond,
    string Source
);
