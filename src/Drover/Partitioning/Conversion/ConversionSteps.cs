// The steps of a conversion by copying, as they are planned, printed and journaled.
using Drover.Operations.Plans;
using Drover.Partitioning.Bounds;
using Drover.Partitioning.Catalog;
using Drover.Partitioning.Dependents;

namespace Drover.Partitioning.Conversion;

/// <summary>Names of steps, gates and detours, and the plan that they make.</summary>
internal sealed class ConversionSteps(ConversionSettings settings, TableDescription table)
{
    public const string CreateTarget = "create-target";
    public const string Rehearse = "rehearse";
    public const string InstallMirror = "install-mirror";
    public const string Copy = "copy";
    public const string EndCopy = "end-copy";
    public const string Adopt = "adopt-changes";
    public const string Refresh = "note-behind";
    public const string Sweep = "sweep";
    public const string BuildIndexes = "build-indexes";
    public const string AttachIndexes = "attach-indexes";
    public const string Analyze = "analyze";
    public const string StageViews = "stage-views";
    public const string BuildViews = "build-views";
    public const string FreshenViews = "freshen-views";
    public const string Verify = "verify";
    public const string Ready = "ready";
    public const string ValidateKeys = "validate-restored-keys";
    public const string Settle = "settle";
    public const string CutOver = "cut-over";
    public const string CompleteKeys = "complete-foreign-keys";
    public const string Watching = "watching";
    public const string Finish = "finish";

    /// <summary>Suffix of steps that a detour does again.</summary>
    public const string Again = "-again";

    /// <summary>Suffix of steps that go from the new table to the old one.</summary>
    public const string Back = "-back";

    private static readonly TimeSpan s_swapMax = TimeSpan.FromSeconds(5);

    private readonly ConversionLayout _layout = settings.Layout;

    /// <summary>All steps in order.</summary>
    public IReadOnlyList<PlanStep> All(PartitionScheme scheme, IReadOnlyList<PartitionRange> ranges) =>
        [.. Preparation(scheme, ranges), .. Copying(), .. Indexing(), .. Swapping()];

    /// <summary>What verbs do at the gates.</summary>
    public static IReadOnlyList<Detour> Detours(ConversionSettings settings) =>
        [
            new Detour
            {
                Verb = "verify",
                Gates = [Ready],
                Steps = [SweepStep(Sweep + Again), VerifyStep(settings, Verify + Again)],
            },
            new Detour
            {
                Verb = "repair",
                Gates = [Ready, Verify],
                Steps =
                [
                    VerifyStep(settings, "repair") with
                    {
                        Title = "Compare every row, and note those that differ to be swept",
                    },
                    SweepStep("sweep-repaired"),
                    VerifyStep(settings, "verify-repaired"),
                ],
            },
            new Detour
            {
                Verb = "rollback",
                Gates = [Watching],
                Steps =
                [
                    SweepStep(Sweep + Back),
                    VerifyStep(settings, Verify + Back),
                    SwapStep(
                        settings,
                        CutOver + Back,
                        "The old table takes its name back, with all that was written since"
                    ),
                ],
                ReturnsTo = settings.HasForeignKeys ? ValidateKeys : Ready,
            },
        ];

    private IEnumerable<PlanStep> Preparation(PartitionScheme scheme, IReadOnlyList<PartitionRange> ranges)
    {
        Mirror mirror = new(_layout);
        TargetTable target = new(table, _layout);
        KeyLog log = new(_layout);
        SwapForeignKeys keys = new(table, _layout, []);
        yield return new PlanStep
        {
            Name = CreateTarget,
            Title = $"Create the partitioned table with {ranges.Count} partitions and a default one, empty",
            Kind = StepKind.Transaction,
            Sql =
            [
                ConversionRecord.Create,
                .. log.Create(),
                .. target.Create(scheme, ranges),
                .. mirror.Functions(_layout.NewTable, MirrorMode.Copying),
                .. log.SettleTrigger(),
            ],
            Undo = [target.Drop(), log.Drop(), .. mirror.DropFunctions(), .. keys.ValidateRestored()],
        };
        yield return new PlanStep
        {
            Name = Rehearse,
            Title = "Write some rows into it as the mirror would, and roll back",
            Kind = StepKind.Transaction,
            Locks = [new LockClaim(TableLockMode.AccessShare, _layout.Table.ToString())],
        };
        yield return new PlanStep
        {
            Name = InstallMirror,
            Title = "From now on every write to the table is written to the partitioned one too",
            Kind = StepKind.Transaction,
            Sql = [.. mirror.Triggers(_layout.Table)],
            Locks = [new LockClaim(TableLockMode.ShareRowExclusive, _layout.Table.ToString())],
            Undo = [.. Mirror.DropTriggers(_layout.Table)],
        };
    }

