// NotificationResponse: a NOTIFY has reached a session that listens.
using Drover.Protocol.Framing;

namespace Drover.Protocol.Messages.Backend;

/// <summary>NotificationResponse; may come at any time.</summary>
public readonly ref struct NotificationResponse
{
    /// <summary>The process that notified.</summary>
    public int ProcessId { get; private init; }

    /// <summary>The channel.</summary>
    public ReadOnlySpan<byte> Channel { get; private init; }

    /// <summary>The text that came with it; may be empty.</summary>
    public ReadOnlySpan<byte> Payload { get; private init; }

    /// <summary>Reads a body.</summary>
    public static bool TryRead(ReadOnlySpan<byte> body, out NotificationResponse message)
    {
        MessageReader reader = new(body);
        if (
            reader.TryReadInt32(out int processId)
            && reader.TryReadCString(out var channel)
            && reader.TryReadCString(out var payload)
            && reader.AtEnd
        )
        {
            message = new NotificationResponse
            {
                ProcessId = processId,
                Channel = channel,
                Payload = payload,
            };
            return true;
        }
        message = default;
        return false;
    }

    /// <summary>Writes the message.</summary>
    public static void Write(
        MessageWriter writer,
        int processId,
        ReadOnlySpan<byte> channel,
        ReadOnlySpan<byte> payload
    )
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Begin(BackendType.NotificationResponse);
        writer.WriteInt32(processId);
        writer.WriteCString(channel);
        writer.WriteCString(payload);
        writer.End();
    }
}
