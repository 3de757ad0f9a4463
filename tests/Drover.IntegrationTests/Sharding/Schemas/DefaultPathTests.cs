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
