// Values that several shards have gathered, each in the order that was asked for: in that order, those of all.
using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Drover.Protocol.Framing;

namespace Drover.Routing.Merging.Gathering;

/// <summary>A value with its keys; numbers, or places in the gathered bytes.</summary>
internal readonly record struct GatheredValue(int Start, int Length, bool IsNull, int KeysAt);

/// <summary>Arrays without an order are put together here too.</summary>
internal sealed class OrderedValues : ColumnCombiner
{
    /// <summary>What comes before the values, and behind them.</summary>
    private const int HeadBytes = 32;

    private static readonly int s_valueBytes = Unsafe.SizeOf<GatheredValue>();
    private static readonly int s_keyBytes = Unsafe.SizeOf<SortValue>();

    private readonly GatherPlan _plan;
    private readonly ColumnType[] _keyTypes;
    private readonly int _values;
    private readonly int _delimiterAt;
    private readonly int _keysAt;
    private readonly ColumnType _valueType;
    private readonly bool _isBinary;
    private readonly GatheredBytes _bytes = new();
    private readonly GatheredBytes _answer = new();
    private readonly List<GatheredValue> _gathered = [];
    private readonly List<SortValue> _keys = [];
    private readonly List<int> _runs = [];
    private readonly byte[] _arrayHead = new byte[8];
    private byte[] _delimiter = [];
    private uint _elementType;
    private bool _isThere;

    private OrderedValues(GatherPlan plan, int index, int part, IReadOnlyList<ColumnType> types)
    {
        _plan = plan;
        _delimiterAt = part;
        _values = plan.HasValues ? part + (plan.HasDelimiter ? 1 : 0) : index;
        _keysAt = part + plan.KeysAt;
        _valueType = types[_values];
        _isBinary = types[index].IsBinary;
        _keyTypes = [.. plan.Keys.Select((_, i) => types[_keysAt + i])];
    }

    public override bool IsNull => !_isThere;

    public override bool IsTooLarge =>
        _bytes.IsTooLarge
        || _bytes.Length
            + ((long)_gathered.Count * (sizeof(int) + _delimiter.Length + (2 * s_valueBytes)))
            + ((long)_keys.Count * s_keyBytes)
            + HeadBytes
            > GatheredBytes.BytesMax;

    /// <summary>Makes one; null if a type is none that was planned for.</summary>
    public static OrderedValues? Make(GatherPlan plan, int index, int part, IReadOnlyList<ColumnType> types)
    {
        OrderedValues made = new(plan, index, part, types);
        bool isPlanned = plan.Form switch
        {
            GatherForm.Array => ArrayTypes.IsKnown(types[index].Oid),
            GatherForm.Text => types[index].Oid == SortOrder.Text
                && made._valueType.Oid is ArrayTypes.Text or ArrayTypes.Varchar,
            _ => made._valueType.Oid == ArrayTypes.Text,
        };
        for (int i = 0; i < plan.Keys.Length; i++)
        {
            isPlanned &= made._keyTypes[i].Oid == ArrayTypes.Of(plan.Keys[i].TypeOid);
        }
        return isPlanned ? made : null;
    }

    public override bool TryAdd(in RowValues row)
    {
        if (_plan.HasDelimiter)
        {
            _delimiter = row.IsNull(_delimiterAt) ? [] : row[_delimiterAt].ToArray();
        }
        if (row.IsNull(_values))
        {
            return true;
        }
        _isThere = true;
        int first = _gathered.Count;
        _runs.Add(first);
        ArrayElements values = ArrayElements.Of(row[_values], _valueType.IsBinary);
        _elementType = values.ElementType;
        bool isRaw = _plan.Form == GatherForm.Array;
        while (values.TryNext() && !IsTooLarge)
        {
            int length = values.Raw.Length;
            Span<byte> room = _bytes.Reserve(length);
            int start = _bytes.Take(isRaw ? Copy(values.Raw, room) : values.CopyTo(room));
            _gathered.Add(new GatheredValue(start, _bytes.Length - start, values.IsNull, 0));
        }
        // What is too large is told once the group is over.
        return IsTooLarge || (!values.IsMalformed && TryAddKeys(row, first));
    }

