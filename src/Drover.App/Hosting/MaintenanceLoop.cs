// Keeps partitions while the proxy runs: every maintenance_period, in each of maintenance_databases.
using Drover.Configuration;
using Drover.Operations;
using Drover.Operations.Connections;
using Drover.Operations.Plans;
using Drover.Partitioning.Maintenance;
using Drover.Telemetry.ControlPlane;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Drover.App.Hosting;

/// <summary>
/// The scheduler. Any number of proxies may have it: one per database runs at a time, by an advisory lock, and the
/// others find nothing left to do. A standby is passed over.
/// </summary>
internal sealed class MaintenanceLoop(MaintenanceOptions options, TimeProvider time, ILogger logger)
{
    // The first run comes soon, but not at the same moment in all proxies that were started together.
    private static readonly TimeSpan s_firstRun = TimeSpan.FromSeconds(10);

    /// <summary>Runs until it is cancelled; at once over when nothing is to be kept.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        if (options.MaintenanceDatabases.Count == 0 || options.MaintenancePeriod == TimeSpan.Zero)
        {
            return;
        }
        try
        {
            TimeSpan pause = s_firstRun < options.MaintenancePeriod ? s_firstRun : options.MaintenancePeriod;
            while (true)
            {
                await Task.Delay(pause * (0.9 + (Random.Shared.NextDouble() * 0.2)), time, cancellationToken);
                pause = options.MaintenancePeriod;
                foreach (string database in options.MaintenanceDatabases)
                {
                    await MaintainAsync(database, cancellationToken);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The process ends.
        }
    }

    /// <summary>One run in one database. What goes wrong there is logged and counted, and ends nothing else.</summary>
    public async Task MaintainAsync(string database, CancellationToken cancellationToken)
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
        try
        {
            await using NpgsqlDataSource source = NpgsqlDataSource.Create(target);
            await using MaintenanceService service = await MaintenanceService.OpenAsync(
                source,
                time,
                new MaintenanceLimits(),
                new OperationLimits(),
                cancellationToken
            );
            if (!await service.TryBecomeRunnerAsync(cancellationToken))
            {
                return;
            }
            foreach (PartitionPolicy policy in await service.Policies.ListAsync(cancellationToken))
            {
                if (policy.IsEnabled)
                {
                    await MaintainAsync(service, policy, cancellationToken);
                }
            }
        }
        catch (OperationException refused) when (refused.Outcome == OperationOutcome.Refused)
        {
            // A standby: whoever has the primary keeps the partitions.
        }
        catch (Exception failure) when (failure is NpgsqlException or OperationException or IOException)
        {
            Fail(name, failure.Message);
        }
    }

    private async Task MaintainAsync(
        MaintenanceService service,
        PartitionPolicy policy,
        CancellationToken cancellationToken
    )
    {
        string table = policy.Table.ToString();
        MaintenanceReport report;
        try
        {
            report = await service.MaintainAsync(policy, acceptsClock: false, cancellationToken);
        }
        catch (Exception failure) when (failure is PostgresException or OperationException)
        {
            LogMaintenance.Failed(logger, table, "maintenance", failure.Message);
            MaintenanceCounters.Count(0, 1, 0);
            return;
        }
        Finding[] refused = [.. report.Plan.Findings.Where(f => f.Severity == FindingSeverity.Refuse)];
        foreach (Finding finding in refused)
        {
            LogMaintenance.Refused(logger, table, finding.Subject, finding.Consequence, finding.Remedy);
        }
        foreach (Finding finding in report.Plan.Findings.Except(refused))
        {
            LogMaintenance.Told(logger, table, finding.Subject, finding.Consequence, finding.Remedy, finding.Code);
        }
        foreach (MaintenanceOutcome outcome in report.Outcomes)
        {
            if (outcome.Problem is { } reason)
            {
                LogMaintenance.Failed(logger, table, outcome.Action.Title, reason);
            }
            else
            {
                LogMaintenance.Done(logger, table, outcome.Action.Title);
            }
        }
        int failed = report.Outcomes.Count(outcome => outcome.Problem is not null);
        MaintenanceCounters.Count(report.Outcomes.Count - failed, failed, refused.Length);
    }

    private void Fail(string database, string reason)
    {
        LogMaintenance.DatabaseFailed(logger, database, reason);
        MaintenanceCounters.Count(0, 1, 0);
    }
}
