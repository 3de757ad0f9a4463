// A description as a flat list of facts: what a fingerprint hashes and what a difference names.
using System.Collections.Immutable;

namespace Drover.Partitioning.Catalog;

/// <param name="Subject">What it is about, unique in a description: <c>index orders_status_idx</c>.</param>
/// <param name="Text">All that matters of it.</param>
internal readonly record struct CatalogFact(string Subject, string Text);

/// <summary>
/// Facts of a <see cref="TableDescription"/>. Left out: OIDs, sizes, and what Drover itself puts on the table (triggers
/// named <c>!drover_…</c>, anything with <c>__drover_</c> in its name), so that a run does not look like a change.
/// </summary>
internal static class CatalogFacts
{
    /// <summary>What a name of Drover's own contains.</summary>
    public const string OwnMark = "__drover_";

    /// <summary>All facts, in no particular order.</summary>
    public static IEnumerable<CatalogFact> Of(TableDescription table) =>
        OfTable(table)
            .Concat(table.Columns.Select((column, at) => new CatalogFact($"column {column.Name}", Text(column, at))))
            .Concat(OfKeys(table))
            .Concat(OfBehaviour(table))
            .Concat(OfDependents(table.Dependents))
            .Where(fact => !fact.Subject.Contains(OwnMark, StringComparison.Ordinal));

    /// <summary>Facts about what is bound to the table and belongs to something else.</summary>
    public static IEnumerable<CatalogFact> OfOutside(TableDescription table) =>
        OfDependents(table.Dependents)
            .Concat(OfIncoming(table))
            .Where(fact => !fact.Subject.Contains(OwnMark, StringComparison.Ordinal));

    /// <summary>By its subject, a fact is about a view, a function, or a rule or policy of another table.</summary>
    public static bool IsOutside(string subject) =>
        subject.StartsWith("view ", StringComparison.Ordinal)
        || subject.StartsWith("function ", StringComparison.Ordinal)
        || (
            (
                subject.StartsWith("rule ", StringComparison.Ordinal)
                || subject.StartsWith("policy ", StringComparison.Ordinal)
            ) && subject.Contains(" of ", StringComparison.Ordinal)
        );

    private static IEnumerable<CatalogFact> OfTable(TableDescription table)
    {
        yield return new("table name", table.Name.ToString());
        yield return new("table kind", $"{table.Kind} {table.Persistence} {table.AccessMethod} {table.OfType}");
        yield return new("owner", table.Owner);
        yield return new("tablespace", $"{table.Tablespace}");
        yield return new("storage options", List(table.Options));
        yield return new("TOAST options", List(table.ToastOptions));
        yield return new("comment", $"{table.Comment}");
        yield return new("row security", $"enabled {table.IsRowSecurityEnabled}, forced {table.IsRowSecurityForced}");
        yield return new("replica identity", $"{table.ReplicaIdentity}");
        yield return new("parents", List(table.Parents.Select(parent => parent.ToString())));
        yield return new("children", List(table.Children.Select(child => child.ToString())));
        yield return new("extension", $"{table.Extension}");
        yield return new("grants", Text(table.Access));
        foreach (SecurityLabel label in table.SecurityLabels)
        {
            yield return new($"security label {label.Provider} {label.Column}", label.Label);
        }
    }

    private static IEnumerable<CatalogFact> OfKeys(TableDescription table)
    {
        foreach (ConstraintDescription constraint in table.Constraints)
        {
            string state = $"validated {constraint.IsValidated}, enforced {constraint.IsEnforced}";
            yield return new(
                $"constraint {constraint.Name}",
                $"{constraint.Definition} ({state}, local {constraint.IsLocal}) {constraint.Comment}"
            );
        }
        foreach (IndexDescription index in table.Indexes)
        {
            yield return new($"index {index.Name.Name}", Text(index, table.Name.ToString()));
        }
        foreach (CatalogFact fact in OfIncoming(table))
        {
            yield return fact;
        }
        foreach (StatisticsDescription statistics in table.Statistics)
        {
            yield return new(
                $"statistics {statistics.Name}",
                $"{statistics.Body} owner {statistics.Owner} target {statistics.Target} {statistics.Comment}"
            );
        }
        foreach (SequenceDescription sequence in table.Sequences)
        {
            yield return new($"sequence {sequence.Name}", Text(sequence));
        }
    }

    private static IEnumerable<CatalogFact> OfIncoming(TableDescription table) =>
        table.IncomingForeignKeys.Select(key => new CatalogFact(
            $"foreign key {key.Name} of {key.Table}",
            $"{key.Definition} (valid {key.IsValidated}) {key.Comment}"
        ));

