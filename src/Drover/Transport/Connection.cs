// A non-blocking byte stream that belongs to one event loop. Nothing here waits: the owner tries, and is told through
// its observer when trying again makes sense.
using System.Net;

namespace Drover.Transport;

/// <summary>
/// A stream socket, bare or under TLS. All members are for the loop's own thread; <see cref="Loop"/> changes only while
/// nobody waits on the connection.
/// </summary>
internal abstract class Connection : IDisposable
{
    /// <summary>Nothing can be moved now; the observer will be told.</summary>
    public const int WouldBlock = -1;

    /// <summary>The stream is broken; <see cref="Failure"/> says how.</summary>
    public const int Broken = -2;

    /// <summary>The loop on whose thread this connection is used.</summary>
    public EventLoop Loop { get; protected set; } = null!;

    /// <summary>Who is told of readiness; null while nobody cares.</summary>
    public IReadinessObserver? Observer { get; set; }

    /// <summary>Whether a receive may find something; false means that trying is wasted.</summary>
    public abstract bool IsReadable { get; }

    /// <summary>Why the stream broke, for the log; null while it is whole.</summary>
    public string? Failure { get; protected set; }

    /// <summary>The other end; null for a Unix socket.</summary>
    public IPEndPoint? RemoteEndPoint { get; init; }

    /// <summary>This end; null for a Unix socket.</summary>
    public IPEndPoint? LocalEndPoint { get; init; }

    /// <summary>The Unix socket's path; null for TCP.</summary>
    public string? UnixPath { get; init; }

    /// <summary>The descriptor, for SHOW FDS and peer credentials; -1 where there is none.</summary>
    public abstract int Descriptor { get; }

    /// <summary>
    /// Moves what has arrived into the buffer: bytes, 0 at the end of the stream, or a negative constant.
    /// </summary>
    public abstract int Receive(Span<byte> buffer);

    /// <summary>Hands bytes to the kernel: how many were taken, or a negative constant.</summary>
    public abstract int Send(ReadOnlySpan<byte> buffer);

    /// <summary>
    /// Takes the connection off its loop, for <paramref name="next"/> to attach. What is posted for it from now on goes
    /// to that loop.
    /// </summary>
    public abstract void Detach(EventLoop next);

    /// <summary>Puts a detached connection on a loop; runs on that loop's thread.</summary>
    public abstract void Attach(EventLoop loop);

    /// <summary>Closes the socket at once. Bytes already sent are still delivered by the kernel.</summary>
    public abstract void Dispose();
}
