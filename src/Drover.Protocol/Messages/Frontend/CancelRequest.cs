// CancelRequest: stop what another connection runs.
using Drover.Protocol.Framing;

namespace Drover.Protocol.Messages.Frontend;

/// <summary>
/// CancelRequest, see https://www.postgresql.org/docs/18/protocol-message-formats.html. The key has 4 bytes in protocol
/// 3.0 and up to 256 in 3.2.
/// </summary>
public readonly ref struct CancelRequest
{
    /// <summary>Fewest bytes of a cancel key.</summary>
    public const int KeyLengthMin = 4;

    /// <summary>Most bytes of a cancel key.</summary>
    public const int KeyLengthMax = 256;

    /// <summary>Whose query to cancel.</summary>
    public int ProcessId { get; private init; }

    /// <summary>The secret that the session was told in its BackendKeyData.</summary>
    public ReadOnlySpan<byte> Key { get; private init; }

    /// <summary>Reads what follows the <see cref="StartupHeader"/>.</summary>
    public static bool TryRead(ReadOnlySpan<byte> body, out CancelRequest message)
    {
        message = default;
        MessageReader reader = new(body);
        if (!reader.TryReadInt32(out int processId) || reader.Rest.Length is < KeyLengthMin or > KeyLengthMax)
        {
            return false;
        }
        message = new CancelRequest { ProcessId = processId, Key = reader.Rest };
        return true;
    }

    /// <summary>Writes the message.</summary>
    public static void Write(MessageWriter writer, int processId, ReadOnlySpan<byte> key)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.BeginUntyped();
        writer.WriteInt32(StartupHeader.CancelRequestCode);
        writer.WriteInt32(processId);
        writer.WriteBytes(key);
        writer.End();
    }
}
