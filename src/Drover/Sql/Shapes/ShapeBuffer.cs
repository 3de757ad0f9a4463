// The memory in which a statement's shape is made; one per loop, used again for every statement.
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Drover.Sql.Shapes;

/// <summary>
/// Holds the shape's key and the literals of the statement that it was made from last. Grows to bounds with a name
/// and is not shared between threads.
/// </summary>
internal sealed class ShapeBuffer
{
    private byte[] _key = new byte[1024];
    private ShapeItem[] _items = new ShapeItem[64];
    private ShapeSlot[] _slots = new ShapeSlot[64];

    public int KeyLength { get; private set; }

    public int ItemCount { get; private set; }

    public int SlotCount { get; private set; }

    /// <summary>The shape, and its context in front.</summary>
    public ReadOnlySpan<byte> Key => _key.AsSpan(0, KeyLength);

    /// <summary>All literals in the order of the text.</summary>
    public ReadOnlySpan<ShapeItem> Items => _items.AsSpan(0, ItemCount);

    /// <summary>The places of the shape in its order.</summary>
    public ReadOnlySpan<ShapeSlot> Slots => _slots.AsSpan(0, SlotCount);

    /// <summary>Whether a bound was passed, or the text is not SQL; what is in the buffer then is no shape.</summary>
    public bool IsRefused { get; private set; }

    /// <summary>The comment that begins with <c>drover:</c>; empty if there is none.</summary>
    public Range Hint { get; set; }

    public void Begin(ReadOnlySpan<byte> prefix)
    {
        KeyLength = 0;
        ItemCount = 0;
        SlotCount = 0;
        IsRefused = false;
        Hint = default;
        Append(prefix);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Append(byte value)
    {
        int length = KeyLength;
        if ((uint)length >= (uint)_key.Length)
        {
            if (!TryGrowKey(1))
            {
                return;
            }
        }
        _key[length] = value;
        KeyLength = length + 1;
    }

    public void Append(ReadOnlySpan<byte> bytes)
    {
        if (_key.Length - KeyLength < bytes.Length && !TryGrowKey(bytes.Length))
        {
            return;
        }
        bytes.CopyTo(_key.AsSpan(KeyLength));
        KeyLength += bytes.Length;
    }

    /// <summary>Appends a word in lower case, ASCII only, as PostgreSQL folds names; then a separator.</summary>
    /// <param name="sql">The text.</param>
    /// <param name="start">Where the word begins.</param>
    /// <param name="length">Its bytes.</param>
    /// <param name="separator">What comes behind it.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void AppendLower(ReadOnlySpan<byte> sql, int start, int length, byte separator)
    {
        int key = KeyLength;
        int room = Math.Max(length, Vector128<byte>.Count) + 1;
        if (_key.Length - key < room && !TryGrowKey(room))
        {
            return;
        }
        if (length <= Vector128<byte>.Count && start <= sql.Length - Vector128<byte>.Count)
        {
            // What is copied behind the word is written over by what comes next.
            Vector128<byte> bytes = Vector128.LoadUnsafe(ref MemoryMarshal.GetReference(sql), (nuint)start);
            Vector128<byte> isUpper = Vector128.LessThanOrEqual(
                bytes - Vector128.Create((byte)'A'),
                Vector128.Create((byte)('Z' - 'A'))
            );
            Vector128<byte> lower = bytes | (isUpper & Vector128.Create((byte)0x20));
            lower.StoreUnsafe(ref MemoryMarshal.GetArrayDataReference(_key), (nuint)key);
        }
        else
        {
            AppendLowerSlowly(sql.Slice(start, length), _key.AsSpan(key, length));
        }
        _key[key + length] = separator;
        KeyLength = key + length + 1;
    }

    private static void AppendLowerSlowly(ReadOnlySpan<byte> word, Span<byte> target)
    {
        for (int i = 0; i < word.Length; i++)
        {
            byte c = word[i];
            target[i] = (uint)(c - 'A') <= 'Z' - 'A' ? (byte)(c | 0x20) : c;
        }
    }

    /// <summary>Appends two bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Append(byte one, byte other)
    {
        int length = KeyLength;
        if (_key.Length - length < 2 && !TryGrowKey(2))
        {
            return;
        }
        _key[length] = one;
        _key[length + 1] = other;
        KeyLength = length + 2;
    }

    public void Refuse() => IsRefused = true;

    /// <summary>Takes back what was appended behind a length.</summary>
    public void RewindKey(int length) => KeyLength = length;

    public void RewindItems(int count) => ItemCount = count;

    public void RewindSlots(int count) => SlotCount = count;

    public void AddItem(ShapeItem item)
    {
        if (ItemCount == _items.Length)
        {
            if (ItemCount >= ShapeLimits.ItemsMax)
            {
                IsRefused = true;
                return;
            }
            Array.Resize(ref _items, Math.Min(ShapeLimits.ItemsMax, ItemCount * 2));
        }
        _items[ItemCount++] = item;
    }

    public void AddSlot(ShapeSlot slot)
    {
        if (SlotCount == _slots.Length)
        {
            if (SlotCount >= ShapeLimits.SlotsMax)
            {
                IsRefused = true;
                return;
            }
            Array.Resize(ref _slots, Math.Min(ShapeLimits.SlotsMax, SlotCount * 2));
        }
        _slots[SlotCount++] = slot;
    }

    /// <summary>Says that each of these places has one item more, in the next row.</summary>
    public void ExtendSlots(int first, int stride)
    {
        for (int i = first; i < SlotCount; i++)
        {
            ShapeSlot slot = _slots[i];
            _slots[i] = new ShapeSlot(slot.First, stride, slot.Count + 1);
        }
    }

    private bool TryGrowKey(int more)
    {
        if (KeyLength + more > ShapeLimits.KeyBytesMax)
        {
            IsRefused = true;
            return false;
        }
        Array.Resize(ref _key, Math.Min(ShapeLimits.KeyBytesMax, Math.Max(KeyLength + more, _key.Length * 2)));
        return true;
    }
}
