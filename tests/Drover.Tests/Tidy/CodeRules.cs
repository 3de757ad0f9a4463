// What code may not contain and how types and namespaces are named.
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Drover.Tests.Tidy;

internal static class CodeRules
{
    private static readonly string[] s_emptyEndings =
    [
        "Manager",
        "Helper",
        "Helpers",
        "Util",
        "Utils",
        "Common",
        "Base",
        "Impl",
    ];

    /// <summary>Where a project's folder lies and the namespace that it stands for.</summary>
    private static readonly (string Folder, string Namespace)[] s_projects =
    [
        ("src/Drover.Protocol", "Drover.Protocol"),
        ("src/Drover.App", "Drover.App"),
        ("src/Drover", "Drover"),
        ("tests/Drover.Tests", "Drover.Tests"),
        ("tests/Drover.IntegrationTests", "Drover.IntegrationTests"),
        ("bench/Drover.Benchmarks", "Drover.Benchmarks"),
    ];

    public static IEnumerable<string> TypeNames(SourceFile file) =>
        from type in file.Syntax.DescendantNodes().OfType<BaseTypeDeclarationSyntax>()
        let ending = s_emptyEndings.FirstOrDefault(e => type.Identifier.Text.EndsWith(e, StringComparison.Ordinal))
        where ending is not null
        select file.At(type, $"{type.Identifier.Text} ends in {ending}: say what it does");

    public static IEnumerable<string> Regions(SourceFile file) =>
        Trivia(file, SyntaxKind.RegionDirectiveTrivia, "#region");

    public static IEnumerable<string> Pragmas(SourceFile file) =>
        Trivia(file, SyntaxKind.PragmaWarningDirectiveTrivia, "#pragma warning");

    /// <summary>Waiting for a task in place of awaiting it.</summary>
    public static IEnumerable<string> Blocking(SourceFile file) =>
        from access in file.Syntax.DescendantNodes().OfType<MemberAccessExpressionSyntax>()
        let name = access.Name.Identifier.Text
        where
            (name == "Result" && access.Expression.ToString() is var task && LooksLikeTask(task))
            || (name == "GetResult" && access.Expression.ToString().EndsWith("GetAwaiter()", StringComparison.Ordinal))
        select file.At(access, $".{name} waits in place of awaiting");

    /// <summary>Sleeping by the wall clock, which no test can drive. Only what ships.</summary>
    public static IEnumerable<string> Sleeping(SourceFile file) =>
        from call in file.Syntax.DescendantNodes().OfType<InvocationExpressionSyntax>()
        let name = call.Expression.ToString()
        let arguments = call.ArgumentList.Arguments
        where
            file.IsShipped
            && (
                name.EndsWith("Thread.Sleep", StringComparison.Ordinal)
                || (name.EndsWith("Task.Delay", StringComparison.Ordinal) && IsWallClock(arguments))
            )
        select file.At(call, $"{name}: take the TimeProvider that was given");

    public static IEnumerable<string> Namespaces(SourceFile file)
    {
        (string folder, string root) = s_projects.FirstOrDefault(p =>
            file.Path.StartsWith(p.Folder + "/", StringComparison.Ordinal)
        );
        if (folder is null)
        {
            yield break;
        }
        string inside = Path.GetDirectoryName(file.Path)![folder.Length..].Replace('/', '.');
        foreach (var declared in file.Syntax.DescendantNodes().OfType<BaseNamespaceDeclarationSyntax>())
        {
            if (declared.Name.ToString() != root + inside)
            {
                yield return file.At(declared, $"namespace {declared.Name} in the folder of {root + inside}");
            }
        }
    }

    private static IEnumerable<string> Trivia(SourceFile file, SyntaxKind kind, string what) =>
        from trivia in file.Syntax.DescendantTrivia(descendIntoTrivia: true)
        where trivia.IsKind(kind)
        select file.At(trivia.GetLocation().GetLineSpan().StartLinePosition.Line + 1, $"{what} is not used here");

    // The compiler's banned symbols know the type; this one also sees a ValueTask, by the name of the call.
    private static bool LooksLikeTask(string expression) =>
        expression.EndsWith("Async()", StringComparison.Ordinal)
        || (expression.Contains("Async(", StringComparison.Ordinal) && expression.EndsWith(')'))
        || expression.EndsWith("Task", StringComparison.Ordinal)
        || expression == "task";

    private static bool IsWallClock(SeparatedSyntaxList<ArgumentSyntax> arguments)
    {
        string first = arguments.Count == 0 ? "" : arguments[0].Expression.ToString();
        bool isTime =
            arguments.Count > 0
            && (
                arguments[0].Expression.IsKind(SyntaxKind.NumericLiteralExpression)
                || first.StartsWith("TimeSpan.From", StringComparison.Ordinal)
            );
        bool hasClock = arguments.Any(a =>
            a.Expression.ToString().Contains("time", StringComparison.OrdinalIgnoreCase) && a != arguments[0]
            || a.Expression.ToString().Contains("clock", StringComparison.OrdinalIgnoreCase)
        );
        return isTime && !hasClock;
    }
}
