// Ends a statistics period every stats_period, and tells the log and systemd how it was.
using System.Globalization;
using Drover.Administration;
using Drover.Configuration;
using Drover.Telemetry;
using Microsoft.Extensions.Logging;

namespace Drover.App.Hosting;

/// <summary>Drives the averages of SHOW STATS.</summary>
internal sealed class StatisticsLoop
{
    private readonly IProxyAdministration _proxy;
    private readonly Func<ProxyOptions> _options;
    private readonly SystemdNotifier _systemd;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;

    /// <summary>Prepares the loop.</summary>
    /// <param name="proxy">Has the statistics.</param>
    /// <param name="options">The settings in force; asked each period, since RELOAD and SET change them.</param>
    /// <param name="systemd">Gets a status line.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Topic pool.</param>
    public StatisticsLoop(
        IProxyAdministration proxy,
        Func<ProxyOptions> options,
        SystemdNotifier systemd,
        TimeProvider time,
        ILogger logger
    )
    {
        _proxy = proxy;
        _options = options;
        _systemd = systemd;
        _time = time;
        _logger = logger;
    }

    /// <summary>Runs until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        try
        {
            while (true)
            {
                await Task.Delay(_options().Admin.StatsPeriod, _time, cancellation).ConfigureAwait(false);
                TrafficAverages averages = _proxy.Statistics.Tick();
                if (_options().Log.LogStats)
                {
                    LogPool.Stats(_logger, averages);
                }
                _systemd.Status(Describe(averages));
            }
        }
        catch (OperationCanceledException)
        {
            // The process ends.
        }
    }

    private static string Describe(TrafficAverages averages) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"stats: {averages.Transactions} xacts/s, {averages.Queries} queries/s, wait {averages.WaitTimeUs} us"
        );
}
