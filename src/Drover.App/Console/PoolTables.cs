// SHOW POOLS, DATABASES, USERS, PEERS and PEER_POOLS.
using System.Globalization;
using Drover.Administration;
using Drover.Telemetry;

namespace Drover.App.Console;

/// <summary>The results about pools and what they are made for.</summary>
internal static class PoolTables
{
    private const long MicrosecondsPerSecond = 1_000_000;

    /// <summary>The tables.</summary>
    public static IReadOnlyList<ShowTable> All { get; } =
    [
        new(
            "pools",
            ShowTable.ColumnsOf(
                "ttiiiiiiiiiiiiitt",
                "database user cl_active cl_waiting cl_active_cancel_req cl_waiting_cancel_req sv_active "
                    + "sv_active_cancel sv_being_canceled sv_idle sv_used sv_tested sv_login maxwait maxwait_us "
                    + "pool_mode load_balance_hosts"
            ),
            WritePools
        ),
        new(
            "databases",
            ShowTable.ColumnsOf(
                "ttittiiiittiiiiii",
                "name host port database force_user pool_size min_pool_size reserve_pool_size server_lifetime "
                    + "pool_mode load_balance_hosts max_connections current_connections max_client_connections "
                    + "current_client_connections paused disabled"
            ),
            WriteDatabases
        ),
        new(
            "users",
            ShowTable.ColumnsOf(
                "ttttiiii",
                "name pool_size reserve_pool_size pool_mode max_user_connections current_connections "
                    + "max_user_client_connections current_client_connections"
            ),
            WriteUsers
        ),
        new("peers", ShowTable.ColumnsOf("itii", "peer_id host port pool_size"), (_, _) => { }),
        new(
            "peer_pools",
            ShowTable.ColumnsOf(
                "iiiii",
                "peer_id cl_active_cancel_req cl_waiting_cancel_req sv_active_cancel sv_login"
            ),
            (_, _) => { }
        ),
    ];

    private static void WritePools(IProxyAdministration proxy, RowWriter rows)
    {
        foreach (PoolSnapshot pool in WithConsole(proxy.Pools(), proxy.Console()?.Pool))
        {
            rows.Text(pool.Database)
                .Text(pool.User)
                .Number(pool.ClientsActive)
                .Number(pool.ClientsWaiting)
                .Number(pool.ClientsActiveCancelRequest)
                .Number(pool.ClientsWaitingCancelRequest)
                .Number(pool.ServersActive)
                .Number(pool.ServersActiveCancel)
                .Number(pool.ServersBeingCanceled)
                .Number(pool.ServersIdle)
                .Number(pool.ServersUsed)
                .Number(pool.ServersTested)
                .Number(pool.ServersLogin)
                .Number(pool.MaxWaitUs / MicrosecondsPerSecond)
                .Number(pool.MaxWaitUs % MicrosecondsPerSecond)
                .Text(pool.PoolMode)
                .Text(pool.LoadBalanceHosts)
                .End();
        }
    }

    private static void WriteDatabases(IProxyAdministration proxy, RowWriter rows)
    {
        foreach (DatabaseSnapshot database in WithConsole(proxy.Databases(), proxy.Console()?.Database))
        {
            rows.Text(database.Name)
                .Text(database.Host)
                .Number(database.Port)
                .Text(database.Database)
                .Text(database.ForceUser)
                .Number(database.PoolSize)
                .Number(database.MinPoolSize)
                .Number(database.ReservePoolSize)
                .Number(database.ServerLifetimeSeconds)
                .Text(database.PoolMode)
                .Text(database.LoadBalanceHosts)
                .Number(database.MaxConnections)
                .Number(database.CurrentConnections)
                .Number(database.MaxClientConnections)
                .Number(database.CurrentClientConnections)
                .Flag(database.Paused)
                .Flag(database.Disabled)
                .End();
        }
    }

    private static void WriteUsers(IProxyAdministration proxy, RowWriter rows)
    {
        foreach (UserSnapshot user in proxy.Users())
        {
            rows.Text(user.Name)
                .Text(Padded(user.PoolSize))
                .Text(Padded(user.ReservePoolSize))
                .Text(user.PoolMode)
                .Number(user.MaxUserConnections)
                .Number(user.CurrentConnections)
                .Number(user.MaxUserClientConnections)
                .Number(user.CurrentClientConnections)
                .End();
        }
    }

    private static IEnumerable<T> WithConsole<T>(IEnumerable<T> rows, T? console)
        where T : class => console is null ? rows : rows.Append(console);

    // Text, nine wide and right-aligned, and empty when there is none: exporters parse what PgBouncer prints.
    private static string Padded(int? size) => size?.ToString(CultureInfo.InvariantCulture).PadLeft(9) ?? "";
}
