// One attempt to log in to a server: where, and with TLS or without.
using System.Net;
using Drover.Transport;

namespace Drover.Pooling.Servers;

/// <summary>One way of reaching a server, and what became of it.</summary>
internal sealed record LoginAttempt(ServerPool Pool, EventLoop Loop, string Host, EndPoint Target)
{
    public required ServerTls Tls { get; init; }

    public required TlsAttempt Way { get; init; }

    /// <summary>TLS was in use, or being set up, when it failed.</summary>
    public bool IsSecured { get; set; }
}
