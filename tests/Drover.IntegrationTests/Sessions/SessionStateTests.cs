// What a client's session holds follows it, is undone with its transaction, and reaches nobody else (TRAPS 1, 2, 6,
// 11).
using Drover.IntegrationTests.LocalPostgres;

namespace Drover.IntegrationTests.Sessions;

public sealed class SessionStateTests(PostgresFixture postgres)
{
    public static TheoryData<int> Majors => [15, 18];

    [Theory]
    [MemberData(nameof(Majors))]
    public async Task Custom_setting_follows_its_client_however_it_was_set(int major)
    {
        await using SessionStage stage = await SessionStage.StartAsync(postgres, major, 2);
        await stage.ChangeServersAsync();
        await using ScriptedClient client = await stage.ConnectAsync();
        await using ScriptedClient stranger = await stage.ConnectAsync();
        await client.Query("set app.tenant = 'one'").RunAsync();
        await client.Query("do $$ begin perform set_config('app.region', 'two', false); end $$").RunAsync();
        await client
            .Parse("", "select set_config($1, $2, false)")
            .Bind("", "app.shop", "three")
            .Execute()
            .Sync()
            .RunAsync();
        await client.Query("begin; set app.tenant = 'undone'; rollback").RunAsync();
        const string Ask =
            "select current_setting('app.tenant', true), current_setting('app.region', true), "
            + "current_setting('app.shop', true)";
        for (int i = 0; i < 4; i++)
        {
            await stage.ChangeServersAsync();
            Assert.Equal("T D(one|two|three) C(SELECT 1) Z(I)", await client.Query(Ask).RunAsync());
            string strangers = (await stranger.Query(Ask).RunAsync()).Replace("NULL", "", StringComparison.Ordinal);
            Assert.Equal("T D(||) C(SELECT 1) Z(I)", strangers);
        }
    }

    [Theory]
    [MemberData(nameof(Majors))]
    public async Task Setting_is_undone_with_its_transaction_and_its_savepoint(int major)
    {
        await using SessionStage stage = await SessionStage.StartAsync(postgres, major, 2);
        await stage.ChangeServersAsync();
        await using ScriptedClient client = await stage.ConnectAsync();
        await client.Query("set work_mem = '7MB'").RunAsync();
        await client.Query("begin").RunAsync();
        await client.Query("set work_mem = '8MB'").RunAsync();
        await client.Query("rollback").RunAsync();
        await client.Query("begin; savepoint a; set work_mem = '9MB'; rollback to a; commit").RunAsync();
        for (int i = 0; i < 3; i++)
        {
            await stage.ChangeServersAsync();
            Assert.Equal("T D(7MB) C(SHOW) Z(I)", await client.Query("show work_mem").RunAsync());
        }
    }

    /// <summary>In a search_path of its own making, a client's operators would tell the proxy what it likes.</summary>
    [Theory]
    [MemberData(nameof(Majors))]
    public async Task Operators_of_a_client_do_not_answer_the_proxys_questions(int major)
    {
        await using SessionStage stage = await SessionStage.StartAsync(postgres, major, 2);
        await stage.RunDirectlyAsync(
            """
            create schema evil;
            create function evil.no(pg_catalog.text, pg_catalog.text) returns boolean language sql as 'select false';
            create operator evil.= (leftarg = pg_catalog.text, rightarg = pg_catalog.text, function = evil.no);
            create operator evil.<> (leftarg = pg_catalog.text, rightarg = pg_catalog.text, function = evil.no);
            create domain evil.text as pg_catalog.text check (false);
            """
        );
        await stage.ChangeServersAsync();
        await using ScriptedClient client = await stage.ConnectAsync();
        await using ScriptedClient stranger = await stage.ConnectAsync();
        await client.Query("set search_path = evil, pg_catalog").RunAsync();
        await client.Query("set work_mem = '7MB'").RunAsync();
        await client.Query("set app.tenant = 'one'").RunAsync();
        for (int i = 0; i < 3; i++)
        {
            await stage.ChangeServersAsync();
            Assert.Equal("T D(7MB) C(SHOW) Z(I)", await client.Query("show work_mem").RunAsync());
            Assert.Equal("T D(one) C(SHOW) Z(I)", await client.Query("show app.tenant").RunAsync());
            Assert.Equal("T D(4MB) C(SHOW) Z(I)", await stranger.Query("show work_mem").RunAsync());
        }
        // Whoever comes next reads the catalogs, on the server as the client has left it.
        await client.Query("select 1").RunAsync();
        await stage.RunDirectlyAsync(
            "create function public.enter(t text) returns text language sql as "
                + "'select pg_catalog.set_config(''app.tenant'', t, false)'"
        );
        await stage.ReloadAsync();
        await client.Query("select 2").RunAsync();
        Assert.StartsWith("T D(two)", await stranger.Query("select public.enter('two')").RunAsync());
        await using ScriptedClient third = await stage.ConnectAsync();
        Assert.Equal("", await SessionStage.ValueAsync(third, "select current_setting('app.tenant', true)"));
    }

