// drover inspect: where a database stands, and what to do next.
using System.CommandLine;
using Drover.Advice;
using Drover.Advice.Metrics;
using Drover.Advice.Silence;
using Drover.App.Commands.Costs;
using Drover.App.Commands.Indexes;
using Drover.Operations;
using Drover.Operations.Connections;
using Npgsql;
using Spectre.Console;

namespace Drover.App.Commands;

/// <summary>
/// Reads a server and writes nothing to it but, if asked to, which advice is silenced. Exit codes: 0 inspected; 1 not
/// reached; 2 usage; 3 an ID to be silenced, or not any more, is not known; 130 Ctrl-C.
/// </summary>
internal static class InspectCommand
{
    private static readonly TimeSpan s_consolePatience = TimeSpan.FromSeconds(5);

    private const StringComparison OrdinalIgnoreCase = StringComparison.OrdinalIgnoreCase;

    private static readonly Argument<string?> s_target = new("CONNECTION")
    {
        Description = "The database: a postgres:// URI or key=value words; PG* variables stand in for what it lacks.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private static readonly Option<int> s_seconds = NumberOption.Create(
        "--seconds",
        "How long rates are measured.",
        10,
        1,
        86_400
    );

    private static readonly Option<int> s_unusedDays = NumberOption.Create(
        "--unused-days",
        "Days that counters must have run before an index is called unused.",
        7,
        0,
        36_500
    );

    private static readonly Option<int> s_largeGigabytes = NumberOption.Create(
        "--large-gb",
        "Gigabytes from which a table is looked at for partitioning.",
        10,
        0,
        1_000_000
    );

