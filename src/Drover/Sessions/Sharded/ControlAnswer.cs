// The answer to a BEGIN that no server has heard of yet.
using Drover.Protocol.Framing;
using Drover.Protocol.Messages.Backend;
using Drover.Protocol.Messages.Frontend;

namespace Drover.Sessions.Sharded;

internal static class ControlAnswer
{
    /// <summary>
    /// Writes what PostgreSQL answers to a unit that has one statement without a result in it: a simple query, or an
    /// unnamed statement that is parsed, bound, described and executed once. False if it is anything else.
    /// </summary>
    public static bool TryWrite(
        MessageWriter writer,
        ReadOnlySpan<byte> unit,
        ReadOnlySpan<byte> tag,
        TransactionStatus status,
        ClientSession session
    )
    {
        int executed = 0;
        while (unit.Length > 0 && MessageHeader.TryRead(unit, out MessageHeader header) == FrameStatus.Complete)
        {
            ReadOnlySpan<byte> body = unit[MessageHeader.Size..header.Length];
            unit = unit[header.Length..];
            switch (header.Type)
            {
                case FrontendType.Query:
                    CommandComplete.Write(writer, tag);
                    ReadyForQuery.Write(writer, status);
                    return true;
                case FrontendType.Parse when Parse.TryRead(body, out Parse parse) && parse.Name.IsEmpty:
                    ParseComplete.Write(writer);
                    break;
                case FrontendType.Bind when Bind.TryRead(body, out Bind bind) && bind.Portal.IsEmpty:
                    BindComplete.Write(writer);
                    break;
                case FrontendType.Describe
                    when Describe.TryRead(body, out Describe describe) && describe.Kind == DescribedKind.Portal:
                    NoData.Write(writer);
                    break;
                case FrontendType.Execute when executed++ == 0:
                    CommandComplete.Write(writer, tag);
                    break;
                case FrontendType.Sync when executed == 1:
                    ReadyForQuery.Write(writer, status);
                    session.Unnamed?.Forget();
                    return true;
                default:
                    return false;
            }
        }
        return false;
    }
}
