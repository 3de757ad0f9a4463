// Changes of a mapped table's schema that would break what the map rests on.
using System.Collections.Immutable;
using Drover.Routing.Names;
using Drover.Sql.Parsing;
using Drover.Sql.Statements;
using Drover.Topology;

namespace Drover.Routing.Schemas;

/// <summary>
/// A shard keeps unique and foreign keys among its own rows only; and the map knows a table and its key by name.
/// </summary>
internal static class SchemaRules
{
    /// <summary>Why a statement may not run on the tables' shards; null if it may.</summary>
    public static RouteRefusal? Refuse(StatementFacts facts, ImmutableArray<NamedTable> mapped, TableNames names)
    {
        SqlNode tree = facts.Tree!;
        NamedTable table = mapped[0];
        return facts.NodeName switch
        {
            "RenameStmt" when tree.Text("renameType") is "OBJECT_TABLE" => Refusals.Schema(
                table.Name,
                "The map has it under this name."
            ),
            "RenameStmt" when tree.Text("renameType") is "OBJECT_COLUMN" && IsKey(table, tree.Text("subname")) =>
                Refusals.Schema(table.Name, "The map has its sharding key under this name."),
            "AlterObjectSchemaStmt" => Refusals.Schema(table.Name, "The map has it in this schema."),
            "AlterSeqStmt" => Refusals.Schema(table.Name, "Each shard takes its own values of the sequence."),
            "CreateStmt" when !tree.Has("partbound") => Refusals.Construct(
                "CREATE TABLE with a reference to a table on several servers"
            ),
            "IndexStmt" when tree.Flag("unique") => Unique(
                table,
                tree.List("indexParams").Select(static one => one.Text("name"))
            ),
            "AlterTableStmt" => tree.List("cmds")
                .Select(command => OfCommand(command, table, names))
                .FirstOrDefault(static refusal => refusal is not null),
            _ => null,
        };
    }

    /// <summary>Why a schema may not have another name; null if it may.</summary>
    public static RouteRefusal? RefuseSchema(StatementFacts facts, TopologySnapshot map) =>
        facts.NodeName == "RenameStmt"
        && facts.Tree!.Text("renameType") is "OBJECT_SCHEMA"
        && map
            .Tables.Keys.Concat(map.ReferenceTables)
            .FirstOrDefault(table => table.Schema == facts.Tree!.Text("subname"))
            is { Name.Length: > 0 } table
            ? Refusals.Schema(table, "The map has it in this schema.")
            : null;

    private static bool IsKey(NamedTable table, string column) => table.Sharded?.KeyColumn == column;

    private static RouteRefusal? OfCommand(SqlNode command, NamedTable table, TableNames names)
    {
        SqlNode? definition = command.Child("def");
        switch (command.Text("subtype"))
        {
            case "AT_DropColumn" or "AT_AlterColumnType" when IsKey(table, command.Text("name")):
                return Refusals.Schema(table.Name, "The column is its sharding key.");
            case "AT_AddConstraint" when definition is not null:
                return OfConstraint(definition, table, names, definition.Names("keys"), definition.Names("fk_attrs"));
            case "AT_AddColumn" when definition is not null:
                ImmutableArray<string> own = [definition.Text("colname")];
                return definition
                    .List("constraints")
                    .Select(constraint => OfConstraint(constraint, table, names, own, own))
                    .FirstOrDefault(static refusal => refusal is not null);
            default:
                return null;
        }
    }

    private static RouteRefusal? OfConstraint(
        SqlNode constraint,
        NamedTable table,
        TableNames names,
        ImmutableArray<string> columns,
        ImmutableArray<string> foreign
    )
    {
        switch (constraint.Text("contype"))
        {
            case "CONSTR_PRIMARY" or "CONSTR_UNIQUE" when !constraint.Has("indexname"):
                return Unique(table, columns);
            case "CONSTR_EXCLUSION" when table.Sharded is not null:
                return Refusals.Schema(table.Name, "Each shard would exclude among its own rows only.");
            case "CONSTR_FOREIGN":
                SqlNode other = constraint.Child("pktable")!;
                NamedTable target = names.Find(other.Text("schemaname"), other.Text("relname"));
                return IsSound(table, target, foreign, constraint.Names("pk_attrs"))
                    ? null
                    : Refusals.Schema(
                        table.Name,
                        $"The row of {target.Name} that it points to may be on another shard: let that be a reference "
                            + "table, or a colocated one whose key the constraint has too."
                    );
            default:
                return null;
        }
    }

    private static bool IsSound(
        NamedTable table,
        NamedTable target,
        ImmutableArray<string> columns,
        ImmutableArray<string> others
    ) =>
        target.Role == TableRole.Reference
        || (
            table.Sharded is { } own
            && target.Sharded is { } other
            && own.Group == other.Group
            && columns.Length == others.Length
            && columns.Zip(others).Contains((own.KeyColumn, other.KeyColumn))
        );

    private static RouteRefusal? Unique(NamedTable table, IEnumerable<string> columns) =>
        table.Sharded is { } sharded && !columns.Contains(sharded.KeyColumn)
            ? Refusals.Schema(
                table.Name,
                $"Each shard would keep it unique among its own rows only: add {sharded.KeyColumn} to it."
            )
            : null;
}
