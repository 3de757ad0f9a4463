// What it costs to decide where a statement runs, from its text to the shard; the memory column must be zero.
using System.Buffers.Binary;
using System.Collections.Frozen;
using System.Text;
using BenchmarkDotNet.Attributes;
using Drover.Routing;
using Drover.Routing.Keys;
using Drover.Sql.Parsing;
using Drover.Topology;
using Drover.Topology.Keys;

namespace Drover.Benchmarks;

/// <summary>Statements are known: by their text as it stands, by their shape, or prepared and bound.</summary>
[MemoryDiagnoser]
public class RoutingBenchmarks
{
    /// <summary>More texts than a processor's predictor learns; none is admitted as a text.</summary>
    private const int TextCount = 64;

    private const string Path = "\"$user\", public";
    private const string Point = "SELECT abalance FROM accounts WHERE aid = ";
    private static readonly uint[] s_bigint = [20];

    private StatementRouter _router = null!;
    private byte[] _exact = [];
    private byte[][] _texts = [];
    private byte[] _insert = [];
    private byte[] _prepared = [];
    private byte[] _bind = [];
    private int _next;

    [GlobalSetup]
    public async Task Setup()
    {
        using ParserThreads threads = new(1);
        _router = new StatementRouter(new PostgresParser(PgQueryLibrary.Instance, threads));
        _router.Publish(Map());
        _router.Publish(new AccountFacts());
        _exact = Encoding.UTF8.GetBytes(Point + "4711");
        _texts = [.. Enumerable.Range(0, TextCount).Select(i => Encoding.UTF8.GetBytes(Point + (5000 + i)))];
        _insert = Encoding.UTF8.GetBytes(
            "INSERT INTO accounts (aid, abalance) VALUES "
                + string.Join(", ", Enumerable.Range(0, 100).Select(row => $"(4711, {row})"))
        );
        _prepared = Encoding.UTF8.GetBytes(Point + "$1");
        // One format, binary; one value of eight bytes; results as text.
        _bind = [0, 1, 0, 1, 0, 1, 0, 0, 0, 8, .. new byte[8], 0, 0];
        BinaryPrimitives.WriteInt64BigEndian(_bind.AsSpan(10), 4711);
        foreach (byte[] sql in (IEnumerable<byte[]>)[_exact, _insert, _prepared])
        {
            await _router.LearnAsync(sql, Path);
            // As a text it is kept from the second time on.
            _router.TryRoute(sql, Path, default, out _, out _);
            _router.TryRoute(sql, Path, default, out _, out _);
        }
    }

    /// <summary>A point select, the same text again.</summary>
    [Benchmark(Baseline = true)]
    public int PointSelectByText() => Routed(_exact, default);

    /// <summary>A point select with another key each time: its shape is made and found.</summary>
    [Benchmark]
    public int PointSelectByShape() => Routed(_texts[_next = (_next + 1) % TextCount], default);

    /// <summary>A prepared point select with its Bind.</summary>
    [Benchmark]
    public int PreparedPointSelect() => Routed(_prepared, new BoundValues(_bind, s_bigint));

    /// <summary>A hundred keys are hashed.</summary>
    [Benchmark]
    public int InsertOfHundredRows() => Routed(_insert, default);

    private int Routed(byte[] sql, in BoundValues values) =>
        _router.TryRoute(sql, Path, values, out _, out Route route) && route.Kind == RouteKind.One
            ? route.Shard
            : throw new InvalidOperationException("the statement has no route to one shard");

    private static TopologySnapshot Map()
    {
        Shard[] shards = [.. Enumerable.Range(1, 4).Select(i => new Shard(i, $"s{i}"))];
        SlotMap slots = SlotMap.Even([1, 2, 3, 4]);
        ColocationGroup group = new(1, "bigint", KeyType.Bigint, slots, FrozenDictionary<ulong, int>.Empty);
        ShardedTable accounts = new(new TableName("public", "accounts"), "aid", 20, -1, 1);
        return new TopologySnapshot(
            1,
            [.. shards],
            new Dictionary<int, ColocationGroup> { [1] = group }.ToFrozenDictionary(),
            new Dictionary<TableName, ShardedTable> { [accounts.Name] = accounts }.ToFrozenDictionary(),
            FrozenSet<TableName>.Empty
        );
    }
}
