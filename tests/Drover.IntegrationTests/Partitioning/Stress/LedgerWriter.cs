// A client of the table under stress: transactions of all kinds, and a tally of what was acknowledged.
using System.Collections.Concurrent;
using Npgsql;

namespace Drover.IntegrationTests.Partitioning.Stress;

/// <summary>Writes until it is stopped, through restarts and lost sessions. What must not be is a finding.</summary>
internal sealed class LedgerWriter(Ledger ledger, LedgerTally tally, int seed, ConcurrentQueue<string> findings)
{
    private static readonly TimeSpan s_pace = TimeSpan.FromMilliseconds(4);
    private static readonly TimeSpan s_reconnect = TimeSpan.FromMilliseconds(100);
    private static readonly string[] s_levels = ["READ COMMITTED", "READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"];

    private readonly Random _random = new(seed);
    private readonly LedgerMoves _moves = new(tally, new Random(seed + 1));
    private NpgsqlConnection? _connection;
    private int _sessions;

    /// <summary>Acknowledged transactions.</summary>
    public long Committed { get; private set; }

    /// <summary>Transactions whose answer was lost, and which were settled.</summary>
    public long Settled { get; private set; }

    /// <summary>Transactions that another one overtook; any application has to try these again.</summary>
    public long Overtaken { get; private set; }

    /// <summary>Those among them that PostgreSQL ended to resolve a deadlock.</summary>
    public long Deadlocks { get; private set; }

