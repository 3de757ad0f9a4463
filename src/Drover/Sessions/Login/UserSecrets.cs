// Where a user's secret comes from: the user list, or a query on the database.
using System.Collections.Concurrent;
using System.Text;
using Drover.Configuration;
using Drover.Configuration.Authentication;
using Drover.Pooling;
using Drover.Pooling.Servers;
using Drover.Protocol.Authentication;
using Drover.Transport;

namespace Drover.Sessions.Login;

/// <summary>What is known of a user who logs in.</summary>
/// <param name="Exists">auth_file has the name, or auth_query knows it; it may have no password all the same.</param>
/// <param name="Secret">The password; null when there is none, or it has expired.</param>
/// <param name="Failure">It could not be found out.</param>
internal readonly record struct FoundUser(bool Exists, PasswordSecret? Secret = null, PoolFailure? Failure = null);

/// <summary>
/// Finds secrets at login. Nothing from auth_query is remembered: a password changed there counts at once.
/// </summary>
internal sealed class UserSecrets(PoolDirectory directory)
{
    private readonly ConcurrentDictionary<string, (string Stored, PasswordSecret Secret)> _parsed = new();

    /// <summary>Secrets that auth_query has given, and how many of them were SCRAM's.</summary>
    private int _asked;
    private int _askedScram;
    private bool _hasAsked;

    /// <summary>The secret from auth_file; null when the user is not in it.</summary>
    public PasswordSecret? FromFile(string user) =>
        directory.Options.AuthenticationFiles.Users.TryFind(user, out UserListEntry? entry)
            ? Parse(user, entry.Secret)
            : null;

    /// <summary>
    /// The user, from auth_file or else by auth_query. A failure means that it could not be asked.
    /// </summary>
    public async ValueTask<FoundUser> FindAsync(
        string user,
        DatabaseEntry? database,
        EventLoop loop,
        Wakeup wakeup,
        CancellationToken cancellationToken
    )
    {
        if (FromFile(user) is { } secret)
        {
            return new FoundUser(Exists: true, secret);
        }
        AuthenticationOptions options = directory.Options.Proxy.Authentication;
        string? authUser = database?.Options.AuthUser ?? (options.AuthUser.Length > 0 ? options.AuthUser : null);
        if (authUser is null || database is null)
        {
            return default;
        }
        string authDatabase = database.Options.AuthDbname ?? options.AuthDbname;
        if (authDatabase.Length == 0)
        {
            authDatabase = database.Name;
        }
        if (!directory.TryFindDatabase(authDatabase, out DatabaseEntry? asked))
        {
            return Failed(
                new PoolFailure(
                    Protocol.SqlState.InvalidCatalogName,
                    $"auth_dbname \"{authDatabase}\" is not configured"
                )
            );
        }
        string query = database.Options.AuthQuery ?? options.AuthQuery;
        return await AskAsync(user, asked, directory.User(authUser), query, loop, wakeup, cancellationToken);
    }

    /// <summary>
    /// Whether auth_type md5 asks a user for SCRAM: one whose secret is such. Of names that do not exist, as large a
    /// part as of those that do, and always the same ones: otherwise the method would tell who exists.
    /// </summary>
    public bool IsAskedForScram(string user, PasswordSecret? secret, ScramMock mock)
    {
        if (secret is not null)
        {
            return secret.Kind == PasswordSecretKind.ScramSha256;
        }
        UserList list = directory.Options.AuthenticationFiles.Users;
        int asked = Volatile.Read(ref _asked);
        // Nothing known of those in the database yet: PostgreSQL's own default is SCRAM.
        return list.SecretCount + asked == 0
            || (asked == 0 && Volatile.Read(ref _hasAsked))
            || mock.Draws(
                Encoding.UTF8.GetBytes(user),
                list.ScramCount + Volatile.Read(ref _askedScram),
                list.SecretCount + asked
            );
    }

    /// <summary>What is known of a user for logging in to servers.</summary>
    public ServerCredential Credential(string user, ScramKeys? proved) => new(FromFile(user), proved);

