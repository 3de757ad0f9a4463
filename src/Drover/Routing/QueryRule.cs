// The rule of a statement that reads or changes rows.
using System.Collections.Immutable;
using Drover.Routing.Names;
using Drover.Sql.Parsing;
using Drover.Sql.Statements;
using Drover.Topology;

namespace Drover.Routing;

/// <summary>
/// Steps: which tables; what limits their keys; what is written; whether several shards can work apart.
/// </summary>
internal sealed class QueryRule(StatementRule rule, ImmutableArray<NamedTable> tables, PathFacts catalog)
{
    private readonly TopologySnapshot _map = catalog.Names.Map;
    private readonly StatementFacts _facts = rule.Facts;
    private readonly KeyPropagation _keys = new(rule.Facts, tables);

    public StatementRule Make()
    {
        Place? home = new Places(_facts, tables, catalog).Find(LockedReference(), out RouteRefusal? apart);
        if (apart is not null)
        {
            return Refuse(apart) with { IsNowhereWhole = true };
        }
        if (tables.All(static table => table.Sharded is null))
        {
            return rule with { Home = home, Fixed = WithoutSharded(home) };
        }
        if (WrittenReference() is { } reference)
        {
            return Refuse(Refusals.ReferenceWrite(reference.Name, "It reads sharded tables."));
        }
        int target = InsertTarget();
        ImmutableArray<KeyUse> uses = [.. Indexes().Where(index => index != target).Select(UseOf)];
        StatementRule made = rule with { Uses = uses, Home = home };
        made = WithInsert(made, target);
        if (made.Fixed is null)
        {
            made = WithAssignments(made, target);
        }
        if (made.Fixed is not null)
        {
            return made;
        }
        KeyUse? driver = made.Uses.FirstOrDefault(use => IsDriver(use, made.Uses));
        return made with { Driver = driver, Apart = made.Apart ?? ReasonApart(made.Uses, driver, made.Inserted) };
    }

    private StatementRule Refuse(RouteRefusal refusal) => rule with { Fixed = Route.Refused(refusal) };

    private IEnumerable<int> Indexes() =>
        Enumerable.Range(0, tables.Length).Where(index => tables[index].Sharded is not null);

    private KeyUse UseOf(int index)
    {
        ShardedTable sharded = tables[index].Sharded!;
        ColocationGroup group = _map.GroupOf(sharded);
        return new KeyUse(
            index,
            sharded.KeyColumn,
            sharded,
            group,
            _keys.ConditionsOf(index, sharded.KeyColumn, group.KeyType)
        )
        {
            Bounds = group.Ranges is null ? [] : _keys.BoundsOf(index, sharded.KeyColumn, group.KeyType),
        };
    }

    private NamedTable? WrittenReference() =>
        tables
            .Where((table, index) => table.Role == TableRole.Reference && _facts.Tables[index].IsWritten)
            .FirstOrDefault();

    /// <summary>A lock of a reference table's row excludes others only where all of them ask for it: at home.</summary>
    private string? LockedReference() =>
        _facts.RowLocks.Length > 0 && tables.Where((_, index) => IsLockedReference(index)).FirstOrDefault() is { } one
            ? $"a row lock in the reference table {one.Name}"
            : null;

    private bool IsLockedReference(int index) =>
        tables[index].Role == TableRole.Reference && MayLock(_facts.Tree!, _facts.Tables[index].Alias);

    /// <summary>Whether a FOR UPDATE names a table, or no table and so all.</summary>
    private static bool MayLock(SqlNode node, string alias) =>
        node.Kind == "LockingClause"
            ? node.List("lockedRels") is var named && (named.IsEmpty || named.Any(one => one.Text("relname") == alias))
            : node.Children().Any(child => MayLock(child, alias));

    private Route WithoutSharded(Place? home)
    {
        if (WrittenReference() is { } written)
        {
            RouteRefusal? refusal = ReferenceWrite.Refuse(_facts, tables, written, home?.What);
            return refusal is null ? rule.All : Route.Refused(refusal);
        }
        if (home is { } place)
        {
            return Route.On(place.Shard, _map);
        }
        int best = catalog.Names.PathShard;
        bool isAnywhere =
            _facts.RowLocks.IsEmpty
            && (tables.Length > 0 || _facts.Functions.IsEmpty)
            && _facts.NodeName != "DeclareCursorStmt";
        return isAnywhere ? Route.Best(best) : Route.On(best > 0 ? best : _map.Home.Number, _map);
    }

    /// <summary>The outermost INSERT's table, when it is sharded.</summary>
    private int InsertTarget()
    {
        bool isInsert = Statement()?.Kind == "InsertStmt";
        int target = isInsert
            ? Enumerable
                .Range(0, tables.Length)
                .FirstOrDefault(index => _facts.Tables[index] is { IsWritten: true, Query: 0 }, -1)
            : -1;
        return target >= 0 && tables[target].Sharded is not null ? target : -1;
    }

    private SqlNode? Statement() => _facts.NodeName == "ExplainStmt" ? _facts.Tree?.Child("query") : _facts.Tree;

    private StatementRule WithInsert(StatementRule made, int target)
    {
        int into = target >= 0 ? target : MergeTarget();
        if (into < 0)
        {
            return made;
        }
        ShardedTable sharded = tables[into].Sharded!;
        if (target >= 0 && _facts.Inserted is { } rows)
        {
            return WithRows(made, into, sharded, rows);
        }
        foreach (InsertedColumns inserted in _facts.InsertedFrom)
        {
            if (made.Fixed is null)
            {
                made = WithColumns(made, sharded, inserted);
            }
        }
        return _facts.InsertedFrom.IsEmpty && target >= 0 ? Refuse(Refusals.KeyIsUnknown(sharded)) : made;
    }

