// drover index list, apply, drop: the advice on indexes, and its doing.
using System.CommandLine;
using Drover.Advice;
using Drover.Advice.Building;
using Drover.Advice.Findings;
using Drover.Advice.Metrics;
using Drover.Operations;

namespace Drover.App.Commands.Indexes;

/// <summary>
/// Exit codes: 0 done; 1 a server failed; 2 usage; 3 refused, such as an ID that is not advised any more; 4 built, but
/// the gain did not come; 130 Ctrl-C, and what was not finished is dropped.
/// </summary>
internal static class IndexCommand
{
    private static readonly Argument<string[]> s_ids = new("ID")
    {
        Description = "Of drover index list, one or more.",
        Arity = ArgumentArity.ZeroOrMore,
    };

    // Takes what does not belong there, to say where it does.
    private static readonly Argument<string[]> s_stray = new("STRAY")
    {
        Arity = ArgumentArity.ZeroOrMore,
        Hidden = true,
    };

    private static readonly Option<bool> s_all = new("--all") { Description = "All of the list that fit the verb." };

    private static readonly Option<bool> s_dryRun = new("--dry-run") { Description = "Writes the commands only." };

    private static readonly Option<string?> s_database = new("--database", "-d")
    {
        Description = "The database: a postgres:// URI or key=value words; PG* variables stand in for what it lacks.",
        HelpName = "CONNECTION",
    };

    private static readonly Option<bool> s_json = new("--json") { Description = "Writes the result as JSON." };

    private static readonly Option<int> s_unusedDays = NumberOption.Create(
        "--unused-days",
        "Days without a scan.",
        7,
        0,
        36_500
    );

    private static readonly Option<string[]> s_standby = StandbyOption.Create();

    private static readonly Option<int> s_lockSeconds = NumberOption.Create(
        "--lock-timeout",
        "Seconds in each wait for other transactions; nobody else waits meanwhile.",
        600,
        1,
        86_400
    );

    private static readonly Option<int> s_wait = NumberOption.Create(
        "--wait",
        "Minutes after which measured times are compared; 0: plans only.",
        0,
        0,
        10_080
    );

    /// <summary>The command with its verbs.</summary>
    public static Command Create() =>
        new("index", "The advice on indexes: what is missing, and what is in the way.")
        {
            With(new Command("list", "Lists what is advised, with IDs. Changes nothing.") { s_stray }, ListAsync),
            With(
                new Command("apply", "Builds missing indexes beside the traffic, and looks whether the gain came.")
                {
                    s_ids,
                    s_all,
                    s_dryRun,
                    s_lockSeconds,
                    s_wait,
                },
                ApplyAsync
            ),
            With(
                new Command("drop", "Drops unused, duplicate, covered and invalid indexes beside the traffic.")
                {
                    s_ids,
                    s_all,
                    s_dryRun,
                    s_lockSeconds,
                },
                DropAsync
            ),
        };

    private static bool IsDrop(Recommendation one) =>
        one.Code is "unused-index" or "duplicate-index" or "covered-index" or "invalid-index";

    private static async Task<int> ListAsync(
        ParseResult parsed,
        DatabaseSession session,
        CancellationToken cancellation
    )
    {
        IndexTexts texts = new(parsed, parsed.GetValue(s_json));
        (IReadOnlyList<Recommendation> advice, IReadOnlyList<YoungIndex> young) = await AdviceAsync(
            parsed,
            session,
            cancellation
        );
        string? unseen = await StatementStatistics.UnseenAsync(session.Connection, cancellation);
        await texts.WriteListAsync(advice, young, unseen);
        return 0;
    }

    private static async Task<int> ApplyAsync(
        ParseResult parsed,
        DatabaseSession session,
        CancellationToken cancellation
    )
    {
        IndexTexts texts = new(parsed, parsed.GetValue(s_json));
        List<Recommendation> wanted = await WantedAsync(
            parsed,
            session,
            static one => one.Build is not null,
            cancellation
        );
        bool hasGained = true;
        foreach (Recommendation one in wanted)
        {
            if (parsed.GetValue(s_dryRun))
            {
                await texts.WritePlannedAsync(one);
                continue;
            }
            BuildLimits limits = new(TimeSpan.FromSeconds(parsed.GetValue(s_lockSeconds)), Attempts: 3);
            IndexBuilder builder = new(session.Access, texts, limits, TimeProvider.System);
            IndexGain gain = await IndexGain.BeforeAsync(session.Connection, one.Helped, cancellation);
            texts.Say($"{one.Build!.FullName}: CREATE INDEX on {one.Subject}");
            await builder.BuildAsync(one.Build, cancellation);
            int minutes = parsed.GetValue(s_wait);
            if (minutes > 0)
            {
                texts.Say($"{one.Build.FullName} is built; waiting {minutes} min for measured times");
                await Task.Delay(TimeSpan.FromMinutes(minutes), TimeProvider.System, cancellation);
            }
            IReadOnlyList<GainedStatement> gained = await gain.AfterAsync(
                session.Connection,
                minutes > 0,
                cancellation
            );
            hasGained &= await texts.WriteBuiltAsync(one, gained, gain.ShareOf(gained));
        }
        await texts.EndAsync();
        return (int)(hasGained ? OperationOutcome.Done : OperationOutcome.Differences);
    }

