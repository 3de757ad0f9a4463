// Every bound of the transport, each with its reason.
namespace Drover.Transport;

internal static class TransportLimits
{
    /// <summary>
    /// Receive buffer shared by a loop's connections. 64 KiB: a large result moves in few calls; there are two per
    /// loop.
    /// </summary>
    public const int ScratchBytes = 64 * 1024;

    /// <summary>
    /// Bytes assembled for one side in one turn: a full inbox, rewritten, plus statements made again.
    /// </summary>
    public const int AssemblyBytesMax = 64 * 1024 * 1024;

    /// <summary>Events taken from the kernel at once.</summary>
    public const int EventsPerPoll = 256;

    /// <summary>Posted callbacks run before the sockets are looked at again.</summary>
    public const int PostedPerTurn = 256;

    /// <summary>
    /// Clients accepted before the sockets are looked at again: a storm of logins must not starve the queries.
    /// </summary>
    public const int AcceptsPerTurn = 64;

    /// <summary>Pause after the descriptors ran out, before accept is tried again.</summary>
    public static readonly TimeSpan AcceptRetry = TimeSpan.FromMilliseconds(200);

    /// <summary>Plain bytes in one TLS record (RFC 8446, 5.1): what one send hands to the TLS layer.</summary>
    public const int TlsRecordBytes = 16 * 1024;
}
