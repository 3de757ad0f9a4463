// SHOW VERSION, CONFIG, STATE, LISTS, MEM, DNS_HOSTS, DNS_ZONES and PREPARED_STATEMENTS.
using Drover.Administration;
using Drover.Telemetry;

namespace Drover.App.Console;

/// <summary>The results about the process itself.</summary>
internal static class ProcessTables
{
    /// <summary>The tables.</summary>
    public static IReadOnlyList<ShowTable> All { get; } =
    [
        new("version", ShowTable.ColumnsOf("t", "version"), (p, rows) => rows.Text("Drover " + p.Version).End()),
        new("config", ShowTable.ColumnsOf("tttt", "key value default changeable"), WriteSettings),
        new("state", ShowTable.ColumnsOf("tt", "key value"), WriteState),
        new("lists", ShowTable.ColumnsOf("ti", "list items"), WriteLists),
        new("mem", ShowTable.ColumnsOf("tiiii", "name size used free memtotal"), WriteMemory),
        new("dns_hosts", ShowTable.ColumnsOf("tqt", "hostname ttl addrs"), WriteHosts),
        new("dns_zones", ShowTable.ColumnsOf("tqi", "zonename serial count"), (_, _) => { }),
        new(
            "prepared_statements",
            ShowTable.ColumnsOf("ttiit", "database name clients servers query"),
            WritePreparedStatements
        )
        {
            // The text of a statement can hold a constant that is not for everybody.
            AdminOnly = true,
        },
    ];

    private static void WriteSettings(IProxyAdministration proxy, RowWriter rows)
    {
        foreach (SettingSnapshot setting in proxy.Settings())
        {
            rows.Text(setting.Key)
                .Text(setting.Value)
                .Text(setting.Default)
                .Text(setting.Changeable ? "yes" : "no")
                .End();
        }
    }

    private static void WriteState(IProxyAdministration proxy, RowWriter rows)
    {
        ProxyState state = proxy.State;
        rows.Text("active").Text(YesNo(state == ProxyState.Active)).End();
        rows.Text("paused").Text(YesNo(state == ProxyState.Paused)).End();
        rows.Text("suspended").Text(YesNo(state == ProxyState.Suspended)).End();
    }

    private static string YesNo(bool value) => value ? "yes" : "no";

    private static void WriteLists(IProxyAdministration proxy, RowWriter rows)
    {
        ListSnapshot lists = proxy.Lists();
        int console = proxy.Console() is null ? 0 : 1;
        ReadOnlySpan<(string Name, int Items)> counts =
        [
            ("databases", proxy.Databases().Count + console),
            ("users", proxy.Users().Count),
            ("peers", 0),
            ("pools", proxy.Pools().Count + console),
            ("peer_pools", 0),
            ("free_clients", lists.FreeClients),
            ("used_clients", lists.UsedClients),
            ("login_clients", lists.LoginClients),
            ("free_servers", lists.FreeServers),
            ("used_servers", lists.UsedServers),
            ("dns_names", lists.DnsNames),
            ("dns_zones", 0),
            ("dns_queries", lists.DnsQueries),
            ("dns_pending", 0),
        ];
        foreach ((string name, int items) in counts)
        {
            rows.Text(name).Number(items).End();
        }
    }

    private static void WriteMemory(IProxyAdministration proxy, RowWriter rows)
    {
        foreach (MemorySnapshot memory in proxy.Memory())
        {
            rows.Text(memory.Name)
                .Number(memory.Size)
                .Number(memory.Used)
                .Number(memory.Free)
                .Number((long)memory.Size * (memory.Used + memory.Free))
                .End();
        }
    }

    private static void WriteHosts(IProxyAdministration proxy, RowWriter rows)
    {
        foreach (DnsHostSnapshot host in proxy.DnsHosts())
        {
            rows.Text(host.HostName).Number(host.TimeToLiveSeconds).Text(string.Join(',', host.Addresses)).End();
        }
    }

    private static void WritePreparedStatements(IProxyAdministration proxy, RowWriter rows)
    {
        foreach (PreparedStatementSnapshot statement in proxy.PreparedStatements())
        {
            rows.Text(statement.Database)
                .Text(statement.ServerName)
                .Number(statement.Clients)
                .Number(statement.Servers)
                .Text(statement.Query)
                .End();
        }
    }
}
