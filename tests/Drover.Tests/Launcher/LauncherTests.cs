// The launcher ./drover in a tree of its own, with a stand-in for the SDK that notes when it is asked to build.
using System.Diagnostics;

namespace Drover.Tests.Launcher;

public sealed class LauncherTests : IDisposable
{
    private const string Sdk = """
        #!/bin/sh
        if [ "$1" = --list-sdks ]; then echo "10.0.100 [/sdk]"; exit; fi
        echo "$*" >>"$TREE/builds"
        mkdir -p "$TREE/src/Drover.App/bin/Release/net10.0"
        cd "$TREE/src/Drover.App/bin/Release/net10.0"
        touch drover.dll
        printf '#!/bin/sh\necho "$$ $PWD $*"\nexit 7\n' >drover
        chmod 755 drover
        """;

    private readonly string _tree = Directory.CreateTempSubdirectory("drover-launcher-").FullName;

    public LauncherTests()
    {
        foreach (
            string name in (string[])["Directory.Build.props", "global.json", ".editorconfig", "BannedSymbols.txt"]
        )
        {
            File.WriteAllText(Path.Combine(_tree, name), "");
        }
        Directory.CreateDirectory(Path.Combine(_tree, "src/Drover.App"));
        Directory.CreateDirectory(Path.Combine(_tree, "sdk"));
        File.WriteAllText(Path.Combine(_tree, "src/Drover.App/Program.cs"), "one");
        File.WriteAllText(Path.Combine(_tree, "sdk/dotnet"), Sdk);
        File.Copy(Path.Combine(Repository.Root, "drover"), Path.Combine(_tree, "drover"));
        File.CreateSymbolicLink(Path.Combine(_tree, "link"), "drover");
        const UnixFileMode everyone = (UnixFileMode)0b111_101_101;
        foreach (string name in (string[])["", "sdk/dotnet", "drover"])
        {
            File.SetUnixFileMode(Path.Combine(_tree, name), everyone);
        }
    }

    public void Dispose() => Directory.Delete(_tree, recursive: true);

    [Fact]
    public async Task First_run_builds_and_the_second_does_not()
    {
        await RunAsync("drover");
        await RunAsync("drover");

        Assert.Single(Builds());
    }

    [Fact]
    public async Task Changed_source_is_built_and_a_touched_one_is_not()
    {
        string source = Path.Combine(_tree, "src/Drover.App/Program.cs");
        await RunAsync("drover");
        File.SetLastWriteTimeUtc(source, DateTime.UnixEpoch.AddYears(90));
        await RunAsync("drover");
        Assert.Single(Builds());

        await File.WriteAllTextAsync(source, "two", TestContext.Current.CancellationToken);
        await RunAsync("drover");
        Assert.Equal(2, Builds().Length);
    }

    [Fact]
    public async Task Program_takes_the_launchers_place_with_arguments_folder_and_exit_code()
    {
        (int process, int exitCode, string output, _) = await RunAsync("link", "serve", "--config", "a b");

        Assert.Equal($"{process} / serve --config a b", output.Trim());
        Assert.Equal(7, exitCode);
    }

    [Fact]
    public async Task Missing_sdk_is_said_in_one_line()
    {
        File.Delete(Path.Combine(_tree, "sdk/dotnet"));

        (_, int exitCode, _, string error) = await RunAsync("drover");

        Assert.Equal(1, exitCode);
        Assert.Single(error.Trim().Split('\n'));
        Assert.Contains(".NET 10 SDK is missing", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_user_runs_a_current_build_and_is_told_of_a_stale_one()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "only root can become another user");
        await RunAsync("drover");
        string[] before = Files();

        (_, int exitCode, _, _) = await RunAsync("drover", asNobody: true);
        Assert.Equal(7, exitCode);
        Assert.Equal(before, Files());

        await File.WriteAllTextAsync(
            Path.Combine(_tree, "src/Drover.App/New.cs"),
            "",
            TestContext.Current.CancellationToken
        );
        (_, exitCode, _, string error) = await RunAsync("drover", asNobody: true);
        Assert.Equal(1, exitCode);
        Assert.Contains("not writable for nobody", error, StringComparison.Ordinal);
    }

    private string[] Builds() => File.ReadAllLines(Path.Combine(_tree, "builds"));

    private string[] Files() => [.. Directory.GetFiles(_tree, "*", SearchOption.AllDirectories).Order()];

    private Task<(int Process, int ExitCode, string Output, string Error)> RunAsync(
        string name,
        params string[] arguments
    ) => RunAsync(name, asNobody: false, arguments);

    private async Task<(int Process, int ExitCode, string Output, string Error)> RunAsync(
        string name,
        bool asNobody,
        params string[] arguments
    )
    {
        string[] become = asNobody ? ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "--"] : [];
        string[] command = [.. become, Path.Combine(_tree, name), .. arguments];
        ProcessStartInfo start = new(command[0], command.Skip(1))
        {
            WorkingDirectory = "/",
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["PATH"] = $"{_tree}/sdk:{LinkPrograms()}";
        start.Environment["TREE"] = _tree;
        using Process process = Process.Start(start)!;
        CancellationToken token = TestContext.Current.CancellationToken;
        Task<string> error = process.StandardError.ReadToEndAsync(token);
        string output = await process.StandardOutput.ReadToEndAsync(token);
        await process.WaitForExitAsync(token);
        return (process.Id, process.ExitCode, output, await error);
    }

    // /usr/bin may hold a real dotnet: the launcher sees only links to what else it needs.
    private string LinkPrograms()
    {
        string programs = Path.Combine(_tree, "programs");
        if (!Directory.Exists(programs))
        {
            Directory.CreateDirectory(programs);
            const string names =
                "sh cat chmod cut dirname find flock grep id mkdir npm printf readlink rm setpriv "
                + "sha1sum sort touch xargs";
            foreach (string name in names.Split(' ').Where(static name => File.Exists($"/usr/bin/{name}")))
            {
                File.CreateSymbolicLink(Path.Combine(programs, name), $"/usr/bin/{name}");
            }
        }
        return programs;
    }
}
