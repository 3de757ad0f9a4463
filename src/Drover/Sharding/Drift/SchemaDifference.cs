// What one shard has otherwise than the others, and how that is mended.
using System.Collections.Immutable;

namespace Drover.Sharding.Drift;

internal enum DifferenceKind
{
    /// <summary>The others have it.</summary>
    Missing,

    /// <summary>The others do not have it.</summary>
    Extra,

    /// <summary>The others have another one.</summary>
    Other,

    /// <summary>It is there and of no use: an index that was not finished.</summary>
    Invalid,
}

/// <summary>One difference of one shard.</summary>
/// <param name="Shard">The shard's name.</param>
/// <param name="Kind">What is different.</param>
/// <param name="Thing">What it is, in PostgreSQL's words.</param>
/// <param name="Name">Its name.</param>
/// <param name="Here">Its definition on this shard; null if it is not there.</param>
/// <param name="Elsewhere">Its definition on the others; null if it is not there.</param>
/// <param name="Mend">Statements to run on this shard, in this order; none if no statement helps.</param>
/// <param name="Advice">What to do where no statement helps.</param>
internal sealed record SchemaDifference(
    string Shard,
    DifferenceKind Kind,
    string Thing,
    string Name,
    string? Here,
    string? Elsewhere,
    ImmutableArray<string> Mend,
    string? Advice
)
{
    /// <summary>In words.</summary>
    public string Summary =>
        $"{Thing} {Name} "
        + Kind switch
        {
            DifferenceKind.Missing => $"is missing on {Shard}",
            DifferenceKind.Extra => $"is on {Shard} only",
            DifferenceKind.Invalid => $"is invalid on {Shard}",
            _ => $"is another one on {Shard}",
        };
}
