// The buffer that outgoing messages are written into.
using Drover.Protocol.Framing;
using Drover.Protocol.Messages.Frontend;

namespace Drover.Tests.Protocol;

public sealed class MessageWriterTests
{
    [Fact]
    public void Messages_follow_each_other_with_their_lengths()
    {
        using MessageWriter writer = new(1000);
        Query.Write(writer, "SELECT 1");
        Sync.Write(writer);
        Assert.Equal("Q\0\0\0\x0dSELECT 1\0S\0\0\0\x04"u8, writer.Written);
        Assert.True(writer.Memory.Span.SequenceEqual(writer.Written));
    }

    [Fact]
    public void Untyped_packet_has_no_type_byte()
    {
        using MessageWriter writer = new(1000);
        StartupHeader.WriteSslRequest(writer);
        Assert.Equal([0, 0, 0, 8, 4, 210, 22, 47], writer.Written.ToArray());
    }

    [Fact]
    public void Bound_holds_and_drops_only_the_message_that_breaks_it()
    {
        using MessageWriter writer = new(20);
        Query.Write(writer, "SELECT 1");
        Assert.Throws<InvalidOperationException>(() => Query.Write(writer, "SELECT 2"));
        Assert.Equal(14, writer.Length);
        Sync.Write(writer);
        Assert.Equal(19, writer.Length);
    }

    [Fact]
    public void Buffer_grows_to_exactly_the_bound()
    {
        using MessageWriter writer = new(100_000);
        writer.WriteBytes(new byte[99_999]);
        writer.WriteByte(1);
        Assert.Throws<InvalidOperationException>(() => writer.WriteByte(2));
        Assert.Equal(100_000, writer.Length);
    }

    [Fact]
    public void String_with_a_zero_inside_is_refused()
    {
        using MessageWriter writer = new(100);
        Assert.Throws<ArgumentException>(() => writer.WriteCString("a\0b"));
        Assert.Throws<ArgumentException>(() => writer.WriteCString("a\0b"u8));
    }

    [Fact]
    public void Message_inside_a_message_is_refused()
    {
        using MessageWriter writer = new(100);
        writer.Begin(FrontendType.Query);
        Assert.Throws<InvalidOperationException>(() => writer.Begin(FrontendType.Query));
        writer.Clear();
        Assert.Throws<InvalidOperationException>(writer.End);
    }

    [Fact]
    public void Count_that_does_not_fit_two_bytes_is_refused()
    {
        using MessageWriter writer = new(100);
        writer.WriteUInt16(65535);
        Assert.Throws<ArgumentOutOfRangeException>(() => writer.WriteUInt16(65536));
        Assert.Throws<ArgumentOutOfRangeException>(() => writer.WriteUInt16(-1));
    }

    [Fact]
    public void Writing_allocates_nothing_once_the_buffer_has_its_size()
    {
        using MessageWriter writer = new(10_000);
        WriteBatch(writer);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++)
        {
            writer.Clear();
            WriteBatch(writer);
        }
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    private static void WriteBatch(MessageWriter writer)
    {
        Parse.Write(writer, "s1"u8, "SELECT $1"u8, [23]);
        Bind.Write(writer, ""u8, "s1"u8, "\0\0\0\0\0\0"u8);
        Execute.Write(writer, ""u8);
        Sync.Write(writer);
    }
}
