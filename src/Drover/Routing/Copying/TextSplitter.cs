// COPY's text format: a line is a row, a backslash takes the next byte as it is.
namespace Drover.Routing.Copying;

/// <summary>
/// Follows CopyReadLineText and CopyReadAttributesText (src/backend/commands/copyfromparse.c).
/// </summary>
internal sealed class TextSplitter(CopyPlan plan) : LineSplitter(plan)
{
    private readonly byte _delimiter = plan.Form.Delimiter;
    private byte[] _plain = [];
    private State _state;
    private long _length;

    private enum State
    {
        Data,
        Backslash,

        /// <summary>Behind <c>\.</c> at the start of a line.</summary>
        Mark,

        /// <summary>Behind that and a carriage return.</summary>
        MarkReturn,
    }

    protected override int Scan(ReadOnlySpan<byte> fresh)
    {
        int i = 0;
        while (i < fresh.Length && Failure is null)
        {
            if (IsAtReturn)
            {
                return Ended(i + BehindReturn(fresh[i]));
            }
            switch (_state)
            {
                case State.Backslash:
                    // It is the second byte of its line if the backslash was the first.
                    bool isMark = fresh[i] == '.';
                    if (isMark && _length + i > 1)
                    {
                        Line++;
                        Fail("end-of-copy marker is not alone on its line");
                    }
                    _state = isMark ? State.Mark : State.Data;
                    i++;
                    break;
                case State.Mark or State.MarkReturn:
                    if (EndsMark(fresh[i++]))
                    {
                        IsEnded = true;
                        return Ended(i);
                    }
                    break;
                default:
                    int found = fresh[i..].IndexOfAny((byte)'\\', (byte)'\n', (byte)'\r');
                    if (found < 0)
                    {
                        i = fresh.Length;
                        break;
                    }
                    i += found + 1;
                    byte special = fresh[i - 1];
                    if (special == '\\')
                    {
                        _state = State.Backslash;
                    }
                    else if (special == '\n' ? EndsAtNewline() : EndsAtReturn())
                    {
                        return Ended(i);
                    }
                    break;
            }
        }
        _length += fresh.Length;
        return -1;
    }

    protected override bool IsMark(ReadOnlySpan<byte> line, int length) => IsEnded;

    protected override bool IsRowAtEnd(ReadOnlySpan<byte> rest)
    {
        if (_state is State.Mark or State.MarkReturn)
        {
            Line++;
            Fail("end-of-copy marker is not alone on its line");
        }
        return base.IsRowAtEnd(rest);
    }

    protected override KeyField FindKey(ReadOnlySpan<byte> line, out ReadOnlySpan<byte> key)
    {
        key = default;
        int start = 0;
        for (int field = 0; ; field++)
        {
            int end = FieldEnd(line, start);
            if (field == Plan.Key!.Index)
            {
                key = line[start..end];
                break;
            }
            if (end == line.Length)
            {
                return KeyField.Missing;
            }
            start = end + 1;
        }
        if (key.SequenceEqual(Plan.Form.Null))
        {
            return KeyField.Null;
        }
        if (Plan.Form.Default is { } mark && key.SequenceEqual(mark))
        {
            return KeyField.Default;
        }
        if (key.Contains((byte)'\\'))
        {
            key = Unescape(key);
        }
        return KeyField.Value;
    }

    private int Ended(int length)
    {
        _length = 0;
        return length;
    }

    /// <summary>A byte behind the mark: true when it ends the line, and with it the data.</summary>
    private bool EndsMark(byte next)
    {
        bool isReturn = next == '\r';
        if (End == LineEnd.Both && _state == State.Mark && isReturn)
        {
            _state = State.MarkReturn;
            return false;
        }
        bool isEnd = End switch
        {
            LineEnd.Unknown => isReturn || next == '\n',
            LineEnd.CarriageReturn => isReturn,
            LineEnd.Both => _state == State.MarkReturn && next == '\n',
            _ => next == '\n',
        };
        if (!isEnd)
        {
            Line++;
            Fail(
                isReturn || next == '\n'
                    ? "end-of-copy marker does not match previous newline style"
                    : "end-of-copy marker is not alone on its line"
            );
        }
        return isEnd;
    }

    private int FieldEnd(ReadOnlySpan<byte> line, int start)
    {
        for (int i = start; i < line.Length; i += 2)
        {
            int found = line[i..].IndexOfAny(_delimiter, (byte)'\\');
            if (found < 0)
            {
                return line.Length;
            }
            i += found;
            if (line[i] == _delimiter)
            {
                return i;
            }
        }
        return line.Length;
    }

    private ReadOnlySpan<byte> Unescape(ReadOnlySpan<byte> field)
    {
        if (_plain.Length < field.Length)
        {
            _plain = new byte[field.Length];
        }
        int length = 0;
        for (int i = 0; i < field.Length; )
        {
            byte c = field[i++];
            if (c == '\\')
            {
                if (i == field.Length)
                {
                    break;
                }
                c = Escaped(field, ref i);
            }
            _plain[length++] = c;
        }
        return _plain.AsSpan(0, length);
    }

    private static byte Escaped(ReadOnlySpan<byte> field, ref int i)
    {
        byte c = field[i++];
        switch (c)
        {
            case >= (byte)'0' and <= (byte)'7':
                int octal = c - '0';
                for (int digits = 1; digits < 3 && i < field.Length && field[i] is >= 48 and <= 55; digits++)
                {
                    octal = (octal << 3) + field[i++] - '0';
                }
                return (byte)octal;
            case (byte)'x' when i < field.Length && char.IsAsciiHexDigit((char)field[i]):
                int hex = 0;
                for (int digits = 0; digits < 2 && i < field.Length; digits++)
                {
                    if (!char.IsAsciiHexDigit((char)field[i]))
                    {
                        break;
                    }
                    hex = (hex << 4) + Convert.ToInt32(((char)field[i++]).ToString(), 16);
                }
                return (byte)hex;
            default:
                return c switch
                {
                    (byte)'b' => (byte)'\b',
                    (byte)'f' => (byte)'\f',
                    (byte)'n' => (byte)'\n',
                    (byte)'r' => (byte)'\r',
                    (byte)'t' => (byte)'\t',
                    (byte)'v' => (byte)'\v',
                    _ => c,
                };
        }
    }
}
