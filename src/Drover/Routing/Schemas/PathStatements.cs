// Statements that set where names without a schema are looked for.
using Drover.Sql.Statements;
using Drover.Topology;

namespace Drover.Routing.Schemas;

internal static class PathStatements
{
    private const string Path = "search_path";

    /// <summary>Whether a statement sets search_path, or may.</summary>
    public static bool Sets(StatementFacts facts, TopologySnapshot map) =>
        facts.NodeName switch
        {
            "VariableSetStmt" => facts.Tree!.Text("kind") == "VAR_RESET_ALL" || facts.Tree.Text("name") == Path,
            "DiscardStmt" => true,
            // A rule of this view sets what is updated in it.
            "UpdateStmt" => facts.Tables.Any(static table => table.Name == "pg_settings"),
            _ => facts.Functions.Any(function =>
                function.Name == "set_config"
                && (
                    string.Equals(function.Setting, Path, StringComparison.OrdinalIgnoreCase)
                    // A parameter may say so: where tenants have schemas it is taken to.
                    || (function.Setting.Length == 0 && map.Schemas.Count > 0)
                )
            ),
        };
}
