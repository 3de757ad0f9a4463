// A caller that is killed or interrupted leaves no server and no folder: `drover local-postgres` is that caller.
using System.Diagnostics;
using System.Text.RegularExpressions;
using Drover.App.LocalPostgres;

namespace Drover.IntegrationTests.LocalPostgres;

public sealed partial class CrashTests
{
    [Theory]
    [InlineData(ProcessSignal.Kill)]
    [InlineData(ProcessSignal.Interrupt)]
    [InlineData(ProcessSignal.Terminate)]
    public async Task Caller_that_ends_by_a_signal_leaves_no_server_and_no_folder(object signal)
    {
        CancellationToken token = TestContext.Current.CancellationToken;
        string program = TestedProgram.Path;
        ProcessStartInfo start = new(program, "local-postgres") { RedirectStandardOutput = true };
        using Process caller = Process.Start(start)!;
        Match facts = Facts().Match((await caller.StandardOutput.ReadLineAsync(token))!);
        (int server, string folder) = (int.Parse(facts.Groups[1].Value, null), facts.Groups[2].Value);
        Assert.True(Directory.Exists(folder));
        Assert.True(ProcessTree.IsAlive(server));

        ProcessSignals.Send(caller.Id, (ProcessSignal)signal);
        await caller.WaitForExitAsync(token);

        Stopwatch waited = Stopwatch.StartNew();
        while ((Directory.Exists(folder) || ProcessTree.IsAlive(server)) && waited.Elapsed < TimeSpan.FromSeconds(15))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(50), token);
        }
        Assert.False(ProcessTree.IsAlive(server));
        Assert.False(Directory.Exists(folder));
    }

    [GeneratedRegex("process ([0-9]+), folder (.+)$")]
    private static partial Regex Facts();
}
