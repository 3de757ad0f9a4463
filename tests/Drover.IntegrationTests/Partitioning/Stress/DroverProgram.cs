// drover partition as a process of its own, so that kill -9 is a real one.
using System.Diagnostics;
using Drover.App.LocalPostgres;

namespace Drover.IntegrationTests.Partitioning.Stress;

/// <summary>How the program ended.</summary>
/// <param name="Command">What was run.</param>
/// <param name="ExitCode">Its exit code; 137 when it was killed.</param>
/// <param name="Output">What it wrote, errors last.</param>
/// <param name="WasKilled">It was killed by its test.</param>
internal sealed record ProgramEnd(string Command, int ExitCode, string Output, bool WasKilled)
{
    public override string ToString() => $"{Command}: exit code {ExitCode}{(WasKilled ? ", killed" : "")}\n{Output}";
}

/// <summary>Runs verbs on one database.</summary>
/// <param name="port">The server's.</param>
/// <param name="database">The database.</param>
internal sealed class DroverProgram(Func<int> port, string database)
{
    /// <summary>
    /// How long a verb may take. A load of other tests beside this one must not fail it.
    /// </summary>
    public TimeSpan Patience { get; set; } = TimeSpan.FromMinutes(4);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Runs a verb to its end.</summary>
    public async Task<ProgramEnd> RunAsync(string command)
    {
        using Process process = Start(command, port());
        return await EndAsync(process, command);
    }

    /// <summary>Runs a verb and expects an exit code.</summary>
    public async Task<ProgramEnd> ExpectAsync(int exitCode, string command)
    {
        ProgramEnd end = await RunAsync(command);
        Assert.True(end.ExitCode == exitCode, $"expected exit code {exitCode}: {end}");
        return end;
    }

    /// <summary>Runs a verb and kills it at a message, if it comes to that.</summary>
    public async Task<ProgramEnd> RunAsync(string command, KillPoint point)
    {
        await using KillingRelay relay = new(port, point);
        using Process process = Start(command, relay.Port);
        int id = process.Id;
        relay.Kill = () => ProcessSignals.Send(id, ProcessSignal.Kill);
        ProgramEnd end = await EndAsync(process, command);
        return end with { WasKilled = relay.HasCut };
    }

    /// <summary>Runs a verb and kills it after a time, if it lives so long.</summary>
    public async Task<ProgramEnd> RunAsync(string command, TimeSpan life)
    {
        using Process process = Start(command, port());
        Task<ProgramEnd> ending = EndAsync(process, command);
        if (await Task.WhenAny(ending, Task.Delay(life, Token)) == ending)
        {
            return await ending;
        }
        process.Kill();
        return await ending with { WasKilled = true };
    }

    private Process Start(string command, int at)
    {
        string program = TestedProgram.Path;
        string url = $"postgres://{LocalPostgresCluster.Superuser}@{LocalPostgresCluster.Host}:{at}/{database}";
        ProcessStartInfo start = new(program, ["partition", .. Words(command), "--database", url])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        return Process.Start(start)!;
    }

    // A tilde stands for a space inside a word.
    private static IEnumerable<string> Words(string command) =>
        command.Split(' ').Select(word => word.Replace('~', ' '));

    private async Task<ProgramEnd> EndAsync(Process process, string command)
    {
        using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(Token);
        patience.CancelAfter(Patience);
        Task<string> output = process.StandardOutput.ReadToEndAsync(Token);
        Task<string> error = process.StandardError.ReadToEndAsync(Token);
        try
        {
            await process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException) when (!Token.IsCancellationRequested)
        {
            process.Kill();
            await process.WaitForExitAsync(Token);
            Assert.Fail($"{command} does not end:\n{await output}{await error}");
        }
        return new ProgramEnd(command, process.ExitCode, await output + await error, false);
    }
}
