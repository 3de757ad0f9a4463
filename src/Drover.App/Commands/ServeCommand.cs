// `drover serve`: runs the data plane.
using System.CommandLine;
using Drover.App.Hosting;
using Drover.Configuration;
using Drover.Proxy;
using Drover.Telemetry;
using Microsoft.Extensions.Logging;

namespace Drover.App.Commands;

internal static class ServeCommand
{
    public static Command Create()
    {
        Option<FileInfo?> config = new("--config") { Description = "A drover.toml." };
        Option<FileInfo?> ini = new("--pgbouncer-ini") { Description = "A pgbouncer.ini, read as it is." };
        Command command = new("serve", "Runs the proxy.") { config, ini };
        command.SetAction(
            (parsed, cancellation) => RunAsync(parsed.GetValue(config), parsed.GetValue(ini), cancellation)
        );
        return command;
    }

    private static async Task<int> RunAsync(FileInfo? config, FileInfo? ini, CancellationToken cancellation)
    {
        FileInfo file = config ?? ini!;
        ConfigurationResult result = await ConfigurationLoader.LoadAsync(
            file.FullName,
            ini is not null ? ConfigurationKind.PgBouncerIni : ConfigurationKind.Toml,
            cancellation
        );
        if (!result.IsValid)
        {
            foreach (ConfigurationError error in result.Errors)
            {
                await System.Console.Error.WriteLineAsync(error.ToString());
            }
            return 1;
        }
        await using LogSetup logs = new(
            result.Options.Proxy.Log,
            LogFormat.Text,
            System.Console.OpenStandardError(),
            TimeProvider.System,
            Environment.ProcessId
        );
        ILogger log = logs.Loggers.CreateLogger("drover");
        using DataPlane plane = new(result.Options, TimeProvider.System, log);
        plane.Start();
        plane.Listen();
        LogLifecycle.Up(log, "0.1.0", Environment.ProcessId, plane.Loops.Count);
        try
        {
            await Task.Delay(Timeout.Infinite, cancellation);
        }
        catch (OperationCanceledException)
        {
            LogLifecycle.Down(log);
        }
        return 0;
    }
}
