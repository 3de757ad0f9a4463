// Where a statement runs, or why it does not.
using System.Collections.Immutable;
using Drover.Topology;

namespace Drover.Routing;

internal enum RouteKind
{
    /// <summary>On the first shard, which has what is on one server.</summary>
    Home,

    /// <summary>On exactly one shard.</summary>
    One,

    /// <summary>On whichever shard is at hand: all would give the same.</summary>
    Any,

    /// <summary>On some shards, not all.</summary>
    Many,

    /// <summary>On every shard: a scatter, a write of a reference table, a change of a schema.</summary>
    All,

    /// <summary>Nowhere: what would be right cannot be proved.</summary>
    Refused,
}

/// <summary>The decision on one statement with its values.</summary>
/// <param name="Kind">How many shards.</param>
/// <param name="Shard">
/// The shard's number for <see cref="RouteKind.Home"/> and <see cref="RouteKind.One"/>; for <see cref="RouteKind.Any"/>
/// that of the one that is best, or 0.
/// </param>
/// <param name="Shards">The shards' numbers for <see cref="RouteKind.Many"/> and <see cref="RouteKind.All"/>.</param>
/// <param name="Refusal">The reason for <see cref="RouteKind.Refused"/>.</param>
internal readonly record struct Route(RouteKind Kind, int Shard, ImmutableArray<int> Shards, RouteRefusal? Refusal)
{
    /// <summary>The shards' numbers, however many.</summary>
    public ImmutableArray<int> Numbers => Kind is RouteKind.Home or RouteKind.One ? [Shard] : Shards;

    /// <summary>
    /// Of a refused UPDATE that would change the sharding key of rows of one shard: which that is, and which they would
    /// belong on.
    /// </summary>
    public KeyMove? Move { get; init; }

    public static Route Home(int shard) => new(RouteKind.Home, shard, [], null);

    public static Route One(int shard) => new(RouteKind.One, shard, [], null);

    /// <summary>On exactly that shard, which may be the first.</summary>
    public static Route On(int shard, TopologySnapshot map) => shard == map.Home.Number ? Home(shard) : One(shard);

    /// <summary>On whichever is at hand, and else on this one.</summary>
    public static Route Best(int shard) => new(RouteKind.Any, shard, [], null);

    public static Route Any { get; } = new(RouteKind.Any, 0, [], null);

    public static Route Refused(RouteRefusal refusal) => new(RouteKind.Refused, 0, [], refusal);
}

/// <summary>Rows whose sharding key gets another value.</summary>
/// <param name="Table">Whose rows.</param>
/// <param name="From">The number of the shard that they are on.</param>
/// <param name="To">That of the new key's shard; it may be the same.</param>
internal sealed record KeyMove(ShardedTable Table, int From, int To);

/// <summary>An error for the client.</summary>
/// <param name="SqlState">As a rule 0A000, feature not supported.</param>
/// <param name="Message">What is wrong, in words.</param>
/// <param name="Detail">More of it.</param>
/// <param name="Hint">What would help.</param>
/// <param name="Context">Where it came up: a line of COPY's data.</param>
internal sealed record RouteRefusal(
    string SqlState,
    string Message,
    string? Detail = null,
    string? Hint = null,
    string? Context = null
);
