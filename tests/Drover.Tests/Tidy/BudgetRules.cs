// How long a file, a method and a line may be, how many files a room may have, and how every file opens.
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Drover.Tests.Tidy;

internal static class BudgetRules
{
    public const int FileLinesMax = 500;
    public const int MethodLinesMax = 60;
    public const int LineColumnsMax = 120;
    public const int RoomFilesMax = 20;

    public static IEnumerable<string> FileLength(SourceFile file)
    {
        int count = file.Lines.Length;
        if (count > FileLinesMax)
        {
            yield return file.At(1, $"{count} lines; at most {FileLinesMax}");
        }
    }

    public static IEnumerable<string> LineWidth(SourceFile file) =>
        file
            .Lines.Select((line, index) => (line.Length, Number: index + 1))
            .Where(line => line.Length > LineColumnsMax)
            .Select(line => file.At(line.Number, $"{line.Length} columns; at most {LineColumnsMax}"));

    public static IEnumerable<string> MethodLength(SourceFile file) =>
        from node in file.Syntax.DescendantNodes()
        where node is BaseMethodDeclarationSyntax or LocalFunctionStatementSyntax or AccessorDeclarationSyntax
        let lines = Lines(node)
        where lines > MethodLinesMax
        select file.At(node, $"a method of {lines} lines; at most {MethodLinesMax}");

    public static IEnumerable<string> Opening(SourceFile file)
    {
        string first = file.Lines[0];
        if (!first.StartsWith("// ", StringComparison.Ordinal) || first.Length < 15)
        {
            yield return file.At(1, "a file opens with a // line that says what it is for");
        }
    }

    /// <param name="files">Paths from the root. Only code rooms count; corpora and documents may be many.</param>
    public static IEnumerable<string> RoomSize(IEnumerable<string> files) =>
        from file in files
        where file.EndsWith(".cs", StringComparison.Ordinal)
        group file by Path.GetDirectoryName(file) into room
        where room.Count() > RoomFilesMax
        select $"{room.Key}: {room.Count()} files; at most {RoomFilesMax}";

    private static int Lines(SyntaxNode node)
    {
        FileLinePositionSpan span = node.GetLocation().GetLineSpan();
        return span.EndLinePosition.Line - span.StartLinePosition.Line + 1;
    }
}
