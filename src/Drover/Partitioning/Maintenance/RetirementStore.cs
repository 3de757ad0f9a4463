// What became of each partition that was detached: so that a run that died is gone on with, and a restored one kept.
using Drover.Partitioning.Catalog;

namespace Drover.Partitioning.Maintenance;

/// <summary>How far a retirement has come.</summary>
internal enum RetirementState
{
    /// <summary>About to be detached, or detached without a note of it.</summary>
    Detaching,

    /// <summary>Detached; what follows is not done.</summary>
    Detached,

    /// <summary>All is done.</summary>
    Done,

    /// <summary>Filled from an archive and not attached yet: what a restore that died leaves behind.</summary>
    Restoring,

    /// <summary>Attached again on somebody's word: retention leaves it alone.</summary>
    Restored,
}

/// <summary>One retirement.</summary>
/// <param name="Oid">The partition's oid; its name alone may be another table's by now.</param>
/// <param name="Partition">The partition.</param>
/// <param name="Bounds"><c>FOR VALUES …</c>, as it was.</param>
/// <param name="Action">What becomes of it.</param>
/// <param name="State">How far it has come.</param>
internal sealed record Retirement(
    uint Oid,
    QualifiedName Partition,
    string Bounds,
    RetentionAction Action,
    RetirementState State
);

/// <summary>Reads and writes <c>drover.partition_retirements</c>.</summary>
/// <param name="session">The connection.</param>
internal sealed class RetirementStore(MaintenanceSession session)
{
    /// <summary>Those of a table that are not done, and those restored.</summary>
    public Task<List<Retirement>> OpenAsync(QualifiedName table, CancellationToken cancellationToken) =>
        session.RowsAsync(
            """
            SELECT partition_oid, partition_schema, partition_name, bounds, action, state
            FROM drover.partition_retirements
            WHERE schema_name = $1 AND table_name = $2 AND state <> 'done' ORDER BY partition_name
            """,
            static row => new Retirement(
                row.GetFieldValue<uint>(0),
                new QualifiedName(row.GetString(1), row.GetString(2)),
                row.GetString(3),
                Enum.Parse<RetentionAction>(row.GetString(4), ignoreCase: true),
                Enum.Parse<RetirementState>(row.GetString(5), ignoreCase: true)
            ),
            cancellationToken,
            table.Schema,
            table.Name
        );

    /// <summary>Writes where a retirement stands.</summary>
    public Task SaveAsync(
        QualifiedName table,
        Retirement retirement,
        string? archive,
        CancellationToken cancellationToken
    ) =>
        session.ExecuteAsync(
            """
            INSERT INTO drover.partition_retirements (partition_oid, schema_name, table_name, partition_schema,
                partition_name, bounds, action, state, archive)
            VALUES ($1::bigint::oid, $2, $3, $4, $5, $6, $7, $8, $9)
            ON CONFLICT (partition_oid) DO UPDATE SET state = $8, archive = coalesce($9, partition_retirements.archive),
                action = $7, changed_at = now()
            """,
            cancellationToken,
            (long)retirement.Oid,
            table.Schema,
            table.Name,
            retirement.Partition.Schema,
            retirement.Partition.Name,
            retirement.Bounds,
            retirement.Action.ToString().ToLowerInvariant(),
            retirement.State.ToString().ToLowerInvariant(),
            archive
        );
}
