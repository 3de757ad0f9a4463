// Proving who a client is, by the method that the configuration or a rule asks for.
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Drover.Configuration.Authentication;
using Drover.Protocol;
using Drover.Protocol.Authentication;
using Drover.Protocol.Framing;
using Drover.Protocol.Messages.Backend;
using Drover.Protocol.Messages.Frontend;
using Drover.Transport;
using Drover.Transport.Tls;

namespace Drover.Sessions.Login;

/// <summary>
/// One login. Unknown users and wrong passwords take the same steps, the same time and end in the same words
/// (https://www.postgresql.org/docs/18/auth-methods.html).
/// </summary>
internal sealed class ClientAuthenticator(MessageChannel channel, StartupPacket startup, ScramMock mock)
{
    /// <summary>X.520's commonName.</summary>
    private const string CommonName = "2.5.4.3";

    private MessageWriter Writer => channel.Connection.Loop.ClientAssembly;

    private byte[] Scratch => channel.Connection.Loop.ClientScratch;

    /// <summary>
    /// SCRAM keys that the client proved, for logging in to servers as the same user; null otherwise.
    /// </summary>
    public ScramKeys? Keys { get; private set; }

    /// <summary>Runs the method. Null on success. Whoever does not exist fails, whatever he shows.</summary>
    public async Task<SessionEnd?> RunAsync(
        HbaMethod method,
        FoundUser user,
        Func<string, bool> mapsToUser,
        CancellationToken cancellationToken
    )
    {
        PasswordSecret? secret = user.Secret;
        switch (method)
        {
            case HbaMethod.Trust:
                return user.Exists ? null : Unknown();
            case HbaMethod.Reject:
                return new SessionEnd(
                    $"pg_hba rejects connection for user \"{startup.User}\", database \"{startup.Database}\"",
                    SqlState.InvalidAuthorizationSpecification
                );
            case HbaMethod.Cert:
                return CheckCertificate(name => user.Exists && mapsToUser(name));
            case HbaMethod.Peer:
                return CheckPeer(name => user.Exists && mapsToUser(name));
            case HbaMethod.Plain:
                return await PlainAsync(secret, cancellationToken);
            case HbaMethod.Md5:
                return await Md5Async(secret, cancellationToken);
            default:
                return await ScramAsync(secret, cancellationToken);
        }
    }

    private async Task<SessionEnd?> PlainAsync(PasswordSecret? secret, CancellationToken cancellationToken)
    {
        if (channel.Connection is not TlsConnection && channel.Connection.UnixPath is null)
        {
            return new SessionEnd(
                "plain password authentication is allowed over TLS only",
                SqlState.InvalidAuthorizationSpecification
            )
            {
                Hint = "Connect with sslmode=require, or use auth_type scram-sha-256.",
            };
        }
        AuthenticationRequest.Write(Writer, AuthenticationCode.CleartextPassword);
        channel.Send(Writer);
        await ReadPasswordAsync(cancellationToken);
        bool isRight =
            PasswordMessage.TryRead(channel.Body, out PasswordMessage message)
            && PasswordSecret.VerifyPlain(secret, Encoding.UTF8.GetBytes(startup.User), message.Password, mock);
        return isRight ? null : WrongPassword();
    }

    private async Task<SessionEnd?> Md5Async(PasswordSecret? secret, CancellationToken cancellationToken)
    {
        byte[] salt = RandomNumberGenerator.GetBytes(Md5Password.SaltLength);
        AuthenticationRequest.Write(Writer, AuthenticationCode.Md5Password, salt);
        channel.Send(Writer);
        await ReadPasswordAsync(cancellationToken);
        bool isRight =
            PasswordMessage.TryRead(channel.Body, out PasswordMessage message)
            && Md5Password.Verify(secret, Encoding.UTF8.GetBytes(startup.User), salt, message.Password);
        return isRight ? null : WrongPassword();
    }

