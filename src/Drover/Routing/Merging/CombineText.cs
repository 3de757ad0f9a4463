// The statement that shards are asked in the place of one whose rows are combined: bytes are put in, none is changed.
using System.Buffers;
using System.Text;
using Drover.Sql.Shapes;
using Drover.Sql.Statements;

namespace Drover.Routing.Merging;

/// <summary>
/// Behind the select list come the keys and sums that only the proxy sees, and before LIMIT the order of the groups.
/// Both places are found by tokens; what else the statement is was read from its tree before.
/// </summary>
internal ref struct CombineText
{
    private readonly ReadOnlySpan<byte> _sql;
    private readonly List<Range> _items = [];
    private SqlLexer _lexer;
    private int _depth;

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
        if (!text.TryItems(out int list) || text._items.Count != plan.Columns.Length || !text.TryEnd(out int end))
        {
            return null;
        }
        ArrayBufferWriter<byte> hidden = new();
        foreach (string key in plan.NamedKeys)
        {
            hidden.Write(Encoding.UTF8.GetBytes($", {key}"));
        }
        for (int i = 0; i < plan.Columns.Length; i++)
        {
            if (plan.Columns[i].Kind != CombineKind.Average)
            {
                continue;
            }
            ReadOnlySpan<byte> item = sql[text._items[i]];
            if (!TryArguments(item, conforming, out Range arguments))
            {
                return null;
            }
            hidden.Write(", pg_catalog.sum"u8);
            hidden.Write(item[arguments]);
            hidden.Write(", pg_catalog.count"u8);
            hidden.Write(item[arguments]);
        }
        SqlSplice splice = new SqlSplice().Replace(list, 0, hidden.WrittenSpan);
        if (plan.OrderBy.Length > 0)
        {
            string order = $"{(plan.HasOrderBy ? ", " : " ORDER BY ")}{plan.OrderBy} ";
            splice.Replace(end, 0, Encoding.UTF8.GetBytes(order));
        }
        ArrayBufferWriter<byte> made = new(sql.Length + hidden.WrittenCount);
        splice.Write(sql, made);
        return made.WrittenSpan.ToArray();
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

    /// <summary>Finds the end of all that comes before LIMIT and OFFSET.</summary>
    private bool TryEnd(out int end)
    {
        end = _lexer.End;
        bool isName = false;
        while (Next())
        {
            bool isBehind =
                _lexer.IsSymbol(';')
                || (!isName && (IsKeyword("limit"u8) || IsKeyword("offset"u8) || IsKeyword("fetch"u8)));
            if (isBehind)
            {
                return _depth == 0;
            }
            isName = _lexer.IsSymbol('.');
            end = _lexer.End;
        }
        return _depth == 0 && _lexer.Error == LexicalError.None;
    }

    /// <summary>Finds the arguments of a call with their parentheses, and FILTER behind them.</summary>
    private static bool TryArguments(ReadOnlySpan<byte> item, bool conforming, out Range arguments)
    {
        CombineText call = new(item, conforming);
        arguments = default;
        while (call.Next() && call._depth == 0) { }
        int start = call._lexer.Start;
        if (!call.TryClose())
        {
            return false;
        }
        arguments = new Range(start, call._lexer.End);
        if (!call.Next() || !call.IsKeyword("filter"u8))
        {
            return true;
        }
        // By itself it is the column's name.
        if (call.Next() && call._depth == 1 && call.TryClose())
        {
            arguments = new Range(start, call._lexer.End);
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
