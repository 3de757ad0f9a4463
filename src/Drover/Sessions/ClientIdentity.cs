// Who a client is: settled at login, immutable after it.
using Drover.Pooling;

namespace Drover.Sessions;

/// <param name="Id">Unique in this process; SHOW CLIENTS prints it.</param>
/// <param name="User">The name it logged in with.</param>
/// <param name="Database">The entry it asked for.</param>
/// <param name="ConnectTime">Wall-clock time of the connect.</param>
internal sealed record ClientIdentity(long Id, UserEntry User, DatabaseEntry Database, DateTimeOffset ConnectTime)
{
    /// <summary>TLS version and cipher; empty without TLS.</summary>
    public string Tls { get; init; } = "";
}
