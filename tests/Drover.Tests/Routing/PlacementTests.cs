// Pins, lists and ranges with gaps: where a key is, and that one that no shard has is an error and never a broadcast.
using System.Collections.Frozen;
using System.Text;
using Drover.Routing;
using Drover.Routing.Copying;
using Drover.Sql.Parsing;
using Drover.Topology;
using Drover.Topology.Keys;

namespace Drover.Tests.Routing;

/// <summary>
/// Orders by ranges [0, 1000) on 1, [1000, 2000) on 2 and from 5000 on 3; notes by a list of a and b on 2 and c on 4;
/// files by hash, with one pinned.
/// </summary>
public sealed class PlacementTests : IDisposable
{
    private const string Pinned = "0188f0a1-0000-7000-8000-0000000000ff";

    private readonly RoutingStage _stage = new(Map());

    public PlacementTests() => Assert.SkipUnless(PgQueryLibrary.Instance is not null, PgQueryLibrary.Remedy);

    public void Dispose() => _stage.Dispose();

    [Theory]
    [InlineData("SELECT * FROM orders WHERE customer_id = 0", "one 1")]
    [InlineData("SELECT * FROM orders WHERE customer_id = 999", "one 1")]
    [InlineData("SELECT * FROM orders WHERE customer_id = '1000'", "one 2")]
    [InlineData("SELECT * FROM orders WHERE customer_id = 9223372036854775807", "one 3")]
    [InlineData("SELECT * FROM orders WHERE customer_id IN (1, 1999)", "many 1 2")]
    [InlineData("SELECT * FROM orders WHERE customer_id = ANY ('{1,6000}')", "many 1 3")]
    [InlineData("SELECT * FROM orders", "all")]
    [InlineData("SELECT * FROM orders JOIN items USING (customer_id) WHERE customer_id = 1500", "one 2")]
    // No row has both: it runs anywhere.
    [InlineData("SELECT * FROM orders WHERE customer_id = 1 AND customer_id = 1500", "any")]
    [InlineData("SELECT * FROM orders WHERE customer_id = 1 AND customer_id = 3000", "any")]
    [InlineData("/* drover: key=1500 */ SELECT slug(status) FROM orders", "one 2")]
    [InlineData("INSERT INTO orders (customer_id, id) VALUES (5, 1), (1005, 1)", "many 1 2")]
    [InlineData("SELECT * FROM orders WHERE customer_id < 500", "one 1")]
    [InlineData("SELECT * FROM orders WHERE customer_id <= 1000", "many 1 2")]
    [InlineData("SELECT * FROM orders WHERE 1000 <= customer_id", "many 2 3")]
    [InlineData("SELECT * FROM orders WHERE customer_id > 1999", "many 2 3")]
    [InlineData("SELECT * FROM orders WHERE customer_id >= '2000'", "one 3")]
    [InlineData("SELECT * FROM orders WHERE customer_id BETWEEN 1500 AND 4000", "one 2")]
    [InlineData("SELECT * FROM orders WHERE customer_id > 10 AND customer_id < 20 AND id = 5", "one 1")]
    [InlineData("DELETE FROM orders WHERE customer_id < 10", "one 1")]
    [InlineData("SELECT * FROM orders o JOIN items i USING (customer_id) WHERE i.customer_id > 2500", "one 3")]
    [InlineData("SELECT * FROM orders WHERE customer_id BETWEEN 2000 AND 4999", "any")]
    [InlineData("SELECT * FROM orders WHERE customer_id > 20 AND customer_id < 10", "one 1")]
    [InlineData("SELECT * FROM orders WHERE customer_id > 1500 AND customer_id < 10", "any")]
    [InlineData("SELECT * FROM products p LEFT JOIN orders o ON o.customer_id < 10", "one 1")]
    // Not certain, or not of every row.
    [InlineData("SELECT * FROM orders WHERE customer_id < 500.5", "many 1 2 3")]
    [InlineData("SELECT * FROM orders WHERE customer_id < 10 OR id = 5", "all")]
    [InlineData("SELECT * FROM orders WHERE NOT customer_id < 10", "all")]
    [InlineData("SELECT * FROM orders WHERE customer_id NOT BETWEEN 1 AND 5", "all")]
    [InlineData("SELECT * FROM orders WHERE customer_id + 0 < 10", "all")]
    [InlineData("SELECT * FROM orders o LEFT JOIN products p ON o.customer_id < 10", "all")]
    [InlineData("SELECT * FROM notes WHERE tenant < 'b'", "all")]
    [InlineData("SELECT * FROM notes WHERE tenant = 'b'", "one 2")]
    [InlineData("SELECT * FROM notes WHERE tenant IN ('a', 'c')", "many 2 4")]
    [InlineData($"SELECT * FROM files WHERE owner = '{Pinned}'", "one 4")]
    [InlineData($"INSERT INTO files (owner) VALUES ('{Pinned}')", "one 4")]
    [InlineData($"/* drover: key={Pinned} */ SELECT * FROM files WHERE owner = '{Pinned}'", "one 4")]
    public async Task Key_is_where_its_range_list_or_pin_says(string sql, string expected) =>
        Assert.StartsWith(expected, await _stage.RouteOfAsync(sql), StringComparison.Ordinal);

