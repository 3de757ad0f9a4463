// One connection to PostgreSQL and what is known of the session at its other end.
using Drover.Pooling.Statements;
using Drover.Protocol.Framing;
using Drover.Protocol.Messages.Backend;
using Drover.Transport;

namespace Drover.Pooling.Servers;

/// <summary>
/// A logged-in server connection. While it is leased only the lessee's loop touches it; while it is idle only its pool,
/// under the pool's lock, and the loop it is registered with.
/// </summary>
internal sealed class ServerConnection(ServerPool pool, Connection transport, long id) : IReadinessObserver
{
    public ServerPool Pool => pool;

    public Connection Transport => transport;

    public long Id => id;

    public Inbox Inbox { get; } = new();

    public Outbox Outbox { get; } = new();

    /// <summary>What the server owes for messages already sent.</summary>
    public ResponseQueue Responses { get; } = new();

    /// <summary>Shared prepared statements that it has.</summary>
    public ServerStatements Statements { get; } = new();

    public ServerState State { get; set; } = ServerState.Login;

    /// <summary>As the last ReadyForQuery said.</summary>
    public TransactionStatus Status { get; set; } = TransactionStatus.Idle;

    /// <summary>Whose unnamed statement the server holds; null when it has none.</summary>
    public object? UnnamedOwner { get; set; }

    /// <summary>Which one of that client's.</summary>
    public long UnnamedGeneration { get; set; }

    /// <summary>Its client keeps it between transactions.</summary>
    public bool IsPinned { get; set; }

    /// <summary>Counts the batches that clients sent; statements of the current one are not evicted.</summary>
    public long Batch { get; set; }

    /// <summary>The batch in progress, kept while it may have to be sent again unseen.</summary>
    public RetainedBatch Retained { get; } = new();

    /// <summary>Settings applied by the proxy on behalf of clients, over the server's own defaults.</summary>
    public ParameterSet Applied { get; set; } = ParameterSet.Empty;

    /// <summary>Parameters as the server last reported them.</summary>
    public ParameterSet Reported { get; set; } = ParameterSet.Empty;

    /// <summary>
    /// NotificationResponse messages that came while the proxy asked something itself; its client is owed them.
    /// </summary>
    public MessageWriter? Notifications { get; set; }

    /// <summary>What happened in its session is not known: it must be reset before another client gets it.</summary>
    public bool IsStateUnknown { get; set; }

    /// <summary>Of the names that told what clients did to its session; see <see cref="TellingCatalog"/>.</summary>
    public int CatalogGeneration { get; set; } = pool.Database.Telling.Generation;

    public int ProcessId { get; set; }

    /// <summary>The secret for cancel requests; 4 bytes, more under protocol 3.2.</summary>
    public byte[] CancelKey { get; set; } = [];

    /// <summary>When it was connected, on the loops' clock in milliseconds.</summary>
    public long ConnectedMs { get; init; }

    /// <summary>Wall-clock time of the connect, for SHOW SERVERS.</summary>
    public DateTimeOffset ConnectTime { get; init; }

    public DateTimeOffset RequestTime { get; set; }

    /// <summary>When it was last released, on the loops' clock in milliseconds.</summary>
    public long ReleasedMs { get; set; }

    /// <summary>Its own share of server_lifetime, jittered so that a pool does not reconnect at once.</summary>
    public long LifetimeMs { get; init; }

    /// <summary>RECONNECT or a reload asked that it be closed when released.</summary>
    public bool CloseNeeded { get; set; }

    /// <summary>The server said FATAL: it will close, and whoever has it was told.</summary>
    public bool IsDying { get; set; }

    /// <summary>Cancel requests for it that are not finished; it is not handed out before they are.</summary>
    public int CancelsInFlight { get; set; }

    /// <summary>The client that has it, for SHOW; 0 when none has.</summary>
    public long ClientId { get; set; }

    /// <summary>The host it is connected to, as configured.</summary>
    public string Host { get; init; } = "";

    public int Port { get; init; }

    /// <summary>Its share of server_lifetime is over.</summary>
    public bool IsExpired => LifetimeMs > 0 && transport.Loop.NowMs - ConnectedMs > LifetimeMs;

    /// <summary>Nothing owed, nothing unsent, nothing unread, and outside a transaction.</summary>
    public bool IsQuiet =>
        Responses.Count == 0
        && !Responses.IsSkippingToSync
        && !Responses.IsUnsynced
        && Outbox.Pending == 0
        && Inbox.Count == 0
        && Status == TransactionStatus.Idle;

    /// <summary>An idle server has something to say: a parameter, a notice, or that it is going.</summary>
    public void OnReady(Connection connection) => pool.OnIdleReady(this);

    /// <summary>Forgets what a DISCARD ALL or a reconnect ended.</summary>
    public void ForgetSession()
    {
        Statements.Clear();
        UnnamedOwner = null;
        Notifications = null;
        Applied = pool.BaseSettings;
        IsStateUnknown = false;
    }

    /// <summary>Closes the socket; runs on its loop. Idempotent.</summary>
    public void Close()
    {
        State = ServerState.Closed;
        pool.LoggingIn.TryRemove(id, out _);
        Statements.Clear();
        Outbox.Clear();
        Inbox.Clear();
        transport.Dispose();
    }
}
