// Names of a database that tell what a statement may do to its session.
using System.Text;
using Drover.Sql;

namespace Drover.Tests.Sql;

public sealed class TellingNamesTests
{
    private static readonly TellingNames s_names = TellingNames.From(
        [("enter", StatementTraits.TouchesSession, false), ("Visits", StatementTraits.TouchesSession, true)],
        []
    );

    [Theory]
    [InlineData("select enter()")]
    [InlineData("select ENTER ( )")]
    [InlineData("select public.\"enter\"()")]
    [InlineData("select 1; /* x */ select a.enter")]
    [InlineData("insert into visits values (1)")]
    [InlineData("with a as (delete from \"Visits\" returning 1) select 1")]
    [InlineData("copy visits from stdin")]
    [InlineData("truncate visits")]
    [InlineData("select U&\"\\0065nter\"()")]
    [InlineData("select a_name_that_is_longer_than_postgresql_keeps_them_and_so_may_be_any_name()")]
    public void Statement_with_a_telling_name_may_touch_the_session(string sql) =>
        Assert.True(Scan(s_names, sql).HasFlag(StatementTraits.TouchesSession));

    [Theory]
    [InlineData("select entered()")]
    [InlineData("select 'enter'")]
    [InlineData("select $$ enter() $$, 1 -- enter()")]
    [InlineData("select * from visits")]
    [InlineData("insert into others values ('visits')")]
    public void Statement_without_one_may_not(string sql) => Assert.Equal(StatementTraits.None, Scan(s_names, sql));

    [Fact]
    public void Name_beyond_ascii_makes_every_such_word_telling()
    {
        TellingNames names = TellingNames.From([("größe", StatementTraits.TouchesSession, false)], []);
        Assert.NotEqual(StatementTraits.None, Scan(names, "select länge()"));
        Assert.Equal(StatementTraits.None, Scan(names, "select laenge()"));
        Assert.Equal(StatementTraits.None, Scan(s_names, "select länge()"));
    }

    [Fact]
    public void Everything_makes_every_statement_telling() =>
        Assert.NotEqual(StatementTraits.None, Scan(TellingNames.Everything, "select 1"));

    [Fact]
    public void Function_that_calls_a_telling_one_tells_too_however_long_the_chain()
    {
        List<CatalogFunction> all = [new("1", "f0", "sql", "select pg_advisory_lock(1)")];
        for (int i = 1; i <= 40; i++)
        {
            all.Add(new CatalogFunction($"{i + 1}", $"f{i}", "sql", $"select f{i - 1}()"));
        }
        all.Add(new CatalogFunction("100", "harmless", "sql", "select 1"));
        all.Reverse();
        (TellingNames names, bool hasGrown) = new TellingFunctions(all).Grow([]);
        Assert.True(hasGrown);
        Assert.NotEqual(StatementTraits.None, Scan(names, "select f40()"));
        Assert.Equal(StatementTraits.None, Scan(names, "select harmless()"));
    }

    [Fact]
    public void Function_that_writes_to_a_table_with_a_telling_trigger_tells_and_one_that_reads_it_does_not()
    {
        CatalogFunction writer = new("1", "writer", "sql", "insert into visits values (1)");
        CatalogFunction reader = new("2", "reader", "sql", "select count(*) from visits");
        TellingFunctions functions = new([writer, reader]);
        (TellingNames names, _) = functions.Grow([new TellingObject("visits", true, StatementTraits.TouchesSession)]);
        Assert.NotEqual(StatementTraits.None, Scan(names, "select writer()"));
        Assert.Equal(StatementTraits.None, Scan(names, "select reader()"));
    }

    [Fact]
    public void Function_that_sets_an_unknown_name_tells_so_through_others_whatever_the_order()
    {
        CatalogFunction put = new("1", "put", "plpgsql", "begin perform set_config(k, v, false); end");
        CatalogFunction both = new("2", "both", "plpgsql", "begin perform pg_advisory_lock(1), put('a', 'b'); end");
        foreach (
            CatalogFunction[] order in (CatalogFunction[][])
                [
                    [put, both],
                    [both, put],
                ]
        )
        {
            (TellingNames names, _) = new TellingFunctions(order).Grow([]);
            Assert.True(Scan(names, "select both()").HasFlag(StatementTraits.SetsUnknownName));
        }
    }

    private static StatementTraits Scan(TellingNames names, string sql) =>
        StatementScanner.Scan(Encoding.UTF8.GetBytes(sql), names);
}
