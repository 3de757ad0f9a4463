// Pipelines, errors in the middle of them, and what the proxy must forget afterwards.
using Drover.Configuration;
using Drover.Pooling.Servers;
using Drover.Protocol.Messages.Backend;
using Drover.Tests.Fakes;

namespace Drover.Tests.Sessions;

public sealed class PipelineTests
{
    [Fact]
    public async Task Pipelined_batches_are_answered_in_order()
    {
        await using ProxyStage stage = Start();
        using FakeClient client = await stage.ConnectAsync();
        await client.SendAsync(w =>
        {
            for (int i = 0; i < 50; i++)
            {
                w.Parse("", $"query {i}").Bind("", "").DescribePortal("").Execute("").Sync();
            }
        });
        for (int i = 0; i < 50; i++)
        {
            Frame row = (await client.ExpectAsync("12TD"));
            Assert.EndsWith($"query {i}", System.Text.Encoding.UTF8.GetString(row.Body), StringComparison.Ordinal);
            await client.ExpectAsync("CZ");
        }
    }

    [Fact]
    public async Task Error_in_the_middle_skips_to_sync_and_the_next_batch_runs()
    {
        await using ProxyStage stage = Start();
        using FakeClient client = await stage.ConnectAsync();
        await client.SendAsync(w =>
            w.Parse("", "a")
                .Bind("", "")
                .Execute("")
                .Parse("", "BAD")
                .Bind("", "")
                .Execute("")
                .Sync()
                .Parse("", "b")
                .Bind("", "")
                .Execute("")
                .Sync()
        );
        await client.ExpectAsync("12DCEZ12DCZ");
    }

    [Fact]
    public async Task Statement_whose_parse_failed_is_forgotten()
    {
        await using ProxyStage stage = Start();
        using FakeClient client = await stage.ConnectAsync();
        await client.SendAsync(w => w.Parse("s", "BAD").Sync());
        await client.ExpectAsync("EZ");
        await client.SendAsync(w => w.Parse("s", "good").Bind("", "s").Execute("").Sync());
        await client.ExpectAsync("12DCZ");
    }

    [Fact]
    public async Task Statement_that_was_skipped_with_a_failed_batch_is_forgotten()
    {
        await using ProxyStage stage = Start();
        using FakeClient client = await stage.ConnectAsync();
        await client.SendAsync(w => w.Parse("bad", "BAD").Parse("s", "good").Sync());
        await client.ExpectAsync("EZ");
        await client.SendAsync(w => w.Bind("", "s").Execute("").Sync());
        Assert.Equal("26000", (await client.ExpectAsync("E")).SqlState);
        await client.ExpectAsync("Z");
        await client.SendAsync(w => w.Parse("s", "good").Bind("", "s").Execute("").Sync());
        await client.ExpectAsync("12DCZ");
    }

    [Fact]
    public async Task Statement_sent_after_an_error_and_before_the_sync_poisons_nobody()
    {
        await using ProxyStage stage = Start();
        using FakeClient first = await stage.ConnectAsync();
        await first.SendAsync(w => w.Parse("", "BAD").Flush());
        await first.ExpectAsync("E");
        await first.SendAsync(w => w.Parse("s", "shared text").Flush());
        await first.SendAsync(w => w.Sync());
        await first.ExpectAsync("Z");
        using FakeClient second = await stage.ConnectAsync();
        await second.SendAsync(w => w.Parse("t", "shared text").Bind("", "t").Execute("").Sync());
        await second.ExpectAsync("12DCZ");
        await first.SendAsync(w => w.Bind("", "s").Execute("").Sync());
        Assert.Equal("26000", (await first.ExpectAsync("E")).SqlState);
    }

    [Fact]
    public async Task Simple_query_behind_an_error_is_skipped_as_the_server_does()
    {
        await using ProxyStage stage = Start();
        using FakeClient client = await stage.ConnectAsync();
        await client.SendAsync(w => w.Parse("", "BAD").SimpleQuery("skipped").Sync());
        await client.ExpectAsync("EZ");
        Assert.Equal("TDCZI", await client.RunAsync("a"));
    }

