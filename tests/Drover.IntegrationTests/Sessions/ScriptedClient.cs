// A client that sends exactly the messages it is told to and reads the answers as short texts.
using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;
using Drover.Protocol.Framing;
using Drover.Protocol.Messages;
using Drover.Protocol.Messages.Backend;
using Drover.Protocol.Messages.Frontend;

namespace Drover.IntegrationTests.Sessions;

/// <summary>
/// Queues messages, sends them as one write, and reads answers up to as many ReadyForQuery as are asked for. An answer
/// is its type byte;
/// rows are <c>D(a|b)</c>, tags <c>C(SELECT 1)</c>, errors <c>E(42P05)</c>, notifications <c>A(channel)</c>,
/// ReadyForQuery <c>Z(I)</c>.
/// </summary>
internal sealed class ScriptedClient : IAsyncDisposable
{
    private readonly TcpClient _tcp = new();
    private readonly MessageWriter _writer = new(64 * 1024 * 1024);
    private readonly string _host;
    private readonly int _port;
    private NetworkStream _stream = null!;

    private ScriptedClient(string host, int port) => (_host, _port) = (host, port);

    public int ProcessId { get; private set; }

    public byte[] CancelKey { get; private set; } = [];

    /// <summary>The message of the last error.</summary>
    public string LastError { get; private set; } = "";

    /// <summary>The detail of the last error.</summary>
    public string LastDetail { get; private set; } = "";

    /// <summary>The context of the last error.</summary>
    public string LastContext { get; private set; } = "";

    /// <summary>What came as CopyData since the last query was queued.</summary>
    public List<byte> Copied { get; } = [];

    public static async Task<ScriptedClient> ConnectAsync(string host, int port, string user, string database)
    {
        ScriptedClient client = new(host, port);
        await client._tcp.ConnectAsync(host, port, TestContext.Current.CancellationToken);
        client._tcp.NoDelay = true;
        client._stream = client._tcp.GetStream();
        Startup.Write(client._writer, user, database);
        await client.RunAsync();
        return client;
    }

    public ScriptedClient Query(string sql) =>
        Add(writer => Drover.Protocol.Messages.Frontend.Query.Write(writer, sql));

    public ScriptedClient Parse(string name, string sql) =>
        Add(writer => Drover.Protocol.Messages.Frontend.Parse.Write(writer, Bytes(name), Bytes(sql)));

    /// <summary>Binds to the unnamed portal, values in text.</summary>
    public ScriptedClient Bind(string statement, params string[] values) => Bind(statement, [], values);

    /// <summary>The same with a format for each column of the result.</summary>
    public ScriptedClient Bind(string statement, short[] resultFormats, params string[] values) =>
        BindTo("", statement, resultFormats, values);

    /// <summary>The same to a portal with a name.</summary>
    public ScriptedClient BindTo(string portal, string statement, short[] resultFormats, params string[] values) =>
        Add(writer =>
        {
            writer.Begin(FrontendType.Bind);
            writer.WriteCString(portal);
            writer.WriteCString(statement);
            writer.WriteInt16(0);
            writer.WriteInt16((short)values.Length);
            foreach (string value in values)
            {
                writer.WriteInt32(Encoding.UTF8.GetByteCount(value));
                writer.WriteBytes(Bytes(value));
            }
            writer.WriteInt16((short)resultFormats.Length);
            foreach (short format in resultFormats)
            {
                writer.WriteInt16(format);
            }
            writer.End();
        });

    public ScriptedClient Execute(string portal = "", int rowsMax = 0) =>
        Add(writer => Drover.Protocol.Messages.Frontend.Execute.Write(writer, Bytes(portal), rowsMax));

    public ScriptedClient DescribePortal(string portal = "") =>
        Add(writer => Describe.Write(writer, DescribedKind.Portal, Bytes(portal)));

    public ScriptedClient ClosePortal(string portal) =>
        Add(writer => Close.Write(writer, DescribedKind.Portal, Bytes(portal)));

    public ScriptedClient CloseStatement(string name) =>
        Add(writer => Close.Write(writer, DescribedKind.Statement, Bytes(name)));

    public ScriptedClient DescribeStatement(string name) =>
        Add(writer => Describe.Write(writer, DescribedKind.Statement, Bytes(name)));

    public ScriptedClient Sync() => Add(Drover.Protocol.Messages.Frontend.Sync.Write);

    public ScriptedClient Terminate() => Add(Drover.Protocol.Messages.Frontend.Terminate.Write);

    public ScriptedClient Flush() => Add(Drover.Protocol.Messages.Frontend.Flush.Write);

