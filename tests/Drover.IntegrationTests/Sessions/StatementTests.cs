// Prepared statements of clients that change servers (TRAPS 4, 5 and 7).
using Drover.IntegrationTests.LocalPostgres;

namespace Drover.IntegrationTests.Sessions;

public sealed class StatementTests(PostgresFixture postgres)
{
    private const string Changing = "create table changing (a int); insert into changing values (1)";

    public static TheoryData<int> Majors => [15, 18];

    [Theory]
    [MemberData(nameof(Majors))]
    public async Task Statement_follows_its_client_to_another_server(int major)
    {
        await using SessionStage stage = await SessionStage.StartAsync(postgres, major, 2);
        await stage.ChangeServersAsync();
        await using ScriptedClient client = await stage.ConnectAsync();
        await client.Parse("s", "select pg_backend_pid(), $1::int").Sync().RunAsync();
        HashSet<string> answers = [];
        for (int i = 0; i < 4; i++)
        {
            await stage.ChangeServersAsync();
            answers.Add(await client.Bind("s", "7").Execute().Sync().RunAsync());
        }
        Assert.All(answers, answer => Assert.Matches(@"^2 D\(\d+\|7\) C\(SELECT 1\) Z\(I\)$", answer));
        Assert.Equal(2, answers.Count);
    }

    [Theory]
    [MemberData(nameof(Majors))]
    public async Task Unnamed_statement_and_a_lone_Describe_find_their_Parse_on_another_server(int major)
    {
        await using SessionStage stage = await SessionStage.StartAsync(postgres, major, 2);
        await stage.ChangeServersAsync();
        await using ScriptedClient client = await stage.ConnectAsync();
        await client.Parse("", "select pg_backend_pid()").Parse("s", "select 1").Sync().RunAsync();
        HashSet<string> answers = [];
        for (int i = 0; i < 4; i++)
        {
            await stage.ChangeServersAsync();
            answers.Add(await client.Bind("").Execute().Sync().RunAsync());
            Assert.Equal("t T Z(I)", await client.DescribeStatement("s").Sync().RunAsync());
        }
        Assert.All(answers, answer => Assert.Matches(@"^2 D\(\d+\) C\(SELECT 1\) Z\(I\)$", answer));
    }

    [Theory]
    [MemberData(nameof(Majors))]
    public async Task Fresh_Parse_after_a_table_was_made_anew_gets_its_new_shape(int major)
    {
        await using SessionStage stage = await SessionStage.StartAsync(postgres, major, 1);
        await using ScriptedClient client = await stage.ConnectAsync();
        await using ScriptedClient other = await stage.ConnectAsync();
        await client.Query(Changing).RunAsync();
        const string Sql = "select * from changing";
        await other.Parse("t", Sql).DescribeStatement("t").Sync().RunAsync();
        for (int i = 0; i < 2; i++)
        {
            // In a transaction, where nothing can be sent again unseen; then when it is committed.
            await client.Query("begin; drop table changing; create table changing (a text)").RunAsync();
            Assert.Equal("1 t T Z(T)", await client.Parse($"a{i}", Sql).DescribeStatement($"a{i}").Sync().RunAsync());
            await client.Query("commit").RunAsync();
            Assert.Equal("1 t T Z(I)", await other.Parse($"b{i}", Sql).DescribeStatement($"b{i}").Sync().RunAsync());
            await client.Query("drop table changing; create table changing (a int)").RunAsync();
        }
        // Who prepared it before is told, as by PostgreSQL.
        await client.Query("drop table changing; create table changing (b text)").RunAsync();
        Assert.Equal("E(0A000) Z(I)", await other.Bind("t").Execute().Sync().RunAsync());
    }

