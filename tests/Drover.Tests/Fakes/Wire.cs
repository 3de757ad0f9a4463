// The socket of a fake peer: whole messages in and out, and every rude way to end.
using System.Buffers.Binary;
using System.Net.Sockets;
using Drover.Protocol.Framing;

namespace Drover.Tests.Fakes;

/// <summary>Blocking nobody: every read has a limit, after which the test fails.</summary>
internal sealed class Wire(Socket socket) : IDisposable
{
    /// <summary>Longer than anything that is right takes, on a busy machine too.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(15);

    private readonly NetworkStream _stream = new(socket, ownsSocket: true);
    private readonly byte[] _buffer = new byte[32 * 1024];
    private int _start;
    private int _end;

    public Socket Socket => socket;

    public async Task SendAsync(Action<MessageWriter> write)
    {
        using MessageWriter writer = new(16 * 1024 * 1024);
        write(writer);
        await SendRawAsync(writer.Memory);
    }

    public async Task SendRawAsync(ReadOnlyMemory<byte> bytes)
    {
        using CancellationTokenSource limit = new(Limit);
        await _stream.WriteAsync(bytes, limit.Token);
    }

    /// <summary>The next message; null at the end of the stream, a reset among the ends.</summary>
    public async Task<Frame?> ReadAsync(bool isTyped = true)
    {
        int prefix = isTyped ? 1 : 0;
        byte[]? header = await ReadBytesAsync(prefix + sizeof(int));
        if (header is null)
        {
            return null;
        }
        int length = BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(prefix)) - sizeof(int);
        Assert.InRange(length, 0, 64 * 1024 * 1024);
        byte[]? body = length == 0 ? [] : await ReadBytesAsync(length);
        return body is null ? null : new Frame(isTyped ? (char)header[0] : Frame.Untyped, body);
    }

    /// <summary>So many bytes; null when the stream ends before.</summary>
    public async Task<byte[]?> ReadBytesAsync(int count)
    {
        byte[] bytes = new byte[count];
        for (int have = 0; have < count; )
        {
            if (_start == _end && !await FillAsync())
            {
                return null;
            }
            int taken = Math.Min(count - have, _end - _start);
            _buffer.AsSpan(_start, taken).CopyTo(bytes.AsSpan(have));
            _start += taken;
            have += taken;
        }
        return bytes;
    }

    /// <summary>Whether nothing comes for a while.</summary>
    public async Task<bool> IsSilentAsync(TimeSpan time)
    {
        if (_start < _end)
        {
            return false;
        }
        await Task.Delay(time);
        return !socket.Poll(0, SelectMode.SelectRead);
    }

    /// <summary>Ends the connection with a reset.</summary>
    public void Abort()
    {
        try
        {
            socket.LingerState = new LingerOption(true, 0);
        }
        catch (Exception e) when (e is ObjectDisposedException or SocketException)
        {
            // It is closed already.
        }
        _stream.Dispose();
    }

    public void Dispose() => _stream.Dispose();

    private async Task<bool> FillAsync()
    {
        using CancellationTokenSource limit = new(Limit);
        try
        {
            _start = 0;
            _end = 0;
            _end = await _stream.ReadAsync(_buffer, limit.Token);
            return _end > 0;
        }
        catch (IOException)
        {
            return false;
        }
        catch (ObjectDisposedException)
        {
            return false;
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException("the peer said nothing for too long");
        }
    }
}
