// The name in a DEALLOCATE, names of custom settings, and which texts PostgreSQL plans.
using System.Text;
using Drover.Sql;
using FsCheck;
using FsCheck.Fluent;

namespace Drover.Tests.Sql;

public sealed class StatementTextTests
{
    [Theory]
    [InlineData("DEALLOCATE a", "a")]
    [InlineData("deallocate  prepare\n Abc ;", "abc")]
    [InlineData("DEALLOCATE prepare", "prepare")]
    [InlineData("DEALLOCATE \"Abc d\"", "Abc d")]
    [InlineData("DEALLOCATE\"a\"", "a")]
    [InlineData("DEALLOCATE \"a\"\"b\"", "a\"b")]
    [InlineData("DEALLOCATE \"all\"", "all")]
    [InlineData("DEALLOCATE _p$1", "_p$1")]
    [InlineData("DEALLOCATE É_X", "É_x")]
    [InlineData("/* app */ DEALLOCATE a/*c*/", "a")]
    [InlineData("DEALLOCATE a--c", "a")]
    public void Deallocated_name_is_read_as_postgresql_reads_it(string sql, string name)
    {
        Assert.True(DeallocateText.TryReadName(Encoding.UTF8.GetBytes(sql), out byte[] read));
        Assert.Equal(name, Encoding.UTF8.GetString(read));
    }

    [Theory]
    [InlineData("DEALLOCATE")]
    [InlineData("DEALLOCATE ALL")]
    [InlineData("DEALLOCATE PREPARE all")]
    [InlineData("DEALLOCATE a; SELECT 1")]
    [InlineData("DEALLOCATE \"a\"; SELECT \"b\"")]
    [InlineData("DEALLOCATE \"a")]
    [InlineData("DEALLOCATE 'a'")]
    [InlineData("DEALLOCATE a b")]
    [InlineData("DEALLOCATE 1a")]
    [InlineData("DEALLOCATE \"\"")]
    [InlineData("DEALLOCATEa")]
    [InlineData("SELECT 1")]
    public void Anything_but_one_name_is_left_to_the_server(string sql) =>
        Assert.False(DeallocateText.TryReadName(Encoding.UTF8.GetBytes(sql), out _));

    [Fact]
    public void Any_quoted_name_reads_back() =>
        Prop.ForAll(
                (NonEmptyString any) =>
                {
                    // A lone surrogate has no bytes of its own.
                    string name = Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(any.Get));
                    string sql = $"DEALLOCATE \"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
                    return DeallocateText.TryReadName(Encoding.UTF8.GetBytes(sql), out byte[] read)
                        && Encoding.UTF8.GetString(read) == name;
                }
            )
            .Check(Config.QuickThrowOnFailure.WithQuietOnSuccess(true));

    [Theory]
    [InlineData("SET app.tenant = '5'", "app.tenant")]
    [InlineData("SELECT set_config('App.Tenant', '5', false)", "app.tenant")]
    [InlineData("SET \"app\".\"tenant\" = '5'", "app.tenant")]
    [InlineData("SET \"app.tenant\" = '5'", "app.tenant")]
    [InlineData("SET a.b.c = 1", "a.b.c")]
    [InlineData("SELECT t.id, 1.5, .5, 2., x.", "t.id")]
    [InlineData("DO $$begin perform set_config('x.y', '1', false); end$$", "x.y")]
    [InlineData("SELECT 1", "")]
    [InlineData(".", "")]
    [InlineData("...", "")]
    public void Names_of_custom_settings_are_found(string sql, string names)
    {
        HashSet<string> found = [];
        CustomSettingNames.Collect(Encoding.UTF8.GetBytes(sql), found);
        Assert.Equal(names, string.Join(' ', found));
    }

    [Fact]
    public void Names_of_custom_settings_are_bounded()
    {
        HashSet<string> found = [];
        string sql = string.Join(' ', Enumerable.Range(0, 1000).Select(static i => $"a.b{i}"));
        CustomSettingNames.Collect(Encoding.UTF8.GetBytes(sql), found);
        Assert.Equal(CustomSettingNames.CountMax, found.Count);
    }

    [Theory]
    [InlineData("SELECT 1", true)]
    [InlineData(" -- why\n /* not */ with a as (select 1) select 2", true)]
    [InlineData("(VALUES (1))", true)]
    [InlineData("TABLE t", true)]
    [InlineData("merge into t using s on true when matched then delete", true)]
    [InlineData("EXECUTE p", false)]
    [InlineData("SHOW work_mem", false)]
    [InlineData("FETCH ALL FROM c", false)]
    [InlineData("SELECTED", false)]
    [InlineData("-- SELECT 1", false)]
    [InlineData("", false)]
    public void Planned_statements_are_told_from_others(string sql, bool isPlanned) =>
        Assert.Equal(isPlanned, PlannedText.IsPlanned(Encoding.UTF8.GetBytes(sql)));
}
