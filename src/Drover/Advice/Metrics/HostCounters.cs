// Processor, memory and disks of the server's machine, from Linux's /proc, as text that somebody read.
using System.Globalization;

namespace Drover.Advice.Metrics;

/// <summary>
/// Counters of proc(5): ticks of /proc/stat, kB of /proc/meminfo, milliseconds that each disk was busy by
/// /proc/diskstats (the kernel's Documentation/admin-guide/iostats.rst, field 10).
/// </summary>
internal sealed record HostCounters(
    long BusyTicks,
    long AllTicks,
    long MemoryKb,
    long AvailableKb,
    IReadOnlyDictionary<string, long> DiskBusyMs
)
{
    /// <summary>Parses the three files; throws <see cref="FormatException"/> when they are something else.</summary>
    public static HostCounters Parse(string stat, string memory, string disks)
    {
        long[] ticks =
        [
            .. Words(stat.Split('\n')[0])
                .Skip(1)
                .Take(8)
                .Select(word => long.Parse(word, CultureInfo.InvariantCulture)),
        ];
        if (ticks.Length < 5)
        {
            throw new FormatException("/proc/stat has no line of all processors");
        }
        long all = ticks.Sum();
        // The fourth and fifth are idle and waiting for disks.
        return new HostCounters(
            all - ticks[3] - ticks[4],
            all,
            Amount(memory, "MemTotal:"),
            Amount(memory, "MemAvailable:"),
            ParseDisks(disks)
        );
    }

    /// <summary>Share of the processors' time since an earlier moment, 0 to 1; null if none passed.</summary>
    public double? ProcessorUse(HostCounters earlier) =>
        AllTicks > earlier.AllTicks ? (double)(BusyTicks - earlier.BusyTicks) / (AllTicks - earlier.AllTicks) : null;

    /// <summary>Share of the memory that is used and could not be had at once, 0 to 1.</summary>
    public double MemoryUse => MemoryKb > 0 ? 1 - ((double)AvailableKb / MemoryKb) : 0;

    /// <summary>The disk that was busy most of the time since an earlier moment, and its share of it, 0 to 1.</summary>
    public (string Name, double Use)? BusiestDisk(HostCounters earlier, TimeSpan elapsed)
    {
        (string Name, double Use)? busiest = null;
        foreach ((string name, long busy) in DiskBusyMs)
        {
            if (earlier.DiskBusyMs.TryGetValue(name, out long before) && elapsed > TimeSpan.Zero)
            {
                double use = Math.Clamp((busy - before) / elapsed.TotalMilliseconds, 0, 1);
                busiest = busiest is null || use > busiest.Value.Use ? (name, use) : busiest;
            }
        }
        return busiest;
    }

    private static Dictionary<string, long> ParseDisks(string disks)
    {
        Dictionary<string, long> busy = [];
        foreach (string line in disks.Split('\n'))
        {
            string[] words = Words(line);
            if (words.Length > 12 && !words[2].StartsWith("loop", StringComparison.Ordinal) && words[2][..2] != "ra")
            {
                busy[words[2]] = long.Parse(words[12], CultureInfo.InvariantCulture);
            }
        }
        return busy;
    }

    private static long Amount(string memory, string name)
    {
        string line =
            memory.Split('\n').FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal))
            ?? throw new FormatException($"/proc/meminfo has no {name}");
        return long.Parse(Words(line)[1], CultureInfo.InvariantCulture);
    }

    private static string[] Words(string line) => line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
}
