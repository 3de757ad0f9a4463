// The reference conversation: everything that two clients can do to two servers, in one fixed order.
using Drover.Tests.Fakes;

namespace Drover.Tests.Fire;

/// <summary>
/// Login, simple queries, extended ones by name and without, a pipeline, a transaction with an error, COPY both ways, a
/// setting that follows its client from server to server, a prepared statement that does, DISCARD, and both ways to
/// leave.
/// </summary>
internal sealed class Conversation(int port)
{
    private readonly List<string> _said = [];

    /// <summary>What the first client was answered, message by message; "end" where the connection ended.</summary>
    public IReadOnlyList<string> First { get; private set; } = [];

    /// <summary>The same of the second one.</summary>
    public IReadOnlyList<string> Second { get; private set; } = [];

    /// <summary>What was done, for the message of a failure.</summary>
    public string Steps => string.Join(", ", _said.TakeLast(3));

    /// <summary>Runs to the end, or to where a client's connection ends. The other client then goes on alone.</summary>
    public async Task RunAsync()
    {
        using FakeClient first = await FakeClient.DialAsync(port);
        using FakeClient second = await FakeClient.DialAsync(port);
        Actor a = new(first, _said, "a");
        Actor b = new(second, _said, "b");
        await a.LogInAsync();
        await b.LogInAsync();
        await a.QueryAsync("one");
        await a.QueryAsync("SET application_name = 'a'");
        await b.QueryAsync("BEGIN");
        await a.QueryAsync("two");
        await b.QueryAsync("INSERT");
        await a.BatchAsync(w => w.Parse("s", "named").DescribeStatement("s").Sync());
        await a.BatchAsync(w => w.Bind("", "s").DescribePortal("").Execute("").Sync());
        await b.QueryAsync("COMMIT");
        await b.BatchAsync(w => w.Parse("t", "named").Bind("", "t").Execute("").Sync());
        await a.QueryAsync("BEGIN");
        await b.BatchAsync(w => w.Bind("", "t").Execute("").Parse("", "unnamed").Bind("", "").Execute("").Sync());
        await a.QueryAsync("FAIL");
        await a.QueryAsync("three");
        await a.QueryAsync("ROLLBACK");
        await b.QueryAsync("BEGIN");
        await a.BatchAsync(w => w.Bind("", "s").Execute("").Sync());
        await b.BatchAsync(w => w.Parse("", "BAD").Bind("", "").Sync().Parse("", "x").Sync(), 2);
        await b.QueryAsync("ROLLBACK");
        await a.BatchAsync(
            w => w.Parse("", "p").Bind("", "").Execute("").Sync().Parse("", "BAD").Sync().SimpleQuery("q"),
            3
        );
        await a.CopyInAsync();
        await b.QueryAsync("COPY t TO STDOUT");
        await a.BatchAsync(w => w.CloseStatement("s").Sync());
        await b.QueryAsync("DISCARD ALL");
        await a.QueryAsync("COMMIT");
        First = a.Heard;
        Second = b.Heard;
        await a.LeaveAsync();
        second.Wire.Abort();
    }

    private sealed class Actor(FakeClient client, List<string> said, string name)
    {
        private bool _isOver;

        public List<string> Heard { get; } = [];

        public async Task LogInAsync()
        {
            Note("login");
            await GuardAsync(async () => await client.LogInAsync());
        }

        public Task QueryAsync(string sql) => BatchAsync(w => w.SimpleQuery(sql));

        public async Task BatchAsync(Action<Drover.Protocol.Framing.MessageWriter> write, int ready = 1)
        {
            Note("batch");
            await GuardAsync(async () =>
            {
                await client.SendAsync(write);
                for (int i = 0; i < ready; i++)
                {
                    await client.ReadToReadyAsync();
                }
            });
        }

        public async Task CopyInAsync()
        {
            Note("copy in");
            await GuardAsync(async () =>
            {
                await client.QueryAsync("COPY t FROM STDIN");
                if (await client.ReadAsync() is { Type: 'G' })
                {
                    await client.SendAsync(w => w.CopyData("1\n").CopyData("2\n").CopyDone());
                }
                await client.ReadToReadyAsync();
            });
        }

        public async Task LeaveAsync()
        {
            if (!_isOver)
            {
                await client.LeaveAsync();
            }
        }

        private void Note(string what) => said.Add($"{name}: {what}");

        private async Task GuardAsync(Func<Task> act)
        {
            if (_isOver)
            {
                return;
            }
            try
            {
                await act();
            }
            catch (IOException)
            {
                // What the proxy said before it closed is still to be read.
                await client.ReadToReadyAsync();
            }
            List<string> heard = client.TakeTranscript();
            Heard.AddRange(heard);
            bool isAnswered = heard.Count > 0 && heard[^1].StartsWith("Z ", StringComparison.Ordinal);
            if (!isAnswered)
            {
                _isOver = true;
                Heard.Add("end");
            }
        }
    }
}
