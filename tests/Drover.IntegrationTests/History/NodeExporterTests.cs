// Processor, memory and disks of the real node_exporter, against /proc of this machine.
using System.Diagnostics;
using Drover.Advice.Metrics;
using Drover.History.Sampling;
using Drover.IntegrationTests.Serve;

namespace Drover.IntegrationTests.History;

public sealed class NodeExporterTests
{
    private const string Program = "/usr/bin/prometheus-node-exporter";

    // Each processor's time is rounded down by itself, in each of eight modes.
    private static readonly long s_roundedTicks = 8L * Environment.ProcessorCount;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_a_node_exporter_says_is_what_proc_says()
    {
        Assert.SkipUnless(File.Exists(Program), $"{Program} is missing: apt-get install prometheus-node-exporter");
        int port = ServeProcess.FindFreePort();
        ProcessStartInfo start = new(Program, [$"--web.listen-address=127.0.0.1:{port}", "--log.level=error"])
        {
            RedirectStandardError = true,
        };
        using Process exporter = Process.Start(start)!;
        try
        {
            using HostFeed feed = new($"http://127.0.0.1:{port}/metrics", TimeSpan.FromSeconds(10));
            await Eventually.HoldsAsync(
                async () => await feed.ReadAsync(null!, Token) is not null,
                TimeSpan.FromSeconds(30),
                "node_exporter does not answer"
            );
            (HostCounters first, HostCounters firstProc) = await CompareAsync(feed);
            await BurnAsync(TimeSpan.FromSeconds(1));
            (HostCounters second, HostCounters secondProc) = await CompareAsync(feed);
            double used = second.ProcessorUse(first)!.Value;
            Assert.InRange(used, secondProc.ProcessorUse(firstProc)!.Value - 0.2, 1);
            Assert.True(second.BusyTicks - first.BusyTicks >= 50, $"{second.BusyTicks} after {first.BusyTicks}");
            Assert.Equal($"node_exporter at 127.0.0.1:{port}", feed.Source);
        }
        finally
        {
            exporter.Kill();
            await exporter.WaitForExitAsync(CancellationToken.None);
        }
    }

    /// <summary>A reading between two of /proc; gives it, and the second of those.</summary>
    private static async Task<(HostCounters, HostCounters)> CompareAsync(HostFeed feed)
    {
        HostCounters before = await ReadProcAsync();
        HostCounters told = (await feed.ReadAsync(null!, Token))!;
        HostCounters after = await ReadProcAsync();
        Assert.InRange(told.AllTicks, before.AllTicks - s_roundedTicks, after.AllTicks + s_roundedTicks);
        Assert.InRange(told.BusyTicks, before.BusyTicks - s_roundedTicks, after.BusyTicks + s_roundedTicks);
        Assert.Equal(after.MemoryKb, told.MemoryKb);
        // Others work on this machine meanwhile.
        double tenth = after.MemoryKb / 10.0;
        Assert.InRange(told.AvailableKb, after.AvailableKb - tenth, after.AvailableKb + tenth);
        foreach ((string disk, long busy) in told.DiskBusyMs.Where(one => after.DiskBusyMs.ContainsKey(one.Key)))
        {
            Assert.InRange(busy, before.DiskBusyMs[disk] - 1, after.DiskBusyMs[disk] + 1);
        }
        return (told, after);
    }

    private static async Task<HostCounters> ReadProcAsync() =>
        HostCounters.Parse(
            await File.ReadAllTextAsync("/proc/stat", Token),
            await File.ReadAllTextAsync("/proc/meminfo", Token),
            await File.ReadAllTextAsync("/proc/diskstats", Token)
        );

    private static Task BurnAsync(TimeSpan time) =>
        Task.Run(
            () =>
            {
                long start = TimeProvider.System.GetTimestamp();
                while (TimeProvider.System.GetElapsedTime(start) < time) { }
            },
            Token
        );
}
