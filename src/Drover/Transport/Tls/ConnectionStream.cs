// A Stream over a connection, for SslStream: it completes on the connection's loop, inline, so TLS stays on one thread.
using System.Threading.Tasks.Sources;

namespace Drover.Transport.Tls;

internal sealed class ConnectionStream(Connection connection, ReadOnlyMemory<byte> alreadyReceived)
    : Stream,
        IValueTaskSource<int>,
        IValueTaskSource
{
    private readonly Outbox _outbox = new();
    private ManualResetValueTaskSourceCore<int> _read;
    private ManualResetValueTaskSourceCore<int> _write;
    private ReadOnlyMemory<byte> _prefix = alreadyReceived;
    private Memory<byte> _readInto;
    private bool _readPending;
    private bool _writePending;
    private bool _isAbandoned;

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (TryRead(buffer, out int count))
        {
            return ValueTask.FromResult(count);
        }
        _read.Reset();
        _readInto = buffer;
        _readPending = true;
        return new ValueTask<int>(this, _read.Version);
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_isAbandoned || !_outbox.Send(connection, buffer.Span))
        {
            return ValueTask.FromException(Lost());
        }
        if (_outbox.Pending == 0)
        {
            return ValueTask.CompletedTask;
        }
        _write.Reset();
        _writePending = true;
        return new ValueTask(this, _write.Version);
    }

    /// <summary>The connection may have become readable or writable: carries on with what was pending.</summary>
    public void OnReady() => RunInline(static stream => stream.CarryOn());

    /// <summary>
    /// Runs what completes reads and writes so that SslStream carries on within, on this thread. Under the loop's
    /// synchronization context the runtime would send its continuations to the thread pool instead, and with them
    /// whoever waits for SslStream: two threads on one session, and on one scratch buffer.
    /// </summary>
    private void RunInline(Action<ConnectionStream> action)
    {
        SynchronizationContext? context = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null);
        try
        {
            action(this);
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(context);
        }
    }

    private void CarryOn()
    {
        if (_writePending)
        {
            bool whole = _outbox.Flush(connection);
            if (!whole)
            {
                _writePending = false;
                _write.SetException(Lost());
            }
            else if (_outbox.Pending == 0)
            {
                _writePending = false;
                _write.SetResult(0);
            }
        }
        if (_readPending)
        {
            int count;
            try
            {
                if (!TryRead(_readInto, out count))
                {
                    return;
                }
            }
            catch (IOException lost)
            {
                _readPending = false;
                _read.SetException(lost);
                return;
            }
            _readPending = false;
            _readInto = default;
            _read.SetResult(count);
        }
    }

    /// <summary>Fails whatever is pending and whatever comes, so that no awaiter is left behind.</summary>
    public void Abandon() => RunInline(static stream => stream.FailAll());

    private void FailAll()
    {
        _isAbandoned = true;
        _outbox.Clear();
        if (_readPending)
        {
            _readPending = false;
            _read.SetException(Lost());
        }
        if (_writePending)
        {
            _writePending = false;
            _write.SetException(Lost());
        }
    }

    public override void Flush() { }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    int IValueTaskSource<int>.GetResult(short token) => _read.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<int>.GetStatus(short token) => _read.GetStatus(token);

    void IValueTaskSource<int>.OnCompleted(
        Action<object?> continuation,
        object? state,
        short token,
        ValueTaskSourceOnCompletedFlags flags
    ) => _read.OnCompleted(continuation, state, token, flags);

    void IValueTaskSource.GetResult(short token) => _write.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _write.GetStatus(token);

    void IValueTaskSource.OnCompleted(
        Action<object?> continuation,
        object? state,
        short token,
        ValueTaskSourceOnCompletedFlags flags
    ) => _write.OnCompleted(continuation, state, token, flags);

    private bool TryRead(Memory<byte> buffer, out int count)
    {
        if (_isAbandoned)
        {
            throw Lost();
        }
        if (_prefix.Length > 0)
        {
            count = Math.Min(_prefix.Length, buffer.Length);
            _prefix.Span[..count].CopyTo(buffer.Span);
            _prefix = _prefix[count..];
            return true;
        }
        if (buffer.Length == 0)
        {
            // A zero-byte read asks only whether there is something: the buffer is rented once there is.
            count = 0;
            return connection.IsReadable;
        }
        count = connection.Receive(buffer.Span);
        if (count == Connection.Broken)
        {
            throw Lost();
        }
        return count != Connection.WouldBlock;
    }

    private IOException Lost() => new(connection.Failure ?? "connection closed");
}
