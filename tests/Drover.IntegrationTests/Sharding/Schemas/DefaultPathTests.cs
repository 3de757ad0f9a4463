// A search_path that no client has set: ALTER ROLE and ALTER DATABASE have, or a function did.
using Drover.IntegrationTests.LocalPostgres;
using Drover.IntegrationTests.Sessions;

namespace Drover.IntegrationTests.Sharding.Schemas;

public sealed class DefaultPathTests(PostgresFixture postgres)
{
    private const string Refused = "E(0A000) Z(E)";

    private const string Notes = "SELECT note FROM bills ORDER BY id";

    [Theory]
    [InlineData(15)]
    [InlineData(18)]
    public async Task Names_mean_what_the_role_and_the_database_say(int major)
    {
        await using TenantStage stage = await StartAsync(major);
        const string Alter =
            "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = acme, public', "
            + "current_database()); END $$";
        await stage.Single.Query(Alter).RunAsync();
        // Not on the others: what a name means is settled where a client comes in.
        await stage.Shards.OnShardAsync(1, Alter);
        await stage.Proxy.ConsoleAsync("RECONNECT shop", TestContext.Current.CancellationToken);
        await stage.ConnectAsync();
        await stage.BothAsync("SHOW search_path");
        await stage.BothAsync(Notes);
        await stage.BothAsync("INSERT INTO bills (note) VALUES ('more') RETURNING id");
        await stage.BothAsync("BEGIN");
        await stage.BothAsync("SELECT count(*) FROM orders");
        await stage.BothAsync(Notes);
        await stage.BothAsync("COMMIT");
        await stage.BothAsync("SET search_path = globex");
        await stage.BothAsync(Notes);
        await stage.BothAsync("RESET search_path");
        await stage.BothAsync(Notes);
        await stage.BothAsync("DISCARD ALL");
        await stage.BothAsync("SHOW search_path");
        await stage.BothAsync(Notes);
    }

    [Theory]
    [InlineData(15)]
    [InlineData(18)]
    public async Task Path_that_a_function_sets_is_not_guessed_at(int major)
    {
        await using TenantStage stage = await StartAsync(major);
        const string Function =
            "CREATE FUNCTION public.as_globex() RETURNS text LANGUAGE sql AS "
            + "$$ SELECT set_config('search_path', 'globex, public', false) $$";
        await stage.Single.Query(Function).RunAsync();
        await stage.Shards.OnShardsAsync(Function);
        await stage.Proxy.ConsoleAsync("RECONNECT shop", TestContext.Current.CancellationToken);
        await stage.BothAsync("SET search_path = acme, public");
        await stage.BothAsync(Notes);
        int ran = 0;
        foreach (
            string set in (string[])
                [
                    "SELECT as_globex()",
                    "/* drover: shard=1 */ SELECT as_globex()",
                    "/* drover: shard=1 */ DO $$ BEGIN PERFORM as_globex(); END $$",
                    "UPDATE pg_settings SET setting = 'globex, public' WHERE name = 'search_path'",
                    "SET U&\"search\\005fpath\" TO globex, public",
                ]
        )
        {
            await stage.BothAsync("SET search_path = acme, public");
            await stage.BothAsync("BEGIN");
            string done = await stage.Sharded.Query(set).RunAsync();
            if (done != Refused)
            {
                Assert.Equal(await stage.Single.Query(set).RunAsync(), done);
                string expected = await stage.Single.Query(Notes).RunAsync();
                string answer = await stage.Sharded.Query(Notes).RunAsync();
                Assert.True(answer == expected || answer == Refused, $"{set}: {answer}, one server: {expected}");
                ran++;
            }
            await EndAsync(stage.Single);
            await EndAsync(stage.Sharded);
            // Without a transaction it is seen when it is over.
            if (done != Refused)
            {
                await stage.BothAsync(set);
            }
            await stage.BothAsync(Notes);
        }
        Assert.InRange(ran, 4, 5);
    }

