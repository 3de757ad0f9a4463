// Measures one server for as long as the process lives.
using Drover.Advice;
using Drover.Advice.Ages;
using Drover.Advice.Metrics;
using Drover.Configuration;
using Drover.History.Plans;
using Drover.History.Sampling;
using Drover.History.Store;
using Drover.Operations;
using Drover.Operations.Connections;
using Drover.Telemetry.ControlPlane;
using Drover.Telemetry.Statements;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Drover.History;

/// <summary>
/// A loop: one sample every interval, none piled up. A server that is away is tried again with growing pauses; what
/// was known of it stays, and says how old it is. One thread runs the loop; any may read the properties.
/// </summary>
internal sealed class ServerCollector : IAsyncDisposable
{
    private const int BackoffStepsMax = 6;

    // Samples wait while the statements are studied.
    private static readonly AdviceLimits s_advice = new()
    {
        StatementsMax = 1_000,
        StatementsStudiedMax = 100,
        IndexStudyTime = TimeSpan.FromSeconds(3),
    };

    private readonly TimeSpan _interval;
    private readonly NpgsqlConnectionStringBuilder? _target;
    private readonly HistoryLimits _limits;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Func<ServerCollector, HistoryTarget> _history;
    private readonly HostFeed _host;
    private readonly PoolFeed? _console;
    private readonly ServerSampler _sampler;
    private readonly HistoryKeeper _keeper;
    private readonly PlanWatch _plans;
    private readonly ProcessorMeter _meter = new();
    private readonly Rest _inspectionRest;
    private readonly AccessWatch _accesses;
    private ServerAccess? _access;
    private NpgsqlConnection? _connection;
    private volatile MonitorStatus _status;
    private volatile ServerIdentity? _identity;
    private long _samples;
    private long _failures;
    private long _deadlocks;
    private int _failuresInRow;
    private TimeSpan _busy;

    /// <summary>A collector; nothing runs yet.</summary>
    /// <param name="server">The server.</param>
    /// <param name="monitor">How often, and how long samples are kept.</param>
    /// <param name="limits">Limits.</param>
    /// <param name="history">Where the history of this one goes.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Topic monitor.</param>
    public ServerCollector(
        MonitoredServerOptions server,
        MonitorOptions monitor,
        HistoryLimits limits,
        Func<ServerCollector, HistoryTarget> history,
        TimeProvider time,
        ILogger logger
    )
    {
        _interval = monitor.Interval;
        _limits = limits;
        _history = history;
        _time = time;
        _logger = logger;
        _target = MonitorConnections.Parse(server.Connection, limits, out string problem);
        string address = _target is null ? "" : ConnectionText.Describe(_target);
        _status = new MonitorStatus
        {
            Server = new MonitoredServer(server.Name, address, monitor.Interval),
            State = _target is null ? MonitorState.Unreachable : MonitorState.Starting,
            Problem = problem,
        };
        _host = new HostFeed(server.NodeExporter, limits.ConnectTimeout);
        if (server.Console.Length > 0)
        {
            _console = new PoolFeed(
                MonitorConnections.Parse(server.Console, limits, out string wrong),
                wrong,
                limits.ConnectTimeout
            );
        }
        _sampler = new ServerSampler(_host, _console, limits, time);
        _keeper = new HistoryKeeper(server.Name, monitor.Retention, limits, time, logger);
        _plans = new PlanWatch(limits, time);
        _inspectionRest = new Rest(limits.InspectionPeriod, limits.RestFactor, time);
        Samples = monitor.SampleStatements > 0 ? new StatementSamples(monitor.SampleStatements) : null;
        _accesses = new AccessWatch(Samples, limits, time);
    }

    /// <summary>Where the proxy puts statements aside; null where none are wanted.</summary>
    public StatementSamples? Samples { get; }

    /// <summary>The last values.</summary>
    public MonitorStatus Status => _status;

