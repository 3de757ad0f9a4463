// Objects of the schema that a statement names other than as tables in FROM, and which of them every shard has.
using System.Collections.Immutable;
using Drover.Routing.Names;
using Drover.Sql.Parsing;
using Drover.Sql.Statements;

namespace Drover.Routing.Schemas;

internal static class NamedObjects
{
    private const int ViewDepthMax = 16;

    /// <summary>What DROP and COMMENT name; null for another statement, and for what is no relation.</summary>
    public static ImmutableArray<NamedTable>? Of(StatementFacts facts, TableNames names)
    {
        SqlNode? tree = facts.Tree;
        string type = facts.NodeName switch
        {
            "DropStmt" => tree!.Text("removeType"),
            "CommentStmt" => tree!.Text("objtype"),
            _ => "",
        };
        int parts = type switch
        {
            "OBJECT_TABLE" or "OBJECT_VIEW" or "OBJECT_INDEX" or "OBJECT_SEQUENCE" or "OBJECT_MATVIEW" => 0,
            // The last name is that of a part of a table.
            "OBJECT_COLUMN" or "OBJECT_TRIGGER" or "OBJECT_RULE" or "OBJECT_POLICY" or "OBJECT_TABCONSTRAINT" => 1,
            _ => -1,
        };
        if (parts < 0)
        {
            return null;
        }
        IEnumerable<SqlNode> objects = facts.NodeName == "DropStmt" ? tree!.List("objects") : [tree!.Child("object")!];
        return
        [
            .. objects.Select(one =>
            {
                ImmutableArray<string> path = one.Names("items");
                path = path[..Math.Max(0, path.Length - parts)];
                return names.Find(path.Length > 1 ? path[^2] : "", path.Length > 0 ? path[^1] : "");
            }),
        ];
    }

    /// <summary>
    /// Whether every shard has it: a table of the map, what belongs to one, or a view that names one.
    /// </summary>
    public static bool IsMapped(NamedTable table, TableNames names) => IsMapped(table, names, 0);

    private static bool IsMapped(NamedTable table, TableNames names, int depth) =>
        table.Role is TableRole.Sharded or TableRole.Reference
        || (
            table.Relation?.Owner is { } owner
            && names.Find(owner.Schema, owner.Name).Role is TableRole.Sharded or TableRole.Reference
        )
        || (depth < ViewDepthMax && table.Relation?.Query is { } query && NamesMapped(query, names, depth + 1));

    private static bool NamesMapped(SqlNode node, TableNames names, int depth) =>
        (node.Kind == "RangeVar" && IsMapped(names.Find(node.Text("schemaname"), node.Text("relname")), names, depth))
        || node.Children().Any(child => NamesMapped(child, names, depth));
}
