// Whether a table is still what it was when the plan was made, and if not, in words what has changed.
using System.Security.Cryptography;
using System.Text;

namespace Drover.Partitioning.Catalog;

/// <summary>A stable hash over the facts of a description, and the difference of two descriptions.</summary>
internal static class CatalogFingerprint
{
    /// <summary>32 hexadecimal digits; equal for equal facts, on every machine.</summary>
    public static string Of(TableDescription table)
    {
        StringBuilder text = new();
        foreach (CatalogFact fact in InOrder(table))
        {
            // Lengths keep two facts from looking like one.
            text.Append(fact.Subject.Length).Append(':').Append(fact.Subject);
            text.Append(fact.Text.Length).Append(':').Append(fact.Text);
        }
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())))[..32];
    }

    /// <summary>
    /// One sentence for each fact that was added, dropped or changed; empty exactly when the fingerprints are equal.
    /// </summary>
    public static IReadOnlyList<string> Difference(TableDescription before, TableDescription after)
    {
        return [.. Changes(FactsOf(before), after).Select(change => change.ToString())];
    }

    /// <summary>All facts by their subjects: what a later description can be compared with.</summary>
    public static Dictionary<string, string> FactsOf(TableDescription table) =>
        InOrder(table).ToDictionary(fact => fact.Subject, fact => fact.Text);

    /// <summary>What is another since these facts; empty exactly when the fingerprints are equal.</summary>
    public static IReadOnlyList<CatalogChange> Changes(
        IReadOnlyDictionary<string, string> before,
        TableDescription after
    )
    {
        Dictionary<string, string> old = new(before, StringComparer.Ordinal);
        List<CatalogChange> changes = [];
        foreach (CatalogFact fact in InOrder(after))
        {
            old.Remove(fact.Subject, out string? was);
            if (was != fact.Text)
            {
                changes.Add(new CatalogChange(fact.Subject, was, fact.Text));
            }
        }
        changes.AddRange(
            old.OrderBy(fact => fact.Key, StringComparer.Ordinal)
                .Select(fact => new CatalogChange(fact.Key, fact.Value, null))
        );
        return changes;
    }

    // Facts about the same subject, which is rare, are one.
    private static IEnumerable<CatalogFact> InOrder(TableDescription table) =>
        CatalogFacts
            .Of(table)
            .GroupBy(fact => fact.Subject, fact => fact.Text, StringComparer.Ordinal)
            .OrderBy(group => group.Key, StringComparer.Ordinal)
            .Select(group => new CatalogFact(group.Key, string.Join(" and ", group)));
}

/// <summary>A fact that is another than it was.</summary>
/// <param name="Subject">What it is about: <c>index orders_status_idx</c>.</param>
/// <param name="Before">What it was; null: it was not there.</param>
/// <param name="After">What it is; null: it is not there any more.</param>
internal sealed record CatalogChange(string Subject, string? Before, string? After)
{
    /// <summary>In a sentence.</summary>
    public override string ToString() =>
        Before is null ? $"{Subject} was added: {OneLine(After!)}"
        : After is null ? $"{Subject} was dropped"
        : $"{Subject} was changed from {OneLine(Before)} to {OneLine(After)}";

    private static string OneLine(string text) =>
        string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
}
