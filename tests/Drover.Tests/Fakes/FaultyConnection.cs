// A connection whose Nth receive or send goes wrong once.
using Drover.Transport;

namespace Drover.Tests.Fakes;

internal enum Fault
{
    /// <summary>The stream is broken from then on.</summary>
    Break,

    /// <summary>A receive finds the end of the stream, from then on.</summary>
    End,

    /// <summary>One WouldBlock; the readiness comes a little later.</summary>
    Delay,

    /// <summary>One byte only; the rest a little later.</summary>
    Split,
}

internal enum FaultSide
{
    ClientReceive,
    ClientSend,
    ServerReceive,
    ServerSend,
}

/// <summary>Counts the operations of one side over all connections of the loop, and strikes at one of them.</summary>
internal sealed class FaultPlan : IConnectionDecorator
{
    private int _left = int.MaxValue;

    public FaultSide Side { get; private set; }

    public Fault Fault { get; private set; }

    /// <summary>The fault has happened.</summary>
    public bool Struck => Volatile.Read(ref _left) < 0;

    public void Arm(FaultSide side, Fault fault, int operation)
    {
        Side = side;
        Fault = fault;
        Volatile.Write(ref _left, operation);
    }

    /// <summary>No more faults.</summary>
    public void Disarm() => Volatile.Write(ref _left, int.MaxValue);

    public Connection Accepted(Connection connection) =>
        new FaultyConnection(connection, this, FaultSide.ClientReceive, FaultSide.ClientSend);

    public Connection Dialled(Connection connection) =>
        new FaultyConnection(connection, this, FaultSide.ServerReceive, FaultSide.ServerSend);

    public bool Strikes(FaultSide side) =>
        side == Side && Volatile.Read(ref _left) >= 0 && Interlocked.Decrement(ref _left) == -1;
}

/// <summary>Wraps a real connection of the loop; readiness passes through it.</summary>
internal sealed class FaultyConnection : Connection, IReadinessObserver
{
    private readonly Connection _whole;
    private readonly FaultPlan _plan;
    private readonly FaultSide _receive;
    private readonly FaultSide _send;
    private bool _isBroken;
    private bool _isEnded;
    private bool _stallsSend;
    private bool _isDisposed;

    public FaultyConnection(Connection whole, FaultPlan plan, FaultSide receive, FaultSide send)
    {
        _whole = whole;
        _plan = plan;
        _receive = receive;
        _send = send;
        Loop = whole.Loop;
        RemoteEndPoint = whole.RemoteEndPoint;
        LocalEndPoint = whole.LocalEndPoint;
        UnixPath = whole.UnixPath;
        _whole.Observer = this;
    }

    public override bool IsReadable => _isBroken || _isEnded || _whole.IsReadable;

    public override int Descriptor => _whole.Descriptor;

    public void OnReady(Connection connection) => Observer?.OnReady(this);

    public override int Receive(Span<byte> buffer)
    {
        if (_isBroken || _isEnded)
        {
            return _isEnded ? 0 : Broken;
        }
        if (!_whole.IsReadable || !_plan.Strikes(_receive))
        {
            return _whole.Receive(buffer);
        }
        switch (_plan.Fault)
        {
            case Fault.Break:
                return Snap();
            case Fault.End:
                _isEnded = true;
                return 0;
            case Fault.Delay:
                ReadyLater();
                return WouldBlock;
            default:
                return _whole.Receive(buffer[..1]);
        }
    }

    public override int Send(ReadOnlySpan<byte> buffer)
    {
        if (_isBroken)
        {
            return Broken;
        }
        if (_stallsSend)
        {
            return WouldBlock;
        }
        if (!_plan.Strikes(_send))
        {
            return _whole.Send(buffer);
        }
        if (_plan.Fault is Fault.Break or Fault.End)
        {
            return Snap();
        }
        _stallsSend = true;
        ReadyLater();
        return _plan.Fault == Fault.Delay ? WouldBlock : _whole.Send(buffer[..1]);
    }

    public override void Detach(EventLoop next) => _whole.Detach(next);

    public override void Attach(EventLoop loop)
    {
        Loop = loop;
        _whole.Attach(loop);
    }

    public override void Dispose()
    {
        _isDisposed = true;
        Observer = null;
        _whole.Dispose();
    }

    private int Snap()
    {
        _isBroken = true;
        Failure = "planted fault";
        Loop.Post(static self => ((FaultyConnection)self!).Observer?.OnReady((FaultyConnection)self), this);
        return Broken;
    }

    private void ReadyLater() =>
        Loop.Post(
            static state =>
            {
                FaultyConnection self = (FaultyConnection)state!;
                self._stallsSend = false;
                if (!self._isDisposed)
                {
                    self.Observer?.OnReady(self);
                }
            },
            this
        );
}