    [Theory]
    [MemberData(nameof(Majors))]
    public async Task Statement_on_a_temporary_table_is_not_shared_with_one_on_a_table_of_the_same_name(int major)
    {
        await using SessionStage stage = await SessionStage.StartAsync(postgres, major, 1);
        await using ScriptedClient client = await stage.ConnectAsync();
        await using ScriptedClient other = await stage.ConnectAsync();
        await client.Query("create temp table first_of_all (a int); drop table first_of_all").RunAsync();
        await client.Query(Changing).RunAsync();
        const string Sql = "select a from changing";
        Assert.Contains("D(1)", await other.Parse("s", Sql).Bind("s").Execute().Sync().RunAsync(), Contains);
        await client.Query("create temp table changing (a int); insert into changing values (2)").RunAsync();
        Assert.Contains("D(2)", await client.Parse("s", Sql).Bind("s").Execute().Sync().RunAsync(), Contains);
        await client.Query("drop table pg_temp.changing").RunAsync();
        Assert.Contains("D(1)", await other.Parse("r", Sql).Bind("r").Execute().Sync().RunAsync(), Contains);
    }

    [Theory]
    [MemberData(nameof(Majors))]
    public async Task Batch_whose_formats_fit_the_old_shape_only_gets_the_error_as_from_PostgreSQL(int major)
    {
        await using SessionStage stage = await SessionStage.StartAsync(postgres, major, 1);
        await using ScriptedClient client = await stage.ConnectAsync();
        await client.Query("create table changing (a int, b int)").RunAsync();
        await client.Parse("s", "select * from changing").DescribeStatement("s").Sync().RunAsync();
        await client.Query("alter table changing drop column b").RunAsync();
        for (int i = 0; i < 2; i++)
        {
            client.Bind("s", resultFormats: [0, 0]).DescribePortal().Execute().Sync();
            Assert.Equal("E(0A000) Z(I)", await client.RunAsync());
        }
        client.Bind("s", resultFormats: [0]).DescribePortal().Execute().Sync();
        Assert.Equal("2 T C(SELECT 0) Z(I)", await client.RunAsync());
    }

    private const StringComparison Contains = StringComparison.Ordinal;

    [Theory]
    [MemberData(nameof(Majors))]
    public async Task Deallocate_by_a_prepared_statement_means_the_clients_own_name(int major)
    {
        await using SessionStage stage = await SessionStage.StartAsync(postgres, major, 2);
        await stage.ChangeServersAsync();
        await using ScriptedClient client = await stage.ConnectAsync();
        await using ScriptedClient other = await stage.ConnectAsync();
        await other.Parse("mine", "select 1").Sync().RunAsync();
        await client.Parse("mine", "select 1").Parse("drop", "deallocate mine").Sync().RunAsync();
        await stage.ChangeServersAsync();
        Assert.Equal("2 C(DEALLOCATE) Z(I)", await client.Bind("drop").Execute().Sync().RunAsync());
        Assert.Equal("E(26000) Z(I)", await client.Bind("mine").Execute().Sync().RunAsync());
        Assert.Equal("2 E(26000) Z(I)", await client.Bind("drop").Execute().Sync().RunAsync());
        Assert.Equal("2 D(1) C(SELECT 1) Z(I)", await other.Bind("mine").Execute().Sync().RunAsync());
    }

    [Theory]
    [MemberData(nameof(Majors))]
    public async Task Errors_name_the_statement_as_its_client_does(int major)
    {
        await using SessionStage stage = await SessionStage.StartAsync(postgres, major, 2);
        await using ScriptedClient client = await stage.ConnectAsync();
        Assert.Equal("E(26000) Z(I)", await client.Bind("mine").Execute().Sync().RunAsync());
        Assert.Equal("prepared statement \"mine\" does not exist", client.LastError);
        Assert.Equal("E(42601) Z(I)", await client.Parse("mine", "selec").Sync().RunAsync());
        Assert.Equal("1 Z(I)", await client.Parse("mine", "select 1").Sync().RunAsync());
        Assert.Equal("E(42P05) Z(I)", await client.Parse("mine", "select 2").Sync().RunAsync());
        Assert.Equal("prepared statement \"mine\" already exists", client.LastError);
        Assert.Equal("2 D(1) C(SELECT 1) Z(I)", await client.Bind("mine").Execute().Sync().RunAsync());
    }