    private string Name => $"writer-{tally.Writer}-{_sessions}";

    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            LedgerTransaction transaction = new(tally);
            // A statement of its own, outside any transaction: its answer is that of its commit.
            LedgerStatement[] alone = _random.Next(5) == 0 ? [.. _moves.Next(transaction)] : [];
            transaction = alone.Length == 1 ? transaction : new LedgerTransaction(tally);
            bool isAsked = false;
            try
            {
                _connection ??= await ConnectAsync();
                isAsked = alone.Length == 1 || await RunManyAsync(transaction);
                if (!isAsked)
                {
                    continue;
                }
                await (alone.Length == 1 ? RunAsync(alone[0]) : CommitAsync());
                tally.Commit(transaction);
                Committed++;
            }
            catch (PostgresException refused) when (!IsLost(refused))
            {
                await RefusedAsync(refused);
            }
            catch (Exception lost) when (IsOfTheWire(lost))
            {
                await LostAsync(isAsked ? transaction : null, lost);
            }
            await Task.Delay(s_pace, CancellationToken.None);
        }
        await (_connection?.DisposeAsync() ?? default);
    }

    /// <returns>False: it was rolled back.</returns>
    private async Task<bool> RunManyAsync(LedgerTransaction transaction)
    {
        await ExecuteAsync($"BEGIN ISOLATION LEVEL {s_levels[_random.Next(s_levels.Length)]}");
        for (int count = _random.Next(1, 5); count > 0; count--)
        {
            await (_random.Next(8) == 0 ? TryInVainAsync(transaction) : RunAsync(_moves.Next(transaction)));
        }
        if (_random.Next(6) == 0)
        {
            await RunAsync(_moves.Count(transaction));
        }
        if (_random.Next(8) > 0)
        {
            return true;
        }
        await ExecuteAsync("ROLLBACK");
        return false;
    }

    // What is done behind a savepoint, or fails there, has not happened.
    private async Task TryInVainAsync(LedgerTransaction transaction)
    {
        await ExecuteAsync("SAVEPOINT before");
        LedgerTransaction aside = transaction.Copy();
        await RunAsync(_moves.Next(aside));
        if (_moves.Collide(aside) is { } collision)
        {
            try
            {
                await ExecuteAsync(collision);
                findings.Enqueue($"{Name}: a second row with a key was taken: {collision}");
            }
            catch (PostgresException expected) when (expected.SqlState == PostgresErrorCodes.UniqueViolation)
            {
                // As it must be.
            }
        }
        await ExecuteAsync("ROLLBACK TO SAVEPOINT before");
    }

    private async Task RunAsync(IEnumerable<LedgerStatement> statements)
    {
        foreach (LedgerStatement statement in statements)
        {
            await RunAsync(statement);
        }
    }

    private async Task RunAsync(LedgerStatement statement)
    {
        int rows = await ExecuteAsync(statement.Sql);
        if (statement.Rows is { } expected && rows != expected)
        {
            findings.Enqueue($"{Name}: {rows} rows where {expected} were expected: {Short(statement.Sql)}");
        }
    }

    private Task<int> CommitAsync() => ExecuteAsync("COMMIT");

    private async Task<int> ExecuteAsync(string sql)
    {
        await using NpgsqlCommand command = new(sql, _connection);
        return await command.ExecuteNonQueryAsync(CancellationToken.None);
    }

    private async Task RefusedAsync(PostgresException refused)
    {
        if (refused.SqlState is PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected)
        {
            Overtaken++;
            Deadlocks += refused.SqlState == PostgresErrorCodes.DeadlockDetected ? 1 : 0;
        }
        else
        {
            findings.Enqueue($"{Name}: the application met {refused.SqlState}: {refused.MessageText}");
        }
        try
        {
            await ExecuteAsync("ROLLBACK");
        }
        catch (Exception lost) when (IsOfTheWire(lost))
        {
            await LostAsync(null, lost);
        }
    }

    // A new session; when a commit was on its way, the old session's end is waited for, and the rows tell.
    private async Task LostAsync(LedgerTransaction? open, Exception lost)
    {
        if (lost is TimeoutException or { InnerException: TimeoutException })
        {
            findings.Enqueue($"{Name}: a statement hung: {lost.Message}");
        }
        string old = Name;
        await (_connection?.DisposeAsync() ?? default);
        _connection = null;
        while (open is not null)
        {
            try
            {
                _connection ??= await ConnectAsync();
                if (await IsGoneAsync(old))
                {
                    Settle(open, await Ledger.ReadAsync(_connection, open.After.Keys));
                    return;
                }
                await Task.Delay(s_reconnect, CancellationToken.None);
            }
            catch (Exception again) when (IsOfTheWire(again))
            {
                await (_connection?.DisposeAsync() ?? default);
                _connection = null;
            }
        }
    }

    private async Task<bool> IsGoneAsync(string session)
    {
        await using NpgsqlCommand command = new(
            $"SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE application_name = '{session}')",
            _connection
        );
        return await command.ExecuteScalarAsync(CancellationToken.None) is true;
    }

    private void Settle(LedgerTransaction open, List<FoundRow> found)
    {
        Settled++;
        switch (tally.Settle(open, found))
        {
            case true:
                tally.Commit(open);
                break;
            case null:
                findings.Enqueue($"{Name}: a transaction happened in part: keys {string.Join(' ', open.After.Keys)}");
                break;
            default:
                break;
        }
    }

    private async Task<NpgsqlConnection> ConnectAsync()
    {
        while (true)
        {
            try
            {
                _sessions++;
                return await ledger.OpenAsync(Name);
            }
            catch (Exception away) when (IsOfTheWire(away))
            {
                await Task.Delay(s_reconnect, TestContext.Current.CancellationToken);
            }
        }
    }

    // Of a session that the server ends, or has lost, nothing is known; any other error leaves it alive.
    private static bool IsLost(PostgresException failure) =>
        failure.Severity is "FATAL" or "PANIC" || failure.SqlState.StartsWith("57P", StringComparison.Ordinal);

    // Npgsql says InvalidOperationException of a connection that broke before.
    private static bool IsOfTheWire(Exception failure) =>
        failure is NpgsqlException or IOException or TimeoutException or InvalidOperationException;

    private static string Short(string sql) => sql.Length > 200 ? sql[..200] : sql;
}
