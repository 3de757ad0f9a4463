// What a connection's write side sends at once, keeps, and holds for what follows.
using System.Text;
using Drover.Transport;

namespace Drover.Tests.Transport;

public sealed class OutboxTests : IDisposable
{
    private readonly Outbox _outbox = new();
    private readonly RecordingConnection _connection = new();

    public void Dispose() => _connection.Dispose();

    [Fact]
    public void What_is_held_goes_with_what_is_sent_next()
    {
        _outbox.Hold("rows "u8);
        Assert.Empty(_connection.Sent);
        Assert.True(_outbox.Send(_connection, "tag"u8));
        Assert.Equal(["rows tag"], _connection.Sent);
        Assert.Equal(0, _outbox.Pending);
        Assert.True(_outbox.Send(_connection, "next"u8));
        Assert.Equal(["rows tag", "next"], _connection.Sent);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_is_held_goes_with_nothing_behind_it(bool isFlushed)
    {
        _outbox.Hold("one "u8);
        _outbox.Hold("two"u8);
        Assert.True(isFlushed ? _outbox.Flush(_connection) : _outbox.Send(_connection, []));
        Assert.Equal(["one two"], _connection.Sent);
        Assert.Equal(0, _outbox.Pending);
    }

    [Fact]
    public void What_is_held_behind_bytes_that_the_kernel_did_not_take_waits_for_it_as_they_do()
    {
        _connection.Room = 2;
        Assert.True(_outbox.Send(_connection, "abc"u8));
        _outbox.Hold("def"u8);
        Assert.True(_outbox.Send(_connection, "ghi"u8));
        Assert.Equal(["ab"], _connection.Sent);
        _connection.Room = 100;
        Assert.True(_outbox.Flush(_connection));
        Assert.Equal(["ab", "cdefghi"], _connection.Sent);
    }

    [Fact]
    public void What_is_held_and_not_taken_is_kept_in_order()
    {
        _connection.Room = 4;
        _outbox.Hold("abc"u8);
        Assert.True(_outbox.Send(_connection, "def"u8));
        Assert.True(_outbox.Send(_connection, "ghi"u8));
        Assert.Equal(["abcd"], _connection.Sent);
        _connection.Room = 100;
        Assert.True(_outbox.Flush(_connection));
        Assert.Equal("abcdefghi", string.Concat(_connection.Sent));
    }

    [Fact]
    public void Broken_connection_is_told_of_when_what_was_held_is_sent()
    {
        _connection.IsBroken = true;
        _outbox.Hold("abc"u8);
        Assert.False(_outbox.Send(_connection, "def"u8));
    }

    /// <summary>Takes as much as it has room for.</summary>
    private sealed class RecordingConnection : Connection
    {
        public List<string> Sent { get; } = [];

        public int Room { get; set; } = 100;

        public bool IsBroken { get; set; }

        public override bool IsReadable => false;

        public override int Descriptor => -1;

        public override int Receive(Span<byte> buffer) => WouldBlock;

        public override int Send(ReadOnlySpan<byte> buffer)
        {
            int taken = Math.Min(buffer.Length, Room);
            if (IsBroken || taken == 0)
            {
                return IsBroken ? Broken : WouldBlock;
            }
            Sent.Add(Encoding.ASCII.GetString(buffer[..taken]));
            Room -= taken;
            return taken;
        }

        public override void Detach(EventLoop next) { }

        public override void Attach(EventLoop loop) { }

        public override void Dispose() { }
    }
}
