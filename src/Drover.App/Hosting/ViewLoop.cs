// Refreshes materialized views while the proxy runs, in each of maintenance_databases.
using Drover.Configuration;
using Drover.Operations.Connections;
using Drover.Telemetry.ControlPlane;
using Drover.Views;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Drover.App.Hosting;

/// <summary>
/// Looks every 5 s for views that are due. Databases come one behind the other, so this process never runs two
/// refreshes at once; other proxies are kept away by a lock. A standby is passed over.
/// </summary>
internal sealed class ViewLoop(MaintenanceOptions options, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan s_period = TimeSpan.FromSeconds(5);

    private readonly KeptAccess _kept = new();
    private readonly HashSet<string> _failing = [];
    private readonly HashSet<ViewName> _slowed = [];

    /// <summary>Runs until it is cancelled; at once over when there is no database to look at.</summary>
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
                // Not at the same moment in all proxies that were started together.
                await Task.Delay(s_period * (0.9 + (Random.Shared.NextDouble() * 0.2)), time, cancellationToken);
                foreach (string database in options.MaintenanceDatabases)
                {
                    await RefreshAsync(database, cancellationToken);
                }
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

    private async Task RefreshAsync(string database, CancellationToken cancellationToken)
    {
        NpgsqlConnectionStringBuilder? target = ConnectionText.Parse(
            database,
            Environment.GetEnvironmentVariable,
            out string problem
        );
        if (target is null)
        {
            Fail("(maintenance_databases)", problem);
            return;
        }
        string name = ConnectionText.Describe(target);
        target.ApplicationName = ViewService.ApplicationName;
        try
        {
            await using NpgsqlConnection connection = await _kept.Of(target).OpenAsync(cancellationToken);
            ViewService service = new(connection, time);
            foreach (RefreshOutcome outcome in await service.RefreshDueAsync(cancellationToken))
            {
                Tell(outcome);
            }
            await ReadAsync(target.Database ?? "", service, cancellationToken);
            _failing.Remove(name);
        }
        catch (Exception failure) when (failure is NpgsqlException or IOException or TimeoutException)
        {
            Fail(name, failure.Message);
            await _kept.ForgetAsync(target);
        }
    }

    private void Tell(RefreshOutcome outcome)
    {
        string view = outcome.Name.ToString();
        long milliseconds = (long)outcome.Duration.TotalMilliseconds;
        if (outcome.Problem is { } problem)
        {
            LogViews.Failed(logger, view, problem);
        }
        else if (outcome.IsRemade)
        {
            LogViews.Remade(logger, view, milliseconds);
        }
        else
        {
            LogViews.Refreshed(logger, view, milliseconds);
        }
    }

    private async Task ReadAsync(string database, ViewService service, CancellationToken cancellationToken)
    {
        IReadOnlyList<ManagedView> views = await service.ListAsync(cancellationToken);
        DateTimeOffset now = views.Count == 0 ? default : await service.NowAsync(cancellationToken);
        ViewReadings.Set(database, [.. views.Select(view => (view.Name.ToString(), Read(view, now)))]);
        foreach (ManagedView view in views)
        {
            if (!RefreshSchedule.IsSlowed(view))
            {
                _slowed.Remove(view.Name);
            }
            else if (_slowed.Add(view.Name))
            {
                LogViews.Slowed(logger, view.Name.ToString(), (long)view.State.Duration.TotalMilliseconds);
            }
        }
    }

    private static ViewReading Read(ManagedView view, DateTimeOffset now) =>
        new(
            view.State.RefreshedAt is { } at ? (now - at).TotalSeconds : double.NaN,
            view.State.Duration.TotalSeconds,
            view.Interval.TotalSeconds,
            view.State.Failures
        );

    /// <summary>Says it once, until the database can be looked at again.</summary>
    private void Fail(string database, string reason)
    {
        if (_failing.Add(database))
        {
            LogViews.DatabaseFailed(logger, database, reason);
        }
    }
}
