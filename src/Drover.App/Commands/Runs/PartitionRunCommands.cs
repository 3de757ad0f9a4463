// drover partition plan, start, status, pause, resume, abort, cutover, rollback, finish, verify, repair.
using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Drover.Operations;
using Drover.Operations.Journal;
using Drover.Operations.Plans;
using Drover.Operations.Running;
using Drover.Partitioning.Conversion;
using Npgsql;

namespace Drover.App.Commands.Runs;

/// <summary>
/// The verbs of a conversion. Exit codes: 0 done; 1 failed; 2 usage; 3 refused by the preflight, or consent is
/// missing;
/// 4 a verification found differences; 5 another operator works on the run; 130 interrupted or paused.
/// </summary>
internal static class PartitionRunCommands
{
    private const string CutOver = "cutover";

    private static readonly IReadOnlyList<IOperationFactory> s_factories = [new ConversionOperations()];
    private static readonly TimeProvider s_time = TimeProvider.System;

    /// <summary>The verbs, for <c>drover partition</c>.</summary>
    public static IEnumerable<Command> Create() =>
        [
            CreatePlan(),
            CreateStart(),
            CreateStatus(),
            CreatePause(),
            CreateResume(),
            CreateCutOver(),
            CreateRequest("abort", "Undoes everything, while the table has not been swapped."),
            CreateRequest("rollback", "Swaps back, with all that was written since, after comparing every row."),
            CreateRequest("finish", "Ends the way back: drops the old table. There is no return."),
            CreateRequest("verify", "Compares every row of both tables once more."),
            CreateRequest("repair", "Makes rows equal that a verification found different, and compares again."),
        ];

    private static Command CreatePlan()
    {
        PartitionPlanning planning = new(s_time);
        Option<bool> sql = new("--sql") { Description = "Shows every statement too." };
        Command command = RunInvocation.Make(
            "plan",
            "Shows what start would do, step by step, and changes nothing.",
            Table(),
            async (invocation, cancellation) =>
            {
                await using NpgsqlConnection connection = await invocation.OpenAsync(cancellation);
                OperationPlan plan = await planning.PlanAsync(invocation, connection, cancellation);
                if (invocation.WantsJson)
                {
                    await invocation.Output.WriteLineAsync(PlanText.Json(plan));
                }
                else
                {
                    PlanText.Write(plan, invocation.Parsed.GetValue(sql), invocation.Output, invocation.IsTerminal);
                }
                return plan.Obstacles.Any() ? (int)OperationOutcome.Refused : (int)OperationOutcome.Done;
            }
        );
        planning.AddTo(command);
        command.Options.Add(sql);
        return command;
    }

    private static Command CreateStart()
    {
        PartitionPlanning planning = new(s_time);
        ThrottleOptions throttle = new();
        Option<bool> auto = new("--auto") { Description = "Cuts over as soon as everything is ready." };
        Option<string?> at = At();
        Command command = RunInvocation.Make(
            "start",
            "Converts the table up to the cut-over, and through it with --auto or --at. Ctrl-C pauses.",
            Table(),
            async (invocation, cancellation) =>
            {
                RunnerOptions options = throttle.Read(invocation.Parsed);
                DateTimeOffset? when = ReadAt(invocation.Parsed.GetValue(at));
                await using NpgsqlConnection connection = await invocation.OpenAsync(cancellation);
                OperationPlan plan = await planning.PlanAsync(invocation, connection, cancellation);
                PlanText.WriteFindings(plan, PlanText.Plain(invocation.Progress));
                if (plan.Obstacles.FirstOrDefault() is { } obstacle)
                {
                    throw new OperationException(
                        $"{plan.Obstacles.Count()} finding(s) in the way, {obstacle.Code} of {obstacle.Subject} first. "
                            + "Nothing was changed.",
                        OperationOutcome.Refused
                    );
                }
                await JournalSchema.EnsureAsync(connection, cancellation);
                long id = await RunJournal.CreateAsync(connection, plan, cancellation);
                if (invocation.Parsed.GetValue(auto) || when is not null)
                {
                    await RunJournal.OpenGateAsync(connection, id, CutOver, when, cancellation);
                }
                RunRow run = await RunJournal.ReadAsync(connection, id, cancellation);
                return await Drive(invocation, options).RunAsync(run, cancellation);
            }
        );
        planning.AddTo(command);
        throttle.AddTo(command);
        command.Options.Add(auto);
        command.Options.Add(at);
        return command;
    }

    private static Command CreateStatus()
    {
        Option<bool> watch = new("--watch", "-w") { Description = "Follows the run until it stands still." };
        Argument<string?> table = new("TABLE")
        {
            Description = "The table; without it, all that have runs.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        Command command = RunInvocation.Make(
            "status",
            "Shows where a run stands, what it does, and what can be done next.",
            table,
            async (invocation, cancellation) =>
            {
                await using NpgsqlConnection connection = await invocation.OpenAsync(cancellation);
                if (invocation.Table is null)
                {
                    return await ListAsync(invocation, connection, cancellation);
                }
                RunRow run = await invocation.FindRunAsync(connection, cancellation);
                if (invocation.Parsed.GetValue(watch))
                {
                    await new RunWatch(invocation, run.Id, s_time).FollowAsync(now => !now.IsRunnerAlive, cancellation);
                }
                RunReport report = await ReadAsync(invocation, connection, run, cancellation);
                if (invocation.WantsJson)
                {
                    string text = JsonSerializer.Serialize(report, RunReportJson.Default.RunReport);
                    await invocation.Output.WriteLineAsync(text);
                }
                else
                {
                    StatusText.Write(report, invocation.Output);
                }
                return (int)OperationOutcome.Done;
            }
        );
        command.Options.Add(watch);
        return command;
    }

