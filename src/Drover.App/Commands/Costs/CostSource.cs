// Which servers are priced, and where their use is read: given, from the history of a monitor, or from the server now.
using Drover.Advice;
using Drover.Advice.Costs;
using Drover.Advice.Findings;
using Drover.Advice.Metrics;
using Drover.Advice.Silence;
using Drover.Configuration;
using Drover.Configuration.Prices;
using Drover.History;
using Drover.History.Store;
using Drover.Operations;
using Drover.Operations.Connections;
using Npgsql;

namespace Drover.App.Commands.Costs;

/// <summary>What has to be read of each server.</summary>
/// <param name="TenantKey">table.column, or null.</param>
/// <param name="Indexes">The size of indexes that could go.</param>
/// <param name="Span">How much history rates are the mean of.</param>
/// <param name="Gigabytes">The size, given in place of a measured one.</param>
/// <param name="QueriesPerSecond">Statements, given in place of measured ones.</param>
internal sealed record CostNeeds(
    string? TenantKey,
    bool Indexes,
    TimeSpan Span,
    decimal? Gigabytes,
    decimal? QueriesPerSecond
);

/// <summary>A priced server and what was read of it.</summary>
/// <param name="Server">Price and use.</param>
/// <param name="Tenants">Null: not asked for.</param>
/// <param name="FreeableGb">GB of indexes that inspect would drop; null: not asked for.</param>
internal sealed record MeasuredServer(PricedServer Server, TenantShares? Tenants, decimal? FreeableGb);

/// <summary>Priced servers, each with the way to it; null: it cannot be measured.</summary>
internal sealed class CostSource
{
    private readonly List<(ServerPriceOptions Price, string? Connection)> _servers = [];
    private readonly string _history;

    private CostSource(string currency, string history)
    {
        Currency = currency;
        _history = history;
    }

    /// <summary>Of all prices.</summary>
    public string Currency { get; }

    /// <summary>The prices of the only server.</summary>
    public ServerPriceOptions Only => _servers.Single().Price;

    /// <summary>The servers of a configuration.</summary>
    /// <exception cref="OperationException">There is none, or not the one that is asked for.</exception>
    public static CostSource Of(DroverOptions options, string? server, string? connection)
    {
        ServerPriceOptions[] meant = [.. options.ServerPrices.Where(price => server is null || price.Name == server)];
        if (meant.Length == 0)
        {
            throw new OperationException(
                server is null
                    ? "no prices: write [prices.servers.NAME] with instance_month into the file"
                    : $"[prices.servers] has no '{server}'",
                OperationOutcome.Usage
            );
        }
        if (connection is not null && meant.Length > 1)
        {
            throw new OperationException(
                $"which server is CONNECTION? The prices are of {string.Join(", ", meant.Select(one => one.Name))}: "
                    + "give one with --server",
                OperationOutcome.Usage
            );
        }
        CostSource source = new(options.Prices.Currency, options.Monitor.History);
        foreach (ServerPriceOptions price in meant)
        {
            source._servers.Add((price, connection ?? ConnectionOf(options, price.Name)));
        }
        return source;
    }

    /// <summary>One server, priced on the command line.</summary>
    public static CostSource Of(ServerPriceOptions price, string? connection)
    {
        CostSource source = new(new PriceOptions().Currency, "");
        source._servers.Add((price, connection));
        return source;
    }

    /// <summary>A change in numbers: what indexes take is known by now.</summary>
    public static IEnumerable<CostChange> Resolve(CostChange change, IReadOnlyList<MeasuredServer> servers) =>
        change.Kind != CostChangeKind.DropIndexes
            ? [change]
            : servers
                .Where(one => change.Server.Length == 0 || one.Server.Price.Name == change.Server)
                .Select(one =>
                    change with
                    {
                        Kind = CostChangeKind.Free,
                        Server = one.Server.Price.Name,
                        Amount =
                            one.FreeableGb
                            ?? throw new OperationException(
                                $"--plan {change.Text}: {one.Server.Price.Name} has no connection to read its indexes",
                                OperationOutcome.Usage
                            ),
                    }
                );

    /// <summary>Reads all servers, one after the other.</summary>
    /// <exception cref="OperationException">One cannot be reached, or the numbers do not fit.</exception>
    public async Task<IReadOnlyList<MeasuredServer>> MeasureAsync(CostNeeds needs, CancellationToken cancellation)
    {
        if (_servers.Count > 1 && (needs.Gigabytes ?? needs.QueriesPerSecond) is not null)
        {
            throw new OperationException(
                "--size and --queries-per-second are about one server: give it with --server",
                OperationOutcome.Usage
            );
        }
        List<MeasuredServer> measured = [];
        foreach ((ServerPriceOptions price, string? connection) in _servers)
        {
            MeasuredServer server = connection is null
                ? new MeasuredServer(new PricedServer(price, ServerUse.Unknown), null, null)
                : await ReadAsync(price, connection, needs, cancellation);
            if (needs.TenantKey is not null && connection is null)
            {
                throw new OperationException(
                    $"--tenant-key: {price.Name} has no connection in [monitor.servers] or [databases], and none is "
                        + "given",
                    OperationOutcome.Usage
                );
            }
            ServerUse use = server.Server.Use;
            if ((needs.Gigabytes ?? needs.QueriesPerSecond) is not null)
            {
                use = use with
                {
                    Gigabytes = needs.Gigabytes ?? use.Gigabytes,
                    QueriesPerSecond = needs.QueriesPerSecond ?? use.QueriesPerSecond,
                    Source = connection is null ? "given" : $"given; the rest {use.Source}",
                };
            }
            measured.Add(server with { Server = new PricedServer(price, use) });
        }
        return measured;
    }

