// Reads what a server says of a shared statement, so that no client ever gets rows of a shape that it was not told.
using Drover.Pooling.Servers;
using Drover.Pooling.Statements;
using Drover.Protocol.Framing;
using Drover.Protocol.Messages.Backend;
using Drover.Sql;

namespace Drover.Sessions.Relay;

/// <summary>
/// PostgreSQL never lets a prepared statement change its result ("cached plan must not change result type"). A copy
/// that Drover makes later on another server would, after DDL; so each copy is described and compared with what clients
/// were told.
/// </summary>
internal sealed class ShapeWatch(PreparedStatementRegistry statements)
{
    /// <summary>Longest description that is looked at.</summary>
    private const int DescriptionBytesMax = 1024 * 1024;

    private byte[]? _parameters;

    /// <summary>
    /// ParameterDescription; an empty body stands for one too long to be seen. True when the proxy asked for it.
    /// </summary>
    public bool OnParameters(ServerConnection server, ReadOnlySpan<byte> body)
    {
        if (!server.Responses.TryPeek(out ExpectedResponse expected) || expected.Kind != ExpectedKind.Describe)
        {
            return false;
        }
        bool isOurs = expected.Action == ExpectedAction.Swallow;
        bool isNews = expected.Subject is PreparedStatement statement && (isOurs || !statement.HasShape);
        _parameters = isNews && body.Length >= 2 ? body[2..].ToArray() : null;
        return isOurs;
    }

    /// <summary>
    /// RowDescription or NoData. A statement whose new copy differs from what clients know is retired.
    /// </summary>
    public void OnDescription(ServerConnection server, byte type, ReadOnlySpan<byte> body)
    {
        if (
            !server.Responses.IsNext(ExpectedKind.Describe)
            || !server.Responses.TryPeek(out ExpectedResponse expected)
            || expected.Subject is not PreparedStatement statement
            || (expected.Action == ExpectedAction.Forward && statement.HasShape)
            || !PlannedText.IsPlanned(statement.Body)
        )
        {
            return;
        }
        byte[]? parameters = _parameters;
        _parameters = null;
        byte[] columns = [];
        if (type == BackendType.RowDescription)
        {
            if (!RowDescription.TryRead(body, out RowDescription description))
            {
                return;
            }
            columns = Summarize(description);
        }
        if (!statement.TryConfirm(parameters, columns))
        {
            Retire(server, statement);
        }
    }

    /// <summary>Nobody gets this statement any more but as a refusal.</summary>
    public void Retire(ServerConnection server, PreparedStatement statement)
    {
        statements.Retire(statement);
        server.Statements.MarkStale(statement);
    }

    private static byte[] Summarize(RowDescription columns)
    {
        using MessageWriter writer = new(DescriptionBytesMax);
        foreach (RowDescription.Column column in columns)
        {
            writer.WriteCString(column.Name);
            writer.WriteUInt32(column.TypeOid);
            writer.WriteInt32(column.TypeModifier);
        }
        return writer.Written.ToArray();
    }
}
