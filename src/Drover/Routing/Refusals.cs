// The errors of routing, each with what would help.
using Drover.Topology;

namespace Drover.Routing;

internal static class Refusals
{
    private const string NotSupported = "0A000";
    private const string ShardHint = "A comment /* drover: shard=NAME */ in the statement says where it runs.";

    public static RouteRefusal CoordinatorBehind(string reason) =>
        new(
            "55000",
            "the coordinator is not in step with the schema of the shards",
            reason,
            "Try again; if it stays so, see the log, or run drover schema sync."
        );

    public static RouteRefusal CoordinatorNotTold(string reason) =>
        new(
            "55000",
            "the coordinator cannot be told that the schema changes",
            reason,
            "It would answer by the schema that was. Mend it, or take coordinator out of the configuration."
        );

    public static RouteRefusal NoSuchProcedure(string name) =>
        new(
            "42883",
            $"procedure drover.{name} does not exist with these arguments",
            "There are drover.shard_table(table_name, key [, by [, colocation]]), drover.reference_table(table_name) "
                + "and drover.shard_schema(schema_name [, shard]).",
            "Send it alone, and each argument as a literal of type text or as a parameter."
        );

    public static RouteRefusal NoSuchPlacement(string by) =>
        new(
            "22023",
            $"argument by of drover.shard_table is '{by}', and not hash, range or list",
            Hint: "A colocation group is named by colocation => 'NAME'."
        );

    public static RouteRefusal ArgumentIsNoText(string name, string argument) =>
        new("22023", $"argument {argument} of drover.{name} is NULL, missing or no text");

    public static RouteRefusal NotOneShard(ShardedTable one, ShardedTable other) =>
        new(
            NotSupported,
            $"rows of {one.Name} and {other.Name} may be on different shards",
            one.Group == other.Group
                ? $"They are not joined on {one.KeyColumn} = {other.KeyColumn}, nor is each limited to one key."
                : "They are in different colocation groups, and not limited to keys of one shard.",
            one.Group == other.Group
                ? $"Join them on the sharding keys, or put a condition {one.KeyColumn} = … on each."
                : "Put a condition on the sharding key of each, or declare one of them a reference table."
        );

    public static RouteRefusal NotScattered(ShardedTable table, string reason) =>
        new(
            NotSupported,
            $"the statement needs rows of {table.Name} from several shards, and cannot run on each of them",
            reason,
            $"Put a condition {table.KeyColumn} = … on {table.Name} where it is named."
        );

    public static RouteRefusal KeyMoves(ShardedTable table) =>
        new(
            NotSupported,
            $"the sharding key {table.KeyColumn} of {table.Name} cannot be changed",
            "The row may belong on another shard then.",
            "Delete the row and insert it with the other key. A key may be set to the value that WHERE says it has."
        );

    public static RouteRefusal KeyMovesNot(ShardedTable table, string reason) =>
        new(
            NotSupported,
            $"rows of {table.Name} cannot be moved to the shard of another {table.KeyColumn} by this UPDATE",
            reason,
            "Delete the row and insert it with the other key."
        );

    public static RouteRefusal KeyIsNull(ShardedTable table) =>
        new("23502", $"the sharding key {table.KeyColumn} of {table.Name} is NULL", "NULL is on no shard.");

    public static RouteRefusal KeyIsMissing(ShardedTable table, string reason) =>
        new(
            NotSupported,
            $"the statement does not say the sharding key {table.KeyColumn} of {table.Name}",
            reason,
            $"Name {table.KeyColumn} among the columns, with a literal or a parameter as its value."
        );

    public static RouteRefusal KeyIsUnknown(ShardedTable table) =>
        new(
            NotSupported,
            $"the value of the sharding key {table.KeyColumn} of {table.Name} cannot be told from the statement",
            "It is computed by the server, or its type is not certain to be the column's.",
            "Give a literal or a parameter of the column's type."
        );

    public static RouteRefusal KeyIsNoValue(ShardedTable table) =>
        new(
            NotSupported,
            $"the value of the sharding key {table.KeyColumn} of {table.Name} cannot be told from the data",
            "It is no value of the column's type, or one that is not certain to be stored as it is written.",
            "Write the key plainly: digits, YYYY-MM-DD, a number as the column keeps it."
        );

