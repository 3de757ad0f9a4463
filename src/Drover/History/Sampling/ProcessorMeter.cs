// How much processor time asynchronous work takes in this process, over all the threads that it wanders through.
using System.Runtime.InteropServices;

namespace Drover.History.Sampling;

/// <summary>
/// Measures the work that is started inside <see cref="Enter"/>: whenever a thread takes up or leaves a piece of it,
/// the execution context changes and the thread's own clock (clock_gettime(2)) is read. Linux only; elsewhere it stays
/// at zero.
/// </summary>
internal sealed partial class ProcessorMeter
{
    private const int ThreadClock = 3;

    private static readonly AsyncLocal<ProcessorMeter?> s_current = new(OnChanged);

    [ThreadStatic]
    private static long t_since;

    private long _nanoseconds;

    /// <summary>What was measured so far.</summary>
    public TimeSpan Total => TimeSpan.FromMicroseconds(Interlocked.Read(ref _nanoseconds) / 1000.0);

    /// <summary>All that the calling asynchronous method does from here on is measured, and what it starts.</summary>
    public void Enter() => s_current.Value = this;

    private static void OnChanged(AsyncLocalValueChangedArgs<ProcessorMeter?> change)
    {
        long now = ThreadTime();
        if (change.PreviousValue is { } left)
        {
            Interlocked.Add(ref left._nanoseconds, Math.Max(0, now - t_since));
        }
        t_since = now;
    }

    private static long ThreadTime()
    {
        if (!OperatingSystem.IsLinux())
        {
            return 0;
        }
        return GetTime(ThreadClock, out TimeSpec time) == 0 ? (time.Seconds * 1_000_000_000) + time.Nanoseconds : 0;
    }

    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int GetTime(int clock, out TimeSpec time);

    [StructLayout(LayoutKind.Sequential)]
    private readonly struct TimeSpec
    {
        public readonly nint Seconds;
        public readonly nint Nanoseconds;
    }
}