    /// <summary>How it is reached; null when its connection string is wrong.</summary>
    public NpgsqlConnectionStringBuilder? Target => _target;

    /// <summary>Which server answered last; null before the first sample.</summary>
    public ServerIdentity? Identity => _identity;

    /// <summary>What reads its history; null while it is not known where that is.</summary>
    public HistoryReader? Reader => _keeper.Reader;

    private string Name => _status.Server.Name;

    /// <summary>Runs until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        _meter.Enter();
        if (_target is null)
        {
            LogMonitor.Unreachable(_logger, Name, _status.Problem);
            return;
        }
        _access = new ServerAccess(_target);
        try
        {
            while (true)
            {
                long start = _time.GetTimestamp();
                await TickAsync(cancellationToken);
                TimeSpan left = Pause() - _time.GetElapsedTime(start);
                await Task.Delay(left > TimeSpan.Zero ? left : TimeSpan.Zero, _time, cancellationToken);
            }
        }
        catch (OperationCanceledException)
        {
            // The process ends.
        }
        finally
        {
            await CloseAsync();
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _keeper.DisposeAsync();
        _accesses.Dispose();
        if (_access is not null)
        {
            await _access.DisposeAsync();
        }
        if (_console is not null)
        {
            await _console.DisposeAsync();
        }
        _host.Dispose();
    }

    /// <summary>One attempt at a sample; what goes wrong is in the status, the metrics and, once, the log.</summary>
    public async Task TickAsync(CancellationToken cancellationToken)
    {
        long start = _time.GetTimestamp();
        _samples++;
        try
        {
            _access ??= new ServerAccess(_target!);
            _connection ??= await _access.OpenAsync(cancellationToken);
            ServerSample sample = await _sampler.TakeAsync(_connection, cancellationToken);
            if (_identity is not null && _identity != sample.Identity)
            {
                _accesses.Forget();
            }
            _identity = sample.Identity;
            sample = await WatchAsync(_connection, sample, cancellationToken);
            await _keeper.KeepAsync(sample, _history(this), _sampler.TextOf, cancellationToken);
            await WatchPlansAsync(_connection, sample, cancellationToken);
            Show(sample);
            await InspectAsync(_connection, sample, cancellationToken);
            _failuresInRow = 0;
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            _failures++;
            _failuresInRow++;
            await CloseAsync();
            string problem = ServerFailure.Describe(failure, _status.Server.Address);
            if (_status.State != MonitorState.Unreachable)
            {
                LogMonitor.Unreachable(_logger, Name, problem);
            }
            _status = _status with { State = MonitorState.Unreachable, Problem = problem };
        }
        _busy += _time.GetElapsedTime(start);
        _status = _status with { Cost = new MonitorCost(_samples, _failures, _busy, _meter.Total) };
        Publish();
    }

    private TimeSpan Pause()
    {
        TimeSpan pause = _interval * Math.Pow(2, Math.Min(_failuresInRow, BackoffStepsMax));
        TimeSpan most = _interval > _limits.RetryMax ? _interval : _limits.RetryMax;
        return _failuresInRow == 0 || pause < most ? pause : most;
    }

    private void Show(ServerSample sample)
    {
        if (_status.State != MonitorState.Measured)
        {
            LogMonitor.Measured(_logger, Name, sample.Identity.Version);
        }
        _deadlocks += sample.Databases.Sum(static one => one.Deadlocks);
        _status = _status with
        {
            State = MonitorState.Measured,
            Problem = "",
            At = sample.At,
            Version = sample.Identity.Version,
            IsStandby = sample.Identity.IsStandby,
            Metrics = sample.Readings,
            Values = sample.Values,
            Partitions = sample.Tables?.Partitions ?? _status.Partitions,
            Blockers = sample.Parts.Blockers,
            History = _keeper.State,
            HistoryProblem = _keeper.Problem,
            PlanProblem = _plans.Problem,
        };
    }

