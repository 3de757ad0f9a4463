// Decides what a table needs: from its partitions, its policy and the clock. Pure; the same input gives the same plan.
using System.Globalization;
using Drover.Operations.Plans;
using Drover.Partitioning.Bounds;
using Drover.Partitioning.Catalog;

namespace Drover.Partitioning.Maintenance;

/// <summary>
/// Makes the plan of one table: 1. whose clock is right, 2. interrupted detaches, 3. rows in the default partition, 4.
/// partitions ahead, 5. what differs between partitions, 6. what is past its retention. Nothing is remembered between
/// runs but what the catalogs and <c>drover.partition_retirements</c> say, so a run that died needs no recovery: the
/// next plan is the recovery.
/// </summary>
internal sealed class MaintenancePlanner
{
    private readonly PartitionPolicy _policy;
    private readonly PartitionTree _tree;
    private readonly PartitionScheme _scheme;
    private readonly MaintenanceFacts _facts;
    private readonly MaintenanceLimits _limits;
    private readonly List<MaintenanceAction> _actions = [];
    private readonly List<Finding> _findings = [];
    private readonly List<PartitionRange> _held;

    private MaintenancePlanner(
        PartitionPolicy policy,
        PartitionTree tree,
        PartitionScheme scheme,
        MaintenanceFacts facts,
        MaintenanceLimits limits
    )
    {
        _policy = policy;
        _tree = tree;
        _scheme = scheme;
        _facts = facts;
        _limits = limits;
        _held = [.. tree.Ranges.Select(partition => partition.Range!.Value)];
    }

    /// <summary>The plan.</summary>
    public static MaintenancePlan Plan(
        PartitionPolicy policy,
        PartitionTree tree,
        PartitionScheme scheme,
        MaintenanceFacts facts,
        MaintenanceLimits limits
    )
    {
        MaintenancePlanner planner = new(policy, tree, scheme, facts, limits);
        bool isBelieved = planner.Run();
        return new MaintenancePlan(policy, tree, scheme, planner._actions, planner._findings, isBelieved);
    }

    private bool Run()
    {
        if (_facts.IsBeingConverted)
        {
            Refuse("conversion-under-way", "a run of drover partition has this table", "nothing is done", "finish it");
            return false;
        }
        bool isBelieved = CheckClock();
        _findings.AddRange(_facts.Access);
        foreach (Partition pending in _tree.Partitions.Where(partition => partition.IsDetachPending))
        {
            FinishDetach(pending);
        }
        if (Current() is { } current)
        {
            PlanRanges(current);
            _actions.AddRange(_facts.Mending);
            if (isBelieved && _policy.Retention is { } kept)
            {
                PlanRetention(kept, current);
            }
        }
        PlanUnfinished();
        return isBelieved;
    }

    // A wrong clock must not make partitions for years to come, nor retire what is not old.
    private bool CheckClock()
    {
        DateTimeOffset now = _tree.ServerNow;
        string server = now.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        string? doubt = null;
        if ((now - _facts.MachineNow).Duration() > _limits.ClockDifferenceMax)
        {
            doubt =
                $"the server's clock says {server}, this machine's differs by {(now - _facts.MachineNow).Duration():g}";
        }
        else if (_policy.SeenAt is { } seen && now < seen - _limits.ClockDifferenceMax)
        {
            doubt = $"the server's clock says {server}, which is before the last run";
        }
        else if (_policy.SeenAt is { } last && now > last + _limits.ClockStepMax)
        {
            doubt = $"the server's clock says {server}, {(now - last).Days} days after the last run";
        }
        if (doubt is null || _facts.AcceptsClock)
        {
            return true;
        }
        Refuse("clock", doubt, "nothing is retired", "if the clock is right, run maintain --accept-clock once");
        return false;
    }

    private long? Current()
    {
        if (!_scheme.Kind.IsNumber())
        {
            return _scheme.PositionOf(_tree.ServerNow);
        }
        long? highest =
            _facts.HighestId
            ?? _tree
                .Ranges.Where(p => p.Range!.Value.From.IsFinite)
                .Select(p => (long?)p.Range!.Value.From.Position)
                .FirstOrDefault();
        return highest ?? 0;
    }

