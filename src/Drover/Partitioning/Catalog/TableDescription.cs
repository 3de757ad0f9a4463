// A table as the catalogs describe it at one moment, with all that hangs on it. Pure data; nothing here asks a server.
using System.Collections.Immutable;

namespace Drover.Partitioning.Catalog;

/// <summary>
/// Read by TableCatalog in one snapshot. Expressions and definitions are PostgreSQL's own texts
/// (<c>pg_get_expr</c> and its kin) made under an empty <c>search_path</c>, so every name in them is qualified.
/// </summary>
internal sealed record TableDescription
{
    /// <summary>15 to 18: what the texts below may contain depends on it.</summary>
    public required int ServerMajor { get; init; }
    public required uint Oid { get; init; }
    public required QualifiedName Name { get; init; }
    public required RelationKind Kind { get; init; }
    public required Persistence Persistence { get; init; }

    /// <summary>Unquoted, as every role name here.</summary>
    public required string Owner { get; init; }
    public required AccessList Access { get; init; }

    /// <summary><c>heap</c>, as a rule.</summary>
    public required string AccessMethod { get; init; }

    /// <summary>Its rows lie in blocks, and a ctid says where.</summary>
    public bool IsHeap => AccessMethod == "heap";

    /// <summary>Null: the database's default.</summary>
    public string? Tablespace { get; init; }

    /// <summary><c>fillfactor=70</c> and the like; a partitioned table takes none, its partitions do.</summary>
    public ImmutableArray<string> Options { get; init; } = [];

    /// <summary>Without the prefix <c>toast.</c>.</summary>
    public ImmutableArray<string> ToastOptions { get; init; } = [];
    public string? Comment { get; init; }
    public bool IsRowSecurityEnabled { get; init; }
    public bool IsRowSecurityForced { get; init; }
    public ReplicaIdentity ReplicaIdentity { get; init; }

    /// <summary>The table is itself a partition of another.</summary>
    public bool IsPartition { get; init; }

    /// <summary>Tables that it inherits from, partitioned parents included.</summary>
    public ImmutableArray<QualifiedName> Parents { get; init; } = [];

    /// <summary>Tables that inherit from it.</summary>
    public ImmutableArray<QualifiedName> Children { get; init; } = [];

    /// <summary><c>CREATE TABLE … OF type</c>; null for nearly all tables.</summary>
    public string? OfType { get; init; }

    /// <summary>The extension that owns the table, or null.</summary>
    public string? Extension { get; init; }

    /// <summary>It lies in <c>pg_catalog</c>, <c>information_schema</c> or <c>pg_toast</c>.</summary>
    public bool IsSystem { get; init; }
    public ImmutableArray<SecurityLabel> SecurityLabels { get; init; } = [];

    /// <summary>In the table's own order, without dropped columns.</summary>
    public required ImmutableArray<ColumnDescription> Columns { get; init; }
    public ImmutableArray<ConstraintDescription> Constraints { get; init; } = [];
    public ImmutableArray<IndexDescription> Indexes { get; init; } = [];
    public ImmutableArray<IncomingForeignKey> IncomingForeignKeys { get; init; } = [];
    public ImmutableArray<TriggerDescription> Triggers { get; init; } = [];
    public ImmutableArray<RuleDescription> Rules { get; init; } = [];
    public ImmutableArray<PolicyDescription> Policies { get; init; } = [];
    public ImmutableArray<PublicationMembership> Publications { get; init; } = [];
    public ImmutableArray<StatisticsDescription> Statistics { get; init; } = [];
    public ImmutableArray<SequenceDescription> Sequences { get; init; } = [];
    public required DependentObjects Dependents { get; init; }
    public required TableSize Size { get; init; }

    /// <summary>
    /// Roles, or PUBLIC, that a table made by the connected role in this schema would get grants for by
    /// <c>ALTER DEFAULT PRIVILEGES</c>: to be revoked from a new table before the old one's grants are given.
    /// </summary>
    public ImmutableArray<string> DefaultPrivilegeGrantees { get; init; } = [];

    public ConstraintDescription? PrimaryKey =>
        Constraints.FirstOrDefault(constraint => constraint.Kind == ConstraintKind.PrimaryKey);

    /// <summary>Without the indexes and checks that a conversion has put on it.</summary>
    public TableDescription WithoutOwnObjects() =>
        this with
        {
            Indexes = [.. Indexes.Where(index => !index.IsOwn)],
            Constraints =
            [
                .. Constraints.Where(constraint =>
                    !constraint.Name.Contains(CatalogFacts.OwnMark, StringComparison.Ordinal)
                ),
            ],
        };

    public ColumnDescription? FindColumn(string name) => Columns.FirstOrDefault(column => column.Name == name);

    public IndexDescription? FindIndex(string name) => Indexes.FirstOrDefault(index => index.Name.Name == name);
}

/// <summary><c>pg_class.relkind</c>.</summary>
internal enum RelationKind
{
    Table,
    PartitionedTable,
    View,
    MaterializedView,
    ForeignTable,
    CompositeType,
    Sequence,
    Other,
}

/// <summary><c>pg_class.relpersistence</c>.</summary>
internal enum Persistence
{
    Permanent,
    Unlogged,
    Temporary,
}

/// <summary><c>pg_class.relreplident</c>; which index, says <see cref="IndexDescription.IsReplicaIdentity"/>.</summary>
internal enum ReplicaIdentity
{
    Default,
    Nothing,
    Full,
    Index,
}

/// <param name="Provider">The label provider, such as <c>selinux</c> or <c>anon</c>.</param>
/// <param name="Label">Its text.</param>
/// <param name="Column">Null: the label is the table's.</param>
internal sealed record SecurityLabel(string Provider, string Label, string? Column);

/// <summary>Estimates of the moment; no part of the fingerprint.</summary>
internal sealed record TableSize
{
    /// <summary><c>reltuples</c>; -1 if never vacuumed or analysed.</summary>
    public required double EstimatedRows { get; init; }

    /// <summary>Blocks of the main fork now, not <c>relpages</c>.</summary>
    public required long Blocks { get; init; }
    public required long HeapBytes { get; init; }
    public required long ToastBytes { get; init; }
    public required long IndexBytes { get; init; }

    public long TotalBytes => HeapBytes + ToastBytes + IndexBytes;
}
