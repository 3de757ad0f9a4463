// The bill of all servers: a month, a TB, a query.
namespace Drover.Advice.Costs;

/// <summary>
/// Sums and products are exact (System.Decimal, 28 digits); only the two quotients, per TB and per query, have a last
/// digit that is rounded. What is unknown on one server is unknown in the sum.
/// </summary>
/// <param name="Servers">The servers, in the order given.</param>
/// <param name="Bills">Their bills, in that order.</param>
internal sealed record CostReport(IReadOnlyList<PricedServer> Servers, IReadOnlyList<ServerBill> Bills)
{
    /// <summary>A month: 365.25 days of 24 hours, over 12.</summary>
    public const decimal HoursPerMonth = 730.5m;

    /// <summary>2,629,800.</summary>
    public const decimal SecondsPerMonth = HoursPerMonth * 3600m;

    /// <summary>The report.</summary>
    public static CostReport Of(IReadOnlyList<PricedServer> servers) =>
        new(servers, [.. servers.Select(ServerBill.Of)]);

    /// <summary>All bills, a month.</summary>
    public decimal? Month => Sum(Bills.Select(static bill => bill.Month));

    /// <summary>GB on all servers: a replica's are counted again, since they are paid for again.</summary>
    public decimal? Gigabytes => Sum(Servers.Select(static server => server.Use.Gigabytes));

    /// <summary>Statements a second on all servers.</summary>
    public decimal? QueriesPerSecond => Sum(Servers.Select(static server => server.Use.QueriesPerSecond));

    /// <summary>A month's bill over TB of 10^12 bytes; null when either is unknown, or there is no data.</summary>
    public decimal? PerTerabyte => Gigabytes is > 0 and { } size ? Month / (size / 1000m) : null;

    /// <summary>A month's bill over a month's statements; null when either is unknown, or there are none.</summary>
    public decimal? PerQuery => QueriesPerSecond is > 0 and { } rate ? Month / (rate * SecondsPerMonth) : null;

    private static decimal? Sum(IEnumerable<decimal?> values)
    {
        decimal? sum = 0;
        foreach (decimal? value in values)
        {
            sum += value;
        }
        return sum;
    }
}
