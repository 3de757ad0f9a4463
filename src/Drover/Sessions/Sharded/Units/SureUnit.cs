// Messages that run one statement without parameters and in which nothing can be wrong but the statement itself.
using Drover.Protocol.Framing;
using Drover.Protocol.Messages.Frontend;

namespace Drover.Sessions.Sharded.Pipelines;

/// <summary>
/// An error in front of a Sync of the proxy's would end at that Sync, and what the client sent behind it would run all
/// the same: only what cannot fail may be cut off.
/// </summary>
internal static class SureUnit
{
    /// <summary>
    /// Whether it is a Parse that may be missing, the Bind of that statement to the unnamed portal, without values, a
    /// Describe of either that may be missing, and the Execute.
    /// </summary>
    /// <param name="data">Whole messages.</param>
    /// <param name="session">Knows the client's statements.</param>
    public static bool Is(ReadOnlySpan<byte> data, ClientSession session)
    {
        bool isParsed = false;
        bool isBound = false;
        ReadOnlySpan<byte> statement = default;
        while (MessageHeader.TryRead(data, out MessageHeader header) == FrameStatus.Complete)
        {
            ReadOnlySpan<byte> body = data[MessageHeader.Size..header.Length];
            data = data[header.Length..];
            switch (header.Type)
            {
                case FrontendType.Parse when !isParsed && !isBound && IsNew(body, session, out statement):
                    isParsed = true;
                    break;
                case FrontendType.Bind when !isBound && IsPlain(body, out ReadOnlySpan<byte> bound):
                    if (isParsed ? !bound.SequenceEqual(statement) : !IsThere(bound, session))
                    {
                        return false;
                    }
                    statement = bound;
                    isBound = true;
                    break;
                case FrontendType.Describe when isBound && Describe.TryRead(body, out Describe asked):
                    if (!asked.Name.SequenceEqual(asked.Kind == DescribedKind.Portal ? default : statement))
                    {
                        return false;
                    }
                    break;
                case FrontendType.Execute when isBound && Execute.TryRead(body, out Execute execute):
                    return execute.Portal.IsEmpty && data.IsEmpty;
                default:
                    return false;
            }
        }
        return false;
    }

    private static bool IsNew(ReadOnlySpan<byte> body, ClientSession session, out ReadOnlySpan<byte> name)
    {
        bool isRead = Parse.TryRead(body, out Parse parse);
        name = parse.Name;
        return isRead && parse.ParameterTypeCount == 0 && (name.IsEmpty || session.Statements?.Find(name) is null);
    }

    private static bool IsPlain(ReadOnlySpan<byte> body, out ReadOnlySpan<byte> statement)
    {
        bool isRead = Bind.TryRead(body, out Bind bind);
        statement = bind.Statement;
        return isRead
            && bind.Portal.IsEmpty
            && BindParameters.TryRead(bind.Remainder, out BindParameters parameters)
            && parameters.Values.Count == 0;
    }

    private static bool IsThere(ReadOnlySpan<byte> statement, ClientSession session) =>
        statement.IsEmpty ? session.Unnamed is { Exists: true } : session.Statements?.Find(statement) is not null;
}
