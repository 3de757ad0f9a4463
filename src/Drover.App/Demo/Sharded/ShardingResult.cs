// What became of the shop on several servers.
using System.Text.Json.Serialization;

namespace Drover.App.Demo.Sharded;

/// <summary>The figures of the sharded scene.</summary>
internal sealed record ShardingResult
{
    /// <summary>Rows that came in by COPY through the proxy.</summary>
    public required long RowsLoaded { get; init; }

    /// <summary>Seconds that this took.</summary>
    public required double LoadSeconds { get; init; }

    /// <summary>Statements that one shard answered.</summary>
    public required long SingleShardStatements { get; init; }

    /// <summary>Statements that several shards answered, put together by the proxy.</summary>
    public required long MergedStatements { get; init; }

    /// <summary>Statements that went to the coordinator.</summary>
    public required long CoordinatorStatements { get; init; }

    /// <summary>All of them.</summary>
    [JsonIgnore]
    public long Statements => SingleShardStatements + MergedStatements + CoordinatorStatements;

    /// <summary>What each shard has at the end.</summary>
    public required IReadOnlyList<ShardFigures> Shards { get; init; }

    /// <summary>Where the clients were connected to.</summary>
    public required int Port { get; init; }

    /// <summary>Statements that one shard answered, in percent.</summary>
    public double SingleShardPercent => 100.0 * SingleShardStatements / Math.Max(1, Statements);

    /// <summary>The share of all rows that the fullest shard has, in percent.</summary>
    [JsonIgnore]
    public double LargestPercent =>
        100.0 * Shards.Max(static shard => shard.Rows) / Math.Max(1, Shards.Sum(static shard => shard.Rows));
}

/// <summary>One shard.</summary>
/// <param name="Shard">Its name.</param>
/// <param name="Rows">Rows of the sharded tables.</param>
/// <param name="Bytes">What those take on disk, indexes included.</param>
internal sealed record ShardFigures(string Shard, long Rows, long Bytes);
