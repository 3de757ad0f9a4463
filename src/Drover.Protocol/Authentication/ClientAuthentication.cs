// The client's side of a login: the answer to each of a server's authentication requests.
using System.Text;
using Drover.Protocol.Framing;
using Drover.Protocol.Messages.Backend;
using Drover.Protocol.Messages.Frontend;

namespace Drover.Protocol.Authentication;

/// <summary>Why a login cannot go on; never holds a secret.</summary>
/// <param name="SqlState">One of <see cref="Protocol.SqlState"/>.</param>
/// <param name="Message">For a person.</param>
/// <param name="NeededSecret">What the server asks for and the credential does not have; null: that is not it.</param>
public sealed record AuthenticationFailure(string SqlState, string Message, string? NeededSecret = null);

/// <summary>
/// Answers clear text, MD5 and SCRAM-SHA-256 with what the credential has, see
/// https://www.postgresql.org/docs/18/protocol-flow.html#PROTOCOL-FLOW-START-UP. One per connection.
/// </summary>
/// <param name="user">As in the startup packet; MD5 hashes it.</param>
/// <param name="secret">The password in any form; null: none is known.</param>
/// <param name="keys">SCRAM keys, where there is no plain password.</param>
/// <param name="certificateHash">From <see cref="ChannelBinding"/>; empty without TLS.</param>
public sealed class ClientAuthentication(
    string user,
    PasswordSecret? secret,
    ScramKeys? keys,
    ReadOnlyMemory<byte> certificateHash
)
{
    private ScramClient? _scram;

    /// <summary>
    /// Reads the body of an authentication request and writes the answer; nothing is written where none is due. Null
    /// when all is well so far.
    /// </summary>
    public AuthenticationFailure? Answer(ReadOnlySpan<byte> body, MessageWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        if (!AuthenticationRequest.TryRead(body, out AuthenticationRequest request))
        {
            return Violation("malformed authentication request");
        }
        switch (request.Code)
        {
            case AuthenticationCode.Ok:
                return null;
            case AuthenticationCode.CleartextPassword:
                return WritePlain(writer);
            case AuthenticationCode.Md5Password:
                return WriteMd5(request.Payload, writer);
            case AuthenticationCode.Sasl:
                return BeginScram(request, writer);
            case AuthenticationCode.SaslContinue when _scram is not null:
                if (!_scram.TryContinue(request.Payload, out byte[] reply))
                {
                    return Violation(_scram.Violation ?? "SCRAM exchange failed");
                }
                SaslResponse.Write(writer, reply);
                return null;
            case AuthenticationCode.SaslFinal when _scram is not null:
                return _scram.TryFinish(request.Payload)
                    ? null
                    : Violation(_scram.Violation ?? "the server's proof is wrong");
            default:
                return new AuthenticationFailure(
                    SqlState.FeatureNotSupported,
                    $"the server asks for authentication method {(int)request.Code}, which Drover does not speak"
                );
        }
    }

    private AuthenticationFailure? WritePlain(MessageWriter writer)
    {
        if (secret is not { Kind: PasswordSecretKind.Plain })
        {
            return NoPassword("a plain password");
        }
        PasswordMessage.Write(writer, secret.Bytes);
        return null;
    }

    private AuthenticationFailure? WriteMd5(ReadOnlySpan<byte> salt, MessageWriter writer)
    {
        Span<byte> stored = stackalloc byte[Md5Password.Length];
        Span<byte> response = stackalloc byte[Md5Password.Length];
        switch (secret?.Kind)
        {
            case PasswordSecretKind.Md5:
                secret.Bytes.CopyTo(stored);
                break;
            case PasswordSecretKind.Plain:
                Md5Password.ComputeSecret(Encoding.UTF8.GetBytes(user), secret.Bytes, stored);
                break;
            default:
                return NoPassword("a plain or MD5 password");
        }
        Md5Password.ComputeResponse(stored, salt, response);
        PasswordMessage.Write(writer, response);
        return null;
    }

    private AuthenticationFailure? BeginScram(AuthenticationRequest request, MessageWriter writer)
    {
        bool offersPlus = request.OffersMechanism("SCRAM-SHA-256-PLUS"u8);
        if (!offersPlus && !request.OffersMechanism("SCRAM-SHA-256"u8))
        {
            return new AuthenticationFailure(
                SqlState.FeatureNotSupported,
                "the server offers no SASL mechanism that Drover speaks"
            );
        }
        ScramCredential? scram =
            secret is { Kind: PasswordSecretKind.Plain } plain ? ScramCredential.FromPassword(plain.Bytes)
            : keys is not null ? ScramCredential.FromKeys(keys)
            : null;
        if (scram is null)
        {
            return NoPassword("a plain password, or SCRAM keys from the client's own login (auth_type scram-sha-256)");
        }
        _scram = new ScramClient(scram, certificateHash.Span, offersPlus);
        SaslInitialResponse.Write(writer, Encoding.ASCII.GetBytes(_scram.Mechanism), _scram.First);
        return null;
    }

    private AuthenticationFailure NoPassword(string needed) =>
        new(SqlState.InvalidPassword, $"cannot log in to the server as \"{user}\"", needed);

    private static AuthenticationFailure Violation(string message) => new(SqlState.ProtocolViolation, message);
}
