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
    private readonly NpgsqlConnectionStringBuilder? _console;
    private readonly HostFeed _host;
    private readonly ServerSampler _sampler;
    private NpgsqlConnection? _connection;
    private NpgsqlConnection? _pools;
    private DateTimeOffset _statementsAt;
    private TopPicture _last;

    /// <summary>A source; nothing is connected yet.</summary>
    public TopSource(NpgsqlConnectionStringBuilder target, NpgsqlConnectionStringBuilder? console, TimeProvider time)
    {
        // Someone looks on: no picture is left out to spare the server, unless a look takes longer than that.
        HistoryLimits limits = new() { StatementRestFactor = 1 };
        _access = new ServerAccess(target);
        _console = console;
        _host = new HostFeed("", limits.ConnectTimeout);
        _sampler = new ServerSampler(_host, limits, time);
        _last = new TopPicture { Server = _access.Description };
    }

    /// <summary>Takes one; what fails is in <see cref="TopPicture.Problem"/>, beside what was known.</summary>
    public async Task<TopPicture> TakeAsync(CancellationToken cancellation)
    {
        try
        {
            _connection ??= await _access.OpenAsync(cancellation);
            ServerSample sample = await _sampler.TakeAsync(_connection, cancellation);
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
        return _console is null ? _last : _last = await WithPoolsAsync(_console, cancellation);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        if (_pools is { } pools)
        {
            await pools.DisposeAsync();
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

    private async Task<TopPicture> WithPoolsAsync(NpgsqlConnectionStringBuilder console, CancellationToken cancellation)
    {
        try
        {
            if (_pools is null)
            {
                _pools = new NpgsqlConnection(console.ConnectionString);
                await _pools.OpenAsync(cancellation);
            }
            await using NpgsqlCommand command = new("SHOW POOLS", _pools);
            await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellation);
            List<TopPool> pools = [];
            while (await reader.ReadAsync(cancellation))
            {
                double wait = Number(reader, "maxwait") + (Number(reader, "maxwait_us") / 1e6);
                pools.Add(
                    new TopPool(
                        $"{reader["database"]}/{reader["user"]}",
                        (long)Number(reader, "cl_active"),
                        (long)Number(reader, "cl_waiting"),
                        (long)Number(reader, "sv_active"),
                        (long)Number(reader, "sv_idle"),
                        wait
                    )
                );
            }
            return _last with { Pools = pools, PoolsProblem = "" };
        }
        catch (Exception failure)
            when (failure is NpgsqlException or IOException or TimeoutException or IndexOutOfRangeException)
        {
            if (_pools is { } broken)
            {
                _pools = null;
                await broken.DisposeAsync();
            }
            return _last with
            {
                Pools = [],
                PoolsProblem = $"the console: {ServerFailure.Describe(failure, ConnectionText.Describe(console))}",
            };
        }
    }

    private static double Number(NpgsqlDataReader reader, string column) =>
        Convert.ToDouble(reader[column], System.Globalization.CultureInfo.InvariantCulture);

    private async Task CloseAsync()
    {
        if (_connection is { } connection)
        {
            _connection = null;
            await connection.DisposeAsync();
        }
    }
}
