// Which literals decide how a statement is run, so that two that differ in them are two statements.
using Drover.Sql.Parsing;

namespace Drover.Sql.Statements;

/// <summary>
/// A literal may be left out of a statement's identity only where it is found in the tree as a plain constant in a
/// place that is known to be harmless: a condition, a value that is written, the argument of a function. Everywhere
/// else it decides: a LIMIT, an ordinal, the length of a type, an interval, a name in a string; and what is not in
/// the tree at all, as the 24 of float(24). In a query that sorts or groups, whether two expressions are the same
/// depends on all literals in them, so there the select list decides as well.
/// </summary>
internal sealed class DecidingLiterals
{
    private readonly LiteralPlaces _places;
    private readonly bool[] _isHarmless;
    private readonly bool[] _decides;

    private DecidingLiterals(LiteralPlaces places)
    {
        _places = places;
        _isHarmless = new bool[places.SlotCount];
        _decides = new bool[places.SlotCount];
    }

    /// <summary>The places of the shape that decide, in order.</summary>
    public static int[] Find(IEnumerable<SqlNode> statements, LiteralPlaces places)
    {
        DecidingLiterals found = new(places);
        foreach (SqlNode statement in statements)
        {
            found.Visit(statement, Region.Deciding);
        }
        return
        [
            .. Enumerable.Range(0, places.SlotCount).Where(slot => !found._isHarmless[slot] || found._decides[slot]),
        ];
    }

    private enum Region
    {
        /// <summary>Literals decide, unless a clause below says otherwise.</summary>
        Deciding,

        /// <summary>Literals are values.</summary>
        Harmless,

        /// <summary>All literals decide, whatever is below.</summary>
        Compared,
    }

    private void Visit(SqlNode node, Region region)
    {
        if (node.Kind is "A_Const" or "ParamRef" or "SetToDefault")
        {
            Mark(node, region);
            return;
        }
        foreach (SqlMember member in node.Members)
        {
            Region inside = Inside(node, member.Name, region);
            if (member.Node is { } child)
            {
                Visit(child, inside);
            }
            foreach (SqlNode element in member.Nodes.IsDefault ? [] : member.Nodes)
            {
                Visit(element, inside);
            }
        }
    }

    private void Mark(SqlNode constant, Region region)
    {
        int slot = _places.SlotOf(constant);
        if (slot >= 0)
        {
            (region == Region.Harmless ? _isHarmless : _decides)[slot] = true;
        }
    }

    private static Region Inside(SqlNode node, string member, Region region)
    {
        if (region == Region.Compared)
        {
            return region;
        }
        return node.Kind switch
        {
            "SelectStmt" => InsideSelect(node, member),
            "InsertStmt" => member is "relation" or "cols" ? Region.Deciding : Region.Harmless,
            "UpdateStmt" or "DeleteStmt" => Region.Harmless,
            "OnConflictClause" => member == "infer" ? Region.Deciding : Region.Harmless,
            "TypeCast" => InsideCast(node, member, region),
            "FuncCall" => InsideCall(node, member, region),
            _ when QueryReader.IsTransparent(node.Kind) && node.Kind is not ("TypeName" or "WindowDef" or "SortBy") =>
                region,
            "SubLink" or "CommonTableExpr" or "WithClause" or "JoinExpr" or "RangeSubselect" or "RangeFunction" =>
                region,
            // What is not known here decides, but for what is around a query: EXPLAIN, COPY, DECLARE.
            _ => region == Region.Harmless ? Region.Compared : region,
        };
    }

    private static Region InsideSelect(SqlNode select, string member) =>
        member switch
        {
            "whereClause" or "valuesLists" or "fromClause" or "withClause" or "larg" or "rarg" => Region.Harmless,
            "targetList" => Compares(select) ? Region.Compared : Region.Harmless,
            _ => Region.Compared,
        };

    /// <summary>Whether it matters if two of its expressions are the same.</summary>
    private static bool Compares(SqlNode select) =>
        select.Has("sortClause")
        || select.Has("groupClause")
        || select.Has("havingClause")
        || select.Has("distinctClause")
        || select.Has("windowClause");

    private static Region InsideCast(SqlNode cast, string member, Region region)
    {
        if (member != "arg")
        {
            return Region.Compared;
        }
        string type = cast.Child("typeName")!.Names("names") is [.., var last] ? last : "";
        bool names = type.StartsWith("reg", StringComparison.Ordinal) || type == "interval";
        return names ? Region.Compared : region;
    }

    private static Region InsideCall(SqlNode call, string member, Region region)
    {
        if (member != "args")
        {
            return Region.Compared;
        }
        string name = call.Names("funcname")[^1];
        return TakesNames(name) ? Region.Compared : region;
    }

    /// <summary>Functions whose arguments are names of objects, or SQL.</summary>
    private static bool TakesNames(string function) =>
        function is "nextval" or "currval" or "setval" or "set_config" or "current_setting" or "ts_stat" or "dblink"
        || function.StartsWith("pg_", StringComparison.Ordinal)
        || function.StartsWith("to_reg", StringComparison.Ordinal)
        || function.StartsWith("has_", StringComparison.Ordinal)
        || function.Contains("_to_xml", StringComparison.Ordinal);
}
