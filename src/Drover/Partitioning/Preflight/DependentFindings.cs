// TRAPS 25: what is bound to the table from outside; most of it follows by itself, some cannot.
using System.Globalization;
using Drover.Operations.Plans;
using Drover.Partitioning.Catalog;

namespace Drover.Partitioning.Preflight;

internal static class DependentFindings
{
    public static IEnumerable<Finding> Of(TableDescription table, PreflightRequest request)
    {
        DependentObjects dependents = table.Dependents;
        return dependents
            .Views.SelectMany(view => OfView(table, view, request))
            .Concat(dependents.Functions.SelectMany(OfFunction))
            .Concat(dependents.Rules.Select(rule => Follows("rule-elsewhere", $"{rule.Name} of {rule.Relation}")))
            .Concat(
                dependents.Policies.Select(policy => Follows("policy-elsewhere", $"{policy.Name} of {policy.Table}"))
            )
            .Concat(dependents.Others.Select(OfOther))
            .Concat(table.Statistics.Select(OfStatistics))
            .Concat(OfSequences(table));
    }

    private static IEnumerable<Finding> OfView(TableDescription table, ViewDescription view, PreflightRequest request)
    {
        string name = view.Name.ToString();
        if (view.IsBound && view.Extension is not null)
        {
            yield return Refuse(
                "extension-view",
                $"{name} of extension {view.Extension}",
                "It reads the table and belongs to an extension, so it cannot be replaced.",
                $"ALTER EXTENSION {SqlText.Name(view.Extension)} DROP VIEW {name}, if you must."
            );
        }
        if (view.Persistence == Persistence.Temporary)
        {
            yield return Refuse(
                "temporary-view",
                name,
                "It is another session's and cannot be replaced from here.",
                "End that session, or DISCARD TEMP in it."
            );
            yield break;
        }
        foreach (string constraint in view.Constraints.Where(constraint => Widens(table, constraint, request)))
        {
            yield return Refuse(
                "view-groups-by-key",
                $"{name} on {constraint}",
                $"Its GROUP BY names only the columns of {constraint}, which with {request.Key} added no longer "
                    + "determine "
                    + "the others: PostgreSQL would refuse the view.",
                $"Write the other columns, or {request.Key}, into its GROUP BY first."
            );
        }
        if (view is { UsesRowType: true, IsMaterialized: false })
        {
            yield return Refuse(
                "view-with-row-column",
                name,
                "One of its columns has the table's row type, and a view's column cannot get another type.",
                "Select the columns, or to_jsonb of the row."
            );
        }
        foreach (
            Finding finding in view is { IsMaterialized: true } ? OfMaterialized(view, name) : [OfPlain(view, name)]
        )
        {
            yield return finding;
        }
    }

    private static Finding OfPlain(ViewDescription view, string name) =>
        Follows(view.IsBound ? "view" : "view-on-view", name);

    private static IEnumerable<Finding> OfMaterialized(ViewDescription view, string name)
    {
        if (view.UsesFunctionOverRows)
        {
            yield return Refuse(
                "materialized-view-over-rows",
                name,
                "It calls a function over the table's rows. It is built before the cut-over, and only the cut-over can "
                    + "make that function for the new table's rows.",
                "Have it call a function over the columns, or drop it and make it again after the conversion."
            );
        }
        yield return view.IsBound
            ? new Finding(
                "materialized-view",
                FindingSeverity.Info,
                name,
                $"It is built anew from the new table beside the old one ({Size(view.SizeBytes)}), and takes the "
                    + "name at the cut-over: its rows are then those of its last refresh by Drover.",
                "Refresh it afterwards if it must be fresher."
            )
            : OfPlain(view, name);
    }

    private static IEnumerable<Finding> OfFunction(FunctionDescription function)
    {
        string name = $"{function.Name}({function.Arguments})";
        if (function.Extension is not null || function.Definition is null)
        {
            yield return Refuse(
                "function",
                name,
                function.Extension is null
                    ? "An aggregate over the table's rows cannot be made again from its definition."
                    : $"It belongs to extension {function.Extension} and cannot be replaced.",
                "Drop it before, and make it again after the conversion."
            );
        }
        else if (function.TakesRow || function.ReturnsRow)
        {
            yield return new Finding(
                "function-over-rows",
                FindingSeverity.Info,
                name,
                "It takes or returns the table's rows, whose type is another one after the cut-over: it is made "
                    + "again, and the "
                    + "old one is there beside it until finish. Prepared statements that use it are planned again.",
                "Nothing needs to be done."
            );
        }
        else
        {
            yield return Follows("function-body", name);
        }
    }

    private static Finding OfOther(OtherDependent other) =>
        Refuse(
            "row-type",
            other.Description,
            $"It is bound to {other.DependsOn} and cannot be bound to another table.",
            "Drop it, or give it a type of its own (CREATE TYPE … AS, or jsonb), or a sequence of its own, before the "
                + "conversion."
        );

    private static Finding OfStatistics(StatisticsDescription statistics) =>
        new(
            "extended-statistics",
            FindingSeverity.Info,
            statistics.Name.ToString(),
            "They are made again on the new table; ANALYZE must run before the planner has them.",
            "ANALYZE the table after the cut-over: autovacuum never analyses a partitioned table itself."
        );

    private static IEnumerable<Finding> OfSequences(TableDescription table) =>
        table.Sequences.Select(sequence => new Finding(
            "sequence",
            FindingSeverity.Info,
            sequence.Name.ToString(),
            sequence.IsIdentity
                ? "The new column's sequence goes on where this one stands, under its name."
                : "It is handed over to the new table and never set.",
            "Nothing needs to be done."
        ));

    // A view that groups by id may select the other columns only while id alone is the primary key.
    private static bool Widens(TableDescription table, string constraint, PreflightRequest request) =>
        table.Constraints.Any(c => c.Name == constraint && !c.Columns.Contains(request.Key));

    private static Finding Follows(string code, string subject) =>
        new(
            code,
            FindingSeverity.Info,
            subject,
            "It is bound to the new table at the cut-over, and back at a rollback.",
            "Nothing needs to be done."
        );

    private static Finding Refuse(string code, string subject, string consequence, string remedy) =>
        new(code, FindingSeverity.Refuse, subject, consequence, remedy);

    private static string Size(long bytes) =>
        string.Create(CultureInfo.InvariantCulture, $"{bytes / 1048576.0:0.#} MB");
}
