// What one shard's catalogs say of a table that is to be declared.
using Drover.Topology;

namespace Drover.Sharding.Declaring;

/// <summary>The column that is to be the sharding key.</summary>
/// <param name="Name">Its name.</param>
/// <param name="TypeOid">Its type.</param>
/// <param name="TypeName">Its type as SQL writes it.</param>
/// <param name="TypeModifier">Its type's modifier; -1 for none.</param>
/// <param name="IsNotNull">True when NULL is refused.</param>
/// <param name="IsGenerated">True for GENERATED … STORED or VIRTUAL.</param>
/// <param name="IsDeterministic">False when strings that differ may be equal under its collation.</param>
/// <param name="IsByBytes">False when its collation puts strings in another order than their bytes are in.</param>
internal sealed record KeyColumnFacts(
    string Name,
    uint TypeOid,
    string TypeName,
    int TypeModifier,
    bool IsNotNull,
    bool IsGenerated,
    bool IsDeterministic,
    bool IsByBytes
);

/// <summary>A unique index, primary key or exclusion constraint.</summary>
/// <param name="Name">The index's name.</param>
/// <param name="HasKey">True when the sharding key is one of its plain columns, compared for equality.</param>
internal sealed record UniqueFacts(string Name, bool HasKey);

/// <summary>A foreign key from or to the table.</summary>
/// <param name="Name">The constraint's name.</param>
/// <param name="Other">The table at the other end.</param>
/// <param name="ColumnPairs">Column here and column there, in pairs.</param>
internal sealed record ForeignKeyFacts(string Name, TableName Other, (string Here, string There)[] ColumnPairs);

/// <summary>A sequence that a column's default or identity takes its values from.</summary>
/// <param name="Name">Schema and name, quoted.</param>
/// <param name="Column">The column.</param>
/// <param name="IsBigint">True when the column has room for eight bytes.</param>
internal sealed record SequenceFacts(string Name, string Column, bool IsBigint);

/// <summary>All that the rules ask for.</summary>
internal sealed record TableFacts
{
    /// <summary>The table.</summary>
    public required TableName Name { get; init; }

    /// <summary>Its name in SQL.</summary>
    public required string Quoted { get; init; }

    /// <summary>pg_class.relkind.</summary>
    public required char Kind { get; init; }

    /// <summary>True for a temporary table.</summary>
    public required bool IsTemporary { get; init; }

    /// <summary>True for a partition, or one that inherits.</summary>
    public required bool IsChild { get; init; }

    /// <summary>True when another table inherits from it, and it is not partitioned.</summary>
    public required bool HasHeirs { get; init; }

    /// <summary>True when there is at least one row.</summary>
    public required bool HasRows { get; init; }

    /// <summary>The same on two servers when columns, types, collations, defaults and constraints are.</summary>
    public required string Fingerprint { get; init; }

    /// <summary>The key, when it is asked for and there is such a column.</summary>
    public KeyColumnFacts? Key { get; init; }

    /// <summary>Names of the columns.</summary>
    public string[] Columns { get; init; } = [];

    /// <summary>What must be unique.</summary>
    public UniqueFacts[] Unique { get; init; } = [];

    /// <summary>Foreign keys of this table.</summary>
    public ForeignKeyFacts[] ForeignKeys { get; init; } = [];

    /// <summary>Foreign keys of other tables that point here.</summary>
    public ForeignKeyFacts[] Incoming { get; init; } = [];

    /// <summary>Sequences behind its columns.</summary>
    public SequenceFacts[] Sequences { get; init; } = [];
}
