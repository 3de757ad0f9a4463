// What a test puts between the proxy and its sockets: the seam for connections that break, stall and split.
namespace Drover.Transport;

/// <summary>Wraps new connections of a loop, on the loop. Null in production.</summary>
internal interface IConnectionDecorator
{
    /// <summary>A client was accepted.</summary>
    Connection Accepted(Connection connection);

    /// <summary>A server was dialled.</summary>
    Connection Dialled(Connection connection);
}
