// A change that is planned, and what it does to servers, prices and use.
using System.Globalization;
using Drover.Configuration.Prices;
using Drover.Operations;

namespace Drover.Advice.Costs;

/// <summary>What a change is about.</summary>
internal enum CostChangeKind
{
    /// <summary>So many servers in place of those there are, data and load spread evenly.</summary>
    Shards,

    /// <summary>The size of the data.</summary>
    Storage,

    /// <summary>The storage that is paid for.</summary>
    Allocate,

    /// <summary>The price of a machine.</summary>
    Instance,

    /// <summary>Statements a second; I/O goes with them.</summary>
    Queries,

    /// <summary>Data that goes away.</summary>
    Free,

    /// <summary>The indexes that inspect would drop; measured, and then as <see cref="Free"/>.</summary>
    DropIndexes,
}

/// <summary>One change.</summary>
/// <param name="Kind">What it is about.</param>
/// <param name="Amount">Servers, GB, money or statements a second.</param>
/// <param name="IsDifference">The amount is added, and does not replace.</param>
/// <param name="Server">The server that it is about, or whose prices new ones have; empty: all.</param>
/// <param name="Text">As it was written.</param>
internal sealed record CostChange(CostChangeKind Kind, decimal Amount, bool IsDifference, string Server, string Text)
{
    private const string Forms =
        "write shards=8, storage=+10TB, allocate=4TB, instance=4500, queries=45000, free=120GB or drop-indexes; "
        + "after a colon the server";

    private const int ShardsMax = 4096;

    /// <summary>Reads one, such as <c>shards=8</c> or <c>storage=+10TB:shop1</c>.</summary>
    /// <exception cref="OperationException">It makes no sense.</exception>
    public static CostChange Parse(string text)
    {
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        string server = colon < 0 ? "" : text[(colon + 1)..].Trim();
        string change = (colon < 0 ? text : text[..colon]).Trim();
        int equals = change.IndexOf('=', StringComparison.Ordinal);
        string name = equals < 0 ? change : change[..equals].Trim();
        string value = equals < 0 ? "" : change[(equals + 1)..].Trim();
        if (name == "drop-indexes" && equals < 0)
        {
            return new CostChange(CostChangeKind.DropIndexes, 0, true, server, text);
        }
        bool isDifference = value.StartsWith('+') || value.StartsWith('-');
        string digits = isDifference ? value[1..] : value;
        (CostChangeKind Kind, decimal? Amount)? read = name switch
        {
            "shards" => (CostChangeKind.Shards, isDifference ? null : Count(digits)),
            "storage" => (CostChangeKind.Storage, GigabytesOf(digits)),
            "allocate" => (CostChangeKind.Allocate, GigabytesOf(digits)),
            "instance" => (CostChangeKind.Instance, NumberOf(digits)),
            "queries" => (CostChangeKind.Queries, NumberOf(digits)),
            "free" => (CostChangeKind.Free, isDifference ? null : GigabytesOf(digits)),
            _ => null,
        };
        if (read is not { Amount: { } amount } known)
        {
            throw new OperationException($"--plan '{text}' makes no sense: {Forms}", OperationOutcome.Usage);
        }
        amount = value.StartsWith('-') ? -amount : amount;
        return new CostChange(known.Kind, amount, isDifference, server, text);
    }

