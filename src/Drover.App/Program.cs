// The entry point: builds the command line and runs the verb that was asked for.
using System.CommandLine;
using Drover.App.Commands;
using Drover.App.Commands.Costs;
using Drover.App.Commands.Indexes;
using Drover.App.Commands.Sharding;
using Drover.App.Commands.Top;
using Drover.App.Commands.Views;

RootCommand root = new("Takes a PostgreSQL database from one overgrown server to many, on live traffic.")
{
    ServeCommand.Create(),
    DemoCommand.Create(),
    InspectCommand.Create(),
    GrowthCommand.Create(),
    CostCommand.Create(),
    TopCommand.Create(),
    PartitionCommand.Create(),
    ShardCommand.Create(),
    TableCommand.Create(),
    SchemaCommand.Create(),
    TenantCommand.Create(),
    PlacementCommand.Create(),
    ViewCommand.Create(),
    IndexCommand.Create(),
    ConfigCommand.Create(),
    LocalPostgresCommand.Create(),
};

ParseResult parsed = root.Parse(args);
if (WrongUsage.IsTold(parsed, Console.Error))
{
    return WrongUsage.ExitCode;
}

// On Ctrl-C or SIGTERM a command has this long to put its things away.
// serve has meanings of its own for signals, and takes as long as its clients do.
InvocationConfiguration configuration = new()
{
    ProcessTerminationTimeout =
        parsed.CommandResult.Command.Name == ServeCommand.Name ? null : TimeSpan.FromSeconds(30),
};
int exitCode = await parsed.InvokeAsync(configuration);
return parsed.Errors.Count > 0 ? WrongUsage.ExitCode : exitCode;
