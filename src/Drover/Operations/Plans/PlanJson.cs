// A plan as JSON, for the journal and for --json; made at compile time, so that NativeAOT can do it.
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Drover.Operations.Plans;

/// <summary>Serializes plans. Names are in snake_case, as in the journal's tables.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    UseStringEnumConverter = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    IgnoreReadOnlyProperties = true
)]
[JsonSerializable(typeof(OperationPlan))]
internal sealed partial class PlanJson : JsonSerializerContext
{
    /// <summary>The plan's text.</summary>
    public static string Write(OperationPlan plan) => JsonSerializer.Serialize(plan, Default.OperationPlan);

    /// <summary>The plan of a text that <see cref="Write"/> made.</summary>
    /// <exception cref="JsonException">It is not such a text.</exception>
    public static OperationPlan Read(string json) =>
        JsonSerializer.Deserialize(json, Default.OperationPlan) ?? throw new JsonException("the plan is null");
}