    /// <summary>A number without a sign, exact; null when it is none.</summary>
    public static decimal? NumberOf(string text) =>
        decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal number)
        && number <= 1_000_000_000_000m
            ? number
            : null;

    /// <summary>GB of 10^9 bytes out of a size such as <c>10TB</c>; null when it is none.</summary>
    public static decimal? GigabytesOf(string text)
    {
        (string Suffix, decimal Factor)[] units = [("PB", 1_000_000), ("TB", 1000), ("GB", 1), ("MB", 0.001m)];
        foreach ((string suffix, decimal factor) in units)
        {
            if (text.EndsWith(suffix, StringComparison.OrdinalIgnoreCase))
            {
                return NumberOf(text[..^suffix.Length].Trim()) * factor;
            }
        }
        return null;
    }

    /// <summary>The servers after it.</summary>
    /// <exception cref="OperationException">It cannot be done to them, or a number is missing for it.</exception>
    public IReadOnlyList<PricedServer> Apply(IReadOnlyList<PricedServer> servers)
    {
        if (Server.Length > 0 && !servers.Any(one => one.Price.Name == Server))
        {
            string names = string.Join(", ", servers.Select(static one => one.Price.Name));
            throw Refused($"there is no server '{Server}': there are {names}");
        }
        IReadOnlyList<PricedServer> after = Kind switch
        {
            CostChangeKind.Shards => Spread(servers),
            CostChangeKind.Storage => Scale(servers, static use => use.Gigabytes, WithGigabytes, "size"),
            CostChangeKind.Queries => Scale(servers, static use => use.QueriesPerSecond, WithQueries, "statements"),
            CostChangeKind.Free => Scale(servers, static use => use.Gigabytes, WithGigabytes, "size", -Amount),
            CostChangeKind.Allocate => Each(
                servers,
                one =>
                    one with
                    {
                        Price = one.Price with
                        {
                            StorageGb = Least(one, IsDifference ? one.Price.StorageGb + Amount : Amount),
                        },
                    }
            ),
            CostChangeKind.Instance => Each(
                servers,
                one =>
                    one with
                    {
                        Price = one.Price with
                        {
                            InstanceMonth = Least(one, IsDifference ? one.Price.InstanceMonth + Amount : Amount),
                        },
                    }
            ),
            _ => throw Refused("the size of the indexes is not known"),
        };
        foreach ((ServerPriceOptions price, ServerUse use) in after)
        {
            if (price.StorageGb < use.Gigabytes)
            {
                throw Refused(
                    $"{price.Name} would hold {use.Gigabytes.Value:0.##} GB and has {price.StorageGb:0.##} GB: plan "
                        + "allocate=… before it"
                );
            }
        }
        return after;
    }

    private static PricedServer WithGigabytes(PricedServer server, decimal gigabytes) =>
        server with
        {
            Use = server.Use with { Gigabytes = gigabytes },
        };

    private static PricedServer WithQueries(PricedServer server, decimal rate)
    {
        // The same statements read as much each.
        decimal? ios = server.Use.QueriesPerSecond is > 0 and { } before
            ? server.Use.IosPerSecond / before * rate
            : null;
        return server with { Use = server.Use with { QueriesPerSecond = rate, IosPerSecond = ios } };
    }

    private static decimal? Count(string digits) =>
        NumberOf(digits) is { } number and >= 1 and <= ShardsMax && number == decimal.Truncate(number) ? number : null;

    /// <summary>Scales all servers alike, or one, so that the sum is the new one.</summary>
    private List<PricedServer> Scale(
        IReadOnlyList<PricedServer> servers,
        Func<ServerUse, decimal?> read,
        Func<PricedServer, decimal, PricedServer> write,
        string what,
        decimal? difference = null
    )
    {
        IEnumerable<PricedServer> meant = servers.Where(IsMeant);
        decimal before =
            meant.Aggregate((decimal?)0, (sum, one) => sum + read(one.Use))
            ?? throw Refused($"the {what} of a server is not known: it must be measured or given");
        decimal after =
            difference is { } gone ? before + gone
            : IsDifference ? before + Amount
            : Amount;
        if (after < 0)
        {
            throw Refused($"it takes away more than there is ({before:0.##})");
        }
        int count = meant.Count();
        return Each(servers, one => write(one, before > 0 ? after * read(one.Use)!.Value / before : after / count));
    }

    private List<PricedServer> Spread(IReadOnlyList<PricedServer> servers)
    {
        ServerPriceOptions first = (servers.FirstOrDefault(one => one.Price.Name == Server) ?? servers[0]).Price;
        if (Server.Length == 0 && servers.Any(one => one.Price with { Name = first.Name } != first))
        {
            throw Refused("the servers have different prices: say whose the new ones have, such as shards=8:shop1");
        }
        CostReport before = CostReport.Of(servers);
        decimal? ios = servers.Aggregate((decimal?)0, static (sum, one) => sum + one.Use.IosPerSecond);
        ServerUse share = new(before.Gigabytes / Amount, before.QueriesPerSecond / Amount, ios / Amount, "planned");
        return
        [
            .. Enumerable
                .Range(1, (int)Amount)
                .Select(number => new PricedServer(first with { Name = $"shard {number}" }, share)),
        ];
    }

    private List<PricedServer> Each(IReadOnlyList<PricedServer> servers, Func<PricedServer, PricedServer> change) =>
        [.. servers.Select(one => IsMeant(one) ? change(one) : one)];

    private bool IsMeant(PricedServer server) => Server.Length == 0 || server.Price.Name == Server;

    private decimal Least(PricedServer server, decimal? amount) =>
        amount is >= 0 and { } fits ? fits : throw Refused($"{server.Price.Name} would have less than nothing");

    private OperationException Refused(string why) => new($"--plan {Text}: {why}", OperationOutcome.Usage);
}
