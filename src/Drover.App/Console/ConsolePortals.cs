// Prepared statements and portals of one console: the extended protocol, without parameters.
using System.Text;
using Drover.Administration;
using Drover.Protocol;
using Drover.Protocol.Framing;
using Drover.Protocol.Messages.Backend;
using Drover.Protocol.Messages.Frontend;

namespace Drover.App.Console;

/// <summary>
/// Each method answers one message: null when the message is malformed, a failure when it asks for what is not there.
/// </summary>
internal sealed class ConsolePortals
{
    /// <summary>Statements and portals that one console may hold, each; drivers use a handful.</summary>
    public const int EntriesMax = 256;

    // A statement whose text is empty is there, and has no command.
    private readonly Dictionary<string, ConsoleCommand?> _statements = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ConsolePortal> _portals = new(StringComparer.Ordinal);

    /// <summary>The portal of this name; null when there is none.</summary>
    public ConsolePortal? Find(ReadOnlySpan<byte> name) => _portals.GetValueOrDefault(Encoding.UTF8.GetString(name));

    /// <summary>Portals end with the implicit transaction, at Sync.</summary>
    public void CloseAllPortals() => _portals.Clear();

    /// <summary>Answers Parse.</summary>
    public AdministrationResult? Prepare(ReadOnlySpan<byte> body, MessageWriter output)
    {
        if (!Parse.TryRead(body, out Parse parse))
        {
            return null;
        }
        if (parse.ParameterTypeCount > 0)
        {
            return NoParameters;
        }
        string name = Encoding.UTF8.GetString(parse.Name);
        List<ConsoleCommand> commands = CommandParser.Parse(Encoding.UTF8.GetString(parse.Text));
        if (commands.Count > 1)
        {
            return AdministrationResult.Failed(
                "cannot insert multiple commands into a prepared statement",
                SqlState.SyntaxError
            );
        }
        ConsoleCommand? command = commands.Count == 0 ? null : commands[0];
        AdministrationResult check = command is null ? AdministrationResult.Ok : CommandRunner.Check(command);
        if (!check.Succeeded)
        {
            return check;
        }
        if (name.Length > 0 && _statements.ContainsKey(name))
        {
            return AdministrationResult.Failed(
                $"prepared statement \"{name}\" already exists",
                SqlState.DuplicatePreparedStatement
            );
        }
        if (_statements.Count >= EntriesMax)
        {
            return TooMany;
        }
        _statements[name] = command;
        ParseComplete.Write(output);
        return AdministrationResult.Ok;
    }

    /// <summary>Answers Bind.</summary>
    public AdministrationResult? Open(ReadOnlySpan<byte> body, MessageWriter output)
    {
        if (
            !Bind.TryRead(body, out Bind bind) || !BindParameters.TryRead(bind.Remainder, out BindParameters parameters)
        )
        {
            return null;
        }
        string statement = Encoding.UTF8.GetString(bind.Statement);
        if (!_statements.TryGetValue(statement, out ConsoleCommand? command))
        {
            return NoStatement(statement);
        }
        if (parameters.Values.Count > 0)
        {
            return NoParameters;
        }
        if (_portals.Count >= EntriesMax)
        {
            return TooMany;
        }
        ShowTable? table = command is null ? null : CommandRunner.TableOf(command);
        short[] formats = new short[table?.Columns.Length ?? 0];
        for (int i = 0; i < formats.Length; i++)
        {
            formats[i] = parameters.ResultFormats[i];
        }
        _portals[Encoding.UTF8.GetString(bind.Portal)] = new ConsolePortal(command, table, formats);
        BindComplete.Write(output);
        return AdministrationResult.Ok;
    }

    /// <summary>Answers Describe.</summary>
    public AdministrationResult? ShowColumns(ReadOnlySpan<byte> body, MessageWriter output)
    {
        if (!Describe.TryRead(body, out Describe describe))
        {
            return null;
        }
        string name = Encoding.UTF8.GetString(describe.Name);
        if (describe.Kind == DescribedKind.Portal)
        {
            if (!_portals.TryGetValue(name, out ConsolePortal? portal))
            {
                return NoPortal(name);
            }
            WriteColumns(portal.Table, portal.Formats, output);
            return AdministrationResult.Ok;
        }
        if (!_statements.TryGetValue(name, out ConsoleCommand? command))
        {
            return NoStatement(name);
        }
        ParameterDescription.Write(output, []);
        ShowTable? table = command is null ? null : CommandRunner.TableOf(command);
        WriteColumns(table, new short[table?.Columns.Length ?? 0], output);
        return AdministrationResult.Ok;
    }

    /// <summary>Answers Close; closing what is not there is no error.</summary>
    public AdministrationResult? Forget(ReadOnlySpan<byte> body, MessageWriter output)
    {
        if (!Close.TryRead(body, out Close close))
        {
            return null;
        }
        string name = Encoding.UTF8.GetString(close.Name);
        if (close.Kind == DescribedKind.Portal)
        {
            _portals.Remove(name);
        }
        else
        {
            _statements.Remove(name);
        }
        CloseComplete.Write(output);
        return AdministrationResult.Ok;
    }

    private static void WriteColumns(ShowTable? table, short[] formats, MessageWriter output)
    {
        if (table is null)
        {
            NoData.Write(output);
        }
        else
        {
            RowWriter.Describe(output, table.Columns, formats);
        }
    }

    private static AdministrationResult NoParameters { get; } =
        AdministrationResult.Failed(
            "the admin console takes no parameters",
            SqlState.FeatureNotSupported,
            "Put the value into the command."
        );

    private static AdministrationResult TooMany { get; } =
        AdministrationResult.Failed(
            $"more than {EntriesMax} prepared statements or portals on the admin console",
            SqlState.ProgramLimitExceeded,
            "Close those that are no longer used."
        );

    private static AdministrationResult NoStatement(string name) =>
        AdministrationResult.Failed($"prepared statement \"{name}\" does not exist", SqlState.InvalidSqlStatementName);

    private static AdministrationResult NoPortal(string name) =>
        AdministrationResult.Failed($"portal \"{name}\" does not exist", SqlState.InvalidCursorName);
}
