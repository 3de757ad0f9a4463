// What DEALLOCATE and DISCARD take from a client and its server once they have run.
using Drover.Pooling.Servers;
using Drover.Pooling.Statements;

namespace Drover.Sessions.Relay;

internal static class ForgottenStatements
{
    /// <summary>A DEALLOCATE of one of the client's statements is answered.</summary>
    public static void ForgetOne(ClientSession session, ServerConnection server)
    {
        bool isKnown =
            server.Responses.TryPeek(out ExpectedResponse expected)
            && expected.Subject is ClientStatement forgotten
            && session.Statements?.Find(forgotten.Name) == forgotten;
        if (isKnown)
        {
            session.Statements!.Remove((ClientStatement)expected.Subject!);
        }
    }

    /// <summary>A CommandComplete has come that may tell of all of them.</summary>
    /// <param name="session">The client's.</param>
    /// <param name="server">Where it ran.</param>
    /// <param name="body">The message's.</param>
    public static void Note(ClientSession session, ServerConnection server, ReadOnlySpan<byte> body)
    {
        ReadOnlySpan<byte> tag = body.IsEmpty ? body : body[..^1];
        if (tag.SequenceEqual("DEALLOCATE ALL"u8) || tag.SequenceEqual("DISCARD ALL"u8))
        {
            session.Statements?.Clear();
            server.Statements.Clear();
        }
    }
}
