// The few system calls that move bytes. Those that never block skip the runtime's GC transition; epoll_wait may sleep
// and so does not.
using System.Runtime.InteropServices;

namespace Drover.Transport.Sockets;

internal static unsafe partial class Libc
{
    public const int EpollIn = 0x001;
    public const int EpollOut = 0x004;
    public const int EpollErr = 0x008;
    public const int EpollHup = 0x010;
    public const int EpollRdHup = 0x2000;
    public const int EpollEdgeTriggered = unchecked((int)0x80000000);
    public const int EpollCtlAdd = 1;
    public const int EpollCtlDel = 2;
    public const int EpollCtlMod = 3;
    public const int EpollCloseOnExec = 0x80000;
    public const int EventFdCloseOnExecNonBlocking = 0x80000 | 0x800;
    public const int TimerFdCloseOnExecNonBlocking = 0x80000 | 0x800;
    public const int ClockMonotonic = 1;
    public const int AcceptCloseOnExecNonBlocking = 0x80000 | 0x800;
    public const int MsgNoSignal = 0x4000;

    public const int EIntr = 4;
    public const int EAgain = 11;
    public const int ENFile = 23;
    public const int EMFile = 24;
    public const int ENoBufs = 105;
    public const int ENoMem = 12;
    public const int EConnAborted = 103;

    private const string Library = "libc";

    [LibraryImport(Library, EntryPoint = "recv")]
    [SuppressGCTransition]
    public static partial nint Receive(int socket, byte* buffer, nint length, int flags);

    [LibraryImport(Library, EntryPoint = "send")]
    [SuppressGCTransition]
    public static partial nint Send(int socket, byte* buffer, nint length, int flags);

    [LibraryImport(Library, EntryPoint = "epoll_create1", SetLastError = true)]
    public static partial int EpollCreate(int flags);

    [LibraryImport(Library, EntryPoint = "epoll_ctl")]
    [SuppressGCTransition]
    public static partial int EpollControl(int epoll, int operation, int descriptor, byte* @event);

    [LibraryImport(Library, EntryPoint = "epoll_wait")]
    public static partial int EpollWait(int epoll, byte* events, int capacity, int timeoutMs);

    [LibraryImport(Library, EntryPoint = "eventfd", SetLastError = true)]
    public static partial int EventFd(uint initial, int flags);

    [LibraryImport(Library, EntryPoint = "timerfd_create", SetLastError = true)]
    public static partial int TimerFd(int clock, int flags);

    [LibraryImport(Library, EntryPoint = "timerfd_settime", SetLastError = true)]
    public static partial int SetTimerFd(int descriptor, int flags, long* spec, long* before);

    [LibraryImport(Library, EntryPoint = "read")]
    [SuppressGCTransition]
    public static partial nint Read(int descriptor, byte* buffer, nint length);

    [LibraryImport(Library, EntryPoint = "write")]
    [SuppressGCTransition]
    public static partial nint Write(int descriptor, byte* buffer, nint length);

    [LibraryImport(Library, EntryPoint = "close")]
    public static partial int Close(int descriptor);

    [LibraryImport(Library, EntryPoint = "accept4", SetLastError = true)]
    public static partial int Accept(int socket, byte* address, int* addressLength, int flags);

    [LibraryImport(Library, EntryPoint = "connect", SetLastError = true)]
    public static partial int Connect(int socket, byte* address, int length);

    [LibraryImport(Library, EntryPoint = "clock_gettime")]
    [SuppressGCTransition]
    private static partial int ClockGetTime(int clock, long* time);

    /// <summary>Processor time that the calling thread has used, in nanoseconds (CLOCK_THREAD_CPUTIME_ID).</summary>
    public static long ThreadProcessorTimeNs()
    {
        long* time = stackalloc long[2];
        return ClockGetTime(3, time) == 0 ? (time[0] * 1_000_000_000) + time[1] : 0;
    }

    [LibraryImport(Library, EntryPoint = "geteuid")]
    public static partial uint EffectiveUser();

    [LibraryImport(Library, EntryPoint = "getsockopt", SetLastError = true)]
    public static partial int GetSocketOption(int socket, int level, int option, byte* value, int* length);

    /// <summary>
    /// The errno of a call that skips the GC transition; must be read before anything else runs on the thread.
    /// </summary>
    public static int LastError => Marshal.GetLastSystemError();

    /// <summary>
    /// The errno of a call that makes the GC transition, which may itself make system calls before it returns: the
    /// marshalling code has kept it.
    /// </summary>
    public static int KeptError => Marshal.GetLastPInvokeError();
}
