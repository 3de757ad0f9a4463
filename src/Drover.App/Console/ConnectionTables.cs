// SHOW CLIENTS, SERVERS, SOCKETS, ACTIVE_SOCKETS and FDS.
using System.Globalization;
using Drover.Administration;
using Drover.Telemetry;

namespace Drover.App.Console;

/// <summary>The results with a row per connection.</summary>
internal static class ConnectionTables
{
    private const long MicrosecondsPerSecond = 1_000_000;
    private const string StandardTypes = "ttttttititt" + "iiittittii";
    private const string StandardNames =
        "type user database replication state addr port local_addr local_port connect_time request_time "
        + "wait wait_us close_needed ptr link remote_pid tls application_name prepared_statements id";

    /// <summary>The tables.</summary>
    public static IReadOnlyList<ShowTable> All { get; } =
    [
        new("clients", ShowTable.ColumnsOf(StandardTypes, StandardNames), (p, rows) => Write(rows, p.Clients(), false)),
        new("servers", ShowTable.ColumnsOf(StandardTypes, StandardNames), (p, rows) => Write(rows, p.Servers(), false)),
        new("sockets", SocketColumns(), (p, rows) => Write(rows, Sockets(p), true)),
        new("active_sockets", SocketColumns(), (p, rows) => Write(rows, Sockets(p).Where(HasBytes), true)),
        new(
            "fds",
            ShowTable.ColumnsOf(
                "ittttiqitttttbb",
                "fd task user database addr port cancel link client_encoding std_strings datestyle timezone password "
                    + "scram_client_key scram_server_key"
            ),
            WriteDescriptors
        )
        {
            AdminOnly = true,
        },
    ];

    private static Column[] SocketColumns() =>
        ShowTable.ColumnsOf(
            StandardTypes + "iiiiiii",
            StandardNames + " recv_pos pkt_pos pkt_remain send_pos send_remain pkt_avail send_avail"
        );

    private static IEnumerable<ConnectionSnapshot> Sockets(IProxyAdministration proxy) =>
        proxy.Clients().Concat(proxy.Servers()).Concat(proxy.LoginClients());

    private static bool HasBytes(ConnectionSnapshot connection) =>
        connection.ReceiveBuffered > 0 || connection.SendBuffered > 0 || connection.MessageRemaining > 0;

    private static void Write(RowWriter rows, IEnumerable<ConnectionSnapshot> connections, bool debug)
    {
        foreach (ConnectionSnapshot connection in connections)
        {
            rows.Text(connection.Side == ConnectionSide.Client ? "C" : "S")
                .Text(connection.User ?? "(nouser)")
                .Text(connection.Database ?? "(nodb)")
                .Text(Replication(connection.Replication))
                .Text(State(connection, debug))
                .Text(connection.Address)
                .Number(connection.Port)
                .Text(connection.LocalAddress)
                .Number(connection.LocalPort)
                .Text(Time(connection.ConnectTime))
                .Text(Time(connection.RequestTime))
                .Number(connection.WaitUs / MicrosecondsPerSecond)
                .Number(connection.WaitUs % MicrosecondsPerSecond)
                .Flag(connection.CloseNeeded)
                .Text(Pointer(connection.Id))
                .Text(connection.LinkId is long link ? Pointer(link) : "")
                .Number(connection.RemotePid)
                .Text(connection.Tls)
                .Text(connection.ApplicationName)
                .Number(connection.PreparedStatements)
                .Number(connection.Id);
            if (debug)
            {
                rows.Number(connection.ReceiveBuffered)
                    .Number(connection.ReceiveParsed)
                    .Number(connection.MessageRemaining)
                    .Number(0)
                    .Number(0)
                    .Number(connection.ReceiveBuffered - connection.ReceiveParsed)
                    .Number(connection.SendBuffered);
            }
            rows.End();
        }
    }

    // Secrets, cancel keys and the sockets themselves are never given away: what PgBouncer needs them for, handing over
    // to a new process, is done by socket activation and so_reuseport here.
    private static void WriteDescriptors(IProxyAdministration proxy, RowWriter rows)
    {
        foreach (ListenerSnapshot listener in proxy.Listeners())
        {
            rows.Number(listener.FileDescriptor).Text("pooler").Null().Null().Text(listener.Address);
            rows.Number(listener.Port).Number(0).Number(0);
            EndDescriptor(rows);
        }
        Dictionary<long, int> descriptors = Sockets(proxy).ToDictionary(c => c.Id, c => c.FileDescriptor);
        foreach (ConnectionSnapshot connection in Sockets(proxy).Where(c => c.FileDescriptor >= 0))
        {
            rows.Number(connection.FileDescriptor)
                .Text(connection.Side == ConnectionSide.Client ? "client" : "server")
                .Text(connection.User)
                .Text(connection.Database)
                .Text(connection.Address)
                .Number(connection.Port)
                .Number(0)
                .Number(connection.LinkId is long link ? descriptors.GetValueOrDefault(link) : 0);
            EndDescriptor(rows);
        }
    }

    private static void EndDescriptor(RowWriter rows) => rows.Null().Null().Null().Null().Null().Null().Null().End();

    private static string Replication(ReplicationKind kind) =>
        kind switch
        {
            ReplicationKind.Logical => "logical",
            ReplicationKind.Physical => "physical",
            _ => "none",
        };

    private static string State(ConnectionSnapshot connection, bool debug)
    {
        if (connection.State == ConnectionState.Active && connection.LinkId is null)
        {
            return "idle";
        }
        string prefix = debug ? (connection.Side == ConnectionSide.Client ? "cl_" : "sv_") : "";
        return prefix
            + connection.State switch
            {
                ConnectionState.Login => debug ? "login" : "new",
                ConnectionState.Active => "active",
                ConnectionState.Idle => "idle",
                ConnectionState.Waiting => "waiting",
                ConnectionState.Used => "used",
                ConnectionState.Tested => "tested",
                ConnectionState.ActiveCancelRequest => "active_cancel_req",
                ConnectionState.WaitingCancelRequest => "waiting_cancel_req",
                ConnectionState.ActiveCancel => "active_cancel",
                _ => "being_canceled",
            };
    }

    private static string Time(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);

    // PgBouncer shows the address of an object here; all that users do with it is to match ptr and link.
    private static string Pointer(long id) => string.Create(CultureInfo.InvariantCulture, $"0x{id:x}");
}
