// What systemd is told, and the sockets that it gives.
using System.Net.Sockets;
using System.Text;
using Drover.App.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Drover.Tests.Hosting;

public sealed class SystemdTests : IDisposable
{
    private readonly string _path = Path.Combine(Path.GetTempPath(), $"drover-notify-{Guid.NewGuid():N}");
    private readonly Socket _systemd = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
    private readonly FakeTimeProvider _time = new();

    public SystemdTests()
    {
        _systemd.Bind(new UnixDomainSocketEndPoint(_path));
        _systemd.ReceiveTimeout = 5000;
    }

    public void Dispose()
    {
        _systemd.Dispose();
        File.Delete(_path);
    }

    [Fact]
    public void Ready_reload_and_stop_are_told_in_systemds_words()
    {
        SystemdNotifier notifier = Notifier(new() { ["NOTIFY_SOCKET"] = _path });
        notifier.Ready("listening on *:6432");
        Assert.Equal("READY=1\nSTATUS=listening on *:6432", Receive());
        notifier.Reloading();
        long expected = _time.GetTimestamp() / (_time.TimestampFrequency / 1_000_000);
        Assert.Equal($"RELOADING=1\nMONOTONIC_USEC={expected}", Receive());
        notifier.Status("two\nlines");
        Assert.Equal("STATUS=two lines", Receive());
        notifier.Stopping();
        Assert.Equal("STOPPING=1", Receive());
    }

    [Fact]
    public void Abstract_sockets_are_reached()
    {
        string name = $"drover-{Guid.NewGuid():N}";
        using Socket abstractSocket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        abstractSocket.Bind(new UnixDomainSocketEndPoint("\0" + name));
        abstractSocket.ReceiveTimeout = 5000;
        Notifier(new() { ["NOTIFY_SOCKET"] = "@" + name }).Stopping();
        Assert.Equal("STOPPING=1", Receive(abstractSocket));
    }

    [Fact]
    public void Nothing_happens_without_a_socket_or_with_a_dead_one()
    {
        Notifier([]).Ready("x");
        Notifier(new() { ["NOTIFY_SOCKET"] = "/nonexistent/socket" }).Ready("x");
        Notifier(new() { ["NOTIFY_SOCKET"] = "relative" }).Ready("x");
    }

    [Fact]
    public async Task Watchdog_is_fed_twice_an_interval_while_the_proxy_lives()
    {
        SystemdNotifier notifier = Notifier(
            new()
            {
                ["NOTIFY_SOCKET"] = _path,
                ["WATCHDOG_USEC"] = "2000000",
                ["WATCHDOG_PID"] = "42",
            }
        );
        Assert.Equal(TimeSpan.FromSeconds(2), notifier.WatchdogInterval);
        using CancellationTokenSource stop = new();
        Task watch = notifier.WatchAsync(() => true, stop.Token);
        Assert.Equal("WATCHDOG=1", Receive());
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("WATCHDOG=1", Receive());
        await stop.CancelAsync();
        await watch;
    }

    [Theory]
    [InlineData("43", "2000000")]
    [InlineData("42", "x")]
    [InlineData("42", "0")]
    public void Watchdog_of_another_process_is_not_ours(string pid, string microseconds) =>
        Assert.Null(Notifier(new() { ["WATCHDOG_USEC"] = microseconds, ["WATCHDOG_PID"] = pid }).WatchdogInterval);

    [Fact]
    public void Activated_sockets_are_numbered_from_three_and_named()
    {
        Dictionary<string, string> variables = new()
        {
            ["LISTEN_PID"] = "42",
            ["LISTEN_FDS"] = "3",
            ["LISTEN_FDNAMES"] = "tcp::unix",
        };
        Assert.Equal(
            [new ActivatedSocket(3, "tcp"), new ActivatedSocket(4, "unknown"), new ActivatedSocket(5, "unix")],
            SocketActivation.Read(variables.GetValueOrDefault, 42)
        );
    }

    [Theory]
    [InlineData("41", "1")]
    [InlineData("42", "0")]
    [InlineData("42", "-1")]
    [InlineData("42", "100000")]
    [InlineData(null, "1")]
    public void Sockets_of_another_process_or_nonsense_are_none(string? pid, string count)
    {
        string? Lookup(string name) =>
            name switch
            {
                "LISTEN_PID" => pid,
                "LISTEN_FDS" => count,
                _ => null,
            };
        Assert.Empty(SocketActivation.Read(Lookup, 42));
    }

    private SystemdNotifier Notifier(Dictionary<string, string> variables) =>
        new(variables.GetValueOrDefault, 42, _time, NullLogger.Instance);

    private string Receive() => Receive(_systemd);

    private static string Receive(Socket socket)
    {
        byte[] buffer = new byte[4096];
        return Encoding.UTF8.GetString(buffer, 0, socket.Receive(buffer));
    }
}
