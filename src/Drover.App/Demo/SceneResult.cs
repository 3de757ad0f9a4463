// What a scene measured, as the closing table and the JSON file show it.
using System.Text.Json.Serialization;
using Drover.App.Demo.Sharded;

namespace Drover.App.Demo;

/// <summary>The figures of one scene.</summary>
internal sealed record SceneResult
{
    /// <summary>The scene's name.</summary>
    public required string Scene { get; init; }

    /// <summary>Clients connected at once.</summary>
    public required int Clients { get; init; }

    /// <summary>The most connections that PostgreSQL had from them.</summary>
    public required int ServerConnectionsMax { get; init; }

    /// <summary>Queries answered within the measured time.</summary>
    public required long Queries { get; init; }

    /// <summary>Queries answered per second.</summary>
    public required double QueriesPerSecond { get; init; }

    /// <summary>Mean time of a query, as its client saw it, in milliseconds.</summary>
    public required double AverageMs { get; init; }

    /// <summary>95 % of the queries took no longer, in milliseconds.</summary>
    public required double P95Ms { get; init; }

    /// <summary>99 % of the queries took no longer, in milliseconds.</summary>
    public required double P99Ms { get; init; }

    /// <summary>Queries and logins that failed, from the first connection to the last.</summary>
    public required long Errors { get; init; }

    /// <summary>The first error's text.</summary>
    public string? FirstError { get; init; }

    /// <summary>PostgreSQL servers behind it.</summary>
    public int Servers { get; init; } = 1;

    /// <summary>Size of the shop's databases on them when the scene ended; null if unread.</summary>
    public long? DatabaseBytes { get; init; }

    /// <summary>Memory of these connections' processes without the shared buffers; null if unreadable.</summary>
    public long? BackendMemoryBytes { get; init; }

    /// <summary>What the scene did to a table meanwhile; null for nothing.</summary>
    public ConversionResult? Conversion { get; init; }

    /// <summary>What the scene put on several servers; null for nothing.</summary>
    public ShardingResult? Sharding { get; init; }

    /// <summary>The times behind the figures, apart by kind.</summary>
    [JsonIgnore]
    public TrafficTimes Times { get; init; } = new();
}

/// <summary>What became of a table that was converted under the scene's traffic.</summary>
internal sealed record ConversionResult
{
    /// <summary>The command that did it.</summary>
    public required string Command { get; init; }

    /// <summary>The command that undoes it, with all that was written since.</summary>
    public required string WayBack { get; init; }

    /// <summary>Partitions, the default one included.</summary>
    public int Partitions { get; init; }

    /// <summary>Rows that were copied.</summary>
    public required long RowsCopied { get; init; }

    /// <summary>Rows that the exact comparison covered.</summary>
    public required long RowsCompared { get; init; }

    /// <summary>Rows copied per second, the throttle's rests included.</summary>
    public required double CopyRowsPerSecond { get; init; }

    /// <summary>From the plan to the watch over the old table, in seconds.</summary>
    public required double Seconds { get; init; }

    /// <summary>The longest that any client waited for a statement around the cut-over, in milliseconds.</summary>
    public required double LongestPauseMs { get; init; }

    /// <summary>Queries and logins that failed, from the first connection to the last.</summary>
    public long FailedQueries { get; init; }

    /// <summary>Clients whose driver had prepared its statements before the cut-over.</summary>
    public int PreparingClients { get; init; }

    /// <summary>Seconds that each step took, in order.</summary>
    public required IReadOnlyList<StepSeconds> Steps { get; init; }

    /// <summary>Statements on the table, before and after.</summary>
    public required IReadOnlyList<QueryChange> Queries { get; init; }
}

/// <summary>A step of the conversion.</summary>
/// <param name="Step">Its name.</param>
/// <param name="Seconds">From its begin to its end.</param>
internal sealed record StepSeconds(string Step, double Seconds);

/// <summary>One kind of statement before and after.</summary>
/// <param name="Query">What it asks.</param>
/// <param name="Share">Its share of the reads of orders, in percent; null where that says nothing.</param>
/// <param name="Before">On the plain table.</param>
/// <param name="After">On the partitioned one.</param>
internal sealed record QueryChange(string Query, int? Share, QueryFigures Before, QueryFigures After);

/// <summary>How one kind of statement fared, as its clients saw it.</summary>
/// <param name="Count">Statements measured.</param>
/// <param name="AverageMs">Mean, in milliseconds.</param>
/// <param name="P95Ms">95 % took no longer.</param>
/// <param name="Pages">Pages of 8 kB that one such statement read, of all its tables and indexes.</param>
/// <param name="Relations">Tables or partitions of orders that it read; an unpartitioned table is one.</param>
internal sealed record QueryFigures(long Count, double AverageMs, double P95Ms, long Pages, int Relations);

/// <summary>The JSON file: what was run, and every scene's figures.</summary>
internal sealed record DemoReport
{
    /// <summary>PostgreSQL's version.</summary>
    public required string PostgresVersion { get; init; }

    /// <summary>The size of the shop.</summary>
    public required double Scale { get; init; }

    /// <summary>Seconds that each scene was measured.</summary>
    public required int Seconds { get; init; }

    /// <summary>Seconds that making the shop took.</summary>
    public required double LoadSeconds { get; init; }

    /// <summary>Processors that clients and servers shared.</summary>
    public int Processors { get; init; } = Environment.ProcessorCount;

    /// <summary>A sample: dollars a month for each server.</summary>
    public decimal ServerMonth { get; init; } = DemoOptions.ServerMonthDefault;

    /// <summary>The scenes in order.</summary>
    public required IReadOnlyList<SceneResult> Scenes { get; init; }

    /// <summary>The conversions among them.</summary>
    [JsonIgnore]
    public IEnumerable<ConversionResult> Conversions =>
        Scenes.Select(static scene => scene.Conversion).OfType<ConversionResult>();

    /// <summary>What was sharded.</summary>
    [JsonIgnore]
    public IEnumerable<ShardingResult> Shardings =>
        Scenes.Select(static scene => scene.Sharding).OfType<ShardingResult>();
}

/// <summary>Serialization that needs no reflection.</summary>
[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(DemoReport))]
internal sealed partial class DemoJson : JsonSerializerContext;