    // Every range that is needed, less what is held already: for rows that wait in the default partition, and ahead.
    private void PlanRanges(long current)
    {
        if (!_scheme.Supports(current))
        {
            Refuse(
                "clock",
                "now is outside the years that partitions are made for",
                "nothing is made",
                "set the clock"
            );
            return;
        }
        List<(PartitionRange Range, int Rows)> wanted = [];
        PartitionBound ahead = AheadTo(current);
        foreach (DefaultRows rows in _policy.WatchesDefault ? _facts.Default : [])
        {
            if (CanMove(rows, ahead, current))
            {
                wanted.Add((rows.Range, rows.Rows));
            }
        }
        IEnumerable<PartitionRange> taken = _facts.Default.Select(rows => rows.Range);
        foreach (PartitionRange free in Gaps.Of(FirstNeeded(current), ahead, [.. _held, .. taken], _scheme))
        {
            wanted.Add((free, 0));
        }
        if (wanted.Count > _limits.CreateMax)
        {
            Refuse(
                "too-many-partitions",
                $"{wanted.Count} partitions would be made; one run makes {_limits.CreateMax} at most",
                "none is made",
                "see whether the clock jumped; if it is right, run maintain --create-max N once"
            );
            return;
        }
        _actions.AddRange(wanted.OrderBy(item => item.Range.From).Select(item => Create(item.Range, item.Rows)));
    }

    // What stays in the default partition is told, each with its reason.
    private bool CanMove(DefaultRows rows, PartitionBound ahead, long current)
    {
        if (rows.Range.From >= ahead || IsPastRetention(rows.Range, current) || IsFarOff(rows.Range))
        {
            Inform("default-far-off", rows.Range, $"{Count(rows.Rows)} lie in the default partition");
        }
        else if (_tree.IncomingForeignKeys.Count > 0)
        {
            Refuse(
                "incoming-foreign-key",
                $"{string.Join(", ", _tree.IncomingForeignKeys)} points to {_tree.Table}",
                $"{Count(rows.Rows)} {_scheme.ForValues(rows.Range)} stay in the default partition: a foreign key "
                    + "takes their move for a delete",
                "drop the foreign key, run maintain, create it again NOT VALID and validate it"
            );
        }
        else if (rows.Rows > _limits.MoveRowsMax)
        {
            string subject = $"more than {_limits.MoveRowsMax} rows {_scheme.ForValues(rows.Range)}";
            Refuse(
                "default-too-full",
                $"the default partition has {subject}",
                "no partition can be made there: moving them at once would lock the default partition for long",
                "run maintain --move-rows-max N in a quiet hour"
            );
        }
        else
        {
            return true;
        }
        return false;
    }

    // From where the newest partition ends, if that is before now: what was missed meanwhile is made too.
    private PartitionBound FirstNeeded(long current)
    {
        PartitionBound now = _scheme.RangeOf(current).From;
        PartitionBound end = _held.Count == 0 ? now : _held.Max(range => range.To);
        return end < now ? end : now;
    }

    private PartitionBound AheadTo(long current)
    {
        PartitionRange last = _scheme.RangeOf(current);
        for (int i = 0; i < _policy.Premake && last.To.IsFinite && _scheme.Supports(last.To.Position); i++)
        {
            last = _scheme.RangeOf(last.To.Position);
        }
        return last.To;
    }

    private bool IsPastRetention(PartitionRange range, long current) =>
        _policy.Retention?.CutFrom(_scheme, current) is { } cut && range.To <= PartitionBound.At(cut);

    // Rows of the year 1970 are mistakes as a rule: no partition before the first one is made for them.
    private bool IsFarOff(PartitionRange range) => _held.Count > 0 && range.To < _held.Min(held => held.From);

    private MaintenanceAction Create(PartitionRange range, int rows)
    {
        QualifiedName name = _tree.Table.WithName(PartitionName.Of(_tree.Table.Name, _scheme, range));
        string text = _scheme.ForValues(range);
        bool isOnGrid = range.From.IsFinite && _scheme.RangeOf(range.From.Position) == range;
        List<LockClaim> locks = [new(TableLockMode.ShareUpdateExclusive, _tree.Table.ToString())];
        if (_tree.Default is { } rest)
        {
            locks =
            [
                new(TableLockMode.AccessExclusive, _tree.Table.ToString()),
                new(TableLockMode.AccessExclusive, rest.Name.ToString()),
            ];
        }
        locks.AddRange(_tree.ReferencedTables.Select(table => new LockClaim(TableLockMode.ShareRowExclusive, table)));
        return new MaintenanceAction
        {
            Kind = rows > 0 ? MaintenanceKind.Split : MaintenanceKind.Premake,
            Subject = name,
            Title =
                (rows > 0 ? $"make {name} and move {Count(rows)} out of the default partition" : $"make {name}")
                + (isOnGrid ? "" : ", cut to the gap between its neighbours"),
            Range = range,
            Sql =
            [
                $"CREATE TABLE {name} (LIKE {_tree.Table} INCLUDING ALL EXCLUDING IDENTITY EXCLUDING INDEXES)",
                $"ALTER TABLE {_tree.Table} ATTACH PARTITION {name} {text}",
            ],
            Locks = locks,
        };
    }

