// What it costs to know what a statement is: by its text, by its shape, by the parser; the memory column of hits
// must be zero.
using System.Text;
using BenchmarkDotNet.Attributes;
using Drover.Sql.Parsing;
using Drover.Sql.Shapes;
using Drover.Sql.Statements;

namespace Drover.Benchmarks;

/// <summary>
/// Exact hits are of one text again and again; shape hits go round many texts that differ in their literals.
/// </summary>
[MemoryDiagnoser]
public class StatementBenchmarks
{
    /// <summary>More texts than a processor's predictor learns; none is admitted as a text.</summary>
    private const int TextCount = 64;

    private static readonly ShapeContext Context = new("\"$user\", public"u8, 1);

    private readonly StatementCache<StatementDescription> _cache = new();
    private readonly StatementCache<StatementDescription> _shapesOnly = new();
    private readonly ShapeBuffer _buffer = new();
    private byte[][] _texts = [];
    private byte[] _zeroTerminated = [];
    private int _next;

    /// <summary>The statement.</summary>
    [Params("point", "join", "insert of 100 rows")]
    public string Statement { get; set; } = "";

    [GlobalSetup]
    public void Setup()
    {
        _texts = [.. Enumerable.Range(0, TextCount).Select(i => Encoding.UTF8.GetBytes(TextOf(i)))];
        _zeroTerminated = ParserText.Of(_texts[0]);
        StatementDescription description = Describe();
        foreach (
            StatementCache<StatementDescription> cache in (StatementCache<StatementDescription>[])[_cache, _shapesOnly]
        )
        {
            cache.Add(_texts[0], Context, _buffer, description);
            cache.Add(_texts[0], Context, _buffer, description);
        }
        for (int i = 0; i < 3; i++)
        {
            Found(_cache, _texts[0]);
        }
    }

    /// <summary>The same text again; one that is too long to be kept is found by its shape.</summary>
    [Benchmark]
    public int ExactHit() => Found(_cache, _texts[0]);

    /// <summary>The same shape with other literals: the shape is made and found.</summary>
    [Benchmark]
    public int ShapeHit()
    {
        byte[] sql = _texts[_next = (_next + 1) % TextCount];
        StatementShape.TryBuild(sql, Context, _buffer);
        return _shapesOnly.TryFindShape(sql, Context, _buffer, out _)
            ? _buffer.ItemCount
            : throw new InvalidOperationException();
    }

    /// <summary>libpg_query alone, its JSON left unread.</summary>
    [Benchmark]
    public int Parse() =>
        PgQueryLibrary.Instance!.Parse(_zeroTerminated, static json => json.Length.ToString(), out _)!.Length;

    /// <summary>
    /// All that is done for a statement that is new, but for the way to the parser's thread and back.
    /// </summary>
    [Benchmark]
    public int ParseAndDescribe() => Describe().Statements.Length;

    private StatementDescription Describe()
    {
        StatementShape.TryBuild(_texts[0], Context, _buffer);
        SqlTree tree = PgQueryLibrary.Instance!.Parse(ParserText.Of(_texts[0]), NodeReader.Read, out _)!;
        return StatementReader.Describe(tree, _texts[0], _buffer, NoCatalogFacts.Instance);
    }

    private int Found(StatementCache<StatementDescription> cache, byte[] sql) =>
        cache.TryFind(sql, Context, _buffer, out KnownStatement<StatementDescription> known)
            ? known.Items.Length
            : throw new InvalidOperationException("the statement is not known");

    private string TextOf(int i) =>
        Statement switch
        {
            "point" => $"SELECT abalance FROM pgbench_accounts WHERE aid = {4711 + i}",
            "join" => "SELECT o.id, o.status, c.name, p.title FROM orders o JOIN customers c ON c.id = o.customer_id "
                + $"JOIN products p ON p.id = o.product_id WHERE o.customer_id = {4711 + i} "
                + "AND o.status IN ('new', 'paid') "
                + "AND o.created_at > now() - interval '90 days' ORDER BY o.created_at DESC LIMIT 100",
            _ => "INSERT INTO orders (customer_id, product_id, status, total_amount) VALUES "
                + string.Join(", ", Enumerable.Range(0, 100).Select(row => $"({4711 + i}, {row}, 'pending', 19.99)")),
        };
}
