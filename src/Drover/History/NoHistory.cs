// Stands where nothing is measured.
namespace Drover.History;

/// <summary>No servers.</summary>
internal sealed class NoHistory : IServerHistory
{
    private NoHistory() { }

    /// <summary>The one.</summary>
    public static NoHistory Instance { get; } = new();

    /// <inheritdoc/>
    public IReadOnlyList<MonitoredServer> Servers => [];

    /// <inheritdoc/>
    public MonitorStatus Latest(string server) => throw Unknown(server);

    /// <inheritdoc/>
    public Task<IReadOnlyList<MetricSeries>> ReadAsync(
        string server,
        IReadOnlyList<string> metrics,
        DateTimeOffset from,
        DateTimeOffset to,
        TimeSpan step,
        CancellationToken cancellationToken
    ) => throw Unknown(server);

    /// <inheritdoc/>
    public Task<IReadOnlyList<TableUse>> ReadTablesAsync(
        string server,
        DateTimeOffset from,
        DateTimeOffset to,
        int limit,
        CancellationToken cancellationToken
    ) => throw Unknown(server);

    /// <inheritdoc/>
    public Task<IReadOnlyList<TablePoint>> ReadTableAsync(
        string server,
        string table,
        DateTimeOffset from,
        DateTimeOffset to,
        TimeSpan step,
        CancellationToken cancellationToken
    ) => throw Unknown(server);

    /// <inheritdoc/>
    public Task<IReadOnlyList<StatementUse>> ReadStatementsAsync(
        string server,
        DateTimeOffset from,
        DateTimeOffset to,
        int limit,
        CancellationToken cancellationToken
    ) => throw Unknown(server);

    /// <inheritdoc/>
    public Task<IReadOnlyList<StatementPoint>> ReadStatementAsync(
        string server,
        long statement,
        DateTimeOffset from,
        DateTimeOffset to,
        TimeSpan step,
        CancellationToken cancellationToken
    ) => throw Unknown(server);

    /// <inheritdoc/>
    public Task<IReadOnlyList<DatabaseUse>> ReadDatabasesAsync(
        string server,
        DateTimeOffset from,
        DateTimeOffset to,
        CancellationToken cancellationToken
    ) => throw Unknown(server);

    private static ArgumentException Unknown(string server) => new($"no server '{server}' is measured", nameof(server));
}
