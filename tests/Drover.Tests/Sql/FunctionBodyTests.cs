// What a function's body is taken to do to the session of who calls it.
using Drover.Sql;

namespace Drover.Tests.Sql;

public sealed class FunctionBodyTests
{
    [Theory]
    [InlineData("plpgsql", "begin perform set_config('app.tenant', t, false); end", "app.tenant")]
    [InlineData("plpgsql", "begin if a then set app.tenant = 'x'; end if; end", "app.tenant")]
    [InlineData("plpgsql", "begin for i in 1..2 loop set session \"app\".tenant to 'x'; end loop; end", "app.tenant")]
    [InlineData("plpgsql", "begin execute 'set app.tenant = ' || quote_literal(t); end", "app.tenant")]
    [InlineData("plpgsql", "begin execute format('select set_config(''app.tenant'', %L, false)'); end", "app.tenant")]
    [InlineData("sql", "select set_config('app.tenant', $1, false)", "app.tenant")]
    [InlineData("sql", "select pg_advisory_lock(1)", "")]
    [InlineData("sql", "select pg_try_advisory_lock_shared(1)", "")]
    [InlineData("sql", "set work_mem = '1MB'", "")]
    [InlineData("plpgsql", "begin create temp table t (a int); end", "")]
    [InlineData("plpgsql", "begin <<here>> listen news; end", "")]
    [InlineData("plpgsql", "begin open c for execute t; end", "")]
    [InlineData("plpython3u", "plan = \"select set_config('app.tenant', 'x', false)\"; plpy", "app.tenant")]
    [InlineData("c", "anything", "")]
    [InlineData("internal", "pg_advisory_lock_int8", "")]
    public void Body_that_may_leave_something_tells(string language, string body, string settings)
    {
        HashSet<string> found = [];
        StatementTraits traits = FunctionBody.Scan(language, body, TellingNames.None, found);
        Assert.True(traits.HasFlag(StatementTraits.TouchesSession));
        Assert.False(traits.HasFlag(StatementTraits.SetsUnknownName));
        Assert.Equal(settings, string.Join(' ', found));
    }

    [Theory]
    [InlineData("plpgsql", "begin update t set a = 1 where b; insert into t values (1) on conflict do nothing; end")]
    [InlineData("plpgsql", "declare a int; begin set local work_mem = '1MB'; return a; end")]
    [InlineData("plpgsql", "begin perform set_config('app.tenant', t, true); end")]
    [InlineData("plpgsql", "begin -- set work_mem = 1\n perform 'set x', pg_advisory_xact_lock(1); /* execute */ end")]
    [InlineData("plpgsql", "begin create table parts (a int); drop table parts; end")]
    [InlineData("sql", "select count(*) from orders where note = $$ set a = b; execute $$")]
    [InlineData("plpython3u", "return a + b")]
    [InlineData("internal", "int4pl")]
    public void Body_that_leaves_nothing_does_not(string language, string body) =>
        Assert.Equal(StatementTraits.None, FunctionBody.Scan(language, body, TellingNames.None, []));

    [Theory]
    [InlineData("begin perform set_config(k, v, false); end")]
    [InlineData("begin perform set_config('app.' || k, v, false); end")]
    [InlineData("begin perform pg_catalog.set_config(lower('app.x'), v, l); end")]
    [InlineData("begin execute format('set %I.%I = %L', a, b, c); end")]
    [InlineData("begin execute 'select set_config(' || quote_literal(k) || ', $1, false)'; end")]
    public void Setting_whose_name_is_computed_is_told_apart(string body) =>
        Assert.True(
            FunctionBody
                .Scan("plpgsql", body, TellingNames.None, [])
                .HasFlag(StatementTraits.TouchesSession | StatementTraits.SetsUnknownName)
        );

    [Theory]
    [InlineData("select set_config('app.x', 'y', false)", false)]
    [InlineData("select set_config($1, $2, false)", false)]
    [InlineData("select set_config('app.x'::text, f(1, 2), false), 1", false)]
    [InlineData("select set_config(name, value, true) from t", false)]
    [InlineData("select set_config(name, value, false) from t", true)]
    [InlineData("select pg_catalog.\"set_config\"('a' || 'b', 'y', false)", false)]
    [InlineData("select set_config('a' || '.b', 'y', false)", true)]
    [InlineData("do $$ begin perform set_config(name, 'y', false) from t; end $$", true)]
    [InlineData("do $$ begin perform set_config('app.x', 'y', false) from t; end $$", false)]
    public void Statement_that_sets_by_a_computed_name_is_told_apart(string sql, bool isUnknown)
    {
        byte[] text = System.Text.Encoding.UTF8.GetBytes(sql);
        StatementTraits traits = CloserLook.At(text, StatementScanner.Scan(text));
        Assert.Equal(isUnknown, traits.HasFlag(StatementTraits.SetsUnknownName));
    }

    [Fact]
    public void Literals_nested_without_end_are_looked_into_to_a_bound()
    {
        string body = "x";
        for (int i = 0; i < 20_000; i++)
        {
            body = $"$t{i}$ {body} $t{i}$";
        }
        byte[] text = System.Text.Encoding.UTF8.GetBytes($"do {body}");
        Assert.True(CloserLook.At(text, StatementScanner.Scan(text)).HasFlag(StatementTraits.ChangesCatalog));
    }
}