    [Theory]
    [InlineData("SELECT * FROM orders WHERE customer_id = -1")]
    [InlineData("SELECT * FROM orders WHERE customer_id = 2000")]
    [InlineData("SELECT * FROM orders WHERE customer_id IN (1, 4999)")]
    [InlineData("SELECT * FROM orders WHERE customer_id = ANY (ARRAY[4999])")]
    [InlineData("SELECT * FROM orders WHERE customer_id = ANY ('{1,4999}')")]
    [InlineData("UPDATE orders SET total = 1 WHERE customer_id = 2000")]
    [InlineData("DELETE FROM orders WHERE customer_id = 2000")]
    [InlineData("INSERT INTO orders (customer_id, id) VALUES (1, 1), (2000, 1)")]
    [InlineData("INSERT INTO orders (customer_id, id) VALUES (2000, 1)")]
    [InlineData("INSERT INTO orders (customer_id, id) SELECT 2000, 1")]
    [InlineData("SELECT * FROM notes WHERE tenant = 'd'")]
    [InlineData("INSERT INTO notes (tenant) VALUES ('a'), ('d')")]
    public async Task Key_that_no_shard_has_is_an_error_and_never_a_broadcast(string sql)
    {
        byte[] text = Encoding.UTF8.GetBytes(sql);
        Route route = (await _stage.Router.LearnAsync(text, "public")).Resolve(text, default);
        Assert.Equal(RouteKind.Refused, route.Kind);
        Assert.Equal("23514", route.Refusal!.SqlState);
        Assert.StartsWith("drover placement add", route.Refusal.Hint, StringComparison.Ordinal);
        Assert.DoesNotContain("2000", route.Refusal.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Parameter_and_hint_without_a_shard_are_errors_too()
    {
        BindText binary = new("20b8:2000");
        BindText array = new("1016array:1,4999");
        const string Equal = "SELECT * FROM orders WHERE customer_id = $1";
        const string Any = "SELECT * FROM orders WHERE customer_id = ANY ($1)";
        string ofBinary = await _stage.RouteOfAsync(Equal, "public", binary.Remainder, binary.Types);
        string ofArray = await _stage.RouteOfAsync(Any, "public", array.Remainder, array.Types);
        string ofHint = await _stage.RouteOfAsync("/* drover: key=2000 */ SELECT * FROM orders");
        Assert.All(
            (string[])[ofBinary, ofArray, ofHint],
            static route => Assert.StartsWith("refused: ", route, StringComparison.Ordinal)
        );
        Assert.Contains("no shard has", ofBinary, StringComparison.Ordinal);
        Assert.Contains("no shard has", ofArray, StringComparison.Ordinal);
        Assert.Contains("no shard has the key", ofHint, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("5\t1\n1999\t1\n", "1 2", null)]
    [InlineData("5\t1\n2000\t1\n", "1", "23514")]
    public void Copy_goes_by_ranges_and_ends_at_a_key_that_none_has(string data, string shards, string? state)
    {
        ShardedTable orders = _stage.Map.Tables[new TableName("public", "orders")];
        CopyPlan plan = new()
        {
            Form = new CopyForm(),
            Table = "orders",
            IsFrom = true,
            Columns = ["customer_id", "id"],
            Key = new CopyKey(orders, _stage.Map.GroupOf(orders), 0, IsForcedNull: false, IsForcedNotNull: false),
        };
        CopySplitter splitter = CopySplitter.For(plan, endsAtMark: false);
        ReadOnlySpan<byte> rest = Encoding.UTF8.GetBytes(data);
        List<int> found = [];
        while (splitter.TryNext(ref rest, out CopyRow row))
        {
            found.Add(row.Shard);
        }
        Assert.Equal(shards, string.Join(' ', found));
        Assert.Equal(state, splitter.Failure?.SqlState);
    }

    private static TopologySnapshot Map()
    {
        TopologySnapshot shop = RoutingStage.ShopMap;
        ColocationGroup ranged = shop.Groups[(int)KeyType.Bigint] with
        {
            Placement = PlacementKind.Range,
            Ranges = new KeyRanges(KeyType.Bigint, [new("5000", null, 3), new("0", "1000", 1), new("1000", "2000", 2)]),
        };
        ColocationGroup listed = shop.Groups[(int)KeyType.Text] with
        {
            Placement = PlacementKind.List,
            Pins = Pins(KeyType.Text, ("a", 2), ("b", 2), ("c", 4)),
        };
        ColocationGroup hashed = shop.Groups[(int)KeyType.Uuid] with { Pins = Pins(KeyType.Uuid, (Pinned, 4)) };
        // A pin that changes nothing would prove nothing.
        Assert.True(KeyHash.TryOfText(KeyType.Uuid, Encoding.UTF8.GetBytes(Pinned), out ulong hash));
        Assert.NotEqual(4, shop.Groups[(int)KeyType.Uuid].ShardOf(hash));
        ColocationGroup[] changed = [ranged, listed, hashed];
        return shop with
        {
            Groups = shop
                .Groups.Values.Select(group => Array.Find(changed, one => one.Number == group.Number) ?? group)
                .ToFrozenDictionary(static group => group.Number),
        };
    }

    private static FrozenDictionary<ulong, int> Pins(KeyType type, params (string Key, int Shard)[] pins) =>
        pins.ToFrozenDictionary(
            pin =>
            {
                Assert.True(KeyHash.TryOfText(type, Encoding.UTF8.GetBytes(pin.Key), out ulong hash));
                return hash;
            },
            static pin => pin.Shard
        );
}
