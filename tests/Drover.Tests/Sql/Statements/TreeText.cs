// A tree as text without what a shape leaves out: values of literals, positions, lengths of lists.
using System.Collections.Immutable;
using Drover.Sql.Parsing;

namespace Drover.Tests.Sql.Statements;

internal static class TreeText
{
    public static string Of(SqlTree tree) => string.Join(";", tree.Statements.Select(static raw => Of(raw)));

    private static string Of(SqlNode node) =>
        node.Kind == "A_Const"
            ? $"const:{node.Members.First(static member => member.Name != "location").Name}"
            : $"{node.Kind}({string.Join(' ', node.Members.Select(member => Of(node, member)))})";

    private static string Of(SqlNode node, SqlMember member)
    {
        bool isPosition = member.Name is "location" or "stmt_location" or "stmt_len";
        bool isList =
            (node.Kind, member.Name)
            is
                ("List", "items")
                or
                ("A_ArrayExpr", "elements")
                or
                ("SelectStmt", "valuesLists");
        return isPosition ? ""
            : isList ? $"{member.Name}:[{Collapsed(member.Nodes)}]"
            : member.Node is not null ? $"{member.Name}:{Of(member.Node)}"
            : member.Nodes.IsDefault ? $"{member.Name}:{member.Text}{member.Number}"
            : $"{member.Name}:[{string.Join(' ', member.Nodes.Select(static child => Of(child)))}]";
    }

    private static string Collapsed(ImmutableArray<SqlNode> nodes)
    {
        if (nodes.All(IsSimple))
        {
            return nodes.Length == 1 ? "one" : "many";
        }
        List<string> texts = [];
        foreach (SqlNode node in nodes)
        {
            bool isSimpleRow = node.Kind == "List" && node.List("items").All(IsSimple);
            string text = isSimpleRow ? $"row of {node.List("items").Length}" : Of(node);
            if (texts.Count == 0 || texts[^1] != text)
            {
                texts.Add(text);
            }
        }
        return string.Join(' ', texts);
    }

    private static bool IsSimple(SqlNode node) => node.Kind is "A_Const" or "ParamRef" or "SetToDefault";
}
