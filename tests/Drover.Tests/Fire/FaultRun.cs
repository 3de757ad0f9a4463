// Runs the reference conversation once for every operation that can go wrong, and looks at what is left behind.
using Drover.Tests.Fakes;

namespace Drover.Tests.Fire;

internal static class FaultRun
{
    private const int OperationsMax = 500;

    public static async Task StrikeEverywhereAsync(
        FaultSide side,
        Fault fault,
        Action<FaultSide, Conversation, Conversation, string> check
    )
    {
        FaultPlan plan = new();
        await using ProxyStage stage = ProxyStage.Start(
            o =>
                o with
                {
                    Pool = o.Pool with { DefaultPoolSize = 2 },
                    Session = o.Session with { TrackSessionState = true },
                    Server = o.Server with { ServerLoginRetry = TimeSpan.FromMilliseconds(50) },
                },
            decorator: plan
        );
        Conversation whole = new(stage.Port);
        await whole.RunAsync();
        Assert.DoesNotContain("end", whole.First);
        Assert.DoesNotContain("end", whole.Second);
        for (int operation = 0; ; operation++)
        {
            Assert.True(operation < OperationsMax, "the conversation never ran out of operations");
            await RenewServersAsync(stage);
            plan.Arm(side, fault, operation);
            Conversation run = new(stage.Port);
            string place = $"{fault} at {side} {operation}";
            try
            {
                await run.RunAsync();
            }
            catch (TimeoutException)
            {
                string log = string.Join('\n', stage.Log.Lines.TakeLast(20));
                Assert.Fail($"{place}: no answer any more, at {run.Steps}\n{stage.Pool.Waiting()}\n{log}");
            }
            bool struck = plan.Struck;
            plan.Disarm();
            check(side, whole, run, place);
            Assert.InRange(await stage.SettleAsync(), 0, 2);
            await CheckNextClientsAsync(stage, place);
            if (!struck)
            {
                Assert.True(operation > 10, $"only {operation} operations were met");
                return;
            }
        }
    }

    /// <summary>Each conversation begins without servers, so that logins to them are struck as well.</summary>
    private static async Task RenewServersAsync(ProxyStage stage)
    {
        await stage.SettleAsync();
        stage.Pool.CloseServers();
        await ProxyStage.UntilAsync(() => stage.Pool.Servers().Count == 0, "no servers");
    }

    private static async Task CheckNextClientsAsync(ProxyStage stage, string place)
    {
        using FakeClient first = await ConnectSoonAsync(stage);
        using FakeClient second = await ConnectSoonAsync(stage);
        foreach (FakeClient client in (FakeClient[])[first, second])
        {
            string? state = await client.ScalarAsync("STATE");
            Assert.True(state == "I", $"{place}: a server was handed over as {state}");
            Assert.True(await client.RunAsync("BEGIN") == "CZT", place);
        }
        Assert.True(await first.RunAsync("COMMIT") == "CZI", place);
        Assert.True(await second.RunAsync("COMMIT") == "CZI", place);
        await first.LeaveAsync();
        await second.LeaveAsync();
    }

    /// <summary>While the last login to the server failed, the next clients are refused for a moment.</summary>
    private static async Task<FakeClient> ConnectSoonAsync(ProxyStage stage)
    {
        for (int tries = 0; ; tries++)
        {
            FakeClient client = await FakeClient.DialAsync(stage.Port);
            Frame? last = await client.LogInAsync();
            if (last is { Type: 'Z' })
            {
                client.TakeTranscript();
                return client;
            }
            client.Dispose();
            Assert.True(tries < 50, $"no login any more: {last}");
            await Task.Delay(20);
        }
    }

    public static void CheckBroken(FaultSide side, Conversation whole, Conversation run, string place)
    {
        bool isClients = side is FaultSide.ClientReceive or FaultSide.ClientSend;
        AssertAnswered(whole.First, run.First, isClients, $"{place}, first client, {run.Steps}");
        AssertAnswered(whole.Second, run.Second, isClients, $"{place}, second client, {run.Steps}");
    }

    public static void AssertSame(IReadOnlyList<string> whole, IReadOnlyList<string> run, string place)
    {
        for (int i = 0; i < Math.Max(whole.Count, run.Count); i++)
        {
            string expected = i < whole.Count ? whole[i] : "nothing";
            string heard = i < run.Count ? run[i] : "nothing";
            Assert.True(expected == heard, $"{place}: message {i} is <{heard}> instead of <{expected}>");
        }
    }

    /// <summary>
    /// The answers of an undisturbed run up to a point; then, if not all came, an error with a class of its own.
    /// </summary>
    private static void AssertAnswered(
        IReadOnlyList<string> whole,
        IReadOnlyList<string> run,
        bool mayJustEnd,
        string place
    )
    {
        if (!run.Contains("end"))
        {
            AssertSame(whole, run, place);
            return;
        }
        List<string> heard = [.. run.TakeWhile(static message => message != "end")];
        bool hasError = heard.Count > 0 && heard[^1].StartsWith("E ", StringComparison.Ordinal) && heard[^1].Length > 8;
        Assert.True(hasError || mayJustEnd, $"{place}: ended without an error behind <{heard.LastOrDefault()}>");
        List<string> answers = hasError ? heard[..^1] : heard;
        AssertSame([.. whole.Take(answers.Count)], answers, place);
    }
}
