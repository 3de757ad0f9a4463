// drover partition: its verbs, gathered.
using System.CommandLine;

namespace Drover.App.Commands;

/// <summary>Partitioned tables: kept by policy.</summary>
internal static class PartitionCommand
{
    /// <summary>The command with its verbs.</summary>
    public static Command Create()
    {
        Command command = new("partition", "Keeps partitioned tables as their policies say.");
        foreach (Command verb in PartitionMaintenanceCommands.Create())
        {
            command.Subcommands.Add(verb);
        }
        return command;
    }
}
