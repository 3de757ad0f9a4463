// What conditions and joins say of the sharding keys of a statement.
using System.Collections.Immutable;
using Drover.Routing.Names;
using Drover.Sql.Statements;
using Drover.Topology;
using Drover.Topology.Keys;

namespace Drover.Routing;

/// <summary>
/// Columns that are equal form a graph, on which a condition of one holds for others. It is followed only over columns
/// of the key's own type: in another, equal values need not be the key's.
/// </summary>
internal sealed class KeyPropagation(StatementFacts facts, ImmutableArray<NamedTable> tables)
{
    private readonly record struct Node(int Table, string Column);

    /// <summary>All conditions that limit the key of a table.</summary>
    public ImmutableArray<ImmutableArray<ValueSource>> ConditionsOf(int table, string column, KeyType type)
    {
        HashSet<Node> nodes = Reach(new Node(table, column), type, isBackwards: true);
        return
        [
            .. facts
                .Predicates.Where(predicate => nodes.Contains(new Node(predicate.Table, predicate.Column)))
                .Select(static predicate => predicate.Sources),
        ];
    }

    /// <summary>What the key of a table is not below or above.</summary>
    public ImmutableArray<ColumnBound> BoundsOf(int table, string column, KeyType type)
    {
        HashSet<Node> nodes = Reach(new Node(table, column), type, isBackwards: true);
        return [.. facts.Bounds.Where(bound => nodes.Contains(new Node(bound.Table, bound.Column)))];
    }

    /// <summary>Whether each row of one place brings its own of the other: rows with an equal key.</summary>
    public bool Brings(KeyUse one, KeyUse other) =>
        one.Group == other.Group
        && Reach(new Node(one.Table, one.Column), one.Group.KeyType, isBackwards: false)
            .Contains(new Node(other.Table, other.Column));

    /// <summary>
    /// Whether a column's values, written into a sharding key, stay what they are.
    /// </summary>
    public bool Keeps(int table, string column, ShardedTable target, KeyType type)
    {
        bool mayRound = target.KeyTypeModifier >= 0 && type is KeyType.Text or KeyType.Numeric;
        bool isAlike =
            tables[table].Sharded is { } source
            && source.KeyColumn == column
            && source.KeyTypeModifier == target.KeyTypeModifier;
        return TypeOf(new Node(table, column)) == type && (!mayRound || isAlike);
    }

    private HashSet<Node> Reach(Node start, KeyType type, bool isBackwards)
    {
        HashSet<Node> reached = [start];
        Queue<Node> open = new(reached);
        while (open.TryDequeue(out Node node))
        {
            foreach (ColumnEquality equality in facts.Equalities)
            {
                Node first = new(equality.Table, equality.Column);
                Node second = new(equality.OtherTable, equality.OtherColumn);
                Node? next =
                    node == (isBackwards ? second : first) ? (isBackwards ? first : second)
                    : equality.IsMutual && node == (isBackwards ? first : second) ? (isBackwards ? second : first)
                    : null;
                if (next is { } other && TypeOf(other) == type && reached.Add(other))
                {
                    open.Enqueue(other);
                }
            }
        }
        return reached;
    }

    private KeyType? TypeOf(Node node)
    {
        NamedTable table = tables[node.Table];
        return table.Sharded is { } sharded && sharded.KeyColumn == node.Column ? KeyTypes.Of(sharded.KeyTypeOid)
            : table.Relation?.Column(node.Column) is { } column ? KeyTypes.Of(column.TypeOid)
            : null;
    }
}
