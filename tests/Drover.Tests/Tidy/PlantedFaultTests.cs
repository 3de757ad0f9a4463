// Each rule of the tidy test is shown a fault, and must see it: a rule that never fails proves nothing.
using System.Xml.Linq;

namespace Drover.Tests.Tidy;

public sealed class PlantedFaultTests
{
    private const string Opening = "// What this file is for, in one line.\nnamespace Drover.Pooling;\n";

    [Fact]
    public void A_file_of_501_lines_is_seen() =>
        Sees(BudgetRules.FileLength, Opening + string.Concat(Enumerable.Repeat("// more\n", 499)));

    [Fact]
    public void A_line_of_121_columns_is_seen() => Sees(BudgetRules.LineWidth, Opening + "// " + new string('x', 118));

    [Theory]
    [InlineData("class C { void M() {", "} }")]
    [InlineData("class C { C() {", "} }")]
    [InlineData("class C { int P { get {", "} } }")]
    [InlineData("class C { void M() { void Local() {", "} Local(); } }")]
    public void A_method_of_61_lines_is_seen(string start, string end) =>
        Assert.NotEmpty(BudgetRules.MethodLength(File(start + new string('\n', 60) + end)));

    [Theory]
    [InlineData("using System;\n// too late")]
    [InlineData("// x\n")]
    [InlineData("")]
    public void A_file_that_does_not_say_what_it_is_for_is_seen(string text) =>
        Assert.Single(BudgetRules.Opening(File(text)));

    [Fact]
    public void A_room_of_21_files_is_seen() =>
        Assert.Single(BudgetRules.RoomSize(Enumerable.Range(0, 21).Select(i => $"src/Drover/Pooling/File{i}.cs")));

    [Theory]
    [InlineData("class PoolManager;")]
    [InlineData("struct ByteHelper;")]
    [InlineData("interface IProxyImpl;")]
    [InlineData("record ServerBase;")]
    [InlineData("enum Common;")]
    [InlineData("static class TextUtil;")]
    public void A_type_name_that_says_nothing_is_seen(string type) => Sees(CodeRules.TypeNames, Opening + type);

    [Fact]
    public void A_region_is_seen() => Sees(CodeRules.Regions, Opening + "#region x\n#endregion\n");

    [Fact]
    public void A_pragma_is_seen() => Sees(CodeRules.Pragmas, Opening + "#pragma warning disable CA1031\n");

    [Theory]
    [InlineData("ReadAsync(1).Result")]
    [InlineData("_loadTask.Result")]
    [InlineData("ReadAsync().GetAwaiter().GetResult()")]
    public void Waiting_in_place_of_awaiting_is_seen(string expression) =>
        Sees(CodeRules.Blocking, Opening + $"class C {{ int M() => {expression}; }}");

    [Theory]
    [InlineData("Thread.Sleep(1)")]
    [InlineData("Task.Delay(100)")]
    [InlineData("Task.Delay(100, cancellationToken)")]
    [InlineData("Task.Delay(TimeSpan.FromSeconds(1), cancellationToken)")]
    public void Sleeping_by_the_wall_clock_is_seen(string call) =>
        Sees(CodeRules.Sleeping, Opening + $"class C {{ object M() => {call}; }}");

    [Fact]
    public void A_delay_on_a_given_clock_is_no_fault() =>
        Assert.Empty(
            CodeRules.Sleeping(File("class C { object M() => Task.Delay(TimeSpan.FromSeconds(1), _time, stop); }"))
        );

    [Fact]
    public void A_namespace_that_is_not_its_folder_is_seen() =>
        Sees(CodeRules.Namespaces, "// What this file is for.\nnamespace Drover.Sessions;\n");

    [Theory]
    [InlineData("using Drover.Sessions; class C { Session? s; }")]
    [InlineData("class C { Sessions.Session? s; }")]
    [InlineData("class C { object M() => new Drover.Sessions.Session(); }")]
    public void An_arrow_upwards_is_seen(string body)
    {
        string finding = Assert.Single(
            RoomArrows.Forbidden([
                new("src/Drover/Sessions/Session.cs", "namespace Drover.Sessions; internal class Session;"),
                new("src/Drover/Pooling/C.cs", "namespace Drover.Pooling; " + body),
            ])
        );
        Assert.Contains("Pooling uses Sessions", finding, StringComparison.Ordinal);
    }

    [Fact]
    public void A_room_without_a_place_in_the_table_is_seen() =>
        Assert.Single(RoomArrows.Forbidden([new("src/Drover/Attic/C.cs", "namespace Drover.Attic; class C;")]));

    [Theory]
    [InlineData("Drover.Protocol", "<PackageReference Include='Tomlyn' />")]
    [InlineData("Drover.Protocol", "<FrameworkReference Include='Microsoft.AspNetCore.App' />")]
    [InlineData("Drover.Protocol", "<ProjectReference Include='../Drover/Drover.csproj' />")]
    [InlineData("Drover", "<ProjectReference Include='../Drover.App/Drover.App.csproj' />")]
    [InlineData("Drover.Attic", "")]
    public void A_reference_upwards_is_seen(string project, string item) =>
        Assert.Single(RepositoryRules.ProjectArrows(project, XDocument.Parse($"<Project>{item}</Project>")));

    [Theory]
    [InlineData("<PackageVersion Include='A' Version='1' />")]
    [InlineData("<!-- why B --><PackageVersion Include='B' Version='1' />")]
    [InlineData("<!-- why --><PackageVersion Include='A.X' Version='1' /><PackageVersion Include='C' Version='1' />")]
    public void A_package_without_reason_or_user_is_seen(string items) =>
        Assert.Single(RepositoryRules.Packages(XDocument.Parse($"<Project>{items}</Project>"), ["A", "A.X", "C"]));

    [Fact]
    public void Junk_at_the_root_is_seen() => Assert.Single(RepositoryRules.Root(["PLAN.md", "src/x.cs", "README.md"]));

    [Fact]
    public void A_script_that_cannot_be_run_is_seen() =>
        Assert.Single(
            RepositoryRules.Executable([
                ("a", "#!", UnixFileMode.UserRead),
                ("b", "#!", UnixFileMode.UserRead | UnixFileMode.UserExecute),
                ("c", "//", UnixFileMode.UserRead),
            ])
        );

    private static void Sees(Func<SourceFile, IEnumerable<string>> rule, string text) =>
        Assert.Single(rule(File(text)));

    private static SourceFile File(string text) => new("src/Drover/Pooling/File.cs", text);
}
