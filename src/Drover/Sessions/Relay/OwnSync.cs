// What has a server answer what it got, unseen by the client.
using Drover.Pooling.Servers;
using Drover.Pooling.Statements;
using Drover.Protocol.Messages.Frontend;

namespace Drover.Sessions.Relay;

internal static class OwnSync
{
    /// <summary>Writes a Sync whose ReadyForQuery nobody gets.</summary>
    /// <param name="server">The server.</param>
    /// <param name="begins">
    /// The transaction that it has begun by itself is made one that a Sync does not end: BEGIN takes in what ran
    /// before. If that has failed, BEGIN is passed over and the Sync tells.
    /// </param>
    /// <param name="position">Where in the client's bytes.</param>
    /// <param name="assembly">What goes to the server.</param>
    public static void Write(ServerConnection server, bool begins, int position, ref Assembly assembly)
    {
        if (begins)
        {
            Query.Write(assembly.Replace(position, position), "BEGIN"u8);
            server.Responses.Push(ExpectedKind.Query, ExpectedAction.Swallow);
            server.UnnamedOwner = null;
        }
        Sync.Write(assembly.Replace(position, position));
        server.Responses.Push(ExpectedKind.Sync, ExpectedAction.Swallow);
    }
}
