// TLS over a connection, by the runtime's SslStream, behind the same non-blocking face.
using System.Buffers;
using System.Diagnostics;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace Drover.Transport.Tls;

/// <summary>
/// A connection under TLS. An idle one holds no buffer: SslStream is asked with a zero-byte read first. What is sent is
/// copied, one TLS record at a time, because SslStream may need it after the caller's buffer is used again.
/// </summary>
internal sealed class TlsConnection : Connection, IReadinessObserver
{
    private readonly Connection _bare;
    private readonly ConnectionStream _stream;
    private readonly SslStream _tls;
    private readonly byte[] _record = new byte[TransportLimits.TlsRecordBytes];
    private byte[]? _plain;
    private int _plainStart;
    private int _plainEnd;
    private bool _readPending;
    private bool _writePending;
    private bool _ended;
    private bool _closed;
    private bool _hasNews;

    private TlsConnection(Connection bare, ReadOnlyMemory<byte> alreadyReceived)
    {
        _bare = bare;
        Loop = bare.Loop;
        RemoteEndPoint = bare.RemoteEndPoint;
        LocalEndPoint = bare.LocalEndPoint;
        UnixPath = bare.UnixPath;
        _stream = new ConnectionStream(bare, alreadyReceived);
        _tls = new SslStream(_stream, leaveInnerStreamOpen: true);
        bare.Observer = this;
    }

    public override bool IsReadable => _plainEnd > _plainStart || !_readPending;

    public override int Descriptor => _bare.Descriptor;

    /// <summary>Protocol and cipher suite, as `SHOW CLIENTS` prints them.</summary>
    public string Description { get; private set; } = "";

    /// <summary>The peer's certificate, if it gave one.</summary>
    public X509Certificate2? PeerCertificate => _tls.RemoteCertificate as X509Certificate2;

    /// <summary>
    /// tls-server-end-point of the certificate that this handshake showed, for SCRAM-SHA-256-PLUS; empty when it has
    /// none. A reload may have put another certificate in force since.
    /// </summary>
    public byte[] BindingHash { get; set; } = [];

    /// <summary>Whether the peer asked for the protocol by ALPN.</summary>
    public bool HasApplicationProtocol => !_tls.NegotiatedApplicationProtocol.Protocol.IsEmpty;

    /// <summary>
    /// Performs the server's side of the handshake; throws <see cref="AuthenticationException"/> or IOException.
    /// </summary>
    public static async Task<TlsConnection> AcceptAsync(
        Connection bare,
        ReadOnlyMemory<byte> alreadyReceived,
        SslServerAuthenticationOptions options,
        CancellationToken cancellationToken
    )
    {
        TlsConnection connection = new(bare, alreadyReceived);
        await connection.ShakeHandsAsync(
            tls => tls.AuthenticateAsServerAsync(options, cancellationToken),
            cancellationToken
        );
        return connection;
    }

    /// <summary>
    /// Performs the client's side of the handshake; throws <see cref="AuthenticationException"/> or IOException.
    /// </summary>
    public static async Task<TlsConnection> ConnectAsync(
        Connection bare,
        SslClientAuthenticationOptions options,
        CancellationToken cancellationToken
    )
    {
        TlsConnection connection = new(bare, ReadOnlyMemory<byte>.Empty);
        await connection.ShakeHandsAsync(
            tls => tls.AuthenticateAsClientAsync(options, cancellationToken),
            cancellationToken
        );
        return connection;
    }

    /// <summary>
    /// A peer that says nothing is waited for until the token is cancelled; the wait then ends on the loop.
    /// </summary>
    private async Task ShakeHandsAsync(Func<SslStream, Task> shakeHands, CancellationToken cancellationToken)
    {
        using CancellationTokenRegistration registration = cancellationToken.UnsafeRegister(
            static state => ((TlsConnection)state!).Loop.Post(static c => ((TlsConnection)c!)._stream.Abandon(), state),
            this
        );
        try
        {
            await shakeHands(_tls);
            cancellationToken.ThrowIfCancellationRequested();
        }
        catch (Exception lost) when (lost is IOException or AuthenticationException or OperationCanceledException)
        {
            await _tls.DisposeAsync();
            cancellationToken.ThrowIfCancellationRequested();
            throw;
        }
        Description = Describe();
    }

