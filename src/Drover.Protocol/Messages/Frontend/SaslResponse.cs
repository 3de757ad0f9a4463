// SASLInitialResponse and SASLResponse: the client's part of a SASL exchange.
using Drover.Protocol.Framing;

namespace Drover.Protocol.Messages.Frontend;

/// <summary>
/// SASLInitialResponse: the mechanism that the client chose and its first message. See
/// https://www.postgresql.org/docs/18/sasl-authentication.html.
/// </summary>
public readonly ref struct SaslInitialResponse
{
    /// <summary>The name of the mechanism.</summary>
    public ReadOnlySpan<byte> Mechanism { get; private init; }

    /// <summary>The client's first message; empty if it sent none.</summary>
    public ReadOnlySpan<byte> Data { get; private init; }

    /// <summary>Reads a body.</summary>
    public static bool TryRead(ReadOnlySpan<byte> body, out SaslInitialResponse message)
    {
        MessageReader reader = new(body);
        if (
            reader.TryReadCString(out var mechanism)
            && reader.TryReadValue(out var data, out _)
            && reader.AtEnd
            && !mechanism.IsEmpty
        )
        {
            message = new SaslInitialResponse { Mechanism = mechanism, Data = data };
            return true;
        }
        message = default;
        return false;
    }

    /// <summary>Writes the message.</summary>
    public static void Write(MessageWriter writer, ReadOnlySpan<byte> mechanism, ReadOnlySpan<byte> data)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Begin(FrontendType.PasswordMessage);
        writer.WriteCString(mechanism);
        writer.WriteValue(data);
        writer.End();
    }
}

/// <summary>SASLResponse: any later message of the client; its body is the data itself.</summary>
public static class SaslResponse
{
    /// <summary>Writes the message.</summary>
    public static void Write(MessageWriter writer, ReadOnlySpan<byte> data)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Begin(FrontendType.PasswordMessage);
        writer.WriteBytes(data);
        writer.End();
    }
}