    public override void Write(MessageWriter writer)
    {
        if (!_isThere)
        {
            writer.WriteNull();
            return;
        }
        Prepare();
        writer.WriteValue(_answer.Written);
    }

    public override void Clear()
    {
        _isThere = false;
        _bytes.Clear();
        _answer.Clear();
        _gathered.Clear();
        _keys.Clear();
        _runs.Clear();
    }

    private static int Copy(ReadOnlySpan<byte> value, Span<byte> room)
    {
        value.CopyTo(room);
        return value.Length;
    }

    /// <summary>
    /// Reads the keys of a shard's values, which have to be in their order. False if they are not, or are no such keys.
    /// </summary>
    private bool TryAddKeys(in RowValues row, int first)
    {
        int count = _gathered.Count - first;
        int width = _plan.Keys.Length;
        int at = _keys.Count;
        CollectionsMarshal.SetCount(_keys, at + (count * width));
        Span<SortValue> keys = CollectionsMarshal.AsSpan(_keys)[at..];
        for (int key = 0; key < width; key++)
        {
            if (row.IsNull(_keysAt + key))
            {
                return false;
            }
            ArrayElements elements = ArrayElements.Of(row[_keysAt + key], _keyTypes[key].IsBinary);
            int element = 0;
            for (; element < count && elements.TryNext(); element++)
            {
                if (!TryRead(elements, key, out keys[(element * width) + key]))
                {
                    return false;
                }
            }
            if (element < count || elements.TryNext() || elements.IsMalformed)
            {
                return false;
            }
        }
        Span<GatheredValue> gathered = CollectionsMarshal.AsSpan(_gathered)[first..];
        for (int i = 0; i < count; i++)
        {
            gathered[i] = gathered[i] with { KeysAt = at + (i * width) };
            if (i > 0 && !IsTooLarge && Compare(gathered[i - 1], gathered[i]) > 0)
            {
                return false;
            }
        }
        return true;
    }

    private bool TryRead(in ArrayElements element, int key, out SortValue value)
    {
        value = new SortValue(IsNull: true, 0, 0, 0);
        if (element.IsNull)
        {
            return true;
        }
        uint type = _plan.Keys[key].TypeOid;
        Span<byte> room = _bytes.Reserve(element.Raw.Length);
        int length = element.CopyTo(room);
        bool isBinary = _keyTypes[key].IsBinary;
        if (SortOrder.IsNumber(type))
        {
            bool isNumber = SortOrder.TryNumber(type, isBinary, room[..length], out long number);
            value = new SortValue(IsNull: false, number, 0, 0);
            return isNumber;
        }
        bool isValue = SortOrder.IsValue(type, isBinary, room[..length]);
        value = new SortValue(IsNull: false, 0, _bytes.Take(length), length);
        return isValue;
    }

    private int Compare(GatheredValue one, GatheredValue other)
    {
        ReadOnlySpan<SortValue> keys = CollectionsMarshal.AsSpan(_keys);
        ReadOnlySpan<byte> bytes = _bytes.Written;
        for (int i = 0; i < _plan.Keys.Length; i++)
        {
            GatherKey key = _plan.Keys[i];
            SortValue left = keys[one.KeysAt + i];
            SortValue right = keys[other.KeysAt + i];
            if (left.IsNull || right.IsNull)
            {
                if (left.IsNull != right.IsNull)
                {
                    return left.IsNull == key.HasNullsFirst ? -1 : 1;
                }
                continue;
            }
            int order = SortOrder.IsNumber(key.TypeOid)
                ? left.Number.CompareTo(right.Number)
                : SortOrder.Compare(
                    key.TypeOid,
                    _keyTypes[i].IsBinary,
                    bytes.Slice(left.Start, left.Length),
                    bytes.Slice(right.Start, right.Length)
                );
            if (order != 0)
            {
                return key.IsDescending ? -order : order;
            }
        }
        return 0;
    }

