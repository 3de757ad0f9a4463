// The type bytes of the messages that a client sends.
namespace Drover.Protocol.Framing;

/// <summary>
/// First byte of each message from client to server, see
/// https://www.postgresql.org/docs/18/protocol-message-formats.html.
/// </summary>
public static class FrontendType
{
    /// <summary>Binds values to a prepared statement.</summary>
    public const byte Bind = (byte)'B';

    /// <summary>Closes a prepared statement or a portal.</summary>
    public const byte Close = (byte)'C';

    /// <summary>A piece of a COPY stream.</summary>
    public const byte CopyData = (byte)'d';

    /// <summary>The end of a COPY stream.</summary>
    public const byte CopyDone = (byte)'c';

    /// <summary>The client gives its COPY up.</summary>
    public const byte CopyFail = (byte)'f';

    /// <summary>Asks what a prepared statement or a portal looks like.</summary>
    public const byte Describe = (byte)'D';

    /// <summary>Runs a portal.</summary>
    public const byte Execute = (byte)'E';

    /// <summary>Asks for the answers so far.</summary>
    public const byte Flush = (byte)'H';

    /// <summary>Calls a function by its OID.</summary>
    public const byte FunctionCall = (byte)'F';

    /// <summary>Prepares a statement.</summary>
    public const byte Parse = (byte)'P';

    /// <summary>A password, or an answer in SASL or GSSAPI: which of them depends on what the server asked.</summary>
    public const byte PasswordMessage = (byte)'p';

    /// <summary>A simple query.</summary>
    public const byte Query = (byte)'Q';

    /// <summary>The end of an extended batch.</summary>
    public const byte Sync = (byte)'S';

    /// <summary>The client leaves.</summary>
    public const byte Terminate = (byte)'X';
}
