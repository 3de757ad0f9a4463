// What a conversion was asked for and what it has found; journaled with the plan, so that a resume needs nothing else.
using System.Text.Json;
using System.Text.Json.Serialization;
using Drover.Operations.Plans;
using Drover.Partitioning.Bounds;
using Drover.Partitioning.Conversion.Copying;

namespace Drover.Partitioning.Conversion;

/// <summary>What becomes of a row that lies in no partition after the cut-over.</summary>
internal enum OutsideRows
{
    /// <summary>The default partition takes it.</summary>
    [JsonStringEnumMemberName("default")]
    Default,

    /// <summary>PostgreSQL refuses it: the default partition goes at the finish, if it is empty.</summary>
    [JsonStringEnumMemberName("refuse")]
    Refuse,
}

/// <summary>How the table becomes a partitioned one.</summary>
internal enum ConversionStrategy
{
    /// <summary>Its rows are copied into partitions.</summary>
    [JsonStringEnumMemberName("copy")]
    Copy,

    /// <summary>It becomes the first partition as it is.</summary>
    [JsonStringEnumMemberName("attach")]
    Attach,
}

/// <summary>What the batches of a copy are ranges of.</summary>
internal enum CopyOrder
{
    /// <summary>Blocks where the table has them, else its key.</summary>
    [JsonStringEnumMemberName("auto")]
    Auto,

    /// <summary>Blocks of the table's file.</summary>
    [JsonStringEnumMemberName("blocks")]
    Blocks,

    /// <summary>Values of the key that identifies a row.</summary>
    [JsonStringEnumMemberName("key")]
    Key,
}

/// <summary>Settings of one conversion.</summary>
internal sealed record ConversionSettings
{
    /// <summary>The tables.</summary>
    public required ConversionLayout Layout { get; init; }

    /// <summary>The key's type.</summary>
    public required PartitionKeyKind KeyKind { get; init; }

    /// <summary>As <see cref="PartitionInterval.TryParse"/> reads it.</summary>
    public required string Interval { get; init; }

    /// <summary>The zone whose days and months are meant.</summary>
    public required string Zone { get; init; }

    /// <summary>Partitions ahead of now.</summary>
    public required int Premake { get; init; }

    /// <summary>What becomes of rows outside.</summary>
    public OutsideRows Outside { get; init; }

    /// <summary>Secondary indexes only on this many of the newest partitions; null: on all.</summary>
    public int? IndexesOnNewest { get; init; }

    /// <summary><c>finish</c> leaves the old table.</summary>
    public bool KeepsOld { get; init; }

    /// <summary>Rows are copied in the order of what identifies them, not of the blocks that they lie in.</summary>
    public bool CopiesByKey { get; init; }

    /// <summary>
    /// Where the old table ends as the first partition: a position on the key's axis. Null when rows are copied.
    /// </summary>
    public long? Bound { get; init; }

    /// <summary>What the old table holds as the first partition.</summary>
    [JsonIgnore]
    public PartitionRange FirstRange =>
        new(PartitionBound.MinValue, PartitionBound.At(Bound ?? throw new JsonException("no bound")));

    /// <summary>Valid foreign keys of the table or to it: a rollback puts them back, to be validated again.</summary>
    public bool HasForeignKeys { get; init; }

    /// <summary>The grid of ranges.</summary>
    [JsonIgnore]
    public PartitionScheme Scheme =>
        PartitionInterval.TryParse(Interval, out PartitionInterval interval, out string? problem)
            ? PartitionScheme.Of(KeyKind, interval, Zone)
            : throw new JsonException(problem);

    /// <summary>The text that goes with a plan.</summary>
    public string Write() => JsonSerializer.Serialize(this, ConversionJson.Default.ConversionSettings);

    /// <summary>The settings of a plan.</summary>
    public static ConversionSettings Of(OperationPlan plan) =>
        JsonSerializer.Deserialize(plan.Settings, ConversionJson.Default.ConversionSettings)
        ?? throw new JsonException("the plan has no settings");
}

/// <summary>JSON of this room: settings, and the cursors of its batches.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    UseStringEnumConverter = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    IgnoreReadOnlyProperties = true
)]
[JsonSerializable(typeof(ConversionSettings))]
[JsonSerializable(typeof(CopyCursor))]
[JsonSerializable(typeof(KeyCursor))]
[JsonSerializable(typeof(Steps.SweepCursor))]
[JsonSerializable(typeof(Steps.VerifyCursor))]
[JsonSerializable(typeof(Steps.SettleCursor))]
[JsonSerializable(typeof(ConversionLayout))]
[JsonSerializable(typeof(Dictionary<string, string>))]
[JsonSerializable(typeof(string[]))]
internal sealed partial class ConversionJson : JsonSerializerContext;
