// A stream of COPY data, cut into rows with the shard of each.
using Drover.Routing.Keys;
using Drover.Topology.Keys;

namespace Drover.Routing.Copying;

/// <summary>A piece of the stream that stays together. Holds until the splitter is asked again.</summary>
/// <param name="shard">The number of the shard; 0 for what goes to all.</param>
/// <param name="bytes">As they came.</param>
internal readonly ref struct CopyRow(int shard, ReadOnlySpan<byte> bytes)
{
    public int Shard { get; } = shard;

    public ReadOnlySpan<byte> Bytes { get; } = bytes;

    /// <summary>A header.</summary>
    public bool IsForAll => Shard == 0;
}

/// <summary>
/// Takes the stream in pieces that are cut anywhere, and gives rows back as they came. A row within a piece is not
/// copied; of one that is not whole its beginning is kept, and nothing else.
/// </summary>
internal abstract class CopySplitter(CopyPlan plan)
{
    /// <summary>A row from here on is kept in the splitter, from where it is sent bit by bit.</summary>
    public const int LargeBytes = 64 * 1024;

    /// <summary>PostgreSQL has no larger field either (MaxAllocSize).</summary>
    private const int RowBytesMax = 1024 * 1024 * 1024 - 1;

    private byte[] _kept = [];
    private int _keptCount;
    private bool _isGiven;

    protected CopyPlan Plan { get; } = plan;

    /// <summary>Why nothing more can be split; null while it can.</summary>
    public RouteRefusal? Failure { get; protected set; }

    /// <summary>The data says that it has ended; what follows is passed over.</summary>
    protected bool IsEnded { get; set; }

    /// <summary>Lines, or rows in binary, so far.</summary>
    protected long Line { get; set; }

    /// <summary>The row that was given last, when it is a large one.</summary>
    public ReadOnlySpan<byte> Kept => _kept.AsSpan(0, _keptCount);

    /// <summary>The one for a format.</summary>
    /// <param name="plan">What the COPY says.</param>
    /// <param name="endsAtMark">Of CSV: a line with <c>\.</c> alone ends it, as servers before 18 have it.</param>
    public static CopySplitter For(CopyPlan plan, bool endsAtMark) =>
        plan.Form.Format switch
        {
            CopyFormat.Text => new TextSplitter(plan),
            CopyFormat.Csv => new CsvSplitter(plan, endsAtMark),
            _ => new BinarySplitter(plan),
        };

    /// <summary>The next row in a piece.</summary>
    /// <param name="data">Advanced behind what was taken.</param>
    /// <param name="row">The row.</param>
    /// <returns>False if the piece has no whole one any more, or there is a <see cref="Failure"/>.</returns>
    public bool TryNext(ref ReadOnlySpan<byte> data, out CopyRow row)
    {
        row = default;
        Forget();
        while (Failure is null && data.Length > 0)
        {
            if (IsEnded)
            {
                Ignore(data);
                data = default;
                return false;
            }
            int length = Scan(data);
            if (Failure is not null)
            {
                return false;
            }
            ReadOnlySpan<byte> taken = length < 0 ? data : data[..length];
            data = data[taken.Length..];
            bool isKept = length < 0 || _keptCount > 0 || length >= LargeBytes;
            if (isKept && !Keep(taken))
            {
                return false;
            }
            if (length < 0)
            {
                return false;
            }
            int shard = 0;
            bool isRow = Read(isKept ? Kept : taken, ref shard);
            if (isRow && Failure is null)
            {
                row = new CopyRow(shard, isKept ? Kept : taken);
                _isGiven = true;
                return true;
            }
            _keptCount = 0;
        }
        return false;
    }

    /// <summary>The stream has ended: what is left is the last row.</summary>
    public bool TryFinish(out CopyRow row)
    {
        row = default;
        Forget();
        if (Failure is not null || IsEnded || !IsRowAtEnd(Kept) || Failure is not null)
        {
            return false;
        }
        int shard = 0;
        if (!Read(Kept, ref shard) || Failure is not null)
        {
            return false;
        }
        row = new CopyRow(shard, Kept);
        _isGiven = true;
        return true;
    }

