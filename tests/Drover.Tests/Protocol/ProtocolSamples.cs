// One message of every kind, for round trips, truncation and mutation.
using Drover.Protocol;
using Drover.Protocol.Framing;
using Drover.Protocol.Messages;
using Drover.Protocol.Messages.Backend;
using Drover.Protocol.Messages.Frontend;

namespace Drover.Tests.Protocol;

internal static class ProtocolSamples
{
    /// <summary>Name and framed bytes; untyped packets have names that begin with "startup".</summary>
    internal static IReadOnlyList<(string Name, byte[] Bytes)> All { get; } = [.. Frontend(), .. Backend()];

    internal static byte[] Bytes(Action<MessageWriter> write)
    {
        using MessageWriter writer = new(1 << 20);
        write(writer);
        return writer.Written.ToArray();
    }

    internal static byte[] Body(Action<MessageWriter> write) => Bytes(write)[MessageHeader.Size..];

    private static IEnumerable<(string Name, byte[] Bytes)> Frontend()
    {
        yield return ("startup", Bytes(w => Startup.Write(w, "ada", "shop", StartupHeader.Protocol32)));
        yield return ("startup-cancel", Bytes(w => CancelRequest.Write(w, 4711, "0123456789abcdef"u8)));
        yield return ("startup-ssl", Bytes(StartupHeader.WriteSslRequest));
        yield return ("frontend-password", Bytes(w => PasswordMessage.Write(w, "pencil"u8)));
        yield return (
            "frontend-sasl-initial",
            Bytes(w => SaslInitialResponse.Write(w, "SCRAM-SHA-256"u8, "n,,n=,r=x"u8))
        );
        yield return ("frontend-query", Bytes(w => Query.Write(w, "SELECT 1; SELECT 2")));
        yield return ("frontend-parse", Bytes(w => Parse.Write(w, "s1"u8, "SELECT $1, $2"u8, [23, 25])));
        yield return ("frontend-bind", Bytes(WriteBind));
        yield return ("frontend-describe", Bytes(w => Describe.Write(w, DescribedKind.Statement, "s1"u8)));
        yield return ("frontend-close", Bytes(w => Close.Write(w, DescribedKind.Portal, "p1"u8)));
        yield return ("frontend-execute", Bytes(w => Execute.Write(w, "p1"u8, 100)));
        yield return ("frontend-function-call", Bytes(WriteFunctionCall));
        yield return ("frontend-copy-fail", Bytes(w => CopyFail.Write(w, "no more"u8)));
        yield return ("frontend-copy-data", Bytes(w => CopyData.Write(w, "1\ta\n"u8)));
        yield return ("frontend-copy-done", Bytes(CopyDone.Write));
        yield return ("frontend-sync", Bytes(Sync.Write));
        yield return ("frontend-flush", Bytes(Flush.Write));
        yield return ("frontend-terminate", Bytes(Terminate.Write));
    }

    private static IEnumerable<(string Name, byte[] Bytes)> Backend()
    {
        yield return (
            "backend-sasl",
            Bytes(w => AuthenticationRequest.WriteSasl(w, "SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"))
        );
        yield return (
            "backend-md5",
            Bytes(w => AuthenticationRequest.Write(w, AuthenticationCode.Md5Password, [1, 2, 3, 4]))
        );
        yield return ("backend-key", Bytes(w => BackendKeyData.Write(w, 4711, "0123"u8)));
        yield return ("backend-parameter", Bytes(w => ParameterStatus.Write(w, "TimeZone", "UTC")));
        yield return ("backend-ready", Bytes(w => ReadyForQuery.Write(w, TransactionStatus.InTransaction)));
        yield return (
            "backend-error",
            Bytes(w => ErrorResponse.Write(w, "FATAL", SqlState.TooManyConnections, "full", "d", "h", "r"))
        );
        yield return ("backend-notice", Bytes(w => NoticeResponse.Write(w, "WARNING", SqlState.Warning, "careful")));
        yield return ("backend-negotiate", Bytes(WriteNegotiate));
        yield return ("backend-copy-in", Bytes(w => CopyResponse.WriteIn(w, true, 2)));
        yield return ("backend-copy-out", Bytes(w => CopyResponse.WriteOut(w, false, 3)));
        yield return ("backend-copy-both", Bytes(w => CopyResponse.WriteBoth(w, false, 0)));
        yield return ("backend-row-description", Bytes(WriteRowDescription));
        yield return ("backend-data-row", Bytes(WriteDataRow));
        yield return ("backend-command-complete", Bytes(w => CommandComplete.Write(w, "INSERT 0 5")));
        yield return ("backend-parameter-description", Bytes(w => ParameterDescription.Write(w, [23, 25])));
        yield return ("backend-notification", Bytes(w => NotificationResponse.Write(w, 1, "c"u8, "p"u8)));
        yield return ("backend-function-result", Bytes(w => FunctionCallResponse.Write(w, "42"u8)));
        yield return ("backend-parse-complete", Bytes(ParseComplete.Write));
        yield return ("backend-bind-complete", Bytes(BindComplete.Write));
        yield return ("backend-close-complete", Bytes(CloseComplete.Write));
        yield return ("backend-no-data", Bytes(NoData.Write));
        yield return ("backend-empty-query", Bytes(EmptyQueryResponse.Write));
        yield return ("backend-suspended", Bytes(PortalSuspended.Write));
    }

    internal static void WriteBind(MessageWriter writer)
    {
        Bind.Begin(writer, "p1"u8, "s1"u8, [FormatCodes.Binary, FormatCodes.Text], 2);
        writer.WriteValue("\0\0\0\x2a"u8);
        writer.WriteNull();
        Bind.End(writer, [FormatCodes.Binary]);
    }

    internal static void WriteFunctionCall(MessageWriter writer)
    {
        FunctionCall.Begin(writer, 1598, [FormatCodes.Text], 2);
        writer.WriteValue("1"u8);
        writer.WriteNull();
        writer.WriteInt16(FormatCodes.Binary);
        writer.End();
    }

    internal static void WriteNegotiate(MessageWriter writer)
    {
        NegotiateProtocolVersion.Begin(writer, StartupHeader.Protocol30, 2);
        writer.WriteCString("_pq_.a"u8);
        writer.WriteCString("_pq_.b"u8);
        writer.End();
    }

    internal static void WriteRowDescription(MessageWriter writer)
    {
        RowDescription.Begin(writer, 2);
        RowDescription.WriteColumn(writer, "id", 20, 8);
        RowDescription.WriteColumn(writer, "status", 1043, -1, FormatCodes.Binary);
        writer.End();
    }

    internal static void WriteDataRow(MessageWriter writer)
    {
        DataRow.Begin(writer, 3);
        writer.WriteValue("1"u8);
        writer.WriteNull();
        writer.WriteValue(""u8);
        writer.End();
    }
}
