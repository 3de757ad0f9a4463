// Takes over a table that is partitioned already, from pg_partman or from nobody, and hands it back.
using Drover.Operations;
using Drover.Partitioning.Bounds;
using Drover.Partitioning.Catalog;

namespace Drover.Partitioning.Maintenance.Adoption;

/// <summary>What an adoption found and wrote.</summary>
/// <param name="Policy">The policy.</param>
/// <param name="Notes">What a person should know.</param>
internal sealed record AdoptionResult(PartitionPolicy Policy, IReadOnlyList<string> Notes);

/// <summary>Adopts and releases tables.</summary>
/// <param name="service">The database.</param>
internal sealed class PartitionAdoption(MaintenanceService service)
{
    // The extension's schema is anyone's choice; a table of this name with these columns is its configuration.
    private const string SchemaSql = """
        SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relname = 'part_config' AND c.relkind = 'r' AND (SELECT count(*) FROM pg_attribute a
            WHERE a.attrelid = c.oid AND a.attname IN ('parent_table', 'control', 'automatic_maintenance')) = 3
        ORDER BY n.nspname LIMIT 1
        """;

    private MaintenanceSession Session => service.Session;

    /// <summary>
    /// Makes a policy from pg_partman's configuration, or from the partitions alone; writes nothing yet.
    /// </summary>
    /// <param name="table">The table's name as SQL has it.</param>
    /// <param name="zone">The zone of the bounds; null: it is found.</param>
    /// <param name="interval">The interval; null: pg_partman's, or it is found.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="OperationException">It cannot be gone on with.</exception>
    public async Task<AdoptionResult> ProposeAsync(
        string table,
        string? zone,
        PartitionInterval? interval,
        CancellationToken cancellationToken
    )
    {
        PartitionTree tree = await service.ReadTreeAsync(table, cancellationToken);
        PartmanRow? partman = await FindAsync(tree, cancellationToken);
        List<string> notes = [.. partman?.Losses ?? []];
        PartitionInterval[] intervals =
            interval is { } given ? [given]
            : partman is not null ? [partman.Interval]
            : [];
        string[] zones = zone is not null ? [zone] : [.. await ZonesAsync(cancellationToken)];
        PartitionRange[] ranges = [.. tree.Ranges.Select(partition => partition.Range!.Value)];
        (PartitionInterval found, string foundZone, int onGrid) =
            GridGuess.Find(tree.Kind, ranges, intervals, zones)
            ?? throw new OperationException(
                $"the interval of {tree.Table} cannot be seen from its partitions: give --interval",
                OperationOutcome.Refused
            );
        if (onGrid == 0 && ranges.Length > 0 && interval is null && partman is null)
        {
            throw new OperationException(
                $"no interval and zone fits the bounds of {tree.Table}: give --interval and --zone",
                OperationOutcome.Refused
            );
        }
        if (onGrid < ranges.Length)
        {
            notes.Add(
                $"{ranges.Length - onGrid} of {ranges.Length} partitions are not on the grid of {found} in {foundZone}"
                    + ": they stay as they are, and new ones are cut to fit"
            );
        }
        PartitionPolicy policy = new()
        {
            Table = tree.Table,
            KeyColumn = tree.KeyColumn,
            Interval = found,
            Zone = foundZone,
            Premake = Math.Clamp(partman?.Premake ?? PartitionPolicy.PremakeDefault, 1, BoundLimits.PremakeMax),
            Retention = partman?.Retention,
            RetentionAction = partman is { KeepsTables: false } ? RetentionAction.Drop : RetentionAction.Detach,
            SeenAt = tree.ServerNow,
            AdoptedFrom = partman is null ? null : $"{partman.Schema}/{partman.AutomaticMaintenance}",
        };
        return policy.FindProblem(tree.Kind) is { } problem
            ? throw new OperationException(problem, OperationOutcome.Refused)
            : new AdoptionResult(policy, notes);
    }

    /// <summary>Writes the policy and turns pg_partman's own maintenance of the table off, together.</summary>
    public async Task AdoptAsync(PartitionPolicy policy, CancellationToken cancellationToken)
    {
        await service.Policies.CreateAsync(cancellationToken);
        await service.Locks.RunAsync(
            async token =>
            {
                await service.Policies.SaveAsync(policy, token);
                if (policy.AdoptedFrom is not null)
                {
                    await SetAutomaticAsync(policy, "off", token);
                }
                await LogAsync(policy, "adopt", token);
            },
            cancellationToken
        );
    }

    /// <summary>Forgets the policy and gives the table back to pg_partman, if it came from there.</summary>
    public async Task ReleaseAsync(PartitionPolicy policy, CancellationToken cancellationToken) =>
        await service.Locks.RunAsync(
            async token =>
            {
                if (policy.AdoptedFrom is { } origin)
                {
                    await SetAutomaticAsync(policy, origin[(origin.LastIndexOf('/') + 1)..], token);
                }
                await service.Policies.DeleteAsync(policy.Table, token);
                await LogAsync(policy, "release", token);
            },
            cancellationToken
        );

    private async Task<PartmanRow?> FindAsync(PartitionTree tree, CancellationToken cancellationToken)
    {
        string? schema = await Session.ScalarAsync<string>(SchemaSql, cancellationToken);
        if (schema is null)
        {
            return null;
        }
        string config = $"{SqlText.Name(schema)}.part_config";
        string? row = await Session.ScalarAsync<string>(
            $"SELECT to_jsonb(p)::text FROM {config} p WHERE parent_table = $1",
            cancellationToken,
            $"{tree.Table.Schema}.{tree.Table.Name}"
        );
        return row is null ? null : PartmanRow.Read(schema, row);
    }

    // UTC first; then the zone that sessions have by default, which is the one that most partitions are made in.
    private async Task<IEnumerable<string>> ZonesAsync(CancellationToken cancellationToken)
    {
        string? usual = await Session.ScalarAsync<string>(
            "SELECT reset_val FROM pg_settings WHERE name = 'TimeZone'",
            cancellationToken
        );
        return usual is null or "UTC" ? ["UTC"] : ["UTC", usual];
    }

    private Task<int> SetAutomaticAsync(PartitionPolicy policy, string value, CancellationToken cancellationToken)
    {
        string schema = policy.AdoptedFrom![..policy.AdoptedFrom!.LastIndexOf('/')];
        return Session.ExecuteAsync(
            $"UPDATE {SqlText.Name(schema)}.part_config SET automatic_maintenance = $1 WHERE parent_table = $2",
            cancellationToken,
            value,
            $"{policy.Table.Schema}.{policy.Table.Name}"
        );
    }

    private Task LogAsync(PartitionPolicy policy, string action, CancellationToken cancellationToken) =>
        service.Policies.LogAsync(
            policy.Table,
            action,
            policy.Table.ToString(),
            "done",
            policy.AdoptedFrom ?? "",
            cancellationToken
        );
}
