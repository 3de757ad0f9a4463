// The scan of a statement's text for what outlives its transaction.
using BenchmarkDotNet.Attributes;
using Drover.Sql;

namespace Drover.Benchmarks;

[MemoryDiagnoser]
public class ScannerBenchmarks
{
    private readonly byte[] _pointSelect = "select abalance from pgbench_accounts where aid = 4711"u8.ToArray();

    private readonly byte[] _insert =
    [
        .. "insert into orders (customer_id, product_id, status, total_amount) values "u8,
        .. Enumerable.Repeat("(4711, 42, 'pending', 19.99), "u8.ToArray(), 100).SelectMany(static row => row),
    ];

    [Benchmark]
    public int PointSelectText() => (int)StatementScanner.Scan(_pointSelect);

    [Benchmark]
    public int InsertOfHundredRows() => (int)StatementScanner.Scan(_insert);
}
