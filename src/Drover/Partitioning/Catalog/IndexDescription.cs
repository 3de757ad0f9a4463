// An index of a table or of a materialized view.
using System.Collections.Immutable;

namespace Drover.Partitioning.Catalog;

/// <summary><c>pg_index</c> with its <c>pg_class</c>.</summary>
internal sealed record IndexDescription
{
    public required uint Oid { get; init; }
    public required QualifiedName Name { get; init; }
    public required string Method { get; init; }

    /// <summary>From <c>USING</c> on, without tablespace and predicate.</summary>
    public required string Body { get; init; }
    public bool IsUnique { get; init; }
    public bool IsPrimary { get; init; }
    public bool IsExclusion { get; init; }
    public bool AreNullsDistinct { get; init; } = true;

    /// <summary>False: what a failed CREATE INDEX CONCURRENTLY left behind.</summary>
    public bool IsValid { get; init; } = true;

    /// <summary>False: the constraint behind it is deferrable, and it can be no ON CONFLICT arbiter.</summary>
    public bool IsImmediate { get; init; } = true;

    /// <summary><c>CLUSTER</c> remembers it.</summary>
    public bool IsClustered { get; init; }
    public bool IsReplicaIdentity { get; init; }

    /// <summary>Key columns in order; null stands for an expression.</summary>
    public required ImmutableArray<string?> Keys { get; init; }

    /// <summary>Columns by INCLUDE.</summary>
    public ImmutableArray<string> IncludedColumns { get; init; } = [];
    public string? Predicate { get; init; }

    /// <summary>Null: the database's default.</summary>
    public string? Tablespace { get; init; }
    public ImmutableArray<string> Options { get; init; } = [];
    public string? Comment { get; init; }

    /// <summary>The constraint that it stands behind, null if it is an index alone.</summary>
    public string? ConstraintName { get; init; }

    /// <summary>By <c>ALTER INDEX … ALTER COLUMN n SET STATISTICS</c>.</summary>
    public ImmutableArray<IndexStatistics> StatisticsTargets { get; init; } = [];
    public long SizeBytes { get; init; }

    /// <summary>An equal index on another relation.</summary>
    /// <param name="name">The new index's name.</param>
    /// <param name="relation">What it is made on; <c>ONLY</c> may stand before it.</param>
    /// <param name="isConcurrent">CREATE INDEX CONCURRENTLY.</param>
    public string DefinitionOn(string name, string relation, bool isConcurrent = false)
    {
        string unique = IsUnique ? "UNIQUE " : "";
        string concurrently = isConcurrent ? "CONCURRENTLY " : "";
        string tablespace = Tablespace is null ? "" : $" TABLESPACE {SqlText.Name(Tablespace)}";
        string where = Predicate is null ? "" : $" WHERE {Predicate}";
        return $"CREATE {unique}INDEX {concurrently}{SqlText.Name(name)} ON {relation} {Body}{tablespace}{where}";
    }

    /// <summary>Drover's own, of a conversion that is under way.</summary>
    public bool IsOwn => Name.Name.Contains(CatalogFacts.OwnMark, StringComparison.Ordinal);

    public bool HasExpressions => Keys.Contains(null);

    /// <summary>One row per key, over all rows: with not-null columns it can identify rows.</summary>
    public bool IsPlainUnique => IsUnique && IsValid && IsImmediate && Predicate is null && !HasExpressions;
}

/// <param name="Column">Counted from 1.</param>
/// <param name="Target">Its statistics target.</param>
internal sealed record IndexStatistics(int Column, int Target);
