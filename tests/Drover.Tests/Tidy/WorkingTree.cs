// The files of the working tree, without what a build, a package client or an editor leaves in it.
namespace Drover.Tests.Tidy;

internal static class WorkingTree
{
    private static readonly string[] s_notOurs =
    [
        ".git",
        ".idea",
        ".vs",
        ".vscode",
        "bin",
        "obj",
        "node_modules",
        "TestResults",
        "BenchmarkDotNet.Artifacts",
        "__pycache__",
    ];

    private static readonly Lazy<string[]> s_files = new(() =>
        [.. List(Repository.Root).Order(StringComparer.Ordinal)]
    );

    private static readonly Lazy<SourceFile[]> s_sources = new(() =>
        [.. s_files.Value.Where(IsSource).Select(path => new SourceFile(path, Read(path)))]
    );

    /// <summary>Every file's path from the root, with forward slashes.</summary>
    public static IReadOnlyList<string> Files => s_files.Value;

    /// <summary>Every C# file.</summary>
    public static IReadOnlyList<SourceFile> Sources => s_sources.Value;

    public static string FullPath(string path) => Path.Combine(Repository.Root, path);

    public static string Read(string path) => File.ReadAllText(FullPath(path));

    private static bool IsSource(string path) => path.EndsWith(".cs", StringComparison.Ordinal);

    private static IEnumerable<string> List(string folder)
    {
        foreach (string file in Directory.EnumerateFiles(folder))
        {
            string name = Path.GetFileName(file);
            // In a second working tree of the same repository, .git is a file.
            if (!name.EndsWith(".swp", StringComparison.Ordinal) && name != ".git")
            {
                yield return Path.GetRelativePath(Repository.Root, file).Replace('\\', '/');
            }
        }
        foreach (string child in Directory.EnumerateDirectories(folder))
        {
            if (!s_notOurs.Contains(Path.GetFileName(child)))
            {
                foreach (string file in List(child))
                {
                    yield return file;
                }
            }
        }
    }
}
