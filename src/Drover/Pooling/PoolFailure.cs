// Why a server could not be had: an expected failure, as a value.

namespace Drover.Pooling;

/// <summary>What the client is told.</summary>
/// <param name="SqlState">Five characters of PostgreSQL's appendix A.</param>
/// <param name="Message">The primary message; never contains secrets.</param>
/// <param name="IsFromServer">The server itself refused: waiting longer does not help.</param>
internal sealed record PoolFailure(string SqlState, string Message, bool IsFromServer = false)
{
    /// <summary>The server's refusal will not pass by itself: a wrong password, no such database.</summary>
    public bool IsFinal =>
        IsFromServer
        && (
            SqlState.StartsWith("28", StringComparison.Ordinal)
            || SqlState == Drover.Protocol.SqlState.InvalidCatalogName
        );

    public string? Detail { get; init; }

    public string? Hint { get; init; }

    public static PoolFailure WaitTimeout { get; } =
        new(SqlState: Drover.Protocol.SqlState.TooManyConnections, "query_wait_timeout")
        {
            Hint = "All server connections of the pool were busy for that long; see SHOW POOLS and pool_size.",
        };
}
