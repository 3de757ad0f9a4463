// A wire between the program and the server that kills the program at a chosen message: before it is sent, or once it
// is, or when the server has done it and nobody has heard of it.
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Drover.IntegrationTests.Partitioning.Stress;

/// <summary>When, relative to a message.</summary>
internal enum KillMoment
{
    /// <summary>The server never sees it.</summary>
    Before,

    /// <summary>It is on its way; whether the server does it is open.</summary>
    During,

    /// <summary>The server has done it; its answer is thrown away.</summary>
    After,
}

/// <summary>A message of the program.</summary>
/// <param name="Text">Bytes that are in it, such as those of a COMMIT.</param>
/// <param name="Moment">When to kill.</param>
/// <param name="Count">The how-manieth of such messages.</param>
/// <param name="Step">Only behind the first message on the same session that has this step as a parameter.</param>
internal sealed record KillPoint(string Text, KillMoment Moment, int Count = 1, string? Step = null)
{
    /// <summary>As Npgsql ends a transaction: a simple query of its own.</summary>
    public const string Commit = "COMMIT\0";

    /// <summary>In place of a step: the kind of the event in the transaction that writes a run down.</summary>
    public const string Planned = "planned";

    public override string ToString() => $"{Moment} {Text.TrimEnd('\0')} {Count}{(Step is null ? "" : $" of {Step}")}";
}

/// <summary>Forwards TCP both ways, and calls back at most once.</summary>
internal sealed class KillingRelay : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly KillPoint _point;
    private readonly Func<int> _serverPort;
    private readonly byte[] _text;
    private readonly byte[] _step;
    private readonly Task _accepting;
    private int _left;

    public KillingRelay(Func<int> serverPort, KillPoint point)
    {
        _serverPort = serverPort;
        _point = point;
        _left = point.Count;
        _text = Encoding.UTF8.GetBytes(point.Text);
        // A parameter's length goes before it (manual, 55.7, Bind), so that one name is not found in another.
        byte[] name = Encoding.UTF8.GetBytes(point.Step ?? "");
        _step = [0, 0, 0, (byte)name.Length, .. name];
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>Kills the program.</summary>
    public Action Kill { private get; set; } = () => { };

    /// <summary>It was killed.</summary>
    public bool HasKilled { get; private set; }

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
                await server.ConnectAsync(IPAddress.Loopback, _serverPort(), _stop.Token);
                client.NoDelay = server.NoDelay = true;
                Wire wire = new() { IsArmed = _point.Step is null };
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
            ReadOnlySpan<byte> message = buffer.AsSpan(0, read);
            wire.IsArmed |= message.IndexOf(_step) >= 0;
            bool isIt = wire.IsArmed && message.IndexOf(_text) >= 0 && Interlocked.Decrement(ref _left) == 0;
            if (isIt && _point.Moment == KillMoment.Before)
            {
                End();
                return;
            }
            wire.IsDoomed = isIt && _point.Moment == KillMoment.After;
            await to.WriteAsync(buffer.AsMemory(0, read), _stop.Token);
            if (isIt && _point.Moment == KillMoment.During)
            {
                End();
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
                End();
                to.Close();
                return;
            }
            await to.WriteAsync(buffer.AsMemory(0, read), _stop.Token);
        }
    }

    private void End()
    {
        HasKilled = true;
        Kill();
    }

    private sealed class Wire
    {
        public volatile bool IsArmed;

        public volatile bool IsDoomed;
    }
}