    private static Task<RunReport> ReadAsync(
        RunInvocation invocation,
        NpgsqlConnection connection,
        RunRow run,
        CancellationToken cancellation
    ) => RunReport.ReadAsync(connection, run, Drive(invocation, new RunnerOptions()).Open(run), cancellation);

    private static async Task<int> ListAsync(
        RunInvocation invocation,
        NpgsqlConnection connection,
        CancellationToken cancellation
    )
    {
        List<RunReport> reports = [];
        if (await JournalSchema.ExistsAsync(connection, cancellation))
        {
            foreach (RunRow run in await RunJournal.ListAsync(connection, cancellation))
            {
                reports.Add(await ReadAsync(invocation, connection, run, cancellation));
            }
        }
        if (invocation.WantsJson)
        {
            string text = JsonSerializer.Serialize(reports, RunReportJson.Default.ListRunReport);
            await invocation.Output.WriteLineAsync(text);
            return (int)OperationOutcome.Done;
        }
        if (reports.Count == 0)
        {
            await invocation.Output.WriteLineAsync("no run yet: plan shows what start would do");
        }
        foreach (RunReport report in reports)
        {
            await invocation.Output.WriteLineAsync($"run {report.Run}: {report.Target}: {StatusText.Line(report)}");
            StatusText.WriteWarnings(report, invocation.Output);
        }
        return (int)OperationOutcome.Done;
    }

    private static Command CreatePause() =>
        RunInvocation.Make(
            "pause",
            "Stops the run between two batches; the mirror goes on.",
            Table(),
            async (invocation, cancellation) =>
            {
                await using NpgsqlConnection connection = await invocation.OpenAsync(cancellation);
                RunRow run = await invocation.FindRunAsync(connection, cancellation);
                return await Drive(invocation, new RunnerOptions()).PauseAsync(connection, run, cancellation);
            }
        );

    private static Command CreateResume()
    {
        ThrottleOptions throttle = new();
        Option<bool> auto = new("--auto") { Description = "Cuts over as soon as everything is ready." };
        Command command = RunInvocation.Make(
            "resume",
            "Goes on with a run that was paused, failed, or whose runner died.",
            Table(),
            async (invocation, cancellation) =>
            {
                await using NpgsqlConnection connection = await invocation.OpenAsync(cancellation);
                RunRow run = await invocation.FindRunAsync(connection, cancellation);
                if (run.IsClosed)
                {
                    throw new OperationException($"run {run.Id} is {run.State.ToString().ToLowerInvariant()}");
                }
                await RunJournal.ForgetPauseAsync(connection, run.Id, cancellation);
                if (invocation.Parsed.GetValue(auto))
                {
                    await RunJournal.OpenGateAsync(connection, run.Id, CutOver, null, cancellation);
                }
                return await Drive(invocation, throttle.Read(invocation.Parsed)).RunAsync(run, cancellation);
            }
        );
        throttle.AddTo(command);
        command.Options.Add(auto);
        return command;
    }

    private static Command CreateCutOver()
    {
        ThrottleOptions throttle = new();
        Option<string?> at = At();
        Command command = RunInvocation.Make(
            CutOver,
            "Swaps the tables in one short transaction, now or at a time.",
            Table(),
            (invocation, cancellation) =>
                RequestAsync(
                    invocation,
                    CutOver,
                    ReadAt(invocation.Parsed.GetValue(at)),
                    throttle.Read(invocation.Parsed),
                    cancellation
                )
        );
        throttle.AddTo(command);
        command.Options.Add(at);
        return command;
    }

    private static Command CreateRequest(string verb, string description)
    {
        ThrottleOptions throttle = new();
        Command command = RunInvocation.Make(
            verb,
            description,
            Table(),
            (invocation, cancellation) =>
                RequestAsync(invocation, verb, null, throttle.Read(invocation.Parsed), cancellation)
        );
        throttle.AddTo(command);
        return command;
    }

    private static async Task<int> RequestAsync(
        RunInvocation invocation,
        string verb,
        DateTimeOffset? at,
        RunnerOptions options,
        CancellationToken cancellation
    )
    {
        await using NpgsqlConnection connection = await invocation.OpenAsync(cancellation);
        RunRow run = await invocation.FindRunAsync(connection, cancellation);
        return await Drive(invocation, options).RequestAsync(connection, run, verb, at, cancellation);
    }

    private static RunDrive Drive(RunInvocation invocation, RunnerOptions options) =>
        new(invocation, s_factories, options, s_time);

    private static Argument<string?> Table() => new("TABLE") { Description = "The table, as SQL names it." };

    private static Option<string?> At() =>
        new("--at")
        {
            Description = "When to cut over: 2026-11-26T03:00Z, or 03:00 of this machine's next night or day.",
            HelpName = "TIME",
        };

    /// <summary>An instant: with a date and an offset, or the next time that the local clock shows it.</summary>
    private static DateTimeOffset? ReadAt(string? text)
    {
        if (text is null)
        {
            return null;
        }
        DateTimeOffset now = s_time.GetLocalNow();
        if (TimeOnly.TryParse(text, CultureInfo.InvariantCulture, out TimeOnly clock))
        {
            DateTime today = now.Date + clock.ToTimeSpan();
            DateTime next = today > now.DateTime ? today : today.AddDays(1);
            return new DateTimeOffset(next, s_time.LocalTimeZone.GetUtcOffset(next));
        }
        bool isInstant = DateTimeOffset.TryParse(
            text,
            CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeLocal,
            out DateTimeOffset instant
        );
        return !isInstant ? throw new OperationException($"--at: '{text}' is no time", OperationOutcome.Usage)
            : instant < now ? throw new OperationException($"--at: {instant:u} is over", OperationOutcome.Usage)
            : instant;
    }
}
