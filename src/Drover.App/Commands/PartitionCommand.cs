// drover partition: its verbs, gathered.
using System.CommandLine;
using Drover.App.Commands.Runs;

namespace Drover.App.Commands;

/// <summary>A live table becomes partitioned, and its partitions are kept.</summary>
internal static class PartitionCommand
{
    /// <summary>The command with its verbs.</summary>
    public static Command Create()
    {
        Command command = new("partition", "Turns a live table into a partitioned one, and keeps its partitions.");
        foreach (Command verb in PartitionRunCommands.Create().Concat(PartitionMaintenanceCommands.Create()))
        {
            command.Subcommands.Add(verb);
        }
        return command;
    }
}