    private static string? ConnectionOf(DroverOptions options, string name)
    {
        if (options.MonitoredServers.FirstOrDefault(one => one.Name == name) is { } monitored)
        {
            return monitored.Connection;
        }
        if (options.Databases.FirstOrDefault(one => one.Name == name) is not { Host.Count: > 0 } database)
        {
            return null;
        }
        return string.Join(
            ' ',
            $"host={Quote(database.Host[0])} port={database.Port} dbname={Quote(database.Dbname ?? name)}",
            database.User is { } user ? $"user={Quote(user)}" : "",
            database.Password is { } password ? $"password={Quote(password)}" : ""
        );
    }

    private static string Quote(string value) =>
        $"'{value.Replace("\\", @"\\", StringComparison.Ordinal).Replace("'", @"\'", StringComparison.Ordinal)}'";

    private async Task<MeasuredServer> ReadAsync(
        ServerPriceOptions price,
        string text,
        CostNeeds needs,
        CancellationToken cancellation
    )
    {
        HistoryLimits limits = new();
        NpgsqlConnectionStringBuilder target =
            MonitorConnections.Parse(text, limits, out string problem)
            ?? throw new OperationException($"{price.Name}: {problem}", OperationOutcome.Usage);
        await using ServerAccess access = new(target);
        try
        {
            await using NpgsqlConnection connection = await access.OpenAsync(cancellation);
            ServerUse use = await UseReader.ReadAsync(connection, cancellation);
            TenantShares? tenants = needs.TenantKey is { } key
                ? await TenantShares.ReadAsync(connection, key, cancellation)
                : null;
            decimal? freeable = needs.Indexes ? await FreeableAsync(connection, cancellation) : null;
            string history = _history.Length > 0 ? _history : text;
            if (await RateAsync(history, price.Name, needs.Span, limits, cancellation) is { } rate)
            {
                use = use with
                {
                    QueriesPerSecond = rate,
                    Source = FormattableString.Invariant(
                        $"size and I/O measured now, statements by the history of {needs.Span.TotalDays:0} days"
                    ),
                };
            }
            return new MeasuredServer(new PricedServer(price, use), tenants, freeable);
        }
        catch (Exception failure) when (failure is NpgsqlException or IOException or TimeoutException)
        {
            throw new OperationException(
                $"{price.Name}: {ServerFailure.Describe(failure, access.Description)}",
                failure
            );
        }
    }

    /// <summary>The mean rate of statements that a monitor kept; null: it kept none.</summary>
    private static async Task<decimal?> RateAsync(
        string history,
        string server,
        TimeSpan span,
        HistoryLimits limits,
        CancellationToken cancellation
    )
    {
        NpgsqlConnectionStringBuilder? target = MonitorConnections.Parse(history, limits, out _);
        if (target is null)
        {
            return null;
        }
        await using ServerAccess access = new(target);
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        try
        {
            string name = await HistoryReader.ServerOfAsync(access, server == "server" ? null : server, cancellation);
            await using HistoryReader reader = new(access, name, limits);
            IReadOnlyList<MetricSeries> series = await reader.ReadAsync(["calls"], now - span, now, span, cancellation);
            // The span may lie across two steps of the grid: the mean of both, each by the samples that it has.
            return series[0].Points is { Count: > 0 } points ? (decimal)points.Average(static one => one.Value) : null;
        }
        catch (OperationException)
        {
            // No history, or not of this server: what the server itself has counts.
            return null;
        }
    }

    private static async Task<decimal> FreeableAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        List<IndexFacts> indexes = await IndexFacts.ReadAsync(connection, cancellation);
        object? days = await connection.ScalarAsync(
            """
            SELECT extract(epoch FROM now() - coalesce(stats_reset, pg_postmaster_start_time()))::float8
            FROM pg_catalog.pg_stat_database WHERE datname = current_database()
            """,
            [],
            cancellation
        );
        TimeSpan counted = TimeSpan.FromSeconds(days is double seconds ? seconds : 0);
        // The same that drover index drop --all would drop.
        ReplicationFacts replication = await ReplicationFacts.ReadAsync(connection, cancellation);
        HashSet<string> silenced = await SilencedAdvice.ReadAsync(connection, cancellation);
        return IndexAdvice
                .Of(indexes, counted, replication.Standbys, new AdviceLimits())
                .Where(one => one.IsSure && !silenced.Contains(one.Id))
                .Aggregate(0m, static (sum, one) => sum + one.FreedBytes) / 1_000_000_000m;
    }
}
