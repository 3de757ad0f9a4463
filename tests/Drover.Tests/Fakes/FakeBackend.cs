// One connection of the fake PostgreSQL: the protocol's rules for messages.
using System.Text;
using Drover.Protocol;
using Drover.Protocol.Framing;
using Drover.Protocol.Messages.Backend;
using Drover.Protocol.Messages.Frontend;

namespace Drover.Tests.Fakes;

/// <summary>
/// https://www.postgresql.org/docs/18/protocol-flow.html: answers are sent at Sync, Flush and after a simple query;
/// after an error in the extended protocol everything up to Sync is skipped. What SQL does is <see
/// cref="FakeSession"/>'s.
/// </summary>
internal sealed class FakeBackend(FakePostgres postgres, Wire wire, int processId) : IDisposable
{
    private readonly MessageWriter _out = new(16 * 1024 * 1024);
    private readonly Dictionary<string, string> _statements = [];
    private readonly Dictionary<string, string> _portals = [];
    private TaskCompletionSource _gate = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _skips;
    private bool _isOver;

    public Wire Wire => wire;

    public int ProcessId => processId;

    public FakeSession Session { get; } = new();

    /// <summary>Messages in order of arrival, as "type text".</summary>
    public List<string> Received { get; } = [];

    /// <summary>Queries named SLEEP wait for it.</summary>
    public void Wake() => _gate.TrySetResult();

    public void Cancel() => _gate.TrySetCanceled();

    public bool IsOver => Volatile.Read(ref _isOver);

    public IReadOnlyCollection<string> Statements => _statements.Keys;

    public void Dispose()
    {
        Volatile.Write(ref _isOver, true);
        _out.Dispose();
    }

    public async Task<Frame> ReadAsync() => await wire.ReadAsync() ?? throw new IOException("the proxy closed");

    public Task SendAsync(Action<MessageWriter> write) => wire.SendAsync(write);

    public Task FatalAsync(string sqlState) =>
        SendAsync(w => ErrorResponse.Write(w, "FATAL", sqlState, "terminating connection"));

    /// <summary>Serves by the rules until the proxy leaves.</summary>
    public async Task RunAsync()
    {
        while (await wire.ReadAsync() is { Type: not 'X' } frame)
        {
            await HandleAsync(frame);
        }
    }

    public async Task HandleAsync(Frame frame)
    {
        lock (Received)
        {
            Received.Add($"{frame.Type} {frame.Text}");
        }
        if (_skips && frame.Type != 'S')
        {
            return;
        }
        switch (frame.Type)
        {
            case 'Q':
                Session.Unsynced = false;
                await QueryAsync(frame.Text);
                Ready();
                break;
            case 'P':
                OnParse(frame);
                break;
            case 'B':
                OnBind(frame);
                break;
            case 'D':
                OnDescribe((char)frame.Body[0], Encoding.UTF8.GetString(frame.Body.AsSpan(1..^1)));
                break;
            case 'E':
                await OnExecuteAsync(frame);
                break;
            case 'C':
                (frame.Body[0] == 'S' ? _statements : _portals).Remove(
                    Encoding.UTF8.GetString(frame.Body.AsSpan(1..^1))
                );
                CloseComplete.Write(_out);
                break;
            case 'S':
                _skips = false;
                Session.Unsynced = false;
                _portals.Clear();
                Ready();
                break;
            case 'H':
                await FlushAsync();
                break;
            case 'F':
                Fail("0A000", "no functions here", isSimple: true);
                Ready();
                break;
            case 'd' or 'c' or 'f':
                break;
            default:
                postgres.Violations.Enqueue($"unexpected message {frame.Type}");
                break;
        }
        if (frame.Type is 'Q' or 'S' or 'F' || _skips)
        {
            await FlushAsync();
        }
    }

    private void OnParse(Frame frame)
    {
        Assert.True(Parse.TryRead(frame.Body, out Parse parse));
        string name = Encoding.UTF8.GetString(parse.Name);
        string text = Encoding.UTF8.GetString(parse.Text);
        Session.Unsynced = true;
        if (text.StartsWith("BAD", StringComparison.Ordinal))
        {
            Fail(SqlState.SyntaxError, "syntax error");
        }
        else if (name.Length > 0 && !_statements.TryAdd(name, text))
        {
            Fail(SqlState.DuplicatePreparedStatement, $"prepared statement \"{name}\" already exists");
        }
        else
        {
            _statements[name] = text;
            ParseComplete.Write(_out);
        }
    }

    private void OnBind(Frame frame)
    {
        Assert.True(Bind.TryRead(frame.Body, out Bind bind));
        string name = Encoding.UTF8.GetString(bind.Statement);
        Session.Unsynced = true;
        if (!_statements.TryGetValue(name, out string? text))
        {
            Fail("26000", $"prepared statement \"{name}\" does not exist");
            return;
        }
        _portals[Encoding.UTF8.GetString(bind.Portal)] = text;
        BindComplete.Write(_out);
    }