    /// <summary>Writes the value as its type has it.</summary>
    private void Prepare()
    {
        _answer.Clear();
        if (!_plan.Keys.IsEmpty)
        {
            MergeRuns();
            if (_plan.IsDistinct)
            {
                KeepDistinct();
            }
        }
        if (_plan.Form == GatherForm.Array && _isBinary)
        {
            PrepareBinaryArray();
            return;
        }
        _answer.Add(
            _plan.Form switch
            {
                GatherForm.Array => "{"u8,
                GatherForm.Text => default,
                GatherForm.Jsonb when _isBinary => [1, (byte)'['],
                _ => "["u8,
            }
        );
        ReadOnlySpan<byte> between = _plan.Form switch
        {
            GatherForm.Array => ","u8,
            GatherForm.Text => _delimiter,
            _ => ", "u8,
        };
        for (int i = 0; i < _gathered.Count; i++)
        {
            GatheredValue value = _gathered[i];
            _answer.Add(i == 0 ? default : between);
            _answer.Add(
                value.IsNull && _plan.Form is GatherForm.Json or GatherForm.Jsonb
                    ? "null"u8
                    : _bytes.Written.Slice(value.Start, value.Length)
            );
        }
        _answer.Add(
            _plan.Form switch
            {
                GatherForm.Array => "}"u8,
                GatherForm.Text => default,
                _ => "]"u8,
            }
        );
    }

    /// <summary>
    /// What each row has brought is in its order already: two neighbours become one until one is left. Equals stay in
    /// the order in which they came.
    /// </summary>
    private void MergeRuns()
    {
        GatheredValue[] from = [.. _gathered];
        GatheredValue[] into = _runs.Count > 1 ? new GatheredValue[from.Length] : from;
        while (_runs.Count > 1)
        {
            int runs = 0;
            for (int i = 0; i < _runs.Count; i += 2)
            {
                int start = _runs[i];
                int middle = i + 1 < _runs.Count ? _runs[i + 1] : from.Length;
                int end = i + 2 < _runs.Count ? _runs[i + 2] : from.Length;
                Merge(from, into, start, middle, end);
                _runs[runs++] = start;
            }
            _runs.RemoveRange(runs, _runs.Count - runs);
            (from, into) = (into, from);
        }
        from.CopyTo(CollectionsMarshal.AsSpan(_gathered));
    }

    private void Merge(GatheredValue[] from, GatheredValue[] into, int start, int middle, int end)
    {
        int left = start;
        int right = middle;
        for (int at = start; at < end; at++)
        {
            bool takesLeft = right == end || (left < middle && Compare(from[left], from[right]) <= 0);
            into[at] = takesLeft ? from[left++] : from[right++];
        }
    }

    private void KeepDistinct()
    {
        int kept = 0;
        for (int i = 0; i < _gathered.Count; i++)
        {
            if (kept == 0 || Compare(_gathered[kept - 1], _gathered[i]) != 0)
            {
                _gathered[kept++] = _gathered[i];
            }
        }
        _gathered.RemoveRange(kept, _gathered.Count - kept);
    }

    private void PrepareBinaryArray()
    {
        AddInt32(1);
        AddInt32(_gathered.Exists(static value => value.IsNull) ? 1 : 0);
        AddInt32((int)_elementType);
        AddInt32(_gathered.Count);
        AddInt32(1);
        foreach (GatheredValue value in _gathered)
        {
            AddInt32(value.IsNull ? -1 : value.Length);
            _answer.Add(_bytes.Written.Slice(value.Start, value.Length));
        }
    }

    private void AddInt32(int number)
    {
        BinaryPrimitives.WriteInt32BigEndian(_arrayHead, number);
        _answer.Add(_arrayHead.AsSpan(0, sizeof(int)));
    }
}
