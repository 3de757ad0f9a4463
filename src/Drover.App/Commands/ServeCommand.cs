// `drover serve`: runs the data plane.
using System.CommandLine;
using System.CommandLine.Parsing;
using Drover.App.Hosting;
using Drover.Configuration;
using Drover.Proxy;
using Drover.Telemetry;
using Microsoft.Extensions.Logging;

namespace Drover.App.Commands;

internal static class ServeCommand
{
    /// <summary>The verb; it deals with signals itself.</summary>
    public const string Name = "serve";

    private const string RebootRefusal =
        "-R (online restart) is not supported: a running proxy cannot hand its connections to another process. "
        + "For a restart without a refused client set so_reuseport = 1 and start the new process beside the old one, "
        + "then end the old one with SIGTERM; or let systemd hold the sockets.";

    private const string DaemonRefusal =
        "-d (daemon) is not supported: run it under systemd or another supervisor, or in the background of a shell.";

    public static Command Create()
    {
        Argument<string?> file = new("FILE")
        {
            Description = "A drover.toml, or a pgbouncer.ini; the name's ending tells which.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        Option<string?> config = new("--config") { Description = "A drover.toml.", HelpName = "FILE" };
        Option<string?> ini = new("--pgbouncer-ini")
        {
            Description = "A pgbouncer.ini, read as it is.",
            HelpName = "FILE",
        };
        Option<bool> verbose = new("--verbose", "-v")
        {
            Description = "Logs more; -v -v logs most.",
            Arity = ArgumentArity.Zero,
            AllowMultipleArgumentsPerToken = false,
        };
        Option<bool> quiet = new("--quiet", "-q") { Description = "Logs nothing on standard error." };
        Option<LogFormat> format = new("--log-format") { Description = "The form of log lines." };
        Option<bool> reboot = new("--reboot", "-R") { Description = "PgBouncer's online restart.", Hidden = true };
        Option<bool> daemon = new("--daemon", "-d") { Description = "PgBouncer's daemon mode.", Hidden = true };
        Command command = new(Name, "Runs the proxy.") { file, config, ini, verbose, quiet, format, reboot, daemon };
        command.Validators.Add(result => CheckUsage(result, file, config, ini, reboot, daemon));
        command.SetAction(
            (parsed, cancellation) =>
            {
                string? named = parsed.GetValue(config) ?? parsed.GetValue(ini) ?? parsed.GetValue(file);
                bool isIni = parsed.GetValue(config) is null && parsed.GetValue(ini) is not null;
                string path = Path.GetFullPath(named!);
                ConfigurationKind kind =
                    isIni ? ConfigurationKind.PgBouncerIni
                    : parsed.GetValue(config) is not null ? ConfigurationKind.Toml
                    : ConfigurationLoader.KindOf(path);
                ServeOptions options = new(path, kind)
                {
                    Verbose = parsed.GetResult(verbose)?.IdentifierTokenCount ?? 0,
                    Quiet = parsed.GetValue(quiet),
                    LogFormat = parsed.GetValue(format),
                };
                return RunAsync(options, cancellation);
            }
        );
        return command;
    }

    private static void CheckUsage(
        CommandResult result,
        Argument<string?> file,
        Option<string?> config,
        Option<string?> ini,
        Option<bool> reboot,
        Option<bool> daemon
    )
    {
        if (result.GetValue(reboot))
        {
            result.AddError(RebootRefusal);
        }
        if (result.GetValue(daemon))
        {
            result.AddError(DaemonRefusal);
        }
        int named = new[] { result.GetValue(file), result.GetValue(config), result.GetValue(ini) }.Count(name =>
            name is not null
        );
        if (named != 1)
        {
            result.AddError("name one configuration file: --config drover.toml, or --pgbouncer-ini pgbouncer.ini");
        }
    }

    private static async Task<int> RunAsync(ServeOptions serve, CancellationToken cancellation)
    {
        ConfigurationResult loaded = await serve.LoadAsync(null, cancellation);
        if (!loaded.IsValid)
        {
            return Fail(loaded.Errors.Select(static error => error.ToString()));
        }
        DroverOptions options = loaded.Options;
        if (FindUserProblem(options.Proxy.Admin.User) is { } user)
        {
            return Fail([user]);
        }
        if (!TlsSetup.TryLoad(options.Proxy, out TlsSetup? tls, out string? problem))
        {
            return Fail([problem]);
        }
        try
        {
            using PidFile? pidFile = PidFile.Create(options.Proxy.Admin.Pidfile);
            await using LogSetup logs = new(
                serve.Log(options.Proxy.Log),
                serve.LogFormat,
                serve.Quiet ? null : System.Console.OpenStandardError(),
                TimeProvider.System,
                Environment.ProcessId
            );
            ILogger log = logs.Loggers.CreateLogger("config");
            foreach (ConfigurationNotice notice in loaded.Warnings)
            {
                LogConfiguration.Odd(log, notice.File, notice.Line, notice.Message);
            }
            await using ProxyService service = new(serve, options, tls, logs, TimeProvider.System);
            return await service.RunAsync();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return Fail([failure.Message]);
        }
    }

    /// <summary>The process does not change its user; whoever starts it can, and more safely.</summary>
    private static string? FindUserProblem(string user) =>
        user.Length == 0 || user == Environment.UserName
            ? null
            : $"user = {user}: Drover does not change its user. Start it as {user}: User={user} in the systemd unit, "
                + $"or setpriv --reuid={user} --regid={user} --init-groups drover serve …; and leave the setting out.";

    private static int Fail(IEnumerable<string> problems)
    {
        foreach (string problem in problems)
        {
            System.Console.Error.WriteLine(problem);
        }
        return 1;
    }
}