    [Theory]
    [InlineData(15)]
    [InlineData(18)]
    public async Task Table_that_was_just_made_hides_the_one_behind_it(int major)
    {
        await using TenantStage stage = await StartAsync(major);
        await stage.BothAsync("INSERT INTO products VALUES (77, 'shared')");
        await stage.BothAsync("SET search_path = acme, public");
        for (int round = 0; round < 5; round++)
        {
            await stage.BothAsync("SELECT count(*) FROM products WHERE id = 77");
            await stage.BothAsync("BEGIN");
            await stage.BothAsync("CREATE TABLE acme.products (id bigint, name text)");
            const string Count = "SELECT count(*) FROM products WHERE id = 77";
            string expected = await stage.Single.Query(Count).RunAsync();
            string answer = await stage.Sharded.Query(Count).RunAsync();
            // That the last round's was dropped may not be known: then it is taken for that one, and is.
            Assert.True(answer == Refused || (round > 0 && answer == expected), $"{answer}, one server: {expected}");
            await EndAsync(stage.Single);
            await EndAsync(stage.Sharded);
            await stage.BothAsync("SELECT count(*) FROM products WHERE id = 77");
            await stage.BothAsync("CREATE TABLE acme.products (id bigint, name text)");
            await stage.BothAsync("SELECT count(*) FROM products WHERE id = 77");
            await stage.BothAsync("DROP TABLE acme.products");
        }
    }

    [Theory]
    [InlineData(15)]
    [InlineData(18)]
    public async Task What_code_or_a_sequence_made_hides_the_one_behind_it(int major)
    {
        await using TenantStage stage = await StartAsync(major);
        const string Maker =
            "FUNCTION globex.make(name text) RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN "
            + "EXECUTE format('CREATE TABLE globex.%I (id bigint, name text)', name); RETURN 1; END $$";
        const string Procedure =
            "PROCEDURE globex.remake() LANGUAGE plpgsql AS $$ BEGIN CREATE TABLE globex.settings (k text); END $$";
        await stage.BothAsync($"CREATE {Maker}");
        await stage.BothAsync($"CREATE {Procedure}");
        await stage.BothAsync("INSERT INTO settings VALUES ('a'), ('b'), ('c'), ('d'), ('e')");
        await stage.BothAsync("CREATE SEQUENCE public.numbers START 1000");
        await stage.BothAsync("SET search_path = globex, public");
        for (int round = 0; round < 3; round++)
        {
            await stage.BothAsync("SELECT nextval('numbers')");
            await stage.BothAsync("CREATE SEQUENCE globex.numbers START 5");
            await stage.BothAsync("SELECT nextval('numbers')");
            await stage.BothAsync("DROP SEQUENCE globex.numbers");
            foreach (
                string make in (string[])
                    [
                        "/* drover: shard=2 */ DO $$ BEGIN CREATE TABLE globex.settings (k text); END $$",
                        "/* drover: shard=2 */ SELECT globex.make('settings')",
                        "/* drover: shard=2 */ SELECT make('settings')",
                        "/* drover: shard=2 */ CALL globex.remake()",
                    ]
            )
            {
                await stage.BothAsync("SELECT count(*) FROM settings");
                await stage.BothAsync(make);
                await stage.BothAsync("SELECT count(*) FROM settings");
                await stage.BothAsync("DROP TABLE globex.settings");
            }
            await stage.BothAsync("SELECT count(*) FROM settings");
        }
    }