    private static FoundUser Failed(PoolFailure failure) => new(Exists: false, Failure: failure);

    private async ValueTask<FoundUser> AskAsync(
        string user,
        DatabaseEntry database,
        UserEntry authUser,
        string query,
        EventLoop loop,
        Wakeup wakeup,
        CancellationToken cancellationToken
    )
    {
        authUser.Credential = Credential(authUser.Name, authUser.Credential.Keys);
        // The entry may force a user; the query runs as auth_user all the same.
        ServerPool pool = directory.PoolOf(database, authUser);
        PoolWaiter waiter = new(loop, wakeup) { IsLogin = true, Wanted = pool.BaseSettings };
        if (!pool.TryAcquire(waiter))
        {
            while (waiter.State is WaiterState.Queued or WaiterState.InDelivery)
            {
                await wakeup;
                if (cancellationToken.IsCancellationRequested && pool.TryCancel(waiter))
                {
                    cancellationToken.ThrowIfCancellationRequested();
                }
            }
        }
        if (waiter.Failure is { } failure)
        {
            return Failed(failure);
        }
        ServerConnection server = waiter.Server!;
        PoolFailure? unclean = await CleanAsync(server, wakeup);
        ServerQueryResult result = unclean is not null
            ? new([], unclean, false)
            : await ServerQuery.RunAsync(
                server,
                wakeup,
                SessionProbe.Limit,
                query.Replace("$1", Literal(user), StringComparison.Ordinal)
            );
        Volatile.Write(ref _hasAsked, true);
        if (!result.IsGood)
        {
            pool.Discard(server, "auth_query failed");
            return Failed(
                result.Failure ?? new PoolFailure(Protocol.SqlState.ConnectionFailure, "auth_query: connection lost")
            );
        }
        pool.Release(server);
        string?[]? row = result.Rows.FirstOrDefault(static row => row.Length > 1);
        return new FoundUser(row is not null, row?[1] is { Length: > 0 } stored ? Learn(user, stored) : null);
    }

    private PasswordSecret Learn(string user, string stored)
    {
        bool isNew = !_parsed.ContainsKey(user);
        PasswordSecret secret = Parse(user, stored);
        if (isNew)
        {
            Interlocked.Increment(ref _asked);
            Interlocked.Add(ref _askedScram, secret.Kind == PasswordSecretKind.ScramSha256 ? 1 : 0);
        }
        return secret;
    }

    /// <summary>
    /// auth_user may be a client too: what it has set or made (search_path and temporary tables above all) must not
    /// reach the query. Where nobody keeps account of that, everything is thrown away.
    /// </summary>
    private static async ValueTask<PoolFailure?> CleanAsync(ServerConnection server, Wakeup wakeup)
    {
        if (!server.Pool.Configuration.FollowsSession && !await SessionProbe.ResetAsync(server, wakeup, "DISCARD ALL"))
        {
            return new PoolFailure(
                Protocol.SqlState.ConnectionFailure,
                "auth_query: the server's session could not be reset"
            );
        }
        return await SessionProbe.ApplyAsync(server, server.Pool.BaseSettings, wakeup);
    }

    private PasswordSecret Parse(string user, string stored)
    {
        // Parsed once: a plain password's SCRAM keys are derived once as well.
        if (_parsed.TryGetValue(user, out (string Stored, PasswordSecret Secret) known) && known.Stored == stored)
        {
            return known.Secret;
        }
        PasswordSecret secret = PasswordSecret.Parse(stored);
        _parsed[user] = (stored, secret);
        return secret;
    }

    /// <summary>
    /// A string constant of letters, digits and escapes only: whatever the session's client_encoding makes of bytes,
    /// nothing in a name can end it (https://www.postgresql.org/docs/18/sql-syntax-lexical.html).
    /// </summary>
    private static string Literal(string value)
    {
        StringBuilder text = new("E'");
        foreach (char c in value)
        {
            text.Append(char.IsAsciiLetterOrDigit(c) ? c.ToString() : $"\\u{(int)c:X4}");
        }
        return text.Append('\'').ToString();
    }
}
