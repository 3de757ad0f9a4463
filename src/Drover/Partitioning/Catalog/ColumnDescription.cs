// A column of a table.
using System.Collections.Immutable;

namespace Drover.Partitioning.Catalog;

/// <summary><c>pg_attribute</c> with what hangs on it.</summary>
internal sealed record ColumnDescription
{
    /// <summary><c>attnum</c>: dropped columns leave gaps, so two tables with equal columns may differ in it.</summary>
    public required short Number { get; init; }
    public required string Name { get; init; }

    /// <summary>Ready for DDL, with its modifier: <c>numeric(10,2)</c>, <c>public.mood[]</c>.</summary>
    public required string Type { get; init; }
    public required uint TypeOid { get; init; }

    /// <summary>The type behind domains, without modifier: <c>timestamp with time zone</c>.</summary>
    public required string BaseType { get; init; }

    /// <summary>Ready for DDL; null where it is the type's own.</summary>
    public string? Collation { get; init; }

    /// <summary>The default's expression, null if there is none or the column is generated.</summary>
    public string? Default { get; init; }
    public Generation Generation { get; init; }

    /// <summary>What a generated column is made of.</summary>
    public string? GenerationExpression { get; init; }
    public IdentityKind Identity { get; init; }
    public bool IsNotNull { get; init; }

    /// <summary><c>PLAIN</c>, <c>EXTERNAL</c>, <c>EXTENDED</c>, <c>MAIN</c>; null if it is the type's own.</summary>
    public string? Storage { get; init; }

    /// <summary><c>pglz</c> or <c>lz4</c>; null: <c>default_toast_compression</c>.</summary>
    public string? Compression { get; init; }

    /// <summary>Null: <c>default_statistics_target</c>.</summary>
    public int? StatisticsTarget { get; init; }

    /// <summary><c>n_distinct=…</c> and the like.</summary>
    public ImmutableArray<string> Options { get; init; } = [];
    public string? Comment { get; init; }

    /// <summary>Grants on this column alone; empty as a rule.</summary>
    public ImmutableArray<Grant> Grants { get; init; } = [];

    /// <summary>Writers may not name it in an INSERT's target list, except as DEFAULT.</summary>
    public bool IsGenerated => Generation != Generation.None;
}

/// <summary><c>pg_attribute.attgenerated</c>; virtual columns exist since PostgreSQL 18.</summary>
internal enum Generation
{
    None,
    Stored,
    Virtual,
}

/// <summary><c>pg_attribute.attidentity</c>.</summary>
internal enum IdentityKind
{
    None,
    Always,
    ByDefault,
}
