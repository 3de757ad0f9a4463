// Which room of the engine may use which, and a reader of the real arrows by the compiler's own binding.
using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Drover.Tests.Tidy;

internal static class RoomArrows
{
    /// <summary>Every room with the rooms that it may use; Protocol is the project below the engine.</summary>
    public static ImmutableDictionary<string, string[]> Allowed { get; } =
        new Dictionary<string, string[]>
        {
            ["Configuration"] = ["Protocol"],
            ["Telemetry"] = [],
            ["Sql"] = [],
            ["Topology"] = [],
            ["Routing"] = ["Sql", "Topology", "Protocol"],
            ["Administration"] = ["Telemetry", "Protocol"],
            ["Transport"] = ["Configuration", "Protocol"],
            ["Pooling"] = ["Configuration", "Telemetry", "Sql", "Transport", "Protocol"],
            ["Sessions"] =
            [
                "Configuration",
                "Telemetry",
                "Sql",
                "Topology",
                "Routing",
                "Administration",
                "Transport",
                "Pooling",
                "Protocol",
            ],
            ["Proxy"] =
            [
                "Configuration",
                "Telemetry",
                "Sql",
                "Topology",
                "Routing",
                "Administration",
                "Transport",
                "Pooling",
                "Sessions",
                "Protocol",
            ],
            // The control plane.
            ["Operations"] = ["Telemetry", "Protocol"],
            ["Partitioning"] = ["Operations", "Telemetry"],
            ["Views"] = ["Operations", "Sql"],
            ["Advice"] = ["Operations", "Sharding", "Routing", "Topology", "Sql", "Configuration"],
            ["History"] = ["Advice", "Operations", "Partitioning", "Configuration", "Telemetry"],
            ["Sharding"] = ["Operations", "Topology", "Routing", "Sql", "Configuration", "Telemetry"],
        }.ToImmutableDictionary();

    private const string ImplicitUsings = """
        global using System; global using System.Collections.Generic; global using System.IO; global using System.Linq;
        global using System.Net.Http; global using System.Threading; global using System.Threading.Tasks;
        """;

    /// <summary>Uses of a room that the table does not allow, in the order of the files.</summary>
    public static IEnumerable<string> Forbidden(IReadOnlyList<SourceFile> engine)
    {
        CSharpCompilation compilation = Compile(engine);
        foreach (SourceFile file in engine)
        {
            string from = Room(file.Path.Split('/')[2..]);
            if (!Allowed.TryGetValue(from, out string[]? allowed))
            {
                yield return file.At(1, $"room {from} is not in the table of arrows");
                continue;
            }
            SemanticModel model = compilation.GetSemanticModel(file.Tree);
            HashSet<string> seen = [];
            foreach (SimpleNameSyntax name in file.Syntax.DescendantNodes().OfType<SimpleNameSyntax>())
            {
                string? to = RoomOf(model.GetSymbolInfo(name));
                if (to is not null && to != from && !allowed.Contains(to) && seen.Add(to))
                {
                    yield return file.At(name, $"{from} uses {to} ({name})");
                }
            }
        }
    }

    private static CSharpCompilation Compile(IReadOnlyList<SourceFile> engine)
    {
        string platform = (string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!;
        IEnumerable<MetadataReference> references = platform
            .Split(Path.PathSeparator)
            .Where(path => Path.GetFileName(path) is not ("Drover.Engine.dll" or "drover.dll" or "Drover.Tests.dll"))
            .Select(path => MetadataReference.CreateFromFile(path));
        return CSharpCompilation.Create(
            "Drover.Engine",
            [CSharpSyntaxTree.ParseText(ImplicitUsings), .. engine.Select(file => file.Tree)],
            references,
            new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, allowUnsafe: true)
        );
    }

    private static string? RoomOf(SymbolInfo info)
    {
        ISymbol? symbol = info.Symbol ?? info.CandidateSymbols.FirstOrDefault();
        INamespaceSymbol? space = symbol switch
        {
            null or INamespaceSymbol => null,
            INamedTypeSymbol type => type.ContainingNamespace,
            _ => symbol.ContainingType?.ContainingNamespace,
        };
        string[] parts = space?.ToDisplayString().Split('.') ?? [];
        return parts is ["Drover", _, ..] ? parts[1] : null;
    }

    private static string Room(string[] inside) => inside.Length > 1 ? inside[0] : "(root)";
}
