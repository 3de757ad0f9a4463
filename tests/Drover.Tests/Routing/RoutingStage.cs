// A shop on four shards, its catalogs, and routes as text.
using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Text;
using Drover.Routing;
using Drover.Routing.Keys;
using Drover.Sql.Parsing;
using Drover.Sql.Statements;
using Drover.Topology;
using Drover.Topology.Keys;

namespace Drover.Tests.Routing;

/// <summary>Routes one text after another.</summary>
internal sealed class RoutingStage : IDisposable
{
    private readonly ParserThreads _threads = new(1);

    public RoutingStage(TopologySnapshot? map = null, ICatalogFacts? catalog = null)
    {
        Map = map ?? ShopMap;
        Router = new StatementRouter(new PostgresParser(PgQueryLibrary.Instance, _threads));
        Router.Publish(Map);
        Router.Publish(catalog ?? new ShopFacts());
    }

    /// <summary>Four shards; orders and items by customer, notes by name, files by uuid, prices by numeric.</summary>
    public static TopologySnapshot ShopMap { get; } = MapOf(4);

    /// <summary>The same shop, with ranges for every type that has an order.</summary>
    public static TopologySnapshot RangedMap { get; } =
        ShopMap with
        {
            Groups = ShopMap
                .Groups.Values.Select(static group =>
                    RangesOf(group.KeyType) is { Length: > 0 } ranges
                        ? group with
                        {
                            Placement = PlacementKind.Range,
                            Ranges = new KeyRanges(group.KeyType, ranges),
                        }
                        : group
                )
                .ToFrozenDictionary(static group => group.Number),
        };

    public TopologySnapshot Map { get; }

    public StatementRouter Router { get; }

    public void Dispose() => _threads.Dispose();

    public static TopologySnapshot MapOf(int shards)
    {
        ImmutableArray<Shard> all = [.. Enumerable.Range(1, shards).Select(i => new Shard(i, $"shop{i}"))];
        SlotMap slots = SlotMap.Even([.. all.Select(shard => shard.Number)]);
        ColocationGroup[] groups =
        [
            .. Enum.GetValues<KeyType>()
                .Select(type => new ColocationGroup(
                    (int)type,
                    type.ToString(),
                    type,
                    slots,
                    FrozenDictionary<ulong, int>.Empty
                )),
        ];
        ShardedTable[] tables =
        [
            new(new TableName("public", "orders"), "customer_id", 20, -1, (int)KeyType.Bigint),
            new(new TableName("public", "items"), "customer_id", 23, -1, (int)KeyType.Bigint),
            new(new TableName("app", "visits"), "customer_id", 20, -1, (int)KeyType.Bigint),
            new(new TableName("public", "notes"), "tenant", 1043, 14, (int)KeyType.Text),
            new(new TableName("public", "codes"), "code", 1042, 14, (int)KeyType.PaddedText),
            new(new TableName("public", "files"), "owner", 2950, -1, (int)KeyType.Uuid),
            new(new TableName("public", "prices"), "price", 1700, ((10 << 16) | 2) + 4, (int)KeyType.Numeric),
            new(new TableName("public", "days"), "day", 1082, -1, (int)KeyType.Date),
        ];
        return new TopologySnapshot(
            1,
            all,
            groups.ToFrozenDictionary(group => group.Number),
            tables.ToFrozenDictionary(table => table.Name),
            [new TableName("public", "products"), new TableName("public", "customers")]
        );
    }

    /// <summary>All keys have a shard; integers that are neighbours, or three apart, have different ones.</summary>
    private static KeyRange[] RangesOf(KeyType type) =>
        type switch
        {
            KeyType.Bigint =>
            [
                new(null, "-20", 1),
                .. Enumerable.Range(-20, 220).Select(key => new KeyRange($"{key}", $"{key + 1}", ((key + 20) % 4) + 1)),
                new("200", null, 2),
            ],
            KeyType.Text => [new(null, "abd", 1), new("abd", "i", 2), new("i", null, 3)],
            KeyType.Uuid =>
            [
                new("80000000-0000-0000-0000-000000000000", null, 4),
                new(null, "8000-" + new string('0', 28), 3),
            ],
            KeyType.Numeric =>
            [
                new(null, "1.5", 3),
                new("1.5", "7", 2),
                new("7", "7.000001", 1),
                new("7.000001", null, 4),
            ],
            KeyType.Date =>
            [
                new(null, "2024-02-29", 4),
                new("2024-02-29", "2024-03-01", 1),
                new("2024-03-01", null, 2),
            ],
            _ => [],
        };

    /// <summary>One line: the kind, the shards, or the reason.</summary>
    /// <param name="sql">The statement.</param>
    /// <param name="path">The search_path.</param>
    /// <param name="bind">The remainder of a Bind; empty for none.</param>
    /// <param name="types">Declared types of its parameters.</param>
    public async Task<string> RouteOfAsync(
        string sql,
        string path = "public",
        byte[]? bind = null,
        uint[]? types = null
    )
    {
        byte[] bytes = Encoding.UTF8.GetBytes(sql);
        LearntStatement learnt = await Router.LearnAsync(bytes, path);
        BoundValues values = new(bind, types);
        Route route = learnt.Resolve(bytes, values);
        if (Router.TryRoute(bytes, path, values, out StatementPlan? plan, out Route known))
        {
            Assert.Equal(Text(route), Text(known));
            Assert.Same(learnt.Plan, plan);
        }
        return Text(route);
    }

    public static string Text(Route route) =>
        route.Kind switch
        {
            RouteKind.One => $"one {route.Shard}",
            RouteKind.Many => $"many {string.Join(' ', route.Shards)}",
            RouteKind.Refused => $"refused: {route.Refusal!.Message}. {route.Refusal.Detail}",
            _ => route.Kind.ToString().ToLowerInvariant(),
        };

    /// <summary>The shard of a key, as its text.</summary>
    public int ShardOf(KeyType type, string key)
    {
        ColocationGroup group = Map.Groups[(int)type];
        Assert.True(KeyTarget.In(group).TryOfText(Encoding.UTF8.GetBytes(key), out ulong place));
        return group.ShardOf(place);
    }

    /// <summary>The route to the shards of some keys: 42, or 42,43, or Text:abc.</summary>
    public string ShardsOf(string keys)
    {
        int colon = keys.IndexOf(':', StringComparison.Ordinal);
        KeyType type = colon < 0 ? KeyType.Bigint : Enum.Parse<KeyType>(keys[..colon]);
        int[] shards = [.. keys[(colon + 1)..].Split(',').Select(key => ShardOf(type, key)).Distinct().Order()];
        return shards.Length == 1 ? $"one {shards[0]}"
            : shards.Length == Map.Shards.Length ? "all"
            : $"many {string.Join(' ', shards)}";
    }
}
