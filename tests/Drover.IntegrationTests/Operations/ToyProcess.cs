// A runner of the toy operation as a process of its own, so that a test can kill it, or stop and wake it.
using System.Diagnostics;
using System.Globalization;
using Drover.App.LocalPostgres;
using Drover.Operations;
using Drover.Operations.Connections;
using Drover.Operations.Running;

namespace Drover.IntegrationTests.Operations;

/// <summary>A running process.</summary>
internal sealed class ToyProcess : IAsyncDisposable
{
    /// <summary>The first argument that makes this program a runner.</summary>
    public const string Verb = "toy-operation";

    private readonly Process _process;

    private ToyProcess(Process process) => _process = process;

    /// <summary>The exit code, once it has ended.</summary>
    public int ExitCode => _process.ExitCode;

    /// <summary>Starts a runner that halts at a point (in the middle of its transaction) and says so.</summary>
    public static ToyProcess Start(ToyStage stage, long run, string haltAt, TimeSpan leaseTimeout)
    {
        string program = Path.Combine(AppContext.BaseDirectory, "Drover.IntegrationTests");
        ProcessStartInfo start = new(
            program,
            [
                Verb,
                stage.ConnectionString,
                run.ToString(CultureInfo.InvariantCulture),
                haltAt,
                leaseTimeout.TotalMilliseconds.ToString(CultureInfo.InvariantCulture),
            ]
        )
        {
            RedirectStandardOutput = true,
        };
        return new ToyProcess(Process.Start(start)!);
    }

    /// <summary>The other side: runs in the process.</summary>
    public static async Task<int> RunAsync(string[] args)
    {
        (string haltAt, double leaseMs) = (args[3], double.Parse(args[4], CultureInfo.InvariantCulture));
        await using ServerAccess server = new(new(args[1]));
        ToyOperation operation = new(
            ToyOperation.MakePlan(),
            async (point, cancellationToken) =>
            {
                if (point == haltAt)
                {
                    await Console.Out.WriteLineAsync(point.AsMemory(), cancellationToken);
                    await Console.Out.FlushAsync(cancellationToken);
                    // Whoever started this kills it, or stops it and wakes it.
                    await Task.Delay(leaseMs > 10_000 ? -1 : (int)(leaseMs * 3), cancellationToken);
                }
            }
        );
        RunnerOptions options = new()
        {
            Throttle = ThrottleLimits.None,
            Limits = ToyStage.Limits with { LeaseTimeout = TimeSpan.FromMilliseconds(leaseMs) },
        };
        try
        {
            long run = long.Parse(args[2], CultureInfo.InvariantCulture);
            return (int)
                (await new Runner(server, operation, options, TimeProvider.System).RunAsync(run, default)).Outcome;
        }
        catch (OperationException failure)
        {
            return (int)failure.Outcome;
        }
    }

    /// <summary>Waits until it halts at its point.</summary>
    public async Task WaitForHaltAsync(CancellationToken cancellationToken) =>
        Assert.NotNull(await _process.StandardOutput.ReadLineAsync(cancellationToken));

    /// <summary>Waits until it has ended.</summary>
    public Task WaitForExitAsync(CancellationToken cancellationToken) => _process.WaitForExitAsync(cancellationToken);

    /// <summary>SIGKILL, SIGSTOP or SIGCONT.</summary>
    public void Send(int signal) => ProcessSignals.Send(_process.Id, (ProcessSignal)signal);

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }
        _process.Dispose();
    }
}
