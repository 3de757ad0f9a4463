// A PostgreSQL made of rules: listens on a free port of the loopback and keeps to the protocol, or to a test's script.
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Drover.Protocol.Messages.Backend;
using Drover.Protocol.Messages.Frontend;

namespace Drover.Tests.Fakes;

/// <summary>
/// Each connection is a <see cref="FakeBackend"/>. With <see cref="Script"/> a test takes over behind the login;
/// without, the backend answers as PostgreSQL would, and notes what a proxy must never do to it.
/// </summary>
internal sealed class FakePostgres : IDisposable
{
    private readonly TcpListener _listener;
    private readonly ConcurrentQueue<FakeBackend> _backends = new();
    private int _lastProcessId = 1000;
    private volatile bool _stopped;

    public FakePostgres(string address = "127.0.0.1", int port = 0)
    {
        _listener = new TcpListener(IPAddress.Parse(address), port);
        _listener.Start(512);
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        _ = AcceptAsync();
    }

    public int Port { get; }

    /// <summary>Takes the place of the rules behind the login.</summary>
    public Func<FakeBackend, Task>? Script { get; set; }

    /// <summary>Takes the place of the whole conversation, login included.</summary>
    public Func<Wire, Task>? LoginScript { get; set; }

    /// <summary>Cancel requests, in order: the process ID of the backend that is meant.</summary>
    public ConcurrentQueue<int> Cancels { get; } = new();

    /// <summary>While set, the connections of cancel requests are kept open.</summary>
    public TaskCompletionSource? HoldCancels { get; set; }

    /// <summary>What a proxy did that it must not.</summary>
    public ConcurrentQueue<string> Violations { get; } = new();

    public IReadOnlyList<FakeBackend> Backends => [.. _backends];

    /// <summary>Backends whose connection is open.</summary>
    public IReadOnlyList<FakeBackend> Alive => [.. _backends.Where(static backend => !backend.IsOver)];

    /// <summary>Waits until so many backends have logged in since the start.</summary>
    public async Task<FakeBackend> BackendAsync(int index)
    {
        using CancellationTokenSource limit = new(Wire.Limit);
        while (_backends.Count <= index)
        {
            await Task.Delay(5, limit.Token);
        }
        return Backends[index];
    }

    /// <summary>Ends every connection with a reset, as a crash does.</summary>
    public void Crash()
    {
        foreach (FakeBackend backend in _backends)
        {
            backend.Wire.Abort();
        }
    }

    public void Dispose()
    {
        _stopped = true;
        _listener.Dispose();
        Crash();
    }

    private async Task AcceptAsync()
    {
        while (!_stopped)
        {
            try
            {
                Socket socket = await _listener.AcceptSocketAsync();
                socket.NoDelay = true;
                _ = ServeAsync(new Wire(socket));
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException or InvalidOperationException)
            {
                return;
            }
        }
    }

    private async Task ServeAsync(Wire wire)
    {
        FakeBackend? backend = null;
        try
        {
            if (LoginScript is { } script)
            {
                await script(wire);
                return;
            }
            Frame? first = await wire.ReadAsync(isTyped: false);
            if (first is null)
            {
                return;
            }
            if (CancelRequest.TryRead(first.Body.AsSpan(4), out CancelRequest cancel) && first.Body.Length == 12)
            {
                await CancelAsync(cancel.ProcessId);
                return;
            }
            backend = new FakeBackend(this, wire, Interlocked.Increment(ref _lastProcessId));
            await wire.SendAsync(w =>
            {
                AuthenticationRequest.WriteOk(w);
                ParameterStatus.Write(w, "server_version", "18.0");
                ParameterStatus.Write(w, "client_encoding", "UTF8");
                ParameterStatus.Write(w, "application_name", "");
                BackendKeyData.Write(w, backend.ProcessId, BitConverter.GetBytes(backend.ProcessId));
                ReadyForQuery.Write(w, TransactionStatus.Idle);
            });
            _backends.Enqueue(backend);
            await (Script is { } play ? play(backend) : backend.RunAsync());
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or SocketException or TimeoutException)
        {
            // The proxy ended it.
        }
        finally
        {
            wire.Dispose();
            backend?.Dispose();
        }
    }

    private async Task CancelAsync(int processId)
    {
        Cancels.Enqueue(processId);
        if (HoldCancels is { } hold)
        {
            await hold.Task;
        }
        _backends.FirstOrDefault(known => known.ProcessId == processId)?.Cancel();
    }
}