    /// <summary>
    /// Looks at bytes for the first time: how many of them belong to the row, or -1 if it does not end in them.
    /// </summary>
    protected abstract int Scan(ReadOnlySpan<byte> fresh);

    /// <summary>Reads a whole row; false if it is none, and goes nowhere.</summary>
    protected abstract bool Read(ReadOnlySpan<byte> row, ref int shard);

    /// <summary>Whether what is left at the end of the stream is a row.</summary>
    protected abstract bool IsRowAtEnd(ReadOnlySpan<byte> rest);

    /// <summary>Bytes behind the end.</summary>
    protected virtual void Ignore(ReadOnlySpan<byte> behind) { }

    /// <summary>The data is not what its format says.</summary>
    protected void Fail(string message, string? hint = null) =>
        Failure ??= new RouteRefusal("22P04", message, Hint: hint, Context: Context());

    /// <summary>The shard of a key; 0 when there is a <see cref="Failure"/>.</summary>
    protected int ShardOf(ReadOnlySpan<byte> value, bool isBinary)
    {
        CopyKey key = Plan.Key!;
        bool isKey = TryHash(key.Target, value, isBinary, out ulong hash);
        int shard = isKey ? key.Group.ShardOf(hash) : 0;
        if (shard != 0)
        {
            return shard;
        }
        RouteRefusal refusal = isKey
            ? Refusals.KeyIsNowhere(key.Sharded, key.Group)
            : Refusals.KeyIsNoValue(key.Sharded);
        Failure = refusal with { Context = Context(isBinary ? "" : KeyContext(value)) };
        return 0;
    }

    /// <summary>The key is NULL, or the column's default.</summary>
    protected void FailKey(bool isNull)
    {
        RouteRefusal refusal = isNull
            ? Refusals.KeyIsNull(Plan.Key!.Sharded)
            : Refusals.KeyIsMissing(Plan.Key!.Sharded, "Its value is the column's default.");
        Failure ??= refusal with { Context = Context($", column {Plan.Key.Sharded.KeyColumn}") };
    }

    /// <summary>Where in the data, in PostgreSQL's words.</summary>
    protected string Context(string behind = "") => $"COPY {Plan.Table}, line {Line}{behind}";

    private static bool TryHash(KeyTarget target, ReadOnlySpan<byte> value, bool isBinary, out ulong hash)
    {
        hash = 0;
        bool isText = target.Type is KeyType.Text or KeyType.PaddedText;
        bool rounds = target is { Type: KeyType.Numeric, Modifier: >= 0 };
        return isBinary && !isText
            ? !rounds && target.TryOfBinary(value, out hash)
            : KeyColumnText.TryHash(target, value, out hash);
    }

    private string KeyContext(ReadOnlySpan<byte> value)
    {
        const int ShownMax = 100;
        string shown = System.Text.Encoding.UTF8.GetString(value[..Math.Min(value.Length, ShownMax)]);
        bool isCut = value.Length > ShownMax;
        // A zero byte would end the message.
        shown = shown.Replace('\0', ' ');
        return $", column {Plan.Key!.Sharded.KeyColumn}: \"{shown}{(isCut ? "..." : "")}\"";
    }

    private bool Keep(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > RowBytesMax - _keptCount)
        {
            Failure = new RouteRefusal(
                "54000",
                "a row of the data is too large",
                $"A row may have {RowBytesMax} bytes.",
                Context: Context()
            );
            return false;
        }
        int needed = _keptCount + bytes.Length;
        if (needed > _kept.Length)
        {
            Array.Resize(ref _kept, (int)Math.Min(RowBytesMax, Math.Max(needed, 2L * _kept.Length)));
        }
        bytes.CopyTo(_kept.AsSpan(_keptCount));
        _keptCount = needed;
        return true;
    }

    /// <summary>The row that was given is done with, and so is the memory of a very large one.</summary>
    private void Forget()
    {
        if (!_isGiven)
        {
            return;
        }
        _isGiven = false;
        _keptCount = 0;
        if (_kept.Length > 16 * LargeBytes)
        {
            _kept = [];
        }
    }
}
