// COPY's CSV: a line is a row unless its end stands in quotes.
using System.Buffers;

namespace Drover.Routing.Copying;

/// <summary>
/// Follows CopyReadLineText and CopyReadAttributesCSV (src/backend/commands/copyfromparse.c).
/// </summary>
internal sealed class CsvSplitter : LineSplitter
{
    private readonly SearchValues<byte> _special;
    private readonly bool _endsAtMark;
    private readonly byte _quote;
    private readonly byte _escape;

    /// <summary>Whether a quote can be escaped by another byte than itself.</summary>
    private readonly bool _hasEscape;
    private byte[] _plain = [];
    private bool _isInQuote;
    private bool _wasEscape;
    private long _inner;

    /// <summary>Makes one.</summary>
    /// <param name="plan">What the COPY says.</param>
    /// <param name="endsAtMark">A line with <c>\.</c> alone ends the data.</param>
    public CsvSplitter(CopyPlan plan, bool endsAtMark)
        : base(plan)
    {
        _quote = plan.Form.Quote;
        _escape = plan.Form.Escape;
        _hasEscape = _quote != _escape;
        _endsAtMark = endsAtMark;
        _special = SearchValues.Create([_quote, _escape, (byte)'\n', (byte)'\r']);
    }

    protected override int Scan(ReadOnlySpan<byte> fresh)
    {
        for (int i = 0; i < fresh.Length && Failure is null; )
        {
            if (IsAtReturn)
            {
                return Ended(i + BehindReturn(fresh[i]));
            }
            int found = fresh[i..].IndexOfAny(_special);
            if (found != 0)
            {
                _wasEscape = false;
            }
            if (found < 0)
            {
                break;
            }
            i += found + 1;
            byte c = fresh[i - 1];
            Note(c);
            if (_isInQuote || c is not ((byte)'\n' or (byte)'\r'))
            {
                continue;
            }
            if (c == '\n' ? EndsAtNewline() : EndsAtReturn())
            {
                return Ended(i);
            }
        }
        return -1;
    }

    protected override bool IsMark(ReadOnlySpan<byte> line, int length) =>
        _endsAtMark && length > line.Length && line.SequenceEqual(@"\."u8);

    protected override bool IsRowAtEnd(ReadOnlySpan<byte> rest)
    {
        Ended(0);
        return base.IsRowAtEnd(rest);
    }

    protected override KeyField FindKey(ReadOnlySpan<byte> line, out ReadOnlySpan<byte> key)
    {
        key = default;
        int at = 0;
        for (int field = 0; ; field++)
        {
            bool isKey = field == Plan.Key!.Index;
            int start = at;
            int length = ReadField(line, ref at, isKey, out bool isQuoted);
            if (length < 0)
            {
                return KeyField.Missing;
            }
            if (isKey)
            {
                return Judge(line[start..at], isQuoted ? _plain.AsSpan(0, length) : line[start..at], isQuoted, out key);
            }
            if (at == line.Length)
            {
                return KeyField.Missing;
            }
            at++;
        }
    }

    private KeyField Judge(ReadOnlySpan<byte> raw, ReadOnlySpan<byte> value, bool isQuoted, out ReadOnlySpan<byte> key)
    {
        CopyForm form = Plan.Form;
        key = value;
        if (!isQuoted && raw.SequenceEqual(form.Null))
        {
            // FORCE_NOT_NULL reads the mark as a value.
            key = form.Null;
            return Plan.Key!.IsForcedNotNull ? KeyField.Value : KeyField.Null;
        }
        if (form.Default is { } mark && raw.SequenceEqual(mark))
        {
            return KeyField.Default;
        }
        return Plan.Key!.IsForcedNull && value.SequenceEqual(form.Null) ? KeyField.Null : KeyField.Value;
    }

    private int Ended(int length)
    {
        Line += _inner;
        _inner = 0;
        return length;
    }

    private void Note(byte c)
    {
        if (_hasEscape && _isInQuote && c == _escape)
        {
            _wasEscape = !_wasEscape;
        }
        if (c == _quote && !_wasEscape)
        {
            _isInQuote = !_isInQuote;
        }
        if (!_hasEscape || c != _escape)
        {
            _wasEscape = false;
        }
        if (_isInQuote && c == (End == LineEnd.Newline ? (byte)'\n' : (byte)'\r'))
        {
            _inner++;
        }
    }

    /// <summary>
    /// Goes over a field to the delimiter behind it, or the end of the line. What it says, if that is asked for and is
    /// not what stands there, is put into <see cref="_plain"/>.
    /// </summary>
    /// <returns>How long it is; -1 if its quotes do not end.</returns>
    private int ReadField(ReadOnlySpan<byte> line, ref int at, bool isKept, out bool isQuoted)
    {
        isQuoted = false;
        byte delimiter = Plan.Form.Delimiter;
        int length = 0;
        if (isKept && _plain.Length < line.Length - at)
        {
            _plain = new byte[line.Length - at];
        }
        bool isInside = false;
        while (at < line.Length)
        {
            byte c = line[at];
            if (!isInside)
            {
                if (c == delimiter)
                {
                    return length;
                }
                at++;
                if (c == _quote)
                {
                    isQuoted = isInside = true;
                    continue;
                }
            }
            else
            {
                at++;
                if (c == _escape && at < line.Length && (line[at] == _escape || line[at] == _quote))
                {
                    c = line[at++];
                }
                else if (c == _quote)
                {
                    isInside = false;
                    continue;
                }
            }
            if (isKept)
            {
                _plain[length] = c;
            }
            length++;
        }
        return isInside ? -1 : length;
    }
}