    [Theory]
    [MemberData(nameof(Majors))]
    public async Task Notification_that_arrives_during_the_proxys_own_query_reaches_its_client(int major)
    {
        await using SessionStage stage = await SessionStage.StartAsync(postgres, major, 3);
        await using ScriptedClient listener = await stage.ConnectAsync();
        await using ScriptedClient speaker = await stage.ConnectAsync();
        await listener.Query("listen news").RunAsync();
        int heard = 0;
        for (int i = 0; i < 30; i++)
        {
            // The listener's session is looked at behind each of its transactions; the notification falls into that
            // look.
            await speaker.Query($"notify news, '{i}'").SendAsync();
            heard += Count(await listener.Query("select 1").RunAsync());
            await speaker.ReadAsync("Z");
        }
        while (heard < 30)
        {
            heard += Count(await listener.ReadAsync("A"));
        }
        Assert.Equal(30, heard);
    }

    [Theory]
    [MemberData(nameof(Majors))]
    public async Task Cancelled_while_it_waits_for_a_server_a_client_goes_on(int major)
    {
        await using SessionStage stage = await SessionStage.StartAsync(postgres, major, 1);
        await using ScriptedClient holder = await stage.ConnectAsync();
        await using ScriptedClient waiting = await stage.ConnectAsync();
        await holder.Query("begin").RunAsync();
        foreach (bool simple in (bool[])[true, false])
        {
            await (
                simple ? waiting.Query("select 1") : waiting.Parse("s", "select 1").Bind("s").Execute().Sync()
            ).SendAsync();
            Task<string> answer = waiting.ReadAsync("Z");
            while (!answer.IsCompleted)
            {
                await waiting.CancelAsync();
                await Task.WhenAny(answer, Task.Delay(50, TestContext.Current.CancellationToken));
            }
            Assert.Equal("E(57014) Z(I)", await answer);
        }
        Assert.Equal("T D(2) C(SELECT 1) Z(T)", await holder.Query("select 2").RunAsync());
        await holder.Query("commit").RunAsync();
        Assert.Equal("T D(3) C(SELECT 1) Z(I)", await waiting.Query("select 3").RunAsync());
    }

    [Theory]
    [MemberData(nameof(Majors))]
    public async Task What_a_client_sent_before_it_left_is_run_and_answered(int major)
    {
        await using SessionStage stage = await SessionStage.StartAsync(postgres, major, 1);
        await using ScriptedClient watcher = await stage.ConnectAsync();
        await watcher.Query("create table notes (a int)").RunAsync();
        await using ScriptedClient simple = await stage.ConnectAsync();
        simple.Query("select pg_sleep(0.1)").Query("insert into notes values (1)").Terminate();
        Assert.Equal("T D() C(SELECT 1) Z(I) C(INSERT 0 1) Z(I)", await simple.RunAsync(2));
        await using ScriptedClient extended = await stage.ConnectAsync();
        await extended.Parse("", "select 1").Bind("").Execute().Flush().SendAsync();
        Assert.Equal("1 2 D(1) C(SELECT 1)", await extended.ReadAsync("C"));
        Assert.Equal("Z(I)", await extended.Sync().Terminate().RunAsync());
        // Without its Sync nothing is committed, and nobody waits for an answer.
        await using ScriptedClient unsynced = await stage.ConnectAsync();
        await unsynced.Parse("", "insert into notes values (2)").Bind("").Execute().Terminate().SendAsync();
        Assert.Equal("1", await SessionStage.ValueAsync(watcher, "select count(*) from notes"));
    }

    private static int Count(string answers) => answers.Split(' ').Count(answer => answer == "A(news)");
}
