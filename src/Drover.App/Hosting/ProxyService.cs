// The life of `drover serve`: everything that runs is put together here, started in order, and taken down again.
using System.Net;
using System.Net.Sockets;
using Drover.App.Console;
using Drover.App.Dashboard;
using Drover.Configuration;
using Drover.History;
using Drover.Proxy;
using Drover.Telemetry;
using Drover.Telemetry.ControlPlane;
using Drover.Topology;
using Microsoft.Extensions.Logging;

namespace Drover.App.Hosting;

/// <summary>
/// One run: 1. data plane and console, 2. sockets, 3. metrics, 4. signals, 5. systemd is told, 6. wait for a shutdown.
/// </summary>
internal sealed class ProxyService : IProxyHost, IAsyncDisposable
{
    private static readonly TimeSpan LoopSilenceMax = TimeSpan.FromSeconds(5);

    private readonly ServeOptions _serve;
    private readonly DroverOptions _options;
    private readonly LogSetup _logs;
    private readonly ILogger _log;
    private readonly TimeProvider _time;
    private readonly SystemdNotifier _systemd;
    private readonly DataPlane _plane;
    private readonly ProxyAdministration _administration;
    private readonly ServerMonitor _monitor;
    private readonly CancellationTokenSource _background = new();
    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private MetricsServer? _metrics;
    private OtlpExport? _export;
    private DashboardServer? _dashboard;

    /// <summary>Puts it together; nothing runs yet.</summary>
    public ProxyService(ServeOptions serve, DroverOptions options, TlsSetup tls, LogSetup logs, TimeProvider time)
    {
        _serve = serve;
        _options = options;
        _logs = logs;
        _time = time;
        _log = logs.Loggers.CreateLogger("drover");
        _systemd = new SystemdNotifier(Environment.GetEnvironmentVariable, Environment.ProcessId, time, _log);
        _plane = new DataPlane(options, tls, time, _log);
        _administration = new ProxyAdministration(_plane, this, _log);
        _monitor = new ServerMonitor(options, new HistoryLimits(), time, logs.Loggers.CreateLogger("monitor"));
        _plane.Directory.SampleInto(_monitor.SamplesOf);
        _plane.Services.Consoles = new ConsoleFactory(_administration, logs.Loggers);
    }

    /// <summary>Serves until a shutdown is complete. The exit code: 1 when it could not listen.</summary>
    public async Task<int> RunAsync()
    {
        _plane.Start();
        if (!TryListen())
        {
            return 1;
        }
        CheckOpenFiles();
        await StartExportsAsync();
        if (!await TryStartDashboardAsync())
        {
            return 1;
        }
        using SignalCommands signals = new(
            _administration,
            () => _administration.ReloadAsync(CancellationToken.None),
            _logs.Loggers.CreateLogger("console")
        );
        signals.Listen();
        _administration.Serving();
        LogLifecycle.Up(_log, _administration.Version, Environment.ProcessId, _plane.Loops.Count);
        _systemd.Ready("serving");
        Task watchdog = _systemd.WatchAsync(AreLoopsAlive, _background.Token);
        StatisticsLoop statistics = new(
            _administration,
            () => _plane.Directory.Options.Proxy,
            _systemd,
            _time,
            _logs.Loggers.CreateLogger("pool")
        );
        Task averages = statistics.RunAsync(_background.Token);
        MaintenanceLoop maintenance = new(_options.Proxy.Maintenance, _time, _logs.Loggers.CreateLogger("maintenance"));
        Task partitions = maintenance.RunAsync(_background.Token);
        RunJournalLoop journal = new(_options.Proxy.Maintenance, _time, _logs.Loggers.CreateLogger("operations"));
        Task operations = journal.RunAsync(_background.Token);
        TopologyLoop topology = new(_options, _plane.Services.Sharded, _time, _logs.Loggers.CreateLogger("topology"));
        Task maps = topology.RunAsync(_background.Token);
        Task measuring = _monitor.RunAsync(_background.Token);
        ViewLoop refreshes = new(_options.Proxy.Maintenance, _time, _logs.Loggers.CreateLogger("views"));
        Task views = refreshes.RunAsync(_background.Token);
        await _stopped.Task;
        await _background.CancelAsync();
        await Task.WhenAll(watchdog, averages, partitions, operations, maps, measuring, views);
        LogLifecycle.Down(_log);
        return 0;
    }

    /// <inheritdoc/>
    public Task<ConfigurationResult> LoadAsync(DroverOptions running, CancellationToken cancellation) =>
        _serve.LoadAsync(running, cancellation);

    /// <inheritdoc/>
    public void Reloading() => _systemd.Reloading();

    /// <inheritdoc/>
    public void Reloaded() => _systemd.Ready("serving");

    /// <inheritdoc/>
    public void Applied(DroverOptions options)
    {
        _logs.Apply(_serve.Log(options.Proxy.Log));
        CheckOpenFiles();
    }

