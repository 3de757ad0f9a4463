// Logging in to a server: start-up packet, authentication, parameters, key.
using System.Text;
using Drover.Protocol;
using Drover.Protocol.Authentication;
using Drover.Protocol.Framing;
using Drover.Protocol.Messages.Backend;
using Drover.Protocol.Messages.Frontend;
using Drover.Transport;

namespace Drover.Pooling.Servers;

/// <summary>
/// The conversation of https://www.postgresql.org/docs/18/protocol-flow.html#PROTOCOL-FLOW-START-UP from the client's
/// side. Used for pooled servers and for replication connections alike.
/// </summary>
internal sealed class ServerLogin(
    MessageChannel channel,
    string user,
    ServerCredential credential,
    byte[] certificateHash
)
{
    /// <summary>The longest message of a login: an error with its context, a list of mechanisms.</summary>
    private const int MessageBytesMax = 64 * 1024;

    private readonly MessageWriter _writer = channel.Connection.Loop.ServerAssembly;
    private ScramClient? _scram;

    public int ProcessId { get; private set; }

    public byte[] CancelKey { get; private set; } = [];

    public ParameterSet Reported { get; private set; } = ParameterSet.Empty;

    /// <summary>Logs in; null on success.</summary>
    /// <param name="parameters">Start-up parameters besides the user, in order.</param>
    /// <param name="cancellationToken">Bounds the time.</param>
    public async Task<PoolFailure?> RunAsync(
        IEnumerable<KeyValuePair<string, string>> parameters,
        CancellationToken cancellationToken
    )
    {
        byte[] scratch = channel.Connection.Loop.ServerScratch;
        Startup.Begin(_writer);
        Startup.WriteParameter(_writer, "user"u8, Encoding.UTF8.GetBytes(user));
        foreach ((string name, string value) in parameters)
        {
            Startup.WriteParameter(_writer, Encoding.UTF8.GetBytes(name), Encoding.UTF8.GetBytes(value));
        }
        Startup.End(_writer);
        channel.Send(_writer);
        Dictionary<string, string> reported = [];
        for (; ; )
        {
            byte type = await channel.ReadAsync(scratch, MessageBytesMax, cancellationToken);
            switch (type)
            {
                case BackendType.Authentication:
                    if (Authenticate(channel.Body) is { } refused)
                    {
                        return refused;
                    }
                    break;
                case BackendType.ErrorResponse:
                    return ServerQuery.ReadFailure(channel.Body, out _);
                case BackendType.ParameterStatus
                    when ParameterStatus.TryRead(channel.Body, out ParameterStatus parameter):
                    reported[Encoding.UTF8.GetString(parameter.Name)] = Encoding.UTF8.GetString(parameter.Value);
                    break;
                case BackendType.BackendKeyData when BackendKeyData.TryRead(channel.Body, out BackendKeyData key):
                    ProcessId = key.ProcessId;
                    CancelKey = key.Key.ToArray();
                    break;
                case BackendType.ReadyForQuery:
                    channel.Next();
                    Reported = ParameterSet.From(reported);
                    return null;
                case BackendType.NoticeResponse or BackendType.NegotiateProtocolVersion:
                    break;
                default:
                    return new PoolFailure(
                        SqlState.ProtocolViolation,
                        $"unexpected message '{(char)type}' during login"
                    );
            }
        }
    }

    private PoolFailure? Authenticate(ReadOnlySpan<byte> body)
    {
        if (!AuthenticationRequest.TryRead(body, out AuthenticationRequest request))
        {
            return Violation("malformed authentication request");
        }
        switch (request.Code)
        {
            case AuthenticationCode.Ok:
                return null;
            case AuthenticationCode.CleartextPassword:
                return SendPlain();
            case AuthenticationCode.Md5Password:
                return SendMd5(request.Payload);
            case AuthenticationCode.Sasl:
                return BeginScram(request);
            case AuthenticationCode.SaslContinue when _scram is not null:
                if (!_scram.TryContinue(request.Payload, out byte[] reply))
                {
                    return Violation(_scram.Violation ?? "SCRAM exchange failed");
                }
                SaslResponse.Write(_writer, reply);
                channel.Send(_writer);
                return null;
            case AuthenticationCode.SaslFinal when _scram is not null:
                return _scram.TryFinish(request.Payload)
                    ? null
                    : Violation(_scram.Violation ?? "the server's proof is wrong");
            default:
                return new PoolFailure(
                    SqlState.FeatureNotSupported,
                    $"the server asks for authentication method {(int)request.Code}, which Drover does not speak"
                );
        }
    }

    private PoolFailure? SendPlain()
    {
        if (credential.Secret is not { Kind: PasswordSecretKind.Plain } secret)
        {
            return NoPassword("a plain password");
        }
        PasswordMessage.Write(_writer, secret.Bytes);
        channel.Send(_writer);
        return null;
    }

    private PoolFailure? SendMd5(ReadOnlySpan<byte> salt)
    {
        Span<byte> stored = stackalloc byte[Md5Password.Length];
        Span<byte> response = stackalloc byte[Md5Password.Length];
        switch (credential.Secret?.Kind)
        {
            case PasswordSecretKind.Md5:
                credential.Secret.Bytes.CopyTo(stored);
                break;
            case PasswordSecretKind.Plain:
                Md5Password.ComputeSecret(Encoding.UTF8.GetBytes(user), credential.Secret.Bytes, stored);
                break;
            default:
                return NoPassword("a plain or MD5 password");
        }
        Md5Password.ComputeResponse(stored, salt, response);
        PasswordMessage.Write(_writer, response);
        channel.Send(_writer);
        return null;
    }

    private PoolFailure? BeginScram(AuthenticationRequest request)
    {
        bool offersPlus = request.OffersMechanism("SCRAM-SHA-256-PLUS"u8);
        if (!offersPlus && !request.OffersMechanism("SCRAM-SHA-256"u8))
        {
            return new PoolFailure(
                SqlState.FeatureNotSupported,
                "the server offers no SASL mechanism that Drover speaks"
            );
        }
        ScramCredential? scram =
            credential.Secret is { Kind: PasswordSecretKind.Plain } plain ? ScramCredential.FromPassword(plain.Bytes)
            : credential.Keys is { } keys ? ScramCredential.FromKeys(keys)
            : null;
        if (scram is null)
        {
            return NoPassword("a plain password, or SCRAM keys from the client's own login (auth_type scram-sha-256)");
        }
        _scram = new ScramClient(scram, certificateHash, offersPlus);
        SaslInitialResponse.Write(_writer, Encoding.ASCII.GetBytes(_scram.Mechanism), _scram.First);
        channel.Send(_writer);
        return null;
    }

    private PoolFailure NoPassword(string needed) =>
        new(SqlState.InvalidPassword, $"cannot log in to the server as \"{user}\"")
        {
            Detail = $"The server asks for a password and Drover has none that fits; it needs {needed}.",
            Hint = "Put the user in auth_file, or a password into the database's entry.",
        };

    private static PoolFailure Violation(string message) => new(SqlState.ProtocolViolation, message);
}
