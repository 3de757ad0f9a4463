// The steps of a conversion that attaches the old table, as they are planned, printed and journaled.
using Drover.Operations.Plans;
using Drover.Partitioning.Bounds;
using Drover.Partitioning.Catalog;
using Drover.Partitioning.Dependents;

namespace Drover.Partitioning.Conversion.Attaching;

/// <summary>
/// The plan's steps. Those behind the gate that come <see cref="ConversionSteps.Again"/> find everything done the first
/// time; after a rollback they make what it has used up.
/// </summary>
internal sealed class AttachSteps(ConversionSettings settings, TableDescription table)
{
    public const string BuildKeys = "build-keys";
    public const string Bind = "bind";
    public const string ValidateBound = "validate-bound";
    public const string SwapViews = "swap-views";

    private static readonly TimeSpan s_swapMax = TimeSpan.FromSeconds(5);

    private readonly ConversionLayout _layout = settings.Layout;
    private readonly AttachIndexes _indexes = new(table, settings.Layout);
    private readonly RebindPlan _rebinding = RebindPlan.For(
        table,
        settings.Layout.NewTable,
        settings.Layout.OldTable,
        isLate: true
    );

    private string Table => _layout.Table.ToString();

    private string Check => SqlText.Name(AttachSwap.CheckName(_layout));

    /// <summary>All steps in order.</summary>
    public IReadOnlyList<PlanStep> All(IReadOnlyList<PartitionRange> later) =>
        [
            Create(later),
            .. Preparation(""),
            .. RestoredKeys(),
            ReadyGate(),
            .. Preparation(ConversionSteps.Again),
            CutOver(),
            .. Completion(),
        ];

    /// <summary>What verbs do at the gates.</summary>
    public IReadOnlyList<Detour> Detours() =>
        [
            new Detour
            {
                Verb = "rollback",
                Gates = [.. Completion().Where(step => !step.IsPointOfNoReturn).Select(step => step.Name)],
                Steps =
                [
                    new PlanStep
                    {
                        Name = ConversionSteps.CutOver + ConversionSteps.Back,
                        Title = "The old table is a plain one again, with the rows of the other partitions in it",
                        Kind = StepKind.Transaction,
                        Locks = SwapLocks(),
                        TimeLimit = s_swapMax,
                    },
                ],
                ReturnsTo = settings.HasForeignKeys ? ConversionSteps.ValidateKeys : ConversionSteps.Ready,
            },
        ];

    private PlanStep Create(IReadOnlyList<PartitionRange> later)
    {
        TargetTable target = new(table, _layout);
        return new PlanStep
        {
            Name = ConversionSteps.CreateTarget,
            Title = $"Create the partitioned table with {later.Count} partitions for what comes and a default one",
            Kind = StepKind.Transaction,
            Sql = [ConversionRecord.Create, .. target.Create(settings.Scheme, later)],
            Undo = [DropLeft(), target.Drop()],
        };
    }

    private IEnumerable<PlanStep> Preparation(string suffix)
    {
        yield return new PlanStep
        {
            Name = ConversionSteps.BuildIndexes + suffix,
            Title = "Give the new partitions the table's indexes",
            Kind = StepKind.Autocommit,
            LockTimeout = TimeSpan.Zero,
        };
        yield return new PlanStep
        {
            Name = BuildKeys + suffix,
            Title = $"Build {_indexes.Built.Count} unique indexes on the old table, concurrently",
            Kind = StepKind.Autocommit,
            Sql = [.. _indexes.Build().Select(statement => statement.Sql)],
            Locks = [new LockClaim(TableLockMode.ShareUpdateExclusive, Table)],
            LockTimeout = TimeSpan.Zero,
            Undo = [.. _indexes.Abandon()],
        };
        string bound = settings.Scheme.Condition(settings.FirstRange, SqlText.Name(_layout.Key));
        string exists =
            $"FROM pg_constraint WHERE conrelid = to_regclass({SqlText.Literal(Table)}) AND conname = "
            + SqlText.Literal(AttachSwap.CheckName(_layout));
        yield return new PlanStep
        {
            Name = Bind + suffix,
            Title = $"From now on the table refuses rows from {settings.Scheme.Print(settings.Bound!.Value)} on",
            Kind = StepKind.Transaction,
            Sql = [$"ALTER TABLE {Table} ADD CONSTRAINT {Check} CHECK ({bound}) NOT VALID"],
            Locks = [new LockClaim(TableLockMode.AccessExclusive, Table)],
            DoneWhen = $"SELECT EXISTS (SELECT {exists})",
            Undo = [$"ALTER TABLE IF EXISTS {Table} DROP CONSTRAINT IF EXISTS {Check}"],
        };
        yield return new PlanStep
        {
            Name = ValidateBound + suffix,
            Title = "Read the whole table once: no row lies beyond, so that attaching need not look",
            Kind = StepKind.Autocommit,
            Sql = [$"ALTER TABLE {Table} VALIDATE CONSTRAINT {Check}"],
            Locks = [new LockClaim(TableLockMode.ShareUpdateExclusive, Table)],
            DoneWhen = $"SELECT EXISTS (SELECT {exists} AND convalidated)",
        };
    }

