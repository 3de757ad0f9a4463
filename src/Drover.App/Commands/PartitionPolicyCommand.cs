// drover partition policy set, show, list: what a table's partitions are to look like.
using System.CommandLine;
using Drover.Operations;
using Drover.Partitioning.Bounds;
using Drover.Partitioning.Maintenance;

namespace Drover.App.Commands;

/// <summary>The verbs of policies.</summary>
internal static class PartitionPolicyCommand
{
    private static readonly Argument<string> Table = new("TABLE") { Description = "The partitioned table." };
    private static readonly Option<string?> Interval = new("--interval")
    {
        Description = "What one partition holds: day, week, month, quarter, year, or a number of ids.",
    };
    private static readonly Option<string?> Zone = new("--zone")
    {
        Description = "The time zone whose days are meant, such as Europe/Berlin; UTC at first.",
    };
    private static readonly Option<int?> Premake = new("--premake") { Description = "Partitions made ahead." };
    private static readonly Option<string?> Kept = new("--retention")
    {
        Description = "How long partitions are kept: 24 months, 90 days, a number of ids, or forever.",
    };
    private static readonly Option<RetentionAction?> Action = new("--retention-action")
    {
        Description = "What becomes of those that are older.",
    };
    private static readonly Option<string?> Folder = new("--archive-folder") { Description = "Where archives go." };
    private static readonly Option<bool?> Watch = new("--watch-default")
    {
        Description = "Gives rows in the default partition partitions of their own.",
    };
    private static readonly Option<bool?> Enabled = new("--enabled")
    {
        Description = "false: maintain without a table, and the scheduler, pass it over.",
    };

    /// <summary>The command with its verbs.</summary>
    public static Command Create() =>
        new("policy", "What a table's partitions are to look like.") { CreateSet(), CreateShow(), CreateList() };

    private static Command CreateSet()
    {
        Command command = new("set", "Writes a table's policy; what is not named stays as it is.")
        {
            Table,
            Interval,
            Zone,
            Premake,
            Kept,
            Action,
            Folder,
            Watch,
            Enabled,
        };
        PartitionMaintenanceCommands.SetAction(
            command,
            async (parsed, service, cancellation) =>
            {
                PartitionTree tree = await service.ReadTreeAsync(parsed.GetRequiredValue(Table), cancellation);
                PartitionPolicy? old = await service.Policies.FindAsync(tree.Table, cancellation);
                PartitionPolicy policy = Merge(old, tree, parsed);
                if (policy.FindProblem(tree.Kind) is { } problem)
                {
                    throw new OperationException(problem, OperationOutcome.Usage);
                }
                await service.Policies.SaveAsync(policy, cancellation);
                await MaintenanceText.WritePoliciesAsync(parsed, [policy], []);
                return 0;
            }
        );
        return command;
    }

    private static Command CreateShow()
    {
        Command command = new("show", "Shows a table's policy.") { Table };
        PartitionMaintenanceCommands.SetAction(
            command,
            async (parsed, service, cancellation) =>
            {
                string table = parsed.GetRequiredValue(Table);
                PartitionPolicy policy = await PartitionMaintenanceCommands.FindAsync(table, service, cancellation);
                await MaintenanceText.WritePoliciesAsync(parsed, [policy], []);
                return 0;
            }
        );
        return command;
    }

    private static Command CreateList()
    {
        Command command = new("list", "Lists all policies of the database.");
        PartitionMaintenanceCommands.SetAction(
            command,
            async (parsed, service, cancellation) =>
            {
                await MaintenanceText.WritePoliciesAsync(parsed, await service.Policies.ListAsync(cancellation), []);
                return 0;
            }
        );
        return command;
    }

    private static PartitionPolicy Merge(PartitionPolicy? old, PartitionTree tree, ParseResult parsed)
    {
        PartitionInterval? interval = old?.Interval;
        if (parsed.GetValue(Interval) is { } span)
        {
            interval = PartitionInterval.TryParse(span, out PartitionInterval read, out string? problem)
                ? read
                : throw new OperationException(problem, OperationOutcome.Usage);
        }
        if (interval is null)
        {
            throw new OperationException("a new policy needs --interval, such as month", OperationOutcome.Usage);
        }
        Retention? kept = old?.Retention;
        if (parsed.GetValue(Kept) is { } text)
        {
            kept =
                text == "forever" ? null
                : Retention.TryParse(text, out Retention read, out string? problem) ? read
                : throw new OperationException(problem, OperationOutcome.Usage);
        }
        string? folder = parsed.GetValue(Folder) is { } path ? Path.GetFullPath(path) : old?.ArchiveFolder;
        return new PartitionPolicy
        {
            Table = tree.Table,
            KeyColumn = tree.KeyColumn,
            Interval = interval.Value,
            Zone = parsed.GetValue(Zone) ?? old?.Zone ?? "UTC",
            Premake = parsed.GetValue(Premake) ?? old?.Premake ?? PartitionPolicy.PremakeDefault,
            Retention = kept,
            RetentionAction = parsed.GetValue(Action) ?? old?.RetentionAction ?? RetentionAction.Detach,
            ArchiveFolder = folder,
            WatchesDefault = parsed.GetValue(Watch) ?? old?.WatchesDefault ?? true,
            IsEnabled = parsed.GetValue(Enabled) ?? old?.IsEnabled ?? true,
            SeenAt = old?.SeenAt ?? tree.ServerNow,
            AdoptedFrom = old?.AdoptedFrom,
        };
    }
}
