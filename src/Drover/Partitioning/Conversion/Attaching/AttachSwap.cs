// The cut-over and the rollback of a table that is attached: SQL of two short transactions.
using Drover.Partitioning.Bounds;
using Drover.Partitioning.Catalog;
using Drover.Partitioning.Dependents;

namespace Drover.Partitioning.Conversion.Attaching;

/// <summary>
/// Forwards: 1. the names; 2. the old table gives up what belongs to the whole table from now on, and its indexes
/// become a partition's; 3. it is attached, without a scan, since a valid check says that its rows fit; 4. indexes and
/// foreign keys are joined under the parent's, which scans nothing either; 5. what the table had besides, and all that
/// is bound to it from outside. Backwards the same from the end to the beginning, with the rows of other partitions
/// moved in.
/// </summary>
internal sealed class AttachSwap
{
    /// <summary>What a partition that a rollback has emptied is called, before its oid, until nobody can see its rows
    /// any more.</summary>
    public const string LeftPrefix = "__drover_left_";

    private readonly TableDescription _table;
    private readonly ConversionSettings _settings;
    private readonly ConversionLayout _layout;
    private readonly IReadOnlyList<QualifiedName> _partitions;
    private readonly Swap _swap;
    private readonly SwapForeignKeys _keys;
    private readonly AttachIndexes _indexes;
    private readonly RebindPlan _rebinding;

    /// <summary>The swap of a table.</summary>
    /// <param name="source">The table as it is now, by its catalogs.</param>
    /// <param name="settings">The settings.</param>
    /// <param name="partitions">The partitions that were made new.</param>
    public AttachSwap(TableDescription source, ConversionSettings settings, IReadOnlyList<QualifiedName> partitions)
    {
        _table = source.WithoutOwnObjects();
        _settings = settings;
        _layout = settings.Layout;
        _partitions = partitions;
        _swap = new Swap(_table, _layout, [.. partitions, _layout.OldTable]);
        _keys = new SwapForeignKeys(_table, _layout, partitions);
        _indexes = new AttachIndexes(_table, _layout);
        _rebinding = RebindPlan.For(_table, _layout.NewTable, _layout.OldTable, isLate: true);
    }

    private ColumnDescription Key => _table.FindColumn(_layout.Key)!;

    /// <summary>The check that proves the bound.</summary>
    public static string CheckName(ConversionLayout layout) => PartitionName.Fit(layout.Table.Name, "__drover_bound");

    /// <summary>
    /// Locks in their fixed order. A foreign key that becomes a part of another loses its triggers, also on the table
    /// that it points to, which takes that table's strongest lock: better in this order than later.
    /// </summary>
    public IEnumerable<string> Locks(QualifiedName other) =>
        [
            .. _rebinding.Lock,
            .. _keys.Locks("ACCESS EXCLUSIVE"),
            $"LOCK TABLE {_layout.Table}, {other} IN ACCESS EXCLUSIVE MODE",
        ];

    /// <summary>The old table becomes the first partition of the one that takes its name.</summary>
    public IEnumerable<string> Forward() =>
        [
            $"ALTER TABLE {_layout.Table} RENAME TO {SqlText.Name(_layout.OldTable.Name)}",
            $"ALTER TABLE {_layout.NewTable} RENAME TO {SqlText.Name(_layout.Table.Name)}",
            .. _keys.DropIncoming(),
            .. GiveUp(),
            .. KeyNotNull("SET"),
            .. _indexes.BecomePartition(),
            .. RenameStatistics(toPartition: true),
            .. new SequenceHandover(_table, _layout).Hand(toNew: true),
            .. IdentityColumns().Select(column => $"ALTER TABLE {_layout.OldTable} ALTER {column} DROP IDENTITY"),
            $"ALTER TABLE {_layout.Table} ATTACH PARTITION {_layout.OldTable} "
                + _settings.Scheme.ForValues(_settings.FirstRange),
            $"ALTER TABLE {_layout.OldTable} DROP CONSTRAINT {SqlText.Name(CheckName(_layout))}",
            .. _indexes.Join(_partitions),
            .. _swap.EquipNew(),
            .. JoinKeys(),
            .. _rebinding.Forward,
        ];

    /// <summary>The old table is a plain one again and has its name.</summary>
    public IEnumerable<string> Backward() =>
        [
            $"ALTER TABLE {_layout.Table} DETACH PARTITION {_layout.OldTable}",
            MoveBack(),
            .. _swap.StripNew(),
            .. PartKeys(),
            .. _indexes.Part(),
            .. RenameStatistics(toPartition: false),
            $"ALTER TABLE {_layout.Table} RENAME TO {SqlText.Name(_layout.NewTable.Name)}",
            $"ALTER TABLE {_layout.OldTable} RENAME TO {SqlText.Name(_layout.Table.Name)}",
            .. _indexes.BecomeTable(),
            .. KeyNotNull("DROP"),
            .. AddIdentities(),
            .. new SequenceHandover(_table, _layout).Hand(toNew: false),
            .. ReplicaIdentityBack(),
            .. _swap.Behaviour(),
            .. _keys.RestoreIncoming(),
            .. _rebinding.Backward,
            .. TextSql.Of(_table),
        ];

    /// <summary>Before the run is closed for good.</summary>
    public IEnumerable<string> Last() => [.. _rebinding.Finish, .. _indexes.Finish()];

