// Connection strings as psql takes them; none of what is said about them holds a password.
using Drover.Operations.Connections;
using Npgsql;

namespace Drover.Tests.Operations;

public sealed class ConnectionTextTests
{
    [Theory]
    [InlineData(
        "postgres://joe:p%40ss@db.example:5433/shop?sslmode=require",
        "db.example",
        5433,
        "shop",
        "joe",
        "p@ss"
    )]
    [InlineData("postgresql://joe@[::1]:5433/shop", "::1", 5433, "shop", "joe", null)]
    [InlineData("postgres://%2Fvar%2Frun:6000/shop?user=joe", "/var/run", 6000, "shop", "joe", null)]
    [InlineData("postgres://joe@/shop?host=/tmp", "/tmp", 5432, "shop", "joe", null)]
    [InlineData("host=h port=1 dbname = 'my shop' user=joe password='it\\'s'", "h", 1, "my shop", "joe", "it's")]
    public void Text_is_read_as_libpq_reads_it(
        string text,
        string host,
        int port,
        string database,
        string user,
        string? password
    )
    {
        NpgsqlConnectionStringBuilder target = Parse(text);

        Assert.Equal((host, port, database, user), (target.Host, target.Port, target.Database, target.Username));
        Assert.Equal(password, target.Password);
        Assert.Equal("drover", target.ApplicationName);
    }

    [Fact]
    public void Environment_stands_in_for_what_the_text_lacks()
    {
        NpgsqlConnectionStringBuilder target = Parse(
            "dbname=shop",
            new()
            {
                ["PGHOST"] = "h",
                ["PGPORT"] = "7",
                ["PGDATABASE"] = "other",
                ["PGUSER"] = "joe",
            }
        );

        Assert.Equal(("h", 7, "shop", "joe"), (target.Host, target.Port, target.Database, target.Username));
    }

    [Theory]
    [InlineData("host=/run/pg dbname=shop", false)]
    [InlineData("dbname=shop", false)]
    [InlineData("postgres://joe@a,b/shop", true)]
    public void A_Unix_socket_is_given_no_option_of_TCP(string text, bool keepAlive)
    {
        NpgsqlConnectionStringBuilder target = Parse(text);
        Assert.Equal(keepAlive, target.TcpKeepAlive);
        Assert.Equal(keepAlive, target.TcpKeepAliveTime > 0);
    }

    [Fact]
    public void Several_hosts_keep_their_ports()
    {
        Assert.Equal("a:1,b:2", Parse("postgres://joe@a:1,b:2/shop").Host);
        Assert.Equal("a,b", Parse("postgres://joe@a,b/shop").Host);
    }

    [Theory]
    [InlineData("host=h password='secret")]
    [InlineData("postgres://joe:secret@h/d?nosuch=1")]
    [InlineData("postgres://joe:secret@h:0/d")]
    [InlineData("postgres://joe:secret@h/d?sslmode=perhaps")]
    [InlineData("= secret")]
    [InlineData("http://joe:secret@h/d")]
    [InlineData("http://joe:secret@h/d?sslmode=require")]
    [InlineData("postgres//joe:secret@h/d")]
    [InlineData("joe:secret@h/d")]
    [InlineData("h:5432/secret")]
    public void Mistake_is_told_without_the_password(string text)
    {
        Assert.Null(ConnectionText.Parse(text, _ => null, out string problem));
        Assert.StartsWith("connection string: ", problem, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Names_that_look_like_a_URI_can_be_given_as_a_word()
    {
        Assert.Equal("a/b@c", Parse("dbname=a/b@c").Database);
        Assert.Equal("shop", Parse("shop").Database);
    }

    private static NpgsqlConnectionStringBuilder Parse(string text, Dictionary<string, string>? environment = null)
    {
        NpgsqlConnectionStringBuilder? target = ConnectionText.Parse(
            text,
            name => environment?.GetValueOrDefault(name),
            out string problem
        );
        Assert.True(target is not null, problem);
        return target;
    }
}
