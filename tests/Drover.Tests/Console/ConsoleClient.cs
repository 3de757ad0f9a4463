// Drives a console session with frontend messages and reads the answer back as words.
using System.Buffers.Binary;
using System.Text;
using Drover.Administration;
using Drover.App.Console;
using Drover.Protocol.Framing;
using Drover.Protocol.Messages.Backend;
using Drover.Protocol.Messages.Frontend;
using Microsoft.Extensions.Logging.Abstractions;

namespace Drover.Tests.Console;

internal sealed class ConsoleClient
{
    private readonly IConsoleSession _session;

    public ConsoleClient(IProxyAdministration proxy, bool isAdmin = true) =>
        _session = new ConsoleFactory(proxy, NullLoggerFactory.Instance).Open(new("someone", isAdmin));

    public ConsoleOutcome Outcome { get; private set; }

    // Each answer as its type byte and, where it has one, its content.
    public Task<List<string>> QueryAsync(string text) => SendAsync(writer => Query.Write(writer, text));

    public Task<List<string>> SendAsync(Action<MessageWriter> write) => SendUntilAsync(write, CancellationToken.None);

    public async Task<List<string>> SendUntilAsync(Action<MessageWriter> write, CancellationToken cancellation)
    {
        using MessageWriter input = new(1 << 20);
        write(input);
        using MessageWriter output = new(1 << 20);
        ReadOnlyMemory<byte> rest = input.Memory;
        while (!rest.IsEmpty)
        {
            int length = 1 + BinaryPrimitives.ReadInt32BigEndian(rest.Span[1..]);
            Outcome = await _session.HandleAsync(rest.Span[0], rest[5..length], output, cancellation);
            rest = rest[length..];
        }
        return Read(output.Written);
    }

    public static List<string> Read(ReadOnlySpan<byte> messages)
    {
        List<string> words = [];
        while (!messages.IsEmpty)
        {
            int length = 1 + BinaryPrimitives.ReadInt32BigEndian(messages[1..]);
            words.Add((char)messages[0] + Content(messages[0], messages[5..length]));
            messages = messages[length..];
        }
        return words;
    }

    private static string Content(byte type, ReadOnlySpan<byte> body)
    {
        switch (type)
        {
            case BackendType.RowDescription:
                Assert.True(RowDescription.TryRead(body, out RowDescription columns));
                StringBuilder names = new();
                foreach (RowDescription.Column column in columns)
                {
                    names.Append(' ').Append(Encoding.UTF8.GetString(column.Name)).Append(':').Append(column.TypeOid);
                }
                return names.ToString();
            case BackendType.DataRow:
                Assert.True(DataRow.TryRead(body, out var values));
                StringBuilder row = new();
                foreach (var value in values)
                {
                    row.Append('|').Append(value.IsNull ? "NULL" : Encoding.UTF8.GetString(value.Bytes));
                }
                return row.ToString();
            case BackendType.ErrorResponse or BackendType.NoticeResponse:
                Assert.True(ErrorResponse.TryRead(body, out DiagnosticFields fields));
                return $" {Encoding.UTF8.GetString(fields.Code)} {Encoding.UTF8.GetString(fields.Message)}";
            case BackendType.CommandComplete:
                return " " + Encoding.UTF8.GetString(body[..^1]);
            default:
                return "";
        }
    }
}
