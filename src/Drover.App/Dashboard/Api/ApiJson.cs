// The answers as JSON, made at compile time.
using System.Text.Json.Serialization;

namespace Drover.App.Dashboard.Api;

/// <summary>Names are in snake_case; what is null is written, so that a reader sees every field.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(ApiError))]
[JsonSerializable(typeof(LoginRequest))]
[JsonSerializable(typeof(SessionAnswer))]
[JsonSerializable(typeof(LiveAnswer))]
[JsonSerializable(typeof(HistoryAnswer))]
[JsonSerializable(typeof(PoolsAnswer))]
[JsonSerializable(typeof(ConnectionsAnswer))]
[JsonSerializable(typeof(ShardsAnswer))]
[JsonSerializable(typeof(OperationsAnswer))]
[JsonSerializable(typeof(ServersAnswer))]
[JsonSerializable(typeof(ServerHistoryAnswer))]
[JsonSerializable(typeof(TablesAnswer))]
[JsonSerializable(typeof(StatementsAnswer))]
[JsonSerializable(typeof(PlansAnswer))]
[JsonSerializable(typeof(DatabasesAnswer))]
[JsonSerializable(typeof(AdviceAnswer))]
[JsonSerializable(typeof(GrowthAnswer))]
[JsonSerializable(typeof(BillsAnswer))]
internal sealed partial class ApiJson : JsonSerializerContext;