    private static PlanStep ReadyGate() =>
        new()
        {
            Name = ConversionSteps.Ready,
            Title = "Everything is prepared; waits for cutover",
            Kind = StepKind.Gate,
            GateState = RunState.Ready,
            OpensOn = "cutover",
        };

    private PlanStep[] RestoredKeys() =>
        settings.HasForeignKeys
            ?
            [
                new PlanStep
                {
                    Name = ConversionSteps.ValidateKeys,
                    Title = "Validate foreign keys that a rollback has put back; at once where there was none",
                    Kind = StepKind.Autocommit,
                    Sql = [.. new SwapForeignKeys(table, _layout, []).ValidateRestored()],
                },
            ]
            : [];

    private PlanStep CutOver() =>
        new()
        {
            Name = ConversionSteps.CutOver,
            Title = "The old table becomes the first partition of the one that takes its name",
            Kind = StepKind.Transaction,
            Locks = SwapLocks(),
            TimeLimit = s_swapMax,
            UndoneBy = "rollback",
            GivesUpTo = ConversionSteps.Ready,
        };

    private LockClaim[] SwapLocks() =>
        [
            new LockClaim(TableLockMode.AccessExclusive, Table),
            .. _rebinding.Locks,
            .. table
                .Constraints.Where(key => key.Kind == ConstraintKind.ForeignKey && key.ReferencedTable != table.Name)
                .Select(key => $"{key.ReferencedTable}")
                .Concat(table.IncomingForeignKeys.Where(key => key.TableOid != table.Oid).Select(key => $"{key.Table}"))
                .Distinct()
                .Select(name => new LockClaim(TableLockMode.AccessExclusive, name)),
        ];

    private IEnumerable<PlanStep> Completion()
    {
        yield return new PlanStep
        {
            Name = ConversionSteps.Analyze,
            Title = "Gather the planner's statistics",
            Kind = StepKind.Autocommit,
            Sql = [$"ANALYZE {Table}"],
            LockTimeout = TimeSpan.Zero,
        };
        foreach (PlanStep step in _rebinding.Late.IsEmpty ? [] : Views())
        {
            yield return step;
        }
        yield return new PlanStep
        {
            Name = ConversionSteps.Watching,
            Title = "rollback goes back with all that was written since; waits for finish",
            Kind = StepKind.Gate,
            GateState = RunState.Watching,
            OpensOn = "finish",
        };
        yield return new PlanStep
        {
            Name = ConversionSteps.Finish,
            Title = "Drop what was kept for the way back",
            Kind = StepKind.Transaction,
            Locks = [new LockClaim(TableLockMode.AccessExclusive, Table)],
            IsPointOfNoReturn = true,
        };
    }

    // Until then the old ones are there, with their rows of the last refresh.
    private IEnumerable<PlanStep> Views() =>
        [
            new PlanStep
            {
                Name = ConversionSteps.StageViews,
                Title = "Make the materialized views that read the partitioned table, empty",
                Kind = StepKind.Transaction,
                Sql = _rebinding.Stage,
                DoneWhen = _rebinding.StagedWhen,
            },
            new PlanStep
            {
                Name = ConversionSteps.BuildViews,
                Title = "Fill and index them",
                Kind = StepKind.Transaction,
                Sql = [.. _rebinding.Build.Select(statement => statement.Sql)],
            },
            new PlanStep
            {
                Name = SwapViews,
                Title = "They take the names of the old ones",
                Kind = StepKind.Transaction,
                Sql = _rebinding.Late,
                Locks = _rebinding.Locks,
            },
        ];

    // Empty, but for readers with a snapshot from before the rollback: they are waited for, as for a lock.
    private string DropLeft() =>
        SqlText.Block(
            $"""
            DECLARE part regclass; since xid;
            BEGIN
              FOR part, since IN SELECT i.inhrelid, c.xmin FROM pg_inherits AS i
                JOIN pg_class AS c ON c.oid = i.inhrelid
                WHERE i.inhparent = to_regclass({SqlText.Literal(Table)})
                  AND starts_with(c.relname, '{AttachSwap.LeftPrefix}')
              LOOP
                IF EXISTS (SELECT FROM pg_stat_activity AS a WHERE a.datname = current_database()
                  AND a.pid <> pg_backend_pid() AND age(a.backend_xmin) >= age(since)) THEN
                  RAISE EXCEPTION 'a transaction may still read rows where the rollback took them from'
                    USING ERRCODE = 'lock_not_available';
                END IF;
                EXECUTE format('DROP TABLE %s', part);
              END LOOP;
            END
            """
        );
}
