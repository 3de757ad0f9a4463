// Carries out a verb on a run: through the runner that is at work, else by a runner of our own.
using Drover.Operations;
using Drover.Operations.Journal;
using Drover.Operations.Plans;
using Drover.Operations.Running;
using Npgsql;

namespace Drover.App.Commands.Runs;

/// <summary>Drives one run from one terminal.</summary>
internal sealed class RunDrive(
    RunInvocation invocation,
    IReadOnlyList<IOperationFactory> factories,
    RunnerOptions options,
    TimeProvider time
)
{
    /// <summary>Works on the run until it is closed, stands at a gate, fails or is interrupted.</summary>
    public async Task<int> RunAsync(RunRow run, CancellationToken cancellation)
    {
        IOperation operation = Open(run);
        Runner runner = new(invocation.Server, operation, options, time);
        using CancellationTokenSource over = new();
        RunWatch watch = new(invocation, run.Id, time);
        await watch.BeginAsync(cancellation);
        Task<RunReport> following = watch.FollowAsync(_ => false, over.Token);
        RunEnd end;
        try
        {
            end = await runner.RunAsync(run.Id, cancellation);
        }
        finally
        {
            await over.CancelAsync();
            await following.ContinueWith(_ => { }, CancellationToken.None, default, TaskScheduler.Default);
            await watch.EndAsync();
        }
        await invocation.WriteResultAsync(end.Outcome, Word(end.State), end.Message);
        return (int)end.Outcome;
    }

    /// <summary>Asks for a verb and sees it done, by whomever.</summary>
    public async Task<int> RequestAsync(
        NpgsqlConnection connection,
        RunRow run,
        string verb,
        DateTimeOffset? at,
        CancellationToken cancellation
    )
    {
        RunPosition position = await ReadPositionAsync(connection, run, cancellation);
        if (position.Refuses(verb) is { } refusal)
        {
            throw new OperationException($"{verb}: {refusal}");
        }
        bool isGate = position.Opens(verb);
        await (
            isGate
                ? RunJournal.OpenGateAsync(connection, run.Id, verb, at, cancellation)
                : RunJournal.RequestAsync(connection, run.Id, verb, cancellation)
        );
        while (await IsAtWorkAsync(connection, run, cancellation))
        {
            RunReport report = await new RunWatch(invocation, run.Id, time).FollowAsync(
                now => !now.IsRunnerAlive || IsAnswered(now),
                cancellation
            );
            if (IsAnswered(report))
            {
                return await AnswerAsync(connection, run.Id, cancellation);
            }
        }
        return await RunAsync(run, cancellation);
    }

    /// <summary>Stops the run between two batches; without a runner it only says so.</summary>
    public async Task<int> PauseAsync(NpgsqlConnection connection, RunRow run, CancellationToken cancellation)
    {
        RunPosition position = await ReadPositionAsync(connection, run, cancellation);
        if (position.Refuses(RunJournal.Pause) is { } refusal)
        {
            throw new OperationException(refusal);
        }
        await RunJournal.RequestAsync(connection, run.Id, RunJournal.Pause, cancellation);
        if (await IsAtWorkAsync(connection, run, cancellation))
        {
            await new RunWatch(invocation, run.Id, time).FollowAsync(
                now => !now.IsRunnerAlive || now.Request is null,
                cancellation
            );
        }
        await RunJournal.SettlePauseAsync(connection, run.Id, cancellation);
        RunRow row = await RunJournal.ReadAsync(connection, run.Id, cancellation);
        await invocation.WriteResultAsync(
            OperationOutcome.Done,
            Word(row.State),
            $"run {run.Id} is {Word(row.State)} at step {row.Step ?? "none"}; resume goes on"
        );
        return (int)OperationOutcome.Done;
    }

    /// <summary>Opens the plan of a run with the code of its kind.</summary>
    public IOperation Open(RunRow run)
    {
        IOperationFactory factory =
            factories.FirstOrDefault(known => known.Kind == run.Kind)
            ?? throw new OperationException($"run {run.Id} is of kind {run.Kind}, which this Drover does not know");
        return factory.Open(PlanJson.Read(run.PlanText));
    }

    private static bool IsAnswered(RunReport report) =>
        report is { Request: null, OpenGate: null, Detour: null } && report.State is not ("running" or "planned");

    private async Task<int> AnswerAsync(NpgsqlConnection connection, long run, CancellationToken cancellation)
    {
        RunRow row = await RunJournal.ReadAsync(connection, run, cancellation);
        OperationOutcome outcome = row.Error is null ? OperationOutcome.Done : row.Outcome ?? OperationOutcome.Failed;
        await invocation.WriteResultAsync(
            outcome,
            Word(row.State),
            row.Error ?? $"run {run} is {Word(row.State)} at step {row.Step ?? "none"}"
        );
        return (int)outcome;
    }

    private static async Task<RunPosition> ReadPositionAsync(
        NpgsqlConnection connection,
        RunRow run,
        CancellationToken cancellation
    ) => new(PlanJson.Read(run.PlanText), run, await StepJournal.ReadAsync(connection, run.Id, cancellation));

    private static async Task<bool> IsAtWorkAsync(
        NpgsqlConnection connection,
        RunRow run,
        CancellationToken cancellation
    ) => await AdvisoryLocks.HolderAsync(connection, AdvisoryLocks.Lease, run.Target, cancellation) is not null;

    private static string Word(RunState state) => state.ToString().ToLowerInvariant();
}