    private IEnumerable<PlanStep> Copying()
    {
        yield return new PlanStep
        {
            Name = Copy,
            Title =
                "Copy the rows that were there before, "
                + (settings.CopiesByKey ? $"in the order of {string.Join(", ", _layout.Identity)}" : "block by block"),
            Kind = StepKind.Batches,
            Locks = [new LockClaim(TableLockMode.AccessShare, _layout.Table.ToString())],
        };
        yield return new PlanStep
        {
            Name = EndCopy,
            Title = "The mirror need not note deletes any more",
            Kind = StepKind.Transaction,
            Sql = [.. new Mirror(_layout).Functions(_layout.NewTable, MirrorMode.Following)],
        };
        yield return new PlanStep
        {
            Name = Adopt,
            Title = "Take over columns and indexes that the table has got, or lost, meanwhile; mostly there are none",
            Kind = StepKind.Transaction,
            Locks = [new LockClaim(TableLockMode.ShareRowExclusive, _layout.Table.ToString())],
        };
        yield return new PlanStep
        {
            Name = Refresh,
            Title = "Note the rows that differ in a column that was taken over; at once where there was none",
            Kind = StepKind.Batches,
            Locks = [new LockClaim(TableLockMode.AccessShare, _layout.Table.ToString())],
        };
        yield return SweepStep(Sweep);
    }

    private IEnumerable<PlanStep> Indexing()
    {
        int indexes = new TargetIndexes(table, _layout).Secondary().Count();
        yield return new PlanStep
        {
            Name = BuildIndexes,
            Title = $"Build {indexes} indexes on each partition, concurrently",
            Kind = StepKind.Autocommit,
            LockTimeout = TimeSpan.Zero,
        };
        yield return new PlanStep
        {
            Name = AttachIndexes,
            Title = "Put the partitions' indexes under those of the whole table",
            Kind = StepKind.Autocommit,
        };
        yield return new PlanStep
        {
            Name = Analyze,
            Title = "Gather the planner's statistics",
            Kind = StepKind.Autocommit,
            Sql = [$"ANALYZE {_layout.NewTable}"],
        };
        RebindPlan rebinding = RebindPlan.For(table, _layout.NewTable, _layout.OldTable);
        if (rebinding.Stage.Length > 0)
        {
            yield return new PlanStep
            {
                Name = StageViews,
                Title = "Make the materialized views that will read the partitioned table, empty",
                Kind = StepKind.Transaction,
                Sql = rebinding.Stage,
                Locks = [new LockClaim(TableLockMode.AccessExclusive, _layout.Table.ToString())],
                DoneWhen = rebinding.StagedWhen,
                Undo = rebinding.Abandon,
            };
            yield return new PlanStep
            {
                Name = BuildViews,
                Title = "Fill and index them",
                Kind = StepKind.Autocommit,
            };
        }
        yield return VerifyStep(settings, Verify);
    }

    private IEnumerable<PlanStep> Swapping()
    {
        if (settings.HasForeignKeys)
        {
            yield return new PlanStep
            {
                Name = ValidateKeys,
                Title = "Validate foreign keys that a rollback has put back; at once where there was none",
                Kind = StepKind.Autocommit,
                Sql = [.. new SwapForeignKeys(table, _layout, []).ValidateRestored()],
            };
        }
        yield return new PlanStep
        {
            Name = Ready,
            Title = "Both tables are equal and stay so; waits for cutover",
            Kind = StepKind.Gate,
            GateState = RunState.Ready,
            OpensOn = "cutover",
        };
        yield return new PlanStep
        {
            Name = Settle,
            Title = "Wait until nobody reads with a snapshot from before the tables were equal",
            Kind = StepKind.Batches,
        };
        yield return CutOverStep();
        if (table.Constraints.Any(constraint => constraint.Kind == ConstraintKind.ForeignKey))
        {
            yield return new PlanStep
            {
                Name = CompleteKeys,
                Title = "Validate the partitions' foreign keys, one by one",
                Kind = StepKind.Autocommit,
            };
        }
        yield return new PlanStep
        {
            Name = Watching,
            Title = "The old table is kept equal, so that rollback loses nothing; waits for finish",
            Kind = StepKind.Gate,
            GateState = RunState.Watching,
            OpensOn = "finish",
        };
        yield return new PlanStep
        {
            Name = Finish,
            Title =
                (settings.KeepsOld ? "Stop following; the old table stays as it is" : "Drop the old table")
                + (
                    settings.Outside == OutsideRows.Refuse
                        ? "; drop the default partition, which must be empty: rows outside are refused from now on"
                        : ""
                ),
            Kind = StepKind.Transaction,
            Locks = [new LockClaim(TableLockMode.AccessExclusive, _layout.Table.ToString())],
            IsPointOfNoReturn = true,
        };
    }

    private PlanStep CutOverStep() =>
        SwapStep(settings, CutOver, "The partitioned table takes the name; the old one follows every write") with
        {
            UndoneBy = "rollback",
            GivesUpTo = Ready,
        };

    private static PlanStep SweepStep(string name) =>
        new()
        {
            Name = name,
            Title = "Make equal what the mirror has noted",
            Kind = StepKind.Batches,
        };

    private static PlanStep VerifyStep(ConversionSettings settings, string name) =>
        new()
        {
            Name = name,
            Title = "Compare every column of every row of both tables",
            Kind = StepKind.Batches,
            Locks = [new LockClaim(TableLockMode.AccessShare, settings.Layout.Table.ToString())],
        };

    private static PlanStep SwapStep(ConversionSettings settings, string name, string title) =>
        new()
        {
            Name = name,
            Title = title,
            Kind = StepKind.Batches,
            Locks = [new LockClaim(TableLockMode.AccessExclusive, settings.Layout.Table.ToString())],
            TimeLimit = s_swapMax,
        };
}
