// What drover cost writes, before it is text or JSON.
using Drover.Advice.Costs;

namespace Drover.App.Commands.Costs;

/// <summary>The answer.</summary>
/// <param name="Currency">Of all amounts.</param>
/// <param name="Now">The bill.</param>
/// <param name="Planned">The bill after the plan; null: there is none.</param>
/// <param name="Plan">The changes, as they were written.</param>
/// <param name="TenantKey">The column that tells tenants apart; null: not asked for.</param>
/// <param name="Tenants">Their shares of the bill.</param>
internal sealed record CostAnswer(
    string Currency,
    CostReport Now,
    CostReport? Planned,
    IReadOnlyList<string> Plan,
    string? TenantKey,
    IReadOnlyList<TenantCost> Tenants
);

/// <summary>A tenant's part of the bill.</summary>
/// <param name="Tenant">Its key's value; null: all that are not among the most common ones.</param>
/// <param name="Count">How many that are.</param>
/// <param name="Month">A month, all of them; null where a bill is unknown.</param>
/// <param name="Share">The part of the whole bill; null where it is unknown or nothing.</param>
internal sealed record TenantCost(string? Tenant, long Count, decimal? Month, decimal? Share)
{
    private const int TenantsMax = 10;

    /// <summary>
    /// On each server a tenant pays its share of the rows; over servers that is added up. Rows without a tenant
    /// (NULL) are left out, so the parts may be less than the whole.
    /// </summary>
    public static IReadOnlyList<TenantCost> Of(CostReport report, IReadOnlyList<MeasuredServer> servers)
    {
        List<(string? Tenant, long Count, decimal? Month)> parts = [];
        foreach ((MeasuredServer server, ServerBill bill) in servers.Zip(report.Bills))
        {
            if (server.Tenants is { } tenants)
            {
                parts.AddRange(tenants.Common.Select(one => ((string?)one.Tenant, 1L, bill.Month * one.Share)));
                parts.Add((null, tenants.OtherTenants, bill.Month * tenants.OtherShare));
            }
        }
        (string? Tenant, long Count, decimal? Month)[] named =
        [
            .. parts
                .Where(static part => part.Tenant is not null)
                .GroupBy(static part => part.Tenant)
                .Select(static group => (group.Key, 1L, Sum(group.Select(static part => part.Month))))
                .OrderByDescending(static part => part.Item3)
                .ThenBy(static part => part.Key, StringComparer.Ordinal),
        ];
        (string? Tenant, long Count, decimal? Month)[] rest =
        [
            .. named.Skip(TenantsMax),
            .. parts.Where(static part => part.Tenant is null),
        ];
        long others = rest.Sum(static part => part.Count);
        IEnumerable<(string? Tenant, long Count, decimal? Month)> all = named.Take(TenantsMax);
        if (others > 0)
        {
            all = all.Append((null, others, Sum(rest.Select(static part => part.Month))));
        }
        return
        [
            .. all.Select(part => new TenantCost(
                part.Tenant,
                part.Count,
                part.Month,
                report.Month is > 0 and { } whole ? part.Month / whole : null
            )),
        ];
    }

    private static decimal? Sum(IEnumerable<decimal?> values) =>
        values.Aggregate((decimal?)0, static (sum, value) => sum + value);
}
