// Keeps the history's own partitions: made ahead by day, dropped past the retention, by the same maintenance as others.
using Drover.Operations;
using Drover.Operations.Plans;
using Drover.Partitioning.Bounds;
using Drover.Partitioning.Catalog;
using Drover.Partitioning.Maintenance;
using Npgsql;

namespace Drover.History.Store;

/// <summary>
/// Partitions of the history in one database. They have policies like any table's, which can be looked at.
/// </summary>
/// <param name="retentionDays">How many days are kept.</param>
/// <param name="limits">Limits.</param>
/// <param name="time">The clock.</param>
internal sealed class HistoryPartitions(int retentionDays, HistoryLimits limits, TimeProvider time)
{
    // Drover may have been away for long, and then what is old goes; two clocks that agree are believed.
    private static readonly MaintenanceLimits s_limits = new() { ClockStepMax = TimeSpan.FromDays(36_500) };

    /// <summary>
    /// Runs the maintenance once. Null when all is well; else why something was not done. Another one at work is no
    /// fault: it does the same.
    /// </summary>
    public async Task<string?> KeepAsync(NpgsqlConnectionStringBuilder target, CancellationToken cancellationToken)
    {
        await using NpgsqlDataSource source = NpgsqlDataSource.Create(target);
        await using MaintenanceService service = await MaintenanceService.OpenAsync(
            source,
            time,
            s_limits,
            new OperationLimits(),
            cancellationToken
        );
        await MonitorConnections.HideAsync(service.Session.Connection, cancellationToken);
        if (!await service.TryBecomeRunnerAsync(cancellationToken))
        {
            return null;
        }
        string? problem = null;
        foreach (string name in HistorySchema.Partitioned)
        {
            QualifiedName table = new("drover", name);
            PartitionPolicy policy = await PolicyAsync(service, table, cancellationToken);
            if (policy.IsEnabled)
            {
                MaintenanceReport report = await service.MaintainAsync(policy, acceptsClock: false, cancellationToken);
                problem ??= ProblemOf(report);
            }
        }
        return problem;
    }

    // What somebody changed in it stays, but for the retention: that is the configuration's.
    private async Task<PartitionPolicy> PolicyAsync(
        MaintenanceService service,
        QualifiedName table,
        CancellationToken cancellationToken
    )
    {
        Retention kept = new(IntervalUnit.Day, retentionDays);
        PartitionPolicy? found = await service.Policies.FindAsync(table, cancellationToken);
        if (found is not null && found.Retention == kept)
        {
            return found;
        }
        PartitionPolicy wanted = found is not null
            ? found with
            {
                Retention = kept,
            }
            : new PartitionPolicy
            {
                Table = table,
                KeyColumn = "at",
                Interval = new PartitionInterval(IntervalUnit.Day),
                Premake = limits.PartitionsAhead,
                Retention = kept,
                RetentionAction = RetentionAction.Drop,
                WatchesDefault = false,
            };
        await service.Policies.SaveAsync(wanted, cancellationToken);
        return wanted;
    }

    private static string? ProblemOf(MaintenanceReport report) =>
        report.Plan.Findings.FirstOrDefault(static one => one.Severity == FindingSeverity.Refuse) is { } finding
            ? $"{finding.Subject}: {finding.Consequence}"
            : report.Outcomes.Select(static outcome => outcome.Problem).FirstOrDefault(static one => one is not null);
}