    private async Task<SessionEnd?> ScramAsync(PasswordSecret? secret, CancellationToken cancellationToken)
    {
        byte[] hash = (channel.Connection as TlsConnection)?.BindingHash ?? [];
        using ScramServer scram = new(Encoding.UTF8.GetBytes(startup.User), secret, mock, hash);
        AuthenticationRequest.WriteSasl(Writer, scram.Mechanisms);
        channel.Send(Writer);
        await ReadPasswordAsync(cancellationToken);
        ScramServerStatus status = ScramServerStatus.Malformed;
        byte[] reply = [];
        if (SaslInitialResponse.TryRead(channel.Body, out SaslInitialResponse initial))
        {
            status = scram.Begin(initial.Mechanism, initial.Data, out reply);
        }
        while (status == ScramServerStatus.Continue)
        {
            AuthenticationRequest.Write(Writer, AuthenticationCode.SaslContinue, reply);
            channel.Send(Writer);
            await ReadPasswordAsync(cancellationToken);
            status = scram.Continue(channel.Body, out reply);
        }
        switch (status)
        {
            case ScramServerStatus.Succeeded:
                AuthenticationRequest.Write(Writer, AuthenticationCode.SaslFinal, reply);
                channel.Send(Writer);
                Keys = scram.Keys?.Clone();
                return null;
            case ScramServerStatus.Malformed:
                return SessionEnd.Violation(scram.Violation ?? "malformed SCRAM message");
            case ScramServerStatus.BindingRefused:
                return new SessionEnd(
                    scram.Violation ?? "SCRAM channel binding check failed",
                    SqlState.InvalidAuthorizationSpecification
                );
            default:
                return WrongPassword();
        }
    }

    private async ValueTask ReadPasswordAsync(CancellationToken cancellationToken)
    {
        byte type = await channel.ReadAsync(Scratch, SessionLimits.LoginMessageBytesMax, cancellationToken);
        if (type == FrontendType.Terminate)
        {
            throw new LostConnectionException("client closed during authentication");
        }
        if (type != FrontendType.PasswordMessage)
        {
            throw new LostConnectionException(
                $"expected password response, got message type {type}",
                isViolation: true
            );
        }
    }

    private SessionEnd? CheckCertificate(Func<string, bool> mapsToUser)
    {
        return CommonNameOf((channel.Connection as TlsConnection)?.PeerCertificate) is { } name && mapsToUser(name)
            ? null
            : new SessionEnd(
                $"certificate authentication failed for user \"{startup.User}\"",
                SqlState.InvalidAuthorizationSpecification
            );
    }

    /// <summary>
    /// The first common name of the subject, as PostgreSQL takes it; never another part of the name, and none that
    /// hides something behind a zero byte.
    /// </summary>
    private static string? CommonNameOf(X509Certificate2? certificate)
    {
        string? name = certificate
            ?.SubjectName.EnumerateRelativeDistinguishedNames(reversed: false)
            .FirstOrDefault(static part => !part.HasMultipleElements && part.GetSingleElementType().Value == CommonName)
            ?.GetSingleElementValue();
        return name is { Length: > 0 } && !name.Contains('\0', StringComparison.Ordinal) ? name : null;
    }

    private SessionEnd? CheckPeer(Func<string, bool> mapsToUser) =>
        PeerUser.NameOf(channel.Connection) is { } name && mapsToUser(name)
            ? null
            : new SessionEnd(
                $"peer authentication failed for user \"{startup.User}\"",
                SqlState.InvalidAuthorizationSpecification
            );

    private SessionEnd Unknown() =>
        new($"\"trust\" authentication failed for user \"{startup.User}\"", SqlState.InvalidAuthorizationSpecification)
        {
            Hint = "Without a password too, a user has to be in auth_file or be found by auth_query.",
        };

    private SessionEnd WrongPassword() =>
        new($"password authentication failed for user \"{startup.User}\"", SqlState.InvalidPassword);
}
