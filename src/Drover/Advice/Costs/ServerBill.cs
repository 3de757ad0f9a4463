// What a server is used for, and the bill that follows from its prices.
using Drover.Configuration.Prices;

namespace Drover.Advice.Costs;

/// <summary>What a server is used for; null: unknown.</summary>
/// <param name="Gigabytes">The databases with their indexes, in GB of 10^9 bytes.</param>
/// <param name="QueriesPerSecond">Statements a second, without utility commands.</param>
/// <param name="IosPerSecond">I/O operations a second.</param>
/// <param name="Source">Where the numbers come from, for a person.</param>
internal sealed record ServerUse(
    decimal? Gigabytes,
    decimal? QueriesPerSecond,
    decimal? IosPerSecond,
    string Source = ""
)
{
    /// <summary>Nothing is known.</summary>
    public static ServerUse Unknown { get; } = new(null, null, null, "not measured");
}

/// <summary>A server with its prices and its use.</summary>
internal sealed record PricedServer(ServerPriceOptions Price, ServerUse Use);

/// <summary>A month's bill of a server, exact; null: a price is known and what it counts is not.</summary>
/// <param name="Name">The server's.</param>
/// <param name="Instance">The machine.</param>
/// <param name="Storage">Storage.</param>
/// <param name="Io">I/O, paid for or counted.</param>
/// <param name="Backup">Backups.</param>
internal sealed record ServerBill(string Name, decimal Instance, decimal? Storage, decimal? Io, decimal? Backup)
{
    /// <summary>All of it; null when a part is unknown, and never a part of it.</summary>
    public decimal? Month => Instance + Storage + Io + Backup;

    /// <summary>What a GB less costs less in a month: nothing where it is paid for, used or not.</summary>
    public static decimal FreedGbMonth(ServerPriceOptions price) =>
        (price.StorageGb is null ? price.StorageGbMonth ?? 0 : 0)
        + (price.BackupGb is null ? price.BackupGbMonth ?? 0 : 0);

    /// <summary>The bill.</summary>
    public static ServerBill Of(PricedServer server)
    {
        (ServerPriceOptions price, ServerUse use) = server;
        decimal provisioned = (price.IopsMonth ?? 0) * (price.Iops ?? 0);
        decimal? counted = price.IoMillion is { } million
            ? use.IosPerSecond * CostReport.SecondsPerMonth / 1_000_000m * million
            : 0;
        return new ServerBill(
            price.Name,
            price.InstanceMonth ?? 0,
            price.StorageGbMonth is { } storage ? (price.StorageGb ?? use.Gigabytes) * storage : 0,
            provisioned + counted,
            price.BackupGbMonth is { } backup ? (price.BackupGb ?? use.Gigabytes) * backup : 0
        );
    }
}
