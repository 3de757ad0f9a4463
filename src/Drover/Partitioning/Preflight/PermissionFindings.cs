// What the connected role may not do, each with the GRANT that would let it.
using Drover.Operations.Plans;
using Drover.Partitioning.Catalog;

namespace Drover.Partitioning.Preflight;

/// <summary>No superuser is needed: the table's owner with CREATE on the database, and owners of what
/// follows.</summary>
internal static class PermissionFindings
{
    private const string Role =
        "SELECT current_user, rolsuper, rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user";

    public static async Task<IReadOnlyList<Finding>> FindAsync(PreflightQuery query, TableDescription table)
    {
        string?[] role = (await query.ListAsync(Role))[0];
        if (role[1] == "t")
        {
            return [.. Grantors(table)];
        }
        string me = SqlText.Name(role[0]!);
        List<Finding> findings =
        [
            .. await FindOwnersAsync(query, table, me),
            .. await FindCreateAsync(query, table, me),
            .. await FindReferencesAsync(query, table, me),
            .. Grantors(table),
        ];
        if (table.IsRowSecurityForced && role[2] != "t")
        {
            findings.Add(
                Missing(
                    "forced-row-security",
                    table.Name.ToString(),
                    "Row security is forced on the owner too, so the copy could not see all rows.",
                    $"ALTER ROLE {me} BYPASSRLS"
                )
            );
        }
        if (await query.ListAsync("SELECT pg_has_role('pg_read_all_stats', 'USAGE')") is [["f"]])
        {
            findings.Add(
                new Finding(
                    "statistics-hidden",
                    FindingSeverity.Info,
                    role[0]!,
                    "It does not see other roles' transactions, statements and standbys: some findings may be "
                        + "missing, and the "
                        + "throttle sees less.",
                    $"GRANT pg_monitor TO {me}"
                )
            );
        }
        return findings;
    }

    private static IEnumerable<Finding> Grantors(TableDescription table) =>
        table
            .Access.Grants.Select(grant => grant.Grantor)
            .Distinct()
            .Where(grantor => grantor != table.Owner)
            .Select(grantor => new Finding(
                "grantor",
                FindingSeverity.Info,
                grantor,
                $"Grants that it gave are given by the owner, {table.Owner}, on the new table: {grantor} "
                    + "cannot revoke them.",
                "Nothing needs to be done."
            ));

    // Whoever may act as the owner may do what the owner may.
    private static async Task<List<Finding>> FindOwnersAsync(PreflightQuery query, TableDescription table, string me)
    {
        DependentObjects dependents = table.Dependents;
        IEnumerable<(string What, string Owner)> owned =
        [
            ($"table {table.Name}", table.Owner),
            .. dependents.Views.Where(view => view.IsBound).Select(view => ($"view {view.Name}", view.Owner)),
            .. dependents.Functions.Select(function => ($"function {function.Name}", function.Owner)),
            .. table.Sequences.Select(sequence => ($"sequence {sequence.Name}", sequence.Owner)),
            .. table.Statistics.Select(statistics => ($"statistics {statistics.Name}", statistics.Owner)),
            .. table
                .Publications.Where(publication => publication.Scope == PublicationScope.Table)
                .Select(publication => ($"publication {publication.Publication}", publication.Owner)),
        ];
        List<Finding> findings = [];
        foreach (IGrouping<string, string> group in owned.GroupBy(pair => pair.Owner, pair => pair.What))
        {
            if (await query.ListAsync("SELECT pg_has_role($1::name, 'USAGE')", group.Key) is [["f"]])
            {
                findings.Add(NotOwner(string.Join(", ", group), group.Key, me));
            }
        }
        IEnumerable<QualifiedName> tables = dependents
            .Policies.Select(policy => policy.Table)
            .Concat(dependents.Rules.Select(rule => rule.Relation))
            .Distinct();
        foreach (QualifiedName other in tables)
        {
            const string Owner = """
                SELECT pg_get_userbyid(c.relowner) FROM pg_class c
                WHERE c.oid = to_regclass($1) AND NOT pg_has_role(c.relowner, 'USAGE')
                """;
            if (await query.ListAsync(Owner, other.ToString()) is [[{ } owner]])
            {
                findings.Add(NotOwner($"table {other}", owner, me));
            }
        }
        return findings;
    }

    private static async Task<List<Finding>> FindCreateAsync(PreflightQuery query, TableDescription table, string me)
    {
        List<Finding> findings = [];
        IEnumerable<(string Role, string Schema)> schemas = table
            .Dependents.Views.Where(view => view is { IsBound: true, IsMaterialized: true })
            .Select(view => (view.Owner, view.Name.Schema))
            .Append((table.Owner, table.Name.Schema))
            .Distinct();
        foreach ((string role, string schema) in schemas)
        {
            if (await query.ListAsync("SELECT has_schema_privilege($1, $2, 'CREATE')", role, schema) is [["f"]])
            {
                findings.Add(
                    Missing(
                        "no-create-in-schema",
                        $"{role} in {schema}",
                        "The new table is made in the old one's schema, and its owner needs CREATE there.",
                        $"GRANT CREATE ON SCHEMA {SqlText.Name(schema)} TO {SqlText.Name(role)}"
                    )
                );
            }
        }
        const string Journal = """
            SELECT CASE WHEN to_regnamespace('drover') IS NULL
                        THEN has_database_privilege(current_database(), 'CREATE')
                        ELSE has_schema_privilege('drover', 'CREATE') AND has_schema_privilege('drover', 'USAGE') END,
                   to_regnamespace('drover') IS NULL, quote_ident(current_database())
            """;
        if (await query.ListAsync(Journal) is [["f", var isNew, var database]])
        {
            findings.Add(
                Missing(
                    "no-journal",
                    "schema drover",
                    "The journal cannot be made or written.",
                    isNew == "t"
                        ? $"GRANT CREATE ON DATABASE {database} TO {me}"
                        : $"GRANT ALL ON SCHEMA drover TO {me}"
                )
            );
        }
        return findings;
    }

    private static async Task<List<Finding>> FindReferencesAsync(
        PreflightQuery query,
        TableDescription table,
        string me
    )
    {
        List<Finding> findings = [];
        foreach (ConstraintDescription key in table.Constraints.Where(c => c.Kind == ConstraintKind.ForeignKey))
        {
            string referenced = key.ReferencedTable!.Value.ToString();
            if (await query.ListAsync("SELECT has_table_privilege($1, 'REFERENCES')", referenced) is [["f"]])
            {
                findings.Add(
                    Missing(
                        "no-references",
                        $"{key.Name} to {referenced}",
                        "The foreign key cannot be made on the new table.",
                        $"GRANT REFERENCES ON {referenced} TO {me}"
                    )
                );
            }
        }
        foreach (TriggerDescription trigger in table.Triggers)
        {
            if (
                await query.ListAsync("SELECT has_function_privilege($1, 'EXECUTE')", $"{trigger.Function}()")
                is [["f"]]
            )
            {
                findings.Add(
                    Missing(
                        "no-execute",
                        $"{trigger.Name}",
                        "The trigger cannot be made on the new table.",
                        $"GRANT EXECUTE ON FUNCTION {trigger.Function}() TO {me}"
                    )
                );
            }
        }
        return findings;
    }

    private static Finding NotOwner(string what, string owner, string me) =>
        Missing("not-owner", what, $"Only its owner, {owner}, may change it.", $"GRANT {SqlText.Name(owner)} TO {me}");

    private static Finding Missing(string code, string subject, string consequence, string grant) =>
        new(code, FindingSeverity.Refuse, subject, consequence, grant);
}
