// What goes to the server in place of messages that it must not get.
using Drover.Pooling.Servers;
using Drover.Pooling.Statements;
using Drover.Protocol.Framing;
using Drover.Protocol.Messages.Frontend;
using Drover.Routing;

namespace Drover.Sessions.Relay;

internal static class RefusedUnit
{
    /// <summary>A text that fails wherever it runs.</summary>
    public static ReadOnlySpan<byte> FailingText => "DROVER REFUSES"u8;

    /// <summary>No parameters, in no format, and results in no particular one.</summary>
    private static readonly byte[] NoParameters = new byte[6];

    /// <summary>
    /// Something that fails, so that the server is in the state that the client will believe it to be in.
    /// </summary>
    public static void Send(
        ServerConnection server,
        ReadOnlySpan<byte> unit,
        RouteRefusal why,
        int position,
        ref Assembly assembly
    )
    {
        MessageWriter writer = assembly.Replace(position, position + unit.Length);
        if (unit[0] == FrontendType.Query)
        {
            Query.Write(writer, FailingText);
            server.Responses.Push(ExpectedKind.Query, ExpectedAction.Refused, why);
            return;
        }
        Bind.Write(writer, default, StatementRelay.NoStatement, NoParameters);
        server.Responses.Push(ExpectedKind.Bind, ExpectedAction.Refused, why);
        if (unit[^MessageHeader.Size] == FrontendType.Sync)
        {
            Sync.Write(writer);
            server.Responses.Push(ExpectedKind.Sync);
        }
        else
        {
            Flush.Write(writer);
        }
    }
}
