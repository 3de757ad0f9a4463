// A scripted client: says exactly what a test tells it to, and checks what comes back.
using System.Net;
using System.Net.Sockets;
using System.Text;
using Drover.Protocol.Framing;
using Drover.Protocol.Messages.Backend;
using Drover.Protocol.Messages.Frontend;

namespace Drover.Tests.Fakes;

internal sealed class FakeClient : IDisposable
{
    private FakeClient(Wire wire) => Wire = wire;

    public Wire Wire { get; }

    /// <summary>Parameters as the server reported them last.</summary>
    public Dictionary<string, string> Parameters { get; } = [];

    public int ProcessId { get; private set; }

    public byte[] CancelKey { get; private set; } = [];

    /// <summary>What came since the last <see cref="TakeTranscript"/>, in order.</summary>
    public List<string> Transcript { get; } = [];

    /// <summary>Opens the socket and says nothing.</summary>
    public static async Task<FakeClient> DialAsync(int port)
    {
        Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(IPAddress.Loopback, port);
        return new FakeClient(new Wire(socket));
    }

    /// <summary>Logs in, up to the first ReadyForQuery; fails on an error.</summary>
    public static async Task<FakeClient> ConnectAsync(
        int port,
        string user = "app",
        string database = "app",
        params (string Name, string Value)[] parameters
    )
    {
        FakeClient client = await DialAsync(port);
        Frame? last = await client.LogInAsync(user, database, parameters);
        Assert.True(last is { Type: 'Z' }, $"login ended with {last}");
        return client;
    }

    /// <summary>Sends a start-up packet and reads to ReadyForQuery, an error or the end.</summary>
    public async Task<Frame?> LogInAsync(
        string user = "app",
        string database = "app",
        params (string Name, string Value)[] parameters
    )
    {
        await Wire.SendAsync(w =>
        {
            Startup.Begin(w);
            Startup.WriteParameter(w, "user"u8, Encoding.UTF8.GetBytes(user));
            Startup.WriteParameter(w, "database"u8, Encoding.UTF8.GetBytes(database));
            foreach ((string name, string value) in parameters)
            {
                Startup.WriteParameter(w, Encoding.UTF8.GetBytes(name), Encoding.UTF8.GetBytes(value));
            }
            Startup.End(w);
        });
        return await ReadToReadyAsync();
    }

    public Task SendAsync(Action<MessageWriter> write) => Wire.SendAsync(write);

    public Task QueryAsync(string sql) => SendAsync(w => Query.Write(w, sql));

    /// <summary>Reads the next message, parameters and notices included; null at the end.</summary>
    public async Task<Frame?> ReadAsync()
    {
        Frame? frame = await Wire.ReadAsync();
        if (frame is null)
        {
            return null;
        }
        Note(frame);
        return frame;
    }

    private void Note(Frame frame)
    {
        Transcript.Add(frame.ToString());
        if (frame.Type == 'S' && ParameterStatus.TryRead(frame.Body, out ParameterStatus parameter))
        {
            Parameters[Encoding.UTF8.GetString(parameter.Name)] = Encoding.UTF8.GetString(parameter.Value);
        }
        else if (frame.Type == 'K' && BackendKeyData.TryRead(frame.Body, out BackendKeyData key))
        {
            ProcessId = key.ProcessId;
            CancelKey = key.Key.ToArray();
        }
    }

    /// <summary>Reads to ReadyForQuery, which is returned; a FATAL or the end of the stream ends it too.</summary>
    public async Task<Frame?> ReadToReadyAsync()
    {
        Frame? error = null;
        while (await ReadAsync() is { } frame)
        {
            if (frame.Type == 'Z')
            {
                return frame;
            }
            error = frame.Type == 'E' ? frame : error;
        }
        return error;
    }

    /// <summary>
    /// Runs a simple query and gives the types of its answer, ReadyForQuery with its status: "TDCZI".
    /// </summary>
    public async Task<string> RunAsync(string sql)
    {
        await QueryAsync(sql);
        return await ReadShapeAsync();
    }

    /// <summary>
    /// The types of messages up to a ReadyForQuery, whose status comes last; without ParameterStatus.
    /// </summary>
    public async Task<string> ReadShapeAsync()
    {
        StringBuilder shape = new();
        while (await ReadAsync() is { } frame)
        {
            if (frame.Type is not ('S' or 'N'))
            {
                shape.Append(frame.Type);
            }
            if (frame.Type == 'Z')
            {
                return shape.Append((char)frame.Body[0]).ToString();
            }
        }
        return shape.Append('!').ToString();
    }

    /// <summary>Reads exactly these types, one message each, and gives the last.</summary>
    public async Task<Frame> ExpectAsync(string types)
    {
        Frame? frame = null;
        foreach (char type in types)
        {
            frame = await ReadAsync();
            Assert.True(frame?.Type == type, $"expected {type} of {types}, got {frame?.ToString() ?? "the end"}");
        }
        return frame!;
    }

    /// <summary>The first value of a simple query's first row.</summary>
    public async Task<string?> ScalarAsync(string sql)
    {
        await QueryAsync(sql);
        string? value = null;
        while (await ReadAsync() is { } frame && frame.Type != 'Z')
        {
            value = frame.Type switch
            {
                'D' => Encoding.UTF8.GetString(frame.Body.AsSpan(6)),
                'E' => frame.SqlState,
                _ => value,
            };
        }
        return value;
    }

    /// <summary>Whether an error with this SQLSTATE comes, and then the end.</summary>
    public async Task<Frame> ExpectFatalAsync(string sqlState)
    {
        Frame? error = await ReadToReadyAsync();
        Assert.Equal(sqlState, error?.SqlState);
        return error!;
    }

    public List<string> TakeTranscript()
    {
        List<string> taken = [.. Transcript];
        Transcript.Clear();
        return taken;
    }

    public async Task LeaveAsync()
    {
        await SendAsync(Terminate.Write);
        Dispose();
    }

    public void Dispose() => Wire.Dispose();
}
