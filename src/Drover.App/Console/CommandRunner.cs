// Runs console commands that do something; those that only show are tables.
using System.Globalization;
using Drover.Administration;
using Drover.Protocol;
using Drover.Protocol.Framing;
using Drover.Protocol.Messages.Backend;
using Drover.Telemetry;
using Microsoft.Extensions.Logging;

namespace Drover.App.Console;

/// <summary>
/// Knows every command. What it returns is what to say: null for no answer at all (an immediate SHUTDOWN leaves the
/// client waiting until the process is gone, as PgBouncer does).
/// </summary>
internal sealed class CommandRunner
{
    private readonly IProxyAdministration _proxy;
    private readonly ConsoleUser _user;
    private readonly ILogger _logger;

    /// <summary>Runs commands for one user.</summary>
    public CommandRunner(IProxyAdministration proxy, ConsoleUser user, ILogger logger)
    {
        _proxy = proxy;
        _user = user;
        _logger = logger;
    }

    /// <summary>The table that the command shows; null when it shows none.</summary>
    public static ShowTable? TableOf(ConsoleCommand command) =>
        command.Verb is "show" or "select" && command.Arguments.Count == 1 ? ShowTables.Find(command.Argument) : null;

    /// <summary>Whether the command is one that the console knows, so that it can be prepared.</summary>
    public static AdministrationResult Check(ConsoleCommand command)
    {
        bool known = command.Verb switch
        {
            "show" or "select" => TableOf(command) is not null || IsHelp(command),
            "set" => command.Arguments.Count == 2,
            "reload" or "suspend" => command.Arguments.Count == 0,
            "discard" or "shutdown" => true,
            "pause" or "resume" or "reconnect" or "kill" or "wait_close" => true,
            "disable" or "enable" or "kill_client" => true,
            _ => false,
        };
        return known ? AdministrationResult.Ok : Unknown(command);
    }

    /// <summary>Runs a command that shows no table.</summary>
    public async ValueTask<CommandAnswer> RunAsync(
        ConsoleCommand command,
        MessageWriter output,
        CancellationToken token
    )
    {
        AdministrationResult check = Check(command);
        if (!check.Succeeded)
        {
            return new(check, null);
        }
        if (IsHelp(command))
        {
            NoticeResponse.Write(output, "NOTICE", "00000", "Console usage", ConsoleHelp.Text);
            return new(AdministrationResult.Ok, "SHOW");
        }
        if (command.Verb == "set" && ShowTables.IsSessionParameter(command.Arguments[0]))
        {
            NoticeResponse.Write(output, "NOTICE", "00000", "SET ignored");
            return new(AdministrationResult.Ok, "SET");
        }
        if (command.Verb == "discard")
        {
            bool all = command.Argument.Equals("all", StringComparison.OrdinalIgnoreCase);
            return all ? new(AdministrationResult.Ok, "DISCARD ALL") : new(Unknown(command), null);
        }
        if (!_user.IsAdmin)
        {
            return new(AdminNeeded, null);
        }
        if (command.Argument is "drover" or "pgbouncer" && OnAdminDatabase(command) is string refusal)
        {
            return new(AdministrationResult.Failed(refusal), null);
        }
        try
        {
            return await ActAsync(command, token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (token.IsCancellationRequested)
        {
            return new(
                AdministrationResult.Failed("canceling statement due to user request", SqlState.QueryCanceled),
                null
            );
        }
    }

    /// <summary>The answer to one who is in <c>stats_users</c> only.</summary>
    public static AdministrationResult AdminNeeded { get; } =
        AdministrationResult.Failed("admin access needed", hint: "Log in as one of admin_users.");

    private async ValueTask<CommandAnswer> ActAsync(ConsoleCommand command, CancellationToken token)
    {
        LogConsole.CommandIssued(_logger, _user.Name, LoggedText(command));
        string? database = command.Argument.Length == 0 ? null : command.Argument;
        AdministrationResult result = command.Verb switch
        {
            "set" => _proxy.Set(command.Arguments[0], command.Arguments[1]),
            "reload" => await _proxy.ReloadAsync(token).ConfigureAwait(false),
            "pause" => await _proxy.PauseAsync(database, token).ConfigureAwait(false),
            "resume" => _proxy.Resume(database),
            "suspend" => await _proxy.SuspendAsync(token).ConfigureAwait(false),
            "reconnect" => _proxy.Reconnect(database),
            "kill" => await _proxy.KillAsync(database, token).ConfigureAwait(false),
            "wait_close" => await _proxy.WaitCloseAsync(database, token).ConfigureAwait(false),
            "disable" => database is null ? DatabaseNeeded : _proxy.Disable(database),
            "enable" => database is null ? DatabaseNeeded : _proxy.Enable(database),
            "kill_client" => KillClient(command.Argument),
            _ => Shutdown(command),
        };
        if (!result.Succeeded)
        {
            LogConsole.CommandFailed(_logger, _user.Name, command.Verb, result.Error);
            return new(result, null);
        }
        return new(result, Tag(command));
    }

    private static string? Tag(ConsoleCommand command) =>
        command.Verb switch
        {
            "set" => $"SET {command.Arguments[0]}={command.Arguments[1]}",
            "shutdown" when command.Argument.Length == 0 => null,
            _ => command.Verb.ToUpperInvariant(),
        };

    // The value of a setting can be a secret.
    private static string LoggedText(ConsoleCommand command) =>
        command.Verb == "set"
            ? "SET " + command.Arguments[0]
            : $"{command.Verb.ToUpperInvariant()} {command.Argument}".Trim();

    private AdministrationResult KillClient(string argument) =>
        long.TryParse(argument, NumberStyles.None, CultureInfo.InvariantCulture, out long id)
            ? _proxy.KillClient(id)
            : AdministrationResult.Failed(
                "invalid client pointer supplied",
                hint: "KILL_CLIENT takes the id column of SHOW CLIENTS."
            );

    private AdministrationResult Shutdown(ConsoleCommand command) =>
        command.Argument.ToUpperInvariant() switch
        {
            "" => _proxy.Shutdown(ShutdownMode.Immediate),
            "WAIT_FOR_SERVERS" => _proxy.Shutdown(ShutdownMode.WaitForServers),
            "WAIT_FOR_CLIENTS" => _proxy.Shutdown(ShutdownMode.WaitForClients),
            _ => Unknown(command),
        };

    private static string? OnAdminDatabase(ConsoleCommand command) =>
        command.Verb switch
        {
            "pause" or "reconnect" or "kill" or "disable" or "enable" =>
                $"cannot {command.Verb} admin db: {command.Argument}",
            "wait_close" => $"cannot wait in admin db: {command.Argument}",
            _ => null,
        };

    private static bool IsHelp(ConsoleCommand command) =>
        command.Verb is "show" or "select" && command.Argument.Equals("help", StringComparison.OrdinalIgnoreCase);

    private static AdministrationResult DatabaseNeeded { get; } =
        AdministrationResult.Failed("a database is required", hint: "SHOW DATABASES lists them.");

    private static AdministrationResult Unknown(ConsoleCommand command) =>
        AdministrationResult.Failed(
            $"invalid command '{command.Text}', use SHOW HELP;",
            hint: "This is the admin console, which knows only its own commands. For SQL, connect to a real database."
        );
}

/// <summary>What came of a command.</summary>
/// <param name="Result">Done, or why not.</param>
/// <param name="Tag">For CommandComplete; null when done: say nothing.</param>
internal readonly record struct CommandAnswer(AdministrationResult Result, string? Tag);
