// Whether the head of a message could be read.
namespace Drover.Protocol.Framing;

/// <summary>What an attempt to read a message header has found.</summary>
public enum FrameStatus
{
    /// <summary>The header is readable; the body may still be on its way.</summary>
    Complete,

    /// <summary>Too few bytes for a header so far.</summary>
    Incomplete,

    /// <summary>The length is one that no correct peer sends; the connection cannot go on.</summary>
    Malformed,
}