    private static async Task<int> DropAsync(
        ParseResult parsed,
        DatabaseSession session,
        CancellationToken cancellation
    )
    {
        IndexTexts texts = new(parsed, parsed.GetValue(s_json));
        foreach (Recommendation one in await WantedAsync(parsed, session, IsDrop, cancellation))
        {
            if (!one.IsSure && parsed.GetValue(s_all))
            {
                texts.Say(
                    $"{one.Subject} is left: a standby may use it: name each with --standby, or its ID, {one.Id}"
                );
                continue;
            }
            if (parsed.GetValue(s_dryRun))
            {
                await texts.WritePlannedAsync(one);
                continue;
            }
            BuildLimits limits = new(TimeSpan.FromSeconds(parsed.GetValue(s_lockSeconds)), Attempts: 3);
            IndexBuilder builder = new(session.Access, texts, limits, TimeProvider.System);
            await builder.DropAsync(one.Subject, cancellation);
            await texts.WriteDroppedAsync(one);
        }
        await texts.EndAsync();
        return 0;
    }

    private static async Task<List<Recommendation>> WantedAsync(
        ParseResult parsed,
        DatabaseSession session,
        Predicate<Recommendation> fits,
        CancellationToken cancellation
    )
    {
        string[] ids = parsed.GetValue(s_ids) ?? [];
        if (ids.Length == 0 == !parsed.GetValue(s_all))
        {
            throw new OperationException("say which: IDs of drover index list, or --all", OperationOutcome.Usage);
        }
        (IReadOnlyList<Recommendation> advice, _) = await AdviceAsync(parsed, session, cancellation);
        List<Recommendation> fitting = [.. advice.Where(one => fits(one))];
        string? unknown = ids.FirstOrDefault(id => !fitting.Exists(one => one.Id == id));
        return unknown is null
            ? [.. fitting.Where(one => ids.Length == 0 || ids.Contains(one.Id))]
            : throw new OperationException(
                $"{unknown} is not advised, or is for another verb: drover index list shows what is",
                OperationOutcome.Refused
            );
    }

    private static async Task<(IReadOnlyList<Recommendation> Advice, IReadOnlyList<YoungIndex> Young)> AdviceAsync(
        ParseResult parsed,
        DatabaseSession session,
        CancellationToken cancellation
    )
    {
        (IReadOnlyList<Recommendation> advice, IReadOnlyList<YoungIndex> young) = await Inspector.AdviseOnIndexesAsync(
            session.Connection,
            await StandbyOption.ReadAsync(parsed.GetValue(s_standby), session.Connection, cancellation),
            new AdviceLimits { UnusedAfter = TimeSpan.FromDays(parsed.GetValue(s_unusedDays)) },
            TimeProvider.System,
            cancellation
        );
        return ([.. advice.Where(static one => !one.IsSilenced)], young);
    }

    private static Command With(Command command, Func<ParseResult, DatabaseSession, CancellationToken, Task<int>> run)
    {
        command.Options.Add(s_database);
        command.Options.Add(s_json);
        command.Options.Add(s_unusedDays);
        command.Options.Add(s_standby);
        command.SetAction(
            async (parsed, cancellation) =>
            {
                if (ProblemOf(parsed, command) is { } problem)
                {
                    await parsed.InvocationConfiguration.Error.WriteLineAsync($"drover: {problem}");
                    return (int)OperationOutcome.Usage;
                }
                return await DatabaseInvocation.RunAsync(
                    parsed,
                    parsed.GetValue(s_database),
                    (session, token) => run(parsed, session, token),
                    cancellation,
                    "drover index"
                );
            }
        );
        return command;
    }

    // The other verbs take the database there. It may hold a password, so it is not repeated.
    private static string? ProblemOf(ParseResult parsed, Command command)
    {
        bool takesIds = command.Arguments.Contains(s_ids);
        string[] words = parsed.GetValue(takesIds ? s_ids : s_stray) ?? [];
        bool isDatabase = words.Any(static word =>
            word.Contains("://", StringComparison.Ordinal) || word.Contains('=', StringComparison.Ordinal)
        );
        return isDatabase || (words.Length > 0 && !takesIds)
            ? $"the database goes behind -d: drover index {command.Name} -d URI{(takesIds ? " ID" : "")}"
            : null;
    }
}
