// The conditions of one query on the tables in its FROM: which of them limit how old the rows can be.
using System.Collections.Immutable;
using Drover.Sql.Parsing;

namespace Drover.Advice.Ages;

/// <summary>A use of a table with an age, and what limits its rows.</summary>
internal sealed class AgedUse(AgedTable table, string alias)
{
    public AgedTable Table { get; } = table;

    public string Alias { get; } = alias;

    /// <summary>No row is older.</summary>
    public DateTimeOffset? Oldest { get; set; }

    /// <summary>A condition on the time, or the key, is not understood.</summary>
    public bool IsOpen { get; set; }

    /// <summary>The class of what is asked for.</summary>
    public AccessAge AgeAt(DateTimeOffset now) =>
        Oldest is { } oldest ? AccessCounts.ClassOf(now - oldest)
        : IsOpen ? AccessAge.Unknown
        : AccessAge.All;
}

/// <summary>Only what must hold for every row counts: the parts of an AND, never those of an OR or a NOT.</summary>
internal sealed class AgeConditions(IReadOnlyList<AgedUse> uses, TimeValues values)
{
    /// <summary>Takes a condition that must hold.</summary>
    public void Limit(SqlNode condition)
    {
        if (condition.Kind == "BoolExpr" && condition.Text("boolop") == "AND_EXPR")
        {
            foreach (SqlNode part in condition.List("args"))
            {
                Limit(part);
            }
        }
        else if (!TryLimit(condition))
        {
            LeaveOpen(condition);
        }
    }

    /// <summary>Notes that something says more than is understood of each time or key in it.</summary>
    public void LeaveOpen(SqlNode part)
    {
        if (Find(part) is var (use, _))
        {
            use.IsOpen = true;
        }
        foreach (SqlNode child in part.Children())
        {
            LeaveOpen(child);
        }
    }

    // True where all that it says is understood.
    private bool TryLimit(SqlNode condition)
    {
        if (
            condition.Kind != "A_Expr"
            || condition.Child("lexpr") is not { } left
            || condition.Child("rexpr") is not { } right
        )
        {
            return false;
        }
        string name = condition.Names("name") is [.., var last] ? last : "";
        return condition.Text("kind") switch
        {
            "AEXPR_BETWEEN" => right.List("items") is [var low, _] && TryCompare(left, ">=", low),
            "AEXPR_IN" => name == "=" && TryAmong(left, right.List("items")),
            "AEXPR_OP" => TryCompare(left, name, right) || TryCompare(right, Turned(name), left),
            _ => false,
        };
    }

    private static string Turned(string name) =>
        name switch
        {
            "<" => ">",
            "<=" => ">=",
            ">" => "<",
            ">=" => "<=",
            _ => name,
        };

    private bool TryCompare(SqlNode column, string name, SqlNode value)
    {
        if (Find(column) is not var (use, isKey) || At(use, isKey, value) is not { } at)
        {
            return false;
        }
        switch (name)
        {
            case "=" or ">" or ">=":
                Narrow(use, at);
                return true;
            case "<" or "<=":
                // All that is older: nothing is limited.
                return true;
            default:
                return false;
        }
    }

    private bool TryAmong(SqlNode column, ImmutableArray<SqlNode> list)
    {
        if (Find(column) is not var (use, isKey) || list.IsEmpty)
        {
            return false;
        }
        DateTimeOffset oldest = DateTimeOffset.MaxValue;
        foreach (SqlNode value in list)
        {
            if (At(use, isKey, value) is not { } at)
            {
                return false;
            }
            oldest = at < oldest ? at : oldest;
        }
        Narrow(use, oldest);
        return true;
    }

    private static void Narrow(AgedUse use, DateTimeOffset oldest) =>
        use.Oldest = use.Oldest is { } known && known > oldest ? known : oldest;

    private DateTimeOffset? At(AgedUse use, bool isKey, SqlNode value) =>
        !isKey ? values.Time(value, use.Table.IsZoned)
        : values.Number(value) is { } key ? use.Table.TimeOf(key)
        : null;

    // The use whose time or key a node is; null where it could be that of two.
    private (AgedUse Use, bool IsKey)? Find(SqlNode node)
    {
        // What rounds a time down is not above it, so its lower limit is one of the time as well.
        while (TimeValues.RoundedDown(node) is { } inner)
        {
            node = inner;
        }
        if (node.Kind != "ColumnRef" || node.Names("fields") is not [.., var column] fields)
        {
            return null;
        }
        AgedUse? found = null;
        foreach (AgedUse use in uses)
        {
            bool isIts = fields.Length == 1 || fields[^2] == use.Alias;
            if (isIts && (column == use.Table.Column || (column == use.Table.Key && column.Length > 0)))
            {
                if (found is not null)
                {
                    return null;
                }
                found = use;
            }
        }
        return found is null ? null : (found, column != found.Table.Column);
    }
}
