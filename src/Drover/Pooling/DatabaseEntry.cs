// The run-time side of a database entry and of a user: counts, pause and disable flags, credentials.
using Drover.Configuration;
using Drover.Pooling.Servers;
using Drover.Protocol.Authentication;
using Drover.Telemetry.Statements;

namespace Drover.Pooling;

/// <summary>What PAUSE and SUSPEND of everything have stopped; one for the whole proxy, read on every loop.</summary>
internal sealed class PauseSwitch
{
    /// <summary>No server is handed out.</summary>
    public volatile bool IsPaused;

    /// <summary>Sessions read from no socket.</summary>
    public volatile bool IsSuspended;
}

/// <summary>One database as clients name it. Counts are changed with Interlocked; flags by the console.</summary>
internal sealed class DatabaseEntry(DatabaseOptions options, PauseSwitch? all = null)
{
    private readonly PauseSwitch _all = all ?? new PauseSwitch();
    private int _servers;
    private int _clients;

    /// <summary>The options in force; replaced by a reload.</summary>
    public DatabaseOptions Options { get; set; } = options;

    public string Name => Options.Name;

    /// <summary>It is many servers, which have entries of their own; null where it is one.</summary>
    public ShardedDatabaseOptions? Sharded { get; init; }

    /// <summary>Made from the `*` entry when a client first asked for it.</summary>
    public bool IsAutomatic { get; init; }

    /// <summary>A client has logged in to it. Until then anybody may have made the name up.</summary>
    public bool WasEntered { get; set; }

    /// <summary>Takes one in so many of its statements; null where nobody wants them.</summary>
    public StatementSamples? Samples { get; set; }

    /// <summary>Names that tell what a statement may do to its session: functions, and what calls them.</summary>
    public TellingCatalog Telling { get; } = new();

    /// <summary>
    /// When an automatic entry was last asked for or seen in use, on the loops' clock in milliseconds; its directory's.
    /// </summary>
    public long LastUsedMs { get; set; }

    /// <summary>This one is paused by its name, or killed.</summary>
    public volatile bool IsPaused;

    public volatile bool IsDisabled;

    /// <summary>No server is handed out: it is paused itself, or everything is.</summary>
    public bool IsStopped => IsPaused || _all.IsPaused;

    /// <summary>SUSPEND is in force.</summary>
    public bool IsSuspended => _all.IsSuspended;

    public int Servers => Volatile.Read(ref _servers);

    public int Clients => Volatile.Read(ref _clients);

    /// <summary>Takes one of so many places for servers; 0 is no limit.</summary>
    public bool TryAddServer(int limit) => TryAdd(ref _servers, limit);

    public void RemoveServer() => Interlocked.Decrement(ref _servers);

    public bool TryAddClient(int limit) => TryAdd(ref _clients, limit);

    public void RemoveClient() => Interlocked.Decrement(ref _clients);

    internal static bool TryAdd(ref int count, int limit)
    {
        if (limit > 0 && Interlocked.Increment(ref count) > limit)
        {
            Interlocked.Decrement(ref count);
            return false;
        }
        if (limit <= 0)
        {
            Interlocked.Increment(ref count);
        }
        return true;
    }
}

/// <summary>One user of servers and clients.</summary>
internal sealed class UserEntry(string name)
{
    private int _servers;
    private int _clients;

    public string Name => name;

    public UserOptions? Options { get; set; }

    /// <summary>When it was last asked for, on the loops' clock in milliseconds; its directory's.</summary>
    public long LastUsedMs { get; set; }

    /// <summary>How the proxy logs in to servers as this user, if auth_file has it; in every database.</summary>
    public ServerCredential Credential { get; set; } = ServerCredential.None;

    public int Servers => Volatile.Read(ref _servers);

    public int Clients => Volatile.Read(ref _clients);

    public bool TryAddServer(int limit) => DatabaseEntry.TryAdd(ref _servers, limit);

    public void RemoveServer() => Interlocked.Decrement(ref _servers);

    public bool TryAddClient(int limit) => DatabaseEntry.TryAdd(ref _clients, limit);

    public void RemoveClient() => Interlocked.Decrement(ref _clients);
}

/// <summary>
/// What the proxy has to log in with: a stored secret, and SCRAM keys learnt from the user's own login.
/// </summary>
/// <param name="Secret">Plain, MD5 or SCRAM; null when there is none.</param>
/// <param name="Keys">SCRAM keys, when a client of this user has proved them.</param>
internal sealed record ServerCredential(PasswordSecret? Secret, ScramKeys? Keys)
{
    public static ServerCredential None { get; } = new(null, null);

    /// <summary>Never the secrets.</summary>
    public override string ToString() => "ServerCredential { *** }";
}
