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
internal sealed class QueryRule(StatementRule rule, ImmutableArray<NamedTable> tables, TopologySnapshot map)
{
    private readonly StatementFacts _facts = rule.Facts;
    private readonly KeyPropagation _keys = new(rule.Facts, tables);

    public StatementRule Make()
    {
        string? home = HomeTable() ?? FunctionRules.Home(_facts);
        if (tables.All(static table => table.Sharded is null))
        {
            return rule with { Fixed = WithoutSharded(home) };
        }
        if (WrittenReference() is { } reference)
        {
            return Refuse(Refusals.ReferenceWrite(reference.Name, "It reads sharded tables."));
        }
        int target = InsertTarget();
        ImmutableArray<KeyUse> uses = [.. Indexes().Where(index => index != target).Select(UseOf)];
        StatementRule made = rule with { Uses = uses, Home = home ?? LockedReference() };
        if (target >= 0)
        {
            made = WithInsert(made, target, uses);
        }
        if (made.Fixed is not null)
        {
            return made;
        }
        made = WithAssignments(made, target);
        KeyUse? driver = uses.FirstOrDefault(IsDriver);
        return made with { Driver = driver, Apart = made.Apart ?? ReasonApart(uses, driver, target) };
    }

    private StatementRule Refuse(RouteRefusal refusal) => rule with { Fixed = Route.Refused(refusal) };

    private IEnumerable<int> Indexes() =>
        Enumerable.Range(0, tables.Length).Where(index => tables[index].Sharded is not null);

    private KeyUse UseOf(int index)
    {
        ShardedTable sharded = tables[index].Sharded!;
        ColocationGroup group = map.GroupOf(sharded);
        return new KeyUse(index, sharded, group, _keys.ConditionsOf(index, sharded.KeyColumn, group.KeyType));
    }

    private string? HomeTable() =>
        tables.FirstOrDefault(static table => table.Role is TableRole.Home or TableRole.Unknown) is { } found
            ? $"table {(found.Name.Schema.Length > 0 ? found.Name.ToString() : found.Name.Name)}"
            : null;

    private NamedTable? WrittenReference() =>
        tables
            .Where((table, index) => table.Role == TableRole.Reference && _facts.Tables[index].IsWritten)
            .FirstOrDefault();

    /// <summary>A lock of a reference table's row excludes others only where all of them ask for it: at home.</summary>
    private string? LockedReference() =>
        _facts.RowLocks.Length > 0
        && tables.FirstOrDefault(static table => table.Role == TableRole.Reference) is { } one
            ? $"a row lock in the reference table {one.Name}"
            : null;

    private Route WithoutSharded(string? home)
    {
        if (WrittenReference() is { } written)
        {
            RouteRefusal? refusal = ReferenceWrite.Refuse(_facts, tables, written, home);
            return refusal is null
                ? new Route(RouteKind.All, 0, [.. map.Shards.Select(static shard => shard.Number)], null)
                : Route.Refused(refusal);
        }
        bool isAnywhere =
            home is null
            && _facts.RowLocks.IsEmpty
            && (tables.Length > 0 || _facts.Functions.IsEmpty)
            && _facts.NodeName != "DeclareCursorStmt";
        return isAnywhere ? Route.Any : Route.Home(map.Home.Number);
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

    private StatementRule WithInsert(StatementRule made, int target, ImmutableArray<KeyUse> uses)
    {
        ShardedTable sharded = tables[target].Sharded!;
        if (_facts.Inserted is not { } rows)
        {
            return Refuse(Refusals.KeyIsMissing(sharded, "INSERT … SELECT takes the key from another table."));
        }
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
        ImmutableArray<ValueSource> sources = rows.Values[key];
        return sources.Any(static source => source.Kind == ValueSourceKind.Default)
                ? Refuse(Refusals.KeyIsMissing(sharded, "Its value is DEFAULT."))
            : sources.Any(static source => source.Kind == ValueSourceKind.Expression)
                ? Refuse(Refusals.KeyIsUnknown(sharded))
            : made with
            {
                Inserted = new InsertedKeys(sharded, map.GroupOf(sharded), sources),
                Apart = uses.IsEmpty ? null : Refusals.NotOneShard(sharded, uses[0].Sharded),
            };
    }

    private StatementRule WithAssignments(StatementRule made, int target)
    {
        int changed = target >= 0 ? target : IndexOfWritten();
        if (changed < 0 || tables[changed].Sharded is not { } sharded)
        {
            return made;
        }
        KeyUse? use = made.Uses.FirstOrDefault(use => use.Table == changed);
        foreach (Assignment assignment in _facts.Assignments.Where(one => one.Column == sharded.KeyColumn))
        {
            if (use is null || assignment.Source.Kind is ValueSourceKind.Expression or ValueSourceKind.Default)
            {
                return Refuse(Refusals.KeyMoves(sharded));
            }
            made = made with { Assignments = made.Assignments.Add(new KeyAssignment(use, assignment.Source)) };
        }
        return made;
    }

    private int IndexOfWritten() =>
        Enumerable
            .Range(0, tables.Length)
            .FirstOrDefault(index => _facts.Tables[index] is { IsWritten: true, Query: 0 }, -1);

    /// <summary>A place whose rows bring those of all other places, and without which there is no outcome.</summary>
    private bool IsDriver(KeyUse use)
    {
        TableUse table = _facts.Tables[use.Table];
        return table is { Query: 0, IsOptional: false }
            && Indexes().All(other => other == use.Table || _keys.Brings(use, UseOf(other)));
    }

    private RouteRefusal? ReasonApart(ImmutableArray<KeyUse> uses, KeyUse? driver, int target)
    {
        if (driver is not null || (target >= 0 && uses.IsEmpty))
        {
            return null;
        }
        KeyUse first = uses[0];
        KeyUse? other = uses.FirstOrDefault(use =>
            use.Table != first.Table && !_keys.Brings(first, use) && !_keys.Brings(use, first)
        );
        return other is not null
            ? Refusals.NotOneShard(first.Sharded, other.Sharded)
            : Refusals.NotScattered(first.Sharded, "It is in a subquery, or on the optional side of an outer join.");
    }
}