    private string Describe()
    {
        string version = _tls.SslProtocol switch
        {
            SslProtocols.Tls12 => "TLSv1.2",
            SslProtocols.Tls13 => "TLSv1.3",
            SslProtocols other => other.ToString(),
        };
        return $"{version}/{_tls.NegotiatedCipherSuite}";
    }

    public override int Receive(Span<byte> buffer)
    {
        if (_plainEnd == _plainStart)
        {
            if (_readPending)
            {
                return WouldBlock;
            }
            if (Failure is not null)
            {
                return Broken;
            }
            if (_ended)
            {
                return 0;
            }
            ReadAhead();
        }
        int count = Math.Min(buffer.Length, _plainEnd - _plainStart);
        if (count == 0)
        {
            return _readPending ? WouldBlock
                : Failure is not null ? Broken
                : 0;
        }
        _plain.AsSpan(_plainStart, count).CopyTo(buffer);
        _plainStart += count;
        if (_plainStart == _plainEnd)
        {
            ReturnPlain();
        }
        return count;
    }

    public override int Send(ReadOnlySpan<byte> buffer)
    {
        if (_writePending)
        {
            return WouldBlock;
        }
        if (Failure is not null || _closed)
        {
            return Broken;
        }
        int count = Math.Min(buffer.Length, _record.Length);
        buffer[..count].CopyTo(_record);
        WriteBehind(count);
        return Failure is not null ? Broken : count;
    }

    /// <summary>
    /// Lets the stream carry on, and tells the observer afterwards: what it does must not run inside SslStream.
    /// </summary>
    public void OnReady(Connection connection)
    {
        _stream.OnReady();
        if (_hasNews)
        {
            _hasNews = false;
            Observer?.OnReady(this);
        }
    }

    public override void Detach(EventLoop next)
    {
        _bare.Detach(next);
        Loop = next;
    }

    public override void Attach(EventLoop loop)
    {
        Loop = loop;
        _bare.Attach(loop);
    }

    public override void Dispose()
    {
        if (_closed)
        {
            return;
        }
        _closed = true;
        Observer = null;
        _stream.Abandon();
        _tls.Dispose();
        _bare.Dispose();
        if (!_readPending)
        {
            ReturnPlain();
        }
    }

    private async void ReadAhead()
    {
        _readPending = true;
        bool waited = false;
        int count = 0;
        string? failure = null;
        try
        {
            ValueTask<int> some = _tls.ReadAsync(Memory<byte>.Empty);
            waited = !some.IsCompleted;
            await some.ConfigureAwait(false);
            _plain ??= ArrayPool<byte>.Shared.Rent(TransportLimits.TlsRecordBytes * 2);
            ValueTask<int> bytes = _tls.ReadAsync(_plain);
            waited |= !bytes.IsCompleted;
            count = await bytes.ConfigureAwait(false);
        }
        catch (Exception lost) when (lost is IOException or ObjectDisposedException or AuthenticationException)
        {
            failure = lost.Message;
        }
        Debug.Assert(Loop.IsCurrent, "SslStream carries on where its stream does: on the loop");
        _plainStart = 0;
        _plainEnd = count;
        _ended = count == 0 && failure is null;
        Failure ??= failure;
        _readPending = false;
        _hasNews |= waited;
    }

    private async void WriteBehind(int count)
    {
        _writePending = true;
        bool waited = false;
        try
        {
            ValueTask write = _tls.WriteAsync(_record.AsMemory(0, count));
            waited = !write.IsCompleted;
            await write.ConfigureAwait(false);
        }
        catch (Exception lost) when (lost is IOException or ObjectDisposedException)
        {
            Failure = lost.Message;
        }
        Debug.Assert(Loop.IsCurrent, "SslStream carries on where its stream does: on the loop");
        _writePending = false;
        _hasNews |= waited;
    }

    private void ReturnPlain()
    {
        if (_plain is not null)
        {
            ArrayPool<byte>.Shared.Return(_plain);
            _plain = null;
        }
        _plainStart = 0;
        _plainEnd = 0;
    }
}
