// SET search_path as a transaction of a sharded database is read, and what takes it back.
using System.Text;
using Drover.Sessions.Sharded;
using Drover.Sessions.Sharded.Units;

namespace Drover.Tests.Sessions;

public sealed class PathSettingTests
{
    [Theory]
    [InlineData("SET search_path = acme, public", "\"acme\", \"public\"")]
    [InlineData("set local SEARCH_PATH to Acme;", "\"acme\"")]
    [InlineData("/* x */ SET SESSION search_path TO \"My\"\"s\", '$user'", "\"My\"\"s\", \"$user\"")]
    [InlineData("SET LOCAL search_path = 'a, b'", "\"a, b\"")]
    [InlineData("SET SCHEMA 'acme'", "\"acme\"")]
    [InlineData("SET search_path = DEFAULT", null)]
    [InlineData("SET search_path FROM CURRENT", null)]
    [InlineData("SET search_path = E'acme'", null)]
    [InlineData("SET search_path = acme; SELECT 1", null)]
    [InlineData("SET search_path =", null)]
    [InlineData("RESET search_path", null)]
    [InlineData("SET LOCAL work_mem = '1MB'", null)]
    public void Text_that_sets_the_path_is_read_as_the_server_reads_it(string sql, string? expected) =>
        Assert.Equal(expected, PathSetting.Read(Encoding.UTF8.GetBytes(sql)));

    [Theory]
    [InlineData("SET LOCAL search_path = a", "a")]
    [InlineData("SET LOCAL search_path = a|SHOW search_path", "a")]
    [InlineData("SET LOCAL search_path = a|SET LOCAL search_path = b", "b")]
    [InlineData("SET LOCAL search_path = a|SAVEPOINT s|ROLLBACK TO s", "a")]
    [InlineData("SAVEPOINT s|SET LOCAL search_path = a", "a")]
    [InlineData("SAVEPOINT s|SET LOCAL search_path = a|ROLLBACK TO s", "lost")]
    [InlineData("SET LOCAL search_path = a|RESET ALL", "lost")]
    [InlineData("SET LOCAL search_path = a|RESET search_path", "lost")]
    [InlineData("SET LOCAL search_path = a|RESET work_mem", "a")]
    [InlineData("SET LOCAL work_mem = '1MB'", "")]
    public void Transaction_knows_its_path_or_knows_that_it_does_not(string texts, string expected)
    {
        Opening opening = new();
        opening.Add("BEGIN"u8);
        foreach (string text in texts.Split('|'))
        {
            opening.Add(Encoding.UTF8.GetBytes(text));
        }
        Assert.Equal(expected, opening.HasLostPath ? "lost" : opening.SearchPath?.Trim('"') ?? "");
        opening.Clear();
        Assert.False(opening.HasLostPath);
        Assert.Null(opening.SearchPath);
    }
}
