// ReadyForQuery: the server waits, and says whether a transaction is open.
using Drover.Protocol.Framing;

namespace Drover.Protocol.Messages.Backend;

/// <summary>Whether a transaction is open, by its byte on the wire.</summary>
public enum TransactionStatus : byte
{
    /// <summary>No transaction.</summary>
    Idle = (byte)'I',

    /// <summary>In a transaction.</summary>
    InTransaction = (byte)'T',

    /// <summary>In a transaction that has failed: only its end is accepted.</summary>
    Failed = (byte)'E',
}

/// <summary>ReadyForQuery.</summary>
public static class ReadyForQuery
{
    /// <summary>Reads a body; false if the status is none of the three.</summary>
    public static bool TryRead(ReadOnlySpan<byte> body, out TransactionStatus status)
    {
        status = body.Length == 1 ? (TransactionStatus)body[0] : default;
        return status is TransactionStatus.Idle or TransactionStatus.InTransaction or TransactionStatus.Failed;
    }

    /// <summary>Writes the message.</summary>
    public static void Write(MessageWriter writer, TransactionStatus status)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Begin(BackendType.ReadyForQuery);
        writer.WriteByte((byte)status);
        writer.End();
    }
}
