// The maintenance of a database from outside: plan a table, run a table or all, with one runner per database at a time.
using Drover.Operations;
using Drover.Partitioning.Bounds;
using Drover.Partitioning.Catalog;
using Npgsql;

namespace Drover.Partitioning.Maintenance;

/// <summary>What one run did to one table.</summary>
/// <param name="Plan">Its plan.</param>
/// <param name="Outcomes">One per action, in order; empty for a dry run.</param>
internal sealed record MaintenanceReport(MaintenancePlan Plan, IReadOnlyList<MaintenanceOutcome> Outcomes)
{
    /// <summary>Whether everything that the policy asks for is done.</summary>
    public bool IsWell => !Plan.HasObstacle && Outcomes.All(outcome => outcome.Problem is null);
}

/// <summary>Maintains the tables of one database.</summary>
internal sealed class MaintenanceService : IAsyncDisposable
{
    // One runner per database: two would make the same partitions, and each see the other's as an error.
    private const string LockSql = "SELECT pg_try_advisory_lock(hashtextextended('drover partition maintain', 0))";
    private const string UnlockSql = "SELECT pg_advisory_unlock(hashtextextended('drover partition maintain', 0))";

    private readonly MaintenanceSession _session;
    private readonly TimeProvider _time;
    private readonly MaintenanceLimits _limits;
    private readonly OperationLimits _waits;
    private bool _isRunner;

    private MaintenanceService(
        MaintenanceSession session,
        TimeProvider time,
        MaintenanceLimits limits,
        OperationLimits waits
    )
    {
        _session = session;
        _time = time;
        _limits = limits;
        _waits = waits;
    }

    /// <summary>The connection, for verbs that need no plan.</summary>
    public MaintenanceSession Session => _session;

    /// <summary>Policies and the log.</summary>
    public PolicyStore Policies => new(_session);

    /// <summary>Transactions with short time-outs.</summary>
    public ShortLock Locks => new(_session, _time, _waits, _limits);

    /// <summary>Connects.</summary>
    /// <exception cref="OperationException">The server is a standby.</exception>
    public static async Task<MaintenanceService> OpenAsync(
        NpgsqlDataSource source,
        TimeProvider time,
        MaintenanceLimits limits,
        OperationLimits waits,
        CancellationToken cancellationToken
    )
    {
        MaintenanceSession session = await MaintenanceSession.OpenAsync(source, cancellationToken);
        if (!await session.ScalarAsync<bool>("SELECT pg_is_in_recovery()", cancellationToken))
        {
            return new MaintenanceService(session, time, limits, waits);
        }
        await session.DisposeAsync();
        throw new OperationException(
            "the server is a standby: partitions are kept on the primary",
            OperationOutcome.Refused
        );
    }

    /// <summary>Becomes the database's only runner; false: another one is at work.</summary>
    public async Task<bool> TryBecomeRunnerAsync(CancellationToken cancellationToken) =>
        _isRunner = await _session.ScalarAsync<bool>(LockSql, cancellationToken);

    /// <summary>Reads a table's partitions.</summary>
    public Task<PartitionTree> ReadTreeAsync(string table, CancellationToken cancellationToken) =>
        PartitionTreeReader.ReadAsync(_session, table, cancellationToken);

    /// <summary>The policy of a table.</summary>
    /// <exception cref="OperationException">It has none.</exception>
    public async Task<PartitionPolicy> PolicyOfAsync(QualifiedName table, CancellationToken cancellationToken) =>
        await Policies.FindAsync(table, cancellationToken)
        ?? throw new OperationException(
            $"{table} has no policy: drover partition policy set {table} --interval month, or partition adopt {table}",
            OperationOutcome.Refused
        );

    /// <summary>Plans one table; changes nothing.</summary>
    public async Task<MaintenancePlan> PlanAsync(
        PartitionPolicy policy,
        bool acceptsClock,
        CancellationToken cancellationToken
    )
    {
        PartitionTree tree = await ReadTreeAsync(policy.Table.ToString(), cancellationToken);
        if (policy.FindProblem(tree.Kind) is { } problem)
        {
            throw new OperationException($"the policy of {policy.Table}: {problem}", OperationOutcome.Refused);
        }
        PartitionScheme scheme = PartitionScheme.Of(tree.Kind, policy.Interval, policy.Zone);
        FactsReader reader = new(_session, _time, _limits);
        MaintenanceFacts facts = await reader.ReadAsync(tree, scheme, cancellationToken);
        return MaintenancePlanner.Plan(policy, tree, scheme, facts with { AcceptsClock = acceptsClock }, _limits);
    }

    /// <summary>Plans one table and does it.</summary>
    public async Task<MaintenanceReport> MaintainAsync(
        PartitionPolicy policy,
        bool acceptsClock,
        CancellationToken cancellationToken
    )
    {
        MaintenancePlan plan = await PlanAsync(policy, acceptsClock, cancellationToken);
        MaintenanceRunner runner = new(_session, _time, _limits, _waits);
        return new MaintenanceReport(plan, await runner.RunAsync(plan, cancellationToken));
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_isRunner && _session.Connection.State == System.Data.ConnectionState.Open)
        {
            await _session.ExecuteAsync(UnlockSql, CancellationToken.None);
        }
        await _session.DisposeAsync();
    }
}