    [Theory]
    [InlineData(15)]
    [InlineData(18)]
    public async Task Others_see_what_was_made_once_its_maker_has_been_told(int major)
    {
        await using TenantStage stage = await StartAsync(major);
        await using ScriptedClient other = await stage.ConnectOtherAsync();
        await stage.BothAsync("INSERT INTO settings VALUES ('a'), ('b'), ('c'), ('d'), ('e')");
        await stage.BothAsync("CREATE SEQUENCE public.numbers START 1000");
        await stage.BothAsync("SET search_path = globex, public");
        await other.Query("SET search_path = globex, public").RunAsync();
        for (int round = 0; round < 10; round++)
        {
            const string Count = "SELECT count(*) FROM settings";
            Assert.Equal("T D(5) C(SELECT 1) Z(I)", await other.Query(Count).RunAsync());
            Assert.StartsWith("T D(10", await other.Query("SELECT nextval('numbers')").RunAsync());
            string ready = "C(CREATE TABLE) Z(I)";
            Assert.Equal(ready, await stage.Sharded.Query("CREATE TABLE globex.settings (k text)").RunAsync());
            Assert.Equal("T D(0) C(SELECT 1) Z(I)", await other.Query(Count).RunAsync());
            await stage.Sharded.Query("CREATE SEQUENCE globex.numbers").RunAsync();
            Assert.Equal("T D(1) C(SELECT 1) Z(I)", await other.Query("SELECT nextval('numbers')").RunAsync());
            await stage.Sharded.Query("DROP TABLE globex.settings").RunAsync();
            await stage.Sharded.Query("DROP SEQUENCE globex.numbers").RunAsync();
        }
    }

    [Theory]
    [InlineData("SET LOCAL session_replication_role = replica", true)]
    [InlineData("SET LOCAL \"session_replication_role\" TO origin", true)]
    [InlineData("SET LOCAL my.role = 'x'", true)]
    [InlineData("SET LOCAL ROLE writer", false)]
    [InlineData("set local role=writer", false)]
    [InlineData("SET LOCAL \"role\" TO writer", false)]
    [InlineData("SET LOCAL SESSION AUTHORIZATION app", false)]
    public async Task Only_a_role_that_is_set_makes_another_schema_of_the_user(string set, bool runs)
    {
        await using TenantStage stage = await StartAsync(18);
        await stage.BothAsync("CREATE SCHEMA writer");
        await stage.BothAsync("SET search_path = \"$user\", acme, public");
        await stage.BothAsync("BEGIN");
        await stage.BothAsync(set);
        string expected = await stage.Single.Query(Notes).RunAsync();
        string answer = await stage.Sharded.Query(Notes).RunAsync();
        Assert.Equal(runs ? expected : Refused, answer);
    }

    [Theory]
    [InlineData(15)]
    [InlineData(18)]
    public async Task Table_that_was_just_dropped_hides_nothing(int major)
    {
        await using TenantStage stage = await StartAsync(major);
        await stage.BothAsync("INSERT INTO settings VALUES ('a'), ('b')");
        await stage.BothAsync("SET search_path = globex, public");
        const string Count = "SELECT count(*) FROM settings";
        for (int round = 0; round < 5; round++)
        {
            await stage.BothAsync("CREATE TABLE globex.settings (k text)");
            await stage.BothAsync(Count);
            await stage.BothAsync("BEGIN");
            await stage.BothAsync("DROP TABLE globex.settings");
            string answer = await stage.Sharded.Query(Count).RunAsync();
            Assert.Equal(Refused, answer);
            await EndAsync(stage.Single);
            await EndAsync(stage.Sharded);
            await stage.BothAsync(Count);
            await stage.BothAsync("DROP TABLE globex.settings");
            await stage.BothAsync(Count);
        }
    }

    private static Task<string> EndAsync(ScriptedClient client) => client.Query("ROLLBACK").RunAsync();

    private async Task<TenantStage> StartAsync(int major)
    {
        TenantStage stage = await TenantStage.StartAsync(postgres, major);
        foreach (string schema in (string[])["acme", "globex"])
        {
            await stage.AddAsync(schema);
            await stage.BothAsync($"CREATE TABLE {schema}.bills (id serial PRIMARY KEY, note text)");
            await stage.BothAsync($"INSERT INTO {schema}.bills (note) VALUES ('{schema}')");
        }
        return stage;
    }
}
