// The signals that PostgreSQL's postmaster understands, sent with the C library's kill.
using System.Runtime.InteropServices;

namespace Drover.App.LocalPostgres;

/// <summary>Signals by their Linux numbers.</summary>
internal enum ProcessSignal
{
    /// <summary>Reload of the configuration.</summary>
    Hangup = 1,

    /// <summary>Fast shutdown: sessions are ended, transactions rolled back.</summary>
    Interrupt = 2,

    /// <summary>Immediate shutdown: recovery at the next start.</summary>
    Quit = 3,

    /// <summary>The process ends without a chance to act.</summary>
    Kill = 9,

    /// <summary>Smart shutdown: waits for the clients to leave.</summary>
    Terminate = 15,

    /// <summary>The process goes on.</summary>
    Continue = 18,

    /// <summary>The process stands still.</summary>
    Stop = 19,
}

/// <summary>Sends signals.</summary>
internal static partial class ProcessSignals
{
    /// <summary>Sends a signal; false when there is no such process or it is not ours.</summary>
    public static bool Send(int processId, ProcessSignal signal) => Kill(processId, (int)signal) == 0;

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int processId, int signal);
}
