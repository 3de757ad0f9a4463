// What a client is told when it is in: parameters as its server would report them, its key, and that it may begin.
using Drover.Configuration;
using Drover.Pooling;
using Drover.Pooling.Servers;
using Drover.Protocol;
using Drover.Protocol.Framing;
using Drover.Protocol.Messages.Backend;

namespace Drover.Sessions.Login;

/// <summary>
/// ParameterStatus must be in the server's own spelling, and a wrong start-up parameter must be refused as the server
/// refuses it: so a server is asked, once for each set of start-up parameters.
/// </summary>
internal static class SessionWelcome
{
    private const string PathName = "search_path";

    private const string FixPath =
        "SELECT pg_catalog.set_config('search_path', pg_catalog.current_setting('search_path'), false)";

    /// <summary>
    /// Settles the session's parameters; in session mode its server is taken. False when the session has to end.
    /// </summary>
    public static async ValueTask<bool> PrepareAsync(ClientSession session, ParameterSet startup)
    {
        ServerPool pool = session.Pool;
        bool isSession = session.Mode == PoolMode.Session;
        bool isKnown = pool.Profiles.TryFind(startup, out StartupProfile? profile);
        if (isKnown && FixesPath(session) && !profile!.Settings.TryFind(PathName, out _))
        {
            // A client of the shard's own entry has asked.
            (isKnown, profile) = (false, null);
        }
        if (isKnown && !isSession)
        {
            Adopt(session, profile!);
            return pool.LastFailure is null || RefuseWhileFailing(session, pool);
        }
        session.Waiter.IsLogin = true;
        bool acquired = await session.AcquireAsync();
        session.Waiter.IsLogin = false;
        if (!acquired)
        {
            return false;
        }
        profile ??= await AskAsync(session, startup);
        if (profile is null)
        {
            return false;
        }
        Adopt(session, profile);
        if (isSession)
        {
            return await ApplyAsync(session);
        }
        session.ReleaseNow();
        return true;
    }

    /// <summary>Writes ParameterStatus, BackendKeyData and the first ReadyForQuery.</summary>
    public static void Write(ClientSession session, MessageWriter writer, int processId, byte[] key)
    {
        foreach ((string name, string value) in session.Reported.Items)
        {
            ParameterStatus.Write(writer, name, value);
        }
        BackendKeyData.Write(writer, processId, key);
        ReadyForQuery.Write(writer, TransactionStatus.Idle);
    }

    /// <summary>
    /// Whether a session keeps the search_path that it began with: names have to mean the same on each shard as where
    /// the statement was routed, and ALTER ROLE may change what another server begins with.
    /// </summary>
    private static bool FixesPath(ClientSession session) =>
        session.Shards is not null && session.Pool.Configuration.FollowsSession;

    private static void Adopt(ClientSession session, StartupProfile profile)
    {
        session.Startup = profile.Startup;
        session.Settings = profile.Settings;
        session.Reported = profile.Reported;
    }

    private static bool RefuseWhileFailing(ClientSession session, ServerPool pool)
    {
        if (pool.Servers().Count > 0 || pool.LastFailure is not { } failure)
        {
            return true;
        }
        session.End = new SessionEnd(failure.Message, failure.SqlState)
        {
            Detail = failure.Detail,
            Hint = failure.Hint ?? "The server refuses connections; Drover tries again by itself (server_login_retry).",
        };
        return false;
    }

    private static async ValueTask<StartupProfile?> AskAsync(ClientSession session, ParameterSet startup)
    {
        ServerPool pool = session.Pool;
        ServerConnection server = session.Server!;
        if (!session.Pool.Configuration.FollowsSession && session.Mode != PoolMode.Session)
        {
            StartupProfile plain = new(ParameterSet.Empty, pool.BaseSettings, pool.Parameters.Intern(server.Reported));
            pool.Profiles.Add(startup, plain);
            return plain;
        }
        ParameterSet wanted = pool.Parameters.Intern(pool.BaseSettings.Overlay(startup));
        PoolFailure? failure = await SessionProbe.ApplyAsync(server, wanted, session.Wakeup);
        bool fixesPath = FixesPath(session) && !wanted.TryFind(PathName, out _);
        if (failure is null && fixesPath)
        {
            failure = (await ServerQuery.RunAsync(server, session.Wakeup, SessionProbe.Limit, FixPath)).Failure;
        }
        HashSet<string> custom =
        [
            .. wanted.Items.Select(static item => item.Key).Where(static name => name.Contains('.')),
        ];
        SessionContents? contents = failure is null
            ? await SessionProbe.ReadAsync(server, session.Wakeup, custom)
            : null;
        if (contents is null)
        {
            server.IsStateUnknown = true;
            failure ??= new PoolFailure(SqlState.ConnectionFailure, "server closed the connection");
            session.End = new SessionEnd(failure.Message, failure.SqlState)
            {
                Detail = failure.Detail,
                Hint = failure.Hint,
            };
            return null;
        }
        server.Applied = contents.Settings;
        server.Reported = pool.Parameters.Intern(server.Reported);
        ParameterSet canonical = ParameterSet.From(
            contents.Settings.Items.Where(item =>
                startup.TryFind(item.Key, out _) || (fixesPath && item.Key == PathName)
            )
        );
        StartupProfile profile = new(pool.Parameters.Intern(canonical), contents.Settings, server.Reported);
        pool.Profiles.Add(startup, profile);
        return profile;
    }

    private static async ValueTask<bool> ApplyAsync(ClientSession session)
    {
        ServerConnection server = session.Server!;
        PoolFailure? failure = await SessionProbe.ApplyAsync(server, session.Settings, session.Wakeup);
        if (failure is not null)
        {
            server.IsStateUnknown = true;
            session.End = new SessionEnd(failure.Message, failure.SqlState) { Detail = failure.Detail };
            return false;
        }
        session.Reported = server.Reported;
        return true;
    }
}
