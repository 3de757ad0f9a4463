// The statement that shards are asked in the place of one whose rows are combined: bytes are put in, none is changed.
using System.Buffers;
using System.Text;
using Drover.Routing.Merging.Gathering;
using Drover.Routing.Merging.Having;
using Drover.Sql.Shapes;
using Drover.Sql.Statements;

namespace Drover.Routing.Merging;

/// <summary>
/// Behind the select list come the keys and sums that only the proxy sees, and before LIMIT the order of the groups;
/// HAVING goes, and what it compares is among the former. The places are found by tokens; what else the statement is
/// was read from its tree before.
/// </summary>
internal ref struct CombineText
{
    private readonly ReadOnlySpan<byte> _sql;
    private readonly List<Range> _items = [];
    private SqlLexer _lexer;
    private int _depth;
    private bool _hasHaving;
    private int _havingStart;
    private int _groupEnd = -1;
    private bool _isGrouped;
    private Range _having;

    /// <summary>
    /// What columns are called that only the proxy sees: by such a name nobody's ORDER BY or GROUP BY means them.
    /// </summary>
    public static ReadOnlySpan<byte> HiddenName => " AS \"?drover?\""u8;

    private CombineText(ReadOnlySpan<byte> sql, bool conforming)
    {
        _sql = sql;
        _lexer = new SqlLexer(sql, conforming);
    }

    /// <summary>Makes the text; null if it is not found as plain as that.</summary>
    /// <param name="sql">The client's.</param>
    /// <param name="plan">How rows are combined.</param>
    /// <param name="conforming">The session's standard_conforming_strings.</param>
    public static byte[]? Of(ReadOnlySpan<byte> sql, CombinePlan plan, bool conforming)
    {
        CombineText text = new(sql, conforming);
        bool isFound = text.TryItems(out int list) && text._items.Count == plan.Columns.Length;
        if (!isFound || !text.TryEnd(out int end) || text._hasHaving != plan.Having is not null)
        {
            return null;
        }
        ArrayBufferWriter<byte> hidden = new();
        foreach (string key in plan.NamedKeys)
        {
            hidden.Write(Encoding.UTF8.GetBytes($", {key}"));
            hidden.Write(HiddenName);
        }
        for (int i = 0; i < plan.Columns.Length; i++)
        {
            if (!TryParts(plan.Columns[i], sql[text._items[i]], conforming, hidden))
            {
                return null;
            }
        }
        if (plan.Having is { } having && !TryTests(having, sql, text._having, conforming, hidden))
        {
            return null;
        }
        if (plan.Having is not null)
        {
            // FROM may follow without a blank, and a number is the last that is put in.
            hidden.Write(" "u8);
        }
        SqlSplice splice = new SqlSplice().Replace(list, 0, hidden.WrittenSpan);
        if (plan.DistinctKey is { } counted)
        {
            splice.Replace(
                text._groupEnd,
                0,
                Encoding.UTF8.GetBytes($"{(text._isGrouped ? "," : " GROUP BY")} {counted} ")
            );
        }
        if (text._hasHaving)
        {
            int start = text._havingStart;
            splice.Replace(start, text._having.End.Value - start, default);
        }
        if (plan.OrderBy.Length > 0)
        {
            string order = $"{(plan.HasOrderBy ? ", " : " ORDER BY ")}{plan.OrderBy} ";
            splice.Replace(end, 0, Encoding.UTF8.GetBytes(order));
        }
        ArrayBufferWriter<byte> made = new(sql.Length + hidden.WrittenCount);
        splice.Write(sql, made);
        return made.WrittenSpan.ToArray();
    }

    /// <summary>Writes what a column is computed from.</summary>
    private static bool TryParts(
        CombinedColumn column,
        ReadOnlySpan<byte> item,
        bool conforming,
        ArrayBufferWriter<byte> hidden
    )
    {
        item = item[Bare(item, conforming)];
        if (column.IsCoalesced)
        {
            return TryFirst(item, conforming, out Range aggregate)
                && Write(hidden, ", "u8, item[aggregate], HiddenName, default)
                && TryParts(column with { IsCoalesced = false }, item[aggregate], conforming, hidden);
        }
        if (column.Gather is { } gather)
        {
            return GatherText.TryWrite(gather, item, conforming, hidden);
        }
        if (column.Parts == 0)
        {
            return true;
        }
        if (!TryArguments(item, conforming, out Range argument, out Range filter))
        {
            return false;
        }
        Write(hidden, ", pg_catalog.sum("u8, item[argument], ")"u8, item[filter]);
        hidden.Write(HiddenName);
        if (column.Kind != CombineKind.Average)
        {
            // An integer's square may be none.
            ReadOnlySpan<byte> number = ")::pg_catalog.numeric"u8;
            Write(hidden, ", pg_catalog.sum(("u8, item[argument], number, " OPERATOR(pg_catalog.*) ("u8);
            Write(hidden, item[argument], number, ")"u8, item[filter]);
            hidden.Write(HiddenName);
        }
        Write(hidden, ", pg_catalog.count("u8, item[argument], ")"u8, item[filter]);
        hidden.Write(HiddenName);
        return true;
    }

    /// <summary>Writes the tests of HAVING, and what their averages are computed from.</summary>
    private static bool TryTests(
        GroupFilterPlan plan,
        ReadOnlySpan<byte> sql,
        Range clause,
        bool conforming,
        ArrayBufferWriter<byte> hidden
    )
    {
        if (HavingText.Tests(sql, clause, conforming) is not { } tests || tests.Count != plan.Tests.Length)
        {
            return false;
        }
        for (int i = 0; i < tests.Count; i++)
        {
            // By the whole of it the server knows what type a parameter has.
            Write(hidden, ", ("u8, sql[tests[i].All], ")"u8, HiddenName);
            if (plan.Tests[i].Aggregate is not null)
            {
                Write(hidden, ", "u8, sql[tests[i].Left], HiddenName, default);
                Write(hidden, ", "u8, sql[tests[i].Right], HiddenName, default);
            }
        }
        for (int i = 0; i < tests.Count; i++)
        {
            GroupTest test = plan.Tests[i];
            ReadOnlySpan<byte> side = sql[test.IsRight ? tests[i].Right : tests[i].Left];
            if (test.Aggregate is { } column && !TryParts(column, side, conforming, hidden))
            {
                return false;
            }
        }
        return true;
    }

    private static bool Write(
        ArrayBufferWriter<byte> output,
        ReadOnlySpan<byte> first,
        ReadOnlySpan<byte> second,
        ReadOnlySpan<byte> third,
        ReadOnlySpan<byte> fourth
    )
    {
        output.Write(first);
        output.Write(second);
        output.Write(third);
        output.Write(fourth);
        return true;
    }

    /// <summary>Finds the items of the outermost select list, and the end of the last.</summary>
    private bool TryItems(out int end)
    {
        end = 0;
        while (Next() && !IsKeyword("select"u8)) { }
        int start = _lexer.End;
        bool isName = false;
        bool isDistinct = false;
        while (Next())
        {
            bool isFrom = !isName && !isDistinct && IsKeyword("from"u8);
            if (isFrom || (_depth == 0 && _lexer.IsSymbol(',')))
            {
                _items.Add(new Range(start, end));
                start = _lexer.End;
            }
            if (isFrom)
            {
                return true;
            }
            // Behind AS or a point every word is a name; behind DISTINCT it is not that of the clause.
            isName = IsKeyword("as"u8) || _lexer.IsSymbol('.');
            isDistinct = IsKeyword("distinct"u8);
            end = _lexer.End;
        }
        return false;
    }

    /// <summary>Finds HAVING, and the end of all that comes before LIMIT and OFFSET.</summary>
    private bool TryEnd(out int end)
    {
        end = _lexer.End;
        bool isName = false;
        bool isInHaving = false;
        while (Next())
        {
            bool isBehind =
                _lexer.IsSymbol(';')
                || (!isName && (IsKeyword("limit"u8) || IsKeyword("offset"u8) || IsKeyword("fetch"u8)));
            bool isOrder = !isName && IsKeyword("order"u8);
            bool isHaving = !isName && IsKeyword("having"u8);
            _isGrouped |= !isName && IsKeyword("group"u8);
            _groupEnd = _groupEnd < 0 && (isBehind || isOrder || isHaving) ? end : _groupEnd;
            if (isInHaving && (isBehind || isOrder))
            {
                _having = _having.Start..end;
                isInHaving = false;
            }
            if (isBehind)
            {
                return _depth == 0;
            }
            if (isHaving)
            {
                isInHaving = true;
                _hasHaving = true;
                _havingStart = _lexer.Start;
                _having = _lexer.End.._lexer.End;
            }
            isName = _lexer.IsSymbol('.');
            end = _lexer.End;
        }
        if (isInHaving)
        {
            _having = _having.Start..end;
        }
        _groupEnd = _groupEnd < 0 ? end : _groupEnd;
        return _depth == 0 && _lexer.Error == LexicalError.None;
    }

    /// <summary>What stands in parentheses, if that is all there is but for a name behind it.</summary>
    private static Range Bare(ReadOnlySpan<byte> item, bool conforming)
    {
        CombineText text = new(item, conforming);
        if (!text.Next() || !text._lexer.IsSymbol('('))
        {
            return Range.All;
        }
        int start = text._lexer.End;
        if (!text.TryClose())
        {
            return Range.All;
        }
        int end = text._lexer.Start;
        (int inner, int length) = Bare(item[start..end], conforming).GetOffsetAndLength(end - start);
        return (start + inner)..(start + inner + length);
    }

    /// <summary>Finds the first of several arguments of a call.</summary>
    private static bool TryFirst(ReadOnlySpan<byte> item, bool conforming, out Range first)
    {
        CombineText call = new(item, conforming);
        first = default;
        while (call.Next() && call._depth == 0) { }
        int start = call._lexer.End;
        int end = start;
        while (call.Next() && call._depth > 0 && !(call._depth == 1 && call._lexer.IsSymbol(',')))
        {
            end = call._lexer.End;
        }
        first = start..end;
        return call._depth == 1;
    }

    /// <summary>Finds the argument of a call, without ALL before it, and FILTER behind the call.</summary>
    private static bool TryArguments(ReadOnlySpan<byte> item, bool conforming, out Range argument, out Range filter)
    {
        CombineText call = new(item, conforming);
        argument = default;
        filter = default;
        while (call.Next() && call._depth == 0) { }
        int start = call._lexer.End;
        bool isThere = call.Next();
        if (isThere && call._lexer.IsWord("all"u8))
        {
            start = call._lexer.End;
        }
        if (!isThere || !call.TryClose())
        {
            return false;
        }
        int end = call._lexer.Start;
        argument = start..end;
        int behind = call._lexer.End;
        filter = behind..behind;
        if (!call.Next() || !call.IsKeyword("filter"u8))
        {
            return true;
        }
        // By itself it is the column's name.
        if (call.Next() && call._depth == 1 && call.TryClose())
        {
            filter = behind..call._lexer.End;
        }
        return true;
    }

    /// <summary>Goes to the parenthesis that closes the one that was opened.</summary>
    private bool TryClose()
    {
        while (_depth > 0 && Next()) { }
        return _depth == 0 && _lexer.Kind != LexemeKind.End;
    }

    private bool Next()
    {
        if (!_lexer.Next())
        {
            return false;
        }
        _depth +=
            _lexer.IsSymbol('(') || _lexer.IsSymbol('[') ? 1
            : _lexer.IsSymbol(')') || _lexer.IsSymbol(']') ? -1
            : 0;
        return true;
    }

    private readonly bool IsKeyword(ReadOnlySpan<byte> lower) => _depth == 0 && _lexer.IsWord(lower);
}
