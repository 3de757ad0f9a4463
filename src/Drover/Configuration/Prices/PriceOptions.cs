// What a configuration says about what servers cost.
namespace Drover.Configuration.Prices;

/// <summary>The section [prices].</summary>
internal sealed record PriceOptions
{
    /// <summary>The currency's name, as it is shown; nothing is converted.</summary>
    public string Currency { get; init; } = "USD";
}

/// <summary>What a server costs: [prices.servers.NAME]. Null: it is not paid for.</summary>
internal sealed record ServerPriceOptions
{
    /// <summary>A server of [monitor.servers] or [databases].</summary>
    public required string Name { get; init; }

    /// <summary>The machine, a month.</summary>
    public decimal? InstanceMonth { get; init; }

    /// <summary>Storage, per GB (10^9 bytes) and month.</summary>
    public decimal? StorageGbMonth { get; init; }

    /// <summary>GB of storage that are paid for; null: what the databases use.</summary>
    public decimal? StorageGb { get; init; }

    /// <summary>Each of <see cref="Iops"/>, a month.</summary>
    public decimal? IopsMonth { get; init; }

    /// <summary>I/O operations a second that are paid for, used or not.</summary>
    public decimal? Iops { get; init; }

    /// <summary>A million I/O operations.</summary>
    public decimal? IoMillion { get; init; }

    /// <summary>Backups, per GB and month.</summary>
    public decimal? BackupGbMonth { get; init; }

    /// <summary>GB of backups; null: as many as the databases use.</summary>
    public decimal? BackupGb { get; init; }
}
