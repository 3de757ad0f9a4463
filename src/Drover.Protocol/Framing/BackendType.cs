// The type bytes of the messages that a server sends.
namespace Drover.Protocol.Framing;

/// <summary>
/// First byte of each message from server to client, see
/// https://www.postgresql.org/docs/18/protocol-message-formats.html.
/// </summary>
public static class BackendType
{
    /// <summary>Any of the authentication requests, AuthenticationOk included.</summary>
    public const byte Authentication = (byte)'R';

    /// <summary>What a cancel request needs.</summary>
    public const byte BackendKeyData = (byte)'K';

    /// <summary>A Bind has been done.</summary>
    public const byte BindComplete = (byte)'2';

    /// <summary>A Close has been done.</summary>
    public const byte CloseComplete = (byte)'3';

    /// <summary>A command has ended; its tag.</summary>
    public const byte CommandComplete = (byte)'C';

    /// <summary>A COPY in both directions begins (replication).</summary>
    public const byte CopyBothResponse = (byte)'W';

    /// <summary>A piece of a COPY stream.</summary>
    public const byte CopyData = (byte)'d';

    /// <summary>The end of a COPY stream.</summary>
    public const byte CopyDone = (byte)'c';

    /// <summary>A COPY from the client begins.</summary>
    public const byte CopyInResponse = (byte)'G';

    /// <summary>A COPY to the client begins.</summary>
    public const byte CopyOutResponse = (byte)'H';

    /// <summary>A row of a result.</summary>
    public const byte DataRow = (byte)'D';

    /// <summary>Stands for CommandComplete when the query was empty.</summary>
    public const byte EmptyQueryResponse = (byte)'I';

    /// <summary>An error.</summary>
    public const byte ErrorResponse = (byte)'E';

    /// <summary>The result of a FunctionCall.</summary>
    public const byte FunctionCallResponse = (byte)'V';

    /// <summary>The server speaks a lower minor version, or does not know some options.</summary>
    public const byte NegotiateProtocolVersion = (byte)'v';

    /// <summary>A described statement returns no rows.</summary>
    public const byte NoData = (byte)'n';

    /// <summary>A notice or a warning.</summary>
    public const byte NoticeResponse = (byte)'N';

    /// <summary>A NOTIFY has reached a session that listens.</summary>
    public const byte NotificationResponse = (byte)'A';

    /// <summary>The parameter types of a described statement.</summary>
    public const byte ParameterDescription = (byte)'t';

    /// <summary>The value of a parameter that is reported to clients.</summary>
    public const byte ParameterStatus = (byte)'S';

    /// <summary>A Parse has been done.</summary>
    public const byte ParseComplete = (byte)'1';

    /// <summary>An Execute has reached its limit of rows.</summary>
    public const byte PortalSuspended = (byte)'s';

    /// <summary>The server waits for the next query cycle.</summary>
    public const byte ReadyForQuery = (byte)'Z';

    /// <summary>The columns of a result.</summary>
    public const byte RowDescription = (byte)'T';
}
