// Messages that run one statement without parameters and in which nothing can be wrong but the statement itself.
using Drover.Protocol.Framing;
using Drover.Protocol.Messages.Frontend;

namespace Drover.Sessions.Sharded.Units;

/// <summary>
/// The proxy answers such a unit itself, or cuts it off with a Sync of its own: an error would go untold, or end at
/// that Sync while what the client sent behind it ran all the same.
/// </summary>
internal static class SureUnit
{
    /// <summary>
    /// Whether it is a Parse that may be missing, the Bind of that statement to the unnamed portal, without values, a
    /// Describe of either, which may be missing too, the Execute, and a Sync or none.
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
                case FrontendType.Describe when Describe.TryRead(body, out Describe asked):
                    bool isKnown =
                        asked.Kind == DescribedKind.Portal
                            ? isBound && asked.Name.IsEmpty
                            : (isParsed || isBound) && asked.Name.SequenceEqual(statement);
                    if (!isKnown)
                    {
                        return false;
                    }
                    break;
                case FrontendType.Execute when isBound && Execute.TryRead(body, out Execute execute):
                    return execute.Portal.IsEmpty && IsEnd(data);
                default:
                    return false;
            }
        }
        return false;
    }

    private static bool IsEnd(ReadOnlySpan<byte> rest) =>
        rest.IsEmpty || (rest.Length == MessageHeader.Size && rest[0] == FrontendType.Sync);

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
