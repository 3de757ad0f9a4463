// What an idle server may say unasked: a changed parameter, a notice, or that it is going away.
using System.Text;
using Drover.Protocol.Framing;
using Drover.Protocol.Messages.Backend;
using Drover.Transport;

namespace Drover.Pooling.Servers;

internal static class IdleTalk
{
    private const int BytesMax = 64 * 1024;

    /// <summary>Reads and digests it. False when the server has to be closed, with the reason for the log.</summary>
    public static bool TryDrain(ServerConnection server, out string reason)
    {
        for (; ; )
        {
            int received = server.Inbox.Fill(server.Transport, server.Transport.Loop.ServerScratch, BytesMax);
            if (received == Connection.WouldBlock)
            {
                server.Inbox.Park();
                reason = server.Inbox.Count > 0 ? "partial message from an idle server" : "";
                return server.Inbox.Count == 0;
            }
            if (received <= 0)
            {
                reason = "server closed the connection";
                return false;
            }
            while (MessageHeader.TryRead(server.Inbox.Data, out MessageHeader header) == FrameStatus.Complete)
            {
                ReadOnlySpan<byte> data = server.Inbox.Data;
                if (header.Length > data.Length)
                {
                    break;
                }
                if (!TryDigest(server, header.Type, data[MessageHeader.Size..header.Length], out reason))
                {
                    return false;
                }
                server.Inbox.Consume(header.Length);
            }
        }
    }

    private static bool TryDigest(ServerConnection server, byte type, ReadOnlySpan<byte> body, out string reason)
    {
        reason = "";
        switch (type)
        {
            case BackendType.ParameterStatus when ParameterStatus.TryRead(body, out ParameterStatus parameter):
                server.Reported = server.Pool.Parameters.Intern(
                    server.Reported.With(
                        Encoding.UTF8.GetString(parameter.Name),
                        Encoding.UTF8.GetString(parameter.Value)
                    )
                );
                return true;
            case BackendType.NoticeResponse or BackendType.NotificationResponse:
                return true;
            case BackendType.ErrorResponse when ErrorResponse.TryRead(body, out DiagnosticFields fields):
                reason = Encoding.UTF8.GetString(fields.Message);
                return false;
            default:
                reason = "unexpected message from an idle server";
                return false;
        }
    }
}
