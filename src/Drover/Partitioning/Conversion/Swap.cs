// The exchange of the two tables' names and roles, forwards at the cut-over and backwards at a rollback.
using Drover.Partitioning.Catalog;
using Drover.Partitioning.Dependents;

namespace Drover.Partitioning.Conversion;

/// <summary>
/// SQL of the swap, run in one transaction that holds ACCESS EXCLUSIVE on both tables. What belongs to the table itself
/// is here; views, functions and whatever else is bound to it from outside is in room Dependents.
/// </summary>
/// <param name="table">The source as it is now, by its catalogs.</param>
/// <param name="layout">The tables.</param>
/// <param name="partitions">The target's partitions.</param>
internal sealed class Swap(TableDescription table, ConversionLayout layout, IReadOnlyList<QualifiedName> partitions)
{
    private readonly Mirror _mirror = new(layout);
    private readonly SwapForeignKeys _keys = new(table, layout, partitions);

    /// <summary>What outside the table follows it.</summary>
    public RebindPlan Rebinding { get; } = RebindPlan.For(table, layout.NewTable, layout.OldTable);

    /// <summary>Locks in their fixed order: dependents, referenced tables, the two tables.</summary>
    public IEnumerable<string> Locks() => Locks(layout.NewTable, "SHARE ROW EXCLUSIVE");

    /// <summary>
    /// The same for the way back. A foreign key that goes loses its triggers, also on the table that it points to,
    /// which takes that table's strongest lock: later, whoever reads that table first and this one next would be in
    /// the way.
    /// </summary>
    public IEnumerable<string> LocksBack() => Locks(layout.OldTable, "ACCESS EXCLUSIVE");

    private IEnumerable<string> Locks(QualifiedName follower, string referenced) =>
        [
            .. Rebinding.Lock,
            .. _keys.Locks(referenced),
            $"LOCK TABLE {layout.Table}, {follower} IN ACCESS EXCLUSIVE MODE",
        ];

    /// <summary>The partitioned table takes the name.</summary>
    public IEnumerable<string> Forward() =>
        [
            .. Mirror.DropTriggers(layout.Table),
            .. RenameIndexes(TargetIndexes.OldName, fromNew: true),
            $"ALTER TABLE {layout.Table} RENAME TO {SqlText.Name(layout.OldTable.Name)}",
            $"ALTER TABLE {layout.NewTable} RENAME TO {SqlText.Name(layout.Table.Name)}",
            .. SilenceOld(),
            .. EquipNew(),
            .. new SequenceHandover(table, layout).Hand(toNew: true),
            .. _keys.Forward(),
            .. Rebinding.Forward,
            .. _mirror.Functions(layout.OldTable, MirrorMode.Reverse),
            .. _mirror.Triggers(layout.Table),
            .. TruncateTriggers(),
        ];

    /// <summary>The old table takes its name back.</summary>
    public IEnumerable<string> Backward() =>
        [
            .. Mirror.DropTriggers(layout.Table),
            .. partitions.Select(DropTruncateTrigger),
            .. StripNew(),
            $"ALTER TABLE {layout.Table} RENAME TO {SqlText.Name(layout.NewTable.Name)}",
            $"ALTER TABLE {layout.OldTable} RENAME TO {SqlText.Name(layout.Table.Name)}",
            .. RenameIndexes(TargetIndexes.NewName, fromNew: false),
            .. EquipOld(layout.Table),
            .. new SequenceHandover(table, layout).Hand(toNew: false),
            .. _keys.Backward(),
            .. Rebinding.Backward,
            .. _mirror.Functions(layout.NewTable, MirrorMode.Following),
            .. _mirror.Triggers(layout.Table),
        ];

    // Names of indexes are the schema's: first the one who has the name lets go, then the other takes it.
    private IEnumerable<string> RenameIndexes(Func<string, string> leave, bool fromNew)
    {
        foreach (IndexDescription index in table.Indexes.Where(index => index.IsValid))
        {
            string name = index.Name.Name;
            string arrives = fromNew ? TargetIndexes.NewName(name) : TargetIndexes.OldName(name);
            yield return $"ALTER INDEX {index.Name} RENAME TO {SqlText.Name(leave(name))}";
            yield return $"ALTER INDEX {index.Name.WithName(arrives)} RENAME TO {SqlText.Name(name)}";
        }
        foreach (StatisticsDescription statistics in table.Statistics)
        {
            string name = statistics.Name.Name;
            if (fromNew)
            {
                yield return $"ALTER STATISTICS {statistics.Name} RENAME TO {SqlText.Name(leave(name))}";
            }
            else
            {
                yield return $"DROP STATISTICS IF EXISTS {statistics.Name}";
                yield return $"ALTER STATISTICS {statistics.Name.WithName(TargetIndexes.OldName(name))} "
                    + $"RENAME TO {SqlText.Name(name)}";
            }
        }
    }

