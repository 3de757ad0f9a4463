// drover partition maintain, list, policy, adopt, release, attach-archive: partitions that keep themselves.
using System.CommandLine;
using Drover.Operations;
using Drover.Operations.Connections;
using Drover.Partitioning.Bounds;
using Drover.Partitioning.Catalog;
using Drover.Partitioning.Maintenance;
using Drover.Partitioning.Maintenance.Adoption;
using Drover.Partitioning.Maintenance.Archives;
using Npgsql;

namespace Drover.App.Commands;

/// <summary>
/// The verbs of the maintenance. Exit codes: 0 all is done; 1 something failed; 2 usage; 3 something was refused.
/// </summary>
internal static class PartitionMaintenanceCommands
{
    private static readonly Option<string?> Database = new("--database", "-d")
    {
        Description = "The database: a postgres:// URI or key=value words; PG* variables stand in for what it lacks.",
        HelpName = "CONNECTION",
    };

    private static readonly Option<bool> Json = new("--json") { Description = "Writes the result as JSON." };

    /// <summary>The verbs, for <c>drover partition</c>.</summary>
    public static IEnumerable<Command> Create() =>
        [
            CreateMaintain(),
            CreateList(),
            PartitionPolicyCommand.Create(),
            CreateAdopt(),
            CreateRelease(),
            CreateAttach(),
        ];

    /// <summary>Runs a verb on a database; problems become a line on standard error and an exit code.</summary>
    public static void SetAction(
        Command command,
        Func<ParseResult, MaintenanceService, CancellationToken, Task<int>> run,
        Func<ParseResult, MaintenanceLimits>? limits = null
    )
    {
        command.Options.Add(Database);
        command.Options.Add(Json);
        command.SetAction(
            async (parsed, cancellation) =>
            {
                TextWriter error = parsed.InvocationConfiguration.Error;
                NpgsqlConnectionStringBuilder? target = ConnectionText.Parse(
                    parsed.GetValue(Database),
                    Environment.GetEnvironmentVariable,
                    out string problem
                );
                if (target is null)
                {
                    await error.WriteLineAsync($"drover: {problem}");
                    return (int)OperationOutcome.Usage;
                }
                try
                {
                    await using NpgsqlDataSource source = NpgsqlDataSource.Create(target);
                    await using MaintenanceService service = await MaintenanceService.OpenAsync(
                        source,
                        TimeProvider.System,
                        limits?.Invoke(parsed) ?? new MaintenanceLimits(),
                        new OperationLimits(),
                        cancellation
                    );
                    return await run(parsed, service, cancellation);
                }
                catch (OperationException failure)
                {
                    await error.WriteLineAsync($"drover: {failure.Message}");
                    return (int)failure.Outcome;
                }
                catch (OperationCanceledException)
                {
                    return (int)OperationOutcome.Interrupted;
                }
                catch (Exception failure)
                    when (failure is NpgsqlException or IOException or UnauthorizedAccessException)
                {
                    await error.WriteLineAsync($"drover: {failure.Message}");
                    return (int)OperationOutcome.Failed;
                }
            }
        );
    }

    /// <summary>Whether JSON is asked for.</summary>
    public static bool WantsJson(ParseResult parsed) => parsed.GetValue(Json);

