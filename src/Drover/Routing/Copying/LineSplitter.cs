// What text and CSV have in common: lines, a header, and one way to end a line throughout.
namespace Drover.Routing.Copying;

/// <summary>How lines end; the first one decides.</summary>
internal enum LineEnd
{
    Unknown,
    Newline,
    CarriageReturn,
    Both,
}

/// <summary>Follows CopyReadLineText of PostgreSQL (src/backend/commands/copyfromparse.c).</summary>
internal abstract class LineSplitter(CopyPlan plan) : CopySplitter(plan)
{
    private bool _hasHeader = plan.Form.HasHeader;
    private bool _isAtReturn;
    private bool _isUnended;

    protected LineEnd End { get; set; }

    /// <summary>A carriage return was the last byte; what follows says whether the line has ended.</summary>
    protected bool IsAtReturn => _isAtReturn;

    private string Literal => Plan.Form.Format == CopyFormat.Csv ? "unquoted" : "literal";

    /// <summary>A newline that is no data: whether it ends the line.</summary>
    protected bool EndsAtNewline()
    {
        if (End is LineEnd.CarriageReturn or LineEnd.Both)
        {
            FailLine($"{Literal} newline found in data", @"\n");
            return false;
        }
        End = LineEnd.Newline;
        return true;
    }

    /// <summary>A carriage return that is no data: true if it ends the line, false if the next byte decides.</summary>
    protected bool EndsAtReturn()
    {
        if (End == LineEnd.Newline)
        {
            FailLine($"{Literal} carriage return found in data", @"\r");
            return false;
        }
        _isAtReturn = End != LineEnd.CarriageReturn;
        return !_isAtReturn;
    }

    /// <summary>The byte behind a carriage return: how many bytes still belong to the line.</summary>
    protected int BehindReturn(byte next)
    {
        _isAtReturn = false;
        if (next == '\n')
        {
            End = LineEnd.Both;
            return 1;
        }
        if (End == LineEnd.Both)
        {
            FailLine($"{Literal} carriage return found in data", @"\r");
        }
        End = LineEnd.CarriageReturn;
        return 0;
    }

    protected override bool IsRowAtEnd(ReadOnlySpan<byte> rest)
    {
        // Its last line feed, if it has one, is escaped: it is data.
        _isUnended = !_isAtReturn;
        if (_isAtReturn)
        {
            BehindReturn(0);
        }
        return rest.Length > 0;
    }

    protected sealed override bool Read(ReadOnlySpan<byte> row, ref int shard)
    {
        Line++;
        ReadOnlySpan<byte> line = WithoutEnd(row);
        if (IsMark(line, row.Length))
        {
            IsEnded = true;
            return false;
        }
        if (_hasHeader)
        {
            _hasHeader = false;
            return true;
        }
        switch (FindKey(line, out ReadOnlySpan<byte> key))
        {
            case KeyField.Value:
                shard = ShardOf(key, isBinary: false);
                break;
            case KeyField.Null:
                FailKey(isNull: true);
                break;
            case KeyField.Default:
                FailKey(isNull: false);
                break;
            default:
                // Any server refuses it, each in the order in which it looks at a row's columns.
                shard = Plan.Key!.Group.AnyShard;
                break;
        }
        return Failure is null;
    }

    /// <summary>Whether a line is the mark that ends the data.</summary>
    /// <param name="line">Without its end.</param>
    /// <param name="length">With it.</param>
    protected virtual bool IsMark(ReadOnlySpan<byte> line, int length) => false;

    /// <summary>Finds the key in a line.</summary>
    protected abstract KeyField FindKey(ReadOnlySpan<byte> line, out ReadOnlySpan<byte> key);

    /// <summary>A failure in the line that is being looked at.</summary>
    protected void FailLine(string message, string escape)
    {
        Line++;
        Fail(
            message,
            Plan.Form.Format == CopyFormat.Csv
                ? $"Use quoted CSV field to represent {(escape == @"\n" ? "newline" : "carriage return")}."
                : $"Use \"{escape}\" to represent {(escape == @"\n" ? "newline" : "carriage return")}."
        );
    }

    private ReadOnlySpan<byte> WithoutEnd(ReadOnlySpan<byte> row) =>
        _isUnended
            ? row
            : End switch
            {
                LineEnd.Newline when row is [.. var line, (byte)'\n'] => line,
                LineEnd.CarriageReturn when row is [.. var line, (byte)'\r'] => line,
                LineEnd.Both when row is [.. var line, (byte)'\r', (byte)'\n'] => line,
                _ => row,
            };
}

/// <summary>What a line has where the key should be.</summary>
internal enum KeyField
{
    Value,
    Null,
    Default,

    /// <summary>The line ends before it, or in quotes.</summary>
    Missing,
}
