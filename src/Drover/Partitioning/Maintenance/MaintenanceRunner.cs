// Does what a maintenance plan says, action by action, and writes each into the log.
using Drover.Operations;
using Drover.Partitioning.Bounds;
using Drover.Partitioning.Maintenance.Archives;
using Npgsql;

namespace Drover.Partitioning.Maintenance;

/// <summary>What became of one action.</summary>
/// <param name="Action">The action.</param>
/// <param name="Problem">Why it failed; null: it is done.</param>
/// <param name="Detail">What was done, in figures; may be empty.</param>
internal sealed record MaintenanceOutcome(MaintenanceAction Action, string? Problem, string Detail);

/// <summary>
/// Runs plans on one connection. An action that fails does not keep the others from being done: each stands alone, and
/// the next run finds what is left.
/// </summary>
internal sealed class MaintenanceRunner
{
    private readonly MaintenanceSession _session;
    private readonly MaintenanceLimits _limits;
    private readonly ShortLock _locks;
    private readonly PolicyStore _policies;
    private readonly RetirementStore _retirements;

    /// <summary>A runner.</summary>
    public MaintenanceRunner(
        MaintenanceSession session,
        TimeProvider time,
        MaintenanceLimits limits,
        OperationLimits waits
    )
    {
        _session = session;
        _limits = limits;
        _locks = new ShortLock(session, time, waits, limits);
        _policies = new PolicyStore(session);
        _retirements = new RetirementStore(session);
    }

    /// <summary>Runs a plan; one outcome per action.</summary>
    public async Task<IReadOnlyList<MaintenanceOutcome>> RunAsync(
        MaintenancePlan plan,
        CancellationToken cancellationToken
    )
    {
        List<MaintenanceOutcome> outcomes = [];
        await _policies.CreateAsync(cancellationToken);
        foreach (MaintenanceAction action in plan.Actions)
        {
            MaintenanceOutcome outcome;
            try
            {
                string detail = await RunAsync(plan, action, cancellationToken);
                outcome = new MaintenanceOutcome(action, null, detail);
            }
            catch (Exception failure) when (IsExpected(failure))
            {
                outcome = new MaintenanceOutcome(action, failure.Message, "");
            }
            outcomes.Add(outcome);
            await _policies.LogAsync(
                plan.Tree.Table,
                action.KindName,
                action.Subject.ToString(),
                outcome.Problem is null ? "done" : "failed",
                outcome.Problem ?? (outcome.Detail.Length == 0 ? action.Title : $"{action.Title}: {outcome.Detail}"),
                cancellationToken
            );
        }
        if (plan.IsClockBelieved)
        {
            await _policies.SeeAsync(plan.Tree.Table, plan.Tree.ServerNow, cancellationToken);
        }
        return outcomes;
    }

    // A server that is gone ends the run; its errors, files that cannot be written and our own refusals end the action.
    private bool IsExpected(Exception failure) =>
        failure is OperationException or PostgresException or IOException or UnauthorizedAccessException
        && _session.Connection.State == System.Data.ConnectionState.Open;

    private async Task<string> RunAsync(
        MaintenancePlan plan,
        MaintenanceAction action,
        CancellationToken cancellationToken
    )
    {
        switch (action.Kind)
        {
            case MaintenanceKind.Premake or MaintenanceKind.Split:
                return await MakeAsync(plan, action, cancellationToken);
            case MaintenanceKind.FinishDetach:
                await _locks.AutocommitAsync(action.Sql[0], waitsForOthers: false, cancellationToken);
                return "";
            case MaintenanceKind.MendPartition:
                await _locks.RunAsync(
                    async token =>
                    {
                        foreach (string sql in action.Sql)
                        {
                            await _session.ExecuteAsync(sql, token);
                        }
                    },
                    cancellationToken
                );
                return "";
            case MaintenanceKind.MendIndex:
                return await MendIndexAsync(action, cancellationToken);
            case MaintenanceKind.Retire:
                return await RetireAsync(plan, action, cancellationToken);
            default:
                return await FinishAsync(plan, action, cancellationToken);
        }
    }

    private async Task<string> MakeAsync(
        MaintenancePlan plan,
        MaintenanceAction action,
        CancellationToken cancellationToken
    )
    {
        PartitionTree tree = plan.Tree;
        PartitionRange range = action.Range!.Value;
        PartitionMaker maker = new(_session);
        DefaultMove move = new(_session, _limits);
        int moved = 0;
        await _locks.RunAsync(
            async token =>
            {
                await maker.CreateAsync(tree, plan.Scheme, action.Subject, range, token);
                if (tree.Default is { IsTable: true } rest)
                {
                    await move.LockAsync(tree, rest, token);
                    moved = await move.MoveAsync(tree, plan.Scheme, rest, action.Subject, range, token);
                }
                await maker.AttachAsync(tree, plan.Scheme, action.Subject, range, token);
            },
            cancellationToken
        );
        return moved > 0 ? $"{moved} rows moved" : "";
    }

