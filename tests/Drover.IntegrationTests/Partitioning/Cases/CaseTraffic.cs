// The application of a case: a few sessions that send its writes in turn, as long as the test lets them.
using System.Collections.Immutable;
using Npgsql;

namespace Drover.IntegrationTests.Partitioning.Cases;

/// <summary>Sessions of the role app. An error ends the traffic and fails the case, unless PostgreSQL asks to
/// retry.</summary>
internal sealed class CaseTraffic : IAsyncDisposable
{
    private const int Sessions = 3;

    // So that three sessions leave room for the conversion of several tables on two cores.
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(25);

    private readonly ImmutableArray<string> _turns;
    private readonly ImmutableArray<string> _errors;
    private readonly CancellationTokenSource _stop = new();
    private readonly List<SemaphoreSlim> _rights = [];
    private readonly List<Task> _sessions = [];
    private readonly List<NpgsqlConnection> _connections = [];
    private long _number;
    private long _done;
    private bool _isPaused = true;

    private CaseTraffic(ConversionCase @case) => (_turns, _errors) = (@case.During, @case.Errors);

    /// <summary>Transactions that have been answered.</summary>
    public long Done => Interlocked.Read(ref _done);

    /// <summary>Connects; nothing is sent yet.</summary>
    public static async Task<CaseTraffic> StartAsync(
        ConversionCase @case,
        CaseDatabase database,
        CancellationToken cancellationToken
    )
    {
        CaseTraffic traffic = new(@case);
        for (int count = @case.During.Length == 0 ? 0 : Sessions; count > 0; count--)
        {
            NpgsqlConnection connection = await database.OpenAppAsync(cancellationToken);
            SemaphoreSlim right = new(0, 1);
            traffic._connections.Add(connection);
            traffic._rights.Add(right);
            traffic._sessions.Add(Task.Run(() => traffic.SendAsync(connection, right), CancellationToken.None));
        }
        return traffic;
    }

    /// <summary>Lets the sessions send.</summary>
    public void Resume()
    {
        if (!_isPaused)
        {
            return;
        }
        _isPaused = false;
        _rights.ForEach(right => right.Release());
    }

    /// <summary>Waits until every session's transaction is over, and keeps them from the next.</summary>
    public async Task PauseAsync()
    {
        if (_isPaused)
        {
            return;
        }
        _isPaused = true;
        foreach ((SemaphoreSlim right, Task session) in _rights.Zip(_sessions))
        {
            Task paused = right.WaitAsync(_stop.Token);
            if (await Task.WhenAny(paused, session) == session)
            {
                await session;
            }
        }
    }

    /// <summary>Waits for some more transactions, or the first error; not at all while the sessions are
    /// paused.</summary>
    public async Task WorkAsync(int transactions)
    {
        long goal = Done + (_isPaused || _sessions.Count == 0 ? 0 : transactions);
        while (Done < goal)
        {
            if (_sessions.FirstOrDefault(session => session.IsCompleted) is { } ended)
            {
                await ended;
            }
            await Task.WhenAny([.. _sessions, Task.Delay(s_pause)]);
        }
    }

    /// <summary>Fails with the error that a session met, if any did.</summary>
    public async Task AssertHealthyAsync()
    {
        foreach (Task ended in _sessions.Where(session => session.IsCompleted))
        {
            await ended;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_sessions).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        foreach (NpgsqlConnection connection in _connections)
        {
            await connection.DisposeAsync();
        }
        _rights.ForEach(right => right.Dispose());
        _stop.Dispose();
    }

    private async Task SendAsync(NpgsqlConnection connection, SemaphoreSlim right)
    {
        while (!_stop.IsCancellationRequested)
        {
            await right.WaitAsync(_stop.Token);
            try
            {
                long number = Interlocked.Increment(ref _number);
                await TryAsync(connection, _turns[(int)(number % _turns.Length)], number);
            }
            finally
            {
                right.Release();
            }
            Interlocked.Increment(ref _done);
            await Task.Delay(s_pause, _stop.Token);
        }
    }

    private async Task TryAsync(NpgsqlConnection connection, string turn, long number)
    {
        try
        {
            await CaseScript.RunTurnAsync(connection, turn, number, CancellationToken.None);
        }
        catch (PostgresException failure)
            when (failure.SqlState is PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected
                || _errors.Contains(failure.SqlState)
            )
        {
            await CaseScript.RunAsync(connection, "ROLLBACK", CancellationToken.None);
        }
        catch (PostgresException failure)
        {
            throw new InvalidOperationException(
                $"the application met {failure.SqlState}: {failure} in {turn}",
                failure
            );
        }
    }
}
