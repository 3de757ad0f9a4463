// A wire between Drover and the server that breaks at a COMMIT: when it is done and before anybody hears of it.
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Drover.IntegrationTests.Operations;

/// <summary>
/// Forwards TCP both ways. The n-th COMMIT is forwarded; its answer is awaited, so that it happened, and thrown away
/// with the connection.
/// </summary>
internal sealed class CommitCutter : IAsyncDisposable
{
    private static readonly byte[] s_commit = [(byte)'Q', 0, 0, 0, 11, .. Encoding.ASCII.GetBytes("COMMIT\0")];

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly int _serverPort;
    private readonly Task _accepting;
    private int _commitsLeft;

    public CommitCutter(int serverPort, int commit)
    {
        _serverPort = serverPort;
        _commitsLeft = commit;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>The answer was cut off.</summary>
    public bool HasCut { get; private set; }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting;
        _stop.Dispose();
    }

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
        catch (Exception end) when (end is OperationCanceledException or SocketException or ObjectDisposedException)
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
                await server.ConnectAsync(IPAddress.Loopback, _serverPort, _stop.Token);
                Wire wire = new();
                Task back = PumpBackAsync(server.GetStream(), client.GetStream(), wire);
                await PumpForthAsync(client.GetStream(), server.GetStream(), wire);
                server.Close();
                await back;
            }
            catch (Exception end)
                when (end is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
            {
                // One side has closed; so does the other.
            }
        }
    }

    private async Task PumpForthAsync(NetworkStream from, NetworkStream to, Wire wire)
    {
        byte[] buffer = new byte[65536];
        for (int read; (read = await from.ReadAsync(buffer, _stop.Token)) > 0; )
        {
            if (buffer.AsSpan(0, read).IndexOf(s_commit) >= 0 && Interlocked.Decrement(ref _commitsLeft) == 0)
            {
                wire.IsDoomed = true;
            }
            await to.WriteAsync(buffer.AsMemory(0, read), _stop.Token);
        }
    }

    private async Task PumpBackAsync(NetworkStream from, NetworkStream to, Wire wire)
    {
        byte[] buffer = new byte[65536];
        for (int read; (read = await from.ReadAsync(buffer, _stop.Token)) > 0; )
        {
            if (wire.IsDoomed)
            {
                HasCut = true;
                to.Close();
                return;
            }
            await to.WriteAsync(buffer.AsMemory(0, read), _stop.Token);
        }
    }

    private sealed class Wire
    {
        public volatile bool IsDoomed;
    }
}