    private static IEnumerable<CatalogFact> OfBehaviour(TableDescription table)
    {
        foreach (TriggerDescription trigger in table.Triggers)
        {
            yield return new(
                $"trigger {trigger.Name}",
                $"{trigger.DefinitionOn(table.Name)} ({trigger.Enabled}) {trigger.Comment}"
            );
        }
        foreach (RuleDescription rule in table.Rules)
        {
            yield return new($"rule {rule.Name}", Text(rule));
        }
        foreach (PolicyDescription policy in table.Policies)
        {
            yield return new($"policy {policy.Name}", Text(policy));
        }
        foreach (PublicationMembership publication in table.Publications)
        {
            string columns = publication.Columns is { } names ? List(names) : "all columns";
            yield return new(
                $"publication {publication.Publication} ({publication.Scope})",
                $"{columns} where {publication.RowFilter} via root {publication.ViaRoot}"
            );
        }
    }

    private static IEnumerable<CatalogFact> OfDependents(DependentObjects dependents)
    {
        foreach (ViewDescription view in dependents.Views)
        {
            yield return new($"view {view.Name}", Text(view));
        }
        foreach (RuleDescription rule in dependents.Rules)
        {
            yield return new($"rule {rule.Name} of {rule.Relation}", Text(rule));
        }
        foreach (PolicyDescription policy in dependents.Policies)
        {
            yield return new($"policy {policy.Name} of {policy.Table}", Text(policy));
        }
        foreach (FunctionDescription function in dependents.Functions)
        {
            yield return new(
                $"function {function.Name}({function.Arguments})",
                $"{function.Definition} owner {function.Owner} grants {Text(function.Access)} {function.Comment}"
            );
        }
        foreach (OtherDependent other in dependents.Others)
        {
            yield return new(other.Description, $"depends on {other.DependsOn}");
        }
    }

    private static string Text(ColumnDescription column, int position) =>
        $"""
            {position
                + 1} {column.Type} collate {column.Collation} default {column.Default} generated {column.Generation}
            {column.GenerationExpression} identity {column.Identity} not null {column.IsNotNull}
            storage {column.Storage} compression {column.Compression} statistics {column.StatisticsTarget}
            options {List(column.Options)} grants {Text(column.Grants)} {column.Comment}
            """;

    private static string Text(IndexDescription index, string relation)
    {
        string marks = $"valid {index.IsValid} clustered {index.IsClustered} identity {index.IsReplicaIdentity}";
        string targets = List(index.StatisticsTargets.Select(target => $"{target.Column}:{target.Target}"));
        string constraint = $"constraint {index.ConstraintName}";
        return $"{index.DefinitionOn(index.Name.Name, relation)} ({marks} {constraint} {targets}) {index.Comment}";
    }

    private static string Text(SequenceDescription sequence)
    {
        string use = $"owned by {sequence.OwnedByColumn} used by {List(sequence.UsedByColumns)}";
        string range =
            $"{sequence.DataType} {sequence.Start} {sequence.Increment} {sequence.Minimum} {sequence.Maximum}";
        string kind = $"identity {sequence.IsIdentity} cache {sequence.Cache} cycle {sequence.IsCycling}";
        return $"{use} {range} {kind} owner {sequence.Owner} {Text(sequence.Access)} {sequence.Comment}";
    }

    private static string Text(RuleDescription rule) => $"{rule.Definition} ({rule.Enabled}) {rule.Comment}";

    private static string Text(PolicyDescription policy)
    {
        string kind = policy.IsPermissive ? "permissive" : "restrictive";
        string roles = List(policy.Roles.Select(SqlText.Role));
        return $"{kind} {policy.Command} to {roles} using {policy.Using} check {policy.WithCheck} {policy.Comment}";
    }

    private static string Text(ViewDescription view)
    {
        IEnumerable<string> columns = view.Columns.Select(column =>
            $"{column.Name} {column.Default} {Text(column.Grants)} {column.StatisticsTarget} {column.Comment}"
        );
        IEnumerable<string> indexes = view.Indexes.Select(index => Text(index, view.Name.ToString()));
        string kind = view.IsMaterialized ? "materialized" : "plain";
        string where = $"{view.AccessMethod} {view.Tablespace} {List(view.Options)}";
        string whose = $"owner {view.Owner} {Text(view.Access)} {view.Comment}";
        return $"{kind} {view.Query} {where} {whose} columns {List(columns)} indexes {List(indexes)}";
    }

    // What nobody ever granted is the same when it is written out.
    private static string Text(AccessList access) => Text(access.Grants);

    private static string Text(ImmutableArray<Grant> grants) =>
        List(
            grants.Select(grant =>
                $"{grant.Privilege} to {SqlText.Role(grant.Grantee)}{(grant.IsGrantable ? " with grant option" : "")}"
                + $" by {SqlText.Name(grant.Grantor)}"
            )
        );

    private static string List(IEnumerable<string> items) => $"[{string.Join("; ", items)}]";
}
