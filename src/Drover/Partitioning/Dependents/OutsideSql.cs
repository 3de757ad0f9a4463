// Rules and policies of other relations that read or write the table.
using System.Collections.Immutable;
using Drover.Partitioning.Catalog;

namespace Drover.Partitioning.Dependents;

internal static class OutsideSql
{
    /// <summary>Replaces them in place: their enabled state, roles, kind and comments stay.</summary>
    public static IEnumerable<string> Replace(
        ImmutableArray<RuleDescription> rules,
        ImmutableArray<PolicyDescription> policies
    ) => rules.Select(Replace).Concat(policies.Select(Replace));

    private static string Replace(RuleDescription rule)
    {
        const string Create = "CREATE RULE ";
        return rule.Definition.StartsWith(Create, StringComparison.Ordinal)
            ? SqlText.Execute($"CREATE OR REPLACE RULE {rule.Definition[Create.Length..]}")
            : throw new InvalidOperationException($"a rule's definition begins otherwise: {rule.Definition}");
    }

    private static string Replace(PolicyDescription policy) =>
        $"ALTER POLICY {SqlText.Name(policy.Name)} ON {policy.Table}"
        + (policy.Using is null ? "" : $" USING ({policy.Using})")
        + (policy.WithCheck is null ? "" : $" WITH CHECK ({policy.WithCheck})");
}
