// A wire between Drover and the server that can be cut at a message.
using System.Net;
using System.Net.Sockets;

namespace Drover.IntegrationTests.Operations;

/// <summary>What becomes of bytes that Drover sends.</summary>
internal enum WireVerdict
{
    /// <summary>They go on.</summary>
    Pass,

    /// <summary>They do not, and the wire is cut.</summary>
    CutBefore,

    /// <summary>They go on, and the wire is cut at once.</summary>
    CutBehind,

    /// <summary>They go on; their answer is awaited, so that they were heeded, and thrown away with the wire.</summary>
    CutAnswer,
}

/// <summary>
/// Forwards TCP both ways, and judges what goes to the server. When one side closes so does the other: who waits for an
/// answer must learn that the server is gone.
/// </summary>
internal abstract class WireRelay : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Func<int> _serverPort;
    private readonly Task _accepting;

    protected WireRelay(Func<int> serverPort)
    {
        _serverPort = serverPort;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>A wire was cut.</summary>
    public bool HasCut { get; private set; }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting;
        _stop.Dispose();
    }

    /// <summary>What becomes of these bytes.</summary>
    protected abstract WireVerdict Judge(ReadOnlySpan<byte> bytes, Wire wire);

    /// <summary>What goes to the server in the place of these bytes.</summary>
    protected virtual ReadOnlyMemory<byte> Rewrite(ReadOnlyMemory<byte> bytes) => bytes;

    /// <summary>A wire is being cut.</summary>
    protected virtual void OnCut() { }

    private async Task AcceptAsync()
    {
        List<Task> connections = [];
        try
        {
            while (true)
            {
                connections.Add(ForwardAsync(await _listener.AcceptTcpClientAsync(_stop.Token)));
            }
        }
        catch (Exception end) when (IsEnd(end))
        {
            await Task.WhenAll(connections);
        }
    }

    private async Task ForwardAsync(TcpClient client)
    {
        using TcpClient server = new();
        using (client)
        {
            try
            {
                await server.ConnectAsync(IPAddress.Loopback, _serverPort(), _stop.Token);
                client.NoDelay = server.NoDelay = true;
                Wire wire = new();
                Task back = PumpBackAsync(server.GetStream(), client.GetStream(), wire);
                Task forth = PumpForthAsync(client.GetStream(), server.GetStream(), wire);
                await Task.WhenAny(back, forth);
                server.Close();
                client.Close();
                await Task.WhenAll(back, forth);
            }
            catch (Exception end) when (IsEnd(end))
            {
                // Closed, or there was no server.
            }
        }
    }

    private async Task PumpForthAsync(NetworkStream from, NetworkStream to, Wire wire)
    {
        byte[] buffer = new byte[65536];
        for (int read; (read = await from.ReadAsync(buffer, _stop.Token)) > 0; )
        {
            WireVerdict verdict = Judge(buffer.AsSpan(0, read), wire);
            if (verdict == WireVerdict.CutBefore)
            {
                Cut();
                return;
            }
            wire.IsDoomed |= verdict == WireVerdict.CutAnswer;
            await to.WriteAsync(Rewrite(buffer.AsMemory(0, read)), _stop.Token);
            if (verdict == WireVerdict.CutBehind)
            {
                Cut();
                return;
            }
        }
    }

    private async Task PumpBackAsync(NetworkStream from, NetworkStream to, Wire wire)
    {
        byte[] buffer = new byte[65536];
        for (int read; (read = await from.ReadAsync(buffer, _stop.Token)) > 0; )
        {
            if (wire.IsDoomed)
            {
                Cut();
                return;
            }
            await to.WriteAsync(buffer.AsMemory(0, read), _stop.Token);
        }
    }

    private void Cut()
    {
        HasCut = true;
        OnCut();
    }

    private static bool IsEnd(Exception end) =>
        end is IOException or SocketException or OperationCanceledException or ObjectDisposedException;

    /// <summary>One connection.</summary>
    protected sealed class Wire
    {
        /// <summary>What the judge waits for on this connection has gone by.</summary>
        public bool IsArmed { get; set; }

        /// <summary>Its next answer is thrown away.</summary>
        public volatile bool IsDoomed;
    }
}
