// One client on the console: takes frontend messages, keeps track of errors up to Sync.
using System.Text;
using Drover.Administration;
using Drover.Protocol;
using Drover.Protocol.Framing;
using Drover.Protocol.Messages.Backend;
using Drover.Protocol.Messages.Frontend;

namespace Drover.App.Console;

/// <summary>
/// Simple and extended protocol over <see cref="CommandRunner"/>. PgBouncer has the simple protocol only; here both
/// give the same results, without parameters, and no command ever opens a transaction.
/// </summary>
internal sealed class ConsoleSession : IConsoleSession
{
    private readonly IProxyAdministration _proxy;
    private readonly ConsoleUser _user;
    private readonly CommandRunner _runner;
    private readonly ConsolePortals _portals = new();
    private bool _skipToSync;

    /// <summary>A console for one client.</summary>
    public ConsoleSession(IProxyAdministration proxy, ConsoleUser user, CommandRunner runner)
    {
        _proxy = proxy;
        _user = user;
        _runner = runner;
    }

    /// <inheritdoc/>
    public async ValueTask<ConsoleOutcome> HandleAsync(
        byte type,
        ReadOnlyMemory<byte> body,
        MessageWriter output,
        CancellationToken cancellation
    )
    {
        switch (type)
        {
            case FrontendType.Terminate:
                return ConsoleOutcome.Close;
            case FrontendType.Query:
                return await QueryAsync(body, output, cancellation).ConfigureAwait(false);
            case FrontendType.Sync:
                _skipToSync = false;
                _portals.CloseAllPortals();
                ReadyForQuery.Write(output, TransactionStatus.Idle);
                return ConsoleOutcome.Continue;
            case FrontendType.Flush:
                return ConsoleOutcome.Continue;
            case FrontendType.Parse
            or FrontendType.Bind
            or FrontendType.Describe
            or FrontendType.Execute
            or FrontendType.Close:
                return _skipToSync
                    ? ConsoleOutcome.Continue
                    : await ExtendedAsync(type, body, output, cancellation).ConfigureAwait(false);
            default:
                string message = $"unsupported packet type for admin console: {type}";
                ErrorResponse.Write(output, "FATAL", SqlState.ProtocolViolation, message);
                return ConsoleOutcome.Close;
        }
    }

    private async ValueTask<ConsoleOutcome> QueryAsync(
        ReadOnlyMemory<byte> body,
        MessageWriter output,
        CancellationToken cancellation
    )
    {
        if (!Query.TryRead(body.Span, out Query query))
        {
            return Malformed(output);
        }
        List<ConsoleCommand> commands = CommandParser.Parse(Encoding.UTF8.GetString(query.Text));
        bool ready = true;
        if (commands.Count == 0)
        {
            EmptyQueryResponse.Write(output);
        }
        foreach (ConsoleCommand command in commands)
        {
            CommandAnswer answer = await RunAsync(command, null, output, cancellation).ConfigureAwait(false);
            if (!Answer(answer, output))
            {
                break;
            }
            ready = answer.Tag is not null;
        }
        if (ready)
        {
            ReadyForQuery.Write(output, TransactionStatus.Idle);
        }
        return ConsoleOutcome.Continue;
    }

    private async ValueTask<ConsoleOutcome> ExtendedAsync(
        byte type,
        ReadOnlyMemory<byte> body,
        MessageWriter output,
        CancellationToken cancellation
    )
    {
        if (type == FrontendType.Execute)
        {
            return await ExecuteAsync(body, output, cancellation).ConfigureAwait(false);
        }
        AdministrationResult? result = type switch
        {
            FrontendType.Parse => _portals.Prepare(body.Span, output),
            FrontendType.Bind => _portals.Open(body.Span, output),
            FrontendType.Describe => _portals.ShowColumns(body.Span, output),
            _ => _portals.Forget(body.Span, output),
        };
        return result is null ? Malformed(output) : Continue(result.Value, output);
    }

    private async ValueTask<ConsoleOutcome> ExecuteAsync(
        ReadOnlyMemory<byte> body,
        MessageWriter output,
        CancellationToken cancellation
    )
    {
        if (!Execute.TryRead(body.Span, out Execute execute))
        {
            return Malformed(output);
        }
        int rowsMax = execute.RowsMax;
        ConsolePortal? portal = _portals.Find(execute.Portal);
        if (portal is null)
        {
            return Continue(AdministrationResult.Failed("portal does not exist", SqlState.InvalidCursorName), output);
        }
        if (portal.Command is null)
        {
            EmptyQueryResponse.Write(output);
            return ConsoleOutcome.Continue;
        }
        if (portal.Rest is null && (rowsMax <= 0 || portal.Table is null))
        {
            CommandAnswer answer = await RunAsync(portal.Command, portal, output, cancellation).ConfigureAwait(false);
            _skipToSync = !Answer(answer, output);
            return ConsoleOutcome.Continue;
        }
        return Continue(portal.WriteRows(rowsMax, rows => ShowRows(portal.Table!, portal, rows), output), output);
    }

    // With a portal the columns have been described before, if the client wanted to know.
    private async ValueTask<CommandAnswer> RunAsync(
        ConsoleCommand command,
        ConsolePortal? portal,
        MessageWriter output,
        CancellationToken cancellation
    )
    {
        ShowTable? table = CommandRunner.TableOf(command);
        if (table is null)
        {
            return await _runner.RunAsync(command, output, cancellation).ConfigureAwait(false);
        }
        AdministrationResult result = ShowRows(table, portal, output);
        return new CommandAnswer(result, "SHOW");
    }

    private AdministrationResult ShowRows(ShowTable table, ConsolePortal? portal, MessageWriter output)
    {
        if (table.AdminOnly && !_user.IsAdmin)
        {
            return CommandRunner.AdminNeeded;
        }
        short[] formats = portal?.Formats ?? new short[table.Columns.Length];
        try
        {
            if (portal is null)
            {
                RowWriter.Describe(output, table.Columns, formats);
            }
            table.Write(_proxy, new RowWriter(output, table.Columns, formats));
            return AdministrationResult.Ok;
        }
        catch (InvalidOperationException full)
        {
            return AdministrationResult.Failed(full.Message, SqlState.ProgramLimitExceeded);
        }
    }

    private static bool Answer(CommandAnswer answer, MessageWriter output)
    {
        if (!answer.Result.Succeeded)
        {
            WriteError(answer.Result, output);
        }
        else if (answer.Tag is not null)
        {
            CommandComplete.Write(output, answer.Tag);
        }
        return answer.Result.Succeeded;
    }

    private ConsoleOutcome Continue(AdministrationResult result, MessageWriter output)
    {
        if (!result.Succeeded)
        {
            WriteError(result, output);
            _skipToSync = true;
        }
        return ConsoleOutcome.Continue;
    }

    private static void WriteError(AdministrationResult result, MessageWriter output) =>
        ErrorResponse.Write(
            output,
            "ERROR",
            result.SqlState ?? SqlState.InternalError,
            (result.Error ?? "").Replace("\0", "", StringComparison.Ordinal),
            hint: result.Hint
        );

    private static ConsoleOutcome Malformed(MessageWriter output)
    {
        ErrorResponse.Write(output, "FATAL", SqlState.ProtocolViolation, "bad packet");
        return ConsoleOutcome.Close;
    }
}
