// Clients that mean harm or are just slow: lengths, trickles, and ones that never read.
using System.Buffers.Binary;
using System.Net.Sockets;
using Drover.Sessions;
using Drover.Tests.Fakes;
using Microsoft.Extensions.Time.Testing;

namespace Drover.Tests.Fire;

public sealed class HostileClientTests
{
    [Theory]
    [InlineData(-1)]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(int.MinValue)]
    public async Task Impossible_length_ends_the_client_with_a_protocol_violation(int length)
    {
        await using ProxyStage stage = ProxyStage.Start();
        using FakeClient client = await stage.ConnectAsync();
        byte[] message = [(byte)'Q', 0, 0, 0, 0];
        BinaryPrimitives.WriteInt32BigEndian(message.AsSpan(1), length);
        await client.Wire.SendRawAsync(message);
        await client.ExpectFatalAsync("08P01");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    [InlineData(10_005)]
    [InlineData(int.MaxValue)]
    [InlineData(-5)]
    public async Task Impossible_length_of_a_startup_packet_is_refused_without_waiting_for_it(int length)
    {
        await using ProxyStage stage = ProxyStage.Start();
        using FakeClient client = await FakeClient.DialAsync(stage.Port);
        byte[] packet = new byte[8];
        BinaryPrimitives.WriteInt32BigEndian(packet, length);
        await client.Wire.SendRawAsync(packet);
        await client.ExpectFatalAsync("08P01");
    }

    [Fact]
    public async Task Huge_message_of_an_unknown_type_is_refused_before_it_is_sent()
    {
        await using ProxyStage stage = ProxyStage.Start();
        using FakeClient client = await stage.ConnectAsync();
        await client.Wire.SendRawAsync(new byte[] { (byte)'z', 0x7F, 0xFF, 0xFF, 0xFF });
        await client.Wire.SendRawAsync(new byte[300_000]);
        await client.ExpectFatalAsync("08P01");
    }

    [Fact]
    public async Task Message_in_two_parts_that_fill_a_buffer_exactly_is_served()
    {
        await using ProxyStage stage = ProxyStage.Start();
        using FakeClient client = await stage.ConnectAsync();
        byte[] query = new byte[2001];
        query[0] = (byte)'Q';
        BinaryPrimitives.WriteInt32BigEndian(query.AsSpan(1), query.Length - 1);
        query.AsSpan(5, query.Length - 6).Fill((byte)'x');
        await client.Wire.SendRawAsync(query.AsMemory(0, 100));
        await Task.Delay(100, TestContext.Current.CancellationToken);
        await client.Wire.SendRawAsync(query.AsMemory(100));
        Assert.Equal("TDCZI", await client.ReadShapeAsync());
    }

    [Fact]
    public async Task Client_that_sends_a_byte_at_a_time_is_served_and_holds_no_server_meanwhile()
    {
        await using ProxyStage stage = ProxyStage.Start(o => o with { Pool = o.Pool with { DefaultPoolSize = 1 } });
        using FakeClient slow = await stage.ConnectAsync();
        using FakeClient other = await stage.ConnectAsync();
        byte[] query = [(byte)'Q', 0, 0, 0, 8, (byte)'a', (byte)'b', (byte)'c', 0];
        foreach (byte part in query)
        {
            Assert.Equal("TDCZI", await other.RunAsync("b"));
            await slow.Wire.SendRawAsync(new[] { part });
        }
        Assert.Equal("TDCZI", await slow.ReadShapeAsync());
    }

    [Fact]
    public async Task Login_that_takes_too_long_is_ended_by_client_login_timeout()
    {
        FakeTimeProvider time = new();
        await using ProxyStage stage = ProxyStage.Start(
            o => o with { Timeouts = o.Timeouts with { ClientLoginTimeout = TimeSpan.FromSeconds(30) } },
            time
        );
        using FakeClient slow = await FakeClient.DialAsync(stage.Port);
        await slow.Wire.SendRawAsync(new byte[] { 0, 0 });
        await ProxyStage.UntilAsync(() => stage.Plane.Services.Registry.Count == 1, "the client to be accepted");
        time.Advance(TimeSpan.FromSeconds(29));
        Assert.True(await slow.Wire.IsSilentAsync(TimeSpan.FromMilliseconds(300)));
        time.Advance(TimeSpan.FromSeconds(2));
        await slow.ExpectFatalAsync("28000");
    }

    [Fact]
    public async Task Client_that_reads_no_answers_is_read_from_no_more()
    {
        await using ProxyStage stage = ProxyStage.Start();
        using FakeClient deaf = await stage.ConnectAsync();
        ClientSession session = stage.Plane.Services.Registry.Clients.Single().Session!;
        byte[] syncs = [.. Enumerable.Repeat<byte[]>([(byte)'S', 0, 0, 0, 4], 10_000).SelectMany(static sync => sync)];
        Socket socket = deaf.Wire.Socket;
        int sent = 0;
        int pendingMost = 0;
        // Until the kernel's buffers on the way there and back are full, or the proxy's would have to be.
        while (sent < 64 * 1024 * 1024 && socket.Poll(TimeSpan.FromMilliseconds(500), SelectMode.SelectWrite))
        {
            socket.Blocking = false;
            sent += socket.Send(syncs.AsSpan(sent % syncs.Length), SocketFlags.None, out _);
            pendingMost = Math.Max(pendingMost, session.Outbox.Pending);
        }
        Assert.InRange(pendingMost, 0, 1024 * 1024);
        Assert.InRange(sent, 1, 64 * 1024 * 1024 - 1);
        for (int i = 0; i < sent / 5; i++)
        {
            await deaf.ExpectAsync("Z");
            deaf.Transcript.Clear();
        }
    }

    [Fact]
    public async Task Client_that_never_reads_stops_the_server_and_nobody_else()
    {
        await using ProxyStage stage = ProxyStage.Start();
        const int Rows = 3000;
        byte[] row = new byte[10_011];
        row[0] = (byte)'D';
        BinaryPrimitives.WriteInt32BigEndian(row.AsSpan(1), 10_010);
        row[6] = 1;
        BinaryPrimitives.WriteInt32BigEndian(row.AsSpan(7), 10_000);
        int sent = 0;
        stage.Server.Script = async backend =>
        {
            while (true)
            {
                Frame asked = await backend.ReadAsync();
                for (int i = 0; asked.Text == "FLOOD" && i < Rows; i++)
                {
                    await backend.Wire.SendRawAsync(row);
                    Volatile.Write(ref sent, i + 1);
                }
                await backend.HandleAsync(asked);
            }
        };
        using FakeClient deaf = await stage.ConnectAsync();
        using FakeClient other = await stage.ConnectAsync();
        await deaf.QueryAsync("FLOOD");
        int seen;
        do
        {
            seen = Volatile.Read(ref sent);
            await Task.Delay(200, TestContext.Current.CancellationToken);
        } while (seen != Volatile.Read(ref sent));
        Assert.InRange(seen, 1, Rows - 1);
        Assert.Equal("TDCZI", await other.RunAsync("b"));
        int rows = 0;
        while (await deaf.Wire.ReadAsync() is { Type: not 'Z' } frame)
        {
            rows += frame.Type == 'D' ? 1 : 0;
        }
        Assert.Equal(Rows + 1, rows);
    }
}
