// What a query costs on its way through the proxy in this process; the memory column must be zero.
using BenchmarkDotNet.Attributes;
using Drover.Protocol.Framing;
using Drover.Protocol.Messages.Backend;
using Drover.Protocol.Messages.Frontend;

namespace Drover.Benchmarks;

[MemoryDiagnoser]
public class RelayBenchmarks : IDisposable
{
    private static readonly byte[] Simple = Write(static writer =>
        Query.Write(writer, "select abalance from pgbench_accounts where aid = 42")
    );

    private static readonly byte[] Extended = Write(static writer =>
    {
        Parse.Write(writer, default, "select abalance from pgbench_accounts where aid = $1"u8);
        Bind.Begin(writer, default, default, default, 1);
        writer.WriteValue("42"u8);
        Bind.End(writer);
        Execute.Write(writer, default);
        Sync.Write(writer);
    });

    private RelayStage? _simple;
    private RelayStage? _extended;

    [GlobalSetup]
    public void Setup()
    {
        _simple = new RelayStage(
            Write(static writer =>
            {
                WriteRow(writer);
                CommandComplete.Write(writer, "SELECT 1");
                ReadyForQuery.Write(writer, TransactionStatus.Idle);
            })
        );
        _extended = new RelayStage(
            Write(static writer =>
            {
                ParseComplete.Write(writer);
                BindComplete.Write(writer);
                WriteRow(writer);
                CommandComplete.Write(writer, "SELECT 1");
                ReadyForQuery.Write(writer, TransactionStatus.Idle);
            })
        );
    }

    [Benchmark]
    public void SimpleQuery() => _simple!.Ask(Simple);

    [Benchmark]
    public void ExtendedQuery() => _extended!.Ask(Extended);

    [GlobalCleanup]
    public void Dispose()
    {
        _simple?.Dispose();
        _extended?.Dispose();
        GC.SuppressFinalize(this);
    }

    private static void WriteRow(MessageWriter writer)
    {
        DataRow.Begin(writer, 1);
        writer.WriteValue("4711"u8);
        writer.End();
    }

    private static byte[] Write(Action<MessageWriter> write)
    {
        using MessageWriter writer = new(4096);
        write(writer);
        return writer.Written.ToArray();
    }
}