    private async Task WatchPlansAsync(
        NpgsqlConnection connection,
        ServerSample sample,
        CancellationToken cancellationToken
    )
    {
        if (_keeper.State != HistoryState.Written)
        {
            _plans.Forget();
            return;
        }
        if (!_plans.IsDue)
        {
            return;
        }
        try
        {
            IReadOnlyList<SeenPlan> seen = await _plans.LookAsync(connection, sample.Identity, cancellationToken);
            foreach (
                (long statement, string difference) in await _keeper.KeepPlansAsync(
                    sample.At,
                    sample.Parts.Database,
                    seen,
                    cancellationToken
                )
            )
            {
                LogMonitor.PlanChanged(_logger, Name, statement, difference);
            }
        }
        catch (Exception failure) when (IsOfThePartAlone(failure))
        {
            // As with the advice: a table is locked, or was dropped meanwhile.
            LogMonitor.NotPlanned(_logger, Name, WordsOf(failure));
        }
    }

    private async Task<ServerSample> WatchAsync(
        NpgsqlConnection connection,
        ServerSample sample,
        CancellationToken cancellationToken
    )
    {
        try
        {
            return sample with { Accesses = await _accesses.TakeAsync(connection, cancellationToken) };
        }
        catch (Exception failure) when (IsOfThePartAlone(failure))
        {
            // The other values are worth no less.
            LogMonitor.NotInspected(_logger, Name, WordsOf(failure));
            return sample;
        }
    }

    private async Task InspectAsync(
        NpgsqlConnection connection,
        ServerSample sample,
        CancellationToken cancellationToken
    )
    {
        // Not with the first sample: an interval says more than the counters alone.
        if (!_inspectionRest.IsDue || sample.Parts.Elapsed == TimeSpan.Zero)
        {
            return;
        }
        _inspectionRest.Begin();
        try
        {
            IReadOnlyList<Recommendation> advice = await Inspector.AdviseAsync(
                connection,
                sample.Parts,
                s_advice,
                await KeptAsync(sample, cancellationToken),
                _time,
                cancellationToken
            );
            _status = _status with
            {
                Recommendations = [.. advice.Where(static one => !one.IsSilenced)],
                InspectedAt = sample.At,
            };
        }
        catch (Exception failure) when (IsOfThePartAlone(failure))
        {
            // A table is locked, or was dropped meanwhile: the old advice stays, and says how old it is.
            LogMonitor.NotInspected(_logger, Name, WordsOf(failure));
        }
        _inspectionRest.End();
    }

    // What is read of a server may be anybody's; that it is not understood is no reason to measure nothing.
    private static bool IsOfThePartAlone(Exception failure) =>
        failure is not OperationCanceledException && ServerFailure.KindOf(failure) != FailureKind.Connection;

    private static string WordsOf(Exception failure) =>
        failure is PostgresException told ? told.MessageText : failure.Message;

    // The history may be in another database than this one.
    private async Task<KeptFindings> KeptAsync(ServerSample sample, CancellationToken cancellation)
    {
        KeptFindings none = new([], new Dictionary<string, (string, AccessCounts)>());
        try
        {
            return _keeper.Reader is { } reader
                ? await reader.ReadFindingsAsync(sample.Parts.Database, s_advice, cancellation) ?? none
                : none;
        }
        catch (OperationException)
        {
            // It is away; the status says so.
            return none;
        }
    }

    private void Publish() =>
        MonitorReadings.Set(
            Name,
            new MonitorReading(
                _status.State == MonitorState.Measured,
                _status.History is HistoryState.Written or HistoryState.WrittenByAnother,
                _status.State == MonitorState.Measured ? _status.Values : MonitorReading.None,
                _deadlocks,
                _status.Cost.Samples,
                _status.Cost.Failures,
                _status.Cost.Busy.TotalSeconds,
                _status.Cost.Processor.TotalSeconds
            )
        );

    private async Task CloseAsync()
    {
        if (_connection is { } connection)
        {
            _connection = null;
            await connection.DisposeAsync();
        }
    }
}
