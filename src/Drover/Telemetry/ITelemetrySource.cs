// What metrics and SHOW read from the running proxy; never blocks a data path.
using Drover.Telemetry.Statements;

namespace Drover.Telemetry;

/// <summary>
/// Reads the proxy's state from any thread. Each call makes a fresh copy; two calls may differ by what happened
/// between.
/// </summary>
internal interface ITelemetrySource
{
    /// <summary>Where the process is in its life.</summary>
    LifecycleStage Stage { get; }

    /// <summary>Whether traffic flows.</summary>
    ProxyState State { get; }

    /// <summary>The counters of every pool, summed over the event loops.</summary>
    IReadOnlyList<PoolTraffic> Traffic();

    /// <summary>Every pool.</summary>
    IReadOnlyList<PoolSnapshot> Pools();

    /// <summary>Every database entry, those made from <c>*</c> included; without the console's own.</summary>
    IReadOnlyList<DatabaseSnapshot> Databases();

    /// <summary>Statements of sharded databases by tier.</summary>
    IReadOnlyList<TierTraffic> Tiers();

    /// <summary>Logins refused before it was known which pool they were for.</summary>
    long LoginsRefused { get; }
}
