// AuthenticationRequest: what the server wants before it lets a client in, and its word that it does.
using Drover.Protocol.Framing;

namespace Drover.Protocol.Messages.Backend;

/// <summary>The kinds of <see cref="AuthenticationRequest"/>, by their code on the wire.</summary>
public enum AuthenticationCode
{
    /// <summary>The client is in.</summary>
    Ok = 0,

    /// <summary>Kerberos 5; no server asks for it any more.</summary>
    KerberosV5 = 2,

    /// <summary>The password as it is.</summary>
    CleartextPassword = 3,

    /// <summary>The password hashed with the salt in the payload.</summary>
    Md5Password = 5,

    /// <summary>GSSAPI begins.</summary>
    Gss = 7,

    /// <summary>GSSAPI or SSPI goes on; data in the payload.</summary>
    GssContinue = 8,

    /// <summary>SSPI begins.</summary>
    Sspi = 9,

    /// <summary>SASL begins; the payload lists the mechanisms.</summary>
    Sasl = 10,

    /// <summary>SASL goes on; data in the payload.</summary>
    SaslContinue = 11,

    /// <summary>SASL has succeeded; the server's last data in the payload.</summary>
    SaslFinal = 12,
}

/// <summary>All messages of type R, see https://www.postgresql.org/docs/18/protocol-message-formats.html.</summary>
public readonly ref struct AuthenticationRequest
{
    /// <summary>Bytes of the salt of an MD5 request.</summary>
    public const int SaltLength = 4;

    /// <summary>The kind; a code that is not in the enumeration is passed on as it is.</summary>
    public AuthenticationCode Code { get; private init; }

    /// <summary>What follows the code.</summary>
    public ReadOnlySpan<byte> Payload { get; private init; }

    /// <summary>Reads a body. The payload of an MD5 request has exactly four bytes.</summary>
    public static bool TryRead(ReadOnlySpan<byte> body, out AuthenticationRequest message)
    {
        MessageReader reader = new(body);
        if (
            !reader.TryReadInt32(out int code)
            || ((AuthenticationCode)code == AuthenticationCode.Md5Password && reader.Rest.Length != SaltLength)
        )
        {
            message = default;
            return false;
        }
        message = new AuthenticationRequest { Code = (AuthenticationCode)code, Payload = reader.Rest };
        return true;
    }

    /// <summary>Whether the list of mechanisms of a SASL request has this one.</summary>
    public bool OffersMechanism(ReadOnlySpan<byte> mechanism)
    {
        MessageReader reader = new(Payload);
        while (reader.TryReadCString(out var offered) && !offered.IsEmpty)
        {
            if (offered.SequenceEqual(mechanism))
            {
                return true;
            }
        }
        return false;
    }

    /// <summary>Writes the message with any payload.</summary>
    public static void Write(MessageWriter writer, AuthenticationCode code, ReadOnlySpan<byte> payload = default)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Begin(BackendType.Authentication);
        writer.WriteInt32((int)code);
        writer.WriteBytes(payload);
        writer.End();
    }

    /// <summary>Writes AuthenticationOk.</summary>
    public static void WriteOk(MessageWriter writer) => Write(writer, AuthenticationCode.Ok);

    /// <summary>Writes AuthenticationSASL with its list of mechanisms, the preferred one first.</summary>
    public static void WriteSasl(MessageWriter writer, params ReadOnlySpan<string> mechanisms)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Begin(BackendType.Authentication);
        writer.WriteInt32((int)AuthenticationCode.Sasl);
        foreach (string mechanism in mechanisms)
        {
            writer.WriteCString(mechanism);
        }
        writer.WriteByte(0);
        writer.End();
    }
}
