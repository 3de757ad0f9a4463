// Which aggregates that gather values can be put together of what several shards have gathered.
using System.Collections.Immutable;
using Drover.Routing.Names;
using Drover.Sql.Parsing;
using Drover.Sql.Statements;

namespace Drover.Routing.Merging.Gathering;

/// <summary>PostgreSQL's own aggregates only: their names are looked at before.</summary>
internal sealed class GatherRules(ExpressionTypes types, PathFacts catalog)
{
    /// <summary>More keys than anybody writes; each is another array.</summary>
    private const int KeysMax = 4;

    /// <summary>Functions that give json or jsonb, which are written as they are.</summary>
    private static readonly ImmutableHashSet<string> s_jsonMakers =
    [
        "json_build_object",
        "jsonb_build_object",
        "json_build_array",
        "jsonb_build_array",
        "to_json",
        "to_jsonb",
    ];

    /// <summary>Reads a call; null if it is none, or not as plain as that.</summary>
    /// <param name="name">The aggregate's.</param>
    /// <param name="value">Its node is the call.</param>
    public GatherPlan? Plan(string name, OutputValue value)
    {
        SqlNode call = value.Node;
        ImmutableArray<SqlNode> arguments = call.List("args");
        bool isDistinct = call.Flag("agg_distinct");
        GatherForm? form = (name, arguments) switch
        {
            ("array_agg", [var one]) when types.IsScalar(one, value) => GatherForm.Array,
            ("string_agg", [var one, { Kind: "A_Const" or "ParamRef" }]) when types.IsText(one, value) =>
                GatherForm.Text,
            ("json_agg", [var one]) when IsWrittenInLine(one, value) => GatherForm.Json,
            ("jsonb_agg", [var one]) when IsWrittenInLine(one, value) => GatherForm.Jsonb,
            ("json_object_agg", [_, var one]) when IsWrittenInLine(one, value) => GatherForm.JsonObject,
            _ => null,
        };
        ImmutableArray<SqlNode> order = call.List("agg_order");
        if (
            form is not { } made
            || order.Length > KeysMax
            || (isDistinct && made is not (GatherForm.Array or GatherForm.Text))
            || (made == GatherForm.JsonObject && !order.IsEmpty)
        )
        {
            return null;
        }
        GatherKey?[] keys = isDistinct
            ? [DistinctKeyOf(arguments[0], order, value)]
            : [.. order.Select(item => KeyOf(item.Child("node")!, item, value))];
        return keys.Contains(null)
            ? null
            : new GatherPlan(made, [.. keys.Select(static key => key!.Value)], isDistinct);
    }

    /// <summary>Rows and arrays begin a line of their own in json.</summary>
    private bool IsWrittenInLine(SqlNode argument, OutputValue value) =>
        types.IsScalar(argument, value)
        || (
            argument is { Kind: "FuncCall" }
            && argument.Names("funcname") switch
            {
                ["pg_catalog", var own] => own,
                [var bare] when catalog.IsOwn(bare, argument.List("args").Length) => bare,
                _ => "",
            }
                is var name
            && s_jsonMakers.Contains(name)
        );

    /// <summary>
    /// PostgreSQL sorts by the value to find equals, and so orders them where nothing else is said. Equals have to be
    /// written alike: of 1.0 and 1.00 each shard would take its own.
    /// </summary>
    private GatherKey? DistinctKeyOf(SqlNode argument, ImmutableArray<SqlNode> order, OutputValue value) =>
        order switch
        {
            [] => KeyOf(argument, null, value),
            [var item] when IsSame(item.Child("node")!, argument, value) => KeyOf(argument, item, value),
            _ => null,
        }
            is { } key
        && GroupKeys.IsWrittenAlike(key.TypeOid)
            ? key
            : null;

    private static bool IsSame(SqlNode one, SqlNode other, OutputValue value) =>
        one.Kind == "ColumnRef"
        && ExpressionTypes.SourceOf(one, value) is { Table: >= 0 } source
        && other.Kind == "ColumnRef"
        && ExpressionTypes.SourceOf(other, value) == source;

    private GatherKey? KeyOf(SqlNode node, SqlNode? item, OutputValue value)
    {
        bool isDescending = item?.Text("sortby_dir") == "SORTBY_DESC";
        bool hasNullsFirst = item?.Text("sortby_nulls") switch
        {
            "SORTBY_NULLS_FIRST" => true,
            "SORTBY_NULLS_LAST" => false,
            _ => isDescending,
        };
        return
            node.Kind == "ColumnRef"
            && item?.Text("sortby_dir") != "SORTBY_USING"
            && types.ColumnOf(ExpressionTypes.SourceOf(node, value)) is { } column
            && SortOrder.IsKnown(column.TypeOid, column.IsByBytes)
            ? new GatherKey(column.TypeOid, column.IsByBytes, isDescending, hasNullsFirst)
            : null;
    }
}
