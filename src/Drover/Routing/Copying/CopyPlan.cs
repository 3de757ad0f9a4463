// What a COPY says of its data, and where in a row the sharding key stands.
using System.Collections.Immutable;
using Drover.Routing.Keys;
using Drover.Topology;

namespace Drover.Routing.Copying;

internal enum CopyFormat
{
    Text,
    Csv,
    Binary,
}

/// <summary>How the data is written: COPY's options, in the bytes that the data has.</summary>
/// <remarks>https://www.postgresql.org/docs/18/sql-copy.html</remarks>
internal sealed record CopyForm
{
    public CopyFormat Format { get; init; }

    /// <summary>The first line names the columns.</summary>
    public bool HasHeader { get; init; }

    public byte Delimiter { get; init; } = (byte)'\t';

    public byte Quote { get; init; } = (byte)'"';

    public byte Escape { get; init; } = (byte)'"';

    /// <summary>What stands for NULL.</summary>
    public byte[] Null { get; init; } = "\\N"u8.ToArray();

    /// <summary>What stands for a column's default; null where nothing does.</summary>
    public byte[]? Default { get; init; }

    /// <summary>Columns that are never NULL; null: all.</summary>
    public ImmutableArray<string>? ForceNotNull { get; init; } = [];

    /// <summary>Columns that are NULL in quotes as well; null: all.</summary>
    public ImmutableArray<string>? ForceNull { get; init; } = [];
}

/// <summary>COPY of a table that is on several shards.</summary>
internal sealed record CopyPlan
{
    public required CopyForm Form { get; init; }

    /// <summary>The table, for messages.</summary>
    public required string Table { get; init; }

    /// <summary>COPY FROM STDIN.</summary>
    public required bool IsFrom { get; init; }

    /// <summary>The columns of a row, in order.</summary>
    public ImmutableArray<string> Columns { get; init; } = [];

    /// <summary>The statement names them itself.</summary>
    public bool NamesColumns { get; init; }

    /// <summary>Where the rows go; null: each goes everywhere, or they are read.</summary>
    public CopyKey? Key { get; init; }
}

/// <summary>The sharding key in the rows of a COPY.</summary>
/// <param name="Sharded">The table that has it.</param>
/// <param name="Group">Its colocation group.</param>
/// <param name="Index">The column's place in a row.</param>
/// <param name="IsForcedNull">FORCE_NULL names it.</param>
/// <param name="IsForcedNotNull">FORCE_NOT_NULL names it.</param>
internal sealed record CopyKey(
    ShardedTable Sharded,
    ColocationGroup Group,
    int Index,
    bool IsForcedNull,
    bool IsForcedNotNull
)
{
    /// <summary>What it becomes.</summary>
    public KeyTarget Target => KeyTarget.In(Group, Sharded.KeyTypeModifier);
}