    [Theory]
    [MemberData(nameof(Majors))]
    public async Task What_was_parsed_behind_DISCARD_ALL_in_one_write_is_there(int major)
    {
        await using SessionStage stage = await SessionStage.StartAsync(postgres, major, 2);
        await stage.ChangeServersAsync();
        await using ScriptedClient client = await stage.ConnectAsync();
        for (int i = 0; i < 3; i++)
        {
            await stage.ChangeServersAsync();
            client.Query("discard all").Parse("s", "select 5").Bind("s").Execute().Sync();
            Assert.Equal("C(DISCARD ALL) Z(I) 1 2 D(5) C(SELECT 1) Z(I)", await client.RunAsync(2));
            Assert.Equal("2 D(5) C(SELECT 1) Z(I)", await client.Bind("s").Execute().Sync().RunAsync());
        }
        client.Parse("", "deallocate all").Bind("").Execute().Bind("s").Execute().Sync();
        Assert.Equal("1 2 C(DEALLOCATE ALL) E(26000) Z(I)", await client.RunAsync());
    }

    [Theory]
    [MemberData(nameof(Majors))]
    public async Task Client_that_does_not_ask_for_the_columns_gets_0A000_on_every_server_after_DDL(int major)
    {
        await using SessionStage stage = await SessionStage.StartAsync(postgres, major, 2);
        await stage.ChangeServersAsync();
        await using ScriptedClient client = await stage.ConnectAsync();
        await client.Query(Changing).RunAsync();
        Assert.Equal(
            "1 t T Z(I)",
            await client.Parse("s", "select * from changing").DescribeStatement("s").Sync().RunAsync()
        );
        await client.Query("alter table changing add b text default 'new'").RunAsync();
        for (int i = 0; i < 4; i++)
        {
            await stage.ChangeServersAsync();
            Assert.Equal("E(0A000) Z(I)", await client.Bind("s").Execute().Sync().RunAsync());
        }
        client.Parse("t", "select * from changing").Bind("t").Execute().Sync();
        Assert.Equal("1 2 D(1|new) C(SELECT 1) Z(I)", await client.RunAsync());
    }

    [Theory]
    [MemberData(nameof(Majors))]
    public async Task Client_that_asks_for_the_columns_never_notices_DDL_outside_a_transaction(int major)
    {
        await using SessionStage stage = await SessionStage.StartAsync(postgres, major, 2);
        await stage.ChangeServersAsync();
        await using ScriptedClient client = await stage.ConnectAsync();
        await client.Query(Changing).RunAsync();
        await client.Parse("s", "select * from changing where a = $1").Sync().RunAsync();
        for (int i = 0; i < 4; i++)
        {
            await stage.ChangeServersAsync();
            client.Bind("s", "1").DescribePortal().Execute().Sync();
            Assert.Equal("2 T D(1) C(SELECT 1) Z(I)", await client.RunAsync());
        }
        await client.Query("alter table changing add b text default 'new'").RunAsync();
        for (int i = 0; i < 4; i++)
        {
            await stage.ChangeServersAsync();
            client.Bind("s", "1").DescribePortal().Execute().Sync();
            Assert.Equal("2 T D(1|new) C(SELECT 1) Z(I)", await client.RunAsync());
        }
    }

    [Theory]
    [MemberData(nameof(Majors))]
    public async Task Error_in_a_pipeline_fails_its_own_batch_only(int major)
    {
        await using SessionStage stage = await SessionStage.StartAsync(postgres, major, 2);
        await using ScriptedClient client = await stage.ConnectAsync();
        client.Parse("a", "select 1").Bind("a").Execute().Sync();
        client.Parse("b", "select 1/0").Bind("b").Execute().Parse("c", "select 3").Sync();
        client.Bind("a").Execute().Sync().Bind("c").Execute().Sync();
        Assert.Equal(
            "1 2 D(1) C(SELECT 1) Z(I) 1 2 E(22012) Z(I) 2 D(1) C(SELECT 1) Z(I) E(26000) Z(I)",
            (await client.RunAsync(4)).Replace("1 E(22012)", "1 2 E(22012)", StringComparison.Ordinal)
        );
        await client.Parse("d", "select 4").Flush().SendAsync();
        Assert.Equal("1", await client.ReadAsync("1"));
        Assert.Equal("2 D(4) C(SELECT 1) Z(I)", await client.Bind("d").Execute().Sync().RunAsync());
    }
}
