// Tests the groups of an answer.
using System.Buffers.Binary;
using Drover.Protocol.Framing;

namespace Drover.Routing.Merging.Having;

/// <summary>One side of a test, of one group.</summary>
/// <param name="combiner">Makes its value of the shards' values.</param>
/// <param name="type">The value's type.</param>
internal sealed class TestedValue(ColumnCombiner combiner, ColumnType type)
{
    /// <summary>Makes it of the shards' values.</summary>
    public ColumnCombiner Combiner { get; } = combiner;

    /// <summary>Reads it. False if it is none of its type.</summary>
    /// <param name="scratch">Is left empty.</param>
    /// <param name="number">Null for NULL.</param>
    public bool TryRead(MessageWriter scratch, out ExactNumber? number)
    {
        number = null;
        Combiner.Write(scratch);
        ReadOnlySpan<byte> written = scratch.Written;
        bool isRead = BinaryPrimitives.ReadInt32BigEndian(written) < 0;
        if (!isRead && ExactNumberText.TryRead(type.Oid, type.IsBinary, written[sizeof(int)..], out ExactNumber read))
        {
            number = read;
            isRead = true;
        }
        scratch.Clear();
        return isRead;
    }
}

/// <summary>
/// Made for the columns that an answer really has. AND, OR and NOT have three values, as in SQL: a group whose
/// condition is NULL is left out.
/// </summary>
/// <remarks>https://www.postgresql.org/docs/18/functions-logical.html</remarks>
internal sealed class GroupTester : IDisposable
{
    private const int ValueBytesMax = 1024 * 1024;

    private readonly GroupFilterPlan _plan;
    private readonly TestedValue[] _aggregates;
    private readonly TestedValue[] _others;
    private readonly MessageWriter _scratch = new(ValueBytesMax);

    private GroupTester(GroupFilterPlan plan, TestedValue[] aggregates, TestedValue[] others)
    {
        _plan = plan;
        _aggregates = aggregates;
        _others = others;
    }

    /// <summary>What takes in the values of rows.</summary>
    public IEnumerable<ColumnCombiner> Combiners =>
        _aggregates.Concat(_others).Select(static value => value.Combiner).Distinct();

    /// <summary>Makes one; null if a type is none that was planned for.</summary>
    public static GroupTester? Make(GroupFilterPlan plan, IReadOnlyList<ColumnType> types)
    {
        List<TestedValue> aggregates = [];
        List<TestedValue> others = [];
        foreach (GroupTest test in plan.Tests)
        {
            int column = test.Aggregate is null ? test.Column : test.OtherColumn;
            TestedValue other = new(new KeptValue(column), types[column]);
            TestedValue aggregate = other;
            if (test.Aggregate is { } combined)
            {
                ColumnType type = types[test.AggregateColumn];
                ColumnCombiner? combiner = ColumnCombiner.Make(combined, test.AggregateColumn, types);
                if (combiner is null || !IsExact(type.Oid) || !IsExact(types[column].Oid))
                {
                    return null;
                }
                aggregate = new TestedValue(combiner, type);
            }
            else if (types[column].Oid != SortOrder.Bool)
            {
                return null;
            }
            aggregates.Add(aggregate);
            others.Add(other);
        }
        return new GroupTester(plan, [.. aggregates], [.. others]);
    }

    /// <summary>Whether comparing such values is comparing exact numbers.</summary>
    public static bool IsExact(uint type) =>
        type is SortOrder.Int2 or SortOrder.Int4 or SortOrder.Int8 or SortOrder.Numeric;

    /// <summary>Whether the group is wanted. False if a value is none of its type.</summary>
    public bool TryTest(out bool isWanted)
    {
        bool isRead = true;
        isWanted = Of(_plan.Root, ref isRead) == true;
        return isRead;
    }

    public void Dispose() => _scratch.Dispose();

    private bool? Of(Condition condition, ref bool isRead)
    {
        switch (condition.Kind)
        {
            case ConditionKind.Test:
                return Of(condition.Test, ref isRead);
            case ConditionKind.Not:
                return !Of(condition.Parts[0], ref isRead);
            default:
                // What one part decides, the others cannot change.
                bool deciding = condition.Kind == ConditionKind.Any;
                bool? result = !deciding;
                foreach (Condition part in condition.Parts)
                {
                    bool? one = Of(part, ref isRead);
                    if (one == deciding)
                    {
                        return deciding;
                    }
                    result = one is null ? null : result;
                }
                return result;
        }
    }

    private bool? Of(int number, ref bool isRead)
    {
        GroupTest test = _plan.Tests[number];
        isRead &= _aggregates[number].TryRead(_scratch, out ExactNumber? aggregate);
        if (test.Aggregate is null)
        {
            return aggregate is { } truth ? !truth.Digits.IsZero : null;
        }
        isRead &= _others[number].TryRead(_scratch, out ExactNumber? other);
        if (aggregate is not { } one || other is not { } two)
        {
            return null;
        }
        int order = test.IsRight ? two.CompareTo(one) : one.CompareTo(two);
        return test.Comparison switch
        {
            Comparison.Equal => order == 0,
            Comparison.NotEqual => order != 0,
            Comparison.Less => order < 0,
            Comparison.LessOrEqual => order <= 0,
            Comparison.Greater => order > 0,
            _ => order >= 0,
        };
    }
}
