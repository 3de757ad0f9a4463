// Makes the shape of a statement: its tokens, with literals out and their kinds in, lists and rows as one.
using System.Buffers.Binary;

namespace Drover.Sql.Shapes;

/// <summary>
/// Two texts with one shape have parse trees that are equal but for the values of literals and the number of
/// elements in collapsed lists and rows: the grammar sees kinds of tokens and never their values, but for a minus
/// in front of a number, which is folded into it where both readings are one. So which literals decide how a
/// statement is run (a LIMIT, an ordinal, a type's length) is the same for all texts of a shape; <see
/// cref="AppendValues"/> puts those into the key, the others are read at run time, from <see
/// cref="ShapeBuffer.Items"/>.
/// </summary>
/// <remarks>
/// The key can be read back token by token, so different shapes have different keys: names and operators end in <see
/// cref="TokenEnd"/>, which cannot be in them; quoted names end in their quote; marks are bytes that begin no token.
/// </remarks>
internal ref struct StatementShape
{
    private const byte LiteralMark = 0x01;
    private const byte ListMark = 0x02;
    private const byte RowsMark = 0x03;
    private const byte RepeatMark = 0x04;
    private const byte HintMark = 0x05;
    private const byte ValuesMark = 0x06;
    private const byte TokenEnd = 0x1f;

    private readonly ReadOnlySpan<byte> _sql;
    private readonly ShapeBuffer _buffer;
    private SqlLexer _lexer;
    private bool _maySignFollow;

    private StatementShape(ReadOnlySpan<byte> sql, bool conforming, ShapeBuffer buffer)
    {
        _sql = sql;
        _buffer = buffer;
        _lexer = new SqlLexer(sql, conforming);
    }

    /// <summary>
    /// Makes the shape in the buffer. False if the text is not lexically SQL, or a bound of <see
    /// cref="ShapeLimits"/> is passed: such a statement has no shape.
    /// </summary>
    public static bool TryBuild(ReadOnlySpan<byte> sql, ShapeContext context, ShapeBuffer buffer)
    {
        buffer.Begin(context.Prefix);
        StatementShape shape = new(sql, context.ConformingStrings, buffer);
        while (shape._lexer.Next())
        {
            if (!shape.TryAppendToken() || buffer.IsRefused)
            {
                return false;
            }
        }
        if (shape._lexer.HintCount > 0)
        {
            // Its words are read at run time, as keys are; with two of them, which one counts is not decided here.
            buffer.Hint = shape._lexer.Hint;
            buffer.Append(HintMark);
            buffer.Append((byte)Math.Min(2, shape._lexer.HintCount));
        }
        return shape._lexer.Error == LexicalError.None && !buffer.IsRefused;
    }

    /// <summary>Puts the texts of literals into the key, when they decide how the statement is run.</summary>
    /// <param name="sql">The text.</param>
    /// <param name="buffer">Its shape.</param>
    /// <param name="slots">Places of the shape.</param>
    public static bool AppendValues(ReadOnlySpan<byte> sql, ShapeBuffer buffer, ReadOnlySpan<int> slots)
    {
        foreach (int index in slots)
        {
            ShapeSlot slot = buffer.Slots[index];
            buffer.Append(ValuesMark);
            AppendNumber(buffer, slot.Count);
            for (int i = 0; i < slot.Count; i++)
            {
                ShapeItem item = buffer.Items[slot[i]];
                AppendNumber(buffer, item.Length);
                buffer.Append(sql.Slice(item.Start, item.Length));
            }
        }
        return !buffer.IsRefused;
    }

    private bool TryAppendToken()
    {
        switch (_lexer.Kind)
        {
            case LexemeKind.Word:
                AppendWord();
                return true;
            case LexemeKind.Symbol when _maySignFollow && _sql[_lexer.Start] == '-' && TryAppendSigned():
                return true;
            case LexemeKind.QuotedName or LexemeKind.UnicodeName:
                _buffer.Append(_lexer.Text);
                _buffer.Append(TokenEnd);
                _maySignFollow = false;
                return true;
            case LexemeKind.Other:
                return false;
            default:
                ItemKinds kind = LiteralKind.Of(_lexer, hasSign: false);
                if (kind is ItemKinds.None or ItemKinds.Parameter)
                {
                    AppendAsIs();
                    return true;
                }
                AppendLiteral(new ShapeItem(_lexer.Start, _lexer.Length, kind));
                return true;
        }
    }

    private void AppendAsIs()
    {
        byte first = _sql[_lexer.Start];
        if (_lexer.Length == 1)
        {
            _buffer.Append(first, TokenEnd);
        }
        else
        {
            _buffer.Append(_lexer.Text);
            _buffer.Append(TokenEnd);
        }
        _maySignFollow =
            _lexer.Kind == LexemeKind.Comparison
            || (
                _lexer.Kind == LexemeKind.Symbol
                && first is (byte)'(' or (byte)',' or (byte)'=' or (byte)'<' or (byte)'>'
            );
    }

    private void AppendLiteral(ShapeItem item)
    {
        _buffer.AddSlot(new ShapeSlot(_buffer.ItemCount, 1, 1));
        _buffer.AddItem(item);
        _buffer.Append(LiteralMark);
        AppendKinds(_buffer, item.Kind);
        _maySignFollow = false;
    }

    /// <summary>A minus and a number as one, when nothing behind it binds more tightly than the minus.</summary>
    private bool TryAppendSigned()
    {
        SqlLexer ahead = _lexer;
        int start = ahead.Start;
        if (!ahead.Next() || ahead.Kind is not (LexemeKind.Integer or LexemeKind.Numeric))
        {
            return false;
        }
        ItemKinds kind = LiteralKind.Of(ahead, hasSign: true);
        int end = ahead.End;
        SqlLexer behind = ahead;
        behind.Next();
        if (behind.Kind == LexemeKind.Typecast || behind.IsSymbol('[') || behind.IsSymbol('.'))
        {
            return false;
        }
        _lexer = ahead;
        AppendLiteral(new ShapeItem(start, end - start, kind));
        return true;
    }

    private void AppendWord()
    {
        ReadOnlySpan<byte> word = _lexer.Text;
        _maySignFollow = false;
        // N'…' is the keyword nchar and a string; n '…' is a string of the type n.
        bool isNational =
            word.Length == 1 && (word[0] | 0x20) == 'n' && _lexer.End < _sql.Length && _sql[_lexer.End] == '\'';
        if (isNational)
        {
            _buffer.Append("nchar"u8);
            _buffer.Append(TokenEnd);
            return;
        }
        _buffer.AppendLower(_sql, _lexer.Start, word.Length, TokenEnd);
        switch (word.Length)
        {
            case 2 when StatementScanner.Is(word, "in"u8):
                AppendList('(', ')');
                break;
            case 5 when (word[0] | 0x20) == 'a' && StatementScanner.Is(word, "array"u8):
                AppendList('[', ']');
                break;
            case 6 when (word[0] | 0x20) == 'v' && StatementScanner.Is(word, "values"u8):
                AppendRows();
                break;
        }
    }

    /// <summary>A list of literals and parameters, if one follows.</summary>
    private void AppendList(char open, char close)
    {
        SqlLexer ahead = _lexer;
        if (!ahead.Next() || !ahead.IsSymbol(open))
        {
            return;
        }
        int first = _buffer.ItemCount;
        ItemKinds kinds = ItemKinds.None;
        do
        {
            if (!TryReadItem(ref ahead, out ShapeItem item, out bool isEnd, close))
            {
                _buffer.RewindItems(first);
                return;
            }
            _buffer.AddItem(item);
            kinds |= item.Kind;
            if (isEnd)
            {
                break;
            }
        } while (!_buffer.IsRefused);
        int count = _buffer.ItemCount - first;
        _buffer.AddSlot(new ShapeSlot(first, 1, count));
        _buffer.Append(ListMark);
        // (1) is a number and (1, 2) a row where the grammar is not asking for a list.
        _buffer.Append(count == 1 ? (byte)1 : (byte)2);
        AppendKinds(_buffer, kinds);
        _lexer = ahead;
    }

    /// <summary>
    /// Rows of literals and parameters as one, then other rows, of which those that look like the one before are
    /// left out.
    /// </summary>
    private void AppendRows()
    {
        SqlLexer ahead = _lexer;
        if (!ahead.Next() || !ahead.IsSymbol('('))
        {
            return;
        }
        if (AppendSimpleRows())
        {
            if (!TryStepToNextRow())
            {
                return;
            }
            AppendAsIs();
        }
        AppendOtherRows();
    }

    private bool AppendSimpleRows()
    {
        int first = _buffer.ItemCount;
        int width = 0;
        int rows = 0;
        SqlLexer ahead = _lexer;
        SqlLexer last = _lexer;
        while (ahead.Next() && ahead.IsSymbol('(') && !_buffer.IsRefused)
        {
            int column = 0;
            int rowStart = _buffer.ItemCount;
            bool isEnd = false;
            while (!isEnd && column < RowColumnsMax && TryReadItem(ref ahead, out ShapeItem item, out isEnd, ')'))
            {
                _buffer.AddItem(item);
                column++;
            }
            if (!isEnd || (rows > 0 && column != width))
            {
                _buffer.RewindItems(rowStart);
                break;
            }
            width = column;
            rows++;
            last = ahead;
            if (!ahead.Next() || !ahead.IsSymbol(','))
            {
                break;
            }
        }
        if (rows == 0)
        {
            return false;
        }
        _lexer = last;
        _buffer.Append(RowsMark);
        _buffer.Append(rows == 1 ? (byte)1 : (byte)2);
        AppendNumber(_buffer, width);
        Span<ItemKinds> kinds = stackalloc ItemKinds[RowColumnsMax];
        CollectKinds(first, width, rows, kinds);
        for (int column = 0; column < width; column++)
        {
            _buffer.AddSlot(new ShapeSlot(first + column, width, rows));
            AppendKinds(_buffer, kinds[column]);
        }
        return true;
    }

    /// <summary>Kinds by column, of whole rows only.</summary>
    private readonly void CollectKinds(int first, int width, int rows, Span<ItemKinds> kinds)
    {
        kinds.Clear();
        ReadOnlySpan<ShapeItem> items = _buffer.Items.Slice(first, width * rows);
        for (int i = 0, column = 0; i < items.Length; i++, column = column + 1 == width ? 0 : column + 1)
        {
            kinds[column] |= items[i].Kind;
        }
    }

    /// <summary>Rows with expressions in them. Leaves the lexer on the last token of the last row.</summary>
    private void AppendOtherRows()
    {
        RowMarks previous = default;
        bool isRepeated = false;
        bool isFirst = true;
        do
        {
            RowMarks row = new(_buffer.KeyLength, _buffer.SlotCount, _buffer.ItemCount);
            if (!isFirst)
            {
                AppendAsIs();
            }
            int key = _buffer.KeyLength;
            if (!TryAppendRow())
            {
                return;
            }
            int items = _buffer.ItemCount - row.Items;
            row = row with
            {
                KeyStart = key,
                // A list in a row has as many items as it likes: such rows stay.
                IsPlain = _buffer.SlotCount - row.Slots == items,
                KeyLength = _buffer.KeyLength - key,
            };
            if (row.IsPlain && previous.IsPlain && IsSameRow(previous, row))
            {
                _buffer.RewindKey(row.Key);
                _buffer.RewindSlots(row.Slots);
                _buffer.ExtendSlots(previous.Slots, items);
                isRepeated = true;
            }
            else
            {
                previous = row;
            }
            isFirst = false;
        } while (TryStepToNextRow());
        if (isRepeated)
        {
            _buffer.Append(RepeatMark);
        }
    }

    /// <summary>Where a row began.</summary>
    private readonly record struct RowMarks(int Key, int Slots, int Items)
    {
        public bool IsPlain { get; init; }

        public int KeyStart { get; init; }

        public int KeyLength { get; init; }
    }

    private readonly bool IsSameRow(RowMarks one, RowMarks other) =>
        _buffer
            .Key.Slice(one.KeyStart, one.KeyLength)
            .SequenceEqual(_buffer.Key.Slice(other.KeyStart, other.KeyLength));

    /// <summary>Onto the comma between two rows; false, and no step, behind the last row.</summary>
    private bool TryStepToNextRow()
    {
        SqlLexer ahead = _lexer;
        if (!ahead.Next() || !ahead.IsSymbol(','))
        {
            return false;
        }
        SqlLexer comma = ahead;
        if (!ahead.Next() || !ahead.IsSymbol('('))
        {
            return false;
        }
        _lexer = comma;
        return true;
    }

    /// <summary>All tokens from an opening parenthesis to its closing one.</summary>
    private bool TryAppendRow()
    {
        int depth = 0;
        while (_lexer.Next() && !_buffer.IsRefused)
        {
            depth +=
                _lexer.IsSymbol('(') ? 1
                : _lexer.IsSymbol(')') ? -1
                : 0;
            if (!TryAppendToken())
            {
                _buffer.Refuse();
                return false;
            }
            if (depth == 0)
            {
                return true;
            }
        }
        return false;
    }

    /// <summary>Columns of rows that are collapsed at once; wider ones are compared as text.</summary>
    private const int RowColumnsMax = 128;

    /// <summary>Reads a literal and the comma or the end behind it.</summary>
    private static bool TryReadItem(ref SqlLexer ahead, out ShapeItem item, out bool isEnd, char close)
    {
        item = default;
        isEnd = false;
        if (!ahead.Next())
        {
            return false;
        }
        int start = ahead.Start;
        bool hasSign = ahead.IsSymbol('-');
        if (hasSign && (!ahead.Next() || ahead.Kind is not (LexemeKind.Integer or LexemeKind.Numeric)))
        {
            return false;
        }
        ItemKinds kind =
            ahead.Kind == LexemeKind.Word ? LiteralKind.OfWord(ahead.Text) : LiteralKind.Of(ahead, hasSign);
        if (kind == ItemKinds.None)
        {
            return false;
        }
        item = new ShapeItem(start, ahead.End - start, kind);
        if (!ahead.Next())
        {
            return false;
        }
        isEnd = ahead.IsSymbol(close);
        return isEnd || ahead.IsSymbol(',');
    }

    private static void AppendKinds(ShapeBuffer buffer, ItemKinds kinds)
    {
        buffer.Append((byte)kinds, (byte)((ushort)kinds >> 8));
    }

    private static void AppendNumber(ShapeBuffer buffer, int number)
    {
        Span<byte> bytes = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, number);
        buffer.Append(bytes);
    }
}
