// What may lie at the root, what project references what, and that each package is used and has its reason.
using System.Xml.Linq;

namespace Drover.Tests.Tidy;

internal static class RepositoryRules
{
    private static readonly string[] s_root =
    [
        ".ci",
        ".config",
        ".csharpierignore",
        ".csharpierrc.json",
        ".editorconfig",
        ".gitignore",
        "BannedSymbols.txt",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "Directory.Build.props",
        "Directory.Packages.props",
        "Drover.slnx",
        "LICENSE",
        "README.md",
        "bench",
        "docs",
        "drover",
        "global.json",
        "packaging",
        "src",
        "test",
        "tests",
    ];

    /// <summary>Projects that ship, and the projects that each may reference.</summary>
    private static readonly Dictionary<string, string[]> s_projects = new()
    {
        ["Drover.Protocol"] = [],
        ["Drover"] = ["Drover.Protocol"],
        ["Drover.App"] = ["Drover", "Drover.Protocol"],
    };

    public static IEnumerable<string> Root(IEnumerable<string> files) =>
        files
            .Select(file => file.Split('/')[0])
            .Distinct()
            .Where(name => !s_root.Contains(name))
            .Select(name => $"{name}: not on the list of what lies at the root");

    /// <summary>A file that begins with #! can be run.</summary>
    public static IEnumerable<string> Executable(IEnumerable<(string Path, string Start, UnixFileMode Mode)> files) =>
        from file in files
        where file.Start.StartsWith("#!", StringComparison.Ordinal) && !file.Mode.HasFlag(UnixFileMode.UserExecute)
        select $"{file.Path}: a script that cannot be run (chmod +x)";

    public static IEnumerable<string> ProjectArrows(string name, XDocument project)
    {
        if (!s_projects.TryGetValue(name, out string[]? allowed))
        {
            return [$"{name}: a project that is not in the table of arrows"];
        }
        IEnumerable<string> projects = Included(project, "ProjectReference")
            .Select(path => Path.GetFileNameWithoutExtension(path)!)
            .Where(target => !allowed.Contains(target))
            .Select(target => $"{name} references {target}");
        IEnumerable<string> packages = Included(project, "PackageReference")
            .Where(_ => name == "Drover.Protocol")
            .Select(package => $"{name} references the package {package}");
        IEnumerable<string> frameworks = Included(project, "FrameworkReference")
            .Where(_ => name == "Drover.Protocol")
            .Select(framework => $"{name} references the framework {framework}");
        return [.. projects, .. packages, .. frameworks];
    }

    /// <summary>Each pinned package has a user, and a comment before it or before its family.</summary>
    public static IEnumerable<string> Packages(XDocument pinned, IReadOnlyCollection<string> used)
    {
        foreach (XElement package in pinned.Descendants("PackageVersion"))
        {
            string name = package.Attribute("Include")!.Value;
            if (!HasReason(package, name))
            {
                yield return $"{name}: no comment with its reason before it in Directory.Packages.props";
            }
            if (!used.Contains(name))
            {
                yield return $"{name}: pinned and used by no project";
            }
        }
    }

    public static IEnumerable<string> Included(XDocument project, string element) =>
        project.Descendants(element).Select(reference => reference.Attribute("Include")?.Value).OfType<string>();

    private static bool HasReason(XElement package, string name)
    {
        string family = name.Split('.')[0];
        for (XNode? node = package.PreviousNode; node is not null; node = node.PreviousNode)
        {
            if (node is XComment)
            {
                return true;
            }
            bool isSibling = node is XElement other && other.Attribute("Include")?.Value.Split('.')[0] == family;
            if (!isSibling)
            {
                return false;
            }
        }
        return false;
    }
}
