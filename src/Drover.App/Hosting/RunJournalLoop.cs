// Follows the journals of long operations while the proxy runs: their events become log lines, their counts metrics.
using Drover.Configuration;
using Drover.Operations.Connections;
using Drover.Operations.Journal;
using Drover.Telemetry.ControlPlane;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Drover.App.Hosting;

/// <summary>
/// Reads each of maintenance_databases every 15 s, whoever works on the runs there: a command's process ends before
/// anybody could ask it. Counters begin at 0 when the proxy starts.
/// </summary>
internal sealed class RunJournalLoop(MaintenanceOptions options, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan s_period = TimeSpan.FromSeconds(15);

    private readonly KeptAccess _kept = new();
    private readonly Dictionary<string, JournalFollower> _followers = [];

    /// <summary>Runs until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        if (options.MaintenanceDatabases.Count == 0)
        {
            return;
        }
        try
        {
            while (true)
            {
                foreach (string database in options.MaintenanceDatabases)
                {
                    await FollowAsync(database, cancellationToken);
                }
                await Task.Delay(s_period, time, cancellationToken);
            }
        }
        catch (OperationCanceledException)
        {
            // The process ends.
        }
        finally
        {
            await _kept.CloseAsync();
        }
    }

    /// <summary>Reads what is new in one database. What cannot be read now is read the next time.</summary>
    public async Task FollowAsync(string database, CancellationToken cancellationToken)
    {
        // What is wrong with it, the maintenance says.
        if (ConnectionText.Parse(database, Environment.GetEnvironmentVariable, out _) is not { } target)
        {
            return;
        }
        string name = target.Database ?? "";
        try
        {
            await using NpgsqlConnection connection = await _kept.Of(target).OpenAsync(cancellationToken);
            if (!_followers.TryGetValue(database, out JournalFollower? follower))
            {
                _followers[database] = follower = new JournalFollower();
            }
            foreach (JournalEvent one in await follower.ReadAsync(connection, cancellationToken))
            {
                LogOperations.Event(logger, name, one.Run, one.Target, one.Step ?? "", one.Kind, one.Message);
            }
            OperationReadings.Set(name, follower.Reading);
        }
        catch (Exception failure) when (failure is NpgsqlException or IOException or TimeoutException)
        {
            LogOperations.Unread(logger, name, ServerFailure.Describe(failure, name));
            await _kept.ForgetAsync(target);
        }
    }
}
