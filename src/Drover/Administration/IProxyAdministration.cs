// What the console, signals and the control plane can see of the running proxy, and do to it.
using Drover.Telemetry;
using Drover.Telemetry.Statements;

namespace Drover.Administration;

/// <summary>
/// The running proxy as its operator knows it: PgBouncer's console commands as methods, with PgBouncer 1.25's meaning
/// (https://www.pgbouncer.org/usage.html). All may be called from any thread. Nothing here throws for an expected
/// failure; it is returned. A wait that is cancelled is no failure: the caller's token says that the one who waits is
/// gone.
/// </summary>
internal interface IProxyAdministration : ITelemetrySource
{
    /// <summary>The program's version, such as <c>0.1.0</c>.</summary>
    string Version { get; }

    /// <summary>Totals and averages.</summary>
    StatisticsSampler Statistics { get; }

    /// <summary>The console's own rows in SHOW POOLS and SHOW DATABASES; null: it has none.</summary>
    ConsoleSnapshot? Console();

    /// <summary>All clients, those on the console included, those that still log in excluded.</summary>
    IReadOnlyList<ConnectionSnapshot> Clients();

    /// <summary>All servers.</summary>
    IReadOnlyList<ConnectionSnapshot> Servers();

    /// <summary>Clients that still log in; SHOW SOCKETS has them too.</summary>
    IReadOnlyList<ConnectionSnapshot> LoginClients();

    /// <summary>The sockets that accept clients.</summary>
    IReadOnlyList<ListenerSnapshot> Listeners();

    /// <summary>Every user that is known, from the configuration, the user list or <c>auth_query</c>.</summary>
    IReadOnlyList<UserSnapshot> Users();

    /// <summary>The counts of SHOW LISTS.</summary>
    ListSnapshot Lists();

    /// <summary>Buffers and pooled objects.</summary>
    IReadOnlyList<MemorySnapshot> Memory();

    /// <summary>Host names in the cache.</summary>
    IReadOnlyList<DnsHostSnapshot> DnsHosts();

    /// <summary>Prepared statements that are shared between clients.</summary>
    IReadOnlyList<PreparedStatementSnapshot> PreparedStatements();

    /// <summary>The shards of all sharded databases whose map is known.</summary>
    IReadOnlyList<ShardSnapshot> Shards();

    /// <summary>The tables that their maps name.</summary>
    IReadOnlyList<DeclaredTableSnapshot> DeclaredTables();

    /// <summary>Statements that took several servers, the most expensive of each database first.</summary>
    IReadOnlyList<(string Database, CrossShardStatement Statement)> CrossShard();

    /// <summary>Every setting, ordered by name.</summary>
    IReadOnlyList<SettingSnapshot> Settings();

    /// <summary>
    /// SET: changes one setting until the next reload.
    /// </summary>
    /// <returns>08P01 when there is no such setting, it cannot change at run time, or the value is wrong.</returns>
    AdministrationResult Set(string name, string value);

    /// <summary>
    /// PAUSE: stops handing out servers, closes each server as it is released (by its pool's mode) and completes when
    /// none is left. Clients wait, new ones too, for RESUME. With a database, that one only (an entry is made from
    /// <c>*</c> if need be).
    /// </summary>
    /// <param name="database">The entry; null: all.</param>
    /// <param name="cancellation">
    /// The one who waits is gone or pressed Ctrl-C. Cancelling a PAUSE of everything resumes, as in PgBouncer; the
    /// pause of one database stays.
    /// </param>
    /// <returns>08P01 when everything is paused or suspended already, or there is no such database.</returns>
    ValueTask<AdministrationResult> PauseAsync(string? database, CancellationToken cancellation);

    /// <summary>RESUME: ends PAUSE, KILL and SUSPEND. Without a database only those of everything.</summary>
    /// <returns>08P01 when nothing is paused, or the process is shutting down, or there is no such database.</returns>
    AdministrationResult Resume(string? database);

    /// <summary>
    /// SUSPEND: flushes every buffer, then reads from no socket until RESUME. Completes when the buffers are empty.
    /// </summary>
    /// <returns>08P01 when paused or suspended already, or while a single database is paused.</returns>
    ValueTask<AdministrationResult> SuspendAsync(CancellationToken cancellation);

    /// <summary>DISABLE: refuses new clients of the database; those that are there stay.</summary>
    AdministrationResult Disable(string database);

    /// <summary>ENABLE: undoes DISABLE.</summary>
    AdministrationResult Enable(string database);

    /// <summary>
    /// RECONNECT: marks every server open now to be closed when it is released; new ones can be made at once.
    /// </summary>
    AdministrationResult Reconnect(string? database);

    /// <summary>
    /// KILL: drops all clients and servers at once, in the middle of what they do, and leaves the database paused: new
    /// clients wait for RESUME. Without a database every one of them is paused and killed, the console's excepted; each
    /// is then resumed by its name.
    /// </summary>
    /// <returns>08P01 when everything is paused or suspended already, or there is no such database.</returns>
    ValueTask<AdministrationResult> KillAsync(string? database, CancellationToken cancellation);

    /// <summary>KILL_CLIENT: drops one client and its server. The client gets <c>admin forced disconnect</c>.</summary>
    /// <param name="id">As in <see cref="ConnectionSnapshot.Id"/>.</param>
    /// <returns>08P01 <c>client not found</c>.</returns>
    AdministrationResult KillClient(long id);

    /// <summary>
    /// RELOAD: reads the configuration, the user list and the rules again, TLS files too. All or nothing.
    /// </summary>
    /// <returns>F0000 when a file is wrong: nothing has changed, and the log says which lines.</returns>
    ValueTask<AdministrationResult> ReloadAsync(CancellationToken cancellation);

    /// <summary>
    /// WAIT_CLOSE: completes when every server that was marked to be closed (by RECONNECT or RELOAD) is closed.
    /// </summary>
    ValueTask<AdministrationResult> WaitCloseAsync(string? database, CancellationToken cancellation);

    /// <summary>
    /// SHUTDOWN in its three forms; returns as soon as it has begun. A second one can only be a faster one.
    /// </summary>
    AdministrationResult Shutdown(ShutdownMode mode);
}

/// <summary>How the process ends.</summary>
internal enum ShutdownMode
{
    /// <summary>SHUTDOWN, SIGQUIT, or any second signal: at once.</summary>
    Immediate,

    /// <summary>
    /// SHUTDOWN WAIT_FOR_SERVERS, SIGINT: takes no new clients, drops those that wait for a server, pauses, and ends
    /// when no server is left. Unix sockets stay open for the console only.
    /// </summary>
    WaitForServers,

    /// <summary>
    /// SHUTDOWN WAIT_FOR_CLIENTS, SIGTERM: takes no new clients and ends when the last one has gone. Unix sockets stay
    /// open for the console only.
    /// </summary>
    WaitForClients,
}
