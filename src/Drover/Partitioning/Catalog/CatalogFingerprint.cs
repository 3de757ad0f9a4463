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
        Dictionary<string, string> old = InOrder(before).ToDictionary(fact => fact.Subject, fact => fact.Text);
        List<string> sentences = [];
        foreach (CatalogFact fact in InOrder(after))
        {
            if (!old.Remove(fact.Subject, out string? was))
            {
                sentences.Add($"{fact.Subject} was added: {OneLine(fact.Text)}");
            }
            else if (was != fact.Text)
            {
                sentences.Add($"{fact.Subject} was changed from {OneLine(was)} to {OneLine(fact.Text)}");
            }
        }
        sentences.AddRange(old.Keys.Order(StringComparer.Ordinal).Select(subject => $"{subject} was dropped"));
        return sentences;
    }

    // Facts about the same subject, which is rare, are one.
    private static IEnumerable<CatalogFact> InOrder(TableDescription table) =>
        CatalogFacts
            .Of(table)
            .GroupBy(fact => fact.Subject, fact => fact.Text, StringComparer.Ordinal)
            .OrderBy(group => group.Key, StringComparer.Ordinal)
            .Select(group => new CatalogFact(group.Key, string.Join(" and ", group)));

    private static string OneLine(string text) =>
        string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
}