    [Fact]
    public async Task Close_that_was_skipped_leaves_the_statement()
    {
        await using ProxyStage stage = Start();
        using FakeClient client = await stage.ConnectAsync();
        await client.SendAsync(w => w.Parse("s", "a").Sync());
        await client.ExpectAsync("1Z");
        await client.SendAsync(w => w.Parse("", "BAD").CloseStatement("s").Parse("s", "b").Sync());
        await client.ExpectAsync("EZ");
        Assert.Equal("a", await RunStatementAsync(client, "s"));
    }

    [Fact]
    public async Task Skipped_eviction_leaves_the_servers_statements_as_they_are()
    {
        await using ProxyStage stage = Start(max: 1);
        using FakeClient client = await stage.ConnectAsync();
        await client.SendAsync(w => w.Parse("x", "x text").Sync());
        await client.ExpectAsync("1Z");
        // Y takes X's place, and X comes back within the same batch: all of it is skipped.
        await client.SendAsync(w => w.Parse("", "BAD").Parse("y", "y text").DescribeStatement("x").Sync());
        await client.ExpectAsync("EZ");
        Assert.Equal("x text", await RunStatementAsync(client, "x"));
        await client.SendAsync(w => w.Parse("y", "y text").Bind("", "y").Execute("").Sync());
        await client.ExpectAsync("12DCZ");
    }

    [Fact]
    public async Task Statement_that_the_batch_refers_to_is_not_evicted()
    {
        await using ProxyStage stage = Start(max: 2);
        using FakeClient client = await stage.ConnectAsync();
        await client.SendAsync(w =>
        {
            for (int i = 0; i < 5; i++)
            {
                w.Parse($"s{i}", $"text {i}");
            }
            for (int i = 0; i < 5; i++)
            {
                w.Bind("", $"s{i}").Execute("");
            }
            w.Sync();
        });
        await client.ExpectAsync("111112DC2DC2DC2DC2DCZ");
        Assert.Equal("text 0", await RunStatementAsync(client, "s0"));
    }

    [Fact]
    public async Task Evicted_statement_is_made_again_unseen()
    {
        await using ProxyStage stage = Start(max: 2);
        using FakeClient client = await stage.ConnectAsync();
        for (int i = 0; i < 6; i++)
        {
            await client.SendAsync(w => w.Parse($"s{i}", $"text {i}").Sync());
            await client.ExpectAsync("1Z");
        }
        for (int i = 0; i < 6; i++)
        {
            Assert.Equal($"text {i}", await RunStatementAsync(client, $"s{i}"));
        }
        Assert.InRange(stage.Server.Backends[0].Statements.Count, 1, 3);
    }

    [Fact]
    public async Task Statement_follows_its_client_to_another_server()
    {
        await using ProxyStage stage = Start(size: 2);
        using FakeClient client = await stage.ConnectAsync();
        using FakeClient other = await stage.ConnectAsync();
        await client.SendAsync(w => w.Parse("s", "mine").Parse("", "unnamed").Sync());
        await client.ExpectAsync("11Z");
        await other.RunAsync("BEGIN");
        Assert.Equal("mine", await RunStatementAsync(client, "s"));
        Assert.Equal("unnamed", await RunStatementAsync(client, ""));
        Assert.Equal(2, stage.Server.Backends.Count);
    }

    [Fact]
    public async Task Clients_do_not_see_each_others_unnamed_statement()
    {
        await using ProxyStage stage = Start();
        using FakeClient first = await stage.ConnectAsync();
        using FakeClient second = await stage.ConnectAsync();
        await first.SendAsync(w => w.Parse("", "first's").Sync());
        await first.ExpectAsync("1Z");
        await second.SendAsync(w => w.Bind("", "").Execute("").Sync());
        Assert.Equal("26000", (await second.ExpectAsync("E")).SqlState);
        await second.ExpectAsync("Z");
        Assert.Equal("first's", await RunStatementAsync(first, ""));
    }

