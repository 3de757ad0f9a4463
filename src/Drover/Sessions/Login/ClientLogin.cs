// The login of a client of the pools: which method, which secret, and what is learnt from it.
using System.Net;
using Drover.Configuration;
using Drover.Configuration.Authentication;
using Drover.Pooling;
using Drover.Protocol;
using Drover.Protocol.Authentication;
using Drover.Telemetry;
using Drover.Transport;
using Drover.Transport.Tls;

namespace Drover.Sessions.Login;

internal sealed class ClientLogin(ClientServices services, MessageChannel channel, StartupPacket startup, Wakeup wakeup)
{
    private ServerCredential? _learnt;

    /// <summary>The user, once authenticated.</summary>
    public UserEntry User { get; private set; } = null!;

    /// <summary>Authenticates the client. Null on success. An unknown database is found out only afterwards.</summary>
    public async Task<SessionEnd?> AuthenticateAsync(DatabaseEntry? database, CancellationToken cancellationToken)
    {
        if (services.Options.Proxy.Pool.MaxClientConn is > 0 and int limit && services.Registry.Count > limit)
        {
            return new SessionEnd("no more connections allowed (max_client_conn)", SqlState.TooManyConnections)
            {
                Hint = "Raise max_client_conn, and the limit of open files with it.",
            };
        }
        (HbaMethod method, string? map, SessionEnd? refusal) = ChooseMethod();
        if (refusal is not null)
        {
            return refusal;
        }
        (FoundUser found, refusal) = await FindUserAsync(method, database, cancellationToken);
        if (refusal is not null)
        {
            return refusal;
        }
        PasswordSecret? secret = found.Secret;
        cancellationToken.ThrowIfCancellationRequested();
        if (method == HbaMethod.Md5 && services.Secrets.IsAskedForScram(startup.User, secret, services.Mock))
        {
            method = HbaMethod.ScramSha256;
        }
        ClientAuthenticator authenticator = new(channel, startup, services.Mock);
        SessionEnd? end = await authenticator.RunAsync(method, found, name => Maps(map, name), cancellationToken);
        // The client's last word of the login is not the session's first.
        channel.Next();
        if (end is null)
        {
            User = services.Directory.User(startup.User);
            Learn(secret, authenticator.Keys);
        }
        return end;
    }

    /// <summary>Who the client may be, or why that cannot be known. <c>any</c> asks nobody.</summary>
    private async Task<(FoundUser Found, SessionEnd? Refusal)> FindUserAsync(
        HbaMethod method,
        DatabaseEntry? database,
        CancellationToken cancellationToken
    )
    {
        bool isAny = services.Options.Proxy.Authentication.AuthType == AuthType.Any;
        FoundUser nobody = new(Exists: isAny);
        if (isAny && database is { Options.User: null })
        {
            string problem = $"auth_type any needs a user in the entry of database \"{database.Name}\"";
            return (
                nobody,
                new SessionEnd(problem, SqlState.InvalidAuthorizationSpecification)
                {
                    Hint = "Give the entry a user, or choose another auth_type.",
                }
            );
        }
        if (isAny || method == HbaMethod.Reject)
        {
            return (nobody, null);
        }
        FoundUser found = await services.Secrets.FindAsync(
            startup.User,
            database,
            channel.Connection.Loop,
            wakeup,
            cancellationToken
        );
        if (found.Failure is not { } failure)
        {
            return (found, null);
        }
        LogLogin.PoolerError(services.Log, startup.User, failure.SqlState, $"auth_query failed: {failure.Message}");
        return (
            found,
            new SessionEnd("authentication could not be checked", failure.SqlState) { Detail = failure.Message }
        );
    }

    /// <summary>
    /// Passes on what the login taught of logging in to servers. What auth_query told holds for the database that was
    /// asked and for no other: the same name may have another password there, and has another salt.
    /// </summary>
    public void Teach(ServerPool pool)
    {
        if (_learnt is not null && pool.User == User)
        {
            pool.Learnt = _learnt with { Keys = _learnt.Keys ?? pool.Learnt.Keys };
        }
    }

    private void Learn(PasswordSecret? secret, ScramKeys? proved)
    {
        if (services.Secrets.FromFile(startup.User) is not { } listed)
        {
            _learnt = secret is null && proved is null ? null : new ServerCredential(secret, proved);
            return;
        }
        ScramKeys? keys = proved ?? User.Credential.Keys;
        if (User.Credential.Secret != listed || User.Credential.Keys != keys)
        {
            User.Credential = new ServerCredential(listed, keys);
        }
    }

    private (HbaMethod Method, string? Map, SessionEnd? Refusal) ChooseMethod()
    {
        AuthenticationOptions options = services.Options.Proxy.Authentication;
        if (options.AuthType != AuthType.Hba)
        {
            return (MethodOf(options.AuthType), null, null);
        }
        HbaRule? rule = services.Options.AuthenticationFiles.Rules?.Match(
            new HbaConnection
            {
                Database = startup.Database,
                User = startup.User,
                RemoteAddress = channel.Connection.UnixPath is null ? channel.Connection.RemoteEndPoint?.Address : null,
                IsTls = channel.Connection is TlsConnection,
                IsPhysicalReplication = startup.Replication == ReplicationKind.Physical,
                OwnAddresses = OwnAddresses(),
            }
        );
        return rule is null
            ? (
                default,
                null,
                new SessionEnd(
                    $"no pg_hba entry for host \"{channel.Connection.RemoteEndPoint?.Address.ToString() ?? "[local]"}\""
                        + $", user \"{startup.User}\", database \"{startup.Database}\"",
                    SqlState.InvalidAuthorizationSpecification
                )
            )
            : (rule.Method, rule.Map, null);
    }

    private IPAddress[] OwnAddresses() =>
        channel.Connection.LocalEndPoint is { } local
            ? [local.Address, IPAddress.Loopback, IPAddress.IPv6Loopback]
            : [];

    private bool Maps(string? map, string systemUser) =>
        map is null
            ? systemUser == startup.User
            : services.Options.AuthenticationFiles.IdentMap.Allows(map, systemUser, startup.User);

    private static HbaMethod MethodOf(AuthType type) =>
        type switch
        {
            AuthType.Any or AuthType.Trust => HbaMethod.Trust,
            AuthType.Plain => HbaMethod.Plain,
            AuthType.Md5 => HbaMethod.Md5,
            AuthType.Cert => HbaMethod.Cert,
            AuthType.ScramSha256 => HbaMethod.ScramSha256,
            _ => HbaMethod.Reject,
        };
}
