// What is known of a database, or of one of its tables, on one day.
namespace Drover.History.Growth;

/// <summary>One day.</summary>
/// <param name="At">The day.</param>
/// <param name="Bytes">Size, with indexes; null when unknown.</param>
/// <param name="Rows">Rows, by the planner's estimate; null when unknown.</param>
/// <param name="QueryMs">Mean time of a query in ms; null when unknown.</param>
/// <param name="P95Ms">Time that 95 % of queries stay below, in ms; null when unknown.</param>
/// <param name="Connections">The most client connections; null when unknown.</param>
internal sealed record GrowthPoint(
    DateOnly At,
    double? Bytes = null,
    double? Rows = null,
    double? QueryMs = null,
    double? P95Ms = null,
    double? Connections = null
);
