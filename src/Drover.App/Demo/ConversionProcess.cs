// `drover partition start` as an operator runs it, and the journal that it can be followed in.
using Drover.App.Commands.Runs;
using Drover.App.LocalPostgres;
using Drover.Operations;
using Drover.Operations.Connections;
using Drover.Operations.Journal;
using Drover.Operations.Running;
using Drover.Partitioning.Preflight;
using Npgsql;

namespace Drover.App.Demo;

/// <summary>Converts the shop's orders in a process of its own; this one only watches.</summary>
internal sealed class ConversionProcess(DemoStage stage)
{
    /// <summary>The table, as the journal names it.</summary>
    public const string Table = "public.orders";

    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(250);

    /// <summary>Where the run stands; null before it is journaled.</summary>
    public RunReport? Report { get; private set; }

    /// <summary>The command, as a person would type it.</summary>
    public string Command => "./drover " + string.Join(' ', Words);

    /// <summary>The command that goes back.</summary>
    public string WayBack => $"./drover partition rollback orders -d {stage.OperatorAddress}";

    private string[] Words =>
        [
            "partition",
            "start",
            "orders",
            "-d",
            stage.OperatorAddress,
            "--by",
            "created_at",
            "--interval",
            "month",
            "--auto",
            "--allow",
            Consent.WeakenUniqueKeys,
        ];

    /// <summary>What a live screen shows of it.</summary>
    public (double Progress, string? Line) Describe() =>
        Report is { } report ? (report.Progress, StatusText.Line(report)) : (0, "planning");

    /// <summary>Runs it to its end: the partitioned table has the name, the old one follows every write.</summary>
    /// <exception cref="OperationException">It did not end so; what it said is in the message.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await using ServerAccess server = new(
            ConnectionText.Parse(stage.OperatorAddress, static _ => null, out string problem)
                ?? throw new OperationException(problem)
        );
        Task<CommandRun> run = CommandRun.RunAsync([.. ProxyProcess.OwnProgram(), .. Words], "/", cancellationToken);
        await using NpgsqlConnection connection = await server.OpenAsync(cancellationToken);
        while (!run.IsCompleted)
        {
            await LookAsync(connection, cancellationToken);
            await Task.WhenAny(run, Task.Delay(s_look, stage.TimeProvider, cancellationToken));
        }
        CommandRun ended = await run;
        await LookAsync(connection, cancellationToken);
        if (ended.ExitCode != 0 || Report is null)
        {
            throw new OperationException(
                $"{Command} ended with exit code {ended.ExitCode}:\n{ended.Error}{ended.Output}".TrimEnd()
            );
        }
    }

    private async Task LookAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        if (
            await JournalSchema.ExistsAsync(connection, cancellationToken)
            && await RunJournal.FindLatestAsync(connection, Table, cancellationToken) is { } row
        )
        {
            Report = await RunReport.ReadAsync(connection, row.Id, cancellationToken);
        }
    }
}
