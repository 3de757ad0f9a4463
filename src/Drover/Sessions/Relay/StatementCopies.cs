// The copies of a client's statements on the server that it has now: made when missing, closed when there are too many.
using Drover.Pooling.Servers;
using Drover.Pooling.Statements;
using Drover.Protocol.Framing;
using Drover.Protocol.Messages.Frontend;

namespace Drover.Sessions.Relay;

internal readonly struct StatementCopies(ClientSession session)
{
    /// <summary>Gives the client the successor of a statement that is retired.</summary>
    public void Renew(ClientStatement statement)
    {
        PreparedStatement old = statement.Statement;
        if (old.IsRetired)
        {
            statement.Renew(
                session.Pool.Statements.GetOrAdd(old.Body, old.SearchPath, session.Pool.Database.Telling.Epoch)
            );
        }
    }

    /// <summary>
    /// Makes a shared statement on the server if it is not there; its ParseComplete is swallowed. False when its shape
    /// is known and the new copy's is still to be confirmed.
    /// </summary>
    public bool TryEnsure(ServerConnection server, PreparedStatement statement, int position, ref Assembly assembly)
    {
        if (server.Statements.TryUse(statement, server.Batch))
        {
            return true;
        }
        MakeRoom(server, position, ref assembly);
        WriteParse(assembly.Replace(position, position), statement);
        server.Statements.Add(statement, server.Batch);
        session.Traffic.ServerParses++;
        server.Responses.Push(ExpectedKind.Parse, ExpectedAction.Swallow, statement);
        if (!statement.HasShape)
        {
            return true;
        }
        MessageWriter writer = assembly.Replace(position, position);
        Protocol.Messages.Frontend.Describe.Write(writer, DescribedKind.Statement, statement.ServerName);
        Flush.Write(writer);
        server.Responses.Push(ExpectedKind.Describe, ExpectedAction.Swallow, statement);
        return false;
    }

    /// <summary>Closes what is stale, and what is over the limit, before another copy is made.</summary>
    public void MakeRoom(ServerConnection server, int position, ref Assembly assembly)
    {
        int limit = session.Pool.Configuration.Options.Proxy.Session.MaxPreparedStatements;
        while (
            server.Statements.TryTakeStale(out PreparedStatement? gone)
            || server.Statements.TryEvict(limit, server.Batch, out gone)
        )
        {
            MessageWriter writer = assembly.Replace(position, position);
            Protocol.Messages.Frontend.Close.Write(writer, DescribedKind.Statement, gone.ServerName);
            server.Responses.Push(ExpectedKind.Close, ExpectedAction.Swallow, gone);
        }
    }

    /// <summary>
    /// Sees to it that the server's unnamed statement is this client's, or that it has none if the client has none.
    /// </summary>
    public void EnsureUnnamed(ServerConnection server, int position, ref Assembly assembly)
    {
        if (session.Unnamed is { Exists: true } unnamed)
        {
            session.Traits |= unnamed.Traits(session.Names);
            if (!unnamed.IsOn(server) && !unnamed.IsPinned)
            {
                MessageWriter writer = assembly.Replace(position, position);
                writer.Begin(FrontendType.Parse);
                writer.WriteByte(0);
                writer.WriteBytes(unnamed.Body);
                writer.End();
                unnamed.NoteOn(server);
                server.Responses.Push(ExpectedKind.Parse, ExpectedAction.Swallow, unnamed);
            }
        }
        else if (server.UnnamedOwner is not null)
        {
            // Somebody else's: the client must get 26000 and not a stranger's statement.
            Protocol.Messages.Frontend.Close.Write(
                assembly.Replace(position, position),
                DescribedKind.Statement,
                default
            );
            server.UnnamedOwner = null;
            server.Responses.Push(ExpectedKind.Close, ExpectedAction.Swallow);
        }
    }

    public static void WriteParse(MessageWriter writer, PreparedStatement statement)
    {
        writer.Begin(FrontendType.Parse);
        writer.WriteCString(statement.ServerName);
        writer.WriteBytes(statement.TypedBody);
        writer.End();
    }
}
