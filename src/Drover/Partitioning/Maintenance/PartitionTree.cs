// A partitioned table with its partitions, as the catalogs have them at one moment. Pure data.
using Drover.Partitioning.Bounds;
using Drover.Partitioning.Catalog;

namespace Drover.Partitioning.Maintenance;

/// <summary>A table partitioned by range over one column.</summary>
internal sealed record PartitionTree
{
    /// <summary>The table.</summary>
    public required QualifiedName Table { get; init; }

    /// <summary>Its oid.</summary>
    public required uint Oid { get; init; }

    /// <summary>The key's column, unquoted.</summary>
    public required string KeyColumn { get; init; }

    /// <summary>The key's type.</summary>
    public required PartitionKeyKind Kind { get; init; }

    /// <summary>The owner, unquoted.</summary>
    public required string Owner { get; init; }

    /// <summary><c>pg_class.relreplident</c>: d, n, f or i.</summary>
    public required char ReplicaIdentity { get; init; }

    /// <summary>Whether row security is on.</summary>
    public bool HasRowSecurity { get; init; }

    /// <summary>Whether it holds for the owner too.</summary>
    public bool ForcesRowSecurity { get; init; }

    /// <summary>Where new partitions lie; null: the database's default.</summary>
    public string? Tablespace { get; init; }

    /// <summary>GRANT statements that give another table the same privileges; <c>%s</c> stands for its name.</summary>
    public IReadOnlyList<string> Grants { get; init; } = [];

    /// <summary>Columns that can be written, in order, unquoted: all but generated ones.</summary>
    public IReadOnlyList<string> Columns { get; init; } = [];

    /// <summary>The server's clock.</summary>
    public required DateTimeOffset ServerNow { get; init; }

    /// <summary>The partitions, default included.</summary>
    public IReadOnlyList<Partition> Partitions { get; init; } = [];

    /// <summary>Tables with foreign keys to this one, and the keys' names.</summary>
    public IReadOnlyList<string> IncomingForeignKeys { get; init; } = [];

    /// <summary>Tables that this one's foreign keys point to.</summary>
    public IReadOnlyList<string> ReferencedTables { get; init; } = [];

    /// <summary>The default partition.</summary>
    public Partition? Default => Partitions.FirstOrDefault(partition => partition.IsDefault);

    /// <summary>Partitions with a range, lowest first.</summary>
    public IEnumerable<Partition> Ranges =>
        Partitions.Where(partition => partition.Range is not null).OrderBy(partition => partition.Range!.Value.From);

    /// <summary>The one that new partitions take their storage options and comment from.</summary>
    public Partition? Newest =>
        Ranges.LastOrDefault(partition => partition is { IsTable: true, IsDetachPending: false });
}

/// <summary>One partition.</summary>
internal sealed record Partition
{
    /// <summary>Its oid.</summary>
    public required uint Oid { get; init; }

    /// <summary>Its name.</summary>
    public required QualifiedName Name { get; init; }

    /// <summary>What it holds; null for the default partition.</summary>
    public PartitionRange? Range { get; init; }

    /// <summary>Whether it is the default partition.</summary>
    public bool IsDefault => Range is null;

    /// <summary>False: a foreign table, or partitioned itself.</summary>
    public bool IsTable { get; init; } = true;

    /// <summary>A concurrent detach was interrupted.</summary>
    public bool IsDetachPending { get; init; }

    /// <summary>The owner, unquoted.</summary>
    public string Owner { get; init; } = "";

    /// <summary><c>pg_class.relreplident</c>: d, n, f or i.</summary>
    public char ReplicaIdentity { get; init; } = 'd';

    /// <summary>Storage options such as <c>fillfactor=70</c>.</summary>
    public IReadOnlyList<string> Options { get; init; } = [];

    /// <summary>Row security of the partition itself, for those who name it.</summary>
    public bool HasRowSecurity { get; init; }

    /// <summary>The table's comment.</summary>
    public string? Comment { get; init; }

    /// <summary>Rows by the statistics; -1 when never analysed.</summary>
    public double EstimatedRows { get; init; }

    /// <summary>With indexes and TOAST.</summary>
    public long Bytes { get; init; }
}
