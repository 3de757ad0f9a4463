// Takes the pictures: the monitor's sampler, the blocking tree, and the pools of a console.
using Drover.Advice.Metrics;
using Drover.History;
using Drover.History.Sampling;
using Drover.Operations.Connections;
using Npgsql;

namespace Drover.App.Commands.Top;

/// <summary>One server, and a console if there is one. A connection that fails is made anew at the next look.</summary>
internal sealed class TopSource : IAsyncDisposable
{
    private readonly ServerAccess _access;
    private readonly PoolFeed? _console;
    private readonly HostFeed _host;
    private readonly ServerSampler _sampler;
    private NpgsqlConnection? _connection;
    private DateTimeOffset _statementsAt;
    private TopPicture _last;

    /// <summary>A source; nothing is connected yet.</summary>
    public TopSource(NpgsqlConnectionStringBuilder target, NpgsqlConnectionStringBuilder? console, TimeProvider time)
    {
        // Someone looks on: no picture is left out to spare the server, unless a look takes longer than that.
        HistoryLimits limits = new() { StatementRestFactor = 1 };
        _access = new ServerAccess(target);
        _console = console is null ? null : new PoolFeed(console, "", limits.ConnectTimeout);
        _host = new HostFeed("", limits.ConnectTimeout);
        _sampler = new ServerSampler(_host, _console, limits, time);
        _last = new TopPicture { Server = _access.Description };
    }

    /// <summary>Takes one; what fails is in <see cref="TopPicture.Problem"/>, beside what was known.</summary>
    public async Task<TopPicture> TakeAsync(CancellationToken cancellation)
    {
        PoolFacts? pools = null;
        try
        {
            _connection ??= await _access.OpenAsync(cancellation);
            ServerSample sample = await _sampler.TakeAsync(_connection, cancellation);
            pools = sample.Parts.Pools is [var look, ..] ? look : null;
            _last = _last with
            {
                Version = sample.Identity.Version,
                At = sample.At,
                Metrics = sample.Readings,
                Blocking =
                    sample.Parts.Sessions[^1].WaitingForLock > 0
                        ? await BlockingTree.ReadAsync(_connection, cancellation)
                        : [],
                StatementsProblem = sample.Parts.Statements.Problem ?? "",
                Problem = "",
            };
            Add(sample);
        }
        catch (Exception failure) when (failure is NpgsqlException or IOException or TimeoutException)
        {
            await CloseAsync();
            _last = _last with { Problem = ServerFailure.Describe(failure, _access.Description) };
        }
        if (_console is not null)
        {
            // The server may be away, and the pooler in front of it there.
            pools ??= await _console.ReadAsync(cancellation);
            _last = _last with
            {
                Pools =
                [
                    .. pools.Pools.Select(static pool => new TopPool(
                        $"{pool.Database}/{pool.User}",
                        pool.ClientsActive,
                        pool.ClientsWaiting,
                        pool.ServersHeld,
                        pool.ServersIdle,
                        pool.WaitSeconds
                    )),
                ],
                PoolsProblem = pools.Problem,
            };
        }
        return _last;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        if (_console is not null)
        {
            await _console.DisposeAsync();
        }
        await _access.DisposeAsync();
        _host.Dispose();
    }

    // At the first look there is nothing before it, and after a look that took long the sampler leaves some out.
    private void Add(ServerSample sample)
    {
        if (!sample.Values.ContainsKey("calls"))
        {
            _statementsAt = _statementsAt == default ? sample.At : _statementsAt;
            return;
        }
        _last = _last with
        {
            Span = sample.At - _statementsAt,
            Statements =
            [
                .. sample.Statements.Select(one => new TopStatement(
                    _sampler.TextOf(one.Key) ?? "",
                    one.Value.Calls,
                    one.Value.TotalMs,
                    one.Value.Rows
                )),
            ],
        };
        _statementsAt = sample.At;
    }

    private async Task CloseAsync()
    {
        if (_connection is { } connection)
        {
            _connection = null;
            await connection.DisposeAsync();
        }
    }
}
