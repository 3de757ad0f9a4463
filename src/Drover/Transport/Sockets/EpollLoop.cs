// The event loop of Linux: one edge-triggered epoll set (epoll(7)).
using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Drover.Transport.Sockets;

/// <summary>
/// Edge-triggered: a readiness is told once and remembered by the connection until a short read or EAGAIN takes it
/// back. Event data is the descriptor and a generation, so that an event of a socket closed earlier in the same batch
/// finds nobody.
/// </summary>
internal sealed unsafe class EpollLoop : EventLoop
{
    // struct epoll_event is packed on x86-64 only.
    private static readonly int EventSize = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 12 : 16;
    private static readonly int DataOffset = EventSize - sizeof(ulong);

    private readonly int _epoll;
    private readonly int _interrupt;
    private readonly int _clock;
    private readonly byte* _events;
    private int _clockMs;
    private Registration[] _registrations = new Registration[64];
    private uint _generation;
    private readonly Lock _closing = new();
    private bool _isClosed;

    public EpollLoop(int index, TimeProvider time)
        : base(index, time)
    {
        _epoll = Check(Libc.EpollCreate(Libc.EpollCloseOnExec), "epoll_create1");
        _interrupt = Check(Libc.EventFd(0, Libc.EventFdCloseOnExecNonBlocking), "eventfd");
        _clock = Check(Libc.TimerFd(Libc.ClockMonotonic, Libc.TimerFdCloseOnExecNonBlocking), "timerfd_create");
        _events = (byte*)NativeMemory.Alloc((nuint)(TransportLimits.EventsPerPoll * EventSize));
        Control(Libc.EpollCtlAdd, _interrupt, Libc.EpollIn | Libc.EpollEdgeTriggered, 0);
        Control(Libc.EpollCtlAdd, _clock, Libc.EpollIn | Libc.EpollEdgeTriggered, 0);
    }

    public override Connection Adopt(SocketHandle socket)
    {
        EpollConnection connection = new(socket.Descriptor, socket.Socket)
        {
            RemoteEndPoint = socket.RemoteEndPoint,
            LocalEndPoint = socket.LocalEndPoint,
            UnixPath = socket.UnixPath,
        };
        connection.Attach(this);
        return connection;
    }

    public override IDisposable Watch(SocketHandle listener, Action onReady)
    {
        ListenerWatch watch = new(this, listener.Descriptor, onReady);
        Register(listener.Descriptor, watch, Libc.EpollIn | Libc.EpollEdgeTriggered);
        return watch;
    }

    /// <summary>Starts watching a descriptor; its present state is reported as an event.</summary>
    public void Register(int descriptor, IEpollTarget target, int interest)
    {
        if (descriptor >= _registrations.Length)
        {
            Array.Resize(ref _registrations, Math.Max(descriptor + 1, _registrations.Length * 2));
        }
        uint generation = ++_generation;
        _registrations[descriptor] = new Registration(target, generation);
        Control(Libc.EpollCtlAdd, descriptor, interest, generation);
        ConnectionCount++;
    }

    public void Change(int descriptor, int interest) =>
        Control(Libc.EpollCtlMod, descriptor, interest, _registrations[descriptor].Generation);

    /// <summary>
    /// Forgets a descriptor. Closing it removes it from the set, so the system call is for those that live on.
    /// </summary>
    public void Unregister(int descriptor, bool isClosing)
    {
        _registrations[descriptor] = default;
        ConnectionCount--;
        if (!isClosing)
        {
            _ = Libc.EpollControl(_epoll, Libc.EpollCtlDel, descriptor, null);
        }
    }

    /// <summary>
    /// Closes the set once the thread has ended. A thread that hangs keeps its descriptors: their numbers would be
    /// given to others, whose events it would take.
    /// </summary>
    public override void Dispose()
    {
        base.Dispose();
        lock (_closing)
        {
            if (_isClosed || IsRunning)
            {
                return;
            }
            _isClosed = true;
            _ = Libc.Close(_epoll);
            _ = Libc.Close(_interrupt);
            _ = Libc.Close(_clock);
            NativeMemory.Free(_events);
        }
    }

    /// <summary>
    /// Whoever posts to a loop that has ended must not write into what has the descriptor's number by now.
    /// </summary>
    protected override void Interrupt()
    {
        lock (_closing)
        {
            if (!_isClosed)
            {
                ulong one = 1;
                _ = Libc.Write(_interrupt, (byte*)&one, sizeof(ulong));
            }
        }
    }

    protected override void Poll(int timeoutMs)
    {
        if (timeoutMs > 0 && timeoutMs != _clockMs)
        {
            SetClock(timeoutMs);
        }
        int count = Libc.EpollWait(_epoll, _events, TransportLimits.EventsPerPoll, timeoutMs > 0 ? -1 : 0);
        Awake();
        for (int i = 0; i < count; i++)
        {
            byte* raw = _events + (i * EventSize);
            int happened = Unsafe.ReadUnaligned<int>(raw);
            ulong data = Unsafe.ReadUnaligned<ulong>(raw + DataOffset);
            int descriptor = (int)(uint)data;
            if (descriptor == _interrupt || descriptor == _clock)
            {
                // A timer begins its next period when it is read.
                ulong drained;
                _ = Libc.Read(descriptor, (byte*)&drained, sizeof(ulong));
                ClearInterrupt();
                continue;
            }
            Registration registration = _registrations[descriptor];
            if (registration.Target is not null && registration.Generation == (uint)(data >> 32))
            {
                Dispatch(registration.Target, happened);
            }
        }
    }

    private void Dispatch(IEpollTarget target, int happened)
    {
        try
        {
            target.OnEvents(happened);
        }
        catch (Exception defect) when (IsReported(defect))
        {
            // The next event.
        }
    }

    /// <summary>
    /// Lets a timer wake the loop every so often. A time-out of epoll_wait would be armed and cancelled on every call;
    /// this costs ten events a second.
    /// </summary>
    private void SetClock(int periodMs)
    {
        long* spec = stackalloc long[4];
        spec[0] = periodMs / 1000;
        spec[1] = periodMs % 1000 * 1_000_000L;
        spec[2] = spec[0];
        spec[3] = spec[1];
        Check(Libc.SetTimerFd(_clock, 0, spec, null), "timerfd_settime");
        _clockMs = periodMs;
    }

    private void Control(int operation, int descriptor, int interest, uint generation)
    {
        byte* raw = stackalloc byte[EventSize];
        Span<byte> span = new(raw, EventSize);
        BinaryPrimitives.WriteInt32LittleEndian(span, interest);
        BinaryPrimitives.WriteUInt64LittleEndian(span[DataOffset..], (uint)descriptor | ((ulong)generation << 32));
        if (Libc.EpollControl(_epoll, operation, descriptor, raw) < 0)
        {
            throw Failed("epoll_ctl", Libc.LastError);
        }
    }

    private static int Check(int result, string call) => result >= 0 ? result : throw Failed(call, Libc.KeptError);

    private static IOException Failed(string call, int error) =>
        new($"{call}: {Marshal.GetPInvokeErrorMessage(error)}");

    private readonly record struct Registration(IEpollTarget? Target, uint Generation);

    private sealed class ListenerWatch(EpollLoop loop, int descriptor, Action onReady) : IEpollTarget, IDisposable
    {
        public void OnEvents(int events) => onReady();

        public void Dispose() => loop.Unregister(descriptor, isClosing: false);
    }
}

/// <summary>What an epoll registration wakes.</summary>
internal interface IEpollTarget
{
    void OnEvents(int events);
}
