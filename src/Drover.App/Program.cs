// The entry point: builds the command line and runs the verb that was asked for.
using System.CommandLine;
using Drover.App.Commands;

RootCommand root = new("Takes a PostgreSQL database from one overgrown server to many, on live traffic.")
{
    DemoCommand.Create(),
    LocalPostgresCommand.Create(),
};

// On Ctrl-C or SIGTERM a command has this long to put its things away.
InvocationConfiguration configuration = new() { ProcessTerminationTimeout = TimeSpan.FromSeconds(30) };
return await root.Parse(args).InvokeAsync(configuration);