    private static readonly Option<string?> s_json = new("--json")
    {
        Description = "Writes the result as JSON to a file, NAME.json; without one in place of the text.",
        HelpName = "FILE",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private static readonly Option<string?> s_config = new("--config")
    {
        Description = "A drover.toml with [prices.servers.NAME]: findings say what they save.",
        HelpName = "FILE",
    };

    private static readonly Option<string?> s_server = new("--server")
    {
        Description = "Which of [prices.servers] it is; needed where there are several.",
        HelpName = "NAME",
    };

    private static readonly Option<string[]> s_silence = new("--silence")
    {
        Description = "Does not show this advice any more, to nobody; kept in schema drover of the database.",
        HelpName = "ID",
    };

    private static readonly Option<string[]> s_unsilence = new("--unsilence")
    {
        Description = "Shows it again.",
        HelpName = "ID",
    };

    private static readonly Option<bool> s_all = new("--all") { Description = "Shows silenced advice too." };

    private static readonly Option<string?> s_console = new("--console")
    {
        Description = "The console of the PgBouncer or Drover in front of it: postgres://user@host:6432/pgbouncer.",
        HelpName = "CONNECTION",
    };

    private static readonly Option<string[]> s_standby = StandbyOption.Create();

    private static readonly Option<string?> s_html = new("--html")
    {
        Description = "Writes a report with charts to a file that needs no other.",
        HelpName = "FILE",
    };

    /// <summary>The command.</summary>
    public static Command Create()
    {
        Command command = new("inspect", "Measures a database and says what to do next. Changes nothing.")
        {
            s_target,
            s_seconds,
            s_unusedDays,
            s_largeGigabytes,
            s_json,
            s_html,
            s_console,
            s_standby,
            s_config,
            s_server,
            s_silence,
            s_unsilence,
            s_all,
        };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        // Bare words after --json that can be no file are the database: --json took none in earlier versions.
        string? json = parsed.GetValue(s_json);
        string? target = parsed.GetValue(s_target);
        bool isTarget = json is not null and not "-" && target is null && !json.EndsWith(".json", OrdinalIgnoreCase);
        (string? file, target) = isTarget ? (null, json) : (json, target);
        if (!await HasFoldersAsync(parsed, parsed.GetValue(s_html), file))
        {
            return (int)OperationOutcome.Failed;
        }
        PricedAdvice? prices = null;
        if (parsed.GetValue(s_config) is { } config)
        {
            prices = await PricedAdvice.LoadAsync(config, parsed.GetValue(s_server), cancellation);
            if (prices.Problem is { } problem)
            {
                await parsed.InvocationConfiguration.Error.WriteLineAsync($"drover: {problem}");
                return (int)OperationOutcome.Usage;
            }
        }
        NpgsqlConnectionStringBuilder? pooler = null;
        if (parsed.GetValue(s_console) is { } words)
        {
            pooler = ConnectionText.Parse(words, Environment.GetEnvironmentVariable, out string wrong);
            if (pooler is null)
            {
                await parsed.InvocationConfiguration.Error.WriteLineAsync($"drover: --console: {wrong}");
                return (int)OperationOutcome.Usage;
            }
        }
        await using PoolFeed? console = pooler is null ? null : new PoolFeed(pooler, "", s_consolePatience);
        return await DatabaseInvocation.RunAsync(
            parsed,
            target,
            async (session, token) =>
            {
                AdviceLimits limits = new()
                {
                    UnusedAfter = TimeSpan.FromDays(parsed.GetValue(s_unusedDays)),
                    LargeTableBytes = (long)parsed.GetValue(s_largeGigabytes) << 30,
                };
                Inspection inspection = await Inspector.InspectAsync(
                    session.Connection,
                    console,
                    await StandbyOption.ReadAsync(parsed.GetValue(s_standby), session.Connection, token),
                    TimeSpan.FromSeconds(parsed.GetValue(s_seconds)),
                    limits,
                    TimeProvider.System,
                    token
                );
                inspection = await SilenceAsync(parsed, session, inspection, token);
                inspection = prices?.With(inspection) ?? inspection;
                return await WriteAsync(parsed, inspection, session.Description, file, token);
            },
            cancellation
        );
    }

    /// <summary>Whether the files can be in their folders, which is told before ten seconds are spent.</summary>
    private static async Task<bool> HasFoldersAsync(ParseResult parsed, string? html, string? json)
    {
        foreach ((string option, string? file) in new[] { ("--html", html), ("--json", json is "-" ? null : json) })
        {
            string? folder = file is null or "" ? null : Path.GetDirectoryName(Path.GetFullPath(file));
            if (folder is not null && !Directory.Exists(folder))
            {
                await parsed.InvocationConfiguration.Error.WriteLineAsync(
                    $"drover: {option}: there is no folder {folder}"
                );
                return false;
            }
        }
        return true;
    }

    /// <summary>Silences what is asked for; then leaves out what is silenced, unless all is to be shown.</summary>
    private static async Task<Inspection> SilenceAsync(
        ParseResult parsed,
        DatabaseSession session,
        Inspection inspection,
        CancellationToken cancellation
    )
    {
        List<Recommendation> advice = [.. inspection.Recommendations];
        string[] silence = parsed.GetValue(s_silence) ?? [];
        string[] unsilence = parsed.GetValue(s_unsilence) ?? [];
        if (silence.FirstOrDefault(id => !advice.Exists(one => one.Id == id)) is { } unknown)
        {
            throw new OperationException(
                $"{unknown} is no advice of this inspection: an ID is in brackets behind each finding's name",
                OperationOutcome.Refused
            );
        }
        if (silence.Length > 0)
        {
            await SilencedAdvice.AddAsync(
                session.Connection,
                [.. advice.Where(one => silence.Contains(one.Id))],
                cancellation
            );
        }
        foreach (string id in unsilence)
        {
            if (await SilencedAdvice.RemoveAsync(session.Connection, id, cancellation) is null)
            {
                throw new OperationException(
                    $"{id} is not silenced: drover inspect --all shows what is",
                    OperationOutcome.Refused
                );
            }
        }
        Recommendation[] marked =
        [
            .. advice.Select(one =>
                one with
                {
                    IsSilenced = silence.Contains(one.Id) || (one.IsSilenced && !unsilence.Contains(one.Id)),
                }
            ),
        ];
        return inspection with
        {
            Recommendations = [.. marked.Where(one => parsed.GetValue(s_all) || !one.IsSilenced)],
            Silenced = marked.Count(static one => one.IsSilenced),
        };
    }

    private static async Task<int> WriteAsync(
        ParseResult parsed,
        Inspection inspection,
        string server,
        string? jsonFile,
        CancellationToken cancellation
    )
    {
        string? html = parsed.GetValue(s_html);
        string page = html is null ? "" : InspectionHtml.Write(inspection, server, TimeProvider.System.GetUtcNow());
        bool isJson = parsed.GetResult(s_json) is not null;
        string json = isJson ? await InspectionJson.WriteAsync(inspection) : "";
        bool hasFile = jsonFile is not null and not "-";
        if (
            !await SaveAsync(parsed, "--html", html, page, cancellation)
            || !await SaveAsync(parsed, "--json", hasFile ? jsonFile : null, json, cancellation)
        )
        {
            return (int)OperationOutcome.Failed;
        }
        TextWriter output = parsed.InvocationConfiguration.Output;
        if (isJson && !hasFile)
        {
            await output.WriteAsync(json);
        }
        else
        {
            InspectionText.Write(inspection, server, AnsiConsole.Console, output);
        }
        return 0;
    }

    /// <summary>Writes a file, or says why not; no file is well too.</summary>
    private static async Task<bool> SaveAsync(
        ParseResult parsed,
        string option,
        string? file,
        string text,
        CancellationToken cancellation
    )
    {
        try
        {
            if (file is not null)
            {
                await File.WriteAllTextAsync(file, text, cancellation);
            }
            return true;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            await parsed.InvocationConfiguration.Error.WriteLineAsync($"drover: {option}: {failure.Message}");
            return false;
        }
    }
}
