// drover cost for a person.
using System.Globalization;
using System.Text;
using Drover.Advice.Costs;

namespace Drover.App.Commands.Costs;

/// <summary>
/// Money of a month and a TB is shown to two digits after the point, money of a query to two significant ones; halves
/// are rounded away from zero. Nothing is rounded before it is shown.
/// </summary>
internal static class CostText
{
    /// <summary>All of it.</summary>
    public static string Write(CostAnswer answer)
    {
        StringBuilder text = new();
        Servers(text, answer.Now, answer.Currency);
        Totals(text, answer);
        if (answer.TenantKey is not null)
        {
            Tenants(text, answer);
        }
        string[] sources = [.. answer.Now.Servers.Select(static one => $"{one.Price.Name}: {one.Use.Source}")];
        text.Append(CultureInfo.InvariantCulture, $"\n{string.Join("; ", sources)}.\n");
        text.Append(
            "A month has 730.5 hours, a GB 10^9 bytes. Shown rounded, halves away from zero; counted exactly.\n"
        );
        return text.ToString();
    }

    /// <summary>Money of a month: <c>12,000.00</c>; a dash when unknown.</summary>
    public static string Money(decimal? amount) =>
        amount is { } known
            ? decimal.Round(known, 2, MidpointRounding.AwayFromZero).ToString("#,##0.00", CultureInfo.InvariantCulture)
            : "-";

    /// <summary>Money of a query, to two significant digits and without an exponent: <c>0.00000057</c>.</summary>
    public static string Small(decimal? amount)
    {
        if (amount is not { } known)
        {
            return "-";
        }
        int digits = 2;
        for (decimal bound = 0.1m; digits < 27 && known != 0 && Math.Abs(known) < bound; bound /= 10)
        {
            digits++;
        }
        return decimal.Round(known, digits, MidpointRounding.AwayFromZero)
            .ToString("0." + new string('0', digits), CultureInfo.InvariantCulture);
    }

    /// <summary>Money of a month, with more digits where it is less than a hundredth.</summary>
    public static string Amount(decimal amount) => amount is > -0.01m and < 0.01m ? Small(amount) : Money(amount);

    /// <summary>A size in TB or GB.</summary>
    public static string Size(decimal? gigabytes) =>
        gigabytes switch
        {
            null => "-",
            >= 1000 => Text($"{gigabytes / 1000:#,0.##} TB"),
            _ => Text($"{gigabytes:0.##} GB"),
        };

    private static void Servers(StringBuilder text, CostReport report, string currency)
    {
        int width = Math.Max(8, report.Bills.Max(static bill => bill.Name.Length));
        text.Append("server".PadRight(width));
        text.Append("     instance    storage        I/O    backups      a month      size  queries/s\n");
        foreach ((PricedServer server, ServerBill bill) in report.Servers.Zip(report.Bills))
        {
            text.Append(bill.Name.PadRight(width));
            text.Append(Text($" {Money(bill.Instance), 12} {Money(bill.Storage), 10} {Money(bill.Io), 10} "));
            text.Append(Text($"{Money(bill.Backup), 10} {Money(bill.Month), 12} {Size(server.Use.Gigabytes), 9} "));
            text.Append(Text($"{Rate(server.Use.QueriesPerSecond), 10}\n"));
        }
        text.Append(Text($"\nall amounts in {currency} a month\n\n"));
    }

    private static void Totals(StringBuilder text, CostAnswer answer)
    {
        (CostReport now, CostReport? planned) = (answer.Now, answer.Planned);
        if (planned is not null)
        {
            text.Append(Text($"{"", -12}{"now", 16}{"planned", 16}{"difference", 16}\n"));
        }
        Line("servers", now.Servers.Count, planned?.Servers.Count, static count => Text($"{count:0}"));
        Line("size", now.Gigabytes, planned?.Gigabytes, Size);
        Line("queries/s", now.QueriesPerSecond, planned?.QueriesPerSecond, Rate);
        Line("a month", now.Month, planned?.Month, Money);
        Line("per TB", now.PerTerabyte, planned?.PerTerabyte, Money);
        Line("per query", now.PerQuery, planned?.PerQuery, Small);
        if (planned is not null)
        {
            text.Append(Text($"\nplan: {string.Join(", ", answer.Plan)}"));
            bool isSpread = answer.Plan.Any(static change => change.StartsWith("shards", StringComparison.Ordinal));
            text.Append(isSpread ? "; data, statements and I/O spread evenly over new shards\n" : "\n");
            if (answer.Plan.Any(static change => change.StartsWith("drop-indexes", StringComparison.Ordinal)))
            {
                text.Append(
                    "drop-indexes: what drover index drop --all drops in the database of each connection; not "
                );
                text.Append("what is bloated, nor where there are standbys what looks unused\n");
            }
        }

        void Line(string name, decimal? before, decimal? after, Func<decimal?, string> show)
        {
            text.Append(Text($"{name, -12}{show(before), 16}"));
            if (planned is not null)
            {
                decimal? change = after - before;
                string sign = change switch
                {
                    null => "-",
                    < 0 => "-" + show(-change),
                    _ => "+" + show(change),
                };
                text.Append(Text($"{show(after), 16}{sign, 16}"));
            }
            text.Append('\n');
        }
    }

    private static void Tenants(StringBuilder text, CostAnswer answer)
    {
        text.Append(Text($"\ntenants by {answer.TenantKey}, shares of the rows as ANALYZE has sampled them\n"));
        foreach (TenantCost tenant in answer.Tenants)
        {
            string name = TerminalText.Of(tenant.Tenant ?? Text($"{tenant.Count:#,0} others together"));
            text.Append(Text($"  {name, -32}{100 * tenant.Share, 8:0.00} %  {Money(tenant.Month), 14}"));
            text.Append(tenant.Tenant is null ? Text($"  {Each(tenant)} each\n") : "\n");
        }
    }

    private static string Each(TenantCost tenant) => tenant.Month is { } all ? Amount(all / tenant.Count) : "-";

    private static string Rate(decimal? rate) => rate is { } known ? Text($"{known:#,0.##}") : "-";

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