    // The mirror writes to the old table from now on: nothing there may act a second time, or hide rows from it.
    private IEnumerable<string> SilenceOld()
    {
        if (table.Triggers.Length > 0)
        {
            yield return $"ALTER TABLE {layout.OldTable} DISABLE TRIGGER USER";
        }
        foreach (RuleDescription rule in table.Rules)
        {
            yield return $"ALTER TABLE {layout.OldTable} DISABLE RULE {SqlText.Name(rule.Name)}";
        }
        if (table.IsRowSecurityForced)
        {
            yield return $"ALTER TABLE {layout.OldTable} NO FORCE ROW LEVEL SECURITY";
        }
    }

    /// <summary>Undoes that, on the old table under the name that it has then.</summary>
    public IEnumerable<string> EquipOld(QualifiedName old)
    {
        foreach (TriggerDescription trigger in table.Triggers)
        {
            yield return $"ALTER TABLE {old} {Enable(trigger.Enabled, "TRIGGER", trigger.Name)}";
        }
        foreach (RuleDescription rule in table.Rules)
        {
            yield return $"ALTER TABLE {old} {Enable(rule.Enabled, "RULE", rule.Name)}";
        }
        if (table.IsRowSecurityForced)
        {
            yield return $"ALTER TABLE {old} FORCE ROW LEVEL SECURITY";
        }
    }

    /// <summary>All of the source's that the target lacks, once the target has the name.</summary>
    public IEnumerable<string> EquipNew() =>
        LateConstraints().Concat(Behaviour()).Concat(Statistics()).Concat(ReplicaIdentities());

    private IEnumerable<string> LateConstraints()
    {
        foreach (ConstraintDescription check in table.Constraints.Where(IsLate))
        {
            yield return $"ALTER TABLE {layout.Table} ADD CONSTRAINT {SqlText.Name(check.Name)} {check.Definition}";
        }
    }

    /// <summary>Triggers, rules and row security, put on the table that has the name.</summary>
    public IEnumerable<string> Behaviour()
    {
        foreach (TriggerDescription trigger in table.Triggers)
        {
            yield return trigger.DefinitionOn(layout.Table);
            if (trigger.Enabled != EnabledState.Origin)
            {
                yield return $"ALTER TABLE {layout.Table} {Enable(trigger.Enabled, "TRIGGER", trigger.Name)}";
            }
            yield return Comment($"TRIGGER {SqlText.Name(trigger.Name)} ON {layout.Table}", trigger.Comment);
        }
        foreach (RuleDescription rule in table.Rules)
        {
            yield return rule.Definition;
            if (rule.Enabled != EnabledState.Origin)
            {
                yield return $"ALTER TABLE {layout.Table} {Enable(rule.Enabled, "RULE", rule.Name)}";
            }
            yield return Comment($"RULE {SqlText.Name(rule.Name)} ON {layout.Table}", rule.Comment);
        }
        foreach (string statement in RowSecurity())
        {
            yield return statement;
        }
    }

    /// <summary>
    /// Takes <see cref="Behaviour"/> and the late constraints off again, while the target has the name.
    /// </summary>
    public IEnumerable<string> StripNew()
    {
        foreach (TriggerDescription trigger in table.Triggers)
        {
            yield return $"DROP TRIGGER IF EXISTS {SqlText.Name(trigger.Name)} ON {layout.Table}";
        }
        foreach (RuleDescription rule in table.Rules)
        {
            yield return $"DROP RULE IF EXISTS {SqlText.Name(rule.Name)} ON {layout.Table}";
        }
        foreach (PolicyDescription policy in table.Policies)
        {
            yield return $"DROP POLICY IF EXISTS {SqlText.Name(policy.Name)} ON {layout.Table}";
        }
        foreach (ConstraintDescription check in table.Constraints.Where(IsLate))
        {
            yield return $"ALTER TABLE {layout.Table} DROP CONSTRAINT IF EXISTS {SqlText.Name(check.Name)}";
        }
        yield return $"ALTER TABLE {layout.Table} NO FORCE ROW LEVEL SECURITY";
    }

    // NOT NULL can be not validated since PostgreSQL 18; of a column of the primary key it is a valid one there.
    private bool IsLate(ConstraintDescription constraint) =>
        !constraint.IsValidated
        && (
            constraint.Kind == ConstraintKind.Check
            || (constraint.Kind == ConstraintKind.NotNull && !layout.Place.Intersect(constraint.Columns).Any())
        );

