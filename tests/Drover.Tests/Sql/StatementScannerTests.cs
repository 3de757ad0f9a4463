// What a statement's text may do to its session: seen wherever PostgreSQL would run it, and nowhere else.
using System.Text;
using Drover.Sql;
using FsCheck;
using FsCheck.Fluent;

namespace Drover.Tests.Sql;

public sealed class StatementScannerTests
{
    private static readonly Config Quiet = Config.QuickThrowOnFailure.WithQuietOnSuccess(true);

    [Theory]
    [InlineData("")]
    [InlineData("SELECT 1")]
    [InlineData("UPDATE t SET a = 1 WHERE b = 2")]
    [InlineData("INSERT INTO settings (temporary_id, reset_at) VALUES ($1, $2)")]
    [InlineData("SET LOCAL work_mem = '1MB'")]
    [InlineData("set\n /* for now */ local role postgres")]
    [InlineData("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE")]
    [InlineData("set constraints all deferred")]
    [InlineData("SELECT 'SET a = 1; RESET ALL; pg_advisory_lock(1)'")]
    [InlineData("SELECT E'it\\'s; SET a = 1'")]
    [InlineData("SELECT 'it''s; LISTEN x'")]
    [InlineData("SELECT $$; SET a = 1 $$, $x$ $$ ; LISTEN y $x$")]
    [InlineData("SELECT 1 -- ; SET a = 1")]
    [InlineData("SELECT /* ; SET a = 1 /* nested */ ; RESET ALL */ 2")]
    [InlineData("SELECT $1; SELECT $2")]
    [InlineData("SELECT \"reset\", listen, discard FROM prepare")]
    [InlineData("SELECT pg_advisory_xact_lock(1)")]
    [InlineData("SELECT x'53', b'01', n'do'")]
    public void Nothing_outlives_the_transaction(string sql) => Assert.Equal("None", Scan(sql));

    [Theory]
    [InlineData("SET work_mem = '1MB'")]
    [InlineData("  set\tsearch_path to a")]
    [InlineData("SET SESSION work_mem TO 1")]
    [InlineData("SET \"local\" TO 1")]
    [InlineData("SELECT 1; SET a = 1")]
    [InlineData("SELECT 1;;-- x\nSET a = 1")]
    [InlineData("LISTEN jobs")]
    [InlineData("UNLISTEN *")]
    [InlineData("PREPARE p AS SELECT 1")]
    [InlineData("DECLARE c CURSOR WITH HOLD FOR SELECT 1")]
    [InlineData("LOAD 'auto_explain'")]
    [InlineData("LOAD'auto_explain'")]
    [InlineData("SELECT 1 INTO TEMPORARY t")]
    [InlineData("SELECT set_config('a.b', 'c', false)")]
    [InlineData("UPDATE pg_settings SET setting = '1' WHERE name = 'extra_float_digits'")]
    [InlineData("UPDATE pg_catalog.\"pg_settings\" SET setting = '1'")]
    [InlineData("SELECT pg_catalog.\"set_config\"('a.b', 'c', false)")]
    [InlineData("SELECT PG_ADVISORY_LOCK(1)")]
    [InlineData("SELECT pg_try_advisory_lock_shared(1)")]
    [InlineData("SELECT pg_advisory_unlock_all()")]
    [InlineData("SELECT 'C:\\temp'; SET a = 1")]
    public void Session_may_be_touched(string sql) => Assert.Equal("TouchesSession", Scan(sql));

