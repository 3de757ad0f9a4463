// Reads from an expression where its value is to be found, if it is a value.
using System.Collections.Immutable;
using Drover.Sql.Parsing;

namespace Drover.Sql.Statements;

internal static class ValueSources
{
    /// <summary>The source of a single value.</summary>
    public static ValueSource Of(SqlNode node, LiteralPlaces places)
    {
        switch (node.Kind)
        {
            case "A_Const" or "SetToDefault" or "ParamRef" when places.SlotOf(node) is int slot and >= 0:
                return places.IsWhole(node) ? new ValueSource(ValueSourceKind.Slot, slot) : ValueSource.Expression;
            case "A_Const" when node.Flag("isnull"):
                return new ValueSource(ValueSourceKind.Null);
            case "SetToDefault":
                return new ValueSource(ValueSourceKind.Default);
            case "ParamRef":
                return new ValueSource(ValueSourceKind.Parameter, node.Number("number"));
            case "TypeCast" when node.Child("arg") is { } arg && CastName(node) is { } cast:
                ValueSource source = Of(arg, places);
                // A cast of a cast, or of what is no value, is to be computed.
                return source.Cast.Length == 0 && source.Kind != ValueSourceKind.Expression
                    ? source with
                    {
                        Cast = cast,
                    }
                    : ValueSource.Expression;
            default:
                return ValueSource.Expression;
        }
    }

    /// <summary>The sources of the elements of an array: spelled out, a text, or a parameter.</summary>
    public static ImmutableArray<ValueSource> OfArray(SqlNode node, LiteralPlaces places)
    {
        if (node.Kind == "A_ArrayExpr")
        {
            return OfAll(node.List("elements"), places);
        }
        bool isCast = node.Kind == "TypeCast" && node.Child("typeName")!.Has("arrayBounds");
        if (node.Kind == "TypeCast" && !isCast)
        {
            return [ValueSource.Expression];
        }
        string cast = isCast ? CastName(node, isArray: true) ?? "?" : "";
        SqlNode value = isCast ? node.Child("arg")! : node;
        if (value.Kind == "A_ArrayExpr")
        {
            return
            [
                .. OfAll(value.List("elements"), places)
                    .Select(element =>
                        element.Cast.Length == 0 ? element with { Cast = cast } : ValueSource.Expression
                    ),
            ];
        }
        ValueSource source = Of(value, places);
        return
        [
            source.Kind switch
            {
                ValueSourceKind.Slot when source.Cast.Length == 0 => source with
                {
                    Kind = ValueSourceKind.ArraySlot,
                    Cast = cast,
                },
                ValueSourceKind.Parameter when source.Cast.Length == 0 => source with
                {
                    Kind = ValueSourceKind.ArrayParameter,
                    Cast = cast,
                },
                _ => ValueSource.Expression,
            },
        ];
    }

    /// <summary>The sources of several expressions, each once.</summary>
    public static ImmutableArray<ValueSource> OfAll(IEnumerable<SqlNode> nodes, LiteralPlaces places) =>
        [.. nodes.Select(node => Of(node, places)).Distinct()];

    /// <summary>
    /// The type of a cast; null if it has a length, or more that changes a value in ways not known here.
    /// </summary>
    private static string? CastName(SqlNode cast, bool isArray = false)
    {
        SqlNode type = cast.Child("typeName")!;
        bool isPlain =
            !type.Has("typmods") && type.Has("arrayBounds") == isArray && !type.Flag("setof") && !type.Flag("pct_type");
        return isPlain ? string.Join('.', type.Names("names")) : null;
    }
}
