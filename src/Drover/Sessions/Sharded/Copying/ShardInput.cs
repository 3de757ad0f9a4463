// One shard's server while it takes the rows of a COPY.
using System.Text;
using Drover.Pooling.Servers;
using Drover.Pooling.Statements;
using Drover.Protocol.Framing;
using Drover.Protocol.Messages;
using Drover.Protocol.Messages.Frontend;

namespace Drover.Sessions.Sharded.Copying;

internal enum InputState
{
    /// <summary>It has been told to begin.</summary>
    Begun,

    /// <summary>It takes rows.</summary>
    Taking,

    /// <summary>It has been told that there are no more.</summary>
    Ended,

    /// <summary>It has answered to its end.</summary>
    Done,
}

/// <summary>
/// Rows are gathered into messages; what the server does not take at once is kept up to a bound, and whoever sends
/// looks at <see cref="IsFull"/> first.
/// </summary>
internal sealed class ShardInput(int shard, ServerConnection server) : IDisposable
{
    /// <summary>Bytes of a CopyData message, about.</summary>
    private const int MessageBytes = 64 * 1024;

    /// <summary>Bytes that a slow server has not taken, from which on the client waits for it.</summary>
    private const int UnsentBytesMax = 256 * 1024;

    private const int MessageBytesMax = 1024 * 1024 * 1024;

    private readonly MessageWriter _message = new(MessageBytesMax);

    public int Shard => shard;

    public ServerConnection Server => server;

    public InputState State { get; set; }

    /// <summary>Nothing is to be heard from it any more.</summary>
    public bool IsOver => State == InputState.Done || server.IsDying;

    /// <summary>It has to take something before it gets more.</summary>
    public bool IsFull => server.Outbox.Pending > UnsentBytesMax;

    /// <summary>Bytes handed over.</summary>
    public long Sent { get; private set; }

    /// <summary>Sends the statement.</summary>
    public bool Begin(ReadOnlySpan<byte> text)
    {
        Query.Write(_message, text);
        server.UnnamedOwner = null;
        server.Responses.Push(ExpectedKind.Query);
        return Send();
    }

    /// <summary>Adds rows. False when the connection is broken.</summary>
    public bool Add(ReadOnlySpan<byte> rows)
    {
        if (_message.Length == 0)
        {
            _message.Begin(FrontendType.CopyData);
        }
        _message.WriteBytes(rows);
        return _message.Length < MessageBytes || Flush();
    }

    /// <summary>Sends what has been added. False when the connection is broken.</summary>
    public bool Flush()
    {
        if (_message.Length == 0)
        {
            return true;
        }
        _message.End();
        return Send();
    }

    /// <summary>There are no more rows. False when the connection is broken.</summary>
    public bool End()
    {
        State = InputState.Ended;
        if (!Flush())
        {
            return false;
        }
        CopyDone.Write(_message);
        return Send();
    }

    /// <summary>The rows that it has are to be forgotten. False when the connection is broken.</summary>
    public bool Fail(string reason)
    {
        State = InputState.Ended;
        _message.Clear();
        CopyFail.Write(_message, Encoding.UTF8.GetBytes(reason));
        return Send();
    }

    public void Dispose() => _message.Dispose();

    private bool Send()
    {
        Sent += _message.Length;
        bool isSent = server.Outbox.Send(server.Transport, _message.Written);
        _message.Clear();
        return isSent;
    }
}
