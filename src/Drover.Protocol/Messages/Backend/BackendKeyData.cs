// BackendKeyData: what a later cancel request has to say.
using Drover.Protocol.Framing;
using Drover.Protocol.Messages.Frontend;

namespace Drover.Protocol.Messages.Backend;

/// <summary>BackendKeyData. The key has 4 bytes in protocol 3.0 and up to 256 in 3.2.</summary>
public readonly ref struct BackendKeyData
{
    /// <summary>The server process.</summary>
    public int ProcessId { get; private init; }

    /// <summary>The secret, 4 to 256 bytes; bounded as <see cref="CancelRequest.Key"/> is.</summary>
    public ReadOnlySpan<byte> Key { get; private init; }

    /// <summary>Reads a body.</summary>
    public static bool TryRead(ReadOnlySpan<byte> body, out BackendKeyData message)
    {
        message = default;
        MessageReader reader = new(body);
        if (
            !reader.TryReadInt32(out int processId)
            || reader.Rest.Length is < CancelRequest.KeyLengthMin or > CancelRequest.KeyLengthMax
        )
        {
            return false;
        }
        message = new BackendKeyData { ProcessId = processId, Key = reader.Rest };
        return true;
    }

    /// <summary>Writes the message.</summary>
    public static void Write(MessageWriter writer, int processId, ReadOnlySpan<byte> key)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Begin(BackendType.BackendKeyData);
        writer.WriteInt32(processId);
        writer.WriteBytes(key);
        writer.End();
    }
}