    public static RouteRefusal KeyIsNowhere(ShardedTable table, ColocationGroup group) =>
        new(
            "23514",
            $"no shard has the sharding key {table.KeyColumn} of {table.Name} that is asked for",
            $"Colocation group {group.Name} is placed by {(group.Ranges is null ? "list" : "range")}, and the key is "
                + "in none that it has.",
            $"drover placement add {group.Name} gives it a shard."
        );

    public static RouteRefusal AwayFrom(Place place, TopologySnapshot map) =>
        new(
            NotSupported,
            $"{On(place, map)} only, and the statement needs others",
            Hint: place.Shard == map.Home.Number
                ? "Declare it a reference table (drover table reference), or ask for the two separately."
                : "Ask for the two separately."
        );

    public static RouteRefusal OnTwoShards(Place one, Place other, TopologySnapshot map) =>
        new(
            NotSupported,
            $"{On(one, map)} only, and {On(other, map)} only",
            Hint: "Ask for the two separately, or declare what both need a reference table."
        );

    private static string On(Place place, TopologySnapshot map) =>
        place.Shard == map.Home.Number
            ? $"{place.What} is on the first shard"
            : $"{place.What} is on shard {map.Shards.First(shard => shard.Number == place.Shard).Name}";

    public static RouteRefusal NotOfSchema(string schema, string what, string other) =>
        new(
            NotSupported,
            $"{what} is in schema {schema}, which one shard has, and {other} is not in it",
            "What depends on tables of the schema, and what they depend on, has to be on that shard too.",
            "Use tables of the same schema and reference tables only, and name one schema in one statement."
        );

    public static RouteRefusal SchemaKeepsName(string schema) =>
        new(
            NotSupported,
            $"schema {schema} cannot be renamed through the proxy",
            "The map has it under this name.",
            "drover schema unshard takes it out of the map while it is empty or on the first shard."
        );

    public static RouteRefusal EntersSchema(string schema) =>
        new(
            NotSupported,
            $"nothing can be moved into schema {schema}, which one shard has",
            Hint: "Make it anew in the schema, and copy its rows."
        );

    public static RouteRefusal LeavesSchema(string what, string schema) =>
        new(
            NotSupported,
            $"{what} cannot leave schema {schema}, which one shard has",
            Hint: "Make it anew in the other schema, and copy its rows."
        );

    public static RouteRefusal ExtensionInSchema(string schema) =>
        new(
            NotSupported,
            $"an extension is on every shard, and schema {schema} on one",
            Hint: "CREATE EXTENSION … SCHEMA public."
        );

    public static RouteRefusal Function(string name, string reason) =>
        new(NotSupported, $"function {name}() may read sharded tables", reason, ShardHint);

    public static RouteRefusal Name(string reason) =>
        new(NotSupported, "a table's name is not certain to mean one table", reason, "Write the schema with the name.");

    public static RouteRefusal Construct(string construct) =>
        new(
            NotSupported,
            $"a sharded database cannot tell which shard this needs: {ConstructNames.Of(construct)}",
            Hint: ShardHint
        );

    public static RouteRefusal OfServer(string node) =>
        new(
            NotSupported,
            $"{ConstructNames.Of(node)} concerns a whole server and not this database",
            Hint: "Run it on each server."
        );

    public static RouteRefusal View(TableName name) =>
        new(NotSupported, $"view {name} may read sharded tables", Hint: $"Name the tables themselves. {ShardHint}");

    public static RouteRefusal Schema(TableName table, string reason) =>
        new(NotSupported, $"this change of {table} cannot be made through the proxy", reason);

    public static RouteRefusal ReferenceWrite(TableName table, string reason) =>
        new(
            NotSupported,
            $"this write of the reference table {table} may not be the same on every shard",
            reason,
            "Give values as literals or parameters."
        );

    public static RouteRefusal PathInText { get; } =
        new(
            NotSupported,
            "search_path is set in the same query, and a table is named without its schema",
            Hint: "Send the two one by one, or write the schema's name before the table's."
        );

    public static RouteRefusal SeveralStatements { get; } =
        new(NotSupported, "the statements of one query need different shards", Hint: "Send them one by one.");

    public static RouteRefusal Hint(string problem) =>
        new(
            "22023",
            $"the hint for Drover cannot be followed: {problem}",
            Hint: "/* drover: shard=NAME */ or /* drover: key=VALUE */"
        );
}