    // A trigger of the parent's is cloned to its partitions under the same name, and would fire twice beside its own.
    // Row security stays on, without a policy: who names the partition in place of the table sees nothing.
    private IEnumerable<string> GiveUp()
    {
        QualifiedName old = _layout.OldTable;
        foreach (TriggerDescription trigger in _table.Triggers)
        {
            yield return $"DROP TRIGGER {SqlText.Name(trigger.Name)} ON {old}";
        }
        foreach (RuleDescription rule in _table.Rules)
        {
            yield return $"DROP RULE {SqlText.Name(rule.Name)} ON {old}";
        }
        foreach (PolicyDescription policy in _table.Policies)
        {
            yield return $"DROP POLICY {SqlText.Name(policy.Name)} ON {old}";
        }
        if (_table.IsRowSecurityForced)
        {
            yield return $"ALTER TABLE {old} NO FORCE ROW LEVEL SECURITY";
        }
        if (_table.ReplicaIdentity == ReplicaIdentity.Index)
        {
            yield return $"ALTER TABLE {old} REPLICA IDENTITY DEFAULT";
        }
    }

    private IEnumerable<string> ReplicaIdentityBack() =>
        _table.ReplicaIdentity == ReplicaIdentity.Index
            ? _table
                .Indexes.Where(index => index.IsReplicaIdentity)
                .Select(index =>
                    $"ALTER TABLE {_layout.Table} REPLICA IDENTITY USING INDEX {SqlText.Name(index.Name.Name)}"
                )
            : [];

    // The check proves that too, so nothing is scanned (manual, ALTER TABLE, SET NOT NULL).
    private IEnumerable<string> KeyNotNull(string set) =>
        Key.IsNotNull
            ? []
            :
            [
                $"ALTER TABLE {(set == "SET" ? _layout.OldTable : _layout.Table)} ALTER {SqlText.Name(Key.Name)} "
                    + $"{set} NOT NULL",
            ];

    private IEnumerable<string> IdentityColumns() =>
        _table
            .Columns.Where(column => column.Identity != IdentityKind.None)
            .Select(column => SqlText.Name(column.Name));

    private IEnumerable<string> AddIdentities()
    {
        TargetTable target = new(_table, _layout);
        return _table
            .Columns.Where(column => column.Identity != IdentityKind.None)
            .Select(column =>
                $"ALTER TABLE {_layout.Table} ALTER {SqlText.Name(column.Name)} ADD {target.Identity(column)}"
            );
    }

    private IEnumerable<string> RenameStatistics(bool toPartition)
    {
        TargetIndexes names = new(_table, _layout);
        foreach (StatisticsDescription statistics in _table.Statistics)
        {
            QualifiedName part = statistics.Name.WithName(
                names.OnPartition(statistics.Name.Name, _layout.OldTable).Name
            );
            if (toPartition)
            {
                yield return $"ALTER STATISTICS {statistics.Name} RENAME TO {SqlText.Name(part.Name)}";
            }
            else
            {
                yield return $"DROP STATISTICS IF EXISTS {statistics.Name}";
                yield return $"ALTER STATISTICS {part} RENAME TO {SqlText.Name(statistics.Name.Name)}";
            }
        }
    }

    // The old table's own valid one is taken over as it is; that of an empty partition is checked in no time. One that
    // is not validated cannot be the whole table's.
    private IEnumerable<string> JoinKeys()
    {
        foreach (ConstraintDescription key in _keys.Outgoing)
        {
            string name = SqlText.Name(key.Name);
            if (key.IsValidated)
            {
                yield return $"ALTER TABLE {_layout.Table} ADD CONSTRAINT {name} {key.Definition}";
                continue;
            }
            foreach (QualifiedName partition in _partitions)
            {
                yield return $"ALTER TABLE {partition} ADD CONSTRAINT {name} "
                    + SwapForeignKeys.Unvalidated(key.Definition);
            }
        }
    }

    private IEnumerable<string> PartKeys() =>
        _keys.Outgoing.SelectMany(key =>
            (key.IsValidated ? [_layout.Table] : _partitions).Select(relation =>
                $"ALTER TABLE IF EXISTS {relation} DROP CONSTRAINT IF EXISTS {SqlText.Name(key.Name)}"
            )
        );

    // Rows of other partitions become the old table's. Whoever reads with an older snapshot cannot see them there, but
    // where they were: so an emptied partition becomes a child by inheritance, until an abort, which waits for such
    // readers.
    private string MoveBack()
    {
        string columns = _layout.Written();
        string old = _layout.OldTable.ToString();
        string insert = $"INSERT INTO {old} ({columns}) OVERRIDING SYSTEM VALUE SELECT {columns} FROM %s";
        return SqlText.Block(
            $"""
            DECLARE part regclass; moved bigint; removed bigint;
            BEGIN
              PERFORM set_config('row_security', 'off', true);
              SET CONSTRAINTS ALL IMMEDIATE;
              FOR part IN SELECT inhrelid FROM pg_inherits
                WHERE inhparent = {SqlText.Literal(_layout.Table.ToString())}::regclass ORDER BY inhrelid
              LOOP
                EXECUTE format({SqlText.Literal(insert)}, part);
                GET DIAGNOSTICS moved = ROW_COUNT;
                CONTINUE WHEN moved = 0;
                EXECUTE format('ALTER TABLE %s DISABLE TRIGGER USER', part);
                EXECUTE format('DELETE FROM %s', part);
                GET DIAGNOSTICS removed = ROW_COUNT;
                IF moved <> removed THEN
                  RAISE EXCEPTION '% rows of % were read and % removed', moved, part, removed;
                END IF;
                EXECUTE format({SqlText.Literal($"ALTER TABLE {_layout.Table} DETACH PARTITION %s")}, part);
                EXECUTE format('ALTER TABLE %s RENAME TO %I', part, '{LeftPrefix}' || part::oid);
                EXECUTE format({SqlText.Literal($"ALTER TABLE %s INHERIT {old}")}, part);
              END LOOP;
            END
            """
        );
    }
}
