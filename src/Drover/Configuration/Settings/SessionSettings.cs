// Settings of what a client's session carries, and of how long anything may take.
namespace Drover.Configuration.Settings;

/// <summary>Sessions and timeouts.</summary>
internal static class SessionSettings
{
    private static readonly SettingGroup<ProxyOptions, SessionOptions> Session = new(
        o => o.Session,
        (o, g) => o with { Session = g }
    );

    private static readonly SettingGroup<ProxyOptions, TimeoutOptions> Timeouts = new(
        o => o.Timeouts,
        (o, g) => o with { Timeouts = g }
    );

    /// <summary>What a client's session may carry.</summary>
    public static Setting<ProxyOptions>[] Sessions { get; } =
    [
        Session.List(
            "track_extra_parameters",
            g => g.TrackExtraParameters,
            (g, v) => g with { TrackExtraParameters = v },
            "Parameters that PostgreSQL reports and that follow a client to its next server, beside the usual ones."
        ) with
        {
            Reload = SettingReload.Restart,
            NoEffect = "whatever a client sets follows it, see track_session_state",
        },
        Session.List(
            "ignore_startup_parameters",
            g => g.IgnoreStartupParameters,
            (g, v) => g with { IgnoreStartupParameters = v },
            "Start-up parameters of clients that are dropped without an error."
        ),
        Session.Boolean(
            "disable_pqexec",
            g => g.DisablePqexec,
            (g, v) => g with { DisablePqexec = v },
            "Refuses the simple query protocol."
        ) with
        {
            Reload = SettingReload.Restart,
        },
        Session.Boolean(
            "application_name_add_host",
            g => g.ApplicationNameAddHost,
            (g, v) => g with { ApplicationNameAddHost = v },
            "Adds the client's address and port to application_name when it connects."
        ),
        Session.Integer(
            "max_prepared_statements",
            g => g.MaxPreparedStatements,
            (g, v) => g with { MaxPreparedStatements = v },
            "Prepared statements kept on one server connection in transaction and statement mode; 0 "
                + "turns their tracking off."
        ),
        Session.Integer(
            "max_client_prepared_statements",
            g => g.MaxClientPreparedStatements,
            (g, v) => g with { MaxClientPreparedStatements = v },
            "Prepared statements that one client may hold at a time.",
            min: 1
        ) with
        {
            Origin = SettingOrigin.Drover,
        },
        Session.Boolean(
            "track_session_state",
            g => g.TrackSessionState,
            (g, v) => g with { TrackSessionState = v },
            "What a client sets with SET follows it from server to server in transaction mode."
        ) with
        {
            Origin = SettingOrigin.Drover,
        },
    ];

    /// <summary>How long anything may take.</summary>
    public static Setting<ProxyOptions>[] Timing { get; } =
    [
        Timeouts.Duration(
            "query_timeout",
            g => g.QueryTimeout,
            (g, v) => g with { QueryTimeout = v },
            "Longest time a query may take, its wait for a server included, before it is cancelled and "
                + "the client disconnected; 0 for no limit."
        ),
        Timeouts.Duration(
            "query_wait_timeout",
            g => g.QueryWaitTimeout,
            (g, v) => g with { QueryWaitTimeout = v },
            "Longest time a client waits for a server before it is disconnected; 0 for no limit."
        ),
        Timeouts.Duration(
            "query_wait_notify",
            g => g.QueryWaitNotify,
            (g, v) => g with { QueryWaitNotify = v },
            "Time after which a waiting client is told by a notice that it is in the queue; 0 for never."
        ),
        Timeouts.Duration(
            "cancel_wait_timeout",
            g => g.CancelWaitTimeout,
            (g, v) => g with { CancelWaitTimeout = v },
            "Longest time a cancel request waits for a connection to its server; 0 for no limit."
        ),
        Timeouts.Duration(
            "client_idle_timeout",
            g => g.ClientIdleTimeout,
            (g, v) => g with { ClientIdleTimeout = v },
            "Longest time a client may idle before it is disconnected; 0 for no limit."
        ),
        Timeouts.Duration(
            "client_login_timeout",
            g => g.ClientLoginTimeout,
            (g, v) => g with { ClientLoginTimeout = v },
            "Longest time a client may take to log in; 0 for no limit."
        ),
        Timeouts.Duration(
            "idle_transaction_timeout",
            g => g.IdleTransactionTimeout,
            (g, v) => g with { IdleTransactionTimeout = v },
            "Longest time a client may idle inside a transaction before it is disconnected; 0 for no limit."
        ),
        Timeouts.Duration(
            "transaction_timeout",
            g => g.TransactionTimeout,
            (g, v) => g with { TransactionTimeout = v },
            "Longest time a transaction may take before its client is disconnected; 0 for no limit."
        ),
        Timeouts.Duration(
            "suspend_timeout",
            g => g.SuspendTimeout,
            (g, v) => g with { SuspendTimeout = v },
            "How long SUSPEND waits for buffers to drain before it closes the connections that are left."
        ),
        Timeouts.Duration(
            "autodb_idle_timeout",
            g => g.AutodbIdleTimeout,
            (g, v) => g with { AutodbIdleTimeout = v },
            "How long a database that the * entry made may be unused before it is forgotten."
        ),
    ];
}
