// node_exporter's page becomes the counters that /proc would give; and processor time is charged to whose work it is.
using System.Net;
using System.Net.Sockets;
using Drover.Advice.Metrics;
using Drover.History.Sampling;

namespace Drover.Tests.History;

public sealed class HostFeedTests
{
    private const string Page = """
        # HELP node_cpu_seconds_total Seconds the CPUs spent in each mode.
        # TYPE node_cpu_seconds_total counter
        node_cpu_seconds_total{cpu="0",mode="idle"} 100
        node_cpu_seconds_total{cpu="0",mode="iowait"} 10
        node_cpu_seconds_total{cpu="0",mode="user"} 40.5
        node_cpu_seconds_total{cpu="1",mode="system"} 49.5
        node_memory_MemTotal_bytes 1.6e+10
        node_memory_MemAvailable_bytes 4e+09
        node_disk_io_time_seconds_total{device="sda"} 12.5
        node_disk_io_time_seconds_total{device="nvme0n1"} 3
        node_load1 NaN
        """;

    [Fact]
    public void Page_becomes_counters()
    {
        HostCounters counters = HostFeed.Parse(Page)!;
        Assert.Equal((9000, 20000), (counters.BusyTicks, counters.AllTicks));
        Assert.Equal(0.75, counters.MemoryUse, 3);
        Assert.Equal(12_500, counters.DiskBusyMs["sda"]);
        HostCounters later = HostFeed.Parse(Page.Replace("} 40.5", "} 90.5", StringComparison.Ordinal))!;
        Assert.Equal(1.0, later.ProcessorUse(counters)!.Value, 3);
    }

    [Theory]
    [InlineData("")]
    [InlineData("<html>not found</html>")]
    [InlineData("node_memory_MemTotal_bytes 5")]
    public void Another_page_gives_nothing(string page) => Assert.Null(HostFeed.Parse(page));

    [Fact]
    public async Task A_page_in_a_character_set_that_nobody_knows_gives_nothing()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        int port = ((IPEndPoint)listener.LocalEndpoint).Port;
        using HostFeed feed = new($"http://127.0.0.1:{port}/metrics", TimeSpan.FromSeconds(30));
        CancellationToken token = TestContext.Current.CancellationToken;
        Task<HostCounters?> read = feed.ReadAsync(null!, token);
        using Socket client = await listener.AcceptSocketAsync(token);
        await client.SendAsync(
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=klingon\r\nContent-Length: 1\r\n\r\nx"u8.ToArray(),
            token
        );
        Assert.Null(await read);
    }

    [Fact]
    public async Task Processor_time_is_charged_to_the_work_and_not_to_the_wait()
    {
        ProcessorMeter meter = new();
        await Task.Run(
            async () =>
            {
                meter.Enter();
                Spin(TimeSpan.FromMilliseconds(60));
                await Task.Delay(TimeSpan.FromMilliseconds(150), TimeProvider.System);
                await Task.Yield();
                Spin(TimeSpan.FromMilliseconds(60));
            },
            TestContext.Current.CancellationToken
        );
        TimeSpan measured = meter.Total;
        // What others do on the same threads afterwards is theirs.
        Spin(TimeSpan.FromMilliseconds(100));
        Assert.Equal(measured, meter.Total);
        Assert.InRange(measured.TotalMilliseconds, 60, 140);
    }

    // By the processor's time, so that a busy machine makes no difference.
    private static void Spin(TimeSpan time)
    {
        TimeSpan start = ThreadTime();
        while (ThreadTime() - start < time)
        {
            Thread.SpinWait(1000);
        }
    }

    private static TimeSpan ThreadTime()
    {
        string[] words = File.ReadAllText("/proc/thread-self/schedstat").Split(' ');
        return TimeSpan.FromMicroseconds(
            long.Parse(words[0], System.Globalization.CultureInfo.InvariantCulture) / 1000.0
        );
    }
}
