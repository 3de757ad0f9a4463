// The heads of messages and packets.
using System.Buffers.Binary;
using Drover.Protocol.Framing;

namespace Drover.Tests.Protocol;

public sealed class FramingTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(4)]
    public void Header_needs_five_bytes(int length) =>
        Assert.Equal(FrameStatus.Incomplete, MessageHeader.TryRead(new byte[length], out _));

    [Theory]
    [InlineData(int.MinValue)]
    [InlineData(-1)]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(0x40000000)]
    [InlineData(int.MaxValue)]
    public void Length_that_no_peer_sends_is_malformed(int field) =>
        Assert.Equal(FrameStatus.Malformed, MessageHeader.TryRead(Head('Q', field), out _));

    [Theory]
    [InlineData(4, 0)]
    [InlineData(0x3fffffff, 0x3fffffff - 4)]
    public void Length_counts_the_type_byte_and_the_field(int field, int bodyLength)
    {
        Assert.Equal(FrameStatus.Complete, MessageHeader.TryRead(Head('Q', field), out MessageHeader header));
        Assert.Equal(new MessageHeader(FrontendType.Query, field + 1), header);
        Assert.Equal(bodyLength, header.BodyLength);
    }

    [Theory]
    [InlineData(StartupHeader.SslRequestCode, StartupKind.SslRequest)]
    [InlineData(StartupHeader.GssEncRequestCode, StartupKind.GssEncRequest)]
    [InlineData(StartupHeader.CancelRequestCode, StartupKind.CancelRequest)]
    [InlineData(StartupHeader.Protocol30, StartupKind.Session)]
    [InlineData(StartupHeader.Protocol32, StartupKind.Session)]
    [InlineData((3 << 16) | 9999, StartupKind.Session)]
    [InlineData(2 << 16, StartupKind.Unsupported)]
    [InlineData(-1, StartupKind.Unsupported)]
    public void Startup_code_says_what_is_asked_for(int code, StartupKind kind)
    {
        Assert.Equal(FrameStatus.Complete, StartupHeader.TryRead(StartupHead(8, code), out StartupHeader header));
        Assert.Equal(kind, header.Kind);
        Assert.Equal(0, header.BodyLength);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    [InlineData(-1)]
    [InlineData(10_005)]
    [InlineData(0x16030100)]
    [InlineData(0x47455420)]
    public void Startup_length_out_of_bounds_is_refused_after_four_bytes(int length) =>
        Assert.Equal(FrameStatus.Malformed, StartupHeader.TryRead(StartupHead(length, 0).AsSpan(0, 4), out _));

    [Fact]
    public void Startup_packet_as_long_as_postgresql_takes_is_taken() =>
        Assert.Equal(
            FrameStatus.Complete,
            StartupHeader.TryRead(StartupHead(StartupHeader.LengthMax, StartupHeader.Protocol30), out _)
        );

    [Fact]
    public void Startup_header_waits_for_its_eight_bytes()
    {
        byte[] head = StartupHead(8, StartupHeader.Protocol30);
        Assert.All(
            Enumerable.Range(0, 8),
            i => Assert.Equal(FrameStatus.Incomplete, StartupHeader.TryRead(head.AsSpan(0, i), out _))
        );
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(7)]
    [InlineData(1000)]
    public void Boundary_is_between_messages_wherever_the_stream_is_cut(int cut)
    {
        byte[] stream = [.. Head('Z', 4), .. Head('d', 4 + 300), .. new byte[300], .. Head('c', 4)];
        int[] ends = [0, 5, 310, 315];
        MessageBoundary boundary = default;
        for (int position = 0; position < stream.Length; )
        {
            Assert.Equal(ends.Contains(position), boundary.IsBetween);
            int next = Math.Min(stream.Length, position + cut);
            boundary.Advance(stream.AsSpan(position..next));
            position = next;
        }
        Assert.True(boundary.IsBetween);
    }

    private static byte[] Head(char type, int field)
    {
        byte[] head = new byte[MessageHeader.Size];
        head[0] = (byte)type;
        BinaryPrimitives.WriteInt32BigEndian(head.AsSpan(1), field);
        return head;
    }

    private static byte[] StartupHead(int length, int code)
    {
        byte[] head = new byte[StartupHeader.Size];
        BinaryPrimitives.WriteInt32BigEndian(head, length);
        BinaryPrimitives.WriteInt32BigEndian(head.AsSpan(4), code);
        return head;
    }
}
