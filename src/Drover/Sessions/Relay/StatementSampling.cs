// Puts one in so many statements aside, with their parameters, where somebody wants to know what they ask for.
using Drover.Protocol.Framing;
using Drover.Protocol.Messages.Frontend;
using Drover.Telemetry.Statements;

namespace Drover.Sessions.Relay;

/// <summary>
/// Looks at messages that were just forwarded. A statement counts at its simple query or its Bind. Where nobody
/// samples, that is a comparison; else a count, and two copies for the few that are taken.
/// </summary>
internal static class StatementSampling
{
    /// <summary>Counts a message that runs a statement, and takes it if it is due.</summary>
    /// <param name="session">Whose it is.</param>
    /// <param name="header">The message's.</param>
    /// <param name="message">The message, whole; more may follow.</param>
    public static void Look(ClientSession session, MessageHeader header, ReadOnlySpan<byte> message)
    {
        if (
            header.Type is FrontendType.Query or FrontendType.Bind
            && session.Pool.Database.Samples is { } samples
            && samples.IsDue(session.Traffic)
        )
        {
            Take(session, samples, header.Type, message[MessageHeader.Size..header.Length]);
        }
    }

    private static void Take(ClientSession session, StatementSamples samples, byte type, ReadOnlySpan<byte> body)
    {
        if (type == FrontendType.Query)
        {
            samples.Take(UpToZero(body), default);
            return;
        }
        if (!Bind.TryRead(body, out Bind bind))
        {
            return;
        }
        // In session mode texts are not kept, so a Bind says nothing; nor does one of a statement that is too long.
        ReadOnlySpan<byte> text =
            bind.Statement.IsEmpty
                ? UpToZero(session.Unnamed is { Exists: true, IsPinned: false } unnamed ? unnamed.Body : default)
            : session.Statements?.Find(bind.Statement) is { } named ? named.Statement.TextBytes
            : default;
        if (!text.IsEmpty)
        {
            samples.Take(text, bind.Remainder);
        }
    }

    private static ReadOnlySpan<byte> UpToZero(ReadOnlySpan<byte> body) =>
        body.IndexOf((byte)0) is >= 0 and var end ? body[..end] : body;
}
