// One thread that moves bytes for many connections: what is ready is dispatched, then what was posted, then what is
// due.
using System.Collections.Concurrent;
using System.Diagnostics;
using Drover.Protocol.Framing;
using Drover.Transport.Sockets;

namespace Drover.Transport;

/// <summary>
/// An event loop: a thread, its connections, its timers and its scratch buffers. Everything that a session owns is
/// touched on this thread only, so sessions need no locks. Awaited tasks come back here through the loop's
/// synchronization context; <see cref="Wakeup"/> runs inline.
/// </summary>
internal abstract class EventLoop : IDisposable
{
    /// <summary>Longest sleep while timers exist: the precision of every time-out, in milliseconds.</summary>
    public const int TickMs = 100;

    private readonly ConcurrentQueue<(SendOrPostCallback Callback, object? State)> _posted = new();
    private readonly Queue<(SendOrPostCallback Callback, object? State)> _local = new();
    private readonly PriorityQueue<Alarm, long> _timers = new();
    private readonly List<ILoopTicker> _tickers = [];
    private readonly TimeProvider _time;
    private readonly double _usPerTimestamp;
    private readonly Thread _thread;
    private int _wakePending;
    private long _lastTick;
    private int _shedCount;
    private long _cpuNs;
    private long _windowStart;
    private volatile bool _stopping;
    private volatile bool _hasPosted;

    protected EventLoop(int index, TimeProvider time)
    {
        Index = index;
        _time = time;
        _usPerTimestamp = 1_000_000.0 / time.TimestampFrequency;
        _thread = new Thread(Run) { Name = $"loop-{index}", IsBackground = true };
    }

    /// <summary>Position among the proxy's loops, from 0.</summary>
    public int Index { get; }

    /// <summary>Milliseconds on the loop's clock, read once per turn; differences only.</summary>
    public long NowMs { get; private set; }

    /// <summary>
    /// Microseconds on the same clock, read once per turn too, as PgBouncer does: reading it costs more than counting.
    /// </summary>
    public long NowUs { get; private set; }

    /// <summary>Where clients' bytes land first. Valid until the code that filled it awaits.</summary>
    public byte[] ClientScratch { get; } =
        GC.AllocateUninitializedArray<byte>(TransportLimits.ScratchBytes, pinned: true);

    /// <summary>Where servers' bytes land first. Valid until the code that filled it awaits.</summary>
    public byte[] ServerScratch { get; } =
        GC.AllocateUninitializedArray<byte>(TransportLimits.ScratchBytes, pinned: true);

    /// <summary>Where a turn assembles what it sends to a client. Empty between turns.</summary>
    public MessageWriter ClientAssembly { get; } = new(TransportLimits.AssemblyBytesMax);

    /// <summary>Where a turn assembles what it sends to a server. Empty between turns.</summary>
    public MessageWriter ServerAssembly { get; } = new(TransportLimits.AssemblyBytesMax);

    /// <summary>Share of one processor that the loop used in the last tick, 0 to 1.</summary>
    public double Busy { get; protected set; }

    /// <summary>Connections that live here; read by any thread to place new ones.</summary>
    public int ConnectionCount { get; protected set; }

    public bool IsCurrent => Thread.CurrentThread == _thread;

    public bool IsStopping => _stopping;

    /// <summary>Whether the thread is there, also one that was told to stop and has not yet.</summary>
    public bool IsRunning => _thread.IsAlive;

    /// <summary>
    /// Told of what a callback, a connection's session or a ticker threw: a defect, since none of them may. The loop
    /// goes on for all others. Set before the start.
    /// </summary>
    public Action<Exception>? OnDefect { get; set; }

    /// <summary>Wraps its connections; set by tests, before the start.</summary>
    public IConnectionDecorator? Decorator { get; set; }

    public void Start() => _thread.Start();

    /// <summary>Runs a callback on the loop, later, from any thread.</summary>
    public void Post(SendOrPostCallback callback, object? state)
    {
        if (IsCurrent)
        {
            _local.Enqueue((callback, state));
            return;
        }
        _posted.Enqueue((callback, state));
        _hasPosted = true;
        if (Interlocked.Exchange(ref _wakePending, 1) == 0)
        {
            Interrupt();
        }
    }

    /// <summary>Wakes a waiter on the loop, later, from any thread.</summary>
    public void Post(Wakeup wakeup) => Post(static state => ((Wakeup)state!).Signal(), wakeup);

    /// <summary>
    /// Signals the wake-up once the delay has passed. Who may move to another loop has to cancel it before: a signal
    /// is given on this one.
    /// </summary>
    public Alarm SignalAfter(Wakeup wakeup, TimeSpan delay)
    {
        Debug.Assert(IsCurrent, "timers belong to the loop's thread");
        Alarm alarm = new(wakeup);
        _timers.Enqueue(alarm, NowMs + (long)Math.Ceiling(delay.TotalMilliseconds));
        return alarm;
    }

    /// <summary>Waits on the loop for a time.</summary>
    public async ValueTask DelayAsync(TimeSpan delay)
    {
        Wakeup wakeup = new();
        SignalAfter(wakeup, delay);
        await wakeup;
    }

    /// <summary>Waits, on any loop, until this one has done what was posted to it before.</summary>
    public Task PassAsync()
    {
        TaskCompletionSource passed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Post(static state => ((TaskCompletionSource)state!).SetResult(), passed);
        return passed.Task;
    }

    /// <summary>Begins to tick for it; on the loop.</summary>
    public void Add(ILoopTicker ticker)
    {
        ticker.TickerIndex = _tickers.Count;
        _tickers.Add(ticker);
    }

