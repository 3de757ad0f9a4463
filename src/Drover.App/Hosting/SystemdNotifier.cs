// Tells systemd how the process does, over the socket that it names in NOTIFY_SOCKET.
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Drover.Telemetry;
using Microsoft.Extensions.Logging;

namespace Drover.App.Hosting;

/// <summary>
/// The protocol of sd_notify, see https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html. Without
/// NOTIFY_SOCKET every call does nothing. A failure is logged once and otherwise ignored.
/// </summary>
internal sealed class SystemdNotifier
{
    private const long MicrosecondsPerSecond = 1_000_000;

    private readonly string? _path;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private bool _failed;

    /// <summary>Reads the environment.</summary>
    /// <param name="environment">Looks up a variable.</param>
    /// <param name="processId">Ours; WATCHDOG_PID can mean another.</param>
    /// <param name="time">
    /// The clock; RELOADING needs CLOCK_MONOTONIC, which the system's timestamps are on Linux.
    /// </param>
    /// <param name="logger">Topic lifecycle.</param>
    public SystemdNotifier(Func<string, string?> environment, int processId, TimeProvider time, ILogger logger)
    {
        _time = time;
        _logger = logger;
        string? path = environment("NOTIFY_SOCKET");
        _path = string.IsNullOrEmpty(path) || path[0] is not ('/' or '@') ? null : path;
        WatchdogInterval = ReadWatchdog(environment, processId);
    }

    /// <summary>How often systemd wants a sign of life (WATCHDOG_USEC); null: never.</summary>
    public TimeSpan? WatchdogInterval { get; }

    /// <summary>Listening: start-up, or a reload, is over.</summary>
    public void Ready(string status) => Send($"READY=1\nSTATUS={status}");

    /// <summary>A reload has begun; <see cref="Ready"/> ends it.</summary>
    public void Reloading() =>
        Send(string.Create(CultureInfo.InvariantCulture, $"RELOADING=1\nMONOTONIC_USEC={MonotonicMicroseconds()}"));

    /// <summary>Shutdown has begun.</summary>
    public void Stopping() => Send("STOPPING=1");

    /// <summary>One line for <c>systemctl status</c>.</summary>
    public void Status(string status) => Send("STATUS=" + status.ReplaceLineEndings(" "));

    /// <summary>
    /// Sends a sign of life at half the interval, as systemd advises, for as long as <paramref name="isAlive"/> says
    /// so.
    /// </summary>
    public async Task WatchAsync(Func<bool> isAlive, CancellationToken cancellation)
    {
        if (_path is null || WatchdogInterval is not TimeSpan interval)
        {
            return;
        }
        using PeriodicTimer timer = new(interval / 2, _time);
        try
        {
            do
            {
                if (isAlive())
                {
                    Send("WATCHDOG=1");
                }
            } while (await timer.WaitForNextTickAsync(cancellation).ConfigureAwait(false));
        }
        catch (OperationCanceledException)
        {
            // The process ends.
        }
    }

    private long MonotonicMicroseconds() =>
        (long)((Int128)_time.GetTimestamp() * MicrosecondsPerSecond / _time.TimestampFrequency);

    private static TimeSpan? ReadWatchdog(Func<string, string?> environment, int processId)
    {
        string? pid = environment("WATCHDOG_PID");
        bool forUs =
            string.IsNullOrEmpty(pid)
            || (
                int.TryParse(pid, NumberStyles.None, CultureInfo.InvariantCulture, out int named) && named == processId
            );
        bool isSet =
            long.TryParse(
                environment("WATCHDOG_USEC"),
                NumberStyles.None,
                CultureInfo.InvariantCulture,
                out long microseconds
            )
            && microseconds > 0;
        return forUs && isSet ? TimeSpan.FromMicroseconds(microseconds) : null;
    }

    private void Send(string message)
    {
        if (_path is null)
        {
            return;
        }
        try
        {
            // A name that begins with @ is in the abstract namespace, which the kernel spells with a zero byte.
            string name = _path[0] == '@' ? "\0" + _path[1..] : _path;
            using Socket socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
            socket.SendTo(Encoding.UTF8.GetBytes(message), new UnixDomainSocketEndPoint(name));
        }
        catch (Exception failure) when (failure is SocketException or ArgumentException)
        {
            if (!_failed)
            {
                _failed = true;
                LogLifecycle.NotifyFailed(_logger, failure.Message);
            }
        }
    }
}