    /// <summary>A piece of a COPY's data.</summary>
    public ScriptedClient Copy(ReadOnlyMemory<byte> data) => Add(writer => CopyData.Write(writer, data.Span));

    public ScriptedClient CopyDone() => Add(Drover.Protocol.Messages.CopyDone.Write);

    public ScriptedClient CopyFail(string reason) =>
        Add(writer => Drover.Protocol.Messages.Frontend.CopyFail.Write(writer, Bytes(reason)));

    /// <summary>Sends what is queued.</summary>
    public async Task SendAsync()
    {
        byte[] bytes = _writer.Written.ToArray();
        _writer.Clear();
        await _stream.WriteAsync(bytes, TestContext.Current.CancellationToken);
    }

    /// <summary>Sends, and reads up to and with the last ReadyForQuery.</summary>
    public async Task<string> RunAsync(int readies = 1)
    {
        await SendAsync();
        return await ReadAsync("Z", readies);
    }

    /// <summary>So many Syncs in one write, their ReadyForQuery in one read: work for the other side.</summary>
    public async Task SyncAsync(int times)
    {
        for (int i = 0; i < times; i++)
        {
            Sync();
        }
        await SendAsync();
        await _stream.ReadExactlyAsync(new byte[times * 6], TestContext.Current.CancellationToken);
    }

    /// <summary>Reads until a type of message came so many times.</summary>
    public async Task<string> ReadAsync(string type, int times = 1)
    {
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(
            TestContext.Current.CancellationToken
        );
        limit.CancelAfter(TimeSpan.FromSeconds(20));
        List<string> answers = [];
        byte[] header = new byte[5];
        while (times > 0)
        {
            await _stream.ReadExactlyAsync(header, limit.Token);
            byte[] body = new byte[BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(1)) - 4];
            await _stream.ReadExactlyAsync(body, limit.Token);
            if (header[0] == FrontendType.CopyData)
            {
                Copied.AddRange(body);
            }
            else if (header[0] is not (BackendType.ParameterStatus or BackendType.NoticeResponse))
            {
                answers.Add(Shorten(header[0], body));
            }
            times -= header[0] == (byte)type[0] ? 1 : 0;
        }
        return string.Join(' ', answers);
    }

    /// <summary>Sends a cancel request for this client on a connection of its own, and waits for its end.</summary>
    public async Task CancelAsync()
    {
        using TcpClient other = new();
        await other.ConnectAsync(_host, _port, TestContext.Current.CancellationToken);
        using MessageWriter writer = new(1024);
        CancelRequest.Write(writer, ProcessId, CancelKey);
        await other.GetStream().WriteAsync(writer.Memory, TestContext.Current.CancellationToken);
        await other.GetStream().CopyToAsync(Stream.Null, TestContext.Current.CancellationToken);
    }

    public ValueTask DisposeAsync()
    {
        _tcp.Dispose();
        _writer.Dispose();
        return ValueTask.CompletedTask;
    }

    private ScriptedClient Add(Action<MessageWriter> write)
    {
        write(_writer);
        return this;
    }

    private string Shorten(byte type, byte[] body)
    {
        switch (type)
        {
            case BackendType.DataRow when DataRow.TryRead(body, out ValueList row):
                List<string> values = [];
                foreach (ValueList.Value value in row)
                {
                    values.Add(value.IsNull ? "NULL" : Text(value.Bytes));
                }
                return $"D({string.Join('|', values)})";
            case BackendType.CommandComplete:
                return $"C({Encoding.UTF8.GetString(body.AsSpan(0, body.Length - 1))})";
            case BackendType.ReadyForQuery:
                return $"Z({(char)body[0]})";
            case BackendType.ErrorResponse when ErrorResponse.TryRead(body, out DiagnosticFields fields):
                LastError = Encoding.UTF8.GetString(fields.Message);
                LastDetail = Encoding.UTF8.GetString(fields.Detail);
                LastContext = Encoding.UTF8.GetString(fields.Context);
                return $"E({Encoding.UTF8.GetString(fields.Code)})";
            case BackendType.NotificationResponse:
                return $"A({Encoding.UTF8.GetString(body.AsSpan(4, body.AsSpan(4).IndexOf((byte)0)))})";
            case BackendType.BackendKeyData:
                ProcessId = BinaryPrimitives.ReadInt32BigEndian(body);
                CancelKey = body[4..];
                return "K";
            default:
                return ((char)type).ToString();
        }
    }

    /// <summary>What is no text is told by its bytes.</summary>
    private static string Text(ReadOnlySpan<byte> bytes) =>
        System.Text.Unicode.Utf8.IsValid(bytes) ? Encoding.UTF8.GetString(bytes) : Convert.ToHexString(bytes);

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);
}
