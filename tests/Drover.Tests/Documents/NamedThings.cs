// Finds in a document what it names: paths, links, types and members.
using System.Text.RegularExpressions;
using Drover.Tests.Tidy;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Drover.Tests.Documents;

internal static partial class NamedThings
{
    /// <summary>Names that documents use and that are not ours.</summary>
    private static readonly string[] s_foreign = ["SocketAsyncEventArgs"];

    /// <summary>Paths in code marks and targets of relative links, that do not exist.</summary>
    /// <param name="document">Its path from the root.</param>
    /// <param name="text">Its text.</param>
    public static IEnumerable<string> MissingPaths(string document, string text)
    {
        string folder = Path.GetDirectoryName(document)!;
        IEnumerable<string> named = PathMark().Matches(text).Select(match => match.Groups[1].Value);
        IEnumerable<string> linked = Link()
            .Matches(text)
            .Select(match => match.Groups[1].Value.Split('#')[0])
            .Where(target => target.Length > 0 && !target.Contains("://", StringComparison.Ordinal))
            .Select(target => Path.Combine(folder, target));
        return named
            .Concat(linked)
            .Where(path => !Path.Exists(WorkingTree.FullPath(path)))
            .Select(path => $"{document} names {path}, which does not exist");
    }

    /// <summary>Types, and members as <c>Type.Member</c>, that nothing under src declares.</summary>
    public static IEnumerable<string> MissingTypes(string document, string text)
    {
        Dictionary<string, HashSet<string>> types = Declared();
        HashSet<string> members = [.. types.Values.SelectMany(names => names)];
        foreach (string name in TypeMark().Matches(text).Select(match => match.Groups[1].Value).Distinct())
        {
            string[] parts = name.Split('.');
            bool exists = parts is [var type, var member]
                ? types.TryGetValue(type, out HashSet<string>? its) && its.Contains(member)
                : types.ContainsKey(name) || members.Contains(name) || s_foreign.Contains(name);
            if (!exists)
            {
                yield return $"{document} names {name}, which nothing declares";
            }
        }
    }

    private static Dictionary<string, HashSet<string>> Declared()
    {
        Dictionary<string, HashSet<string>> types = [];
        foreach (SourceFile file in WorkingTree.Sources.Where(file => file.IsShipped))
        {
            foreach (var type in file.Syntax.DescendantNodes().OfType<BaseTypeDeclarationSyntax>())
            {
                types.TryAdd(type.Identifier.Text, []);
                types[type.Identifier.Text].UnionWith(Members(type));
            }
        }
        return types;
    }

    private static IEnumerable<string> Members(BaseTypeDeclarationSyntax type) =>
        type switch
        {
            EnumDeclarationSyntax choices => choices.Members.Select(choice => choice.Identifier.Text),
            TypeDeclarationSyntax declared => declared.Members.SelectMany(Names),
            _ => [],
        };

    private static IEnumerable<string> Names(MemberDeclarationSyntax member) =>
        member switch
        {
            MethodDeclarationSyntax method => [method.Identifier.Text],
            PropertyDeclarationSyntax property => [property.Identifier.Text],
            FieldDeclarationSyntax field => field.Declaration.Variables.Select(variable => variable.Identifier.Text),
            _ => [],
        };

    [GeneratedRegex(@"`((?:src|tests|bench|docs|packaging|\.ci)/[^`\s*]*)`")]
    private static partial Regex PathMark();

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"`([A-Z][A-Za-z0-9]*[a-z][A-Za-z0-9]*(?:\.[A-Z][A-Za-z0-9]*)?)`")]
    private static partial Regex TypeMark();
}