    private void OnDescribe(char kind, string name)
    {
        Session.Unsynced = true;
        if (!(kind == 'S' ? _statements : _portals).TryGetValue(name, out string? text))
        {
            Fail("26000", $"{name} does not exist");
            return;
        }
        if (kind == 'S')
        {
            ParameterDescription.Write(_out, []);
        }
        if (FakeSession.HasRows(text))
        {
            Columns(text.StartsWith("WIDE", StringComparison.Ordinal) ? new string('w', 200_000) : "value");
        }
        else
        {
            NoData.Write(_out);
        }
    }

    private async Task OnExecuteAsync(Frame frame)
    {
        Assert.True(Execute.TryRead(frame.Body, out Execute execute));
        string portal = Encoding.UTF8.GetString(execute.Portal);
        Session.Unsynced = true;
        if (!_portals.TryGetValue(portal, out string? text))
        {
            Fail("34000", "portal does not exist");
        }
        else if (execute.RowsMax > 0 && FakeSession.HasRows(text))
        {
            Row(text);
            PortalSuspended.Write(_out);
        }
        else
        {
            await ExecuteAsync(text, isSimple: false);
        }
    }

    private Task QueryAsync(string text)
    {
        _statements.Remove("");
        return ExecuteAsync(text, isSimple: true);
    }

    private async Task ExecuteAsync(string text, bool isSimple)
    {
        if (text == "SLEEP")
        {
            await SleepAsync();
            return;
        }
        if (text.StartsWith("COPY", StringComparison.Ordinal) && Session.Status != TransactionStatus.Failed)
        {
            await CopyAsync(text);
            return;
        }
        FakeResult result = Session.Execute(text);
        foreach ((string name, string value) in result.Reported)
        {
            ParameterStatus.Write(_out, name, value);
        }
        if (result.Forgets)
        {
            _statements.Clear();
        }
        if (result.SqlState is { } state)
        {
            Fail(state, result.Tag, isSimple);
            return;
        }
        if (text.Length == 0)
        {
            EmptyQueryResponse.Write(_out);
            return;
        }
        if (result.Rows is { } rows)
        {
            if (text.StartsWith("SELECT name, setting FROM", StringComparison.Ordinal))
            {
                string known = _statements.Keys.Count(static name => name.Length > 0).ToString();
                rows.Add(["*statements", known]);
            }
            if (isSimple)
            {
                Columns([.. Enumerable.Range(0, rows.Count > 0 ? rows[0].Length : 1).Select(static i => $"c{i}")]);
            }
            rows.ForEach(Row);
        }
        CommandComplete.Write(_out, result.Tag);
    }

    private async Task SleepAsync()
    {
        await FlushAsync();
        try
        {
            await _gate.Task;
            CommandComplete.Write(_out, "SLEEP");
        }
        catch (OperationCanceledException)
        {
            Fail("57014", "canceling statement due to user request", isSimple: true);
        }
        _gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    private async Task CopyAsync(string text)
    {
        if (text.EndsWith("STDOUT", StringComparison.Ordinal))
        {
            CopyResponse.WriteOut(_out, binary: false, 1);
            foreach (string line in (string[])["one\n", "two\n"])
            {
                Drover.Protocol.Messages.CopyData.Write(_out, Encoding.UTF8.GetBytes(line));
            }
            Drover.Protocol.Messages.CopyDone.Write(_out);
            CommandComplete.Write(_out, "COPY 2");
            return;
        }
        CopyResponse.WriteIn(_out, binary: false, 1);
        await FlushAsync();
        int count = 0;
        while (await ReadAsync() is { Type: not ('c' or 'f') and char type })
        {
            count += type == 'd' ? 1 : 0;
        }
        CommandComplete.Write(_out, $"COPY {count}");
    }

    private void Fail(string sqlState, string message, bool isSimple = false)
    {
        ErrorResponse.Write(_out, "ERROR", sqlState, message);
        Session.Fail();
        _skips = !isSimple;
    }

    private void Ready() => ReadyForQuery.Write(_out, Session.Status);

    private void Columns(params string[] names)
    {
        RowDescription.Begin(_out, names.Length);
        foreach (string name in names)
        {
            RowDescription.WriteColumn(_out, name, 25, -1);
        }
        _out.End();
    }

    private void Row(params string?[] values)
    {
        DataRow.Begin(_out, values.Length);
        foreach (string? value in values)
        {
            if (value is null)
            {
                _out.WriteNull();
            }
            else
            {
                _out.WriteValue(Encoding.UTF8.GetBytes(value));
            }
        }
        _out.End();
    }

    private async Task FlushAsync()
    {
        if (_out.Length > 0)
        {
            await wire.SendRawAsync(_out.Memory);
            _out.Clear();
        }
    }
}
