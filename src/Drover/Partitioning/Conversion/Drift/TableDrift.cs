// What was changed on the source since it was last looked at, and which of it the run can take over.
using System.Collections.Immutable;
using Drover.Partitioning.Catalog;
using Drover.Partitioning.Preflight;

namespace Drover.Partitioning.Conversion.Drift;

/// <summary>Changes of the source's catalogs, sorted.</summary>
internal sealed record TableDrift
{
    /// <summary>All changes, in sentences.</summary>
    public required ImmutableArray<string> Changes { get; init; }

    /// <summary>Those that the run cannot take over.</summary>
    public required ImmutableArray<string> Obstacles { get; init; }

    /// <summary>Columns to be added to the target.</summary>
    public ImmutableArray<ColumnDescription> Columns { get; init; } = [];

    /// <summary>Names of indexes that the source has no more, or others of that name.</summary>
    public ImmutableArray<string> GoneIndexes { get; init; } = [];

    /// <summary>Nothing was changed.</summary>
    public bool IsNone => Changes.IsEmpty;

    /// <summary>Compares a table with the facts that are known of it.</summary>
    /// <param name="facts">As <see cref="CatalogFingerprint.FactsOf"/> gave them.</param>
    /// <param name="table">The source as it is now.</param>
    /// <param name="layout">The tables as the run knows them.</param>
    /// <param name="allowed">Consents that were given.</param>
    public static TableDrift Of(
        IReadOnlyDictionary<string, string> facts,
        TableDescription table,
        ConversionLayout layout,
        IReadOnlyList<string> allowed
    )
    {
        DriftSorting sorting = new(table, layout, allowed);
        IReadOnlyList<CatalogChange> changes = CatalogFingerprint.Changes(facts, table);
        List<string> obstacles = [];
        foreach (CatalogChange change in changes)
        {
            if (sorting.FindObstacle(change) is { } reason)
            {
                obstacles.Add(reason.Length == 0 ? change.ToString() : $"{change} ({reason})");
            }
        }
        if (changes.Count > 0 && !IdentityStands(table, layout))
        {
            obstacles.Add($"rows were told apart by ({string.Join(", ", layout.Identity)}), and are no more");
        }
        return new TableDrift
        {
            Changes = [.. changes.Select(change => change.ToString())],
            Obstacles = [.. obstacles],
            Columns = [.. sorting.Columns],
            GoneIndexes = [.. sorting.GoneIndexes],
        };
    }

    private static bool IdentityStands(TableDescription table, ConversionLayout layout) =>
        LayoutReader.FindIdentity(table) is { } identity && identity.Keys.SequenceEqual(layout.Identity);
}

/// <summary>Looks at one change after the other.</summary>
internal sealed class DriftSorting(TableDescription table, ConversionLayout layout, IReadOnlyList<string> allowed)
{
    private const string Column = "column ";
    private const string Index = "index ";
    private const string Constraint = "constraint ";

    /// <summary>Columns that were added and can be taken over.</summary>
    public List<ColumnDescription> Columns { get; } = [];

    /// <summary>Indexes whose equals on the target must go.</summary>
    public List<string> GoneIndexes { get; } = [];

    /// <summary>Null: the change can be taken over. Else why not; empty where the change says it all.</summary>
    public string? FindObstacle(CatalogChange change) =>
        Rest(change, Column) is { } column ? OfColumn(change, column)
        : Rest(change, Index) is { } index ? OfIndex(change, index)
        : Rest(change, Constraint) is { } constraint ? OfConstraint(change, constraint)
        : "";

    private static string? Rest(CatalogChange change, string kind) =>
        change.Subject.StartsWith(kind, StringComparison.Ordinal) ? change.Subject[kind.Length..] : null;

    private string? OfColumn(CatalogChange change, string name)
    {
        if (change.Before is not null || table.FindColumn(name) is not { } column)
        {
            return "";
        }
        if (column.IsGenerated || column.Identity != IdentityKind.None)
        {
            return "it is generated";
        }
        Columns.Add(column);
        return null;
    }

    private string? OfIndex(CatalogChange change, string name)
    {
        if (change.Before is { } before)
        {
            if (before.Contains($"({SqlText.Names(layout.Identity)})", StringComparison.Ordinal) && IsUnique(before))
            {
                return "it may be the one that tells rows apart";
            }
            GoneIndexes.Add(name);
        }
        return table.FindIndex(name) switch
        {
            // What a CREATE INDEX CONCURRENTLY has not done yet, or never will, is not carried over.
            null or { IsValid: false } => null,
            { IsExclusion: true } or { IsPrimary: true } or { IsImmediate: false } or { IsReplicaIdentity: true } => "",
            { IsUnique: true } unique
                when !unique.Keys.Contains(layout.Key) && !allowed.Contains(Consent.WeakenUniqueKeys) =>
                $"it would need --allow {Consent.WeakenUniqueKeys}",
            _ => null,
        };
    }

    private string? OfConstraint(CatalogChange change, string name)
    {
        if (change.After is null)
        {
            return change.Before!.StartsWith("UNIQUE", StringComparison.Ordinal) ? null : "";
        }
        ConstraintDescription? now = table.Constraints.FirstOrDefault(constraint => constraint.Name == name);
        return now switch
        {
            { Kind: ConstraintKind.Unique, IsTemporal: false, IsDeferrable: false } => null,
            // Of a column that was added NOT NULL; PostgreSQL 18 lists it.
            { Kind: ConstraintKind.NotNull, IsValidated: true, Columns: [string only] }
                when change.Before is null && !layout.Columns.Any(column => column.Name == only) => null,
            _ => "",
        };
    }

    private static bool IsUnique(string fact) => fact.StartsWith("CREATE UNIQUE", StringComparison.Ordinal);
}