    private void FinishDetach(Partition partition) =>
        _actions.Add(
            new MaintenanceAction
            {
                Kind = MaintenanceKind.FinishDetach,
                Subject = partition.Name,
                Title = $"finish the interrupted detach of {partition.Name}",
                Oid = partition.Oid,
                Range = partition.Range,
                Sql = [$"ALTER TABLE {_tree.Table} DETACH PARTITION {partition.Name} FINALIZE"],
                Locks =
                [
                    new(TableLockMode.AccessExclusive, partition.Name.ToString()),
                    new(TableLockMode.ShareUpdateExclusive, _tree.Table.ToString()),
                ],
            }
        );

    private void PlanRetention(Retention kept, long current)
    {
        if (kept.CutFrom(_scheme, current) is not { } cut)
        {
            return;
        }
        List<Partition> old =
        [
            .. _tree.Ranges.Where(partition =>
                partition is { IsTable: true, IsDetachPending: false }
                && partition.Range!.Value.To <= PartitionBound.At(cut)
                && !_facts.Retirements.Any(r => r.Oid == partition.Oid && r.State == RetirementState.Restored)
            ),
        ];
        if (old.Count == 0)
        {
            return;
        }
        if (_tree.IncomingForeignKeys.Count > 0)
        {
            Refuse(
                "incoming-foreign-key",
                $"{string.Join(", ", _tree.IncomingForeignKeys)} points to {_tree.Table}",
                $"{old.Count} partitions past their retention stay: rows may point into them",
                "drop the foreign key, or delete what points there and detach by hand"
            );
            return;
        }
        _actions.AddRange(old.Take(_limits.RetireMax).Select(Retire));
    }

    private MaintenanceAction Retire(Partition partition)
    {
        string name = partition.Name.ToString();
        bool isPlain = _tree.Default is not null;
        string detach = $"ALTER TABLE {_tree.Table} DETACH PARTITION {name}{(isPlain ? "" : " CONCURRENTLY")}";
        List<LockClaim> locks =
        [
            new(isPlain ? TableLockMode.AccessExclusive : TableLockMode.ShareUpdateExclusive, _tree.Table.ToString()),
            new(TableLockMode.AccessExclusive, name),
        ];
        List<string> sql = [detach];
        if (_policy.RetentionAction != RetentionAction.Detach)
        {
            sql.Add($"DROP TABLE {name}");
            locks.AddRange(_tree.ReferencedTables.Select(table => new LockClaim(TableLockMode.AccessExclusive, table)));
        }
        string what = _policy.RetentionAction switch
        {
            RetentionAction.Detach => "detach",
            RetentionAction.Drop => "detach and drop",
            _ => $"detach, archive to {_policy.ArchiveFolder} and drop",
        };
        string how = isPlain ? " (not concurrently: PostgreSQL refuses that beside a default partition)" : "";
        return new MaintenanceAction
        {
            Kind = MaintenanceKind.Retire,
            Subject = partition.Name,
            Title = $"{what} {name}, past {_policy.Retention}{how}",
            Oid = partition.Oid,
            Range = partition.Range,
            Sql = sql,
            Locks = locks,
        };
    }

    private void PlanUnfinished()
    {
        foreach (Retirement open in _facts.Retirements.Where(r => r.State < RetirementState.Restoring))
        {
            bool isAttached = _tree.Partitions.Any(partition => partition.Oid == open.Oid);
            if (isAttached)
            {
                continue;
            }
            bool exists = _facts.DetachedTables.Contains(open.Oid);
            _actions.Add(
                new MaintenanceAction
                {
                    Kind = MaintenanceKind.FinishRetirement,
                    Subject = open.Partition,
                    Title = exists
                        ? $"go on with the retirement of {open.Partition} ({open.Action.ToString().ToLowerInvariant()})"
                        : $"note that {open.Partition} is gone",
                    Oid = open.Oid,
                    Sql = exists && open.Action != RetentionAction.Detach ? [$"DROP TABLE {open.Partition}"] : [],
                }
            );
        }
        if (_facts.HasUnplaceable)
        {
            _findings.Add(
                new Finding(
                    "unplaceable-rows",
                    FindingSeverity.Info,
                    _tree.Default?.Name.ToString() ?? "",
                    "rows whose key is NULL, infinite or before the year 1 stay in the default partition",
                    "correct their key"
                )
            );
        }
    }

    private void Inform(string code, PartitionRange range, string consequence) =>
        _findings.Add(
            new Finding(
                code,
                FindingSeverity.Info,
                $"{_tree.Default?.Name} {_scheme.ForValues(range)}",
                consequence + ": older or newer than what the policy keeps partitions for",
                "correct their key, or delete them"
            )
        );

    private void Refuse(string code, string subject, string consequence, string remedy) =>
        _findings.Add(new Finding(code, FindingSeverity.Refuse, subject, consequence, remedy));

    private static string Count(int rows) => rows == 1 ? "1 row" : $"{rows} rows";
}
