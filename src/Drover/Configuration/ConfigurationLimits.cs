// The bounds of a configuration that are not a setting's own.
namespace Drover.Configuration;

/// <summary>Bounds, each with its reason.</summary>
internal static class ConfigurationLimits
{
    /// <summary>The largest peer_id: PgBouncer keeps 14 bits for it in a cancel key.</summary>
    public const int PeerIdMax = 16_383;

    /// <summary>Most shards of a database: the ids that each makes alone have room for so many.</summary>
    public const int ShardsMax = 1023;

    /// <summary>The shortest time between two samples: more often, measuring would cost more than it tells.</summary>
    public static TimeSpan MonitorIntervalMin { get; } = TimeSpan.FromSeconds(1);

    /// <summary>The longest path of a Unix socket: sockaddr_un holds 108 bytes with the final zero.</summary>
    public const int UnixSocketPathMax = 107;
}
