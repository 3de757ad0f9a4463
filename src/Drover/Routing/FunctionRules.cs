// Functions in statements: which may run on any shard, which on the first only, which nobody can tell.
using System.Collections.Frozen;
using Drover.Routing.Names;
using Drover.Sql.Statements;

namespace Drover.Routing;

internal static class FunctionRules
{
    /// <summary>Volatile functions that are as good on one server as on another.</summary>
    private static readonly FrozenSet<string> Anywhere = FrozenSet.ToFrozenSet([
        .. (string[])["random", "random_normal", "clock_timestamp", "timeofday", "gen_random_uuid"],
        .. (string[])["uuidv4", "uuidv7", "pg_sleep", "pg_sleep_for", "pg_sleep_until"],
    ]);

    /// <summary>Functions that read what another call in the session left, on whichever shard that was.</summary>
    private static readonly FrozenSet<string> OfTheSession = FrozenSet.ToFrozenSet([
        .. (string[])["currval", "lastval", "setval"],
    ]);

    /// <summary>Functions that run SQL that they are given, or read tables by name.</summary>
    private static readonly FrozenSet<string> OfAnySql = FrozenSet.ToFrozenSet([
        .. (string[])["query_to_xml", "query_to_xmlschema", "query_to_xml_and_xmlschema", "cursor_to_xml"],
        .. (string[])["table_to_xml", "table_to_xml_and_xmlschema", "schema_to_xml", "schema_to_xml_and_xmlschema"],
        .. (string[])["database_to_xml", "database_to_xml_and_xmlschema", "ts_stat", "ts_rewrite"],
        .. (string[])["pg_get_viewdef_rows", "crosstab", "connectby", "xpath_table", "dblink", "dblink_exec"],
    ]);

    /// <summary>Why the functions keep the statement from any route; null if they do not.</summary>
    public static RouteRefusal? Refuse(StatementFacts facts, PathFacts catalog)
    {
        foreach (FunctionUse function in facts.Functions)
        {
            if (function.Schema == "drover")
            {
                continue;
            }
            if (function.Volatility is null)
            {
                return Refusals.Function(function.Name, "The catalogs do not know it.");
            }
            if (OfAnySql.Contains(function.Name))
            {
                return Refusals.Function(function.Name, "It runs SQL that is not in the statement.");
            }
            bool isOnOne = Places.SequenceOf(function, catalog.Names) is { Shard: > 0 };
            if (OfTheSession.Contains(function.Name) && !isOnOne)
            {
                return Refusals.Function(
                    function.Name,
                    "Sequences have values of their own on each shard, and this session may have used another's: "
                        + "INSERT … RETURNING gives the value."
                );
            }
            if (catalog.MayTouchTables(function.Schema, function.Name, function.Arguments))
            {
                return Refusals.Function(
                    function.Name,
                    "What it does is not known: only IMMUTABLE functions and those written in C are taken to read none."
                );
            }
        }
        return null;
    }

    /// <summary>Whether a function belongs on the first shard: all sessions of all clients meet there.</summary>
    public static bool IsOfHome(FunctionUse function) =>
        function.Volatility == FunctionVolatility.Volatile
        && function.Schema != "drover"
        && !Anywhere.Contains(function.Name);

    /// <summary>The function whose value is another on each server, in words; null if there is none.</summary>
    public static string? Unequal(StatementFacts facts) =>
        facts.Functions.FirstOrDefault(static function => function.Volatility != FunctionVolatility.Immutable)
            is { } found
            ? $"function {found.Name}() is computed on each."
        : facts.Tree is { } tree && Contains(tree, "SQLValueFunction") ? "CURRENT_TIMESTAMP is computed on each."
        : null;

    private static bool Contains(Sql.Parsing.SqlNode node, string kind) =>
        node.Kind == kind || node.Children().Any(child => Contains(child, kind));
}
