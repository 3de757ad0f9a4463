// `drover demo`: real traffic on a real PostgreSQL, without and with Drover, becoming partitioned, and on shards.
using System.CommandLine;
using Drover.App.Demo;
using Drover.App.LocalPostgres;
using Drover.Operations;
using Spectre.Console;

namespace Drover.App.Commands;

/// <summary>The demo's verb and its options.</summary>
internal static class DemoCommand
{
    private const int ExitCodeInterrupted = 130;

    /// <summary>The verb with its options.</summary>
    public static Command Create()
    {
        DemoOptions defaults = new();
        Option<double> scale = Scale(defaults.Scale);
        Option<int> seconds = Number("--seconds", "How long each scene is measured", defaults.Seconds);
        Option<int> direct = Number("--direct-clients", "Clients straight to PostgreSQL", defaults.DirectClients);
        Option<int> pooled = Number("--clients", "Clients through Drover", defaults.PooledClients);
        Option<int> pool = Number("--pool", "Server connections of Drover", defaults.ServerConnections);
        Option<int> rate = Number("--rate", "Queries per second of all clients together", defaults.QueriesPerSecond);
        Option<int> price = Number("--server-price", "Sample price of each server a month", defaults.ServerMonth);
        Option<string?> json = Text("--json", "Write the figures to this file", "FILE");
        Option<bool> keep = new("--keep") { Description = "Leave everything running until Ctrl-C, for psql" };
        Option<string?> bin = Text("--postgres-bin", "Folder of PostgreSQL's programs", "DIR");
        Option<string?> proxy = Text("--proxy", "Another proxy to compare, started with a pgbouncer.ini", "PROGRAM");
        Option<string[]> scenes = new("--scene") { Description = "Play only this scene; can be given several times" };
        scenes.AcceptOnlyFromAmong([.. DemoRun.SceneNames]);
        Command command = new(
            "demo",
            "Real traffic on a real PostgreSQL: straight, through Drover, partitioned, and sharded."
        )
        {
            scale,
            scenes,
            seconds,
            direct,
            pooled,
            pool,
            rate,
            price,
            json,
            keep,
            proxy,
            bin,
        };
        command.SetAction(
            (result, cancellationToken) =>
                RunAsync(
                    new DemoOptions
                    {
                        Scale = result.GetValue(scale),
                        Scenes = result.GetValue(scenes) ?? [],
                        Seconds = result.GetValue(seconds),
                        DirectClients = result.GetValue(direct),
                        PooledClients = result.GetValue(pooled),
                        ServerConnections = result.GetValue(pool),
                        QueriesPerSecond = result.GetValue(rate),
                        ServerMonth = result.GetValue(price),
                        JsonFile = result.GetValue(json),
                        Keep = result.GetValue(keep),
                        ProxyProgram = result.GetValue(proxy),
                        PostgresBinFolder = result.GetValue(bin),
                    },
                    result.InvocationConfiguration,
                    cancellationToken
                )
        );
        return command;
    }

    private static async Task<int> RunAsync(
        DemoOptions options,
        InvocationConfiguration invocation,
        CancellationToken cancellationToken
    )
    {
        bool terminal = !System.Console.IsOutputRedirected && AnsiConsole.Profile.Capabilities.Interactive;
        IDemoScreen screen = terminal ? new LiveScreen(AnsiConsole.Console) : new PlainScreen(invocation.Output);
        try
        {
            return await new DemoRun(options, screen, TimeProvider.System).RunAsync(cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return ExitCodeInterrupted;
        }
        catch (Exception failure)
            when (failure is LocalPostgresException or OperationException or IOException or UnauthorizedAccessException)
        {
            await invocation.Error.WriteLineAsync($"drover: {failure.Message}");
            return DemoRun.Failed;
        }
    }

    private static Option<double> Scale(double value)
    {
        Option<double> option = new("--scale")
        {
            Description = "Size of the shop: 1 is a thousandth of a database of 2 TB",
            DefaultValueFactory = _ => value,
        };
        option.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<double>() is not (> 0 and <= 1000))
            {
                result.AddError("--scale is above 0 and at most 1000");
            }
        });
        return option;
    }

    private static Option<string?> Text(string name, string description, string value) =>
        new(name) { Description = description, HelpName = value };

    private static Option<int> Number(string name, string description, int value)
    {
        Option<int> option = new(name) { Description = description, DefaultValueFactory = _ => value };
        option.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is not (> 0 and <= 100_000))
            {
                result.AddError($"{name} is above 0 and at most 100,000");
            }
        });
        return option;
    }
}
