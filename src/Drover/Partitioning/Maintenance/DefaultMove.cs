// Moves the rows of one range out of the default partition into a new partition, in one transaction.
using Drover.Operations;
using Drover.Partitioning.Bounds;
using Drover.Partitioning.Catalog;

namespace Drover.Partitioning.Maintenance;

/// <summary>
/// Why one transaction: PostgreSQL refuses to attach a range while the default partition has rows of it, and rows in a
/// table that is not attached are seen by nobody. Why ACCESS EXCLUSIVE on the table itself: whoever waits at the
/// default partition has looked at the list of partitions already. Going on, a SELECT would not see the rows that
/// moved, an UPDATE would silently update nothing, and an INSERT fail with 23514. Who waits at the table looks at the
/// list afterwards.
/// </summary>
/// <param name="session">The connection, inside a transaction with short time-outs.</param>
/// <param name="limits">How many rows are moved at most.</param>
internal sealed class DefaultMove(MaintenanceSession session, MaintenanceLimits limits)
{
    /// <summary>Locks the default partition in the order in which everybody locks: the parent first.</summary>
    public async Task LockAsync(PartitionTree tree, Partition rest, CancellationToken cancellationToken)
    {
        await session.ExecuteAsync(
            $"LOCK TABLE ONLY {tree.Table} IN ACCESS EXCLUSIVE MODE; "
                + $"LOCK TABLE ONLY {rest.Name} IN ACCESS EXCLUSIVE MODE",
            cancellationToken
        );
    }

    /// <summary>Moves the rows; the number of them.</summary>
    /// <exception cref="OperationException">There are more by now than may be moved at once.</exception>
    public async Task<int> MoveAsync(
        PartitionTree tree,
        PartitionScheme scheme,
        Partition rest,
        QualifiedName target,
        PartitionRange range,
        CancellationToken cancellationToken
    )
    {
        string condition = scheme.Condition(range, SqlText.Name(tree.KeyColumn));
        bool hasRows = await session.ScalarAsync<bool>(
            $"SELECT EXISTS (SELECT FROM ONLY {rest.Name} WHERE {condition})",
            cancellationToken
        );
        if (!hasRows)
        {
            return 0;
        }
        if (tree.IncomingForeignKeys.Count > 0)
        {
            throw new OperationException(
                $"rows of {rest.Name} are not moved: {string.Join(", ", tree.IncomingForeignKeys)} points to them, "
                    + "and would take the move for a delete"
            );
        }

        List<(string Name, string State)> triggers = await TriggersAsync(rest, cancellationToken);
        foreach ((string name, _) in triggers)
        {
            await session.ExecuteAsync($"ALTER TABLE {rest.Name} DISABLE TRIGGER {name}", cancellationToken);
        }
        string columns = SqlText.Names(tree.Columns);
        int moved = await session.ExecuteAsync(
            $"""
            WITH moved AS (DELETE FROM ONLY {rest.Name} WHERE {condition} RETURNING {columns})
            INSERT INTO {target} ({columns}) SELECT {columns} FROM moved
            """,
            cancellationToken
        );
        if (moved > limits.MoveRowsMax)
        {
            throw new OperationException(
                $"{moved} rows are to be moved to {target} by now, more than --move-rows-max {limits.MoveRowsMax}"
            );
        }
        foreach ((string name, string state) in triggers)
        {
            await session.ExecuteAsync($"ALTER TABLE {rest.Name} {state} TRIGGER {name}", cancellationToken);
        }
        return moved;
    }

    // Moving is not deleting: the application's triggers see nothing of it. Each gets its own state back.
    private Task<List<(string Name, string State)>> TriggersAsync(
        Partition rest,
        CancellationToken cancellationToken
    ) =>
        session.RowsAsync(
            """
            SELECT quote_ident(tgname), CASE tgenabled WHEN 'A' THEN 'ENABLE ALWAYS' WHEN 'R' THEN 'ENABLE REPLICA'
                ELSE 'ENABLE' END
            FROM pg_trigger WHERE tgrelid = $1::bigint::oid AND NOT tgisinternal AND tgenabled <> 'D'
            """,
            static row => (row.GetString(0), row.GetString(1)),
            cancellationToken,
            (long)rest.Oid
        );
}
