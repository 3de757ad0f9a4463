// The console in the extended protocol, as drivers use it.
using Drover.Administration;
using Drover.Protocol.Framing;
using Drover.Protocol.Messages.Frontend;

namespace Drover.Tests.Console;

public sealed class ConsoleExtendedTests
{
    private readonly FakeProxy _proxy = new();

    [Fact]
    public async Task Batch_of_a_driver_gets_columns_rows_and_one_ready()
    {
        List<string> answer = await new ConsoleClient(_proxy).SendAsync(w =>
        {
            Prepare(w, "SHOW STATE");
            Bind.Begin(w, ""u8, ""u8, [], 0);
            Bind.End(w);
            Describe.Write(w, DescribedKind.Portal, ""u8);
            Execute.Write(w, ""u8);
            Sync.Write(w);
        });
        Assert.Equal(
            ["1", "2", "T key:25 value:25", "D|active|yes", "D|paused|no", "D|suspended|no", "C SHOW", "Z"],
            answer
        );
    }

    [Fact]
    public async Task Command_is_described_as_without_rows_and_runs_at_execute()
    {
        ConsoleClient client = new(_proxy);
        List<string> answer = await client.SendAsync(w =>
        {
            Prepare(w, "PAUSE app");
            Describe.Write(w, DescribedKind.Statement, ""u8);
        });
        Assert.Equal(["1", "t", "n"], answer);
        Assert.Empty(_proxy.Calls);
        answer = await client.SendAsync(w =>
        {
            Bind.Begin(w, ""u8, ""u8, [], 0);
            Bind.End(w);
            Execute.Write(w, ""u8);
            Sync.Write(w);
        });
        Assert.Equal(["2", "C PAUSE", "Z"], answer);
        Assert.Equal(["pause app"], _proxy.Calls);
    }

    [Fact]
    public async Task After_an_error_everything_up_to_sync_is_skipped()
    {
        List<string> answer = await new ConsoleClient(_proxy).SendAsync(w =>
        {
            Prepare(w, "nonsense");
            Bind.Begin(w, ""u8, ""u8, [], 0);
            Bind.End(w);
            Execute.Write(w, ""u8);
            Sync.Write(w);
            Prepare(w, "");
            Sync.Write(w);
        });
        Assert.Equal(["E 08P01 invalid command 'nonsense', use SHOW HELP;", "Z", "1", "Z"], answer);
    }

    [Fact]
    public async Task Rows_can_be_fetched_in_pieces()
    {
        List<string> answer = await new ConsoleClient(_proxy).SendAsync(w =>
        {
            Prepare(w, "SHOW STATE");
            Bind.Begin(w, ""u8, ""u8, [], 0);
            Bind.End(w);
            Execute.Write(w, ""u8, 2);
            Execute.Write(w, ""u8, 2);
        });
        Assert.Equal(["1", "2", "D|active|yes", "D|paused|no", "s", "D|suspended|no", "C SHOW"], answer);
    }

    [Fact]
    public async Task Parameters_are_refused()
    {
        List<string> answer = await new ConsoleClient(_proxy).SendAsync(w =>
        {
            Prepare(w, "SHOW STATE");
            Bind.Begin(w, ""u8, ""u8, [], 1);
            w.WriteValue("x"u8);
            Bind.End(w);
            Sync.Write(w);
        });
        Assert.Equal(["1", "E 0A000 the admin console takes no parameters", "Z"], answer);
    }

    [Fact]
    public async Task Numbers_are_sent_in_binary_when_asked_for()
    {
        List<string> answer = await new ConsoleClient(_proxy).SendAsync(w =>
        {
            Prepare(w, "SHOW DNS_HOSTS");
            Bind.Begin(w, ""u8, ""u8, [], 0);
            Bind.End(w, [1]);
            Execute.Write(w, ""u8);
        });
        Assert.Equal("D|db.example|\0\0\0\0\0\0\0\f|10.0.0.1,10.0.0.2", answer[2]);
    }

    [Fact]
    public async Task Binary_numeric_is_what_PostgreSQL_sends()
    {
        _proxy.TrafficList.Add(new("app", "joe", new() { BytesReceived = 1_2345_0005 }));
        List<string> answer = await new ConsoleClient(_proxy).SendAsync(w =>
        {
            Prepare(w, "SHOW TOTALS");
            Bind.Begin(w, ""u8, ""u8, [], 0);
            Bind.End(w, [1]);
            Execute.Write(w, ""u8);
        });
        // Three digits of base 10,000: 1, 2345, 5; none of their bytes is above 127.
        string row = answer.Single(word => word.StartsWith("D|total_client_bytes", StringComparison.Ordinal));
        Assert.Equal("D|total_client_bytes|\0\u0003\0\u0002\0\0\0\0\0\u0001\u0009\u0029\u0000\u0005", row);
    }

    [Fact]
    public async Task Unknown_message_closes_the_console()
    {
        ConsoleClient client = new(_proxy);
        List<string> answer = await client.SendAsync(w =>
        {
            w.Begin(FrontendType.FunctionCall);
            w.End();
        });
        Assert.Equal(["E 08P01 unsupported packet type for admin console: 70"], answer);
        Assert.Equal(ConsoleOutcome.Close, client.Outcome);
    }

    private static void Prepare(MessageWriter writer, string text) =>
        Parse.Write(writer, ""u8, System.Text.Encoding.UTF8.GetBytes(text));
}
