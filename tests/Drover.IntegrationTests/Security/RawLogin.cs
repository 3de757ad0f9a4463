// A login by hand: every byte that a client can see of it, whatever comes of it.
using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using Drover.Protocol.Framing;
using Drover.Protocol.Messages.Backend;
using Drover.Protocol.Messages.Frontend;

namespace Drover.IntegrationTests.Security;

/// <summary>A bare connection to a proxy.</summary>
internal sealed partial class RawLogin : IAsyncDisposable
{
    /// <summary>SSLRequest and GSSENCRequest.</summary>
    public const int SslRequest = 80877103;
    public const int GssRequest = 80877104;

    private readonly Socket _socket;

    private RawLogin(Socket socket)
    {
        _socket = socket;
        Stream = new NetworkStream(socket, ownsSocket: true);
    }

    public NetworkStream Stream { get; }

    /// <summary>What BackendKeyData said.</summary>
    public int ProcessId { get; private set; }

    /// <summary>Bytes of the cancel key.</summary>
    public int KeyLength { get; private set; }

    /// <summary>Connects by TCP, from another address of the loopback if so wanted.</summary>
    public static async Task<RawLogin> ConnectAsync(int port, string from = "127.0.0.1")
    {
        Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Parse(from), 0));
        await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port), Token);
        return new RawLogin(socket);
    }

    /// <summary>Connects to the Unix socket.</summary>
    public static async Task<RawLogin> ConnectAsync(string folder, int port)
    {
        Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint($"{folder}/.s.PGSQL.{port}"), Token);
        return new RawLogin(socket);
    }

    /// <summary>Sends a request for encryption and gives the first byte of the answer; 0 at the end.</summary>
    public async Task<char> AskAsync(int request, params byte[] more)
    {
        byte[] packet = new byte[8 + more.Length];
        BinaryPrimitives.WriteInt32BigEndian(packet, 8);
        BinaryPrimitives.WriteInt32BigEndian(packet.AsSpan(4), request);
        more.CopyTo(packet, 8);
        await Stream.WriteAsync(packet, Token);
        byte[] answer = new byte[1];
        return await Stream.ReadAsync(answer, Token) == 0 ? '\0' : (char)answer[0];
    }

    /// <summary>
    /// Logs in with a password that is wrong by any method, and writes down all that is said; what is random by design
    /// is left out and the user's own name is U.
    /// </summary>
    public async Task<string> RunAsync(string user, string database, int protocol = 3 << 16, string? option = null)
    {
        using MessageWriter writer = new(64 * 1024);
        using (MemoryStream packet = new())
        {
            string[] words = option is null
                ? ["user", user, "database", database, ""]
                : ["user", user, "database", database, option, "1", ""];
            packet.Write(new byte[8]);
            packet.Write(Encoding.UTF8.GetBytes(string.Join('\0', words) + "\0"));
            byte[] bytes = packet.ToArray();
            BinaryPrimitives.WriteInt32BigEndian(bytes, bytes.Length);
            BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(4), protocol);
            await Stream.WriteAsync(bytes, Token);
        }
        List<string> said = [];
        byte type = 0;
        while (type is not (BackendType.ErrorResponse or BackendType.ReadyForQuery))
        {
            byte[] header = new byte[5];
            await Stream.ReadExactlyAsync(header, Token);
            byte[] body = new byte[BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(1)) - 4];
            await Stream.ReadExactlyAsync(body, Token);
            type = header[0];
            if (type != BackendType.ParameterStatus)
            {
                said.Add(Describe(type, body).Replace(user, "U", StringComparison.Ordinal));
            }
            Answer(type, body, writer);
            await Stream.WriteAsync(writer.Memory, Token);
            writer.Clear();
        }
        return string.Join(' ', said);
    }

    public ValueTask DisposeAsync() => Stream.DisposeAsync();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static void Answer(byte type, byte[] body, MessageWriter writer)
    {
        if (type != BackendType.Authentication || !AuthenticationRequest.TryRead(body, out AuthenticationRequest asked))
        {
            return;
        }
        switch (asked.Code)
        {
            case AuthenticationCode.CleartextPassword or AuthenticationCode.Md5Password:
                PasswordMessage.Write(writer, "md500000000000000000000000000000000"u8);
                break;
            case AuthenticationCode.Sasl:
                SaslInitialResponse.Write(writer, "SCRAM-SHA-256"u8, "n,,n=,r=abcdefgh"u8);
                break;
            case AuthenticationCode.SaslContinue:
                string nonce = Encoding.ASCII.GetString(asked.Payload).Split(',')[0];
                SaslResponse.Write(
                    writer,
                    Encoding.ASCII.GetBytes($"c=biws,{nonce},p={Convert.ToBase64String(new byte[32])}")
                );
                break;
        }
    }

    private string Describe(byte type, byte[] body)
    {
        switch (type)
        {
            case BackendType.Authentication when AuthenticationRequest.TryRead(body, out AuthenticationRequest asked):
                string payload = asked.Code switch
                {
                    AuthenticationCode.Md5Password => $"{asked.Payload.Length}",
                    _ => Random().Replace(Encoding.ASCII.GetString(asked.Payload), "r=*"),
                };
                return $"{asked.Code}({payload.Replace('\0', ' ').Trim()})";
            case BackendType.BackendKeyData:
                ProcessId = BinaryPrimitives.ReadInt32BigEndian(body);
                KeyLength = body.Length - 4;
                return "K";
            case BackendType.NegotiateProtocolVersion:
                int version = BinaryPrimitives.ReadInt32BigEndian(body);
                string options = Encoding.ASCII.GetString(body.AsSpan(8)).Replace('\0', ' ').Trim();
                return $"v({version >> 16}.{version & 0xFFFF} {options})";
            case BackendType.ErrorResponse:
                return $"E({Encoding.UTF8.GetString(body).Replace('\0', ' ').Trim()})";
            default:
                return ((char)type).ToString();
        }
    }

    [GeneratedRegex("r=[^,]+")]
    private static partial Regex Random();
}
