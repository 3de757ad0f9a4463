// Texts and json that several shards have gathered in no order: one behind the other.
using Drover.Protocol.Framing;

namespace Drover.Routing.Merging.Gathering;

/// <param name="plan">Without keys.</param>
/// <param name="index">Where it stands.</param>
/// <param name="delimiter">The column that has what stands between texts.</param>
/// <param name="isBinary">The form that the client has asked for.</param>
internal sealed class JoinedValues(GatherPlan plan, int index, int delimiter, bool isBinary) : ColumnCombiner
{
    private readonly GatheredBytes _bytes = new();

    public override bool IsNull => _bytes.Length == 0 && !_isThere;

    public override bool IsTooLarge => _bytes.IsTooLarge;

    private bool _isThere;

    private (int Before, int Behind) Frame =>
        plan.Form switch
        {
            GatherForm.Text => (0, 0),
            GatherForm.JsonObject => (2, 2),
            // Of jsonb the version comes first in binary.
            GatherForm.Jsonb when isBinary => (2, 1),
            _ => (1, 1),
        };

    public override bool TryAdd(in RowValues row)
    {
        if (row.IsNull(index))
        {
            return true;
        }
        ReadOnlySpan<byte> value = row[index];
        (int before, int behind) = Frame;
        if (value.Length < before + behind)
        {
            return false;
        }
        if (_isThere)
        {
            _bytes.Add(
                !plan.HasDelimiter ? ", "u8
                : row.IsNull(delimiter) ? default
                : row[delimiter]
            );
        }
        else
        {
            _bytes.Add(value[..before]);
        }
        _bytes.Add(value[before..^behind]);
        _isThere = true;
        return true;
    }

    public override void Write(MessageWriter writer)
    {
        if (!_isThere)
        {
            writer.WriteNull();
            return;
        }
        _bytes.Add(
            plan.Form switch
            {
                GatherForm.Text => default,
                GatherForm.JsonObject => " }"u8,
                _ => "]"u8,
            }
        );
        writer.WriteValue(_bytes.Written);
    }

    public override void Clear()
    {
        _isThere = false;
        _bytes.Clear();
    }
}

/// <summary>What is held of one value of one group; its memory is kept for the next.</summary>
internal sealed class GatheredBytes
{
    /// <summary>Of one value in one answer; PostgreSQL's own limit is four times that.</summary>
    public const int BytesMax = 256 * 1024 * 1024;

    private byte[] _bytes = [];

    public int Length { get; private set; }

    public bool IsTooLarge { get; private set; }

    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, Length);

    /// <summary>Adds bytes, and gives where they begin; nothing any more once it is too large.</summary>
    public int Add(ReadOnlySpan<byte> value)
    {
        int start = Length;
        value.CopyTo(Reserve(value.Length));
        Length = IsTooLarge ? start : start + value.Length;
        return start;
    }

    /// <summary>Room for bytes to come; <see cref="Take"/> says how many have.</summary>
    public Span<byte> Reserve(int count)
    {
        IsTooLarge |= count > BytesMax - Length;
        if (IsTooLarge)
        {
            return new byte[count];
        }
        if (_bytes.Length - Length < count)
        {
            Array.Resize(ref _bytes, Math.Max(Length + count, Math.Min(_bytes.Length * 2, BytesMax)));
        }
        return _bytes.AsSpan(Length, count);
    }

    /// <summary>So many of the reserved bytes have been written. Gives where they begin.</summary>
    public int Take(int count)
    {
        int start = Length;
        Length = IsTooLarge ? start : start + count;
        return start;
    }

    public void Clear()
    {
        Length = 0;
        IsTooLarge = false;
    }
}