    [Theory]
    [InlineData("DISCARD ALL")]
    [InlineData("DEALLOCATE ALL")]
    public async Task Discard_forgets_what_the_client_had_prepared(string sql)
    {
        await using ProxyStage stage = Start();
        using FakeClient client = await stage.ConnectAsync();
        using FakeClient other = await stage.ConnectAsync();
        await other.SendAsync(w => w.Parse("o", "other's").Sync());
        await other.ExpectAsync("1Z");
        await client.SendAsync(w => w.Parse("s", "a").Sync());
        await client.ExpectAsync("1Z");
        Assert.Equal("CZI", await client.RunAsync(sql));
        await client.SendAsync(w => w.Bind("", "s").Execute("").Sync());
        Assert.Equal("26000", (await client.ExpectAsync("E")).SqlState);
        await client.ExpectAsync("Z");
        Assert.Equal("other's", await RunStatementAsync(other, "o"));
    }

    [Fact]
    public async Task Deallocate_forgets_one_name_and_answers_with_its_own_tag()
    {
        await using ProxyStage stage = Start();
        using FakeClient client = await stage.ConnectAsync();
        await client.SendAsync(w => w.Parse("s", "a").Sync());
        await client.ExpectAsync("1Z");
        await client.QueryAsync("DEALLOCATE s");
        Assert.Equal("DEALLOCATE", (await client.ExpectAsync("C")).Text);
        await client.ExpectAsync("Z");
        await client.SendAsync(w => w.Bind("", "s").Execute("").Sync());
        Assert.Equal("26000", (await client.ExpectAsync("E")).SqlState);
    }

