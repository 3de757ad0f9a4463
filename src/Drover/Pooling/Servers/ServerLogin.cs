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
    private readonly ClientAuthentication _authentication = new(
        user,
        credential.Secret,
        credential.Keys,
        certificateHash
    );

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
        if (_authentication.Answer(body, _writer) is { } failure)
        {
            return new PoolFailure(failure.SqlState, failure.Message)
            {
                Detail = failure.NeededSecret is { } needed
                    ? $"The server asks for a password and Drover has none that fits; it needs {needed}."
                    : null,
                Hint = failure.NeededSecret is null
                    ? null
                    : "Put the user in auth_file, or a password into the database's entry.",
            };
        }
        if (_writer.Length > 0)
        {
            channel.Send(_writer);
        }
        return null;
    }
}