    private int MergeTarget() => Statement()?.Kind == "MergeStmt" && tables[0].Sharded is not null ? 0 : -1;

    private StatementRule WithRows(StatementRule made, int target, ShardedTable sharded, InsertedRows rows)
    {
        ImmutableArray<string> columns = rows.Columns.IsEmpty
            ? [.. tables[target].Relation?.Columns.Select(static column => column.Name) ?? []]
            : rows.Columns;
        int key = columns.IndexOf(sharded.KeyColumn);
        if (key < 0 || key >= rows.Values.Length)
        {
            string reason = rows.Columns.IsEmpty
                ? "The columns are not named."
                : "The column is not among those named.";
            return Refuse(Refusals.KeyIsMissing(sharded, reason));
        }
        return WithSources(made, sharded, rows.Values[key], _facts.NodeName == "InsertStmt");
    }

    private StatementRule WithSources(
        StatementRule made,
        ShardedTable sharded,
        ImmutableArray<ValueSource> sources,
        bool isCertain = false
    )
    {
        if (sources.Any(static source => source.Kind == ValueSourceKind.Default))
        {
            return Refuse(Refusals.KeyIsMissing(sharded, "Its value is DEFAULT."));
        }
        return sources.Any(static source => source.Kind == ValueSourceKind.Expression)
            ? Refuse(Refusals.KeyIsUnknown(sharded))
            : made with
            {
                Inserted = new InsertedKeys(
                    sharded,
                    _map.GroupOf(sharded),
                    made.Inserted is null ? sources : made.Inserted.Sources.AddRange(sources),
                    isCertain
                ),
                Apart = made.Uses.IsEmpty ? null : Refusals.NotOneShard(sharded, made.Uses[0].Sharded),
            };
    }

    /// <summary>The key comes from a column of a table, or is a value.</summary>
    private StatementRule WithColumns(StatementRule made, ShardedTable sharded, InsertedColumns inserted)
    {
        InsertedColumn? key = inserted.Columns.FirstOrDefault(one => one.Column == sharded.KeyColumn);
        if (key is null)
        {
            return Refuse(Refusals.KeyIsMissing(sharded, "What the query puts into it cannot be told."));
        }
        if (key.Source.Table < 0)
        {
            return WithSources(made, sharded, [key.Value]);
        }
        ColocationGroup group = _map.GroupOf(sharded);
        if (!_keys.Keeps(key.Source.Table, key.Source.Column, sharded, group.KeyType))
        {
            return Refuse(Refusals.KeyIsUnknown(sharded));
        }
        KeyUse use = new(
            key.Source.Table,
            key.Source.Column,
            sharded,
            group,
            _keys.ConditionsOf(key.Source.Table, key.Source.Column, group.KeyType)
        )
        {
            IsInserted = true,
        };
        bool mayScatter = key.Source.IsOwn;
        return made with
        {
            Uses = made.Uses.Add(use),
            Apart = mayScatter ? made.Apart : Refusals.NotScattered(sharded, "The query has a LIMIT or the like."),
        };
    }

    private StatementRule WithAssignments(StatementRule made, int target)
    {
        int changed = target >= 0 ? target : IndexOfWritten();
        if (changed < 0 || tables[changed].Sharded is not { } sharded)
        {
            return made;
        }
        KeyUse? use = made.Uses.FirstOrDefault(use => use.Table == changed && !use.IsInserted);
        foreach (Assignment assignment in _facts.Assignments)
        {
            if (assignment.Column != sharded.KeyColumn || assignment.Source.Kind == ValueSourceKind.Itself)
            {
                continue;
            }
            if (use is null || assignment.Source.Kind is ValueSourceKind.Expression or ValueSourceKind.Default)
            {
                return Refuse(Refusals.KeyMoves(sharded)) with { SetsKey = true };
            }
            made = made with
            {
                SetsKey = true,
                Assignments = made.Assignments.Add(new KeyAssignment(use, assignment.Source)),
            };
        }
        return made;
    }

    private int IndexOfWritten() =>
        Enumerable
            .Range(0, tables.Length)
            .FirstOrDefault(index => _facts.Tables[index] is { IsWritten: true, Query: 0 }, -1);

    /// <summary>A place whose rows bring those of all other places, and without which there is no outcome.</summary>
    private bool IsDriver(KeyUse use, ImmutableArray<KeyUse> uses)
    {
        TableUse table = _facts.Tables[use.Table];
        bool isFirst =
            table.Query == 0 || (!_facts.InsertedFrom.IsEmpty && table.Query == _facts.InsertedFrom[0].Query);
        // What MERGE inserts comes from rows that meet none of its target's.
        bool isOfMerge = table.IsWritten && uses.Any(static one => one.IsInserted);
        return isFirst
            && !table.IsOptional
            && !use.IsInserted
            && !isOfMerge
            && uses.All(other => ReferenceEquals(other, use) || _keys.Brings(use, other));
    }

    private RouteRefusal? ReasonApart(ImmutableArray<KeyUse> uses, KeyUse? driver, InsertedKeys? inserted)
    {
        if (driver is not null || (inserted is not null && uses.IsEmpty))
        {
            return null;
        }
        KeyUse first = uses[0];
        KeyUse? other = uses.FirstOrDefault(use =>
            !ReferenceEquals(use, first) && !_keys.Brings(first, use) && !_keys.Brings(use, first)
        );
        return other is { IsInserted: false }
            ? Refusals.NotOneShard(first.Sharded, other.Sharded)
            : Refusals.NotScattered(
                first.Sharded,
                other is null
                    ? "It is in a subquery, or on the optional side of an outer join."
                    : $"The key that rows of {other.Sharded.Name} get is not the key of the rows that they come from."
            );
    }
}
