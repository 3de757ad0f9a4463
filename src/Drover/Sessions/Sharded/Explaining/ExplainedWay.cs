// The way of a statement that is explained: its tier, and what is done with what the servers give.
using System.Globalization;
using Drover.Routing;
using Drover.Routing.Merging;
using Drover.Sessions.Sharded.Merging;
using Drover.Telemetry.Statements;

namespace Drover.Sessions.Sharded.Explaining;

/// <summary>A server's part of it.</summary>
/// <param name="Kind">What it is: a shard, or the coordinator.</param>
/// <param name="Server">Its name.</param>
/// <param name="Query">The statement that it gets.</param>
internal readonly record struct ExplainedPart(string Kind, string Server, ReadOnlyMemory<byte> Query);

/// <param name="Tier">The tier.</param>
/// <param name="Parts">What each server gets.</param>
/// <param name="Facts">What else is to be said, in words.</param>
internal sealed record ExplainedWay(
    StatementTier Tier,
    IReadOnlyList<ExplainedPart> Parts,
    IReadOnlyList<(string Name, string Value)> Facts
)
{
    /// <summary>What the proxy does with the rows of a read of several shards.</summary>
    public static IReadOnlyList<(string Name, string Value)> Of(ScatterCall scatter)
    {
        string order = string.Join(", ", scatter.Plan.Sort.Select(NameOf));
        List<(string, string)> facts = [("Rows", order.Length == 0 ? "as they come" : $"merged by {order}")];
        if (scatter.Plan.Combine is not null)
        {
            facts.Add(("Groups", scatter.Plan.Sort.Length == 0 ? "one of all rows" : "one of equal keys"));
        }
        if (scatter.Skip > 0)
        {
            facts.Add(("Rows Left Out", scatter.Skip.ToString(CultureInfo.InvariantCulture)));
        }
        if (scatter.Take is { } most)
        {
            facts.Add(("Rows At Most", most.ToString(CultureInfo.InvariantCulture)));
        }
        return facts;
    }

    /// <summary>How a write is shared among several shards.</summary>
    public static IReadOnlyList<(string Name, string Value)> Of(Spread spread) =>
        [
            (
                "Writes",
                spread switch
                {
                    Spread.Split => "each shard the rows that belong there",
                    Spread.Apart => "each shard the rows that it has",
                    _ => "every shard the same",
                }
            ),
        ];

    private static string NameOf(SortColumn column) =>
        string.Create(CultureInfo.InvariantCulture, $"column {column.Index + 1}")
        + (column.IsDescending ? " descending" : "");
}
