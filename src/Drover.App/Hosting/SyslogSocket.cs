// The system's log, for those who set syslog = 1.
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging;

namespace Drover.App.Hosting;

/// <summary>
/// Sends messages to /dev/log in the form of RFC 3164 without time and host, as the C library does. Losing one is no
/// error.
/// </summary>
internal sealed class SyslogSocket : IDisposable
{
    /// <summary>Where the system's logger listens.</summary>
    public const string DefaultPath = "/dev/log";

    private const int DaemonFacility = 3;
    private const int FirstLocalFacility = 16;

    private static readonly string[] Facilities =
    [
        "kern",
        "user",
        "mail",
        "daemon",
        "auth",
        "syslog",
        "lpr",
        "news",
        "uucp",
        "cron",
        "authpriv",
        "ftp",
    ];

    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
    private readonly UnixDomainSocketEndPoint _logger;
    private readonly string _tag;
    private readonly int _facility;

    /// <summary>Prepares the socket.</summary>
    /// <param name="path">Where the logger listens.</param>
    /// <param name="ident">The program's name in the log.</param>
    /// <param name="facility">Such as <c>daemon</c> or <c>local0</c>; an unknown one counts as daemon.</param>
    /// <param name="processId">Ours.</param>
    public SyslogSocket(string path, string ident, string facility, int processId)
    {
        _logger = new UnixDomainSocketEndPoint(path);
        _tag = string.Create(CultureInfo.InvariantCulture, $"{ident}[{processId}]: ");
        _facility = FacilityOf(facility);
        _socket.Blocking = false;
    }

    /// <summary>Sends one message.</summary>
    /// <returns>False when it is lost.</returns>
    public bool TrySend(LogLevel level, string message)
    {
        int severity = level switch
        {
            LogLevel.Trace or LogLevel.Debug => 7,
            LogLevel.Information => 6,
            LogLevel.Warning => 4,
            LogLevel.Error => 3,
            _ => 2,
        };
        string priority = ((_facility * 8) + severity).ToString(CultureInfo.InvariantCulture);
        try
        {
            _socket.SendTo(Encoding.UTF8.GetBytes($"<{priority}>{_tag}{message}"), _logger);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();

    private static int FacilityOf(string name)
    {
        int index = Array.IndexOf(Facilities, name);
        if (index >= 0)
        {
            return index;
        }
        bool isLocal =
            name.Length == 6 && name.StartsWith("local", StringComparison.Ordinal) && name[5] is >= '0' and <= '7';
        return isLocal ? FirstLocalFacility + name[5] - '0' : DaemonFacility;
    }
}
