// Why a session is over.
namespace Drover.Sessions;

/// <summary>The reason, as the log and the client see it.</summary>
/// <param name="Reason">One line for the log.</param>
/// <param name="SqlState">What the client is told; null when it is told nothing (it left, or has had the server's own
/// word).</param>
internal sealed record SessionEnd(string Reason, string? SqlState = null)
{
    /// <summary>The client said goodbye or is gone.</summary>
    public static SessionEnd ClientLeft { get; } = new("client close request");

    /// <summary>The client's socket broke or ended without a Terminate.</summary>
    public static SessionEnd ClientLost { get; } = new("client unexpected eof");

    public string? Hint { get; init; }

    public string? Detail { get; init; }

    /// <summary>The client broke the protocol.</summary>
    public static SessionEnd Violation(string what) => new(what, Protocol.SqlState.ProtocolViolation);
}
