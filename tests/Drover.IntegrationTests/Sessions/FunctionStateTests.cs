// What a function leaves in the session when it is called in a plain SELECT, or behind an INSERT, is noticed.
using Drover.IntegrationTests.LocalPostgres;

namespace Drover.IntegrationTests.Sessions;

public sealed class FunctionStateTests(PostgresFixture postgres)
{
    private const string Tenant = "select coalesce(current_setting('app.tenant', true), '')";

    /// <summary>Tenants see their own rows only, by a setting that a function makes at their login.</summary>
    private const string RowSecurity = """
        create table accounts (tenant text, secret text);
        insert into accounts values ('a', 'of a'), ('b', 'of b');
        alter table accounts enable row level security;
        create policy own on accounts using (tenant = current_setting('app.tenant', true));
        create function enter(who text) returns void language plpgsql security definer as
            $$ begin perform set_config('app.tenant', who, false); end $$;
        do $$ begin create role tenant_role; exception when duplicate_object then null; end $$;
        grant select on accounts to tenant_role
        """;

    public static TheoryData<int> Majors => [15, 18];

    /// <summary>Definitions, a statement that does not look like it sets anything, by version.</summary>
    public static TheoryData<int, string, string> Ways
    {
        get
        {
            const string Enter =
                "create function enter() returns int language plpgsql as "
                + "$$ begin perform set_config('app.tenant', 'a', false); return 1; end $$;";
            (string Definition, string Statement)[] ways =
            [
                (Enter, "select enter()"),
                (Enter, "select \"enter\"()"),
                (Enter, "select 1 where ENTER() = 1"),
                (
                    Enter + "create function outer_one() returns int language sql as 'select enter()'",
                    "select outer_one()"
                ),
                (Enter + "create function atomic_one() returns int return enter()", "select atomic_one()"),
                (Enter + "create view doors as select enter() as e", "select * from doors"),
                (Enter + "create view doors as select enter() as e; create view walls as table doors", "table walls"),
                ("create view doors as select set_config('app.tenant', 'a', false) as e", "select * from doors"),
                (Enter + "create table visits (v int default enter())", "insert into visits default values"),
                (Enter + "create domain door as int check (enter() > 0)", "select 1::door"),
                (Enter + "create table visits (v int check (enter() > 0))", "insert into visits values (1)"),
                (
                    "create function note() returns trigger language plpgsql as $$ begin "
                        + "set app.tenant = 'a'; return new; end $$; create table visits (v int);"
                        + "create trigger t before insert on visits for each row execute function note()",
                    "insert into visits values (1)"
                ),
                (
                    "create function note() returns trigger language plpgsql as $$ begin "
                        + "set app.tenant = 'a'; return null; end $$; create table visits (v int primary key);"
                        + "create table guests (v int references visits on delete cascade);"
                        + "insert into visits values (1); insert into guests values (1);"
                        + "create trigger t after delete on guests for each row execute function note()",
                    "delete from visits"
                ),
                (
                    "create function build() returns int language plpgsql as $$ begin "
                        + "execute 'set app.tenant = ' || quote_literal('a'); return 1; end $$",
                    "select build()"
                ),
                (
                    Enter
                        + "create function plus_enter(int, int) returns int language sql as 'select enter()';"
                        + "create operator ### (leftarg = int, rightarg = int, function = plus_enter)",
                    "select 1 ### 2"
                ),
            ];
            TheoryData<int, string, string> data = [];
            foreach ((string definition, string statement) in ways)
            {
                data.Add(15, definition, statement);
                data.Add(18, definition, statement);
            }
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task Setting_made_by_a_function_follows_its_client(int major, string definition, string statement)
    {
        await using SessionStage stage = await SessionStage.StartAsync(postgres, major, 2);
        await stage.RunDirectlyAsync(definition);
        await stage.ChangeServersAsync();
        await using ScriptedClient client = await stage.ConnectAsync();
        await using ScriptedClient stranger = await stage.ConnectAsync();
        Assert.DoesNotContain("E(", await client.Query(statement).RunAsync(), StringComparison.Ordinal);
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal("", await SessionStage.ValueAsync(stranger, Tenant));
            Assert.Equal("a", await SessionStage.ValueAsync(client, Tenant));
            await stage.ChangeServersAsync();
        }
    }

    [Theory]
    [MemberData(nameof(Majors))]
    public async Task Tenant_never_sees_the_rows_of_another(int major)
    {
        await using SessionStage stage = await SessionStage.StartAsync(postgres, major, 2);
        await stage.RunDirectlyAsync(RowSecurity);
        await using ScriptedClient a = await stage.ConnectAsync();
        await using ScriptedClient b = await stage.ConnectAsync();
        await using ScriptedClient nobody = await stage.ConnectAsync();
        foreach (ScriptedClient client in (ScriptedClient[])[a, b, nobody])
        {
            await client.Query("set role tenant_role").RunAsync();
        }
        await a.Parse("enter", "select enter($1)").Sync().RunAsync();
        await a.Bind("enter", "a").Execute().Sync().RunAsync();
        await b.Query("select enter('b')").RunAsync();
        const string Secrets = "select string_agg(secret, ',') from accounts";
        for (int i = 0; i < 5; i++)
        {
            Assert.Equal("of a", await SessionStage.ValueAsync(a, Secrets));
            Assert.Equal("NULL", await SessionStage.ValueAsync(nobody, Secrets));
            Assert.Equal("of b", await SessionStage.ValueAsync(b, Secrets));
            await stage.ChangeServersAsync();
        }
    }

    [Theory]
    [MemberData(nameof(Majors))]
    public async Task Lock_table_and_channel_of_a_function_pin_its_client(int major)
    {
        await using SessionStage stage = await SessionStage.StartAsync(postgres, major, 2);
        await stage.RunDirectlyAsync(
            """
            create function take() returns void language sql as 'select pg_advisory_lock(7)';
            create function let_go() returns void language sql as 'select pg_advisory_unlock(7)';
            create function make() returns void language plpgsql as 'begin create temp table mine (a int); end';
            create function hear() returns void language plpgsql as 'begin listen news; end'
            """
        );
        await using ScriptedClient locker = await stage.ConnectAsync();
        await using ScriptedClient other = await stage.ConnectAsync();
        await locker.Query("select take()").RunAsync();
        const string TryLock = "select pg_try_advisory_xact_lock(7)";
        Assert.Equal("f", await SessionStage.ValueAsync(other, TryLock));
        Assert.Equal("f", await SessionStage.ValueAsync(other, TryLock));
        await locker.Query("select let_go()").RunAsync();
        Assert.Equal("t", await SessionStage.ValueAsync(other, TryLock));
        await other.Query("select make()").RunAsync();
        for (int i = 0; i < 4; i++)
        {
            Assert.Equal("0", await SessionStage.ValueAsync(other, "select count(*) from mine"));
            Assert.Equal("E(42P01) Z(I)", await locker.Query("select count(*) from mine").RunAsync());
        }
        await locker.Query("select hear()").RunAsync();
        await locker.Query("notify news").SendAsync();
        Assert.Contains("A(news)", await locker.ReadAsync("A"), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Majors))]
    public async Task Function_made_through_the_proxy_is_known_at_once_to_all_clients(int major)
    {
        await using SessionStage stage = await SessionStage.StartAsync(postgres, major, 2);
        await using ScriptedClient maker = await stage.ConnectAsync();
        await using ScriptedClient user = await stage.ConnectAsync();
        await using ScriptedClient stranger = await stage.ConnectAsync();
        await maker.Query("create function enter() returns int language sql as 'select 1'").RunAsync();
        await user.Parse("enter", "select enter()").Bind("enter").Execute().Sync().RunAsync();
        await maker
            .Query(
                "do $do$ begin execute 'create or replace function enter() returns int language plpgsql as "
                    + "$$ begin perform set_config(''app.tenant'', ''a'', false); return 1; end $$'; end $do$"
            )
            .RunAsync();
        Assert.Equal("2 D(1) C(SELECT 1) Z(I)", await user.Bind("enter").Execute().Sync().RunAsync());
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal("a", await SessionStage.ValueAsync(user, Tenant));
            Assert.Equal("", await SessionStage.ValueAsync(stranger, Tenant));
            await stage.ChangeServersAsync();
        }
    }

    [Theory]
    [MemberData(nameof(Majors))]
    public async Task Setting_of_unknown_name_keeps_its_client_on_its_server(int major)
    {
        await using SessionStage stage = await SessionStage.StartAsync(postgres, major, 2);
        await stage.RunDirectlyAsync(
            "create function put(k text) returns void language plpgsql as "
                + "$$ begin perform set_config(k || '.' || k, k, false); end $$"
        );
        await using ScriptedClient client = await stage.ConnectAsync();
        await using ScriptedClient stranger = await stage.ConnectAsync();
        await client.Query("select put('own')").RunAsync();
        for (int i = 0; i < 4; i++)
        {
            Assert.Equal(
                "own",
                await SessionStage.ValueAsync(client, "select coalesce(current_setting('own.own', true), '')")
            );
            Assert.Equal(
                "",
                await SessionStage.ValueAsync(stranger, "select coalesce(current_setting('own.own', true), '')")
            );
        }
        await client.DisposeAsync();
        for (int i = 0; i < 4; i++)
        {
            Assert.Equal(
                "",
                await SessionStage.ValueAsync(stranger, "select coalesce(current_setting('own.own', true), '')")
            );
        }
    }

    [Theory]
    [MemberData(nameof(Majors))]
    public async Task Reload_makes_a_function_known_that_was_made_past_the_proxy(int major)
    {
        await using SessionStage stage = await SessionStage.StartAsync(postgres, major, 2);
        await using ScriptedClient client = await stage.ConnectAsync();
        await using ScriptedClient stranger = await stage.ConnectAsync();
        await client.Query("select 1").RunAsync();
        await stage.RunDirectlyAsync(
            "create function enter() returns int language plpgsql as "
                + "$$ begin perform set_config('app.tenant', 'a', false); return 1; end $$"
        );
        await stage.ReloadAsync();
        await client.Query("select enter()").RunAsync();
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal("", await SessionStage.ValueAsync(stranger, Tenant));
            Assert.Equal("a", await SessionStage.ValueAsync(client, Tenant));
            await stage.ChangeServersAsync();
        }
    }
}
