// COPY's binary format: a header, tuples of counted fields, a trailer.
using System.Buffers.Binary;

namespace Drover.Routing.Copying;

/// <summary>Follows NextCopyFrom and its readers (src/backend/commands/copyfromparse.c).</summary>
/// <remarks>https://www.postgresql.org/docs/18/sql-copy.html, Binary Format.</remarks>
internal sealed class BinarySplitter(CopyPlan plan) : CopySplitter(plan)
{
    /// <summary>Signature, flags, and the length of the extension behind them.</summary>
    public const int HeaderBytes = 19;

    private readonly byte[] _word = new byte[HeaderBytes];
    private Part _part;
    private int _wordCount;
    private bool _isHeader;
    private bool _isWhole;
    private long _skip;
    private int _field;
    private long _length;
    private long _keyAt;
    private int _keyLength;

    private enum Part
    {
        Header,
        Count,
        Field,
    }

    /// <summary>The first bytes of any such data: PGCOPY, and what a text transfer would spoil.</summary>
    private static ReadOnlySpan<byte> Signature => [80, 71, 67, 79, 80, 89, 10, 0xff, 13, 10, 0];

    /// <summary>Behind the last row.</summary>
    public static ReadOnlySpan<byte> Trailer => [0xff, 0xff];

    protected override int Scan(ReadOnlySpan<byte> fresh)
    {
        int i = 0;
        while (Failure is null)
        {
            int passed = (int)Math.Min(_skip, fresh.Length - i);
            _skip -= passed;
            i += passed;
            if (_skip > 0)
            {
                break;
            }
            if (_isWhole)
            {
                _isWhole = false;
                _length = 0;
                return i;
            }
            int missing = Needed - _wordCount;
            int taken = Math.Min(missing, fresh.Length - i);
            fresh.Slice(i, taken).CopyTo(_word.AsSpan(_wordCount));
            _wordCount += taken;
            i += taken;
            if (taken < missing)
            {
                break;
            }
            _wordCount = 0;
            Step(_length + i);
        }
        _length += fresh.Length;
        return -1;
    }

    protected override bool Read(ReadOnlySpan<byte> row, ref int shard)
    {
        if (_isHeader || IsEnded)
        {
            return _isHeader;
        }
        if (_keyLength < 0)
        {
            FailKey(isNull: true);
            return false;
        }
        shard = ShardOf(row.Slice((int)_keyAt, _keyLength), isBinary: true);
        return Failure is null;
    }

    protected override bool IsRowAtEnd(ReadOnlySpan<byte> rest)
    {
        if (_part == Part.Header)
        {
            Fail("COPY file signature not recognized");
        }
        // Half a count is an end like none at all.
        else if (_part != Part.Count)
        {
            Fail("unexpected EOF in COPY data");
        }
        return false;
    }

    protected override void Ignore(ReadOnlySpan<byte> behind) => Fail("received copy data after EOF marker");

    private int Needed =>
        _part switch
        {
            Part.Header => HeaderBytes,
            Part.Count => sizeof(short),
            _ => sizeof(int),
        };

    /// <summary>A word is there.</summary>
    /// <param name="behind">Where in the row it ends.</param>
    private void Step(long behind)
    {
        switch (_part)
        {
            case Part.Header:
                _skip = BinaryPrimitives.ReadInt32BigEndian(_word.AsSpan(HeaderBytes - sizeof(int)));
                if (!_word.AsSpan().StartsWith(Signature))
                {
                    Fail("COPY file signature not recognized");
                }
                else if (_skip < 0)
                {
                    Fail("invalid COPY file header (missing length)");
                }
                _isHeader = _isWhole = true;
                _part = Part.Count;
                break;
            case Part.Count:
                _isHeader = false;
                Count(BinaryPrimitives.ReadInt16BigEndian(_word));
                break;
            default:
                Field(BinaryPrimitives.ReadInt32BigEndian(_word), behind);
                break;
        }
    }

    private void Count(int fields)
    {
        Line++;
        _field = 0;
        if (fields == -1)
        {
            IsEnded = _isWhole = true;
        }
        else if (fields != Plan.Columns.Length)
        {
            Fail($"row field count is {fields}, expected {Plan.Columns.Length}");
        }
        else
        {
            _part = Part.Field;
        }
    }

    private void Field(int length, long behind)
    {
        if (length < -1)
        {
            Fail("invalid field size");
            return;
        }
        if (_field == Plan.Key!.Index)
        {
            _keyAt = behind;
            _keyLength = length;
        }
        _skip = Math.Max(length, 0);
        _field++;
        if (_field == Plan.Columns.Length)
        {
            _isWhole = true;
            _part = Part.Count;
        }
    }
}
