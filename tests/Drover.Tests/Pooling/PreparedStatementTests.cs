// Statements that clients share: found by content, bounded per server, never with a shape that a client was not told.
using System.Text;
using Drover.Pooling.Statements;

namespace Drover.Tests.Pooling;

public sealed class PreparedStatementTests
{
    [Fact]
    public void Equal_texts_are_one_statement()
    {
        PreparedStatementRegistry registry = new();
        PreparedStatement one = registry.GetOrAdd(Body("SELECT 1"), "", epoch: 0);
        Assert.Same(one, registry.GetOrAdd(Body("SELECT 1"), "", epoch: 0));
        Assert.NotSame(one, registry.GetOrAdd(Body("SELECT 2"), "", epoch: 0));
        Assert.NotSame(one, registry.GetOrAdd(Body("SELECT 1", 23), "", epoch: 0));
        Assert.NotSame(one, registry.GetOrAdd(Body("SELECT 1"), "tenant", epoch: 0));
        Assert.NotSame(one, registry.GetOrAdd(Body("SELECT 1"), "", epoch: 1));
        Assert.NotSame(one, PreparedStatementRegistry.Unshared(Body("SELECT 1"), ""));
        Assert.Equal("SELECT 1", one.Text);
    }

    [Fact]
    public void Names_on_the_server_are_all_different()
    {
        PreparedStatementRegistry registry = new();
        IEnumerable<string> names = Enumerable
            .Range(0, 100)
            .Select(i => Encoding.ASCII.GetString(registry.GetOrAdd(Body($"SELECT {i}"), "", epoch: 0).ServerName));
        Assert.Equal(100, names.Distinct().Count());
    }

    [Fact]
    public void Retired_statement_is_never_given_again()
    {
        PreparedStatementRegistry registry = new();
        PreparedStatement old = registry.GetOrAdd(Body("SELECT * FROM t"), "", epoch: 0);
        registry.Retire(old);
        PreparedStatement successor = registry.GetOrAdd(Body("SELECT * FROM t"), "", epoch: 0);
        Assert.True(old.IsRetired);
        Assert.NotSame(old, successor);
        registry.Retire(old);
        Assert.Same(successor, registry.GetOrAdd(Body("SELECT * FROM t"), "", epoch: 0));
    }

    [Fact]
    public void Registry_keeps_what_is_in_use_and_drops_the_rest()
    {
        PreparedStatementRegistry registry = new();
        PreparedStatement client = registry.GetOrAdd(Body("client"), "", epoch: 0);
        client.CountClient(1);
        PreparedStatement server = registry.GetOrAdd(Body("server"), "", epoch: 0);
        server.CountServer(1);
        for (int i = 0; i < 10_000; i++)
        {
            registry.GetOrAdd(Body($"SELECT {i}"), "", epoch: 0);
        }
        Assert.InRange(registry.Snapshot().Count, 2, 2048);
        Assert.Same(client, registry.GetOrAdd(Body("client"), "", epoch: 0));
        Assert.Same(server, registry.GetOrAdd(Body("server"), "", epoch: 0));
    }

    [Fact]
    public void Shape_once_known_must_stay()
    {
        PreparedStatement statement = new(1, Body("SELECT $1"), "");
        Assert.False(statement.HasShape);
        Assert.True(statement.TryConfirm(parameters: null, [1]));
        Assert.True(statement.HasShape);
        Assert.True(statement.TryConfirm([0, 0, 0, 23], [1]));
        Assert.False(statement.TryConfirm([0, 0, 0, 25], [1]));
        Assert.False(statement.TryConfirm([0, 0, 0, 23], [2]));
    }

    [Fact]
    public void Copies_are_made_with_the_parameter_types_that_were_told()
    {
        PreparedStatement statement = new(1, Body("SELECT $1"), "");
        Assert.Equal(Body("SELECT $1"), statement.TypedBody.ToArray());
        statement.TryConfirm([0, 0, 0, 23], []);
        Assert.Equal(Body("SELECT $1", 23), statement.TypedBody.ToArray());
        Assert.Equal(Body("SELECT $1"), statement.Body.ToArray());
    }

    [Fact]
    public void Least_recently_used_statement_is_evicted()
    {
        ServerStatements server = new();
        PreparedStatement[] made = Fill(server, 3);
        Assert.True(server.TryUse(made[0], batch: 10));
        Assert.True(server.TryEvict(limit: 3, batch: 11, out PreparedStatement? first));
        Assert.Same(made[1], first);
        Assert.True(server.TryEvict(limit: 2, batch: 11, out PreparedStatement? second));
        Assert.Same(made[2], second);
        Assert.Equal((0, 1), (made[1].Servers, made[0].Servers));
    }

    [Fact]
    public void Nothing_is_evicted_below_the_limit()
    {
        ServerStatements server = new();
        Fill(server, 3);
        Assert.False(server.TryEvict(limit: 4, batch: 10, out _));
        Assert.Equal(3, server.Count);
    }

    [Fact]
    public void Statement_of_the_current_batch_is_not_evicted()
    {
        ServerStatements server = new();
        foreach (PreparedStatement statement in Fill(server, 3))
        {
            server.TryUse(statement, batch: 10);
        }
        Assert.False(server.TryEvict(limit: 1, batch: 10, out _));
        Assert.True(server.TryEvict(limit: 1, batch: 11, out _));
    }

    [Fact]
    public void Stale_copy_is_not_used_and_is_closed_once()
    {
        ServerStatements server = new();
        PreparedStatement[] made = Fill(server, 2);
        server.MarkStale(made[0]);
        server.MarkStale(made[0]);
        Assert.False(server.TryUse(made[0], batch: 1));
        Assert.True(server.TryTakeStale(out PreparedStatement? stale));
        Assert.Same(made[0], stale);
        Assert.False(server.TryTakeStale(out _));
    }

    [Fact]
    public void Cleared_server_has_no_statements_and_is_counted_no_more()
    {
        ServerStatements server = new();
        PreparedStatement[] made = Fill(server, 2);
        server.MarkStale(made[0]);
        server.Clear();
        Assert.Equal((0, 0, 0), (server.Count, made[0].Servers, made[1].Servers));
        Assert.False(server.TryTakeStale(out _));
        Assert.False(server.Remove(made[1]));
    }

    [Fact]
    public void Kept_batch_is_there_until_it_is_dropped()
    {
        RetainedBatch batch = new();
        Assert.False(batch.Exists);
        batch.Keep([1, 2, 3]);
        batch.Keep([4, 5]);
        Assert.Equal([4, 5], batch.Bytes.ToArray());
        batch.Drop();
        Assert.False(batch.Exists);
        batch.Keep(new byte[RetainedBatch.BytesMax]);
        Assert.Equal(RetainedBatch.BytesMax, batch.Bytes.Length);
    }

    private static PreparedStatement[] Fill(ServerStatements server, int count)
    {
        PreparedStatement[] made = [.. Enumerable.Range(1, count).Select(i => new PreparedStatement(i, Body("s"), ""))];
        foreach (PreparedStatement statement in made)
        {
            server.Add(statement, batch: 0);
        }
        return made;
    }

    /// <summary>What Parse carries behind the name.</summary>
    private static byte[] Body(string text, params byte[] types) =>
        [
            .. Encoding.UTF8.GetBytes(text),
            0,
            0,
            (byte)types.Length,
            .. types.SelectMany(static type => new byte[] { 0, 0, 0, type }),
        ];
}
