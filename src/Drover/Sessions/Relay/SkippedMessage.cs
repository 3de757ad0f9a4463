// A message that the server refused, or skipped behind one that it refused.
using Drover.Pooling.Servers;
using Drover.Pooling.Statements;

namespace Drover.Sessions.Relay;

internal static class SkippedMessage
{
    /// <summary>What was noted when it was sent is taken back.</summary>
    public static void TakeBack(ClientSession session, ExpectedResponse failed)
    {
        ServerConnection server = session.Server!;
        switch (failed.Kind, failed.Action, failed.Subject)
        {
            case (ExpectedKind.Parse, ExpectedAction.Forward, ClientStatement statement):
                session.Statements?.Remove(statement);
                server.Statements.Remove(statement.Statement);
                break;
            case (ExpectedKind.Parse, ExpectedAction.Synthesize, ClientStatement skipped):
                session.Statements?.Remove(skipped);
                break;
            case (ExpectedKind.Parse, ExpectedAction.Swallow, PreparedStatement made):
                server.Statements.Remove(made);
                break;
            case (ExpectedKind.Parse, ExpectedAction.Forward, UnnamedStatement unnamed):
                unnamed.Forget();
                server.UnnamedOwner = UnnamedStatement.Unclear;
                break;
            case (ExpectedKind.Parse, ExpectedAction.Swallow, UnnamedStatement):
            case (ExpectedKind.Close, _, null):
            case (ExpectedKind.Query, _, _):
                server.UnnamedOwner = UnnamedStatement.Unclear;
                break;
            case (ExpectedKind.Close, ExpectedAction.Synthesize, ClientStatement kept):
                session.Statements?.Add(kept);
                break;
            case (ExpectedKind.Close, ExpectedAction.Swallow, PreparedStatement still):
                server.Statements.Add(still, batch: 0);
                break;
            default:
                break;
        }
    }
}