    /// <inheritdoc/>
    public void Draining() => _systemd.Stopping();

    /// <inheritdoc/>
    public void Stopped() => _stopped.TrySetResult();

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_metrics is not null)
        {
            await _metrics.DisposeAsync();
        }
        if (_dashboard is not null)
        {
            await _dashboard.DisposeAsync();
        }
        _export?.Dispose();
        await _monitor.DisposeAsync();
        _plane.Dispose();
        _administration.Dispose();
        _background.Dispose();
    }

    /// <summary>
    /// Sockets that systemd has opened take the place of listen_addr and unix_socket_dir, as in PgBouncer.
    /// </summary>
    private bool TryListen()
    {
        IReadOnlyList<ActivatedSocket> given = SocketActivation.Take();
        try
        {
            if (given.Count == 0)
            {
                _plane.Listen();
                return true;
            }
            foreach (ActivatedSocket socket in given)
            {
                _plane.Listen(new Socket(new SafeSocketHandle(socket.FileDescriptor, ownsHandle: true)), true);
            }
            return true;
        }
        catch (Exception failure) when (failure is IOException or SocketException or ArgumentException)
        {
            LogLifecycle.CannotListen(_log, failure.Message);
            return false;
        }
    }

    private void CheckOpenFiles()
    {
        long limit = OpenFileLimit.Raise();
        long needed = OpenFileLimit.Needed(_plane.Directory.Options);
        if (limit < needed)
        {
            LogLifecycle.FewDescriptors(_log, limit, needed);
        }
    }

    private async Task StartExportsAsync()
    {
        AdminOptions admin = _options.Proxy.Admin;
        if (admin.MetricsListen.Length > 0)
        {
            try
            {
                _metrics = await MetricsServer.StartAsync(
                    EndpointOf(admin.MetricsListen),
                    _administration,
                    _logs.Loggers,
                    _background.Token
                );
                LogLifecycle.MetricsListening(_log, admin.MetricsListen);
            }
            catch (Exception failure) when (failure is IOException or SocketException)
            {
                LogLifecycle.MetricsFailed(_log, admin.MetricsListen, failure.Message);
            }
        }
        if (admin.OtlpEndpoint.Length > 0)
        {
            _export = new OtlpExport(new Uri(admin.OtlpEndpoint), _administration, _time, _administration.Version);
        }
    }

    /// <summary>False: the page may not be served as it is configured.</summary>
    private async Task<bool> TryStartDashboardAsync()
    {
        WebOptions web = _options.Proxy.Web;
        if (web.WebListen.Length == 0)
        {
            return true;
        }
        ILogger log = _logs.Loggers.CreateLogger("web");
        DashboardSources sources = new(
            _administration,
            Maps,
            new JournalReader(_options.Proxy.Maintenance.MaintenanceDatabases, _time),
            _monitor
        )
        {
            Options = () => _plane.Directory.Options,
        };
        if (!DashboardParts.TryCreate(web, sources, _time, _logs.Loggers, out var parts, out string? why))
        {
            LogWeb.Refused(log, why);
            return false;
        }
        try
        {
            _dashboard = await DashboardServer.StartAsync(parts, _logs.Loggers, _background.Token);
            LogWeb.Listening(log, _dashboard.Address.ToString());
        }
        catch (Exception failure) when (failure is IOException or SocketException)
        {
            // Kestrel's message ends with the system's; the address is named already.
            string reason = (failure.GetBaseException().Message).TrimEnd('.');
            if (!_options.Proxy.Listen.SoReuseport)
            {
                LogWeb.CannotListen(log, web.WebListen, reason);
                return false;
            }
            LogWeb.Failed(log, web.WebListen, reason);
        }
        return true;

        IReadOnlyList<(string, TopologySnapshot?)> Maps() =>
            [.. _plane.Services.Sharded.Select(static one => (one.Key, one.Value.Map))];
    }

    /// <summary>A loop that hangs looks at no clock any more; an idle one still does every second.</summary>
    private bool AreLoopsAlive()
    {
        long nowMs = _time.GetTimestamp() * 1000 / _time.TimestampFrequency;
        return _plane.Loops.All(loop => nowMs - loop.NowMs < (long)LoopSilenceMax.TotalMilliseconds);
    }

    private static IPEndPoint EndpointOf(string text)
    {
        int colon = text.LastIndexOf(':');
        int port = int.Parse(text.AsSpan(colon + 1), System.Globalization.CultureInfo.InvariantCulture);
        return text[..colon] switch
        {
            "" or "*" => new IPEndPoint(IPAddress.Any, port),
            "localhost" => new IPEndPoint(IPAddress.Loopback, port),
            string address => new IPEndPoint(IPAddress.Parse(address.Trim('[', ']')), port),
        };
    }
}
