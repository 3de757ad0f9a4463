// Style is a test: the rules, held against the working tree as it is.
using System.Xml.Linq;

namespace Drover.Tests.Tidy;

public sealed class TidyTests
{
    private static readonly string[] s_controlPlane =
    [
        "src/Drover/Operations/",
        "src/Drover/Partitioning/",
        "src/Drover/Advice/",
        "src/Drover/Views/",
        "src/Drover/History/",
        "src/Drover/Sharding/",
    ];

    [Fact]
    public void No_file_is_longer_than_500_lines() => Hold(BudgetRules.FileLength);

    [Fact]
    public void No_line_is_wider_than_120_columns() => Hold(BudgetRules.LineWidth);

    [Fact]
    public void No_method_is_longer_than_60_lines() => Hold(BudgetRules.MethodLength);

    [Fact]
    public void Every_file_says_what_it_is_for() => Hold(BudgetRules.Opening);

    [Fact]
    public void No_room_has_more_than_20_files() => Report(BudgetRules.RoomSize(WorkingTree.Files));

    [Fact]
    public void No_type_has_a_name_that_says_nothing() => Hold(CodeRules.TypeNames);

    [Fact]
    public void No_file_has_regions() => Hold(CodeRules.Regions);

    [Fact]
    public void No_warning_is_switched_off_by_a_pragma() => Hold(CodeRules.Pragmas);

    [Fact]
    public void Nothing_waits_for_a_task_in_place_of_awaiting_it() => Hold(CodeRules.Blocking);

    [Fact]
    public void Nothing_that_ships_sleeps_by_the_wall_clock() => Hold(CodeRules.Sleeping);

    [Fact]
    public void Namespaces_are_folders() => Hold(CodeRules.Namespaces);

    [Fact]
    public void Rooms_of_the_engine_use_only_the_rooms_below_them() =>
        Report(RoomArrows.Forbidden([.. WorkingTree.Sources.Where(file => IsIn(file.Path, "src/Drover/"))]));

    [Fact]
    public void Only_the_control_plane_knows_Npgsql() =>
        Report(
            from file in WorkingTree.Sources
            where IsIn(file.Path, "src/Drover/") || IsIn(file.Path, "src/Drover.Protocol/")
            where !s_controlPlane.Any(room => IsIn(file.Path, room))
            where file.Text.Contains("Npgsql", StringComparison.Ordinal)
            select file.At(1, "names Npgsql")
        );

    [Fact]
    public void Projects_reference_only_those_below_them() =>
        Report(
            from path in WorkingTree.Files
            where IsIn(path, "src/") && path.EndsWith(".csproj", StringComparison.Ordinal)
            from finding in RepositoryRules.ProjectArrows(Path.GetFileNameWithoutExtension(path), Load(path))
            select finding
        );

    [Fact]
    public void Every_package_has_a_reason_and_a_user()
    {
        string[] used =
        [
            .. from path in WorkingTree.Files
            where Path.GetExtension(path) is ".csproj" or ".props"
            from package in RepositoryRules.Included(Load(path), "PackageReference")
            select package,
        ];
        Report(RepositoryRules.Packages(Load("Directory.Packages.props"), used));
    }

    [Fact]
    public void Nothing_stray_lies_at_the_root() => Report(RepositoryRules.Root(WorkingTree.Files));

    [Fact]
    public void Scripts_can_be_run() =>
        Report(
            RepositoryRules.Executable(
                WorkingTree
                    .Files.Where(path => !path.EndsWith(".bin", StringComparison.Ordinal))
                    .Select(path => (path, Start(path), File.GetUnixFileMode(WorkingTree.FullPath(path))))
            )
        );

    private static void Hold(Func<SourceFile, IEnumerable<string>> rule) =>
        Report(WorkingTree.Sources.SelectMany(rule));

    private static void Report(IEnumerable<string> findings)
    {
        string[] all = [.. findings];
        Assert.True(all.Length == 0, string.Join('\n', all));
    }

    private static bool IsIn(string path, string folder) => path.StartsWith(folder, StringComparison.Ordinal);

    private static XDocument Load(string path) => XDocument.Load(WorkingTree.FullPath(path));

    private static string Start(string path)
    {
        using FileStream stream = File.OpenRead(WorkingTree.FullPath(path));
        Span<byte> start = stackalloc byte[2];
        int count = stream.ReadAtLeast(start, 2, throwOnEndOfStream: false);
        return System.Text.Encoding.Latin1.GetString(start[..count]);
    }
}
