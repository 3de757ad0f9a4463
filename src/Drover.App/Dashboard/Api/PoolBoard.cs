// Pools, databases and connections as the JSON interface has them.
using Drover.Administration;
using Drover.Telemetry;

namespace Drover.App.Dashboard.Api;

/// <summary>Reads the running proxy.</summary>
internal static class PoolBoard
{
    private const double MicrosecondsPerMillisecond = 1000;

    /// <summary>Pools and databases.</summary>
    public static PoolsAnswer Read(IProxyAdministration proxy, LiveSnapshot live) =>
        new(
            [.. proxy.Pools().Select(pool => Describe(pool, live))],
            [
                .. proxy
                    .Databases()
                    .Select(static database => new DatabaseAnswer(
                        database.Name,
                        database.Host,
                        database.Port,
                        database.Database,
                        database.CurrentClientConnections,
                        database.MaxClientConnections,
                        database.CurrentConnections,
                        database.MaxConnections,
                        database.Paused,
                        database.Disabled
                    )),
            ]
        );

    /// <summary>Connections of one side, those who wait longest first, then those at work.</summary>
    public static ConnectionsAnswer Connections(IReadOnlyList<ConnectionSnapshot> connections, int limit) =>
        new(
            connections.Count,
            connections
                .GroupBy(WordOf)
                .OrderBy(static group => group.Key, StringComparer.Ordinal)
                .ToDictionary(static group => group.Key, static group => group.Count()),
            [
                .. connections
                    .OrderByDescending(static one => one.State == ConnectionState.Waiting ? one.WaitUs : -1)
                    .ThenByDescending(static one => one.LinkId is not null)
                    .ThenByDescending(static one => one.RequestTime)
                    .Take(limit)
                    .Select(Describe),
            ]
        );

    private static PoolAnswer Describe(PoolSnapshot pool, LiveSnapshot live)
    {
        TrafficRates rates = live.Pools.GetValueOrDefault((pool.Database, pool.User), TrafficRates.None);
        TrafficCounters? counters = live.Traffic.Pools.GetValueOrDefault((pool.Database, pool.User));
        return new PoolAnswer(
            pool.Database,
            pool.User,
            pool.PoolMode,
            pool.PoolSize,
            pool.ClientsActive,
            pool.ClientsWaiting,
            pool.ClientsPinned,
            pool.ServersActive,
            pool.ServersIdle,
            pool.ServersUsed
                + pool.ServersTested
                + pool.ServersLogin
                + pool.ServersActiveCancel
                + pool.ServersBeingCanceled,
            pool.MaxWaitUs / MicrosecondsPerMillisecond,
            Math.Round(rates.Queries, 2),
            rates.QueryP99Ms,
            counters?.Queries ?? 0,
            counters is null ? 0 : TrafficRates.ErrorsOf(counters)
        );
    }

    private static ConnectionAnswer Describe(ConnectionSnapshot one) =>
        new(
            one.Id,
            one.User,
            one.Database,
            WordOf(one),
            one.Address,
            one.Port,
            one.ApplicationName,
            one.ConnectTime,
            one.RequestTime,
            one.WaitUs / MicrosecondsPerMillisecond,
            Pins(one.Pinned),
            one.Tls,
            one.PreparedStatements,
            one.LinkId
        );

    // A client that is linked to no server does nothing.
    private static string WordOf(ConnectionSnapshot one) =>
        one.State switch
        {
            ConnectionState.Active => one.LinkId is null ? "idle" : "active",
            ConnectionState.Idle => "idle",
            ConnectionState.Waiting => "waiting",
            ConnectionState.Login => "login",
            ConnectionState.Used => "used",
            ConnectionState.Tested => "tested",
            _ => "cancel",
        };

    private static string? Pins(PinReason pinned) =>
        pinned == PinReason.None
            ? null
            : string.Join(
                ", ",
                Enumerable
                    .Range(0, PinReasons.Count)
                    .Where(i => ((int)pinned & (1 << i)) != 0)
                    .Select(static i => PinReasons.Name(i).Replace('_', ' '))
            );
}
