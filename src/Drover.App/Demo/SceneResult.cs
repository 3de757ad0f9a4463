// What a scene measured, as the closing table and the JSON file show it.
using System.Text.Json.Serialization;

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

    /// <summary>Memory of PostgreSQL's processes for these clients without the shared buffers; null if unreadable.</summary>
    public long? BackendMemoryBytes { get; init; }
}

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

    /// <summary>The scenes in order.</summary>
    public required IReadOnlyList<SceneResult> Scenes { get; init; }
}

/// <summary>Serialization that needs no reflection.</summary>
[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(DemoReport))]
internal sealed partial class DemoJson : JsonSerializerContext;