    private IEnumerable<string> RowSecurity()
    {
        foreach (PolicyDescription policy in table.Policies)
        {
            string roles = string.Join(", ", policy.Roles.Select(SqlText.Role));
            yield return $"CREATE POLICY {SqlText.Name(policy.Name)} ON {layout.Table} "
                + $"AS {(policy.IsPermissive ? "PERMISSIVE" : "RESTRICTIVE")} FOR {policy.Command} TO {roles}"
                + (policy.Using is null ? "" : $" USING ({policy.Using})")
                + (policy.WithCheck is null ? "" : $" WITH CHECK ({policy.WithCheck})");
            yield return Comment($"POLICY {SqlText.Name(policy.Name)} ON {layout.Table}", policy.Comment);
        }
        if (table.IsRowSecurityForced)
        {
            yield return $"ALTER TABLE {layout.Table} FORCE ROW LEVEL SECURITY";
        }
    }

    private IEnumerable<string> Statistics()
    {
        foreach (StatisticsDescription statistics in table.Statistics)
        {
            yield return $"CREATE STATISTICS {statistics.Name} {statistics.Body} FROM {layout.Table}";
            yield return $"ALTER STATISTICS {statistics.Name} OWNER TO {SqlText.Name(statistics.Owner)}";
            if (statistics.Target is { } target)
            {
                yield return $"ALTER STATISTICS {statistics.Name} SET STATISTICS {target}";
            }
            yield return Comment($"STATISTICS {statistics.Name}", statistics.Comment);
        }
    }

    // Of the parent and of every partition: it is not inherited. By an index, it is that partition's part of the index.
    private IEnumerable<string> ReplicaIdentities()
    {
        if (
            table.ReplicaIdentity == ReplicaIdentity.Index
            && table.Indexes.FirstOrDefault(index => index.IsReplicaIdentity) is { } index
        )
        {
            return
            [
                $"ALTER TABLE {layout.Table} REPLICA IDENTITY USING INDEX {SqlText.Name(index.Name.Name)}",
                SqlText.Block(
                    $"""
                    DECLARE part record;
                    BEGIN
                      FOR part IN SELECT i.indrelid::regclass AS relation, c.relname AS index
                        FROM pg_inherits AS h JOIN pg_index AS i ON i.indexrelid = h.inhrelid
                        JOIN pg_class AS c ON c.oid = h.inhrelid
                        WHERE h.inhparent = {SqlText.Literal(index.Name.ToString())}::regclass
                      LOOP
                        EXECUTE format('ALTER TABLE %s REPLICA IDENTITY USING INDEX %I', part.relation, part.index);
                      END LOOP;
                    END
                    """
                ),
            ];
        }
        string? identity = table.ReplicaIdentity switch
        {
            ReplicaIdentity.Full => "FULL",
            ReplicaIdentity.Nothing => "NOTHING",
            _ => null,
        };
        return identity is null
            ? []
            : partitions
                .Prepend(layout.Table)
                .Select(relation => $"ALTER TABLE {relation} REPLICA IDENTITY {identity}");
    }

    // TRUNCATE of one partition fires no trigger of the parent.
    private IEnumerable<string> TruncateTriggers() =>
        partitions.SelectMany(partition =>
            (string[])
                [
                    $"""
                        CREATE TRIGGER {SqlText.Name(Mirror.TruncateTrigger)} AFTER TRUNCATE ON {partition}
                        FOR EACH STATEMENT EXECUTE FUNCTION {layout.TruncateFunction}()
                        """,
                    $"ALTER TABLE {partition} ENABLE ALWAYS TRIGGER {SqlText.Name(Mirror.TruncateTrigger)}",
                ]
        );

    /// <summary>Takes a partition's TRUNCATE trigger off.</summary>
    public static string DropTruncateTrigger(QualifiedName partition) =>
        $"DROP TRIGGER IF EXISTS {SqlText.Name(Mirror.TruncateTrigger)} ON {partition}";

    private static string Enable(EnabledState state, string what, string name) =>
        state switch
        {
            EnabledState.Origin => "ENABLE ",
            EnabledState.Replica => "ENABLE REPLICA ",
            EnabledState.Always => "ENABLE ALWAYS ",
            _ => "DISABLE ",
        } + $"{what} {SqlText.Name(name)}";

    private static string Comment(string what, string? text) =>
        $"COMMENT ON {what} IS {(text is null ? "NULL" : SqlText.Literal(text))}";
}
