// Reads the journals of long operations for the page, at most once in two seconds for all who look.
using Drover.App.Dashboard.Api;
using Drover.Operations.Connections;
using Drover.Operations.Journal;
using Drover.Operations.Running;
using Npgsql;

namespace Drover.App.Dashboard;

/// <summary>The journals that are followed.</summary>
internal interface IJournals
{
    /// <summary>Whether there are any.</summary>
    bool HasAny { get; }

    /// <summary>All of them. One that cannot be read says why.</summary>
    Task<OperationsAnswer> ReadAsync(CancellationToken cancellation);
}

/// <summary>The journals of maintenance_databases.</summary>
/// <param name="databases">Connection strings.</param>
/// <param name="time">The clock.</param>
internal sealed class JournalReader(IReadOnlyList<string> databases, TimeProvider time) : IJournals
{
    /// <summary>Runs that are shown of one journal.</summary>
    private const int RunsMax = 50;

    private static readonly TimeSpan s_freshFor = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new();
    private Task<OperationsAnswer>? _reading;
    private long _readAt;

    /// <inheritdoc/>
    public bool HasAny => databases.Count > 0;

    /// <inheritdoc/>
    public Task<OperationsAnswer> ReadAsync(CancellationToken cancellation)
    {
        lock (_gate)
        {
            if (_reading is null || (_reading.IsCompleted && time.GetElapsedTime(_readAt) > s_freshFor))
            {
                _readAt = time.GetTimestamp();
                _reading = ReadAllAsync();
            }
            return _reading.WaitAsync(cancellation);
        }
    }

    // Not cancelled by one reader: others wait for the same.
    private async Task<OperationsAnswer> ReadAllAsync() =>
        new(await Task.WhenAll(databases.Select(ReadAsync)).ConfigureAwait(false));

    private async Task<JournalAnswer> ReadAsync(string database)
    {
        DateTimeOffset now = time.GetUtcNow();
        if (ConnectionText.Parse(database, Environment.GetEnvironmentVariable, out string problem) is not { } target)
        {
            return new JournalAnswer("", problem, now, []);
        }
        string name = ConnectionText.Describe(target);
        using CancellationTokenSource limited = new(s_timeout, time);
        try
        {
            await using ServerAccess server = new(target);
            await using NpgsqlConnection connection = await server.OpenAsync(limited.Token).ConfigureAwait(false);
            List<RunReport> runs = [];
            if (await JournalSchema.ExistsAsync(connection, limited.Token).ConfigureAwait(false))
            {
                List<RunRow> rows = await RunJournal.ListAsync(connection, limited.Token).ConfigureAwait(false);
                foreach (RunRow row in rows.Take(RunsMax))
                {
                    runs.Add(await RunReport.ReadAsync(connection, row.Id, limited.Token).ConfigureAwait(false));
                }
            }
            return new JournalAnswer(name, null, now, runs);
        }
        catch (OperationCanceledException)
        {
            return new JournalAnswer(name, "the server did not answer within 10 s", now, []);
        }
        catch (Exception failure)
            when (failure is NpgsqlException or IOException or TimeoutException or Operations.OperationException)
        {
            return new JournalAnswer(name, ServerFailure.Describe(failure, name), now, []);
        }
    }
}
