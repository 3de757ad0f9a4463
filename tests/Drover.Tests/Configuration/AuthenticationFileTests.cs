// User lists, rules and user name maps.
using System.Net;
using Drover.Configuration.Authentication;

namespace Drover.Tests.Configuration;

public sealed class AuthenticationFileTests
{
    private readonly List<(int Line, string Problem)> _broken = [];

    private void Note(int line, string problem) => _broken.Add((line, problem));

    private Task<HbaRules> RulesAsync(string text, Func<string, string?>? names = null) =>
        HbaRules.ParseAsync(text, name => Task.FromResult(names?.Invoke(name)), Note);

    private static HbaConnection From(string? address, string database = "db", string user = "bob", bool tls = false) =>
        new()
        {
            Database = database,
            User = user,
            RemoteAddress = address is null ? null : IPAddress.Parse(address),
            IsTls = tls,
        };

    [Fact]
    public void User_list_knows_plain_md5_and_scram_secrets()
    {
        UserList users = UserList.Parse(
            """"
            ; comment
            "plain" "pass ""word""" "" 1

            "hashed" "md545f2603610af569b6155c45067268c6b"
            "scram" "SCRAM-SHA-256$4096:c2FsdA==$c3RvcmVk:c2VydmVy"
            "none" ""
            "md5ish" "md5 is not a hash"
            """",
            Note
        );

        Assert.Empty(_broken);
        Assert.Equal(5, users.All.Count);
        Assert.True(users.TryFind("plain", out UserListEntry? plain));
        Assert.Equal(("pass \"word\"", SecretKind.Plain), (plain.Secret, plain.Kind));
        Assert.Equal(SecretKind.Md5, users.All.Single(u => u.Name == "hashed").Kind);
        Assert.Equal(SecretKind.ScramSha256, users.All.Single(u => u.Name == "scram").Kind);
        Assert.Equal(SecretKind.Plain, users.All.Single(u => u.Name == "md5ish").Kind);
    }

    [Fact]
    public void Of_two_lines_for_a_user_the_later_counts()
    {
        UserList users = UserList.Parse("\"a\" \"1\"\n\"a\" \"2\"\n", Note);

        Assert.Equal("2", Assert.Single(users.All).Secret);
    }

    [Fact]
    public void Broken_lines_of_a_user_list_are_named_without_their_secret()
    {
        UserList.Parse("\"a\" \"1\"\nb secret\n\"c\" secret\n\"d\" \"secret\n\"e\"\n", Note);

        Assert.Equal([2, 3, 4, 5], _broken.Select(b => b.Line));
        Assert.DoesNotContain(_broken, b => b.Problem.Contains("secret", StringComparison.Ordinal));
    }

    [Fact]
    public async Task First_rule_that_covers_a_connection_decides()
    {
        HbaRules rules = await RulesAsync(
            """
            # TYPE  DATABASE  USER  ADDRESS  METHOD
            local   all       all                     peer map=os
            hostssl all       all   10.0.0.0/8        cert
            host    shop,x    "bob",alice 192.168.1.0 255.255.255.0 md5
            hostnossl all     all   ::1/128           trust
            host    all       all   all               reject
            """
        );

        Assert.Empty(_broken);
        Assert.Equal(2, rules.Match(From(null))?.Line);
        Assert.Equal("os", rules.Match(From(null))?.Map);
        Assert.Equal(HbaMethod.Cert, rules.Match(From("10.1.2.3", tls: true))?.Method);
        Assert.Equal(HbaMethod.Reject, rules.Match(From("10.1.2.3"))?.Method);
        Assert.Equal(HbaMethod.Md5, rules.Match(From("192.168.1.77", "x"))?.Method);
        Assert.Equal(HbaMethod.Md5, rules.Match(From("::ffff:192.168.1.77", "x"))?.Method);
        Assert.Equal(HbaMethod.Reject, rules.Match(From("192.168.2.77", "x"))?.Method);
        Assert.Equal(HbaMethod.Trust, rules.Match(From("::1"))?.Method);
        Assert.Equal(HbaMethod.Reject, rules.Match(From("::1", tls: true))?.Method);
    }

    [Fact]
    public async Task Connection_that_no_rule_covers_matches_none() =>
        Assert.Null((await RulesAsync("host all all 10.0.0.0/8 trust\n")).Match(From("11.0.0.1")));

    [Fact]
    public async Task Keywords_in_quotes_are_names()
    {
        HbaRules rules = await RulesAsync("local \"all\" \"all\" trust\nlocal sameuser all md5\n");

        Assert.Equal(HbaMethod.Trust, rules.Match(From(null, "all", "all"))?.Method);
        Assert.Equal(HbaMethod.Md5, rules.Match(From(null, "bob"))?.Method);
        Assert.Null(rules.Match(From(null)));
    }

    [Fact]
    public async Task Physical_replication_needs_its_own_word()
    {
        HbaRules rules = await RulesAsync("local all all trust\nlocal replication all md5\n");

        Assert.Equal(HbaMethod.Md5, rules.Match(From(null) with { IsPhysicalReplication = true })?.Method);
        Assert.Equal(HbaMethod.Trust, rules.Match(From(null, "replication"))?.Method);
    }

    [Fact]
    public async Task Names_can_come_from_files_and_lines_can_be_continued()
    {
        HbaRules rules = await RulesAsync(
            "local @dbs \\\n  all trust\nlocal @none all trust\n",
            name => name == "dbs" ? "db # one\n\"x y\", z\n" : null
        );

        Assert.Equal(["db", "x y", "z"], rules.All[0].Databases.Select(token => token.Text));
        Assert.Equal(3, Assert.Single(_broken).Line);
    }

    [Fact]
    public async Task Samehost_covers_this_machine_only()
    {
        HbaRules rules = await RulesAsync("host all all samehost trust\n");
        HbaConnection own = From("10.0.0.2") with { OwnAddresses = [IPAddress.Parse("10.0.0.2")] };

        Assert.NotNull(rules.Match(own));
        Assert.NotNull(rules.Match(From("127.0.0.1")));
        Assert.Null(rules.Match(From("10.0.0.2")));
    }

    [Theory]
    [InlineData("remote all all trust")]
    [InlineData("host all all trust")]
    [InlineData("host all all 10.0.0.1 trust")]
    [InlineData("host all all 10.0.0.0/33 trust")]
    [InlineData("host all all example.com trust")]
    [InlineData("host all +staff all trust")]
    [InlineData("host samerole all all trust")]
    [InlineData("host all all all ldap")]
    [InlineData("host all all all peer")]
    [InlineData("host all all all cert")]
    [InlineData("local all all md5 map=x")]
    [InlineData("local \"all all trust")]
    [InlineData("local all")]
    public async Task Rule_that_is_not_understood_is_broken_and_never_left_out_in_silence(string line)
    {
        Assert.Empty((await RulesAsync(line)).All);
        Assert.Single(_broken);
    }

    [Fact]
    public void Ident_map_lets_a_name_be_the_users_it_lists()
    {
        IdentMap map = IdentMap.Parse("# c\nos root postgres\nos \"j r\" bob\nany x all\nq y \"all\"\n", Note);

        Assert.True(map.Allows("os", "root", "postgres"));
        Assert.True(map.Allows("os", "j r", "bob"));
        Assert.False(map.Allows("os", "root", "bob"));
        Assert.True(map.Allows("any", "x", "whoever"));
        Assert.False(map.Allows("q", "y", "bob"));
        Assert.False(map.Contains("none"));
        Assert.Empty(_broken);
    }

    [Fact]
    public void Ident_map_refuses_patterns_and_short_lines()
    {
        IdentMap.Parse("m /^a bob\nm a\nm a +g\n", Note);

        Assert.Equal([1, 2, 3], _broken.Select(b => b.Line));
    }
}
