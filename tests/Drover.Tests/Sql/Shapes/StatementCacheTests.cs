// The cache of statements: what is kept, what is not, and what is found by whom.
using System.Text;
using Drover.Sql.Shapes;

namespace Drover.Tests.Sql.Shapes;

public sealed class StatementCacheTests
{
    private static readonly ShapeContext Public = new("public"u8, 1);

    // So large that two statements of a test hardly share the place where it is noted that they were seen.
    private StatementCache<Value> _cache = new(1 << 16, 1 << 20);
    private readonly ShapeBuffer _buffer = new();

    [Fact]
    public void A_statement_is_kept_when_its_shape_comes_again()
    {
        Value value = new("a");
        Add("SELECT 1", value);
        Assert.Null(Find("SELECT 1"));
        Add("SELECT 2", value);
        Assert.Same(value, Find("SELECT 3"));
        Assert.Equal((1, 0), (_cache.ShapeCount, _cache.TextCount));
    }

    [Fact]
    public void A_text_is_kept_when_it_comes_again()
    {
        Value value = new("a");
        Keep("SELECT 1", value);
        Assert.Same(value, Find("SELECT 1"));
        Assert.Equal(0, _cache.TextCount);
        Assert.Same(value, Find("SELECT 1"));
        Assert.Equal(1, _cache.TextCount);
        Assert.Same(value, Find("SELECT 1"));
    }

    [Fact]
    public void Literals_are_the_texts_own_at_both_levels()
    {
        Keep("SELECT a FROM t WHERE k IN (1, 2)", new Value("a"));
        const string Sql = "SELECT a FROM t WHERE k IN (17, -29, 3)";
        for (int i = 0; i < 4; i++)
        {
            Assert.True(_cache.TryFind(Encoding.UTF8.GetBytes(Sql), Public, _buffer, out KnownStatement<Value> known));
            Assert.Equal(1, known.Slots.Length);
            string[] texts = [.. known.Items.ToArray().Select(item => Sql.Substring(item.Start, item.Length))];
            Assert.Equal(["17", "-29", "3"], texts);
        }
        Assert.Equal(1, _cache.TextCount);
    }

    [Fact]
    public void Where_a_literal_decides_each_value_is_known_by_itself()
    {
        Value five = new("five") { Slots = [0] };
        Value six = new("six") { Slots = [0] };
        Keep("SELECT a FROM t LIMIT 5", five);
        Assert.Null(Find("SELECT a FROM t LIMIT 6"));
        Keep("SELECT a FROM t LIMIT 6", six);
        Assert.Same(five, Find("SELECT a FROM t LIMIT 5"));
        Assert.Same(six, Find("SELECT a FROM t LIMIT 6"));
        Assert.Null(Find("SELECT a FROM t LIMIT 7"));
    }

    [Fact]
    public void Another_search_path_or_epoch_is_another_statement()
    {
        Keep("SELECT 1", new Value("a"));
        byte[] sql = "SELECT 1"u8.ToArray();
        for (int i = 0; i < 3; i++)
        {
            Assert.False(_cache.TryFind(sql, new ShapeContext("other"u8, 1), _buffer, out _));
            Assert.False(_cache.TryFind(sql, new ShapeContext("public"u8, 2), _buffer, out _));
            Assert.True(_cache.TryFind(sql, new ShapeContext("public"u8, 1), _buffer, out _));
        }
    }

    [Fact]
    public void Entries_and_bytes_are_bounded_and_what_is_used_stays()
    {
        _cache = new StatementCache<Value>(64, 64 * 1024);
        Value often = new("often");
        Keep("SELECT often FROM t WHERE k = 1", often);
        for (int i = 0; i < 5_000; i++)
        {
            Keep($"SELECT column_{i} FROM t WHERE k = 1", new Value("seldom"));
            Assert.Same(often, Find("SELECT often FROM t WHERE k = 2"));
            Assert.InRange(_cache.ShapeCount, 1, 64);
        }
        StatementCache<Value> small = new(1_024, 4_096);
        for (int i = 0; i < 200; i++)
        {
            byte[] sql = Encoding.UTF8.GetBytes($"SELECT column_{i} FROM t");
            small.Add(sql, Public, _buffer, new Value("seldom"));
            small.Add(sql, Public, _buffer, new Value("seldom"));
        }
        Assert.InRange(small.ShapeCount, 5, 20);
    }

    [Fact]
    public void A_hit_allocates_nothing()
    {
        Keep("SELECT a FROM t WHERE k = 1 AND b IN (1, 2) LIMIT 5", new Value("a") { Slots = [2] });
        byte[] exact = "SELECT a FROM t WHERE k = 1 AND b IN (1, 2) LIMIT 5"u8.ToArray();
        byte[][] others =
        [
            .. Enumerable
                .Range(1_000, 500)
                .Select(static i =>
                    Encoding.UTF8.GetBytes($"SELECT a FROM t WHERE k = {i} AND b IN (-{i}, 2) LIMIT 5")
                ),
        ];
        for (int i = 0; i < 3; i++)
        {
            Assert.True(_cache.TryFind(exact, Public, _buffer, out _));
        }
        Assert.NotNull(Find("SELECT a FROM t WHERE k = 9 AND b IN (3, 4) LIMIT 5"));
        bool isFound = true;
        long least = long.MaxValue;
        // The runtime may load or compile something on this thread once; a hit that allocates does so every time.
        for (int round = 0; round < 5 && least > 0; round++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            foreach (byte[] other in others)
            {
                isFound &=
                    _cache.TryFind(exact, Public, _buffer, out _) && _cache.TryFind(other, Public, _buffer, out _);
            }
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }
        Assert.Equal(0, least);
        Assert.True(isFound);
    }

    [Fact]
    public async Task Threads_that_read_while_others_write_see_what_was_written()
    {
        StatementCache<Value> cache = new(64, 1024 * 1024);
        using CancellationTokenSource done = new();
        Task[] readers =
        [
            .. Enumerable
                .Range(0, 3)
                .Select(_ =>
                    Task.Run(() =>
                    {
                        ShapeBuffer buffer = new();
                        for (int i = 0; !done.IsCancellationRequested; i = (i + 1) % 200)
                        {
                            byte[] sql = Encoding.UTF8.GetBytes($"SELECT c{i} FROM t WHERE k = {i}");
                            if (cache.TryFind(sql, Public, buffer, out KnownStatement<Value> known))
                            {
                                Assert.Equal($"c{i}", known.Value.Name);
                            }
                        }
                    })
                ),
        ];
        for (int i = 0; i < 20_000; i++)
        {
            byte[] sql = Encoding.UTF8.GetBytes($"SELECT c{i % 200} FROM t WHERE k = 1");
            cache.Add(sql, Public, _buffer, new Value($"c{i % 200}"));
        }
        await done.CancelAsync();
        await Task.WhenAll(readers);
    }

    private void Keep(string sql, Value value)
    {
        Add(sql, value);
        Add(sql, value);
    }

    private void Add(string sql, Value value) => _cache.Add(Encoding.UTF8.GetBytes(sql), Public, _buffer, value);

    private Value? Find(string sql) =>
        _cache.TryFind(Encoding.UTF8.GetBytes(sql), Public, _buffer, out KnownStatement<Value> known)
            ? known.Value
            : null;

    private sealed record Value(string Name) : IShapeValue
    {
        public int[] Slots { get; init; } = [];

        public ReadOnlySpan<int> DecidingSlots => Slots;

        public int Bytes => 100;
    }
}
