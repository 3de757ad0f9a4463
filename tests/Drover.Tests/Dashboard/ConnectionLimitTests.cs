// Idle connections do not shut the page for others.
using System.Net;
using System.Net.Sockets;
using Drover.App.Dashboard;
using Microsoft.AspNetCore.Connections;

namespace Drover.Tests.Dashboard;

public sealed class ConnectionLimitTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Page_is_served_beside_any_number_of_idle_connections_of_the_same_address()
    {
        await using DashboardStage stage = await DashboardStage.StartAsync();
        List<Socket> idle = [];
        for (int i = 0; i < 200; i++)
        {
            Socket socket = new(SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(IPAddress.Loopback, stage.Server.Address.Port, Token);
            idle.Add(socket);
        }

        Assert.Equal(HttpStatusCode.OK, await stage.StatusAsync("/api/v1/live"));
        // The first ones had to make room.
        Assert.Equal(0, await ReadAsync(idle[0]));
        idle.ForEach(static socket => socket.Dispose());
    }

    [Fact]
    public async Task Oldest_that_was_not_let_in_makes_room_and_the_others_stay()
    {
        ConnectionLimit limit = new();
        List<FakeConnection> connections = [];
        for (int i = 0; i < ConnectionLimit.AddressMax; i++)
        {
            connections.Add(Enter(limit, "192.0.2.1"));
        }
        connections[0].LetIn();

        FakeConnection more = Enter(limit, "192.0.2.1");
        Assert.False(connections[0].IsAborted, "one that was let in has gone");
        Assert.True(connections[1].IsAborted, "nobody made room");
        Assert.False(connections[2].IsAborted || more.IsAborted);
        Assert.Equal(ConnectionLimit.AddressMax, limit.Count);

        // Another address has room of its own.
        Assert.False(Enter(limit, "192.0.2.2").IsAborted);
        Assert.False(connections[2].IsAborted);
        foreach (FakeConnection connection in connections.Append(more))
        {
            connection.LetIn();
        }
        Assert.True(Enter(limit, "192.0.2.1").IsAborted, "there was no room to make");
        connections[2].End();
        await connections[2].Running;
        Assert.False(Enter(limit, "192.0.2.1").IsAborted);
    }

    [Fact]
    public void All_addresses_together_have_a_limit_and_any_of_them_makes_room()
    {
        ConnectionLimit limit = new();
        List<FakeConnection> connections = [];
        for (int i = 0; i < ConnectionLimit.TotalMax; i++)
        {
            connections.Add(Enter(limit, $"192.0.{i}.1"));
        }
        Assert.DoesNotContain(connections, static one => one.IsAborted);
        Assert.False(Enter(limit, "198.51.100.1").IsAborted);
        Assert.True(connections[0].IsAborted);
        Assert.Equal(ConnectionLimit.TotalMax, limit.Count);
    }

    private static FakeConnection Enter(ConnectionLimit limit, string address)
    {
        FakeConnection connection = new(address);
        connection.Running = limit.RunAsync(connection, () => connection.Ended);
        return connection;
    }

    private static async Task<int> ReadAsync(Socket socket)
    {
        try
        {
            return await socket.ReceiveAsync(new byte[1], Token);
        }
        catch (SocketException)
        {
            return 0;
        }
    }

    private sealed class FakeConnection : DefaultConnectionContext
    {
        private readonly TaskCompletionSource _end = new();

        public FakeConnection(string address) => RemoteEndPoint = new IPEndPoint(IPAddress.Parse(address), 1);

        public Task Ended => _end.Task;

        public Task Running { get; set; } = Task.CompletedTask;

        public bool IsAborted { get; private set; }

        public override void Abort(ConnectionAbortedException abortReason) => IsAborted = true;

        public void End() => _end.SetResult();

        public void LetIn()
        {
            Microsoft.AspNetCore.Http.DefaultHttpContext request = new();
            request.Features.Set<Microsoft.AspNetCore.Connections.Features.IConnectionItemsFeature>(this);
            ConnectionLimit.LetIn(request);
        }
    }
}
