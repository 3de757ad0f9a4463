// The columns and rows of SHOW, as exporters and dashboards read them.
using Drover.App.Console;
using Drover.Telemetry;
using Microsoft.Extensions.Time.Testing;

namespace Drover.Tests.Console;

public sealed class ShowTests
{
    private readonly FakeProxy _proxy = new();

    [Theory]
    [InlineData("version", " version:25")]
    [InlineData("state", " key:25 value:25")]
    [InlineData("config", " key:25 value:25 default:25 changeable:25")]
    [InlineData("lists", " list:25 items:23")]
    [InlineData("mem", " name:25 size:23 used:23 free:23 memtotal:23")]
    [InlineData("dns_hosts", " hostname:25 ttl:20 addrs:25")]
    [InlineData("dns_zones", " zonename:25 serial:20 count:23")]
    [InlineData("totals", " name:25 value:1700")]
    [InlineData("cross_shard", " database:25 tier:25 shards:23 calls:20 total_time:20 mean_time:20 statement:25")]
    [InlineData("shards", " database:25 shard:23 name:25 host:25 port:23 slots:25 epoch:20")]
    [InlineData("tables", " database:25 table:25 kind:25 key:25 colocation:25 shard:25")]
    [InlineData("peers", " peer_id:23 host:25 port:23 pool_size:23")]
    [InlineData(
        "users",
        " name:25 pool_size:25 reserve_pool_size:25 pool_mode:25 max_user_connections:23 current_connections:23"
            + " max_user_client_connections:23 current_client_connections:23"
    )]
    [InlineData(
        "pools",
        " database:25 user:25 cl_active:23 cl_waiting:23 cl_active_cancel_req:23 cl_waiting_cancel_req:23"
            + " sv_active:23 sv_active_cancel:23 sv_being_canceled:23 sv_idle:23 sv_used:23 sv_tested:23"
            + " sv_login:23 maxwait:23 maxwait_us:23 pool_mode:25 load_balance_hosts:25"
    )]
    [InlineData(
        "clients",
        " type:25 user:25 database:25 replication:25 state:25 addr:25 port:23 local_addr:25 local_port:23"
            + " connect_time:25 request_time:25 wait:23 wait_us:23 close_needed:23 ptr:25 link:25 remote_pid:23"
            + " tls:25 application_name:25 prepared_statements:23 id:23"
    )]
    [InlineData(
        "fds",
        " fd:23 task:25 user:25 database:25 addr:25 port:23 cancel:20 link:23 client_encoding:25 std_strings:25"
            + " datestyle:25 timezone:25 password:25 scram_client_key:17 scram_server_key:17"
    )]
    public async Task Columns_have_the_names_order_and_types_of_PgBouncer(string table, string columns)
    {
        List<string> answer = await new ConsoleClient(_proxy).QueryAsync("SHOW " + table);
        Assert.Equal("T" + columns, answer[0]);
        Assert.Equal(["C SHOW", "Z"], answer[^2..]);
    }

    [Fact]
    public async Task Every_table_writes_as_many_values_as_it_has_columns()
    {
        _proxy.ClientList.Add(Connection(ConnectionSide.Client));
        _proxy.ServerList.Add(Connection(ConnectionSide.Server) with { Id = 2, LinkId = 1 });
        _proxy.PoolList.Add(
            new()
            {
                Database = "app",
                User = "joe",
                PoolMode = "transaction",
            }
        );
        _proxy.DatabaseList.Add(new() { Name = "app", Database = "app" });
        _proxy.UserList.Add(new() { Name = "joe", PoolSize = 3 });
        _proxy.TrafficList.Add(new("app", "joe", new()));
        foreach (ShowTable table in ShowTables.All)
        {
            List<string> answer = await new ConsoleClient(_proxy).QueryAsync("show " + table.Name);
            Assert.Equal("C SHOW", answer[^2]);
        }
    }

    [Fact]
    public async Task Client_without_a_server_is_idle_and_one_with_a_server_is_active()
    {
        _proxy.ClientList.Add(Connection(ConnectionSide.Client));
        _proxy.ClientList.Add(Connection(ConnectionSide.Client) with { Id = 0x1f, LinkId = 0x2a });
        List<string> answer = await new ConsoleClient(_proxy).QueryAsync("show clients");
        Assert.StartsWith("D|C|joe|app|none|idle|10.0.0.9|5000|", answer[1]);
        Assert.Contains("|active|", answer[2]);
        Assert.Contains("|2026-01-02 03:04:05 UTC|2026-01-02 03:04:05 UTC|1|500000|0|0x1f|0x2a|", answer[2]);
    }

    [Fact]
    public async Task Users_sizes_are_padded_text_and_empty_when_unset()
    {
        _proxy.UserList.Add(new() { Name = "joe", PoolSize = 3 });
        List<string> answer = await new ConsoleClient(_proxy).QueryAsync("show users");
        Assert.Equal("D|joe|        3||NULL|0|0|0|0", answer[1]);
    }

    [Fact]
    public async Task Stats_have_totals_since_start_and_averages_over_the_period()
    {
        FakeTimeProvider time = new();
        FakeProxy proxy = new(time);
        TrafficCounters counters = new() { BytesReceived = 100 };
        proxy.TrafficList.Add(new("app", "joe", counters));
        proxy.TrafficList.Add(new("app", "ann", new() { BytesReceived = 20 }));
        time.Advance(TimeSpan.FromSeconds(10));
        counters.RecordQuery(300);
        counters.RecordQuery(500);
        List<string> answer = await new ConsoleClient(proxy).QueryAsync("show stats");
        Assert.Equal("D|app|0|0|2|120|0|0|800|0|0|0|0|0|0|0|12|0|0|400|0|0|0|0", answer[1]);
    }

    [Fact]
    public async Task State_says_which_of_the_three_holds()
    {
        _proxy.State = ProxyState.Paused;
        List<string> answer = await new ConsoleClient(_proxy).QueryAsync("show state");
        Assert.Equal(["D|active|no", "D|paused|yes", "D|suspended|no"], answer[1..4]);
    }

    private static ConnectionSnapshot Connection(ConnectionSide side) =>
        new()
        {
            Side = side,
            Id = 1,
            State = ConnectionState.Active,
            Address = "10.0.0.9",
            Port = 5000,
            User = "joe",
            Database = "app",
            ConnectTime = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero),
            RequestTime = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero),
            WaitUs = 1_500_000,
            FileDescriptor = 11,
        };
}
