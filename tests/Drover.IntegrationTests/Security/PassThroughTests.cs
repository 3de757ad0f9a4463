// Users that only the server knows: auth_query, and what it takes to log in to the server as they are.
using Drover.App.LocalPostgres;
using Drover.IntegrationTests.LocalPostgres;
using Drover.IntegrationTests.Serve;
using Npgsql;

namespace Drover.IntegrationTests.Security;

public sealed class PassThroughTests(SecureFixture fixture)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Keys_that_a_client_proves_log_in_to_the_server(int major)
    {
        LocalPostgresCluster cluster = await fixture.GetAsync(major);
        // 1. From the user list, which has no password: only the server's own secret.
        string? secret = await cluster.QueryAsync(
            "select rolpassword from pg_authid where rolname = 'scram_user'",
            Token
        );
        ServeProcess serve = await ProxyAsync(major, new() { Users = [$"\"scram_user\" \"{secret}\""] });
        Assert.Equal("scram_user", await WhoAsync(serve, "scram_user", "pw"));
        Assert.StartsWith("28P01", await WhoAsync(serve, "scram_user", "wrong"), StringComparison.Ordinal);
        // 2. By auth_query, and the server's password methods each.
        serve = await ProxyAsync(major, new(), ("auth_user", "postgres"));
        Assert.Equal("scram_user", await WhoAsync(serve, "scram_user", "pw"));
        serve = await ProxyAsync(major, new(), ("auth_user", "postgres"), ("auth_type", "md5"));
        Assert.Equal("md5_user", await WhoAsync(serve, "md5_user", "pw"));
        serve = await ProxyAsync(major, new() { Users = ["\"password_user\" \"pw\""] });
        Assert.Equal("password_user", await WhoAsync(serve, "password_user", "pw"));
    }

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Password_counts_as_long_as_the_server_says(int major)
    {
        LocalPostgresCluster cluster = await fixture.GetAsync(major);
        await cluster.ExecuteAsync(
            """
            drop role if exists fleeting; create role fleeting login password 'pw';
            drop role if exists "it's \ '' odd --"; create role "it's \ '' odd --" login password 'pw'
            """,
            Token
        );
        ServeProcess serve = await ProxyAsync(major, new(), ("auth_user", "postgres"));
        Assert.Equal("fleeting", await WhoAsync(serve, "fleeting", "pw"));
        await cluster.ExecuteAsync("alter role fleeting password 'next'", Token);
        Assert.StartsWith("28P01", await WhoAsync(serve, "fleeting", "pw"), StringComparison.Ordinal);
        Assert.Equal("fleeting", await WhoAsync(serve, "fleeting", "next"));
        await cluster.ExecuteAsync("alter role fleeting valid until '2020-01-01'", Token);
        Assert.StartsWith("28P01", await WhoAsync(serve, "fleeting", "next"), StringComparison.Ordinal);
        await cluster.ExecuteAsync("alter role fleeting valid until 'infinity' nologin", Token);
        Assert.StartsWith("28P01", await WhoAsync(serve, "fleeting", "next"), StringComparison.Ordinal);
        Assert.StartsWith("28P01", await WhoAsync(serve, "x' or true --", "pw"), StringComparison.Ordinal);
        Assert.Equal(@"it's \ '' odd --", await WhoAsync(serve, @"""it's \ '' odd --""", "pw"));
    }

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Search_path_of_a_client_does_not_reach_auth_query(int major)
    {
        LocalPostgresCluster cluster = await fixture.GetAsync(major);
        await cluster.ExecuteAsync(
            """
            drop schema if exists evil cascade; create schema evil;
            create table evil.pg_authid as
              select 'scram_user'::name rolname, 'evil' rolpassword, null::timestamptz rolvaliduntil, true rolcanlogin
            """,
            Token
        );
        // One server for auth_user, who is a client as well: the look-up gets the server that this client has used.
        ServeProcess serve = await ProxyAsync(major, new(), ("auth_user", "postgres"), ("default_pool_size", "1"));
        const string Path = ";Options=-c search_path=evil,pg_catalog";
        await using NpgsqlConnection client = await serve.OpenAsync(Token, serve.ClientString() + Path);
        await using NpgsqlCommand read = new("select count(*) from pg_authid", client);
        Assert.Equal(1L, await read.ExecuteScalarAsync(Token));
        Assert.StartsWith("28P01", await WhoAsync(serve, "scram_user", "evil", Path), StringComparison.Ordinal);
        Assert.Equal("scram_user", await WhoAsync(serve, "scram_user", "pw", Path));
        read.CommandText = "set search_path = evil, pg_catalog";
        await read.ExecuteNonQueryAsync(Token);
        Assert.StartsWith("28P01", await WhoAsync(serve, "scram_user", "evil"), StringComparison.Ordinal);
        // And the client still has what it has set.
        read.CommandText = "select count(*) from pg_authid";
        Assert.Equal(1L, await read.ExecuteScalarAsync(Token));
    }

    [Theory]
    [InlineData(15, "transaction")]
    [InlineData(18, "transaction")]
    [InlineData(15, "session")]
    [InlineData(18, "session")]
    public async Task Nothing_of_a_client_reaches_auth_query_where_nobody_keeps_account_of_it(int major, string mode)
    {
        await fixture.GetAsync(major);
        ServeProcess serve = await ProxyAsync(
            major,
            new(),
            ("auth_user", "postgres"),
            ("default_pool_size", "1"),
            ("track_session_state", "0"),
            ("pool_mode", mode),
            ("server_reset_query", "")
        );
        await using (NpgsqlConnection client = await serve.OpenAsync(Token))
        {
            await using NpgsqlCommand leave = new(
                """
                create schema if not exists evil; drop table if exists evil.pg_authid;
                create table evil.pg_authid as
                  select 'scram_user'::name rolname, 'evil' rolpassword, null::timestamptz rolvaliduntil,
                    true rolcanlogin;
                create temporary table pg_authid as table evil.pg_authid;
                set search_path = evil, pg_catalog
                """,
                client
            );
            await leave.ExecuteNonQueryAsync(Token);
            leave.CommandText = "select count(*) from pg_authid";
            Assert.Equal(1L, await leave.ExecuteScalarAsync(Token));
            if (mode == "transaction")
            {
                Assert.Equal("scram_user", await WhoAsync(serve, "scram_user", "pw"));
            }
        }
        Assert.Equal("scram_user", await WhoAsync(serve, "scram_user", "pw"));
    }

    private Task<ServeProcess> ProxyAsync(
        int major,
        ServeEntries entries,
        params (string Name, string Value)[] settings
    ) =>
        fixture.ProxyAsync(
            "pass-through",
            major,
            settings.ToDictionary(static s => s.Name, static s => s.Value),
            entries
        );

    /// <summary>Who the server says that the client is, or the SQLSTATE and message.</summary>
    private static async Task<string> WhoAsync(ServeProcess serve, string user, string password, string more = "")
    {
        try
        {
            await using NpgsqlConnection client = await serve.OpenAsync(
                Token,
                serve.ClientString(user, password) + more
            );
            await using NpgsqlCommand who = new("select session_user::text", client);
            return (string)(await who.ExecuteScalarAsync(Token))!;
        }
        catch (PostgresException refused)
        {
            return $"{refused.SqlState} {refused.MessageText}";
        }
    }
}