    /// <summary>Ends ticking for it; on the loop. The last in the list takes its place.</summary>
    public void Remove(ILoopTicker ticker)
    {
        int index = ticker.TickerIndex;
        if (index < 0 || index >= _tickers.Count || _tickers[index] != ticker)
        {
            return;
        }
        ILoopTicker last = _tickers[^1];
        _tickers[index] = last;
        last.TickerIndex = index;
        _tickers.RemoveAt(_tickers.Count - 1);
        ticker.TickerIndex = -1;
    }

    /// <summary>Where sessions should move when they next have nothing to do; null: nowhere.</summary>
    public EventLoop? ShedTo { get; private set; }

    /// <summary>Asks so many sessions that become idle to move; from any thread.</summary>
    public void Shed(EventLoop target, int count)
    {
        Volatile.Write(ref _shedCount, count);
        ShedTo = target;
    }

    /// <summary>Takes one of the moves asked for. The caller is on the loop.</summary>
    public bool TryTakeShed()
    {
        if (Interlocked.Decrement(ref _shedCount) <= 0)
        {
            ShedTo = null;
        }
        return true;
    }

    /// <summary>Adopts a socket that is connected and non-blocking; runs on the loop's thread.</summary>
    public abstract Connection Adopt(SocketHandle socket);

    /// <summary>Watches a listening socket; the callback runs on the loop whenever a client may be waiting.</summary>
    public abstract IDisposable Watch(SocketHandle listener, Action onReady);

    /// <summary>Ends the thread after the current turn.</summary>
    public void Stop()
    {
        _stopping = true;
        Interrupt();
    }

    public void Join(TimeSpan limit)
    {
        if (!IsCurrent && _thread.IsAlive)
        {
            _thread.Join(limit);
        }
    }

    public virtual void Dispose()
    {
        Stop();
        Join(TimeSpan.FromSeconds(5));
    }

    /// <summary>Wakes the thread if it sleeps; from any thread.</summary>
    protected abstract void Interrupt();

    /// <summary>Sleeps for at most so long, then dispatches what became ready.</summary>
    protected abstract void Poll(int timeoutMs);

    /// <summary>Called by <see cref="Poll"/> when it returns from its sleep.</summary>
    protected void Awake()
    {
        NowUs = (long)(_time.GetTimestamp() * _usPerTimestamp);
        NowMs = NowUs / 1000;
    }

    /// <summary>For filters around each of many things that are due: what one throws is not the others' end.</summary>
    protected bool IsReported(Exception defect)
    {
        OnDefect?.Invoke(defect);
        return OnDefect is not null;
    }

    protected void ClearInterrupt() => Volatile.Write(ref _wakePending, 0);

    private void Run()
    {
        SynchronizationContext.SetSynchronizationContext(new LoopSynchronizationContext(this));
        // Nothing here lives in an AsyncLocal, and capturing the context costs on every await.
        ExecutionContext.SuppressFlow();
        Awake();
        _lastTick = NowMs;
        _windowStart = Stopwatch.GetTimestamp();
        while (!_stopping)
        {
            RunPosted();
            Poll(_local.Count > 0 || _hasPosted ? 0 : SleepMs());
            RunTimers();
        }
    }

    private int SleepMs() => _timers.Count == 0 && _tickers.Count == 0 ? TickMs * 10 : TickMs;

    private void Call(SendOrPostCallback callback, object? state)
    {
        try
        {
            callback(state);
        }
        catch (Exception defect) when (IsReported(defect))
        {
            // The next one.
        }
    }

    private void RunPosted()
    {
        for (int budget = TransportLimits.PostedPerTurn; budget > 0 && _local.TryDequeue(out var item); budget--)
        {
            Call(item.Callback, item.State);
        }
        if (!_hasPosted)
        {
            return;
        }
        _hasPosted = false;
        for (int budget = TransportLimits.PostedPerTurn; _posted.TryDequeue(out var item); budget--)
        {
            Call(item.Callback, item.State);
            if (budget == 0)
            {
                _hasPosted = true;
                return;
            }
        }
    }

    private void RunTimers()
    {
        while (_timers.TryPeek(out Alarm? alarm, out long due) && due <= NowMs)
        {
            _timers.Dequeue();
            Call(static ringing => ((Alarm)ringing!).Ring(), alarm);
        }
        if (NowMs - _lastTick < TickMs)
        {
            return;
        }
        _lastTick = NowMs;
        for (int i = _tickers.Count - 1; i >= 0; i--)
        {
            if (i < _tickers.Count)
            {
                Tick(_tickers[i]);
            }
        }
        MeasureBusy();
    }

    private void Tick(ILoopTicker ticker)
    {
        try
        {
            ticker.OnTick(NowMs);
        }
        catch (Exception defect) when (IsReported(defect))
        {
            // The next one.
        }
    }

    /// <summary>Processor time of this thread over wall time: waiting for a processor is not work.</summary>
    private void MeasureBusy()
    {
        long now = Stopwatch.GetTimestamp();
        long cpuNs = OperatingSystem.IsLinux() ? Libc.ThreadProcessorTimeNs() : 0;
        double windowNs = (now - _windowStart) * (1e9 / Stopwatch.Frequency);
        Busy = windowNs <= 0 ? 0 : Math.Clamp((cpuNs - _cpuNs) / windowNs, 0, 1);
        _cpuNs = cpuNs;
        _windowStart = now;
    }

    private sealed class LoopSynchronizationContext(EventLoop loop) : SynchronizationContext
    {
        public override void Post(SendOrPostCallback d, object? state) => loop.Post(d, state);

        public override void Send(SendOrPostCallback d, object? state) =>
            throw new NotSupportedException("an event loop is never waited for");

        public override SynchronizationContext CreateCopy() => this;
    }
}
