// PasswordMessage: a password, plain or hashed with MD5.
using Drover.Protocol.Framing;

namespace Drover.Protocol.Messages.Frontend;

/// <summary>
/// PasswordMessage. It shares its type byte with <see cref="SaslInitialResponse"/>, <see cref="SaslResponse"/> and
/// GSSResponse: the authentication request before it says which one it is.
/// </summary>
public readonly ref struct PasswordMessage
{
    /// <summary>The password as the client sent it. A secret: never log or keep it.</summary>
    public ReadOnlySpan<byte> Password { get; private init; }

    /// <summary>Reads a body.</summary>
    public static bool TryRead(ReadOnlySpan<byte> body, out PasswordMessage message)
    {
        MessageReader reader = new(body);
        bool read = reader.TryReadCString(out var password) && reader.AtEnd;
        message = read ? new PasswordMessage { Password = password } : default;
        return read;
    }

    /// <summary>Writes the message.</summary>
    public static void Write(MessageWriter writer, ReadOnlySpan<byte> password)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Begin(FrontendType.PasswordMessage);
        writer.WriteCString(password);
        writer.End();
    }
}
