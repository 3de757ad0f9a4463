// The server that a client borrows: taken, brought to the client's settings, and given back clean or closed.
using Drover.Configuration;
using Drover.Pooling;
using Drover.Pooling.Servers;
using Drover.Protocol;
using Drover.Protocol.Framing;
using Drover.Protocol.Messages.Backend;
using Drover.Sql;
using Drover.Telemetry;

namespace Drover.Sessions;

/// <summary>
/// Owns the comings and goings of <see cref="ClientSession.Server"/>. The quick ways, synchronous and without
/// allocation, are for a server that is free and already as the client wants it; everything else waits.
/// </summary>
internal readonly struct SessionLease(ClientSession session)
{
    /// <summary>Takes a server that is idle, on this loop and in the client's state. False: go the long way.</summary>
    public bool TryAcquireNow()
    {
        if (session.Shards is { HasOpening: true })
        {
            return false;
        }
        session.Waiter.Wanted = session.Settings;
        if (!session.Pool.TryAcquire(session.Waiter))
        {
            return false;
        }
        if (session.Waiter.Server is not { } server || !IsAsWanted(server) || NeedsCheck(server) || NeedsNames(server))
        {
            return false;
        }
        Begin(server, waitedUs: 0);
        return true;
    }

    /// <summary>
    /// Waits for a server and makes it ready. Continues where <see cref="TryAcquireNow"/> left off. False when the
    /// session is to end, its end being set, or when the client has cancelled what it waits to run.
    /// </summary>
    public async ValueTask<bool> AcquireAsync()
    {
        PoolWaiter waiter = session.Waiter;
        waiter.Wanted = session.Settings;
        session.IsCancelRequested = false;
        long startUs = session.Loop.NowUs;
        for (int tries = 0; tries < SessionLimits.AcquireTriesMax; tries++)
        {
            if (waiter.State == WaiterState.None)
            {
                session.Pool.TryAcquire(waiter);
            }
            if (!await WaitAsync(waiter))
            {
                return false;
            }
            ServerConnection server = waiter.Server!;
            waiter.State = WaiterState.None;
            session.Server = server;
            if (await MakeReadyAsync(server))
            {
                Begin(server, session.Loop.NowUs - startUs);
                if (!waiter.IsLogin)
                {
                    TellParameters(server);
                }
                return session.Shards is not { HasOpening: true } shards || await shards.OpenAsync(server);
            }
            session.Server = null;
            if (session.End is not null)
            {
                return false;
            }
        }
        session.End = new SessionEnd("server connections keep failing", SqlState.ConnectionFailure);
        return false;
    }

    /// <summary>Gives the server back: quiet, and in the state that its notes say.</summary>
    public void Release()
    {
        ServerConnection server = session.Server!;
        session.Server = null;
        session.Traits = StatementTraits.None;
        session.State = ClientState.Idle;
        session.StateSinceMs = session.Loop.NowMs;
        session.TransactionStartUs = 0;
        session.Shards?.OnReleased();
        server.Pool.Release(server);
    }

    /// <summary>
    /// The transaction is over and may have left something: looks what, notes it for the next server, keeps this one if
    /// it has to.
    /// </summary>
    public async ValueTask SettleAsync()
    {
        ServerConnection server = session.Server!;
        if (session.Shards is { Branches.Any: true } shards)
        {
            await shards.Branches.CloseAsync();
        }
        PoolConfiguration configuration = session.Pool.Configuration;
        bool look =
            session.Terms.FollowsSession
            && (session.Traits != StatementTraits.None || session.Pins != PinReason.None || session.HasNewNames);
        session.HasNamelessSettings |= session.Traits.HasFlag(StatementTraits.SetsUnknownName);
        session.Traits = StatementTraits.None;
        if (look && !server.IsDying)
        {
            session.Park();
            await LearnNamesAsync(server);
        }
        // Those that the look goes by: names that come while it is under way ask for another one.
        session.Names = session.Pool.Database.Telling.Names;
        if (look && !server.IsDying)
        {
            SessionContents? contents = await SessionProbe.ReadAsync(server, session.Wakeup, session.CustomNames);
            PassNotifications(server);
            if (contents is null)
            {
                NotePins(server, PinReason.Unknown);
            }
            else
            {
                MissStatements(server, contents.Statements);
                server.Applied = contents.Settings;
                server.IsStateUnknown = session.HasNamelessSettings;
                session.Settings = contents.Settings;
                NotePins(server, contents.Pins | (session.HasNamelessSettings ? PinReason.Unknown : PinReason.None));
            }
        }
        if (server.IsDying)
        {
            session.End ??= new SessionEnd("server closed the connection", SqlState.ConnectionFailure);
            return;
        }
        if (session.Unnamed is { IsPinned: true })
        {
            NotePins(server, session.Pins | PinReason.PreparedStatement);
        }
        if (session.Pins == PinReason.None && server.IsQuiet)
        {
            if (configuration.Options.Proxy.Server.ServerResetQueryAlways && !await ResetAsync(server))
            {
                return;
            }
            Release();
        }
    }

    /// <summary>
    /// A function or a DO block may forget statements as well, and no tag tells of it. Where some are left nobody knows
    /// which: the server is closed as soon as it is free.
    /// </summary>
    private static void MissStatements(ServerConnection server, int left)
    {
        if (left < server.Statements.CountOnServer)
        {
            server.Statements.Clear();
            server.CloseNeeded |= left > 0;
        }
    }

    /// <summary>A RESET or DISCARD has gone through: the client's start-up parameters are put in force again.</summary>
    public async ValueTask RestoreStartupAsync()
    {
        ServerConnection server = session.Server!;
        session.Park();
        TransactionStatus before = server.Status;
        ServerQueryResult result = await SessionProbe.RestoreAsync(server, session.Startup, session.Wakeup);
        if (result.IsLost)
        {
            session.End ??= new SessionEnd("server closed the connection", SqlState.ConnectionFailure);
            server.IsDying = true;
        }
        if (server.Status != before && before == TransactionStatus.Idle)
        {
            server.IsStateUnknown = true;
        }
        PassNotifications(server);
        TellParameters(server);
    }

    /// <summary>The client is gone: its server is cleaned and given back, or closed.</summary>
    public async ValueTask LeaveAsync()
    {
        if (!session.Pool.TryCancel(session.Waiter))
        {
            while (session.Waiter.State == WaiterState.InDelivery)
            {
                await session.Wakeup;
            }
            session.Server ??= session.Waiter.Server;
        }
        if (session.Shards is { Branches.Any: true } shards)
        {
            await shards.Branches.CloseAsync();
        }
        if (session.Server is not { } server)
        {
            return;
        }
        session.Server = null;
        server.Transport.Observer = session.Wakeup;
        server.Inbox.Park();
        if (await TryCleanAsync(server))
        {
            server.Pool.Release(server);
        }
        else
        {
            server.Pool.Discard(server, $"unclean server: {session.End?.Reason ?? "client left"}");
        }
    }

    private async ValueTask<bool> TryCleanAsync(ServerConnection server)
    {
        bool isBusy = server.Responses.Count > 0 || server.Responses.IsUnsynced || server.Outbox.Pending > 0;
        if (server.IsDying || isBusy || server.Inbox.Count > 0 || server.CloseNeeded)
        {
            return false;
        }
        if (server.Status != TransactionStatus.Idle)
        {
            ServerQueryResult rollback = await ServerQuery.RunAsync(
                server,
                session.Wakeup,
                SessionProbe.Limit,
                "ROLLBACK"
            );
            if (!rollback.IsGood || server.Status != TransactionStatus.Idle)
            {
                return false;
            }
        }
        if (session.Mode == PoolMode.Session)
        {
            string query = session.Pool.Configuration.Options.Proxy.Server.ServerResetQuery;
            return query.Length == 0
                ? await SessionProbe.NoteSettingsAsync(server, session.Wakeup)
                : await SessionProbe.ResetAsync(server, session.Wakeup, query);
        }
        bool mayBeDirty =
            session.Pins != PinReason.None
            || session.Traits != StatementTraits.None
            || session.HasNewNames
            || server.IsStateUnknown;
        return !mayBeDirty
            || !session.Terms.FollowsSession
            || await SessionProbe.ResetAsync(server, session.Wakeup, "DISCARD ALL");
    }

    private async ValueTask<bool> ResetAsync(ServerConnection server)
    {
        string query = session.Pool.Configuration.Options.Proxy.Server.ServerResetQuery;
        session.Park();
        if (query.Length == 0 || await SessionProbe.ResetAsync(server, session.Wakeup, query))
        {
            return true;
        }
        session.Server = null;
        server.Pool.Discard(server, "reset query failed");
        return false;
    }

    /// <summary>
    /// Waits in the queue. False when the session ends meanwhile; a server that came all the same is kept for
    /// LeaveAsync.
    /// </summary>
    private async ValueTask<bool> WaitAsync(PoolWaiter waiter)
    {
        if (session.State != ClientState.Waiting)
        {
            // A server that turns out to be dead does not make it a new wait.
            session.State = ClientState.Waiting;
            session.StateSinceMs = session.Loop.NowMs;
            session.WasNotifiedOfWait = false;
        }
        while (waiter.State is WaiterState.Queued or WaiterState.InDelivery)
        {
            session.Park();
            await session.Wakeup;
            if (session.End is null && IsClientGone())
            {
                session.End = SessionEnd.ClientLost;
            }
            if ((session.End is not null || session.IsCancelRequested) && session.Pool.TryCancel(waiter))
            {
                return false;
            }
        }
        if (waiter.State == WaiterState.Failed)
        {
            PoolFailure failure = waiter.Failure!;
            waiter.State = WaiterState.None;
            session.End ??= new SessionEnd(failure.Message, failure.SqlState)
            {
                Hint = failure.Hint,
                Detail = failure.Detail,
            };
        }
        return session.End is null;
    }

    /// <summary>Looks for the end of the client's stream without taking more than its buffer may hold.</summary>
    private bool IsClientGone()
    {
        int limit = session.InboxBytesMax;
        int received;
        do
        {
            received = session.Inbox.Fill(session.Client, session.Loop.ClientScratch, limit);
        } while (received > 0);
        return received is 0 or Transport.Connection.Broken;
    }

    private async ValueTask<bool> MakeReadyAsync(ServerConnection server)
    {
        session.Park();
        if (NeedsCheck(server))
        {
            string query = session.Pool.Configuration.Options.Proxy.Server.ServerCheckQuery ?? "";
            ServerQueryResult check = await ServerQuery.RunAsync(server, session.Wakeup, SessionProbe.Limit, query);
            if (!check.IsGood)
            {
                server.Pool.Discard(server, "check query failed");
                return false;
            }
        }
        if (NeedsNames(server) && !await RenewNamesAsync(server))
        {
            server.Pool.Discard(server, "catalogs could not be read");
            return false;
        }
        if (!ReferenceEquals(server.Applied, session.Settings) && BringsSettings)
        {
            PoolFailure? failure = await SessionProbe.ApplyAsync(server, session.Settings, session.Wakeup);
            if (failure is not null)
            {
                server.Pool.Discard(server, "settings could not be applied");
                if (failure.IsFromServer)
                {
                    session.End ??= new SessionEnd(failure.Message, failure.SqlState) { Detail = failure.Detail };
                }
                return false;
            }
        }
        return true;
    }

    /// <summary>
    /// A server is brought to the client's settings: where they follow it, and where a reload makes its pool one of
    /// sessions while it has none. A login settles them itself.
    /// </summary>
    private bool BringsSettings =>
        session.Pool.Configuration.FollowsSession
        || (session.Pool.Configuration.Mode == PoolMode.Session && !session.Waiter.IsLogin);

    private bool IsAsWanted(ServerConnection server) =>
        (ReferenceEquals(server.Applied, session.Settings) || !BringsSettings)
        && ReferenceEquals(server.Reported, session.Reported);

    private bool NeedsCheck(ServerConnection server)
    {
        ServerOptions options = session.Pool.Configuration.Options.Proxy.Server;
        return options.ServerCheckQuery is not null
            && server.ReleasedMs > 0
            && session.Loop.NowMs - server.ReleasedMs > (long)options.ServerCheckDelay.TotalMilliseconds;
    }

    /// <summary>
    /// Whether it is time to look at the catalogs, or the server was used while names were missing that tell what
    /// clients did to its session.
    /// </summary>
    private bool NeedsNames(ServerConnection server)
    {
        TellingCatalog catalog = session.Pool.Database.Telling;
        return session.Pool.Configuration.FollowsSession
            && (catalog.IsDue(session.Loop.NowMs) || server.CatalogGeneration != catalog.Generation);
    }

    /// <summary>
    /// Before a look at what a transaction left: somebody may have changed the catalogs while it ran, and what may be
    /// set by a function is asked for by name. Where the catalogs cannot be read, it counts as something without one.
    /// </summary>
    private async ValueTask LearnNamesAsync(ServerConnection server)
    {
        TellingCatalog catalog = session.Pool.Database.Telling;
        if (!catalog.IsKnown)
        {
            bool isTime = catalog.IsDue(session.Loop.NowMs);
            session.HasNamelessSettings |= !await TryReadNamesAsync(server) || (!isTime && !catalog.IsKnown);
        }
    }

    private async ValueTask<bool> TryReadNamesAsync(ServerConnection server)
    {
        PoolFailure? failure = await CatalogReader.RefreshAsync(server, session.Wakeup);
        if (failure is not null)
        {
            session.Pool.ReportCatalogUnread(failure);
        }
        return failure is null;
    }

    /// <summary>False when the server is lost, or cannot be cleaned of what it may hold.</summary>
    private async ValueTask<bool> RenewNamesAsync(ServerConnection server)
    {
        await TryReadNamesAsync(server);
        int generation = session.Pool.Database.Telling.Generation;
        if (server.IsDying || server.CatalogGeneration == generation)
        {
            return !server.IsDying;
        }
        server.CatalogGeneration = generation;
        return await SessionProbe.ResetAsync(server, session.Wakeup, "DISCARD ALL");
    }

    private void Begin(ServerConnection server, long waitedUs)
    {
        session.Names = session.Pool.Database.Telling.Names;
        session.Terms = session.Pool.Configuration;
        session.Waiter.State = WaiterState.None;
        session.Server = server;
        session.State = ClientState.Active;
        session.StateSinceMs = session.Loop.NowMs;
        session.RequestMs = session.Loop.NowMs;
        session.QueryWaitMs = session.Waiter.IsLogin ? 0 : waitedUs / 1000;
        session.Traffic.RecordAssignment(waitedUs);
        server.ClientId = session.Identity.Id;
    }

    /// <summary>Tells the client which parameters differ on this server from what it was told last.</summary>
    private void TellParameters(ServerConnection server)
    {
        if (ReferenceEquals(server.Reported, session.Reported))
        {
            return;
        }
        server.Reported = session.Pool.Parameters.Intern(server.Reported);
        MessageWriter writer = session.Loop.ClientAssembly;
        foreach ((string name, string value) in server.Reported.Items)
        {
            if (!session.Reported.TryFind(name, out string? told) || told != value)
            {
                ParameterStatus.Write(writer, name, value);
            }
        }
        session.Reported = server.Reported;
        if (writer.Length > 0)
        {
            session.Outbox.Send(session.Client, writer.Written);
            writer.Clear();
        }
    }

    private void PassNotifications(ServerConnection server)
    {
        if (server.Notifications is { } notifications)
        {
            server.Notifications = null;
            session.Outbox.Send(session.Client, notifications.Written);
            notifications.Dispose();
        }
    }

    private void NotePins(ServerConnection server, PinReason pins)
    {
        PinReason added = pins & ~session.Pins;
        if (added != PinReason.None)
        {
            session.Traffic.RecordPin(added);
        }
        session.Pins = pins;
        server.IsPinned = pins != PinReason.None;
    }
}