    private static Command CreateMaintain()
    {
        MaintenanceLimits defaults = new();
        Argument<string?> table = new("TABLE")
        {
            Description = "The table; without it, all that have a policy.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        Option<bool> dryRun = new("--dry-run") { Description = "Shows the plan and changes nothing." };
        Option<bool> clock = new("--accept-clock") { Description = "The server's clock is right, though it jumped." };
        Option<int> createMax = Limit("--create-max", "Partitions that one run makes.", defaults.CreateMax);
        Option<int> retireMax = Limit("--retire-max", "Partitions that one run retires.", defaults.RetireMax);
        Option<int> moveMax = Limit(
            "--move-rows-max",
            "Rows moved out of the default partition in one transaction, which locks it.",
            defaults.MoveRowsMax
        );
        Command command = new("maintain", "Makes, mends and retires partitions as their policies say.")
        {
            table,
            dryRun,
            clock,
            createMax,
            retireMax,
            moveMax,
        };
        SetAction(
            command,
            (parsed, service, cancellation) =>
                MaintainAsync(
                    parsed,
                    service,
                    parsed.GetValue(table),
                    parsed.GetValue(dryRun),
                    parsed.GetValue(clock),
                    cancellation
                ),
            parsed =>
                defaults with
                {
                    CreateMax = parsed.GetValue(createMax),
                    RetireMax = parsed.GetValue(retireMax),
                    MoveRowsMax = parsed.GetValue(moveMax),
                }
        );
        return command;
    }

    private static async Task<int> MaintainAsync(
        ParseResult parsed,
        MaintenanceService service,
        string? table,
        bool isDry,
        bool acceptsClock,
        CancellationToken cancellation
    )
    {
        if (!isDry && !await service.TryBecomeRunnerAsync(cancellation))
        {
            throw new OperationException("another maintenance of this database is at work; it will do the same");
        }
        List<MaintenanceReport> reports = [];
        foreach (PartitionPolicy policy in await PoliciesAsync(table, service, cancellation))
        {
            reports.Add(
                isDry
                    ? new MaintenanceReport(await service.PlanAsync(policy, acceptsClock, cancellation), [])
                    : await service.MaintainAsync(policy, acceptsClock, cancellation)
            );
        }
        await MaintenanceText.WriteAsync(parsed, reports);
        bool hasFailed = reports.Any(report => report.Outcomes.Any(outcome => outcome.Problem is not null));
        bool hasRefused = reports.Any(report => report.Plan.HasObstacle);
        return (int)(
            hasFailed ? OperationOutcome.Failed
            : hasRefused ? OperationOutcome.Refused
            : OperationOutcome.Done
        );
    }

    private static Command CreateList()
    {
        Argument<string> table = new("TABLE") { Description = "The partitioned table." };
        Command command = new("list", "Lists a table's partitions with their bounds, rows and sizes.") { table };
        SetAction(
            command,
            async (parsed, service, cancellation) =>
            {
                PartitionTree tree = await service.ReadTreeAsync(parsed.GetRequiredValue(table), cancellation);
                await MaintenanceText.WriteListAsync(parsed, tree);
                return 0;
            }
        );
        return command;
    }

    private static Command CreateAdopt()
    {
        Argument<string> table = new("TABLE") { Description = "A table that is partitioned by range already." };
        Option<string?> zone = new("--zone") { Description = "The time zone of the bounds; found when not given." };
        Option<string?> interval = new("--interval") { Description = "day, week, month, quarter, year, or ids." };
        Option<bool> dryRun = new("--dry-run") { Description = "Shows the policy and changes nothing." };
        Command command = new("adopt", "Takes a partitioned table over, from pg_partman or from nobody.")
        {
            table,
            zone,
            interval,
            dryRun,
        };
        SetAction(
            command,
            async (parsed, service, cancellation) =>
            {
                PartitionInterval? given = null;
                if (parsed.GetValue(interval) is { } text)
                {
                    given = PartitionInterval.TryParse(text, out PartitionInterval read, out string? problem)
                        ? read
                        : throw new OperationException(problem, OperationOutcome.Usage);
                }
                PartitionAdoption adoption = new(service);
                AdoptionResult result = await adoption.ProposeAsync(
                    parsed.GetRequiredValue(table),
                    parsed.GetValue(zone),
                    given,
                    cancellation
                );
                if (!parsed.GetValue(dryRun))
                {
                    await adoption.AdoptAsync(result.Policy, cancellation);
                }
                await MaintenanceText.WritePoliciesAsync(parsed, [result.Policy], result.Notes);
                return 0;
            }
        );
        return command;
    }

    private static Command CreateRelease()
    {
        Argument<string> table = new("TABLE") { Description = "A table with a policy." };
        Command command = new(
            "release",
            "Forgets a table's policy, and hands it back to pg_partman if it came from there."
        )
        {
            table,
        };
        SetAction(
            command,
            async (parsed, service, cancellation) =>
            {
                PartitionPolicy policy = await FindAsync(parsed.GetRequiredValue(table), service, cancellation);
                await new PartitionAdoption(service).ReleaseAsync(policy, cancellation);
                string to = policy.AdoptedFrom is null ? "nobody keeps it now" : "pg_partman keeps it again";
                await parsed.InvocationConfiguration.Output.WriteLineAsync($"{policy.Table} is released: {to}");
                return 0;
            }
        );
        return command;
    }

    private static Command CreateAttach()
    {
        Argument<string> file = new("FILE") { Description = "An archive's manifest or data file." };
        Command command = new("attach-archive", "Restores an archived partition and attaches it again.") { file };
        SetAction(
            command,
            async (parsed, service, cancellation) =>
            {
                string path = parsed.GetRequiredValue(file);
                ArchiveManifest manifest = await ArchiveRestore.ReadManifestAsync(path, cancellation);
                ArchiveRestore restore = new(service.Session, service.Locks);
                QualifiedName name = await restore.AttachAsync(path, manifest, cancellation);
                await parsed.InvocationConfiguration.Output.WriteLineAsync(
                    $"{name} is attached with {manifest.Rows} rows; retention leaves it alone"
                );
                return 0;
            }
        );
        return command;
    }

    /// <summary>The policy of a table that is named as SQL has it.</summary>
    public static async Task<PartitionPolicy> FindAsync(
        string table,
        MaintenanceService service,
        CancellationToken cancellation
    )
    {
        PartitionTree tree = await service.ReadTreeAsync(table, cancellation);
        return await service.PolicyOfAsync(tree.Table, cancellation);
    }

    private static async Task<IEnumerable<PartitionPolicy>> PoliciesAsync(
        string? table,
        MaintenanceService service,
        CancellationToken cancellation
    ) =>
        table is not null
            ? [await FindAsync(table, service, cancellation)]
            : (await service.Policies.ListAsync(cancellation)).Where(policy => policy.IsEnabled);

    private static Option<int> Limit(string name, string meaning, int value)
    {
        Option<int> option = new(name) { Description = meaning, DefaultValueFactory = _ => value };
        option.Validators.Add(result =>
        {
            if (result.Tokens.Count > 0 && (!int.TryParse(result.Tokens[0].Value, out int given) || given < 1))
            {
                result.AddError($"{name} takes a number from 1");
            }
        });
        return option;
    }
}
