// The two tables of a conversion as every step sees them: names, columns, what identifies a row.
using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Drover.Partitioning.Catalog;

namespace Drover.Partitioning.Conversion;

/// <summary>
/// Pure data, kept with the plan. A row's <em>identity</em> is the source's primary key (or another unique key without
/// holes); its <em>place</em>, the target's primary key, is the identity with the partition key.
/// </summary>
internal sealed record ConversionLayout
{
    /// <summary>The table under its own name: the source before the cut-over, the partitioned one after it.</summary>
    public required QualifiedName Table { get; init; }

    /// <summary>The source's OID; the run's own objects in schema <c>drover</c> have it in their names.</summary>
    public required uint Oid { get; init; }

    /// <summary>Who owns the table, and so everything that the conversion makes.</summary>
    public required string Owner { get; init; }

    /// <summary>All columns in the table's order.</summary>
    public required ImmutableArray<ConversionColumn> Columns { get; init; }

    /// <summary>Names of the columns that identify a row, in their key's order.</summary>
    public required ImmutableArray<string> Identity { get; init; }

    /// <summary>The column that the target is partitioned by.</summary>
    public required string Key { get; init; }

    /// <summary>
    /// Columns of any unique index of the source or the target. A change of one may meet another row, so the mirror
    /// takes the row out and puts it in again where a conflict is seen without an error.
    /// </summary>
    public required ImmutableArray<string> UniqueColumns { get; init; }

    /// <summary>
    /// What the old table is called as the first partition, when it is attached in place of being copied; else null.
    /// </summary>
    public string? FirstPartition { get; init; }

    /// <summary>The name of the partitioned table while it does not have the table's.</summary>
    [JsonIgnore]
    public QualifiedName NewTable => Table.WithName(Bounds.PartitionName.Fit(Table.Name, "__drover_new"));

    /// <summary>The name of the old table once it has lost its own.</summary>
    [JsonIgnore]
    public QualifiedName OldTable =>
        Table.WithName(FirstPartition ?? Bounds.PartitionName.Fit(Table.Name, "__drover_old"));

    /// <summary>Identities of rows that the mirror could not move from exactly the old row to exactly the new
    /// one.</summary>
    [JsonIgnore]
    public QualifiedName KeyLog => new("drover", $"keys_{Oid}");

    /// <summary>The mirror's function.</summary>
    [JsonIgnore]
    public QualifiedName MirrorFunction => new("drover", $"mirror_{Oid}");

    /// <summary>The function behind TRUNCATE.</summary>
    [JsonIgnore]
    public QualifiedName TruncateFunction => new("drover", $"mirror_truncate_{Oid}");

    /// <summary>The function that makes a noted row equal at the end of the transaction that noted it.</summary>
    [JsonIgnore]
    public QualifiedName SettleFunction => new("drover", $"settle_{Oid}");

    /// <summary>Columns that are written: all but the generated ones.</summary>
    [JsonIgnore]
    public IEnumerable<ConversionColumn> Written => Columns.Where(column => !column.IsGenerated);

    /// <summary>The identity, and the key where it is not part of that.</summary>
    [JsonIgnore]
    public IEnumerable<string> Place => Identity.Contains(Key) ? Identity : Identity.Append(Key);

    /// <summary>The key log's columns for the identity: k1, k2 …</summary>
    [JsonIgnore]
    public IEnumerable<string> LogColumns => Identity.Select((_, index) => $"k{index + 1}");

    /// <summary>A column by its name.</summary>
    public ConversionColumn Column(string name) => Columns.First(column => column.Name == name);
}

/// <summary>One column.</summary>
internal sealed record ConversionColumn
{
    /// <summary>Unquoted.</summary>
    public required string Name { get; init; }

    /// <summary>Ready for DDL.</summary>
    public required string Type { get; init; }

    /// <summary>Nobody may write it.</summary>
    public bool IsGenerated { get; init; }

    /// <summary>It has no place on disk; there is nothing to compare.</summary>
    public bool IsVirtual { get; init; }

    /// <summary>GENERATED ALWAYS AS IDENTITY: an UPDATE may not set it.</summary>
    public bool IsIdentityAlways { get; init; }

    /// <summary>The type behind domains, as <see cref="ColumnDescription.BaseType"/>; empty: not known.</summary>
    public string BaseType { get; init; } = "";

    /// <summary>It may hold NULL.</summary>
    public bool IsNullable { get; init; } = true;

    /// <summary>
    /// What is hashed in place of the value, with <c>{0}</c> for the column: equal only when the value's image is
    /// equal.
    /// </summary>
    public string Digest { get; init; } = "{0}";
}
