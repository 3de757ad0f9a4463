// Routes of what PostgreSQL does not plan: SET, CREATE, COPY, BEGIN.
using System.Collections.Frozen;
using System.Collections.Immutable;
using Drover.Routing.Names;
using Drover.Sql.Statements;

namespace Drover.Routing.Schemas;

internal static class UtilityRoutes
{
    /// <summary>What concerns the session or the transaction, wherever those are.</summary>
    private static readonly FrozenSet<string> Anywhere = FrozenSet.ToFrozenSet([
        "TransactionStmt",
        "FetchStmt",
        "ClosePortalStmt",
    ]);

    private static readonly FrozenSet<string> AtHome = FrozenSet.ToFrozenSet([
        .. (string[])["VariableSetStmt", "VariableShowStmt", "ConstraintsSetStmt", "DiscardStmt"],
        .. (string[])["ListenStmt", "UnlistenStmt", "NotifyStmt", "ExecuteStmt", "DeallocateStmt", "LoadStmt"],
    ]);

    /// <summary>What every server needs, for statements there may use it.</summary>
    private static readonly FrozenSet<string> Everywhere = FrozenSet.ToFrozenSet([
        .. (string[])["CreateSchemaStmt", "CreateExtensionStmt", "AlterExtensionStmt", "AlterExtensionContentsStmt"],
        .. (string[])["CreateFunctionStmt", "AlterFunctionStmt", "CreateEnumStmt", "AlterEnumStmt"],
        .. (string[])["CompositeTypeStmt", "CreateDomainStmt", "AlterDomainStmt", "CreateRangeStmt", "AlterTypeStmt"],
        .. (string[])["DefineStmt", "CreateCastStmt", "CreateConversionStmt", "CreateTransformStmt", "CheckPointStmt"],
        .. (string[])["CreateOpClassStmt", "CreateOpFamilyStmt", "AlterOpFamilyStmt", "AlterOperatorStmt"],
        .. (string[])["DropStmt", "CommentStmt", "AlterOwnerStmt", "AlterObjectSchemaStmt", "AlterObjectDependsStmt"],
        .. (string[])["RenameStmt", "GrantStmt", "AlterDefaultPrivilegesStmt", "VacuumStmt"],
    ]);

    /// <summary>What a server has for all its databases: two shards on one server would do it twice.</summary>
    private static readonly FrozenSet<string> OfServer = FrozenSet.ToFrozenSet([
        .. (string[])["CreateRoleStmt", "AlterRoleStmt", "AlterRoleSetStmt", "DropRoleStmt", "GrantRoleStmt"],
        .. (string[])["CreatedbStmt", "DropdbStmt", "AlterDatabaseStmt", "AlterDatabaseSetStmt", "AlterSystemStmt"],
        .. (string[])["CreateTableSpaceStmt", "DropTableSpaceStmt", "AlterDatabaseRefreshCollStmt"],
        .. (string[])["DropOwnedStmt", "ReassignOwnedStmt"],
    ]);

    /// <summary>The route of one statement.</summary>
    public static Route? Of(StatementFacts facts, ImmutableArray<NamedTable> tables, Route all, PathFacts catalog)
    {
        Route home = Route.Home(catalog.Names.Map.Home.Number);
        return Anywhere.Contains(facts.NodeName) ? Route.Any
            : AtHome.Contains(facts.NodeName) ? home
            : !IsOfQuery(facts) && new PlacedSchemas(facts, catalog).Find() is { } placed ? placed
            : NamedObjects.Of(facts, catalog.Names) is { } objects ? Among(objects, facts, catalog.Names, home, all)
            : IsOfServer(facts) ? Route.Refused(Refusals.OfServer(facts.NodeName))
            : SchemaRules.RefuseSchema(facts, catalog.Names.Map) is { } refusal ? Route.Refused(refusal)
            : tables.IsEmpty && Everywhere.Contains(facts.NodeName) ? all
            : tables.IsEmpty && !IsOfQuery(facts) ? Route.Refused(Refusals.Construct(facts.NodeName))
            : OfTables(facts, tables, catalog, home, all);
    }

    private static bool IsOfServer(StatementFacts facts) =>
        OfServer.Contains(facts.NodeName)
        || facts.NodeName switch
        {
            "GrantStmt" => facts.Tree!.Text("objtype"),
            "RenameStmt" => facts.Tree!.Text("renameType"),
            "AlterOwnerStmt" => facts.Tree!.Text("objectType"),
            _ => "",
        }
            is "OBJECT_DATABASE"
                or "OBJECT_ROLE"
                or "OBJECT_TABLESPACE";

    private static bool IsOfQuery(StatementFacts facts) =>
        facts.NodeName == "PrepareStmt" || (facts.NodeName == "CopyStmt" && facts.Tree!.Has("query"));

    private static Route? OfTables(
        StatementFacts facts,
        ImmutableArray<NamedTable> tables,
        PathFacts catalog,
        Route home,
        Route all
    )
    {
        bool isMapped = tables.Any(table => NamedObjects.IsMapped(table, catalog.Names));
        switch (facts.NodeName)
        {
            case "CopyStmt" or "PrepareStmt" when IsOfQuery(facts):
                return RoutePlanner.Refuse(facts, tables, catalog) is { } refusal ? Route.Refused(refusal) : null;
            case "CopyStmt" when tables[0].Role == TableRole.Reference && !facts.Tree!.Flag("is_from"):
                return Route.Any;
            case "CreateTableAsStmt" when isMapped:
                return Route.Refused(Refusals.Construct($"{facts.NodeName} of a table with rows on several shards"));
        }
        return Among(tables, facts, catalog.Names, home, all);
    }

    /// <summary>Where the tables are that a change of the schema names.</summary>
    private static Route Among(
        ImmutableArray<NamedTable> tables,
        StatementFacts facts,
        TableNames names,
        Route home,
        Route all
    )
    {
        if (
            tables.FirstOrDefault(static table => table is { Role: TableRole.Ambiguous, Relation: null }) is
            { } ambiguous
        )
        {
            return Route.Refused(Refusals.Name(ambiguous.Reason));
        }
        ImmutableArray<NamedTable> mapped = [.. tables.Where(table => NamedObjects.IsMapped(table, names))];
        if (mapped.IsEmpty)
        {
            return home;
        }
        bool isNewOne = facts.NodeName is "ViewStmt" or "IndexStmt" or "CreateStmt" or "CreateTrigStmt";
        bool isMixed = mapped.Length < tables.Count(table => !isNewOne || table.Role != TableRole.Unknown);
        return isMixed ? Route.Refused(Refusals.Construct($"{facts.NodeName} of tables on one server and on several"))
            : SchemaRules.Refuse(facts, mapped, names) is { } refusal ? Route.Refused(refusal)
            : all;
    }
}