    [Theory]
    [InlineData("DEALLOCATE s -- done with it")]
    [InlineData("/* app */ DEALLOCATE /* it */ PREPARE s;")]
    [InlineData("DEALLOCATE \"s\"")]
    public async Task Deallocate_is_found_among_comments(string sql)
    {
        await using ProxyStage stage = Start();
        using FakeClient client = await stage.ConnectAsync();
        await client.SendAsync(w => w.Parse("s", "a").Sync());
        await client.ExpectAsync("1Z");
        await client.QueryAsync(sql);
        Assert.Equal("DEALLOCATE", (await client.ExpectAsync("C")).Text);
        await client.ExpectAsync("Z");
        Assert.Contains("Q DISCARD PLANS", Assert.Single(stage.Server.Backends).Received);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Deallocate_that_failed_leaves_the_statement(bool isExtended)
    {
        await using ProxyStage stage = Start();
        using FakeClient client = await stage.ConnectAsync();
        await client.SendAsync(w => w.Parse("s", "a").Sync());
        await client.ExpectAsync("1Z");
        await client.RunAsync("BEGIN");
        Assert.Equal("EZE", await client.RunAsync("FAIL"));
        await client.SendAsync(w =>
        {
            if (isExtended)
            {
                w.Parse("", "DEALLOCATE s").Bind("", "").Execute("").Sync();
            }
            else
            {
                w.SimpleQuery("DEALLOCATE s");
            }
        });
        Assert.EndsWith("EZE", await client.ReadShapeAsync(), StringComparison.Ordinal);
        await client.RunAsync("ROLLBACK");
        Assert.Equal("a", await RunStatementAsync(client, "s"));
    }

    [Fact]
    public async Task Deallocate_that_is_prepared_itself_forgets_what_its_client_named()
    {
        await using ProxyStage stage = Start();
        using FakeClient client = await stage.ConnectAsync();
        using FakeClient other = await stage.ConnectAsync();
        await client.SendAsync(w => w.Parse("s", "a").Parse("d", "DEALLOCATE s").Sync());
        await client.ExpectAsync("11Z");
        await other.SendAsync(w => w.Parse("s", "a").Sync());
        await other.ExpectAsync("1Z");
        await client.SendAsync(w => w.Bind("", "d").Execute("").Sync());
        await client.ExpectAsync("2");
        Assert.Equal("DEALLOCATE", (await client.ExpectAsync("C")).Text);
        await client.ExpectAsync("Z");
        await client.SendAsync(w => w.Bind("", "s").Execute("").Sync());
        Assert.Equal("26000", (await client.ExpectAsync("E")).SqlState);
        await client.ExpectAsync("Z");
        Assert.Equal("a", await RunStatementAsync(other, "s"));
    }

    [Fact]
    public async Task Statement_that_runs_after_an_unnamed_Deallocate_keeps_its_own_tag()
    {
        await using ProxyStage stage = Start();
        using FakeClient client = await stage.ConnectAsync();
        await client.SendAsync(w => w.Parse("s", "a").Parse("i", "INSERT").Sync());
        await client.ExpectAsync("11Z");
        await client.SendAsync(w => w.Parse("", "DEALLOCATE s").Bind("", "").Execute("").Sync());
        Assert.Equal("DEALLOCATE", (await client.ExpectAsync("12C")).Text);
        await client.ExpectAsync("Z");
        await client.SendAsync(w => w.Bind("", "i").Execute("").Sync());
        Assert.Equal("INSERT 0 1", (await client.ExpectAsync("2C")).Text);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_is_pipelined_behind_a_reset_finds_the_start_up_parameters_again(bool isExtended)
    {
        await using ProxyStage stage = ProxyStage.Start(o =>
            o with
            {
                Session = o.Session with { TrackSessionState = true },
            }
        );
        using FakeClient client = await stage.ConnectAsync(("work_mem", "1MB"));
        await client.SendAsync(w =>
        {
            if (isExtended)
            {
                w.Parse("", "RESET ALL").Bind("", "").Execute("").Sync();
                w.Parse("", "STATE").Bind("", "").Execute("").Sync();
            }
            else
            {
                w.SimpleQuery("RESET ALL");
                w.SimpleQuery("STATE");
            }
        });
        await client.ExpectAsync(isExtended ? "12CZ" : "CZ");
        Frame row = await client.ExpectAsync(isExtended ? "12D" : "TD");
        Assert.True(row.Body.AsSpan().IndexOf("work_mem"u8) > 0, "the second query ran without them");
        await client.ExpectAsync("CZ");
    }

    [Fact]
    public async Task Reload_to_session_mode_leaves_a_client_its_statements_and_its_settings()
    {
        await using ProxyStage stage = ProxyStage.Start(o =>
            o with
            {
                Pool = o.Pool with { DefaultPoolSize = 2 },
                Session = o.Session with { TrackSessionState = true },
            }
        );
        using FakeClient client = await stage.ConnectAsync();
        using FakeClient other = await stage.ConnectAsync();
        await client.SendAsync(w => w.Parse("s", "STATE").Sync());
        await client.ExpectAsync("1Z");
        await client.RunAsync("SET work_mem = '1MB'");
        await other.RunAsync("BEGIN");
        DroverOptions running = stage.Plane.Directory.Options;
        PoolOptions pool = running.Proxy.Pool with { PoolMode = PoolMode.Session };
        stage.Plane.Directory.Apply(running with { Proxy = running.Proxy with { Pool = pool } });
        Assert.Equal("I unsynced work_mem", await RunStatementAsync(client, "s"));
        await client.SendAsync(w => w.Parse("t", "STATE").Sync());
        await client.ExpectAsync("1Z");
        Assert.Equal("I unsynced work_mem", await RunStatementAsync(client, "t"));
        await other.RunAsync("COMMIT");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Statements_forgotten_out_of_sight_are_made_again(bool follows)
    {
        await using ProxyStage stage = ProxyStage.Start(o =>
            o with
            {
                Pool = o.Pool with { DefaultPoolSize = 1 },
                Session = o.Session with { TrackSessionState = follows },
            }
        );
        using FakeClient client = await stage.ConnectAsync();
        using FakeClient other = await stage.ConnectAsync();
        await client.SendAsync(w => w.Parse("s", "a").Sync());
        await client.ExpectAsync("1Z");
        Assert.Equal("CZI", await client.RunAsync("DO 'BEGIN DEALLOCATE ALL; END'"));
        if (!follows)
        {
            // Nobody looks at the session: the first to notice is told, and no other.
            await other.SendAsync(w => w.Parse("o", "a").Bind("", "o").Execute("").Sync());
            await other.ExpectAsync("1EZ");
        }
        using FakeClient third = await stage.ConnectAsync();
        await third.SendAsync(w => w.Parse("t", "a").Bind("", "t").Execute("").Sync());
        await third.ExpectAsync("12DCZ");
    }

    [Fact]
    public async Task Unnamed_statement_that_outlives_a_skipped_parse_is_nobody_elses()
    {
        await using ProxyStage stage = Start();
        using FakeClient first = await stage.ConnectAsync();
        using FakeClient second = await stage.ConnectAsync();
        await first.SendAsync(w => w.Parse("", "first's").Sync());
        await first.ExpectAsync("1Z");
        await first.SendAsync(w => w.Parse("bad", "BAD").Parse("", "skipped").Sync());
        await first.ExpectAsync("EZ");
        await second.SendAsync(w => w.Bind("", "").Execute("").Sync());
        Assert.Equal("26000", (await second.ExpectAsync("E")).SqlState);
    }

    [Fact]
    public async Task Statement_prepared_under_a_local_search_path_is_not_shared()
    {
        await using ProxyStage stage = Start();
        using FakeClient first = await stage.ConnectAsync();
        using FakeClient second = await stage.ConnectAsync();
        await first.RunAsync("BEGIN");
        await first.RunAsync("SET LOCAL search_path = tenant");
        await first.SendAsync(w => w.Parse("s", "SELECT a FROM t").Sync());
        await first.ExpectAsync("1Z");
        await first.RunAsync("ROLLBACK");
        await second.SendAsync(w => w.Parse("s", "SELECT a FROM t").Sync());
        await second.ExpectAsync("1Z");
        FakeBackend backend = Assert.Single(stage.Server.Backends);
        Assert.Equal(2, backend.Received.Count(static message => message.StartsWith('P')));
    }

    [Fact]
    public async Task Second_parse_of_a_name_gets_the_error_with_the_clients_own_name()
    {
        await using ProxyStage stage = Start();
        using FakeClient client = await stage.ConnectAsync();
        await client.SendAsync(w => w.Parse("mine", "a").Parse("mine", "b").Sync());
        await client.ExpectAsync("1");
        Frame error = await client.ExpectAsync("E");
        Assert.Equal("42P05", error.SqlState);
        Assert.Contains("\"mine\"", error.Message, StringComparison.Ordinal);
        await client.ExpectAsync("Z");
    }

    [Fact]
    public async Task Row_description_that_comes_in_pieces_is_followed_by_the_proxys_own_answer()
    {
        await using ProxyStage stage = Start();
        using (FakeClient maker = await stage.ConnectAsync())
        {
            await maker.SendAsync(w => w.Parse("k", "known").Sync());
            await maker.ExpectAsync("1Z");
        }
        using FakeClient client = await stage.ConnectAsync();
        await client.SendAsync(w => w.SimpleQuery("wait"));
        await client.ExpectAsync("TDCZ");
        ServerConnection server = Assert.Single(stage.Pool.Servers());
        Assert.Equal(1, server.Statements.Count);
        await client.SendAsync(w => w.Parse("", "WIDE").DescribeStatement("").Parse("k2", "known").Sync());
        await client.ExpectAsync("1tT1Z");
    }

    [Fact]
    public async Task Changed_parameter_reaches_the_client()
    {
        await using ProxyStage stage = Start();
        using FakeClient client = await stage.ConnectAsync();
        await client.RunAsync("SET application_name = 'shop'");
        Assert.Equal("shop", client.Parameters["application_name"]);
    }

    [Fact]
    public async Task Large_values_pass_in_both_directions()
    {
        await using ProxyStage stage = Start();
        using FakeClient client = await stage.ConnectAsync();
        string large = new('x', 3_000_000);
        Assert.Equal(large.Length, (await client.ScalarAsync(large))!.Length);
        await client.SendAsync(w => w.Parse("s", "a").Bind("", "s", large).Execute("").Sync());
        await client.ExpectAsync("12DCZ");
        Assert.Equal("TDCZI", await client.RunAsync("b"));
    }

    private static async Task<string> RunStatementAsync(FakeClient client, string name)
    {
        await client.SendAsync(w => w.Bind("", name).Execute("").Sync());
        Frame row = await client.ExpectAsync("2D");
        await client.ExpectAsync("CZ");
        Assert.True(DataRow.TryRead(row.Body, out Drover.Protocol.Messages.ValueList values));
        foreach (Drover.Protocol.Messages.ValueList.Value value in values)
        {
            return System.Text.Encoding.UTF8.GetString(value.Bytes);
        }
        return "";
    }

    private static ProxyStage Start(int size = 1, int max = 200) =>
        ProxyStage.Start(o =>
            o with
            {
                Pool = o.Pool with { DefaultPoolSize = size },
                Session = o.Session with { MaxPreparedStatements = max },
            }
        );
}