    [Theory]
    [InlineData("CREATE TEMP TABLE t (a int)", "TouchesSession, ChangesCatalog")]
    [InlineData("CREATE VIEW pg_temp.v AS SELECT 1", "TouchesSession, ChangesCatalog")]
    [InlineData("CREATE VIEW \"pg_temp\".v AS SELECT 1", "TouchesSession, ChangesCatalog")]
    [InlineData("SELECT 1; create or replace function f() returns int return 1", "ChangesCatalog")]
    [InlineData("drop table t", "ChangesCatalog")]
    [InlineData("ALTER TABLE t ALTER a DROP NOT NULL", "ChangesCatalog")]
    [InlineData("SELECT query_to_xml('select 1', true, true, '')", "TouchesSession, ResetsSettings, ForgetsStatements")]
    [InlineData("SELECT * FROM ts_stat('select f()')", "TouchesSession, ResetsSettings, ForgetsStatements")]
    [InlineData("RESET ALL", "TouchesSession, ResetsSettings")]
    [InlineData("SET LOCAL search_path TO tenant", "SetsLocalPath")]
    [InlineData("set local \"search_path\" = tenant", "SetsLocalPath")]
    [InlineData("SET LOCAL SCHEMA 'tenant'", "SetsLocalPath")]
    [InlineData("SET LOCAL work_mem = 1; SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY", "TouchesSession")]
    [InlineData("UPDATE t SET a = DEFAULT", "ResetsSettings")]
    [InlineData("SET a TO DEFAULT", "TouchesSession, ResetsSettings")]
    [InlineData("DEALLOCATE ALL", "TouchesSession, ForgetsStatements")]
    [InlineData("DISCARD ALL", "TouchesSession, ResetsSettings, ForgetsStatements")]
    [InlineData("CALL p()", "TouchesSession, ResetsSettings, ForgetsStatements")]
    [InlineData("EXECUTE p", "TouchesSession, ResetsSettings, ForgetsStatements")]
    [InlineData("DO $$ BEGIN END $$", "TouchesSession, ResetsSettings, ForgetsStatements")]
    public void Settings_or_statements_may_be_forgotten(string sql, string traits) => Assert.Equal(traits, Scan(sql));

    [Fact]
    public void Do_block_directly_followed_by_its_literal_is_seen() =>
        Assert.Contains("TouchesSession", Scan("DO'begin perform 1; end'"), StringComparison.Ordinal);

    /// <summary>With standard_conforming_strings off, and behind an E literal that goes on in the next line.</summary>
    [Theory]
    [InlineData("SELECT '\\'', set_config('a', 'b', false) --'")]
    [InlineData("SELECT E'a'\n'\\'', set_config('a', 'b', false) --'")]
    public void Literal_whose_end_depends_on_the_session_may_hide_anything(string sql) =>
        Assert.Contains("TouchesSession", Scan(sql), StringComparison.Ordinal);

    [Fact]
    public void No_text_makes_it_throw() =>
        Prop.ForAll((byte[] text) => StatementScanner.Scan(text) >= StatementTraits.None).Check(Quiet);

    /// <summary>Whatever is quoted or commented out does nothing, and what follows is still seen.</summary>
    [Fact]
    public void Quoted_text_does_nothing_and_hides_nothing_behind_it() =>
        Prop.ForAll(
                (string? any, bool hasMore) =>
                {
                    string text = (any ?? "").Replace("\\", "", StringComparison.Ordinal).Replace("\0", "");
                    text += " ; SET a = 1; LISTEN b";
                    string more = hasMore ? "; SET b = 2" : "";
                    string expected = hasMore ? "TouchesSession" : "None";
                    string[] quoted =
                    [
                        $"'{text.Replace("'", "''", StringComparison.Ordinal)}'",
                        $"$q${text.Replace("$", "", StringComparison.Ordinal)}$q$",
                        $"/*{text.Replace("*", "", StringComparison.Ordinal)}*/ 1",
                        $"--{text.ReplaceLineEndings("").Replace("\r", "").Replace("\n", "")}\n 1",
                    ];
                    return quoted.All(literal => Scan($"SELECT {literal}{more}") == expected);
                }
            )
            .Check(Quiet);

    private static string Scan(string sql) => StatementScanner.Scan(Encoding.UTF8.GetBytes(sql)).ToString();
}
