// A comment in the statement that says where it runs: /* drover: shard=2 */ or /* drover: key=42 */.
using System.Text;
using Drover.Routing.Keys;
using Drover.Topology;

namespace Drover.Routing;

internal static class RouteHint
{
    /// <summary>Reads a hint.</summary>
    /// <param name="comment">The comment, from its first byte.</param>
    /// <param name="map">The map.</param>
    /// <param name="group">The colocation group of the statement's tables; null if there is none, or several.</param>
    public static Route Read(ReadOnlySpan<byte> comment, TopologySnapshot map, ColocationGroup? group)
    {
        int start = comment.IndexOf("drover:"u8);
        string text = Encoding.UTF8.GetString(comment[(start + "drover:".Length)..]);
        text = text.EndsWith("*/", StringComparison.Ordinal) ? text[..^2] : text;
        text = text.Trim();
        int equals = text.IndexOf('=', StringComparison.Ordinal);
        string name = equals < 0 ? text : text[..equals].Trim();
        string value = equals < 0 ? "" : text[(equals + 1)..].Trim();
        return name switch
        {
            "shard" => OfShard(value, map),
            "key" => OfKey(value, map, group),
            _ => Route.Refused(Refusals.Hint($"'{name}' is neither shard nor key")),
        };
    }

    private static Route OfShard(string value, TopologySnapshot map)
    {
        Shard? shard = map.Shards.FirstOrDefault(shard =>
            shard.Name == value || shard.Number.ToString(System.Globalization.CultureInfo.InvariantCulture) == value
        );
        return shard is null ? Route.Refused(Refusals.Hint($"there is no shard '{value}'")) : Route.One(shard.Number);
    }

    private static Route OfKey(string value, TopologySnapshot map, ColocationGroup? group)
    {
        group ??= map.Groups.Count == 1 ? map.Groups.Values[0] : null;
        if (group is null)
        {
            return Route.Refused(Refusals.Hint("the tables do not say which colocation group the key is of"));
        }
        string text = value is ['\'', .., '\''] ? value[1..^1].Replace("''", "'", StringComparison.Ordinal) : value;
        if (!KeyTarget.In(group).TryOfText(Encoding.UTF8.GetBytes(text), out ulong place))
        {
            return Route.Refused(Refusals.Hint($"'{value}' is no {group.KeyType} key"));
        }
        return group.ShardOf(place) is var shard and > 0
            ? Route.One(shard)
            : Route.Refused(Refusals.Hint($"no shard has the key '{value}' of colocation group {group.Name}"));
    }
}