    // A failed CREATE INDEX CONCURRENTLY leaves an invalid index behind, which would be in the way of the next attempt.
    private async Task<string> MendIndexAsync(MaintenanceAction action, CancellationToken cancellationToken)
    {
        foreach (string sql in action.Sql)
        {
            bool isConcurrent = sql.Contains(" CONCURRENTLY ", StringComparison.Ordinal);
            try
            {
                await _locks.AutocommitAsync(sql, isConcurrent, cancellationToken);
            }
            catch (Exception) when (sql.StartsWith("CREATE ", StringComparison.Ordinal))
            {
                bool isInvalid = await _session.ScalarAsync<bool>(
                    "SELECT EXISTS (SELECT FROM pg_index WHERE indexrelid = to_regclass($1) AND NOT indisvalid)",
                    CancellationToken.None,
                    action.Subject.ToString()
                );
                if (isInvalid)
                {
                    await _session.ExecuteAsync($"DROP INDEX CONCURRENTLY {action.Subject}", CancellationToken.None);
                }
                throw;
            }
        }
        return "";
    }

    private async Task<string> RetireAsync(
        MaintenancePlan plan,
        MaintenanceAction action,
        CancellationToken cancellationToken
    )
    {
        string bounds = plan.Scheme.ForValues(action.Range!.Value);
        Retirement retirement = new(
            action.Oid,
            action.Subject,
            bounds,
            plan.Policy.RetentionAction,
            RetirementState.Detaching
        );
        await _retirements.SaveAsync(plan.Tree.Table, retirement, null, cancellationToken);
        string detach = action.Sql[0];
        if (plan.Tree.Default is null)
        {
            await _locks.AutocommitAsync(detach, waitsForOthers: true, cancellationToken);
        }
        else
        {
            await _locks.RunAsync(token => _session.ExecuteAsync(detach, token), cancellationToken);
        }
        return await AfterDetachAsync(plan, retirement, cancellationToken);
    }

    private async Task<string> FinishAsync(
        MaintenancePlan plan,
        MaintenanceAction action,
        CancellationToken cancellationToken
    )
    {
        List<Retirement> open = await _retirements.OpenAsync(plan.Tree.Table, cancellationToken);
        return open.FirstOrDefault(retirement => retirement.Oid == action.Oid) is { } retirement
            ? await AfterDetachAsync(plan, retirement, cancellationToken)
            : "";
    }

    // The oid says that it is still the same table; a name alone may be somebody else's by now.
    private async Task<string> AfterDetachAsync(
        MaintenancePlan plan,
        Retirement retirement,
        CancellationToken cancellationToken
    )
    {
        Retirement detached = retirement with { State = RetirementState.Detached };
        await _retirements.SaveAsync(plan.Tree.Table, detached, null, cancellationToken);
        bool exists = await _session.ScalarAsync<bool>(
            "SELECT EXISTS (SELECT FROM pg_class WHERE oid = $1::bigint::oid AND oid = to_regclass($2) "
                + "AND NOT relispartition)",
            cancellationToken,
            (long)retirement.Oid,
            retirement.Partition.ToString()
        );
        string detail = "";
        string? archive = null;
        if (exists && retirement.Action == RetentionAction.Drop)
        {
            string drop = $"DROP TABLE {retirement.Partition}";
            await _locks.RunAsync(token => _session.ExecuteAsync(drop, token), cancellationToken);
        }
        else if (exists && retirement.Action == RetentionAction.Archive)
        {
            string folder =
                plan.Policy.ArchiveFolder
                ?? throw new OperationException("the policy has no archive folder: policy set --archive-folder");
            ArchiveWriter writer = new(_session, folder);
            ArchiveManifest manifest = await writer.WriteAndDropAsync(plan.Tree, retirement, cancellationToken);
            archive = Path.Combine(folder, manifest.ManifestFile);
            detail = $"{manifest.Rows} rows, {manifest.FileBytes} bytes in {archive}";
        }
        await _retirements.SaveAsync(
            plan.Tree.Table,
            detached with
            {
                State = RetirementState.Done,
            },
            archive,
            cancellationToken
        );
        return detail;
    }
}
