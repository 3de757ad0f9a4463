// What shards are asked for beside an aggregate that gathers values: the values and their keys, in one order.
using System.Buffers;
using Drover.Sql.Shapes;

namespace Drover.Routing.Merging.Gathering;

/// <summary>The parts of a call, in its text.</summary>
internal sealed class GatherText
{
    private readonly List<Range> _arguments = [];
    private readonly List<Range> _keys = [];
    private Range _order;
    private Range _filter;

    /// <summary>Writes the columns that only the proxy sees. False if the text is not found as plain as that.</summary>
    /// <param name="plan">How the values are put together.</param>
    /// <param name="item">The call, and maybe a name behind it.</param>
    /// <param name="conforming">The session's standard_conforming_strings.</param>
    /// <param name="hidden">Where to.</param>
    public static bool TryWrite(
        GatherPlan plan,
        ReadOnlySpan<byte> item,
        bool conforming,
        ArrayBufferWriter<byte> hidden
    )
    {
        GatherText text = new();
        bool isRead = text.TryRead(new SqlLexer(item, conforming));
        int arguments = plan.Form is GatherForm.Text or GatherForm.JsonObject ? 2 : 1;
        if (!isRead || text._arguments.Count != arguments || (!plan.IsDistinct && text._keys.Count != plan.Keys.Length))
        {
            return false;
        }
        if (plan.HasDelimiter)
        {
            hidden.Write(", ("u8);
            hidden.Write(item[text._arguments[1]]);
            hidden.Write(")::pg_catalog.text"u8);
            hidden.Write(CombineText.HiddenName);
        }
        ReadOnlySpan<byte> value = item[text._arguments[0]];
        // Of texts NULL is left out; in the other forms it is a value.
        ReadOnlySpan<byte> needed = plan.Form == GatherForm.Text ? value : default;
        if (plan.HasValues)
        {
            (string before, string behind) = plan.Form switch
            {
                GatherForm.Json => ("pg_catalog.to_json(", ")::pg_catalog.text"),
                GatherForm.Jsonb => ("pg_catalog.to_jsonb(", ")::pg_catalog.text"),
                _ => ("", ""),
            };
            text.WriteArray(hidden, plan, item, value, needed, before, behind);
            hidden.Write(CombineText.HiddenName);
        }
        for (int i = 0; i < plan.Keys.Length; i++)
        {
            text.WriteArray(hidden, plan, item, plan.IsDistinct ? value : item[text._keys[i]], needed, "", "");
            hidden.Write(CombineText.HiddenName);
        }
        return true;
    }

    private void WriteArray(
        ArrayBufferWriter<byte> hidden,
        GatherPlan plan,
        ReadOnlySpan<byte> item,
        ReadOnlySpan<byte> value,
        ReadOnlySpan<byte> needed,
        string before,
        string behind
    )
    {
        hidden.Write(", pg_catalog.array_agg("u8);
        hidden.Write(plan.IsDistinct ? "DISTINCT "u8 : default);
        Write(hidden, before);
        hidden.Write(value);
        Write(hidden, behind);
        if (!_order.Equals(default))
        {
            hidden.Write(" ORDER BY "u8);
            hidden.Write(item[_order]);
        }
        hidden.Write(")"u8);
        bool isFiltered = !_filter.Equals(default);
        if (!isFiltered && needed.IsEmpty)
        {
            return;
        }
        hidden.Write(" FILTER (WHERE "u8);
        if (!needed.IsEmpty)
        {
            hidden.Write("("u8);
            hidden.Write(needed);
            hidden.Write(") IS NOT NULL"u8);
            hidden.Write(isFiltered ? " AND "u8 : default);
        }
        if (isFiltered)
        {
            hidden.Write("("u8);
            hidden.Write(item[_filter]);
            hidden.Write(")"u8);
        }
        hidden.Write(")"u8);
    }

    private static void Write(ArrayBufferWriter<byte> hidden, string text)
    {
        foreach (char letter in text)
        {
            hidden.Write([(byte)letter]);
        }
    }

    private bool TryRead(SqlLexer lexer)
    {
        while (lexer.Next() && !lexer.IsSymbol('(')) { }
        int depth = 1;
        int start = lexer.End;
        int end = start;
        bool isFirst = true;
        bool isName = false;
        bool isKey = false;
        bool isInOrder = false;
        while (depth > 0 && lexer.Next())
        {
            depth += Step(lexer);
            bool isTop = depth == 1 && !isName;
            if (isFirst && isTop && (lexer.IsWord("distinct"u8) || lexer.IsWord("all"u8)))
            {
                start = lexer.End;
                continue;
            }
            isFirst = false;
            bool isOrder = isTop && !isInOrder && lexer.IsWord("order"u8);
            bool isComma = depth == 1 && lexer.IsSymbol(',');
            if (depth == 0 || isOrder || isComma)
            {
                (isInOrder ? _keys : _arguments).AddRange(isInOrder && !isKey ? [] : [start..end]);
                start = lexer.End;
                isKey = isInOrder;
            }
            bool isDirection =
                isInOrder
                && isTop
                && isKey
                && end > start
                && (lexer.IsWord("asc"u8) || lexer.IsWord("desc"u8) || lexer.IsWord("nulls"u8));
            if (isDirection)
            {
                // The rest up to the next comma says how, and not what.
                _keys.Add(start..end);
                isKey = false;
            }
            if (isOrder)
            {
                if (!lexer.Next() || !lexer.IsWord("by"u8))
                {
                    return false;
                }
                isInOrder = true;
                isKey = true;
                start = lexer.End;
                _order = start..start;
            }
            if (depth == 0 && isInOrder)
            {
                _order = _order.Start..end;
            }
            isName = lexer.IsSymbol('.');
            end = lexer.End;
        }
        return depth == 0 && TryFilter(lexer);
    }

    private bool TryFilter(SqlLexer lexer)
    {
        if (!lexer.Next() || !lexer.IsWord("filter"u8) || !lexer.Next() || !lexer.IsSymbol('('))
        {
            return lexer.Error == LexicalError.None;
        }
        if (!lexer.Next() || !lexer.IsWord("where"u8))
        {
            return false;
        }
        int start = lexer.End;
        int depth = 1;
        while (depth > 0 && lexer.Next())
        {
            depth += Step(lexer);
        }
        _filter = start..lexer.Start;
        return depth == 0;
    }

    private static int Step(in SqlLexer lexer) =>
        lexer.IsSymbol('(') || lexer.IsSymbol('[') ? 1
        : lexer.IsSymbol(')') || lexer.IsSymbol(']') ? -1
        : 0;
}
