// Runs of client messages: which may be sent again unseen, and how a refused one is passed over.
using Drover.Pooling.Statements;
using Drover.Protocol.Framing;
using Drover.Sessions;
using Drover.Sessions.Relay;
using Drover.Sql;
using Drover.Tests.Fakes;
using FsCheck;
using FsCheck.Fluent;

namespace Drover.Tests.Sessions;

public sealed class BatchTests
{
    /// <summary>Letters are messages; D describes and C closes a portal, d describes a statement.</summary>
    [Theory]
    [InlineData("BDES", true)]
    [InlineData("BDECS", true)]
    [InlineData("BDS", true)]
    [InlineData("BES", false)]
    [InlineData("BDE", false)]
    [InlineData("PBDES", false)]
    [InlineData("BDESS", false)]
    [InlineData("BDESBDES", false)]
    [InlineData("BBDES", false)]
    [InlineData("BdDES", false)]
    [InlineData("S", false)]
    [InlineData("", false)]
    public void Only_one_described_bind_may_run_again(string messages, bool mayRunAgain)
    {
        BatchSketch sketch = default;
        foreach (char message in messages)
        {
            (byte type, byte[] body) = message switch
            {
                'd' => ((byte)'D', "Sx\0"u8.ToArray()),
                'D' or 'C' => ((byte)message, "P\0"u8.ToArray()),
                _ => ((byte)message, []),
            };
            sketch.Note(type, body);
        }
        Assert.Equal(mayRunAgain, sketch.MayRunAgain);
    }

    [Fact]
    public void Description_of_a_portal_is_found_behind_its_bind()
    {
        Assert.True(BatchSketch.DescribesPortal(Bytes(w => w.Flush().DescribePortal("").Execute("").Sync())));
        Assert.False(BatchSketch.DescribesPortal(Bytes(w => w.Execute("").DescribePortal("").Sync())));
        Assert.False(BatchSketch.DescribesPortal(Bytes(w => w.DescribeStatement("s").Sync())));
        Assert.False(BatchSketch.DescribesPortal([]));
    }

    [Fact]
    public void Refused_simple_query_ends_with_itself()
    {
        byte[] data = Bytes(w => w.SimpleQuery("SELECT 1").SimpleQuery("SELECT 2"));
        RefusedBatch refused = new();
        refused.Begin(data);
        Assert.Equal(data.Length / 2, refused.Skip(data));
        Assert.False(refused.IsActive);
    }

    /// <summary>However the bytes arrive, exactly those up to the Sync are passed over.</summary>
    [Fact]
    public void Refused_extended_batch_ends_with_its_sync_however_it_is_cut() =>
        Prop.ForAll(
                (byte[] cuts) =>
                {
                    byte[] batch = Bytes(w => w.Parse("", "SELECT 1").Bind("", "").Execute("").Sync());
                    byte[] data = [.. batch, .. Bytes(w => w.SimpleQuery("next"))];
                    RefusedBatch refused = new();
                    refused.Begin(data);
                    int skipped = 0;
                    int available = 0;
                    foreach (int cut in cuts.Select(static c => c % 16).Append(data.Length))
                    {
                        available = Math.Min(data.Length, available + cut);
                        skipped += refused.Skip(data.AsSpan(skipped..available));
                    }
                    return skipped == batch.Length && !refused.IsActive;
                }
            )
            .Check(Config.QuickThrowOnFailure.WithQuietOnSuccess(true));

    [Fact]
    public void Clients_names_are_told_apart_by_their_bytes()
    {
        ClientStatements statements = new();
        PreparedStatement shared = new(1, "SELECT 1\0"u8.ToArray(), "");
        ClientStatement lower = new("a"u8.ToArray(), shared, StatementTraits.None, null);
        ClientStatement upper = new("A"u8.ToArray(), shared, StatementTraits.None, null);
        statements.Add(lower);
        statements.Add(upper);
        statements.Add(lower);
        Assert.Equal((2, 2), (statements.Count, shared.Clients));
        Assert.Same(lower, statements.Find("a"u8));
        statements.Remove(lower);
        Assert.Null(statements.Find("a"u8));
        statements.Clear();
        Assert.Equal((0, 0), (statements.Count, shared.Clients));
    }

    [Fact]
    public void Renewed_name_is_counted_for_its_successor()
    {
        PreparedStatement old = new(1, "SELECT 1\0"u8.ToArray(), "");
        PreparedStatement successor = new(2, "SELECT 1\0"u8.ToArray(), "");
        ClientStatements statements = new();
        ClientStatement statement = new("a"u8.ToArray(), old, StatementTraits.None, null);
        statements.Add(statement);
        statement.Renew(successor);
        Assert.Equal((0, 1), (old.Clients, successor.Clients));
    }

    [Theory]
    [InlineData(4)]
    [InlineData(32)]
    public void Cancel_key_finds_only_its_own_client(int length)
    {
        CancelKeys keys = new();
        Nobody one = new();
        int first = 0;
        int second = 0;
        byte[] key = keys.Add(ref first, length, one);
        byte[] other = keys.Add(ref second, length, new Nobody());
        Assert.Equal((length, true), (key.Length, first > 0));
        Assert.Same(one, keys.Find(first, key));
        Assert.Null(keys.Find(first, other));
        Assert.Null(keys.Find(first, []));
        Assert.Null(keys.Find(first, [.. key, 0]));
        keys.Remove(first, key);
        Assert.Null(keys.Find(first, key));
    }

    [Fact]
    public void Cancel_key_of_a_servers_own_process_keeps_its_number()
    {
        int processId = 4711;
        new CancelKeys().Add(ref processId, 4, new Nobody());
        Assert.Equal(4711, processId);
    }

    private static byte[] Bytes(Action<MessageWriter> write)
    {
        using MessageWriter writer = new(4096);
        write(writer);
        return writer.Written.ToArray();
    }

    private sealed class Nobody : ICancellable
    {
        public Task CancelAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
