// More clients than servers: storms of logins, exhausted pools, the reserve, and clients that do not read.
using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using Drover.IntegrationTests.Clients;
using Npgsql;

namespace Drover.IntegrationTests.Fire;

public sealed class OverloadTests
{
    [Fact]
    public async Task Storm_of_5000_logins_is_served()
    {
        const int Storm = 5000;
        CancellationToken token = TestContext.Current.CancellationToken;
        await using FireStage stage = await FireStage.StartAsync(new Dictionary<string, string>(), token);
        ConcurrentBag<Socket> sockets = [];
        int welcomed = 0;
        try
        {
            await Parallel.ForAsync(
                0,
                Storm,
                new ParallelOptions { MaxDegreeOfParallelism = 500, CancellationToken = token },
                async (_, cancellation) =>
                {
                    Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                    sockets.Add(socket);
                    await socket.ConnectAsync(ProxyUnderTest.Host, stage.Proxy.Port, cancellation);
                    await socket.SendAsync(StartupPacket(), cancellation);
                    Interlocked.Add(ref welcomed, await EndsWithReadyAsync(socket, cancellation) ? 1 : 0);
                }
            );
            Assert.Equal(Storm, welcomed);
            await using NpgsqlConnection next = await stage.OpenAsync(token);
            Assert.Equal(1, await FireStage.ScalarAsync(next, "SELECT 1", token));
        }
        finally
        {
            foreach (Socket socket in sockets)
            {
                socket.Dispose();
            }
        }
    }

    [Fact]
    public async Task Client_that_never_reads_a_result_of_a_gigabyte_costs_no_memory_and_stops_nobody()
    {
        CancellationToken token = TestContext.Current.CancellationToken;
        await using FireStage stage = await FireStage.StartAsync(new Dictionary<string, string>(), token);
        using Socket deaf = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await deaf.ConnectAsync(ProxyUnderTest.Host, stage.Proxy.Port, token);
        await deaf.SendAsync(StartupPacket(), token);
        Assert.True(await EndsWithReadyAsync(deaf, token));
        await using NpgsqlConnection other = await stage.OpenAsync(token);
        long before = stage.ResidentBytes();
        await deaf.SendAsync(Query("SELECT repeat('x', 100000) FROM generate_series(1, 10000)"), token);
        await Task.Delay(TimeSpan.FromSeconds(2), token);
        for (int i = 0; i < 50; i++)
        {
            Assert.Equal(i, await FireStage.ScalarAsync(other, $"SELECT {i}", token));
        }
        Assert.InRange(stage.ResidentBytes() - before, long.MinValue, 32L * 1024 * 1024);
    }

    [Fact]
    public async Task Waiting_clients_are_told_after_query_wait_timeout()
    {
        CancellationToken token = TestContext.Current.CancellationToken;
        await using FireStage stage = await FireStage.StartAsync(
            new Dictionary<string, string> { ["default_pool_size"] = "1", ["query_wait_timeout"] = "1" },
            token
        );
        await using NpgsqlConnection holder = await stage.OpenAsync(token);
        await using NpgsqlConnection waiter = await stage.OpenAsync(token);
        await FireStage.ScalarAsync(holder, "BEGIN", token);
        Stopwatch watch = Stopwatch.StartNew();
        PostgresException error = await Assert.ThrowsAsync<PostgresException>(() =>
            FireStage.ScalarAsync(waiter, "SELECT 1", token)
        );
        Assert.Equal("query_wait_timeout", error.MessageText);
        Assert.InRange(watch.Elapsed.TotalSeconds, 0.9, 5);
        await FireStage.ScalarAsync(holder, "COMMIT", token);
        await using NpgsqlConnection next = await stage.OpenAsync(token);
        Assert.Equal(1, await FireStage.ScalarAsync(next, "SELECT 1", token));
    }

    [Fact]
    public async Task Reserve_serves_a_client_that_has_waited_long_enough()
    {
        CancellationToken token = TestContext.Current.CancellationToken;
        await using FireStage stage = await FireStage.StartAsync(
            new Dictionary<string, string>
            {
                ["default_pool_size"] = "1",
                ["reserve_pool_size"] = "1",
                ["reserve_pool_timeout"] = "1",
            },
            token
        );
        await using NpgsqlConnection holder = await stage.OpenAsync(token);
        await using NpgsqlConnection waiter = await stage.OpenAsync(token);
        await FireStage.ScalarAsync(holder, "BEGIN", token);
        Stopwatch watch = Stopwatch.StartNew();
        Assert.Equal(1, await FireStage.ScalarAsync(waiter, "SELECT 1", token));
        Assert.InRange(watch.Elapsed.TotalSeconds, 0.9, 5);
    }

    [Fact]
    public async Task Server_lifetime_of_zero_uses_each_connection_once()
    {
        CancellationToken token = TestContext.Current.CancellationToken;
        await using FireStage stage = await FireStage.StartAsync(
            new Dictionary<string, string> { ["server_lifetime"] = "0" },
            token
        );
        await using NpgsqlConnection client = await stage.OpenAsync(token);
        object? first = await FireStage.ScalarAsync(client, "SELECT pg_backend_pid()", token);
        object? second = await FireStage.ScalarAsync(client, "SELECT pg_backend_pid()", token);
        Assert.NotEqual(first, second);
    }

    private static byte[] StartupPacket()
    {
        byte[] body = Encoding.ASCII.GetBytes("user\0app\0database\0postgres\0\0");
        byte[] packet = new byte[8 + body.Length];
        BinaryPrimitives.WriteInt32BigEndian(packet, packet.Length);
        BinaryPrimitives.WriteInt32BigEndian(packet.AsSpan(4), 3 << 16);
        body.CopyTo(packet, 8);
        return packet;
    }

    private static byte[] Query(string sql)
    {
        byte[] message = new byte[6 + sql.Length];
        message[0] = (byte)'Q';
        BinaryPrimitives.WriteInt32BigEndian(message.AsSpan(1), message.Length - 1);
        Encoding.ASCII.GetBytes(sql, message.AsSpan(5));
        return message;
    }

    /// <summary>Reads up to ReadyForQuery, whose six bytes end the welcome.</summary>
    private static async Task<bool> EndsWithReadyAsync(Socket socket, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[4096];
        int have = 0;
        while (have < 6 || !buffer.AsSpan(have - 6, 6).SequenceEqual("Z\0\0\0\u0005I"u8))
        {
            int received = await socket.ReceiveAsync(buffer.AsMemory(have), cancellationToken);
            if (received == 0)
            {
                return false;
            }
            have += received;
        }
        return true;
    }
}
