// Every bound of a client's session, each with its reason.
namespace Drover.Sessions;

internal static class SessionLimits
{
    /// <summary>
    /// Messages up to this size are forwarded whole; a larger one is streamed. Keeps slow senders off the servers.
    /// </summary>
    public const int WholeMessageBytes = 16 * 1024;

    /// <summary>
    /// Bytes of an incomplete control message (error, parameter, tag) kept to be read; a larger one passes unread.
    /// </summary>
    public const int ControlMessageBytesMax = 64 * 1024;

    /// <summary>
    /// Answers of the proxy's own that a client has not read, up to which more of its messages are; a lone Sync is
    /// answered without a server, so nothing else would stop a client that only ever writes.
    /// </summary>
    public const int UnreadAnswerBytesMax = 64 * 1024;

    /// <summary>Longest message of a login: passwords and SASL data; PostgreSQL's own bound is 65,535.</summary>
    public const int LoginMessageBytesMax = 16 * 1024;

    /// <summary>
    /// Bytes that the messages of one statement of a sharded database may have, where client_buffer_max allows no more.
    /// </summary>
    public const int ShardedUnitBytes = 16 * 1024 * 1024;

    /// <summary>Tries to find a server that is alive before a client is told.</summary>
    public const int AcquireTriesMax = 8;
}
