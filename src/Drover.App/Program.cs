// The entry point: builds the command line and runs the verb that was asked for.
using System.CommandLine;
using Drover.App.Commands;

RootCommand root = new("Takes a PostgreSQL database from one overgrown server to many, on live traffic.");
root.Subcommands.Add(ServeCommand.Create());
root.Subcommands.Add(ConfigCommand.Create());
return await root.Parse(args).InvokeAsync();
