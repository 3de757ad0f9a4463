// Settings of prices.
using Drover.Configuration.Prices;

namespace Drover.Configuration.Settings;

/// <summary>[prices] and [prices.servers.NAME].</summary>
internal static class PriceSettings
{
    private static readonly SettingGroup<PriceOptions, PriceOptions> Whole = new(o => o, (_, g) => g);

    private static readonly SettingGroup<ServerPriceOptions, ServerPriceOptions> Server = new(o => o, (_, g) => g);

    /// <summary>Settings of all prices.</summary>
    public static Setting<PriceOptions>[] Prices { get; } =
    [
        Own(
            Whole.Text(
                "currency",
                g => g.Currency,
                (g, v) => g with { Currency = v },
                "Name of the currency of all prices, as it is shown; nothing is converted."
            )
        ),
    ];

    /// <summary>Settings of one server.</summary>
    public static Setting<ServerPriceOptions>[] Servers { get; } =
    [
        Own(
            Server.Amount(
                "instance_month",
                g => g.InstanceMonth,
                (g, v) => g with { InstanceMonth = v },
                "The machine, a month of 730.5 hours."
            )
        ),
        Own(
            Server.Amount(
                "storage_gb_month",
                g => g.StorageGbMonth,
                (g, v) => g with { StorageGbMonth = v },
                "Storage, per GB (10^9 bytes) and month."
            )
        ),
        Own(
            Server.Amount(
                "storage_gb",
                g => g.StorageGb,
                (g, v) => g with { StorageGb = v },
                "GB of storage that are paid for, used or not; when not set, what the databases use."
            )
        ),
        Own(
            Server.Amount(
                "iops_month",
                g => g.IopsMonth,
                (g, v) => g with { IopsMonth = v },
                "Each I/O operation a second that is paid for, a month; it needs iops."
            )
        ),
        Own(
            Server.Amount(
                "iops",
                g => g.Iops,
                (g, v) => g with { Iops = v },
                "I/O operations a second that are paid for, used or not."
            )
        ),
        Own(
            Server.Amount(
                "io_million",
                g => g.IoMillion,
                (g, v) => g with { IoMillion = v },
                "A million I/O operations, as many as are measured."
            )
        ),
        Own(
            Server.Amount(
                "backup_gb_month",
                g => g.BackupGbMonth,
                (g, v) => g with { BackupGbMonth = v },
                "Backups, per GB and month."
            )
        ),
        Own(
            Server.Amount(
                "backup_gb",
                g => g.BackupGb,
                (g, v) => g with { BackupGb = v },
                "GB of backups; when not set, as many as the databases use."
            )
        ),
    ];

    private static Setting<T> Own<T>(Setting<T> setting)
        where T : class => setting with { Origin = SettingOrigin.Drover };
}
