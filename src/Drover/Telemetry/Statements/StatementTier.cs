// How the servers of a sharded database give one answer together.
namespace Drover.Telemetry.Statements;

/// <summary>How a statement of a sharded database is run: the lowest that is right.</summary>
internal enum StatementTier
{
    /// <summary>One shard has all that it needs.</summary>
    One,

    /// <summary>Several shards read, and the proxy puts their rows together.</summary>
    Scatter,

    /// <summary>The coordinator reads over foreign tables.</summary>
    Coordinator,

    /// <summary>Several shards write: each its part, or all the same.</summary>
    Divided,
}

/// <summary>The names of tiers, as metrics and tables have them.</summary>
internal static class StatementTiers
{
    /// <summary>How many there are.</summary>
    public const int Count = 4;

    private static readonly string[] s_names = ["one", "scatter", "coordinator", "divided"];

    /// <summary>The name of a tier.</summary>
    public static string NameOf(StatementTier tier) => s_names[(int)tier];
}
