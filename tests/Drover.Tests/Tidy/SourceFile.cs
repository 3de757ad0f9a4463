// A file of the working tree as the rules see it: its path from the root, its text, its syntax.
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Drover.Tests.Tidy;

/// <param name="Path">From the root, with forward slashes.</param>
/// <param name="Text">All of it.</param>
internal sealed record SourceFile(string Path, string Text)
{
    private readonly Lazy<SyntaxTree> _tree = new(() => CSharpSyntaxTree.ParseText(Text, path: Path));

    public SyntaxNode Syntax => _tree.Value.GetRoot();

    public SyntaxTree Tree => _tree.Value;

    public string[] Lines => Text.TrimEnd('\n').Split('\n');

    public bool IsShipped => Path.StartsWith("src/", StringComparison.Ordinal);

    /// <summary>A finding, as an editor can jump to it.</summary>
    public string At(int line, string what) => $"{Path}:{line}: {what}";

    /// <summary>A finding at a piece of syntax.</summary>
    public string At(SyntaxNode node, string what) =>
        At(node.GetLocation().GetLineSpan().StartLinePosition.Line + 1, what);
}
