// HAVING as the proxy applies it: to groups of which several shards have rows.
using System.Collections.Immutable;

namespace Drover.Routing.Merging.Having;

/// <summary>How two numbers are compared.</summary>
internal enum Comparison
{
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// <summary>What a part of the condition is.</summary>
internal enum ConditionKind
{
    /// <summary>A test.</summary>
    Test,

    /// <summary>NOT.</summary>
    Not,

    /// <summary>AND.</summary>
    All,

    /// <summary>OR.</summary>
    Any,
}

/// <summary>A part of the condition.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Test">The number of the test, from the left; else nothing.</param>
/// <param name="Parts">What it is made of.</param>
internal sealed record Condition(ConditionKind Kind, int Test, ImmutableArray<Condition> Parts);

/// <summary>
/// A test of the condition. It takes columns that only the proxy sees: the test as the shard answers it, and then, if
/// it has an aggregate, its left side and its right one.
/// </summary>
/// <param name="Column">The first of them.</param>
/// <param name="Aggregate">
/// How the side that has an aggregate is made of the shards' values; null where the test is on the group's keys alone:
/// then every shard's answer is the group's.
/// </param>
/// <param name="IsRight">The aggregate is on the right.</param>
/// <param name="Comparison">The operator.</param>
/// <param name="Parameter">The number of the parameter on the other side; 0 if there is none.</param>
internal sealed record GroupTest(
    int Column,
    CombinedColumn? Aggregate,
    bool IsRight,
    Comparison Comparison,
    int Parameter
)
{
    /// <summary>How many columns it takes, those of which an average is made not counted.</summary>
    public int Columns => Aggregate is null ? 1 : 3;

    /// <summary>The column of the aggregate.</summary>
    public int AggregateColumn => Column + (IsRight ? 2 : 1);

    /// <summary>The column of what it is compared with.</summary>
    public int OtherColumn => Column + (IsRight ? 1 : 2);
}

/// <summary>HAVING.</summary>
/// <param name="Root">The condition.</param>
/// <param name="Tests">Its tests, in the order of the text.</param>
internal sealed record GroupFilterPlan(Condition Root, ImmutableArray<GroupTest> Tests)
{
    /// <summary>Whether, as the client declared its parameters, every comparison is one of exact numbers.</summary>
    /// <param name="declared">OIDs; 0 where the server infers it, from what is on the other side.</param>
    public bool IsExact(ReadOnlySpan<uint> declared)
    {
        foreach (GroupTest test in Tests)
        {
            uint type = test.Parameter > 0 && test.Parameter <= declared.Length ? declared[test.Parameter - 1] : 0;
            if (test.Aggregate is not null && type != 0 && !GroupTester.IsExact(type))
            {
                return false;
            }
        }
        return true;
    }
}
