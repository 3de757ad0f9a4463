// The beat beside the work: says that the runner lives, hears requests, measures the load.
using Drover.Operations.Connections;
using Drover.Operations.Journal;
using Npgsql;

namespace Drover.Operations.Running;

/// <summary>
/// Runs on the lease's session. Its small commit is the probe of the application's commit latency. When it fails, the
/// lease is lost and the runner must restore it before it goes on.
/// </summary>
internal sealed class Pulse : IAsyncDisposable
{
    private const int BaselineSamples = 5;

    private readonly RunLease _lease;
    private readonly Throttle _throttle;
    private readonly OperationLimits _limits;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _turn = new(1);
    private CancellationTokenSource _attention = new();
    private Task _loop = Task.CompletedTask;
    private volatile Exception? _failure;
    private bool _isLoadHidden;

    private Pulse(RunLease lease, Throttle throttle, OperationLimits limits, TimeProvider time)
    {
        _lease = lease;
        _throttle = throttle;
        _limits = limits;
        _time = time;
    }

    /// <summary>Cancelled when somebody asks for something, or the lease is lost; see <see cref="Calm"/>.</summary>
    public CancellationToken Attention => Volatile.Read(ref _attention).Token;

    /// <summary>Set by the runner: no batch is running.</summary>
    public bool IsResting { get; set; }

    /// <summary>Measures the baseline and starts to beat.</summary>
    public static async Task<Pulse> StartAsync(
        RunLease lease,
        Throttle throttle,
        OperationLimits limits,
        TimeProvider time,
        CancellationToken cancellationToken
    )
    {
        Pulse pulse = new(lease, throttle, limits, time);
        List<TimeSpan> commits = [];
        for (int i = 0; i < BaselineSamples; i++)
        {
            commits.Add((await pulse.CommitAsync(cancellationToken)).Duration);
        }
        throttle.SetBaseline(commits);
        // The first batch is held back too, if somebody is behind already.
        throttle.Observe(await pulse.ReadLoadAsync(cancellationToken) with { Commit = commits[^1] }, isResting: true);
        pulse._loop = pulse.BeatAsync();
        return pulse;
    }

    /// <summary>Throws what ended the lease, if something did.</summary>
    public void ThrowIfLost()
    {
        if (_failure is { } failure)
        {
            throw failure is OperationException ? failure : new IOException("the lease's session is lost", failure);
        }
    }

    /// <summary>Forgets what attention was drawn to; the runner looks at the journal itself right after.</summary>
    public void Calm()
    {
        if (_failure is null && Attention.IsCancellationRequested)
        {
            // Not disposed: somebody may be linking to its token right now.
            Volatile.Write(ref _attention, new CancellationTokenSource());
        }
    }

    /// <summary>Restores the lease if it is lost.</summary>
    /// <returns>False: not yet.</returns>
    public async Task<bool> TryRestoreAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            if (_failure is not null && await _lease.TryRestoreAsync(cancellationToken))
            {
                _failure = null;
            }
            return _failure is null;
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Asks something on the lease's session, between two beats; null when it cannot be asked.</summary>
    public async Task<T?> AskAsync<T>(Func<NpgsqlConnection, Task<T>> ask, CancellationToken cancellationToken)
        where T : class
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            return _failure is null ? await ask(_lease.Connection) : null;
        }
        catch (Exception failure) when (ServerFailure.KindOf(failure) != FailureKind.Final)
        {
            return null;
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Stops the beat.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop;
        _stop.Dispose();
        _turn.Dispose();
    }

    private async Task BeatAsync()
    {
        CancellationToken stop = _stop.Token;
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await Task.Delay(_limits.PulseInterval, _time, stop);
                if (_failure is null)
                {
                    await BeatOnceAsync(stop);
                }
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failure)
                when (failure is OperationException || ServerFailure.KindOf(failure) != FailureKind.Contention)
            {
                _failure = failure;
                await Volatile.Read(ref _attention).CancelAsync();
            }
            catch (PostgresException)
            {
                // Contention on our own row: the next beat will do.
            }
        }
    }

    private async Task BeatOnceAsync(CancellationToken stop)
    {
        await _turn.WaitAsync(stop);
        try
        {
            bool isResting = IsResting;
            (TimeSpan commit, string? request) = await CommitAsync(stop);
            LoadSample load = await ReadLoadAsync(stop);
            _throttle.Observe(load with { Commit = commit }, isResting && IsResting);
            if (request is not null)
            {
                await Volatile.Read(ref _attention).CancelAsync();
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    private async Task<(TimeSpan Duration, string? Request)> CommitAsync(CancellationToken cancellationToken)
    {
        long started = _time.GetTimestamp();
        await using NpgsqlCommand command = _lease.Connection.Command(
            "UPDATE drover.runs SET heartbeat_at = clock_timestamp(), throttle_reason = $3::text "
                + "WHERE id = $1 AND epoch = $2 RETURNING request",
            _lease.RunId,
            _lease.Epoch,
            _throttle.Reason
        );
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken))
        {
            throw RunJournal.TakenOver(_lease.RunId);
        }
        string? request = reader.Text(0);
        await reader.CloseAsync();
        return (_time.GetElapsedTime(started), request);
    }

    // A service that hides its WAL or its standbys still has commits that can be timed.
    private async Task<LoadSample> ReadLoadAsync(CancellationToken cancellationToken)
    {
        if (_isLoadHidden)
        {
            return default;
        }
        try
        {
            return await LoadProbe.ReadAsync(_lease.Connection, cancellationToken);
        }
        catch (PostgresException refused) when (ServerFailure.KindOf(refused) == FailureKind.Final)
        {
            _isLoadHidden = true;
            await RunJournal.WriteEventAsync(
                _lease.Connection,
                _lease.RunId,
                null,
                "load-hidden",
                $"the server does not show its load, so only commit latency throttles: {refused.MessageText}",
                cancellationToken
            );
            return default;
        }
    }
}
